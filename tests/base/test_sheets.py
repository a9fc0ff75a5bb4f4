"""Tables for people: what is written opens as it is meant, in CSV and in XLSX."""

import csv
import stat
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tasks.base import sheets
from tasks.errors import InputError
from tests.spreadsheets import active

COLUMNS = ["photograph", "D", "measured"]
FORMULAS = ['=HYPERLINK("http://a")', "+1+1", "-2+3", "@SUM(1)", "\t=1", " =1", "\uff1d1+1", "\r=1"]


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".XLSX"])
def test_text_is_never_a_live_formula(text: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"table{suffix}"
    sheets.write(path, [text], [[text]])
    if suffix == ".csv":
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
        assert all(row[0].startswith("'") for row in rows if row)
    else:
        sheet = active(openpyxl.load_workbook(path))
        assert [cell.data_type for row in sheet.iter_rows() for cell in row] == ["s", "s"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_numbers_are_numbers_and_nothing_is_an_empty_cell(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"table{suffix}"
    sheets.write(path, COLUMNS, [["Jürgen, a.jpg", -0.25, True], ["b\x07.jpg", float("nan"), None]])
    if suffix == ".csv":
        content = path.read_bytes()
        assert content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))
        assert rows == [COLUMNS, ["Jürgen, a.jpg", "-0.25", "True"], ["b\\x07.jpg", "", ""]]
    else:
        sheet = active(openpyxl.load_workbook(path))
        assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
            COLUMNS,
            ["Jürgen, a.jpg", -0.25, True],
            ["b\\x07.jpg", None, None],
        ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("make", [sheets.as_csv, sheets.as_xlsx])
def test_the_same_rows_give_the_same_bytes(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make(COLUMNS, [["a", 1.5, None]])
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert make(COLUMNS, [["a", 1.5, None]]) == first


def test_another_suffix_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"table\.ods: a table is written as \.csv or \.xlsx"):
        sheets.write(tmp_path / "table.ods", COLUMNS, [])
    assert list(tmp_path.iterdir()) == []


def test_a_cell_is_as_long_as_the_format_allows_and_no_longer() -> None:
    assert len(sheets.readable("x" * 40_000)) == 32_767
    assert sheets.readable("rtl \u202e and half \ud800") == "rtl \\u202e and half \\ud800"
