"""Tables as text: commas, semicolons or tabs, in the encodings that spreadsheet programs write.

In: a file's bytes. Out: its one sheet. UTF-8 with or without a byte order mark, and UTF-16. Other encodings are never
guessed, since one byte is another letter in each, and a wrong letter is another person.
"""

import csv
import io
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from tasks.ingest.tables.sheets import MOST_CELLS, MOST_COLUMNS, RawLayoutError, Row, Sheet, trimmed

SEPARATORS = (",", ";", "\t")
MARKS = (
    *((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32")),
    *((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")),
)
"""Byte order marks and what follows them."""

MOST_NAMES = 64 * 1024
"""Bytes of a list of names."""


def read_text(path: Path, data: bytes) -> list[Sheet]:
    """The sheet. RawLayoutError: another encoding, an open quote, cells outside of the columns."""
    if data and not data.strip(b"\0"):
        raise RawLayoutError(f"{path}: nothing but zeros; its copy was not finished")
    text = _decoded(path, data)
    separator, begin = _separator(text)
    return [trimmed(path, "", _rows(path, text, separator, begin), separator)]


def read_names(path: Path) -> list[str]:
    """The lines of a text file that are not empty, in the same encodings.

    RawLayoutError: another encoding, too long, or no file (a folder, a link, a pipe that nobody writes to).
    """
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise RawLayoutError(f"{path}: not a text file; write the names into one, one per line")
    if found.st_size > MOST_NAMES:
        raise RawLayoutError(f"{path}: {found.st_size:,} bytes; a list of names has at most {MOST_NAMES:,}")
    return [line.strip() for line in _decoded(path, path.read_bytes()).splitlines() if line.strip()]


def _decoded(path: Path, data: bytes) -> str:
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), None) or _unmarked(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if not encoding.startswith("utf-8"):
            raise RawLayoutError(f"{path}: damaged {encoding[:6].upper()} text; save the file as CSV UTF-8") from None
        line = data[: error.start].count(b"\n") + 1
        byte = data[error.start]
        raise RawLayoutError(
            f"{path}: line {line}: byte 0x{byte:02x} is not UTF-8{_windows(data, byte)}; save the file as UTF-8 (in "
            "Excel: 'CSV UTF-8'), or as an Excel workbook (.xlsx)"
        ) from None


def _unmarked(data: bytes) -> str:
    """UTF-16 without its mark has a zero in every second byte of its header; all else is taken for UTF-8."""
    head = data[:64]
    if len(head) >= 8 and len(data) % 2 == 0:
        if not any(head[1::2]) and all(head[::2]):
            return "utf-16-le"
        if not any(head[::2]) and all(head[1::2]):
            return "utf-16-be"
    return "utf-8"


def _windows(data: bytes, byte: int) -> str:
    """What the byte would be in the encoding that most such files turn out to have."""
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return ""
    return f"; in CP1252 (Windows, Western), which it may be, this is {bytes([byte]).decode('cp1252')}"


def _separator(text: str) -> tuple[str, int]:
    """What separates cells, and how many lines to pass over: what a line `sep=;` says, else what the header holds."""
    start = text.lstrip("\r\n")
    first = start.splitlines()[0].strip(' "') if start else ""
    if first.lower().startswith("sep=") and len(first) > 4:
        return first[4], 1
    return max(SEPARATORS, key=lambda mark: _cells(start, mark)), 0


def _cells(text: str, separator: str) -> int:
    """How many cells the first row has."""
    try:
        return len(next(csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=separator), ()))
    except csv.Error:
        return 0


def _rows(path: Path, text: str, separator: str, begin: int) -> Iterator[Row]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=separator != "\t"
    )
    cells, line = 0, 0
    try:
        for found in reader:
            line, began = reader.line_num, line + 1
            if begin and any(found):
                begin -= 1
                continue
            if not "".join(found).strip(" ,;\t\x1a"):
                continue  # an empty row, also of another separator; the end mark of old systems
            cells += len(found)
            if len(found) > MOST_COLUMNS or cells > MOST_CELLS:
                raise RawLayoutError(
                    f"{path}: line {began}: too large; {MOST_COLUMNS:,} columns and {MOST_CELLS:,} cells are read"
                )
            if found[0].startswith(("<<<<<<< ", ">>>>>>> ")) or found == ["======="]:
                raise RawLayoutError(
                    f"{path}: line {began}: a mark of a merge that git left unfinished; keep one of the two versions, "
                    "and delete the marks"
                )
            yield Row(began, tuple(_typed(cell.strip()) for cell in found))
    except csv.Error as error:
        raise RawLayoutError(f"{path}: the row that begins in line {line + 1}: {_said(str(error))}") from error


def _typed(cell: str) -> str:
    """The text of a cell that programs write as `="007"`, so that spreadsheets keep its zeros."""
    found = re.fullmatch(r'="([^"=]*)"', cell)
    return found[1].strip() if found else cell


def _said(error: str) -> str:
    """What the reader of the standard library complains of, in other words."""
    if "unexpected end" in error:
        return 'a quote (") opens in it that is never closed'
    if "expected after" in error:
        return 'a quoted cell (") goes on after its closing quote; write a quote inside a cell twice ("")'
    if "field larger" in error:
        return 'a cell of more than 100,000 letters; a quote (") may be open'
    return error
