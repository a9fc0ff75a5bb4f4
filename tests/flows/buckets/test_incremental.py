"""Work split by content: what is computed again, what is not, and that the parts do not depend on who was first."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows import PROJECT
from flows.buckets import incremental, store
from flows.buckets.incremental import run_buckets
from flows.buckets.work import Source, Work, write_parts
from tasks import params
from tasks.base import tables
from tasks.base.digests import file_digest
from tasks.params.running import Runtime
from tasks.schemas.ingest import IMAGES
from tasks.schemas.symmetry import DISTANCES
from tasks.store import sharing
from tasks.store.collection import StoreBusyError, collect
from tasks.store.sharing import SharedStoreError
from tests.flows import counting
from tests.flows.counting import Counting


def image(number: int, **changes: Any) -> dict[str, Any]:
    image_id = f"{number % 256:02x}{number:062x}"
    row = {"image_id": image_id, "path": f"{number}.bin", "names": [f"{number}.bin"], "kind": "still"}
    return row | {"subject_id": f"s{number}", "population": "control", "size_bytes": 1} | changes


class Project:
    """A raw folder of `count` files, its images table in 16 buckets, and a stage's work on them."""

    def __init__(self, root: Path, count: int) -> None:
        self.root, self.raw, self.out = root, root / "raw", root / "out"
        self.raw.mkdir()
        self.rows = [image(number) for number in range(count)]
        for number, row in enumerate(self.rows):
            row["path"] = str(self.raw / row["path"])
            Path(row["path"]).write_bytes(b"x" * (number + 1))
        self.write()

    def write(self) -> None:
        for bucket in range(16):
            part = [row for row in self.rows if int(row["image_id"][:2], 16) // 16 == bucket]
            if part:
                tables.write(IMAGES.table(part), self.root / f"images/{bucket:02x}.parquet", IMAGES, provenance={})

    def run(
        self,
        *,
        factor: float = 1.0,
        padding: int = 0,
        workers: int = 1,
        out: Path | None = None,
        stage: str = "counting",
    ) -> int:
        """Run the stage; how many buckets were computed."""
        before = self.computed()
        work = Work(
            stage=stage,
            compute=counting.measure,
            schema=DISTANCES,
            sources={"images": Source(self.root / "images", IMAGES, ("image_id", "subject_id"))},
            settings={"settings": Counting(factor=factor, padding=padding)},
        )
        runtime = params.load(Runtime, "runtime", PROJECT / "params.yaml").model_copy(update={"workers": workers})
        run_buckets(work, out or self.out, runtime=runtime)
        return self.computed() - before

    def computed(self) -> int:
        log = self.raw / "computed.log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def digests(self, out: Path | None = None) -> dict[str, str]:
        return {part.name: file_digest(part) for part in tables.parts(out or self.out)}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(store, "STORE", tmp_path / "store")
    return Project(tmp_path, 200)


def test_a_second_run_computes_nothing_and_gives_the_same_bytes(project: Project) -> None:
    assert project.run() == 13
    first = project.digests()
    for part in project.out.iterdir():
        part.unlink()
    assert project.run() == 0
    assert project.digests() == first
    assert tables.read(project.out, DISTANCES).num_rows == 200


def test_one_more_photograph_computes_its_bucket_only(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.run()
    before = project.digests()
    new = project.raw / "new.bin"
    new.write_bytes(b"new")
    project.rows.append(image(0x105, path=str(new)))
    project.write()
    assert project.run() == 1
    after = project.digests()
    assert {name for name in after if after[name] != before.get(name)} == {"00.parquet"}
    assert "12 buckets reused" in capsys.readouterr().out.splitlines()[-1]


def test_another_number_computes_everything_and_going_back_nothing(project: Project) -> None:
    project.run(factor=1.0)
    assert project.run(factor=2.0) == 13
    assert project.run(factor=1.0) == 0


def test_columns_a_result_does_not_depend_on_change_nothing(project: Project) -> None:
    project.run()
    project.rows = [row | {"licence": "CC BY 4.0"} for row in project.rows]
    project.write()
    assert project.run() == 0


@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped"])
def test_a_missing_or_damaged_result_is_computed_again(project: Project, damage: str) -> None:
    project.run()
    first = project.digests()
    victim = sorted((project.root / "store/objects").rglob("*.parquet"))[0]
    data = victim.read_bytes()
    if damage == "missing":
        victim.unlink()
    else:
        victim.write_bytes(data[:-10] if damage == "truncated" else data[:-1] + bytes([data[-1] ^ 1]))
    assert project.run() == 1
    assert project.digests() == first


def test_damage_is_told_in_one_line(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.run()
    one, two, three = sorted((project.root / "store/objects").rglob("*.parquet"))[:3]
    one.unlink()
    two.write_bytes(two.read_bytes()[:-1])
    three.write_bytes(three.read_bytes()[:-1] + b"x")
    record = sorted((project.root / "store/references/counting").iterdir())
    capsys.readouterr()
    assert project.run() == 3
    said = "counting: 3 buckets in the store were damaged or missing (1 changed, 1 missing, 1 of another size)"
    assert f"{said} and are computed again" in capsys.readouterr().out.splitlines()
    record[0].write_text("{")
    assert project.run() == 1
    assert "(1 without a readable record)" in capsys.readouterr().out
    assert project.run() == 0
    assert "damaged" not in capsys.readouterr().out


def test_one_result_that_is_damaged_is_made_again_and_the_log_says_so(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"stage": "one", "parameters": {}}
    made = []

    def make() -> Any:
        made.append(1)
        return DISTANCES.table([])

    incremental.recall(record, DISTANCES, make)
    next((project.root / "store/objects").rglob("*.parquet")).unlink()
    incremental.recall(record, DISTANCES, make)
    incremental.recall(record, DISTANCES, make)
    assert len(made) == 2
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "one: computing",
        "one: the result in the store was missing and is computed again",
        "one: computing",
        "one: reused",
    ]


def uses(project: Project, stage: str = "counting") -> list[str]:
    path = project.root / f"store/uses/{stage}.json"
    return json.loads(path.read_text()) if path.exists() else []


def test_a_good_end_is_remembered_with_all_that_the_stage_used(project: Project) -> None:
    with store.using():
        project.run(factor=1.0)
        project.run(factor=2.0)
        incremental.recall({"stage": "one"}, DISTANCES, lambda: DISTANCES.table([]))
        assert uses(project) == []
    assert len(uses(project)) == 26
    assert len(uses(project, "one")) == 1
    project.run(factor=2.0)
    assert len(uses(project)) == 13


def test_after_an_error_the_uses_of_the_last_good_run_stand(project: Project) -> None:
    project.run(factor=1.0)
    before = uses(project)
    with pytest.raises(ZeroDivisionError), store.using():
        project.run(factor=2.0)
        raise ZeroDivisionError
    assert uses(project) == before
    project.run(factor=2.0)
    assert not set(uses(project)) & set(before)


def test_while_a_stage_runs_nothing_is_collected(project: Project) -> None:
    with store.using() as use:
        project.run()
        with pytest.raises(StoreBusyError):
            collect(use.store, stages=[], keys=[])
    assert len(collect(use.store, stages=[], keys=[])) == 26 + 1


def shared_project(root: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> Project:
    """A project on another machine: a store of its own, the shared one named in params.yaml."""
    root.mkdir()
    monkeypatch.setattr(store, "STORE", root / "store")
    numbers = yaml.safe_load((PROJECT / "params.yaml").read_text())
    numbers["runtime"]["shared_store"] = place
    (root / "params.yaml").write_text(yaml.safe_dump(numbers))
    monkeypatch.chdir(root)
    return Project(root, 200)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_one_machine_computed_another_takes_from_the_shared_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    (tmp_path / "shared").mkdir()
    one = shared_project(tmp_path / "one", monkeypatch, str(tmp_path / "shared"))
    assert one.run(workers=workers) == 13
    two = shared_project(tmp_path / "two", monkeypatch, str(tmp_path / "shared"))
    assert two.run() == 0
    assert two.digests() == one.digests()
    shutil.rmtree(tmp_path / "shared")
    shutil.rmtree(two.out)
    assert two.run() == 0
    assert two.digests() == one.digests()


def test_a_shared_store_that_does_not_answer_costs_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = shared_project(tmp_path / "one", monkeypatch, "/nowhere/at/all")
    assert project.run() == 13
    told = [line for line in capsys.readouterr().err.splitlines() if "shared store" in line]
    assert told == [
        "the shared store failed; going on with the local one: /nowhere/at/all: no such folder on this machine"
    ]
    assert project.run() == 0


def test_a_shared_store_that_fails_while_buckets_are_computed_costs_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shared").mkdir()
    project = shared_project(tmp_path / "one", monkeypatch, str(tmp_path / "shared"))

    def refuse(place: str, name: str, source: Path) -> None:
        raise SharedStoreError(f"{place}: refused")

    monkeypatch.setattr(sharing, "upload", refuse)
    assert project.run() == 13
    assert capsys.readouterr().err.count("the shared store failed") == 1
    assert not list((tmp_path / "shared").iterdir())


def test_workers_change_nothing(project: Project, tmp_path: Path) -> None:
    project.run(workers=1)
    alone = project.digests()
    for name in ("objects", "references"):
        shutil.rmtree(project.root / "store" / name)
    os.environ["PYTHONPATH"] = str(PROJECT)
    assert project.run(workers=2, out=tmp_path / "again") == 13
    assert project.digests(tmp_path / "again") == alone


def test_refused_rows_are_counted(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.raw / "3.bin").unlink()
    project.run()
    assert "(200 rows, 1 refused)" in capsys.readouterr().out


def test_a_moved_store_is_still_found(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.run()
    (project.root / "store").rename(project.root / "elsewhere")
    monkeypatch.setattr(store, "STORE", project.root / "elsewhere")
    assert project.run() == 0


def test_a_bucket_without_rows_leaves_no_part(project: Project) -> None:
    project.rows = project.rows[:16]
    for part in (project.root / "images").iterdir():
        part.unlink()
    project.write()
    project.run()
    assert [part.name for part in tables.parts(project.out)] == ["00.parquet"]


@pytest.mark.parametrize("buckets", [8, 600])
def test_photographs_are_cut_into_as_many_parts_as_asked(tmp_path: Path, buckets: int) -> None:
    rows = [image(0) | {"image_id": f"{number:04x}{number:060x}"} for number in range(0, 65536, 65)]
    write_parts(IMAGES.table(rows), tmp_path / "images", IMAGES, {}, buckets=buckets)
    parts = tables.parts(tmp_path / "images")
    assert len(parts) == buckets
    sizes = [tables.read(part, IMAGES).num_rows for part in parts]
    assert max(sizes) - min(sizes) <= 1
    assert tables.read(tmp_path / "images", IMAGES)["image_id"].to_pylist() == [row["image_id"] for row in rows]


KILLED = """
import sys
from pathlib import Path
from flows.buckets import store
from tests.flows.buckets.test_incremental import Project
store.STORE = Path(sys.argv[1]) / "store"
project = Project.__new__(Project)
root = Path(sys.argv[1])
project.root, project.raw, project.out = root, root / "raw", root / "out"
project.run(workers=2)
"""


def test_a_killed_run_leaves_nobody_writing_and_the_next_completes_it(project: Project) -> None:
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "COUNTING_SLEEP": "0.4"}
    script = project.root / "killed.py"
    script.write_text("if __name__ == '__main__':\n" + "\n".join(f"    {line}" for line in KILLED.splitlines()))
    process = subprocess.Popen([sys.executable, str(script), str(project.root)], env=environment)
    until = time.monotonic() + 120
    while project.computed() < 4 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(1.5)
    stopped = project.computed()
    time.sleep(1.5)
    assert project.computed() == stopped < 13, "a worker went on after its parent was killed"
    assert project.run() >= 13 - stopped
    assert tables.read(project.out, DISTANCES).num_rows == 200
