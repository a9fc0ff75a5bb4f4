"""Expensive work: one result per image, several images per call, one checkpoint per call."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

from flows import PROJECT
from flows.buckets import store
from flows.buckets.incremental import run_buckets
from flows.buckets.work import Source, Work
from flows.running.runners import run_here
from tasks import params
from tasks.base import tables
from tasks.base.digests import file_digest
from tasks.params.running import Runtime
from tasks.schemas.ingest import IMAGES
from tasks.schemas.symmetry import DISTANCES
from tests.flows import counting
from tests.flows.counting import Counting
from tests.ready import python


def image(number: int) -> dict[str, Any]:
    image_id = f"{number % 4:02x}{number:062x}"
    row = {"image_id": image_id, "path": f"{number}.bin", "names": [f"{number}.bin"], "kind": "still"}
    return row | {"subject_id": f"s{number}", "population": "control", "size_bytes": 1}


class Images:
    """`count` images in four parts, and expensive work on them."""

    def __init__(self, root: Path, count: int) -> None:
        self.root = root
        (root / "raw").mkdir(exist_ok=True)
        self.rows = [image(number) for number in range(count)]
        for row in self.rows:
            row["path"] = str(root / "raw" / row["path"])
            Path(row["path"]).write_bytes(b"x" * 5)
        for part in sorted({row["image_id"][:2] for row in self.rows}):
            own = IMAGES.table([row for row in self.rows if row["image_id"][:2] == part])
            tables.write(own, root / f"images/{part}.parquet", IMAGES, provenance={})

    def run(self, *, together: int = 3, workers: int = 1, only: set[int] | None = None, factor: float = 1.0) -> int:
        """Run it; how many calls were made."""
        before = len(self.calls())
        ids = None if only is None else frozenset(self.rows[number]["image_id"] for number in only)
        work = Work(
            stage="dear",
            compute=counting.measure_resumably,
            schema=DISTANCES,
            sources={"images": Source(self.root / "images", IMAGES, ("image_id", "subject_id"), ids)},
            settings={"settings": Counting(factor=factor)},
            together=together,
            resumable=True,
        )
        runtime = params.load(Runtime, "runtime", PROJECT / "params.yaml").model_copy(update={"workers": workers})
        run_buckets(work, self.root / "out", runtime=runtime)
        return len(self.calls()) - before

    def calls(self) -> list[str]:
        log = self.root / "raw/computed.log"
        return log.read_text().splitlines() if log.exists() else []

    def result(self) -> Any:
        return tables.read(self.root / "out", DISTANCES)

    def digests(self) -> dict[str, str]:
        return {part.name: file_digest(part) for part in tables.parts(self.root / "out")}


@pytest.fixture
def dear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Images:
    monkeypatch.setattr(store, "STORE", tmp_path / "store")
    return Images(tmp_path, 10)


def test_several_images_a_call_and_the_parts_as_they_came(dear: Images, capsys: pytest.CaptureFixture[str]) -> None:
    assert dear.run() == 4
    assert [part.stem for part in tables.parts(dear.root / "out")] == ["00", "01", "02", "03"]
    assert dear.result()["image_id"].to_pylist() == sorted(row["image_id"] for row in dear.rows)
    assert dear.run() == 0
    assert "10 buckets reused (10 rows" in capsys.readouterr().out


def test_one_more_image_computes_one_image(dear: Images) -> None:
    dear.run()
    before = dear.digests()
    more = Images(dear.root, 11)
    assert more.run() == 1
    assert more.calls()[-1].split()[0] == "02"
    assert {name for name, found in more.digests().items() if found != before[name]} == {"02.parquet"}
    assert more.result().num_rows == 11


def test_the_parts_do_not_depend_on_how_many_go_together_or_on_workers(dear: Images, tmp_path: Path) -> None:
    dear.run()
    first = dear.digests()
    for number, (together, workers) in enumerate(((1, 1), (4, 2))):
        store.STORE = tmp_path / f"other{number}"
        dear.run(together=together, workers=workers)
        assert dear.digests() == first


def test_only_some_images_are_looked_at_and_the_others_leave(dear: Images) -> None:
    assert dear.run(only={1, 2}) == 1
    assert dear.result()["image_id"].to_pylist() == [dear.rows[n]["image_id"] for n in (1, 2)]
    assert dear.run(only={1, 5}) == 1
    assert dear.result()["image_id"].to_pylist() == [dear.rows[n]["image_id"] for n in (1, 5)]
    assert dear.run() == 3


def test_another_number_computes_everything_again(dear: Images) -> None:
    dear.run()
    assert dear.run(factor=2.0) == 4
    assert set(dear.result()["distance"].to_pylist()) == {10.0}


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_a_call_that_is_killed_finds_its_checkpoint_again(dear: Images, tmp_path: Path) -> None:
    script = f"""
        from pathlib import Path
        from flows.buckets import store
        store.STORE = Path({str(tmp_path / "store")!r})
        from tests.flows.buckets.test_items import Images
        Images(Path({str(dear.root)!r}), 10).run()
    """
    assert python("-c", textwrap.dedent(script), COUNTING_KILL="2").wait() == -signal.SIGKILL
    assert dear.run() == 2
    assert sum("resumed" in call for call in dear.calls()) == 1
    assert not list((tmp_path / "store").rglob("*.pt"))
    assert dear.result().num_rows == 10


def test_one_at_a_time_is_called_in_the_stages_own_thread() -> None:
    found = run_here("toy", threading.get_ident, {"a": {}, "b": {}}, 1, lambda _: None)
    assert found == {"a": threading.get_ident(), "b": threading.get_ident()}


def test_a_worker_imports_neither_prefect_nor_torch_to_take_its_work() -> None:
    script = (
        "import sys, flows.buckets.work, tasks.synthesis.captions; print(*{'prefect', 'torch'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
