"""A training that fails leaves the earlier network to `vermilion score`, which says whose it is. Real `dvc repro`."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tasks.base.digests import file_digest
from tests.family import Family
from tests.project import copy_project, lock, run, set_number

pytestmark = pytest.mark.long

CLP, GENERATOR = "symmetry_train@clp", "anomaly_generator"


@pytest.fixture(scope="module")
def project(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project after its first run. The tests change its numbers, and one training after the other fails."""
    return copy_project(built, tmp_path_factory.mktemp("earlier") / "project")


@pytest.fixture(scope="module")
def before(project: Path) -> dict[str, Any]:
    """What is scored before anything failed."""
    return scored(project)


@pytest.fixture(scope="module")
def made(project: Path) -> list[str]:
    """The networks of the first run."""
    return networks(project)


def scored(folder: Path, *options: str) -> dict[str, Any]:
    """What `vermilion score --json` says of one drawn patient."""
    photograph = min((folder / "data/raw/phantoms/repaired").rglob("*.png"))
    said = run(folder, "vermilion", "score", str(photograph), "--json", *options).stdout
    [found] = json.loads(said)
    return dict(found)


def networks(folder: Path) -> list[str]:
    files = [folder / "data/symmetry" / name / "model/model.safetensors" for name in ("clp", "temporal")]
    return [file_digest(file) for file in [*files, *sorted((folder / "data/anomaly/generator").glob("*"))]]


def fails(folder: Path, stage: str) -> str:
    """What a stage that fails says, in one line."""
    done = run(folder, "dvc", "repro", "--single-item", stage, check=False)
    assert done.returncode, done.stdout
    assert "Traceback" not in done.stderr
    [said] = [line for line in done.stderr.splitlines() if line.startswith(f"{stage.partition('@')[0]}: ")]
    return said


def test_a_mistyped_number_takes_no_network_away(project: Path, before: dict[str, Any], made: list[str]) -> None:
    assert not [line for line in before["notices"] if "earlier run" in line]
    set_number(project, "symmetry_train", "learning_rate", "0,06")
    set_number(project, "anomaly_generator", "batch_size", "four")
    for stage in (CLP, GENERATOR):
        assert "symmetry_train.learning_rate: '0,06' does not fit. Accepted: a number" in fails(project, stage)
    assert networks(project) == made
    after = scored(project)
    notices = after.pop("notices")
    assert after == {name: value for name, value in before.items() if name != "notices"}
    for why in (
        f"{CLP}: its network is of an earlier run: symmetry_train.learning_rate was 0.06 and is '0,06' now",
        f"{GENERATOR}: its network is of an earlier run: anomaly_generator.batch_size was 4 and is 'four' now",
    ):
        assert [line for line in notices if line.startswith(why)]


def test_a_training_that_diverges_takes_no_network_away(project: Path, before: dict[str, Any], made: list[str]) -> None:
    locked = lock(project)
    set_number(project, "symmetry_train", "learning_rate", 1e30)
    set_number(project, "anomaly_generator", "batch_size", 4)
    set_number(project, "anomaly_generator", "learning_rate", 1e30)
    for stage in (CLP, GENERATOR):
        said = fails(project, stage)
        assert "the training diverged: by step" in said
        assert f"lower {stage.partition('@')[0]}.learning_rate" in said
    assert networks(project) == made
    assert lock(project) == locked
    folder = str(project / "data/raw/phantoms/repaired")
    shown = run(project, "vermilion", "score", folder, "--without", "anomaly").stdout
    assert "symmetry_train.learning_rate was 0.06 and is 1e+30 now" in " ".join(shown.split())


def test_a_training_under_way_or_killed_takes_no_network_away(
    project: Path, before: dict[str, Any], made: list[str]
) -> None:
    set_number(project, "symmetry_train", "learning_rate", 0.06)
    set_number(project, "symmetry_train", "steps", 1_000_000)
    set_number(project, "symmetry_train", "max_epochs", 1_000_000)
    set_number(project, "symmetry_train", "patience_epochs", 1_000_000)
    with Family(project, "dvc", "repro", "--single-item", CLP) as family:
        until = time.monotonic() + 120
        while f"{CLP}: computing" not in family.said() and time.monotonic() < until:
            time.sleep(0.05)
        assert scored(project, "--without", "anomaly")["symmetry"] == before["symmetry"]
        assert family.head.poll() is None, family.said()
        family.kill_group()
        assert not family.survivors()
    assert networks(project) == made
    assert scored(project, "--without", "anomaly")["symmetry"] == before["symmetry"]


def test_the_next_network_takes_the_place_of_the_earlier_one(project: Path, made: list[str]) -> None:
    set_number(project, "symmetry_train", "steps", 12)
    run(project, "dvc", "repro", "--single-item", CLP)
    assert networks(project)[0] != made[0]
    left = {path.name for path in (project / "data/symmetry/clp/model").iterdir()}
    assert left == {"curves.parquet", "model.safetensors"}
    after = scored(project, "--without", "anomaly")
    assert set(after["symmetry"]) == {"temporal"}, "a network that was not evaluated has no threshold"
    assert [line for line in after["notices"] if "its network is not the one that was evaluated" in line]


def test_a_network_whose_system_is_off_is_gone(project: Path) -> None:
    set_number(project, "systems", "symmetry", False)
    run(project, "dvc", "repro", "--single-item", CLP)
    assert [path.name for path in (project / "data/symmetry/clp/model").iterdir()] == ["absent.json"]
