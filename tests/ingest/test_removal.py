"""Rows that go out of a table change nothing in the rows that stay, whatever is merged or hidden around them."""

import io
import time
import zipfile
from collections.abc import Collection
from itertools import combinations, islice
from pathlib import Path
from typing import Any, cast

import PIL.Image
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart
from openpyxl.drawing.image import Image

from tasks.ingest.raw_folders.removal import write_without
from tasks.ingest.tables.sheets import read_sheets

ROWS = range(2, 10)
"""Rows of a worksheet below its header."""

Seen = list[tuple[tuple[str, ...], dict[int, str]]]
"""Cells of each row, and what is wrong with them."""


def study(path: Path, merged: str, hidden: str, sheets: int = 1) -> Path:
    """A workbook of photographs that are rated once a row; `merged`: areas, `hidden`: rows, of every worksheet."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for number in range(sheets):
        sheet = workbook.create_sheet(f"Sheet{number + 1}")
        sheet.append(["path", "subject_id", "rater", "score"])
        for row in ROWS:
            sheet.append([f"{row}.jpg", f"p{row}", f"r{row}", row / 2])
        sheet["D3"].number_format = "d.m"  # a cell of which nobody can tell what was typed
        for area in merged.split():
            sheet.merge_cells(area)
        for row in map(int, hidden.split()):
            sheet.row_dimensions[row].hidden = True
    workbook.save(path)
    return path


def seen(path: Path, without: Collection[int] = ()) -> dict[str, Seen]:
    """What is read of each worksheet, but for these rows of the first."""
    return {
        sheet.name: [
            (tuple(row.cells), dict(row.wrong))
            for row in sheet.rows
            if sheet.name != "Sheet1" or row.number not in without
        ]
        for sheet in read_sheets(path)
    }


@pytest.mark.parametrize(
    ("merged", "hidden", "sheets"),
    [
        ("", "3 6", 1),
        ("A2:A4 A5:A6 A7:A9", "", 1),
        ("A2:A4 B2:B6 A8:A9", "", 1),
        ("A2:A4 B5:B9 D3:D5", "2 4 7", 1),
        ("A1:A3 B4:C4 A6:D6 D8:D20", "5 9", 1),
        ("A2:A4 B2:B9", "2 8", 2),
    ],
)
def test_the_rows_that_stay_are_read_as_before(tmp_path: Path, merged: str, hidden: str, sheets: int) -> None:
    single, all_but_one, pairs = combinations(ROWS, 1), combinations(ROWS, len(ROWS) - 1), combinations(ROWS, 2)
    for gone in map(set, (*single, *all_but_one, *islice(pairs, 0, None, 3))):
        table = study(tmp_path / "ratings.xlsx", merged, hidden, sheets)
        expected = seen(table, gone)
        write_without(table, {("Sheet1", row) for row in gone})
        assert seen(table) == expected, gone


def test_a_merged_column_brings_nobody_into_rows_that_were_empty(tmp_path: Path) -> None:
    table = study(tmp_path / "ratings.xlsx", "A9:A30", "")
    write_without(table, {("Sheet1", 9)})
    assert [cells[0] for cells, _ in seen(table)["Sheet1"]] == [f"{row}.jpg" for row in ROWS if row != 9]


def test_what_is_merged_sideways_is_still_told_and_keeps_nothing_of_a_row_that_went(tmp_path: Path) -> None:
    table = study(tmp_path / "ratings.xlsx", "A3:B4", "")
    write_without(table, {("Sheet1", 3)})
    cells, wrong = seen(table)["Sheet1"][1]
    assert cells == ("", "", "r4", "2")
    assert "merged with the cells beside it" in wrong[1]


def test_a_merged_column_without_a_value_does_not_take_one_from_above(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet: Any = workbook.active
    for row in (["path", "remark"], ["a.jpg", "blurred"], ["b.jpg"], ["c.jpg"]):
        sheet.append(row)
    sheet.merge_cells("B3:B4")
    workbook.save(tmp_path / "images.xlsx")
    (found,) = read_sheets(tmp_path / "images.xlsx")
    assert [row.cells[1] for row in found.rows] == ["blurred", "", ""]


def test_a_row_takes_its_picture_and_link_along_and_leaves_the_others_theirs(tmp_path: Path) -> None:
    table = study(tmp_path / "ratings.xlsx", "", "")
    workbook = load_workbook(table)
    for row in (3, 5):
        drawn = io.BytesIO()
        PIL.Image.new("RGB", (row, row)).save(drawn, "png")
        workbook["Sheet1"].add_image(Image(drawn), f"F{row}")
        workbook["Sheet1"].cell(row, 1).hyperlink = f"file:///patients/{row}.jpg"
    other: Any = workbook.create_sheet("summary")
    other.add_chart(BarChart(), "H2")
    workbook.create_chartsheet("drawn").add_chart(BarChart())
    workbook.save(table)
    write_without(table, {("Sheet1", 3)})
    made = load_workbook(table)
    sheet: Any = made["Sheet1"]
    assert [(picture.anchor._from.row + 1, picture.width) for picture in sheet._images] == [(4, 5)]
    assert [(cell.row, cell.hyperlink.target) for cell in sheet["A"] if cell.hyperlink] == [
        (4, "file:///patients/5.jpg")
    ]
    assert (made.sheetnames, cast(Any, made["summary"])._charts) == (["Sheet1", "summary"], [])
    with zipfile.ZipFile(table) as archive:
        assert not [name for name in archive.namelist() if b"patients/3.jpg" in archive.read(name)]


def test_many_rows_go_at_once(tmp_path: Path) -> None:
    table = tmp_path / "ratings.xlsx"
    workbook = Workbook()
    sheet: Any = workbook.active
    for row in range(3001):
        sheet.append(["path", "score"] if row == 0 else [f"{row}.jpg", row])
    workbook.save(table)
    started = time.process_time()
    write_without(table, {(sheet.title, row) for row in range(2, 3002, 2)})
    assert time.process_time() - started < 20  # row by row it took minutes
    assert [row.cells[1] for row in read_sheets(table)[0].rows] == [str(row) for row in range(2, 3001, 2)]
