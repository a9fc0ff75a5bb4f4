"""The store gives back whole results or none, whatever happened to it; code digests follow code and nothing else."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tasks import tables
from tasks.artifacts import Store, code_digest, digest, file_digest, imports_of, modules_of, source_of, table_digest
from tasks.tables import Column, Schema

PROJECT = Path(__file__).parents[1]
SCHEMA = Schema(
    "results",
    (Column("name", pa.string(), "which"), Column("reason", pa.string(), "why not", nullable=True)),
    key=("name",),
)


def results(*names: str) -> pa.Table:
    return SCHEMA.table({"name": name, "reason": "blurred" if name == "bad" else None} for name in names)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def put(store: Store, *names: str, key: str = "k"):
    return store.put("stage", key, results(*names), SCHEMA, provenance={"key": key})


def files_under(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_what_was_put_is_found(store):
    reference = put(store, "a", "bad", "c")
    assert (reference.rows, reference.refused) == (3, 1)
    assert store.lookup("stage", "k") == reference
    path = store.path(reference)
    assert path.stat().st_size == reference.size
    assert file_digest(path) == reference.sha256 == path.stem
    assert tables.read(path, SCHEMA).to_pylist() == results("a", "bad", "c").to_pylist()
    assert tables.provenance_of(path) == {"key": "k"}
    assert files_under(store.root) == sorted([path.relative_to(store.root).as_posix(), "references/stage/k.json"])


def test_unknown_keys_are_unknown(store):
    assert store.lookup("stage", "k") is None
    put(store, "a")
    assert store.lookup("stage", "other") is None
    assert store.lookup("another_stage", "k") is None


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-1]), lambda path: path.write_bytes(b""), flip],
    ids=["missing", "truncated", "empty", "one bit"],
)
@pytest.mark.parametrize("what", ["object", "reference"])
def test_damage_makes_a_key_unknown_and_a_new_put_heals_it(store, damage, what):
    reference = put(store, "a", "b")
    path = store.path(reference) if what == "object" else store.root / "references/stage/k.json"
    damage(path)
    if what == "object" or damage is not flip:
        assert store.lookup("stage", "k") is None
    assert put(store, "a", "b") == reference
    assert store.lookup("stage", "k") == reference


def test_a_reference_that_is_no_reference_is_unknown(store):
    put(store, "a")
    record = store.root / "references/stage/k.json"
    for text in ("null", "[]", '{"sha256": "ab"}', "\xff"):
        record.write_text(text, encoding="latin-1")
        assert store.lookup("stage", "k") is None


def test_a_store_that_moved_still_finds(store, tmp_path):
    reference = put(store, "a")
    store.root.rename(tmp_path / "elsewhere")
    assert Store(tmp_path / "elsewhere").lookup("stage", "k") == reference
    assert str(tmp_path) not in (tmp_path / "elsewhere/references/stage/k.json").read_text()


def test_equal_results_are_one_object_and_a_copy_is_whole(store, tmp_path):
    one = store.put("stage", "k1", results("a"), SCHEMA, provenance={})
    two = store.put("stage", "k2", results("a"), SCHEMA, provenance={})
    assert one == two
    assert len(list((store.root / "objects").rglob("*.parquet"))) == 1
    store.copy(one, tmp_path / "out/00.parquet")
    assert file_digest(tmp_path / "out/00.parquet") == one.sha256
    assert files_under(tmp_path / "out") == ["00.parquet"]


def test_a_wrong_table_is_not_stored(store):
    with pytest.raises(tables.TableError):
        store.put("stage", "k", pa.table({"name": ["a"]}), SCHEMA, provenance={})
    assert store.lookup("stage", "k") is None
    assert not store.root.exists() or files_under(store.root) == []


PUTTING = """
    import os, pathlib, signal, sys, time
    import pyarrow as pa
    from tasks.artifacts import Store
    from tasks.tables import Column, Schema

    store = Store(pathlib.Path(sys.argv[1]))
    schema = Schema("results", (Column("name", pa.string(), "which"),), ("name",))
    table = pa.table({"name": [os.urandom(2000).hex() for _ in range(500)]})

    def put_over_and_over(start, turns, ready):
        os.write(ready, b"!")
        for turn in range(start, start + turns):
            store.put("stage", "k", table.slice(turn % 7), schema, provenance={})
            if store.lookup("stage", "k") is None:
                os._exit(3)
        os._exit(0)

    def another_process(start, turns):
        begun, ready = os.pipe()
        pid = os.fork()
        if pid == 0:
            put_over_and_over(start, turns, ready)
        os.read(begun, 1)
        return pid

    if sys.argv[2] == "together":
        pids = [another_process(start, 10) for start in (0, 3)]
    else:
        pids = []
        for wait in range(0, 60, 6):
            pids.append(another_process(0, 10**6))
            time.sleep(wait / 1000)
            os.kill(pids[-1], signal.SIGKILL)
    print(*(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids))
