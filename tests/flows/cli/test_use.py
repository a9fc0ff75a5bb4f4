"""`vermilion use` of a folder with one workbook, of a file in place of a folder, and of profiles."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows import PROJECT, cli
from tasks.errors import InputError
from tests.ingest.test_identity import pictures
from tests.ingest.test_sheets import book
from tests.stewards import IMAGES, RATINGS, table


def test_a_folder_with_one_workbook_is_said_in_full_and_the_file_itself_is_no_folder(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg")
    people = [[*IMAGES], ["a.jpg", "p1", "repaired", "t"], ["b.jpg", "p2", "control", "t"]]
    rated = [[*RATINGS], ["a.jpg", "r1", "medical", "CARS", 2], ["a.jpg", "r2", "lay", "CARS", 3]]
    study = book(tmp_path / "study.xlsx", people, rated, [["notes"], ["x"]])
    done = CliRunner().invoke(cli.app, ["use", str(tmp_path), "--dry-run"])
    assert done.exit_code == 0, done.output
    for line in (
        *(f"{group}: 1 photograph of 1 person" for group in ("control", "repaired")),
        "2 ratings on CARS by 2 raters",
    ):
        assert line in done.output
    error = CliRunner().invoke(cli.app, ["use", str(study), "--dry-run"]).exception
    assert isinstance(error, InputError)
    assert str(error) == f"{study}: a file; name the folder that it lies in, with the photographs: {tmp_path}"


def test_photographs_in_profile_are_counted_as_such(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"{name}.jpg" for name in "abcd"))
    lines = ["a.jpg,p1,repaired,left", "b.jpg,p1,repaired,right", "c.jpg,p2,repaired,", "d.jpg,p3,control,frontal"]
    table(tmp_path / "images.csv", ("path", "subject_id", "population", "view"), lines)
    done = CliRunner().invoke(cli.app, ["use", str(tmp_path), "--dry-run"])
    told = done.output.splitlines()
    assert {"repaired: 3 photographs of 2 people, 2 in profile", "control: 1 photograph of 1 person"} <= {*told}


def test_a_folder_that_a_run_would_refuse_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For its name, which DVC would take for one of its own, or since batches lie in it."""
    root = tmp_path / "project"
    for folder in (tmp_path / "a ${b}", root, root / "data"):
        pictures(folder, "a.jpg")
        table(folder / "images.csv", IMAGES, ["a.jpg,p1,repaired,t"])
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(PROJECT / name, root / name)
    before = (root / "params.yaml").read_text()
    monkeypatch.chdir(root)
    for given, said in (
        (tmp_path / "a ${b}", "rename the folder"),
        (root, "lie in each other"),
        (root / "data", "lie in"),
    ):
        error = CliRunner().invoke(cli.app, ["use", str(given)]).exception
        assert isinstance(error, InputError)
        assert said in str(error)
    assert (root / "params.yaml").read_text() == before
