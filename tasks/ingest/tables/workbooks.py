"""Excel workbooks (.xlsx) as tables: each worksheet that holds anything.

In: a file's bytes. Out: its sheets, cells as people see them: 3 for 3.0, a formula's last result, a merged column's one
value in each of its rows. What a spreadsheet program makes of a cell behind the typist's back
(tasks.ingest.tables.cell_text), and what people may not see (hidden rows, merged cells beside each other), is told: the
cell says what is wrong. Nothing is computed and nothing outside of the file is opened; XML that could grow is refused.
"""

import io
import re
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.parsers import expat

from tasks.ingest.tables.cell_text import cell_text
from tasks.ingest.tables.sheets import MOST_CELLS, MOST_COLUMNS, RawLayoutError, Row, Sheet, trimmed

MOST_UNPACKED = 64_000_000
"""Bytes that the packed parts of a workbook may unpack to; pictures, which hardly shrink, do not count."""

MOST_SHRUNK = 60
ALWAYS_UNPACKED = 1_000_000
"""How often larger than the file its parts may be, beyond the first bytes. Tables shrink to an 18th at the most."""

MOST_LISTED = 100_000
"""Elements in the lists of a workbook's styles and parts, which are read before any cell."""

LISTS = re.compile(r"xl/styles\.xml|xl/workbook\.xml|\[Content_Types\]\.xml|.*\.rels")

MOST_ROWS = 1_048_576
"""Rows of a worksheet, by the format."""

MOST_LINES = 2 * MOST_ROWS
"""Rows of all worksheets together, from the first to the last that is filled."""

MOST_MERGED = 100_000
"""Cells that are merged with others, in a worksheet."""

HIDDEN = "in a row that is hidden, by hand or by a filter; show all rows, and delete those that are not meant"
SIDEWAYS = "merged with the cells beside it; unmerge them and fill each"
HEADED = "merged with the header's cell above it; unmerge them and fill each"
STRUCK = "struck through; delete it if it does not count, else take the line away"
SAVE = "open it in the spreadsheet program and save it again, or save it as CSV UTF-8"

OTHERS = {
    "content.xml": "an OpenDocument spreadsheet (.ods), whatever its name",
    "xl/workbook.bin": "a binary Excel workbook (.xlsb), whatever its name",
    "Index/Document.iwa": "a Numbers document, whatever its name",
    "word/document.xml": "a Word document, whatever its name",
}
"""Other programs' packed files, by a part that only these have."""

Text = tuple[str, str | None]
"""A cell's text, and what is wrong with it."""