"""


def ends_of_processes(root: Path, how: str) -> set[str]:
    """Exit codes of other processes that put large results under one key, over and over, together or until killed."""
    command = [sys.executable, "-c", textwrap.dedent(PUTTING), str(root), how]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, timeout=120, check=True)
    return set(done.stdout.split())


def assert_no_half_object(root: Path) -> None:
    for path in (root / "objects").rglob("*"):
        assert path.is_dir() or file_digest(path) == path.stem


def test_two_processes_may_put_the_same_key_at_once(store):
    assert ends_of_processes(store.root, "together") == {"0"}
    assert_no_half_object(store.root)
    assert store.lookup("stage", "k")
    assert not any((store.root / "staging").iterdir())


def test_a_kill_at_any_moment_leaves_whole_objects(store):
    assert ends_of_processes(store.root, "killed") == {str(-signal.SIGKILL)}
    assert_no_half_object(store.root)
    assert put(store, "a") == store.lookup("stage", "k")


def test_table_digests_follow_rows_alone(tmp_path):
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


def test_digests_of_values_are_canonical():
    assert digest({"b": 1, "a": [1, None, "ä"]}) == digest({"a": [1, None, "ä"], "b": 1})
    assert digest({"a": 1}) != digest({"a": 1.5}) != digest({"a": "1"})
    assert digest({"a": [1, 2]}) != digest({"a": [2, 1]})


def test_modules_of_follows_imports():
    from tasks.ingest import landmarks

    found = modules_of(landmarks)
    assert {"tasks.ingest.landmarks", "tasks.ingest.quality", "tasks.images", "tasks.schemas", "tasks.tables"} <= set(
        found
    )
    assert all(
        path == PROJECT / "tasks" / path.relative_to(PROJECT / "tasks") and path.exists() for path in found.values()
    )
    assert not any(name.startswith(("tasks.symmetry", "tasks.evaluation")) for name in found)
    assert source_of("numpy") is None
    assert source_of("tasks.images.read") is None


def test_every_import_of_ours_is_absolute():
    """`modules_of` reads absolute names; a relative import would hide a module from the digests."""
    for path in (PROJECT / "tasks").rglob("*.py"):
        assert "from ." not in path.read_text(), path
    assert "tasks.tables" in imports_of(PROJECT / "tasks/schemas.py")


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy of tasks/ to change, apart from this process."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(PROJECT / "tasks", root / "tasks", ignore=shutil.ignore_patterns("__pycache__"))
    return root


ASKING = """
    import importlib, sys
    from tasks.artifacts import code_digest
    for line in sys.stdin:
        importlib.invalidate_caches()
        print(code_digest(importlib.import_module("tasks.ingest.ratings")), flush=True)
"""


@pytest.fixture(scope="module")
def ask(copied):
    """The digest of tasks.ingest.ratings as the copy stands now, computed by another process."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ASKING)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=copied,
        env=os.environ | {"PYTHONPATH": str(copied), "PYTHONHASHSEED": "1"},
    )

    def digest_now() -> str:
        process.stdin.write("\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    yield digest_now
    process.stdin.close()
    process.wait(timeout=30)
    process.stdout.close()


def test_code_digests_do_not_depend_on_place_or_process(ask):
    from tasks.ingest import ratings

    assert ask() == code_digest(ratings)
    assert len(ask()) == 64


@pytest.mark.parametrize(
    ("module", "old", "new", "changes"),
    [
        ("ingest/ratings", "import math\n", "# a remark\nimport math\n", False),
        ("ingest/ratings", '"""', '"""Some more words. ', False),
        ("ingest/ratings", "float(cell)", "float(\n            cell,\n        )", False),
        ("ingest/ratings", '"score")\n', '"score")\n"""What ratings.csv holds."""\n', False),
        ("tables", "ROW_GROUP = 256\n", 'ROW_GROUP = 256\n"""Other words."""\n', False),
        ("ingest/ratings", "<= score <=", "< score <=", True),
        ("ingest/ratings", "value if math", "-value if math", True),
        ("tables", "ROW_GROUP = 256", "ROW_GROUP = 128", True),
        ("ingest/raw", '"utf-8-sig"', '"utf-8"', True),
        ("params", "class Runtime(Block):", "class Another(Block):\n    x: int\n\n\nclass Runtime(Block):", False),
        ("symmetry/halves", "import", "import math\nimport", False),
    ],
)
def test_code_digests_follow_what_computes(ask, copied, module, old, new, changes):
    path = copied / "tasks" / f"{module}.py"
    text, before = path.read_text(), ask()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    try:
        assert (ask() != before) == changes
    finally:
        path.write_text(text)
    assert ask() == before
