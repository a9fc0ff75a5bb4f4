"""The stage inpainting_controls: held-out controls alone, each measured once, and why where there is nobody."""

import hashlib
from pathlib import Path

import pytest
import yaml

from flows import PROJECT
from flows.buckets.work import write_parts
from flows.stages.inpainting import inpainting_controls
from tasks import params
from tasks.base import absence, tables
from tasks.faces.cohort import split_of
from tasks.params.inpainting import InpaintingTrain
from tasks.schemas.faces import ALIGNED
from tasks.schemas.inpainting import INPAINTING_MEASURES
from tests.inpainting.controls import aligned, network


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with params.yaml, a network nobody trained, and six aligned controls, a person each."""
    numbers = yaml.safe_load((PROJECT / "params.yaml").read_text())
    numbers["inpainting_train"]["held_out"] = 0.5
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(numbers, sort_keys=False))
    (tmp_path / "model").mkdir()
    network(tmp_path / "model")
    people = {hashlib.sha256(bytes([person])).hexdigest(): person for person in range(6)}
    write_parts(aligned(people), tmp_path / "aligned", ALIGNED, {}, buckets=4)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def measure(project: Path) -> list[str]:
    """The people in the stage's out, by row."""
    inpainting_controls.fn(
        aligned=project / "aligned", model=project / "model", weights=project / "weights", out=project / "out"
    )
    found: list[str] = tables.read(project / "out", INPAINTING_MEASURES)["subject_id"].to_pylist()
    return found


def test_who_trained_is_not_measured(project: Path) -> None:
    people = set(measure(project))
    train = params.load(InpaintingTrain, "inpainting_train")
    for person in (f"person {number}" for number in range(6)):
        assert (person in people) != split_of(train).trains(person, "control")
    assert 0 < len(people) < 6


def test_nobody_held_out_is_a_reason(project: Path) -> None:
    numbers = yaml.safe_load((project / "params.yaml").read_text())
    numbers["inpainting_train"]["held_out"] = 0
    (project / "params.yaml").write_text(yaml.safe_dump(numbers, sort_keys=False))
    with pytest.raises(absence.Absent, match="raise inpainting_train: held_out"):
        measure(project)
