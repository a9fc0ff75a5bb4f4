"""A training that fails leaves the earlier network to `vermilion score`, which says whose it is. Real `dvc repro`."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tasks.base.digests import file_digest
from tests.family import Family
from tests.project import copy_project, lock, outs, run, set_number


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """The small project after its first run, to be changed."""
    return copy_project(built, tmp_path / "project")


def scored(folder: Path, *options: str) -> dict[str, Any]:
    """What `vermilion score --json` says of one drawn patient."""
    photograph = min((folder / "data/raw/phantoms/repaired").rglob("*.png"))
    found: list[dict[str, Any]] = json.loads(
        run(folder, "vermilion", "score", str(photograph), "--json", *options).stdout
    )
    return found[0]


def networks(folder: Path) -> list[str]:
    files = [folder / "data/symmetry" / name / "model/model.safetensors" for name in ("clp", "temporal")]
    return [file_digest(file) for file in [*files, *sorted((folder / "data/anomaly/generator").glob("*"))]]


def test_a_mistyped_number_takes_no_network_away(project: Path) -> None:
    before, made = scored(project), networks(project)
    assert not [line for line in before["notices"] if "earlier run" in line]
    set_number(project, "symmetry_train", "learning_rate", "0,06")
    set_number(project, "anomaly_generator", "batch_size", "four")
    for stage in ("symmetry_train@clp", "anomaly_generator"):
        failed = run(project, "dvc", "repro", stage, check=False)
        assert failed.returncode
        assert "symmetry_train.learning_rate: '0,06' does not fit. Accepted: a number" in failed.stderr
    assert networks(project) == made
    after = scored(project)
    assert {name: after[name] for name in before if name != "notices"} == {
        name: before[name] for name in before if name != "notices"
    }
    said = " ".join(after["notices"])
    assert (
        "symmetry_train@clp: its network is of an earlier run: symmetry_train.learning_rate was 0.06 and is '0,06' now"
        in said
    )
    assert (
        "anomaly_generator: its network is of an earlier run: anomaly_generator.batch_size was 4 and is 'four' now"
        in said
    )
    shown = run(project, "vermilion", "score", "data/raw/phantoms/repaired", "--without", "anomaly").stdout
    assert "its network is of an earlier run" in " ".join(shown.split())


def test_a_training_that_diverges_takes_no_network_away(project: Path) -> None:
    before, made, locked = scored(project), networks(project), lock(project)
    set_number(project, "symmetry_train", "learning_rate", 1e30)
    set_number(project, "anomaly_generator", "learning_rate", 1e30)
    for stage in ("symmetry_train", "anomaly_generator"):
        failed = run(project, "dvc", "repro", f"{stage}@clp" if stage == "symmetry_train" else stage, check=False)
        assert failed.returncode
        assert f"lower {stage}: learning_rate" in failed.stderr
        assert "Traceback" not in failed.stderr
    assert networks(project) == made
    assert lock(project) == locked
    after = scored(project)
    assert after["symmetry"] == before["symmetry"]
    assert after["anomaly"] == before["anomaly"]
    assert "symmetry_train.learning_rate was 0.06 and is 1e+30 now" in " ".join(after["notices"])


def test_a_training_under_way_or_killed_takes_no_network_away_and_the_next_one_replaces_it(project: Path) -> None:
    before, made = scored(project, "--without", "anomaly"), networks(project)
    set_number(project, "symmetry_train", "steps", 100_000)
    with Family(project, "dvc", "repro", "symmetry_train@clp") as family:
        until = time.monotonic() + 120
        while "symmetry_train@clp: computing" not in family.said() and time.monotonic() < until:
            time.sleep(0.05)
        assert scored(project, "--without", "anomaly")["symmetry"] == before["symmetry"]
        assert family.head.poll() is None, family.said()
        family.kill_group()
        assert not family.survivors()
    assert networks(project) == made
    assert scored(project, "--without", "anomaly")["symmetry"] == before["symmetry"]
    set_number(project, "symmetry_train", "steps", 12)
    run(project, "dvc", "repro", "symmetry_train@clp")
    assert networks(project)[0] != made[0]
    assert {path.name for path in (project / "data/symmetry/clp/model").iterdir()} == {
        "curves.parquet",
        "model.safetensors",
    }
    [trained] = outs(lock(project)["symmetry_train@clp"])
    assert trained == "data/symmetry/clp/model"
    after = scored(project, "--without", "anomaly")
    assert set(after["symmetry"]) == {"temporal"}, "a network that was not evaluated has no threshold"
    assert any("clp was not read" in line or "is not the one that was evaluated" in line for line in after["notices"])


def test_a_network_that_gives_way_to_no_data_is_gone(project: Path) -> None:
    set_number(project, "systems", "symmetry", False)
    run(project, "dvc", "repro", "symmetry_train@clp")
    assert [path.name for path in (project / "data/symmetry/clp/model").iterdir()] == ["absent.json"]
