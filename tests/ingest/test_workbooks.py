"""What Excel makes of what people type: taken as it is meant, or told with its line and column."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from tasks.ingest.ratings.reading import read_ratings
from tasks.ingest.raw_folders.batch import read_batch
from tasks.ingest.tables.raw_layout import Folder, read_lines
from tasks.ingest.tables.sheets import RawLayoutError
from tasks.ingest.tables.workbooks import STRUCK
from tests.ingest.test_identity import KINDS, SCALES, pictures, take
from tests.ingest.test_remarks import over
from tests.spreadsheets import active
from tests.stewards import IMAGES, RATINGS

PEOPLE = [IMAGES, ["a.jpg", "p1", "repaired", "t"], ["b.jpg", "p1", "repaired", "t"], ["c.jpg", "p2", "repaired", "t"]]


def one(tmp_path: Path, value: Any, number_format: str = "General") -> tuple[str, str]:
    """A cell's text, and what is wrong with it."""
    workbook = openpyxl.Workbook()
    sheet = active(workbook)
    sheet.append(["path", "score"])
    sheet.append(["a.jpg", value])
    sheet["B2"].number_format = number_format
    workbook.save(tmp_path / "t.xlsx")
    (line,) = read_lines(tmp_path / "t.xlsx", required=("path", "score"), optional=())
    return line.cells["score"], line.wrong.get("score", "")


