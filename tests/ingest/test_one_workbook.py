"""One workbook with images and ratings in its worksheets: read as two tables, and told where a sheet is not read."""

import os
from pathlib import Path

import pytest

from tasks.ingest.images.inventory import name_files
from tasks.ingest.ratings.reading import read_ratings
from tasks.ingest.raw_folders.batch import read_batch
from tasks.ingest.raw_folders.preview import find
from tasks.ingest.raw_folders.removal import lines_about, lines_naming, write_without
from tasks.ingest.tables.raw_layout import Folder
from tasks.ingest.tables.sheets import RawLayoutError, Sheet, read_sheets
from tasks.ingest.tables.workbooks import read_workbook
from tests.ingest.test_identity import KINDS, SCALES, pictures, take
from tests.ingest.test_remarks import over
from tests.ingest.test_sheets import book
from tests.stewards import IMAGES, RATINGS, table

LINES = [IMAGES, ["p1.jpg", "p1", "repaired", "t"], ["p2.jpg", "p2", "control", "t"]]
RATED = [RATINGS, ["p1.jpg", "r1", "lay", "CARS", 3], ["p2.jpg", "r1", "lay", "CARS", 9]]
NOTES = [["what", "who"], ["scores by", "r1"]]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder with two pictures and one workbook of three worksheets."""
    pictures(tmp_path, "p1.jpg", "p2.jpg")
    book(tmp_path / "my study 2024.xlsx", NOTES, LINES, RATED, titles=("notes", "people", "scores"))
    return tmp_path


def test_both_tables_are_read_and_a_line_says_its_worksheet(study: Path) -> None:
    raw = Folder(study, "")
    images, refused = take(raw)
    ratings, _, bad = read_ratings([raw], images, scales=SCALES)
    assert (images.num_rows, len(refused), ratings.num_rows) == (2, 0, 1)
    (line,) = bad.to_pylist()
    assert (line["source"], line["line"]) == ("my study 2024.xlsx, sheet 'scores'", 3)
    assert over(study) == {}
    found = find([raw], settings=KINDS, scales=SCALES)
    assert (found.images.num_rows, found.ratings["scale"].to_pylist()) == (2, ["CARS"])


@pytest.mark.parametrize("name", ["images.xlsx", "Ratings.xlsx", "study.xlsx", "study.XLSM"])
def test_the_workbook_may_be_called_after_one_of_its_tables_or_anything(study: Path, name: str) -> None:
    (study / "my study 2024.xlsx").rename(study / name)
    images, _ = take(Folder(study, ""))
    assert read_ratings([Folder(study, "")], images, scales=SCALES)[0].num_rows == 1
    assert not read_batch(study, settings=KINDS).problems


def test_a_table_of_its_own_goes_before_a_worksheet_and_that_is_told(study: Path) -> None:
    table(study / "ratings.csv", RATINGS, ["p1.jpg,r2,lay,CARS,2"])
    images, _ = take(Folder(study, ""))
    assert read_ratings([Folder(study, "")], images, scales=SCALES)[0]["rater_id"].to_pylist() == ["r2"]
    reason = "a second table of ratings, which are read from ratings.csv; keep one of the two"
    assert over(study) == {"my study 2024.xlsx, sheet scores": reason}
    (problem,) = read_batch(study, settings=KINDS).problems
    assert problem["reason"] == f"sheet 'scores': {reason}"


@pytest.mark.parametrize(
    ("sheets", "told"),
    [
        ((LINES, [row[:4] for row in RATED]), "sheet 'Sheet2': looks like a table of ratings, but has no column score"),
        (([row[:3] for row in LINES], RATED), "sheet 'Sheet1': no column consent"),
        ((LINES, RATED, RATED), "sheets 'Sheet2', 'Sheet3': all have the columns"),
        (
            (LINES, RATED, [row[:4] for row in RATED]),
            "sheet 'Sheet3': a second table of ratings, which are read from sheet 'Sheet2'; keep one of the two",
        ),
    ],
)
def test_what_is_wrong_with_a_worksheet_is_told_with_its_name(study: Path, sheets: list[object], told: str) -> None:
    book(study / "my study 2024.xlsx", *sheets)
    reasons = [str(row["reason"]) for row in read_batch(study, settings=KINDS).problems]
    assert [reason for reason in reasons if told in reason], reasons


def test_two_such_workbooks_stop(study: Path) -> None:
    book(study / "other.xlsx", LINES, RATED)
    with pytest.raises(RawLayoutError, match=r"my study 2024\.xlsx and other\.xlsx could both be the table of images"):
        take(Folder(study, ""))


def test_a_single_workbook_is_a_batch_of_both_with_the_pictures_beside_it(study: Path) -> None:
    batch = read_batch(study / "my study 2024.xlsx", settings=KINDS)
    assert not batch.problems
    assert (len(batch.photographs), len(batch.lines["ratings"]), set(batch.shared)) == (2, 2, {"images", "ratings"})


def test_a_workbook_is_opened_once_for_a_batch(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def counted(path: Path, data: bytes) -> list[Sheet]:
        opened.append(path.name)
        return read_workbook(path, data)

    monkeypatch.setattr("tasks.ingest.tables.workbooks.read_workbook", counted)
    assert len(read_batch(study, settings=KINDS).photographs) == 2
    assert opened == ["my study 2024.xlsx"]
    book(study / "my study 2024.xlsx", LINES[:2], RATED[:2])
    assert len(read_batch(study, settings=KINDS).photographs) == 1
    assert len(opened) == 2


def test_a_person_s_lines_go_from_each_worksheet(study: Path) -> None:
    raw, file = Folder(study, ""), study / "my study 2024.xlsx"
    named = [item for item in name_files([raw], KINDS)[0] if item.subject_id == "p1"]
    ids = {item.image_id for item in named}
    for path, lines in [
        *lines_about([raw], name_files([raw], KINDS)[0], ids),
        *lines_naming([raw], name_files([raw], KINDS)[0], ids, "p1"),
    ]:
        assert (path, len(lines)) == (file, 1)
        write_without(path, lines)
    (study / "p1.jpg").unlink()
    images, _ = take(raw)
    ratings, _, refused = read_ratings([raw], images, scales=SCALES)
    assert (images["subject_id"].to_pylist(), ratings.num_rows, refused.num_rows) == (["p2"], 0, 1)


def test_a_table_that_changes_without_a_trace_is_read_anew(tmp_path: Path) -> None:
    table = tmp_path / "ratings.csv"
    for score in "12":
        table.write_text(f"path,score\na.jpg,{score}\n", encoding="utf-8")
        os.utime(table, ns=(0, 0))
        assert list(read_sheets(table)[0].rows[0].cells) == ["a.jpg", score]
