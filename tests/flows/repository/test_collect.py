"""`vermilion artifacts` on a small project: real DVC, two matrix stages, and what each change leaves to collect."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from flows import PROJECT
from flows.repository.references import referred
from tasks.store.artifacts import Store
from tasks.store.collection import collect
from tests.flows.buckets.test_incremental import Project, image
from tests.here import vermilion
from tests.project import run

STAGE = """
import sys
from pathlib import Path
from flows.buckets.store import using
from tasks import params
from tests.flows.counting import Counting
from tests.flows.buckets.test_incremental import Project

project = Project.__new__(Project)
project.root, project.raw = Path(), Path("raw")
with using():
    factor = params.load(Counting, "counting").factor
    project.run(factor=factor, out=Path(sys.argv[2]), stage=sys.argv[1])
"""
DVC = {
    "stages": {
        "counting": {
            "matrix": {"strategy": ["a"], "size": ["x", "y"]},
            "cmd": "python stage.py counting@${item.strategy}-${item.size} out/${item.strategy}-${item.size}",
            "params": ["counting"],
            "deps": ["images", "stage.py"],
            "outs": ["out/${item.strategy}-${item.size}"],
        }
    }
}
STAGES = ("counting@a-x", "counting@a-y")


def say(folder: Path, *command: str, check: bool = True) -> str:
    """What a program run in the project prints, errors too."""
    done = run(folder, *command, check=check, PYTHONPATH=str(PROJECT))
    return done.stdout + done.stderr


def set_factor(folder: Path, factor: float) -> None:
    numbers = yaml.safe_load((PROJECT / "params.yaml").read_text())
    text = {"runtime": numbers["runtime"], "counting": {"factor": factor}}
    (folder / "params.yaml").write_text(yaml.safe_dump(text))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after its first `dvc repro`, committed."""
    folder = tmp_path_factory.mktemp("collect") / "project"
    folder.mkdir()
    Project(folder, 200)
    (folder / "stage.py").write_text(STAGE)
    (folder / "dvc.yaml").write_text(yaml.safe_dump(DVC, sort_keys=False))
    set_factor(folder, 1.0)
    (folder / ".gitignore").write_text("/raw\n/images\n/out\n/data\n")
    (folder / ".dvcignore").write_text("/data/.artifacts\n")
    say(folder, "sh", "-ec", "git init -q; dvc init -q; dvc config core.analytics false; dvc repro; git add .")
    say(folder, "git", "-c", "user.name=Test", "-c", "user.email=test@localhost", "commit", "-qm", "first")
    return folder


