"""`vermilion use` of a folder with one workbook, of a file in place of a folder, and of profiles."""

import shutil
import time
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from flows import PROJECT, cli
from flows.running.holdings import NOT_DECODED, no_picture
from tasks.errors import InputError
from tests.ingest.test_sheets import book
from tests.stewards import IMAGES, RATINGS, table


def pictures(folder: Path, *names: str) -> None:
    """Small pictures of different colours."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", (64, 64), (60 * number, 90, 120)).save(folder / name)


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


def test_what_is_no_picture_is_named_and_not_counted(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg", "d.jpg")
    (tmp_path / "a.jpg").write_text("notes of the day\n")
    (tmp_path / "b.jpg").write_bytes(b"%PDF-1.7\n%\xe2\xe3")
    (tmp_path / "c.jpg").write_bytes((tmp_path / "c.jpg").read_bytes()[:-30])  # cut off: not decoded, which is said
    lines = [f"{name}.jpg,p{name},control,t" for name in "abcd"]
    table(tmp_path / "images.csv", IMAGES, lines)
    done = CliRunner().invoke(cli.app, ["use", str(tmp_path), "--dry-run"])
    assert done.exit_code == 0, done.output
    assert "control: 2 photographs of 2 people" in done.output.splitlines()
    assert NOT_DECODED in done.output
    assert "a.jpg: plain text, not a picture" in done.output
    assert "b.jpg: a PDF; export the photograph" in done.output
    for name in "cd":
        (tmp_path / f"{name}.jpg").write_text("x")
    error = CliRunner().invoke(cli.app, ["use", str(tmp_path), "--dry-run"]).exception
    assert "no photograph can be used" in str(error)


def test_thousands_of_files_are_looked_at_within_seconds(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg")
    for number in range(2000):
        (tmp_path / f"{number}.jpg").hardlink_to(tmp_path / "a.jpg")
    begun = time.process_time()
    assert {no_picture(tmp_path / f"{number}.jpg") for number in range(2000)} == {None}
    assert time.process_time() - begun < 10
