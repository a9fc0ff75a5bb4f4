"""What a raw folder holds is counted once: `use`, `check` and `ratings status` tell the same, and leave nothing out."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from flows.cli import app
from flows.running.holdings import NOT_DECODED, holdings
from tasks.base.digests import file_digest
from tasks.errors import InputError
from tasks.ingest.images.withdrawn import FILE, Withdrawn, write_withdrawn
from tasks.ingest.raw_folders.preview import PIECE, glance
from tests.flows.running.test_check import project
from tests.spreadsheets import active
from tests.stewards import PICTURE

COUNTS = [
    "control: 1 photograph of 1 person",
    "repaired: 2 photographs of 2 people",
    "4 ratings on CARS by 3 raters",
]
NOTES = [
    "images.xlsx, sheet 'Sheet', line 5: gone.jpeg: no such file, or nothing in the folder or pattern that is read; "
    "there is Gone.JPG",
    "images.xlsx, sheet 'Sheet', line 6: c.jpg: population 'controll' is not one of control, repaired, unrepaired "
    "(meant: control?)",
    "images.xlsx, sheet 'Scores', line 6: c.jpg: no such image in images.csv, or it was refused",
    "raters Dr Huber and Dr. Huber look alike (1 rating and 2 ratings); one and the same? Then write one name for both "
    "in the table; if not, nothing is to be done",
    "images.xlsx, sheet Old: a second table of ratings, which are read from sheet 'Scores'; keep one of the two",
    "Gone.JPG: no line of images.csv names this file",
]


def workbook(path: Path, sheets: dict[str, list[tuple[Any, ...]]]) -> None:
    book = Workbook()
    first, *others = sheets
    for row in sheets[first]:
        active(book).append(row)
    for name in others:
        sheet = book.create_sheet(name)
        for row in sheets[name]:
            sheet.append(row)
    book.save(path)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workbook of images and ratings, with wrong lines, a rater in two spellings, a third sheet, one picture more."""
    made = project(tmp_path / "p", images="")
    (made / "raw/images.csv").unlink()
    for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg", "Gone.JPG"):
        (made / "raw" / name).write_bytes(PICTURE + name.encode())
    images: list[tuple[Any, ...]] = [("path", "subject_id", "population"), ("a.jpg", "s1", "repaired")]
    images += [("b.jpg", "s2", "repaired"), ("d.jpg", "s3", "control"), ("gone.jpeg", "s4", "control")]
    images += [("c.jpg", "s5", "controll")]
    rated: list[tuple[Any, ...]] = [("path", "rater_id", "rater_role", "scale", "score")]
    rated += [(path, "Dr. Huber", "medical", "CARS", 2) for path in ("a.jpg", "b.jpg")]
    rated += [("a.jpg", "Dr Huber", "medical", "CARS", 3), ("a.jpg", "lay", "lay", "CARS", 3)]
    rated += [("c.jpg", "lay", "lay", "CARS", 3)]
    old: list[tuple[Any, ...]] = [("path", "scale", "rater_id"), ("a.jpg", "CARS", "x")]
    workbook(made / "raw/images.xlsx", {"Sheet": images, "Scores": rated, "Old": old})
    monkeypatch.chdir(made)
    return made


def said(*command: str) -> str:
    done = CliRunner().invoke(app, list(command))
    assert not isinstance(done.exception, Exception), done.exception
    return done.output


def test_three_commands_tell_the_same(root: Path) -> None:
    found = json.loads(said("check", "--json"))
    by_level = {level: [row["said"] for row in found if (row["level"], row["about"]) == (level, "data")] for level in
                ("fact", "warning")}  # fmt: skip
    assert by_level["fact"][:3] == COUNTS
    assert by_level["warning"] == NOTES
    used = said("use", "raw", "--dry-run").splitlines()
    assert used == [*COUNTS, NOT_DECODED, *(f"note: {note}" for note in NOTES), *by_level["fact"][4:6]]
    assert by_level["fact"][3] == NOT_DECODED
    status = json.loads(said("ratings", "status", "--json"))
    assert (status["notes"], status["refused_lines"], status["ratings"]) == (NOTES, 3, 4)
    assert f"note: {NOTES[3]}" in said("ratings", "status").splitlines()


