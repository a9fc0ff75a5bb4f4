"""Digests follow content and the code that computes, and nothing else."""

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tasks.base.digests import code_digest, digest, imports_of, modules_of, source_of, table_digest

PROJECT = Path(__file__).parents[2]


def test_table_digests_follow_rows_alone(tmp_path: Path) -> None:
    columns = {"x": [1.0, None, 3.0], "s": ["a", None, "c"], "l": [[1.0], None, [2.0, 3.0]], "b": [True, None, False]}
    table = pa.table(columns)
    double = pa.concat_tables([table, table]).combine_chunks()
    hidden = pc.if_else(pa.array([True, False, True]), pa.array([1.0, 99.0, 3.0]), pa.scalar(None, pa.float64()))
    pq.write_table(table, tmp_path / "t.parquet")
    same = {
        "in chunks": pa.concat_tables([table.slice(0, 1), table.slice(1)]),
        "a slice": double.slice(3),
        "a filter": double.filter(pa.array([False] * 3 + [True] * 3)),
        "other bytes under a null": table.set_column(0, "x", hidden),
        "written and read": pq.read_table(tmp_path / "t.parquet"),
        "with metadata": table.replace_schema_metadata({"made": "today"}),
        "with fields": table.cast(pa.schema(pa.field(f.name, f.type, metadata={"unit": "px"}) for f in table.schema)),
    }
    assert {how: table_digest(other) for how, other in same.items()} == dict.fromkeys(same, table_digest(table))
    different = [
        table.slice(1),
        table.take([1, 0, 2]),
        table.rename_columns(["x", "s", "l", "c"]),
        table.select(["s", "x", "l", "b"]),
        table.set_column(0, "x", pa.array([1.0, 0.0, 3.0])),
        table.set_column(0, "x", pa.array([1.0, None, 3.0], pa.float32())),
        table.set_column(2, "l", pa.array([[1.0], [], [2.0, 3.0]])),
    ]
    assert len({table_digest(other) for other in [table, *different]}) == len(different) + 1
    assert table_digest(table.slice(0, 0)) == table_digest(table.filter(pa.array([False] * 3)))


def test_digests_of_values_are_canonical() -> None:
    assert digest({"b": 1, "a": [1, None, "ä"]}) == digest({"a": [1, None, "ä"], "b": 1})
    assert digest({"a": 1}) != digest({"a": 1.5}) != digest({"a": "1"})
    assert digest({"a": [1, 2]}) != digest({"a": [2, 1]})


def test_modules_of_follows_imports() -> None:
    from tasks.ingest.faces import landmarks

    found = modules_of(landmarks)
    assert {
        "tasks.ingest.faces.landmarks",
        "tasks.ingest.faces.quality",
        "tasks.base.images",
        "tasks.schemas.ingest",
        "tasks.base.tables",
    } <= set(found)
    assert all(
        path == PROJECT / "tasks" / path.relative_to(PROJECT / "tasks") and path.exists() for path in found.values()
    )
    assert not any(name.startswith(("tasks.symmetry", "tasks.evaluation")) for name in found)
    assert source_of("numpy") is None
    assert source_of("tasks.base.images.read") is None


def test_every_import_of_ours_is_absolute() -> None:
    """`modules_of` reads absolute names; a relative import would hide a module from the digests."""
    for path in (PROJECT / "tasks").rglob("*.py"):
        assert "from ." not in path.read_text(), path
    assert "tasks.base.tables" in imports_of(PROJECT / "tasks/schemas/symmetry.py")


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of tasks/ to change, apart from this process."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(PROJECT / "tasks", root / "tasks", ignore=shutil.ignore_patterns("__pycache__"))
    return root


ASKING = """
    import importlib, sys
    from tasks.base.digests import code_digest
    for line in sys.stdin:
        importlib.invalidate_caches()
        print(code_digest(importlib.import_module("tasks.ingest.ratings.reading")), flush=True)
"""


@pytest.fixture(scope="module")
def ask(copied: Path) -> Iterator[Callable[[], str]]:
    """The digest of tasks.ingest.ratings.reading as the copy stands now, computed by another process."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ASKING)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=copied,
        env=os.environ | {"PYTHONPATH": str(copied), "PYTHONHASHSEED": "1"},
    )

    told, heard = process.stdin, process.stdout
    assert told and heard

    def digest_now() -> str:
        told.write("\n")
        told.flush()
        return heard.readline().strip()

    yield digest_now
    told.close()
    process.wait(timeout=30)
    heard.close()


def test_code_digests_do_not_depend_on_place_or_process(ask: Callable[[], str]) -> None:
    from tasks.ingest.ratings import reading

    assert ask() == code_digest(reading)
    assert len(ask()) == 64


@pytest.mark.parametrize(
    ("module", "old", "new", "changes"),
    [
        ("ingest/ratings/reading", "import re\n", "# a remark\nimport re\n", False),
        ("ingest/ratings/reading", '"""', '"""Some more words. ', False),
        ("ingest/tables/cells", "float(text.replace", "float(\n        text.replace", False),
        ("ingest/ratings/reading", '"score")\n', '"score")\n"""What ratings.csv holds."""\n', False),
        ("base/tables", "ROW_GROUP = 256\n", 'ROW_GROUP = 256\n"""Other words."""\n', False),
        ("ingest/ratings/reading", "<= score <=", "< score <=", True),
        ("ingest/tables/cells", "value = float(", "value = -float(", True),
        ("base/tables", "ROW_GROUP = 256", "ROW_GROUP = 128", True),
        ("ingest/tables/raw_layout", "set(required) <= set(sheet.columns)", "set(required) < set(sheet.columns)", True),
        (
            "params/running",
            "class Runtime(Block):",
            "class Another(Block):\n    x: int\n\n\nclass Runtime(Block):",
            False,
        ),
        ("symmetry/halves", "import", "import math\nimport", False),
    ],
)
def test_code_digests_follow_what_computes(
    ask: Callable[[], str], copied: Path, module: str, old: str, new: str, changes: bool
) -> None:
    path = copied / "tasks" / f"{module}.py"
    text, before = path.read_text(), ask()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    try:
        assert (ask() != before) == changes
    finally:
        path.write_text(text)
    assert ask() == before