@dataclass(frozen=True)
class Marks:
    """What a worksheet says of its rows and cells besides their contents.

    `hidden`: numbers of rows; `merged`: by row and column the cells that show nothing of their own, and whether they
    share the value of the cell above them, in a merged column, or lie sideways of it; `last`: the last row that holds
    anything.
    """

    hidden: frozenset[int]
    merged: Mapping[int, Mapping[int, bool]]
    last: int


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
            pairs: list[tuple[Any, Any]] = [
                (sheet, written[sheet.title]) for sheet in results.worksheets if hasattr(sheet, "reset_dimensions")
            ]  # no charts
            if len({sheet._worksheet_path for sheet, _ in pairs}) < len(pairs):
                raise RawLayoutError(f"{path}: a damaged workbook: two worksheets are one and the same; {SAVE}")
            for sheet in (sheet for pair in pairs for sheet in pair):
                sheet.reset_dimensions()  # what some programs say of a sheet's size is wrong
            marks = [_marks(path, sheet) for sheet, _ in pairs]
            if (lines := sum(found.last for found in marks)) > MOST_LINES:
                raise RawLayoutError(f"{path}: too large; {lines:,} rows, empty ones too; {MOST_LINES:,} are read")
            return [
                replace(
                    trimmed(path, pair[0].title, _rows(path, *pair, found)), hidden=pair[0].sheet_state != "visible"
                )
                for pair, found in zip(pairs, marks, strict=True)
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
            _check_size(path, len(data), parts)
            names = {part.filename for part in parts}
            for part_name, other in OTHERS.items():
                if part_name in names:
                    raise RawLayoutError(f"{path}: {other}; save it as an Excel workbook (.xlsx) or as CSV UTF-8")
            if "[Content_Types].xml" not in names:
                raise RawLayoutError(f"{path}: not an Excel workbook (.xlsx), though packed like one; {SAVE}")
            for part in parts:
                if LISTS.fullmatch(part.filename) and archive.read(part).count(b"<") > MOST_LISTED:
                    raise RawLayoutError(
                        f"{path}: {part.filename} has more than {MOST_LISTED:,} entries, as no table needs; copy the "
                        "cells, as values only, into a new workbook, or save it as CSV UTF-8"
                    )
    except (RawLayoutError, MemoryError):
        raise
    except Exception as error:  # of changed bytes zipfile and zlib raise what has no common base
        raise RawLayoutError(f"{path}: a damaged or locked workbook; {SAVE}") from error


def _check_size(path: Path, packed: int, parts: list[zipfile.ZipInfo]) -> None:
    """RawLayoutError where so few bytes hold so much that reading it would take minutes (a zip bomb)."""
    size = sum(part.file_size for part in parts if part.file_size > 2 * part.compress_size)
    if size > MOST_UNPACKED:
        raise RawLayoutError(
            f"{path}: unpacks to {size / 1e6:,.0f} MB; {MOST_UNPACKED / 1e6:.0f} MB are read; split it"
        )
    if size > max(ALWAYS_UNPACKED, MOST_SHRUNK * packed) or sum(part.compress_size for part in parts) > packed:
        raise RawLayoutError(
            f"{path}: {packed / 1e3:,.0f} kB that unpack to {size / 1e6:,.1f} MB: nearly all of it is empty rows, "
            "cells or styles; copy the cells that are filled into a new workbook, or save it as CSV UTF-8"
        )


class _Marker:
    """Reads a worksheet's marks and keeps nothing else. RawLayoutError: rows or cells that do not follow each other."""

    def __init__(self, where: str) -> None:
        self.where, self.most = where, MOST_MERGED
        self.row, self.column, self.last = 0, 0, 0
        self.hidden: set[int] = set()
        self.merged: dict[int, dict[int, bool]] = defaultdict(dict)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        name = tag.rpartition(":")[2]
        if name == "row":
            self._row(attributes)
        elif name == "c":
            self._cell(attributes.get("r", ""))
        elif name in ("v", "f", "is"):
            self.last = self.row
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def entity(self, *_: object) -> None:
        """XML that could grow."""
        raise RawLayoutError(f"{self.where}: a damaged workbook; {SAVE}")

    def _row(self, attributes: Mapping[str, str]) -> None:
        number = int(float(attributes.get("r", self.row + 1)))
        if number > MOST_ROWS:
            raise RawLayoutError(f"{self.where}: a row numbered {number}; a worksheet has {MOST_ROWS:,} rows; {SAVE}")
        if number <= self.row:
            raise RawLayoutError(
                f"{self.where}: row {number} is written after row {self.row}; rows come in order, each number once; "
                f"{SAVE}, and look whether all rows are there"
            )
        self.row, self.column = number, 0
        if attributes.get("hidden") in ("1", "true"):
            self.hidden.add(number)

    def _cell(self, place: str) -> None:
        from openpyxl.utils import column_index_from_string

        column = column_index_from_string(place.rstrip("0123456789")) if place else self.column + 1
        if column <= self.column:
            raise RawLayoutError(
                f"{self.where}: line {self.row}: cell {place} is written twice, or after cells right of it; {SAVE}, "
                "and look whether all cells are there"
            )
        self.column = column

    def _merge(self, cells: str) -> None:
        from openpyxl.utils import range_boundaries

        left, top, right, bottom = (int(end or 1) for end in range_boundaries(cells))
        self.most -= (right - left + 1) * (bottom - top + 1)
        if self.most < 0:
            raise RawLayoutError(f"{self.where}: too many merged cells; unmerge them")
        for row in range(top, bottom + 1):
            self.merged[row] |= dict.fromkeys(range(left, right + 1), left == right)
        del self.merged[top][left]


def _marks(path: Path, sheet: Any) -> Marks:
    """What the rows themselves do not say."""
    marker, parser = _Marker(f"{path}: sheet {sheet.title!r}"), expat.ParserCreate()
    parser.StartElementHandler, parser.EntityDeclHandler = marker.start, marker.entity
    with sheet._get_source() as source:
        parser.ParseFile(source)
    return Marks(frozenset(marker.hidden), marker.merged, marker.last)


def _rows(path: Path, results: Any, formulas: Any, marks: Marks) -> Iterator[Row]:
    """Rows, cut to their filled cells, each as long as the longest before it."""
    above: dict[int, Text] = {}
    width, cells, headed = 0, 0, False
    for number, (found, written) in enumerate(zip(results.iter_rows(), formulas.iter_rows(), strict=False), 1):
        if number > marks.last:
            break
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
            if not headed:  # no value of a row is the header's
                headed, above = True, dict.fromkeys(range(1, width + 1), ("", HEADED))


def _merged(own: list[Text], merged: Mapping[int, bool], above: dict[int, Text]) -> list[Text]:
    """A row's cells with what those mean that are merged with others. `above`: by column the last one that is not."""
    last = max([len(own), *(column for column, down in merged.items() if down and any(above.get(column, ())))])
    row = own + [("", None)] * (last - len(own))
    for column in [column for column in above if column > last and column not in merged]:
        above[column] = ("", None)  # empty here, and so is what is merged with it below
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
    text, wrong = cell_text(cell.value, cell.data_type, str(cell.number_format))
    return text, wrong or (STRUCK if cell.font.strike else None)