@pytest.fixture(scope="module")
def changed(first: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """... and after another `dvc repro` with another number, not committed."""
    folder = tmp_path_factory.mktemp("changed") / "project"
    shutil.copytree(first, folder, symlinks=True)
    set_factor(folder, 2.0)
    assert "0 buckets reused" in say(folder, "dvc", "repro")
    return folder


@pytest.fixture
def project(changed: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    shutil.copytree(changed, tmp_path / "project", symlinks=True)
    return tmp_path / "project"


def keys(folder: Path) -> dict[str, int]:
    """Whole results by stage."""
    store = Store(folder / "data/.artifacts")
    found = [path for path in store.root.glob("references/*/*.json") if store.lookup(path.parent.name, path.stem)]
    return {stage: sum(path.parent.name == stage for path in found) for stage in {path.parent.name for path in found}}


def collect_now(folder: Path) -> int:
    """Collect in this process; how many results went."""
    refers = referred(folder)
    gone = collect(Store(folder / "data/.artifacts"), stages=refers.stages, keys=refers.keys)
    return sum(item.kind == "result" for item in gone)


@pytest.mark.long
def test_after_collecting_nothing_is_rebuilt_and_one_more_photograph_computes_one_bucket(project: Path) -> None:
    before = json.loads(vermilion(project, "artifacts", "--json").stdout)
    assert list(before["stages"]) == list(STAGES)
    assert {(row["results"], row["in_use"]) for row in before["stages"].values()} == {(26, 13)}
    assert "would remove 26 results" in vermilion(project, "artifacts", "collect", "--dry-run").stdout
    assert keys(project) == dict.fromkeys(STAGES, 26)
    assert "removed 26 results" in vermilion(project, "artifacts", "collect").stdout
    assert keys(project) == dict.fromkeys(STAGES, 13)
    after = json.loads(vermilion(project, "artifacts", "--json").stdout)
    assert after["total"]["bytes"] == before["total"]["bytes"] - before["total"]["free_bytes"]
    assert after["total"]["free_bytes"] == 0
    assert "up to date" in say(project, "dvc", "repro")
    listed = Project.__new__(Project)
    listed.root, listed.raw = project, project / "raw"
    listed.rows = [image(number) | {"path": str(project / "raw" / f"{number}.bin")} for number in range(200)]
    (project / "raw/new.bin").write_bytes(b"new")
    listed.rows.append(image(0x105) | {"path": str(project / "raw/new.bin")})
    listed.write()
    done = say(project, "dvc", "repro")
    assert done.count("12 buckets reused") == done.count("; 1 buckets computed") == 2


def test_right_after_a_run_nothing_goes(first: Path) -> None:
    assert collect_now(first) == 0


def test_what_is_checked_out_stays_although_the_last_run_used_something_else(project: Path) -> None:
    say(project, "git", "checkout", "-q", ".")
    say(project, "dvc", "checkout", "-q", "--force")
    assert collect_now(project) == 0
    assert keys(project) == dict.fromkeys(STAGES, 26)


def test_what_dvc_lock_needs_stays_without_outs_and_records_of_uses(project: Path) -> None:
    shutil.rmtree(project / "out")
    for stage in STAGES:
        (project / f"data/.artifacts/uses/{stage}.json").write_text("[]")
    assert collect_now(project) == 26
    assert keys(project) == dict.fromkeys(STAGES, 13)


def test_results_of_a_stage_that_is_no_more_go(project: Path) -> None:
    kept = json.loads(json.dumps(DVC))
    kept["stages"]["counting"]["matrix"]["size"] = ["y"]
    (project / "dvc.yaml").write_text(yaml.safe_dump(kept, sort_keys=False))
    assert collect_now(project) == 26 + 13
    assert keys(project) == {"counting@a-y": 13}


def test_a_project_that_dvc_cannot_read_loses_nothing(project: Path) -> None:
    (project / "dvc.yaml").write_text("<<<<<<< ours\n")
    done = vermilion(project, "artifacts", "collect")
    assert done.returncode == 2
    assert "DVC cannot read this project" in done.stderr
    assert keys(project) == dict.fromkeys(STAGES, 26)


def test_while_a_stage_runs_nothing_goes_and_the_command_says_so(project: Path) -> None:
    with Store(project / "data/.artifacts").held():
        done = vermilion(project, "artifacts", "collect")
        assert done.returncode == 2
        assert "a stage is running; nothing was removed" in done.stderr
        table = vermilion(project, "artifacts").stdout
    assert keys(project) == dict.fromkeys(STAGES, 26)
    for word in (*STAGES, "in use", "could go", "dvc gc --workspace"):
        assert word in table


def test_a_stage_that_failed_leaves_the_record_of_its_last_good_run(project: Path) -> None:
    uses = project / "data/.artifacts/uses/counting@a-x.json"
    before = uses.read_bytes()
    set_factor(project, 3.0)
    (project / "stage.py").write_text(STAGE + "    raise SystemExit('failed')\n")
    say(project, "dvc", "repro", check=False)
    assert uses.read_bytes() == before
    assert collect_now(project) == 26
    assert keys(project) == {"counting@a-x": 26, "counting@a-y": 13}
