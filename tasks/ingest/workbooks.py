"""Excel workbooks (.xlsx) as tables: each worksheet that holds anything.

In: a file's bytes. Out: its sheets, cells as people see them: 3 for 3.0, a formula's last result, a merged column's one
value in each of its rows. What a spreadsheet program makes of a cell behind the typist's back (tasks.ingest.shown), and
what people may not see (hidden rows, merged cells beside each other), is told: the cell says what is wrong. Nothing is
computed and nothing outside of the file is opened; XML that could grow is refused.
"""

import io
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasks.ingest.sheets import MOST_CELLS, MOST_COLUMNS, RawLayoutError, Row, Sheet, trimmed
from tasks.ingest.shown import shown

MOST_UNPACKED = 500_000_000
"""Bytes that a workbook may unpack to: what is packed small may be large (a zip bomb)."""

MOST_MERGED = 100_000
"""Cells that are merged with others, in a worksheet."""

HIDDEN = "in a row that is hidden, by hand or by a filter; show all rows, and delete those that are not meant"
SIDEWAYS = "merged with the cells beside it; unmerge them and fill each"
SAVE = "open it in the spreadsheet program and save it again, or save it as CSV UTF-8"


Text = tuple[str, str | None]
"""A cell's text, and what is wrong with it."""


@dataclass(frozen=True)
class Marks:
    """What a worksheet says of its rows and cells besides their contents.

    `hidden`: numbers of rows; `merged`: by row and column the cells that show nothing of their own, and whether they
    share the value of the cell above them, in a merged column, or lie sideways of it.
    """

    hidden: frozenset[int]
    merged: Mapping[int, Mapping[int, bool]]


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
            return [
                replace(trimmed(path, sheet.title, _rows(path, sheet, formulas)), hidden=sheet.sheet_state != "visible")
                for sheet, formulas in pairs
            ]
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


def _marks(path: Path, sheet: Any) -> Marks:
    """What the rows themselves do not say."""
    from openpyxl.utils import range_boundaries
    from openpyxl.xml.functions import iterparse  # of defusedxml: nothing grows

    hidden: set[int] = set()
    merged: dict[int, dict[int, bool]] = defaultdict(dict)
    number, most = 0, MOST_MERGED
    with sheet._get_source() as source:
        for _, element in iterparse(source):
            tag = element.tag.rpartition("}")[2]
            if tag == "row":
                number = int(element.get("r", number + 1))
                if element.get("hidden") in ("1", "true"):
                    hidden.add(number)
            elif tag == "mergeCell":
                left, top, right, bottom = (int(end or 1) for end in range_boundaries(element.get("ref", "")))
                most -= (right - left + 1) * (bottom - top + 1)
                if most < 0:
                    raise RawLayoutError(f"{path}: sheet {sheet.title!r}: too many merged cells; unmerge them")
                for row in range(top, bottom + 1):
                    merged[row] |= dict.fromkeys(range(left, right + 1), left == right)
                del merged[top][left]
            if tag in ("row", "mergeCell"):
                element.clear()
    return Marks(frozenset(hidden), merged)


def _rows(path: Path, results: Any, formulas: Any) -> Iterator[Row]:
    """Rows, cut to their filled cells, each as long as the longest before it."""
    marks, above = _marks(path, results), dict[int, Text]()
    width, cells = 0, 0
    for number, (found, written) in enumerate(zip(results.iter_rows(), formulas.iter_rows(), strict=False), 1):
        cells += max(len(found), 1)
        own = [_text(cell, formula.value) for cell, formula in zip(found, written, strict=False)]
        while own and own[-1] == ("", None):
            own.pop()
        if len(own) > MOST_COLUMNS or cells > MOST_CELLS:
            raise RawLayoutError(
                f"{path}: line {number}: too large; {MOST_COLUMNS:,} columns and {MOST_CELLS:,} cells are read"
            )
        row = _merged(own, marks.merged.get(number, {}), above)
        width = max(width, len(row))
        if own:
            wrong = {place: reason for place, (_, reason) in enumerate(row) if reason}
            if number in marks.hidden:
                wrong = dict.fromkeys(range(len(row)), HIDDEN)
            yield Row(number, tuple(text for text, _ in row) + ("",) * (width - len(row)), wrong)


def _merged(own: list[Text], merged: Mapping[int, bool], above: dict[int, Text]) -> list[Text]:
    """A row's cells with what those mean that are merged with others. `above`: by column the last one that is not."""
    last = max([len(own), *(column for column, down in merged.items() if down and above.get(column, ("", None))[0])])
    row = own + [("", None)] * (last - len(own))
    for column in range(1, len(row) + 1):
        if column not in merged:
            above[column] = row[column - 1]
        elif merged[column]:
            row[column - 1] = above.get(column, ("", None))
        else:
            row[column - 1] = ("", SIDEWAYS)
    return row


def _text(cell: Any, formula: object) -> Text:
    """A cell as text, and what is wrong with it where it is not what was typed."""
    if cell.value is None:
        if isinstance(formula, str) and formula.startswith("="):
            return formula, "a formula without a result; open the workbook, save it, or write the value"
        return "", None
    return shown(cell.value, cell.data_type, str(cell.number_format))
