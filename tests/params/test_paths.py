"""Folders' names that users write into params.yaml: whatever stands in them, nothing of it is run, by real DVC."""

import shutil
from pathlib import Path
from typing import Any

import cv2
import pytest
import yaml

from flows import PROJECT
from flows.launch import placed
from tasks import params
from tasks.base import tables
from tasks.errors import InputError
from tasks.params import ParamsError
from tasks.params.running import Data
from tasks.schemas.ingest import IMAGES
from tests.ingest.drawn import face
from tests.project import make_project, run, set_number

HOME = "Büro – Müller's (neu) & Co"
ODD = """-raw "dir" it's $(touch sprung) `touch sprung` $HOME ; touch sprung ; ü & #1 * ?"""
TRICKS = ["$(touch${IFS}sprung)", "a\ntouch sprung", "'; touch sprung; '", "a`touch sprung`"]


def raw_folder(folder: Path) -> None:
    """One drawn photograph, and the line that lists it."""
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "face.png"), cv2.cvtColor(face(7).image, cv2.COLOR_RGB2BGR))
    (folder / "images.csv").write_text("path,subject_id,population,consent\nface.png,one,control,drawn\n")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("paths") / HOME, {})


def sprung(project: Path) -> list[Path]:
    """What a command hidden in a name would have made."""
    return [*project.parent.rglob("sprung*")]


@pytest.mark.parametrize("absolute", [False, True])
def test_any_folder_can_be_raw_and_nothing_of_its_name_is_run(project: Path, tmp_path: Path, absolute: bool) -> None:
    raw = f"{tmp_path}/{ODD}" if absolute else ODD
    raw_folder(project / raw)
    set_number(project, "data", "raw", raw)
    run(project, "dvc", "repro", "--single-item", "ingest_images")
    assert tables.read(project / "data/ingest/images", IMAGES).num_rows == 1
    assert not sprung(project)


@pytest.mark.parametrize("trick", TRICKS)
def test_a_command_in_place_of_a_folder_is_not_run(project: Path, trick: str) -> None:
    set_number(project, "data", "raw", trick)
    done = run(project, "dvc", "repro", "--single-item", "ingest_images", check=False)
    assert done.returncode
    assert not sprung(project)


def test_no_text_of_params_reaches_a_command(project: Path) -> None:
    """Of all that DVC would run, in every stage: what a stranger's params.yaml says stands in none."""
    numbers = yaml.safe_load((project / "params.yaml").read_text())
    numbers["data"] = {"raw": "MARK", "added": "MARK", "MARK": "MARK"}
    numbers["item"] = {"strategy": "MARK", "condition": "MARK"}
    copy = project.with_name("marked")
    shutil.copytree(project, copy, symlinks=True)
    (copy / "params.yaml").write_text(yaml.safe_dump(numbers))
    said = run(copy, "python", "-c", COMMANDS).stdout
    assert said.count("python -m flows") > 30
    assert "MARK" not in said


COMMANDS = "from dvc.repo import Repo\nfor stage in Repo().index.stages: print(stage.cmd)"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("a\nb", "line break"),
        ("a\x1bb", "control character"),
        ("a\u2028b", "line break"),
        ("~/photos", "is not replaced here; write the whole path"),
        ("https://elsewhere/raw", "is an address"),
        ("a/${b}", "DVC takes for a name of its own"),
        ("", "write the folder's name"),
        ("  ", "write the folder's name"),
        (None, "write the folder's name"),
        (12, "write the folder's name"),
    ],
)
def test_what_cannot_be_a_folder_is_refused_by_name(tmp_path: Path, raw: Any, told: str) -> None:
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"data": {"raw": raw, "added": "data/added"}}))
    with pytest.raises(ParamsError, match=r"params\.yaml: line 3: data\.raw: ") as error:
        params.load(Data, "data", tmp_path / "params.yaml")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_an_option_is_a_path_or_names_one_in_params(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    known = params.load(Data, "data")
    assert placed(Path("params:data.raw")) == known.raw
    assert placed(Path("params:data.added")) == known.added
    assert placed(Path("some/folder")) == Path("some/folder")
    assert placed("clp") == "clp"
    with pytest.raises(InputError, match=r"has no data\.rwa; there are: raw, added"):
        placed(Path("params:data.rwa"))
