"""Excel workbooks (.xlsx) as tables: each worksheet that holds anything.

In: a file's bytes. Out: its sheets, cells as people see them: 3 for 3.0, a formula's last result. What a spreadsheet
program makes of a cell behind the typist's back (a date, a percentage, an error) is no text: the cell says what is
wrong with it. Nothing is computed and nothing outside of the file is opened; XML that could grow is refused.
"""

import datetime
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.ingest.sheets import MOST_CELLS, MOST_COLUMNS, RawLayoutError, Row, Sheet, trimmed

MOST_UNPACKED = 500_000_000
"""Bytes that a workbook may unpack to: what is packed small may be large (a zip bomb)."""

DATE = "a date or time, which spreadsheets make of 1-2 or 3.4; format the cells as text and type it anew"
SAVE = "open it in the spreadsheet program and save it again, or save it as CSV UTF-8"


def is_workbook(data: bytes) -> bool:
    """Whether these bytes are a zip archive, as workbooks are."""
    return data.startswith(b"PK\x03\x04")


def read_workbook(path: Path, data: bytes) -> list[Sheet]:
    """The worksheets that hold anything. RawLayoutError: no workbook, damaged, too large."""
    _check(path, data)
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl of drawings, validations and styles, which no table needs
        try:
            results = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            written = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            pairs = [(s, written[s.title]) for s in results.worksheets if hasattr(s, "reset_dimensions")]  # no charts
            for sheet in (sheet for pair in pairs for sheet in pair):
                sheet.reset_dimensions()  # what some programs say of a sheet's size is wrong
            return [trimmed(path, sheet.title, _rows(path, sheet, formulas)) for sheet, formulas in pairs]
        except (RawLayoutError, MemoryError):
            raise
        except Exception as error:  # what openpyxl raises of a damaged file has no common base
            raise RawLayoutError(f"{path}: a damaged workbook ({type(error).__name__}); {SAVE}") from error


def _check(path: Path, data: bytes) -> None:
    """RawLayoutError unless this is a workbook whose parts can be opened without harm."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            size = sum(part.file_size for part in parts)
            if size > MOST_UNPACKED:
                raise RawLayoutError(
                    f"{path}: unpacks to {size / 1e6:,.0f} MB; {MOST_UNPACKED / 1e6:.0f} MB are read; split it"
                )
            if "[Content_Types].xml" not in {part.filename for part in parts}:
                raise RawLayoutError(f"{path}: not an Excel workbook (.xlsx), though packed like one; {SAVE}")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise RawLayoutError(f"{path}: a damaged or locked workbook; {SAVE}") from error


def _rows(path: Path, results: Any, formulas: Any) -> Iterator[Row]:
    """Rows, cut to their filled cells, each as long as the longest before it."""
    width, cells = 0, 0
    for found, written in zip(results.iter_rows(), formulas.iter_rows(), strict=False):
        cells += max(len(found), 1)
        texts: list[str] = []
        wrong: dict[int, str] = {}
        number = 0
        for place, (cell, formula) in enumerate(zip(found, written, strict=False)):
            text, reason = _text(cell, formula.value)
            texts.append(text)
            if reason:
                wrong[place] = reason
            number = getattr(cell, "row", number) or number
        while texts and not texts[-1] and len(texts) - 1 not in wrong:
            texts.pop()
        if len(texts) > MOST_COLUMNS or cells > MOST_CELLS:
            raise RawLayoutError(
                f"{path}: line {number}: too large; {MOST_COLUMNS:,} columns and {MOST_CELLS:,} cells are read"
            )
        width = max(width, len(texts)) if texts else width
        if texts:
            yield Row(number, tuple(texts) + ("",) * (width - len(texts)), wrong)


def _text(cell: Any, formula: object) -> tuple[str, str | None]:
    """A cell as text, and what is wrong with it where it is not what was typed."""
    value = cell.value
    if value is None:
        if isinstance(formula, str) and formula.startswith("="):
            return formula, "a formula without a result; open the workbook, save it, or write the value"
        return "", None
    if isinstance(value, bool):
        return str(value).upper(), None
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return str(value).removesuffix(" 00:00:00"), DATE
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int | float):
        if "%" in str(cell.number_format):
            return f"{value * 100:.15g}%", "a percentage; write the number without %"
        if isinstance(value, int) and re.fullmatch("0+", str(cell.number_format)):
            return f"{value:0{len(cell.number_format)}d}", None  # 7 shown as 007
        return str(value) if isinstance(value, int) else format(value, ".15g"), None
    text = str(value).strip()
    if cell.data_type == "e":
        return text, f"the spreadsheet's error {text}; put the formula right, or write the value"
    return text, None