def workbook_of(path: Path, *tables: Sequence[Sequence[Any]]) -> list[Worksheet]:
    """The worksheets of a new workbook, to be changed and saved by `sheet.parent.save`."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for number, lines in enumerate(tables):
        sheet = workbook.create_sheet(f"Sheet{number + 1}")
        for line in lines:
            sheet.append(list(line))
    workbook.save(path)
    return [sheet for sheet in workbook.worksheets if isinstance(sheet, Worksheet)]


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (2.5, "0.0", "2.5"),
        (2.5, "0", "2.5"),
        (3, "0.00", "3"),
        (1234.5, "#,##0.00", "1234.5"),
        (3, "[Red]0;[Blue]-0", "3"),
        (3, "_-* #,##0.00_-;-* #,##0.00_-", "3"),
        (3, "[$-409]0.0", "3"),
        (0.5, "# ?/?", "0.5"),
        (7, "000", "007"),
        (7, "@", "7"),
        (1e-05, "0.00E+00", "1e-05"),
        (123456789012345, "General", "123456789012345"),
        ("12345678901234567890", "@", "12345678901234567890"),
    ],
)
def test_numbers_are_taken_as_they_are_meant(tmp_path: Path, value: Any, number_format: str, text: str) -> None:
    assert one(tmp_path, value, number_format) == (text, "")


@pytest.mark.parametrize(
    ("value", "number_format", "told"),
    [
        (datetime.date(2024, 2, 1), "d.m", "a date or time"),
        (datetime.datetime(2024, 2, 1), '[$-407]d. mmm yyyy "Uhr"', "a date or time"),
        (45323, 'yyyy"-Q"m', "a date or time"),
        (0.25, "[h]:mm", "a date or time"),
        (0.5, "0.0%;[Red]-0.0%", "a percentage; write the number without %"),
        (3, ";;;", "not shown at all, by its number format; format the cells as text"),
        (0, "0;-0;;@", "not shown at all"),
        (-3, "0;-0%", "a percentage"),
        (7, '"p"000', "shown as something else"),
        (7, "\\p000", "shown as something else"),
        (3, '0" points"', "shown as something else"),
        (3, "[$€-407] 0.00", "shown as something else"),
        (123456, "000-000", "shown as something else"),
        (3000, "0,", "shown as something else"),
        (12345678901234567, "0", "a number of more than 15 digits, of which spreadsheets keep only 15"),
        (1.2345678901234567e19, "General", "a number of more than 15 digits"),
        (True, "General", "what spreadsheets make of the words true and false"),
        ("#NV", "General", "the spreadsheet's error #NV; put the formula right, or write the value"),
    ],
)
def test_what_may_not_be_what_was_typed_is_told(tmp_path: Path, value: Any, number_format: str, told: str) -> None:
    assert one(tmp_path, value, number_format)[1].startswith(told)


def test_an_identity_that_excel_rounded_is_refused_by_line_and_column(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg")
    (sheet,) = workbook_of(tmp_path / "images.xlsx", [[*IMAGES], ["a.jpg", 1234567890123456789, "repaired", "t"]])
    sheet.append(["b.jpg", "1234567890123456789", "repaired", "t"])
    assert sheet.parent
    sheet.parent.save(tmp_path / "images.xlsx")
    images, refused = take(Folder(tmp_path, ""))
    assert images["subject_id"].to_pylist() == ["1234567890123456789"]
    ((line, reason),) = [(row["line"], row["reason"]) for row in refused]
    assert (line, reason.startswith("subject_id '123456789012345")) == (2, True)
    assert "spreadsheets keep only 15; format the cells as text and type it anew" in reason


@pytest.mark.parametrize("word", ["#N/A", "#REF!", "#BEZUG!"])
def test_a_failed_formula_is_nobody_in_csv_either(tmp_path: Path, word: str) -> None:
    pictures(tmp_path, "a.jpg")
    (tmp_path / "images.csv").write_text(f"path,subject_id,population,consent\na.jpg,{word},repaired,t\n")
    images, refused = take(Folder(tmp_path, ""))
    assert images.num_rows == 0
    assert f"subject_id '{word}' is the spreadsheet's error {word}" in next(iter(refused))["reason"]


@pytest.mark.parametrize("column", ["consent", "notice", "licence", "visit"])
@pytest.mark.parametrize("word", ["#N/A", "#\u00a1REF!", "#VALORE!", "Err:502", "#DIV/0!", "######"])
def test_a_failed_formula_is_told_in_every_column(tmp_path: Path, word: str, column: str) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg")
    lines = [f"a.jpg,p1,repaired,{word}", "b.jpg,p1,repaired,#7"]
    (tmp_path / "images.csv").write_text("\n".join([f"path,subject_id,population,{column}", *lines]))
    images, refused = take(Folder(tmp_path, ""))
    assert images[column].to_pylist() == ["#7"]
    ((line, reason),) = [(row["line"], row["reason"]) for row in refused]
    assert (line, reason.partition(" is ")[0]) == (2, f"{column} {word!r}")


def test_consent_may_be_a_day_or_true_but_nothing_that_nobody_sees(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg", "d.jpg")
    said = [datetime.datetime(2026, 1, 31), True, "form 12", "=A1"]
    rows = [[f"{name}.jpg", "p1", "repaired", cell] for name, cell in zip("abcd", said, strict=True)]
    (sheet,) = workbook_of(tmp_path / "images.xlsx", [IMAGES, *rows])
    sheet["D4"].font = Font(strike=True)
    assert sheet.parent
    sheet.parent.save(tmp_path / "images.xlsx")
    images, refused = take(Folder(tmp_path, ""))
    assert sorted(images["consent"].to_pylist()) == ["2026-01-31", "TRUE"]
    assert [(row["line"], row["reason"].split()[0]) for row in refused] == [(4, "consent"), (5, "consent")]


def test_a_merged_column_holds_in_each_row_and_a_merged_row_is_told(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    (sheet,) = workbook_of(tmp_path / "images.xlsx", PEOPLE)
    for cells in ("B2:B3", "D2:D4", "B4:C4"):
        sheet.merge_cells(cells)
    assert sheet.parent
    sheet.parent.save(tmp_path / "images.xlsx")
    images, refused = take(Folder(tmp_path, ""))
    assert (images["subject_id"].to_pylist(), images["consent"].to_pylist()) == (["p1", "p1"], ["t", "t"])
    ((line, reason),) = [(row["line"], row["reason"]) for row in refused]
    assert (line, reason) == (4, "population '' is merged with the cells beside it; unmerge them and fill each")


def test_cells_that_are_merged_below_the_last_row_bring_none(tmp_path: Path) -> None:
    (sheet,) = workbook_of(tmp_path / "t.xlsx", [["path", "score"], ["a.jpg", 1], ["b.jpg", None]])
    sheet.merge_cells("B2:B9")
    assert sheet.parent
    sheet.parent.save(tmp_path / "t.xlsx")
    lines = read_lines(tmp_path / "t.xlsx", required=("path", "score"), optional=())
    assert [line.cells for line in lines] == [{"path": "a.jpg", "score": "1"}, {"path": "b.jpg", "score": "1"}]
    sheet.merged_cells.add("A20:ZZ9000")
    sheet.parent.save(tmp_path / "t.xlsx")
    with pytest.raises(RawLayoutError, match="sheet 'Sheet1': too many merged cells"):
        list(read_lines(tmp_path / "t.xlsx", required=("path", "score"), optional=()))


def test_a_cell_that_is_struck_through_is_asked_about(tmp_path: Path) -> None:
    (sheet,) = workbook_of(tmp_path / "ratings.xlsx", [["path", "score"], ["a.jpg", 3], ["b.jpg", 4]])
    assert sheet.parent
    sheet["B2"].font = Font(strike=True)
    sheet.parent.save(tmp_path / "ratings.xlsx")
    a, b = read_lines(tmp_path / "ratings.xlsx", required=("path", "score"), optional=())
    assert dict(a.wrong) == {"score": STRUCK}
    assert not b.wrong


def test_a_hidden_row_is_asked_about(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    (sheet,) = workbook_of(tmp_path / "images.xlsx", PEOPLE)
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["D"].hidden = True
    assert sheet.parent
    sheet.parent.save(tmp_path / "images.xlsx")
    images, refused = take(Folder(tmp_path, ""))
    assert (images.num_rows, [row["line"] for row in refused]) == (2, [3])
    assert "is in a row that is hidden, by hand or by a filter; show all rows" in next(iter(refused))["reason"]
    (problem,) = [row for row in read_batch(tmp_path, settings=KINDS).problems if row["line"] == 3]
    assert "show all rows" in problem["reason"]


def test_a_hidden_worksheet_is_not_read_and_told(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    rated = [RATINGS, ["a.jpg", "r", "lay", "CARS", 3]]
    images, ratings = workbook_of(tmp_path / "study.xlsx", PEOPLE, rated)
    ratings.sheet_state = "hidden"
    assert images.parent
    images.parent.save(tmp_path / "study.xlsx")
    with pytest.raises(RawLayoutError, match="no such file"):
        take(Folder(tmp_path, ""))
    (tmp_path / "study.xlsx").rename(tmp_path / "images.xlsx")
    found, _ = take(Folder(tmp_path, ""))
    assert read_ratings([Folder(tmp_path, "")], found, scales=SCALES)[0].num_rows == 0
    why = "looks like a table of ratings, but is hidden; show it (right click on the sheets' names), or delete it"
    assert over(tmp_path) == {"images.xlsx, sheet Sheet2": why}
    assert f"sheet 'Sheet2': {why}" in [row["reason"] for row in read_batch(tmp_path, settings=KINDS).problems]
    images.sheet_state, ratings.sheet_state = "veryHidden", "visible"
    images.parent.save(tmp_path / "images.xlsx")
    with pytest.raises(
        RawLayoutError, match="sheet 'Sheet1' has the columns path, subject_id, population, but is hidden"
    ):
        take(Folder(tmp_path, ""))


def test_a_cell_merged_with_the_header_is_told(tmp_path: Path) -> None:
    (sheet,) = workbook_of(tmp_path / "t.xlsx", [["path", "score"], ["a.jpg", 1], ["b.jpg", 2]])
    sheet.merge_cells("A1:A2")
    assert sheet.parent
    sheet.parent.save(tmp_path / "t.xlsx")
    first, second = read_lines(tmp_path / "t.xlsx", required=("path", "score"), optional=())
    assert first.wrong["path"] == "merged with the header's cell above it; unmerge them and fill each"
    assert (first.cells["path"], second.cells["path"], second.wrong) == ("", "b.jpg", {})