def test_of_many_notes_of_a_kind_the_first_are_told_and_the_rest_counted(root: Path) -> None:
    for number in range(6):
        (root / f"raw/more{number}.jpg").write_bytes(PICTURE + str(number).encode())
    notes = holdings(root, most=1).notes
    more = "... and 2 more lines that cannot be used", "... and 7 more files passed over"
    assert (notes[1], notes[-1], len(notes)) == (*more, 5)


def test_check_has_all_of_them_where_it_is_asked(root: Path) -> None:
    for number in range(9):
        (root / f"raw/more{number}.jpg").write_bytes(PICTURE + str(number).encode())
    assert "more files passed over" in said("check")
    every = said("check", "--all")
    assert "more files passed over" not in every
    assert all(f"more{number}.jpg" in every for number in range(9))


def test_the_advice_on_limits_names_where_they_stand_and_goes_with_them(root: Path) -> None:
    assert "params.yaml, ingest_landmarks: min_sharpness and min_mouth_contrast were set" in said("use", "raw")
    numbers = root / "params.yaml"
    text = numbers.read_text().replace("min_sharpness: 0.27", "min_sharpness: 0")
    numbers.write_text(re.sub("min_mouth_contrast: .*", "min_mouth_contrast: 0", text))
    for command in (["use", "raw"], ["check"]):
        assert "min_sharpness" not in said(*command)


def test_measures_of_photographs_are_not_taken_by_what_holds_for_drawn_faces(root: Path) -> None:
    told = "anthropometry_measure: write errors: photographs, most_smile: 0.92, most_opening: 0.04 for photographs"
    for command in (["use", "raw"], ["check"]):
        assert told in " ".join(said(*command).split())
    numbers = root / "params.yaml"
    text = numbers.read_text().replace("errors: drawn", "errors: photographs")
    text = text.replace("most_smile: 1.2", "most_smile: 0.9")
    numbers.write_text(text)
    assert "write most_opening: 0.04 for photographs" in " ".join(said("check").split())
    numbers.write_text(text.replace("most_opening: 0.2", "most_opening: 0.04"))
    for command in (["use", "raw"], ["check"]):
        assert "most_opening" not in said(*command)


def test_where_nothing_can_be_used_every_line_has_its_reason(root: Path) -> None:
    (root / "raw/images.xlsx").unlink()
    lines = ["lost.jpg,s1,control", "a.jpg,,control", "b.jpg,s2,patient", *(f"x{n}.jpg,s,control" for n in range(9))]
    (root / "raw/images.csv").write_text("\n".join(["path,subject_id,population", *lines]))
    before = (root / "params.yaml").read_text()
    done = CliRunner().invoke(app, ["use", "raw"])
    assert isinstance(done.exception, InputError)
    head, *told = str(done.exception).splitlines()
    assert head.endswith("raw: no photograph can be used:")
    assert told[0].startswith("images.csv, line 2: lost.jpg: no such file")
    assert told[1] == "images.csv, line 3: a.jpg: path and subject_id must not be empty"
    assert told[2].startswith("images.csv, line 4: b.jpg: population 'patient' is not one of")
    assert told[5] == "... and 7 more lines that cannot be used"
    assert (root / "params.yaml").read_text() == before


def test_a_withdrawn_photograph_is_not_counted(root: Path) -> None:
    assert len(holdings(root).found.images) == 3
    write_withdrawn(root / "added", Withdrawn().more([file_digest(root / "raw/a.jpg")], []))
    assert (root / "added" / FILE).exists()
    there = holdings(root)
    assert there.counts[1] == "repaired: 1 photograph of 1 person"
    assert "consent for this photograph was withdrawn" in there.notes[0]


@pytest.mark.parametrize("size", [0, 10, PIECE, 2 * PIECE + 1, 5 * PIECE])
def test_a_glance_tells_files_apart_by_head_middle_tail_and_size(tmp_path: Path, size: int) -> None:
    plain = bytes(size)
    files = {"same": plain, "longer": plain + b"x"}
    for place in {0, size // 2, size - 1} if size else ():
        files[f"at {place}"] = plain[:place] + b"x" + plain[place + 1 :]
    names = set()
    (tmp_path / "first").write_bytes(plain)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        names.add(glance(tmp_path / name))
    assert glance(tmp_path / "first") == glance(tmp_path / "same")
    assert len(names) == len(files)
