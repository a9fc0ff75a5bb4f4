"""A person's table as it lies there, whatever program wrote it: rows of cells, each row with its line number.

In: a file, `.csv` or like it, or `.xlsx`; what it is shows in its bytes, not in its name. Out: one sheet per table in
it, wholly empty rows and columns left out. A file that cannot be trusted as a whole is a `RawLayoutError` with file,
line and what to do. Does not know what the columns mean (tasks.ingest.tables.raw_layout does). docs/raw-layout.md lists
what is read.
"""

import stat
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from tasks.base.words import counted
from tasks.errors import InputError
from tasks.ingest.tables.cell_text import broken

MOST_BYTES = 100_000_000
"""The largest table that is read, as a file; a rating takes some 60 bytes."""

MOST_CELLS = 10_000_000
MOST_COLUMNS = 1_000
"""The largest table that is read, as cells."""

KEPT = 4
"""Files whose tables stay in memory: those of one batch, which several modules ask for."""


class RawLayoutError(InputError):
    """A table cannot be used at all; the message names the file, the line and what is accepted."""


@dataclass(frozen=True)
class Row:
    """One row: its line (a spreadsheet's row number), its cells as text, and by column what is wrong with a cell."""

    number: int
    cells: Sequence[str]
    wrong: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """One table of a file. `name`: the worksheet's, '' where a file is one table; columns: as many as the header's.

    `hidden`: a worksheet that a spreadsheet program does not show.
    """

    name: str
    header: Row
    rows: Sequence[Row]
    separator: str = ""
    hidden: bool = False

    @property
    def columns(self) -> list[str]:
        """The header's names as they are compared: `Subject ID ` is subject_id."""
        return [column_name(cell) for cell in self.header.cells]


def read_sheets(path: Path) -> tuple[Sheet, ...]:
    """The tables of a file that hold anything; none for an empty one. The same bytes are taken apart once.

    FileNotFoundError for a missing file. RawLayoutError: no regular file, too large, no table, damaged, in another
    encoding, open quotes, cells outside the named columns.
    """
    return _parsed(path, _bytes(path))


@lru_cache(maxsize=KEPT)
def _parsed(path: Path, data: bytes) -> tuple[Sheet, ...]:
    from tasks.ingest.tables.delimited import read_text
    from tasks.ingest.tables.workbooks import is_workbook, read_workbook

    if reason := _strange(data):
        raise RawLayoutError(f"{path}: {reason}; save it as CSV UTF-8 or as an Excel workbook (.xlsx)")
    sheets = read_workbook(path, data) if is_workbook(data) else read_text(path, data)
    return tuple(sheet for sheet in sheets if sheet.header.cells)


def _bytes(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISDIR(status.st_mode) and not stat.S_ISREG(status.st_mode):
            raise RawLayoutError(f"{path}: not a file")
        if status.st_size > MOST_BYTES:
            raise RawLayoutError(
                f"{path}: {status.st_size / 1e6:,.0f} MB; a table may have {MOST_BYTES / 1e6:.0f} MB; split it"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RawLayoutError(f"{path}: cannot be read: {error.strerror}") from error


def _strange(data: bytes) -> str | None:
    """What a file is that is named like a table and is none."""
    kinds = {
        b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls), or one with a password",
        b"%PDF": "a PDF",
        b"{\\rtf": "a text of a word processor (RTF)",
        b"\xff\xd8\xff": "a JPEG picture",
        b"\x89PNG": "a PNG picture",
        b"\x1f\x8b": "packed with gzip: unpack it",
        b"version https://git-lfs": "a pointer of Git LFS: fetch the file (git lfs pull)",
    }
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:14].lower().startswith((b"<!doctype html", b"<html", b"<?xml", b"<table")):
        return "a web page or XML"
    return next((f"this is {what}" for begin, what in kinds.items() if head.startswith(begin)), None)


def column_name(cell: str) -> str:
    """A header's cell as it is compared: no case, width or invisible characters; `_` for blanks, dashes and dots."""
    letters = (letter for letter in unicodedata.normalize("NFKC", cell) if unicodedata.category(letter) != "Cf")
    return "_".join("".join(" " if letter in "-_." else letter for letter in letters).casefold().split())


def trimmed(path: Path, name: str, rows: Iterable[Row], separator: str = "") -> Sheet:
    """A sheet of rows as they come: the first one that is not empty is the header, columns that are wholly empty go.

    RawLayoutError: a cell where the header has no name, or a row that ends before the header does (workbooks' rows
    are filled up before).
    """
    kept = [row for row in rows if any(row.cells) or row.wrong]
    if not kept:
        return Sheet(name, Row(1, ()), ())
    header, lines = kept[0], kept[1:]
    named = [number for number, cell in enumerate(header.cells) if cell]
    for row in lines:
        for number, cell in enumerate(row.cells):
            if cell and (number >= len(header.cells) or not header.cells[number]):
                raise RawLayoutError(
                    f"{path}: {_at(name)}line {row.number}: {counted(len(named), 'cell')} expected, as in the header, "
                    f"but column {number + 1} has no name in line {header.number} and holds {cell[:40]!r} here; name "
                    f"the column or empty it; {_titled(header, row) or 'a comma inside a cell needs quotes'}"
                )
        if len(row.cells) <= named[-1]:
            raise RawLayoutError(
                f"{path}: {_at(name)}line {row.number}: {counted(len(named), 'cell')} expected, as in the header; "
                f"there are {len(row.cells)}{_other_separator(row, separator)}"
            )
    place = {old: new for new, old in enumerate(named)}
    return Sheet(
        name,
        Row(header.number, tuple(header.cells[number] for number in named)),
        tuple(
            Row(
                row.number,
                tuple(row.cells[number] for number in named),
                _broken(row, named) | {place[old]: reason for old, reason in row.wrong.items() if old in place},
            )
            for row in lines
        ),
        separator,
    )


def _titled(header: Row, row: Row) -> str:
    """What to do where the first line is perhaps no header, but a title above it: another has twice as many cells."""
    named = list(filter(None, header.cells))
    if 2 * len(named) > len(list(filter(None, row.cells))):
        return ""
    return f"if line {header.number}, {named[0][:40]!r}, is a title, delete the lines above the header"


def _broken(row: Row, named: Sequence[int]) -> dict[int, str]:
    """Cells in which a spreadsheet's formula failed, by their place among the named columns."""
    found = {new: broken(row.cells[old]) for new, old in enumerate(named)}
    return {place: reason for place, reason in found.items() if reason}


def _other_separator(row: Row, separator: str) -> str:
    names = {",": "commas", ";": "semicolons", "\t": "tabs"}
    for other, called in names.items():
        if other != separator and other in row.cells[0]:
            return f"; this line is separated by {called}, the header by {names.get(separator, separator)}"
    return ""


def _at(name: str) -> str:
    return f"sheet {name!r}, " if name else ""
