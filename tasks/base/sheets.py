"""Tables for people: CSV and XLSX files that open in a spreadsheet as they are meant.

In: columns and rows of text, numbers, truth values and nulls. Out: a file whose suffix says what it is, readable by its
owner alone, the same bytes for the same rows. Numbers are numbers; text is text, whatever it begins with: nothing in it
is a live formula. Knows nothing of what stands in a table.
"""

import csv
import io
import math
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from tasks.base.escaping import visible
from tasks.base.tables import replacing
from tasks.errors import InputError

Cell = str | int | float | bool | None

SUFFIXES = (".csv", ".xlsx")

_LIVE = re.compile(r"^[\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]")
"""What a spreadsheet may take for a formula: also in the full width of East Asian keyboards."""

_LONGEST = 32_767  # characters in a cell, by the format
_MOST = 1_048_576  # rows in a sheet, by the format
_DATE = (1980, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def check_suffix(path: Path) -> Path:
    """The path, where its suffix is one that can be written. InputError names those that can."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: a table is written as {' or '.join(SUFFIXES)}; give the file one of these endings")
    return path


def readable(text: str) -> str:
    r"""The text with what cannot be seen written out, such as `\x07`; at most as long as a cell may be."""
    return visible(text, keep="\t\r\n")[:_LONGEST]


def inert(text: str) -> str:
    """Text for a cell of a CSV file: with an apostrophe before it where a spreadsheet would take it for a formula."""
    shown = readable(text)
    return f"'{shown}" if _LIVE.search(shown) else shown


def write(
    path: Path,
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    within: Mapping[str, tuple[float, float]] | None = None,
    among: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """The table as CSV (UTF-8 with a mark, as Excel wants it) or XLSX, whole or not at all. InputError: another suffix.

    A number that is not finite is an empty cell. `within`: columns in which XLSX takes only numbers from low to high;
    `among`: those in which it takes only these words, and offers them.
    """
    suffix = check_suffix(path).suffix.lower()
    every = [[_finite(cell) for cell in row] for row in rows]
    if suffix == ".xlsx" and len(every) >= _MOST:
        raise InputError(f"{path}: {len(every):,} rows are more than an .xlsx file holds; write .csv")
    content = as_csv(columns, every) if suffix == ".csv" else as_xlsx(columns, every, within=within, among=among)
    with replacing(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_bytes(content)
        temporary.chmod(0o600)


def _finite(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The bytes of a CSV file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in (columns, *rows):
        writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8")


def as_xlsx(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    within: Mapping[str, tuple[float, float]] | None = None,
    among: Mapping[str, Sequence[str]] | None = None,
) -> bytes:
    """The bytes of an XLSX file of one sheet: the first row bold, kept in sight and with a filter."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("table")
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(max(1, len(columns)))}{len(rows) + 1}"
    for at, name in enumerate(columns):
        texts = [len(str(row[at])) for row in rows[:200] if row[at] is not None]
        sheet.column_dimensions[get_column_letter(at + 1)].width = min(48, max([len(name), *texts]) + 2)
    sheet.append([_cell(sheet, name, bold=True) for name in columns])
    for row in rows:
        sheet.append([_cell(sheet, cell) for cell in row])
    for name, (low, high) in (within or {}).items():
        sheet.data_validations.append(_numbers(name, _below(columns, name, len(rows)), low, high))
    for name, words in (among or {}).items():
        sheet.data_validations.append(_words(name, _below(columns, name, len(rows)), words))
    made = io.BytesIO()
    book.save(made)
    return _undated(made.getvalue())


def _below(columns: Sequence[str], name: str, rows: int) -> str:
    """The cells of a column below its name."""
    letter = get_column_letter(columns.index(name) + 1)
    return f"{letter}2:{letter}{rows + 1}"


def _numbers(name: str, cells: str, low: float, high: float) -> DataValidation:
    """That these cells take numbers from low to high, or nothing, and what the spreadsheet says to others."""
    rule = DataValidation("decimal", f"{low:g}", f"{high:g}", operator="between", allow_blank=True, sqref=cells)
    rule.error, rule.errorTitle, rule.showErrorMessage = f"a number from {low:g} to {high:g}", name, True
    return rule


def _words(name: str, cells: str, words: Sequence[str]) -> DataValidation:
    """That these cells take one of the words, or nothing."""
    rule = DataValidation("list", f'"{",".join(words)}"', allow_blank=True, sqref=cells)
    rule.error, rule.errorTitle, rule.showErrorMessage = " or ".join(words), name, True
    return rule


def _cell(sheet: Any, value: Cell, *, bold: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, readable(value) if isinstance(value, str) else value)
    if isinstance(value, str):
        cell.data_type = "s"  # text, also where it begins with =
    if bold:
        cell.font = Font(bold=True)
    return cell


def _undated(content: bytes) -> bytes:
    """The same file without the time of day in it: same rows, same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = _MODIFIED.sub(rb"\g<1>2000-01-01T00:00:00Z", part)
            new.writestr(zipfile.ZipInfo(name, _DATE), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()
