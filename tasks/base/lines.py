"""CSV files that only grow: a line is appended, flushed to the disk, and from then on stands there.

In: a file, its columns, a row. Out: one line more, readable by its owner alone. Two processes may append at once. What
a power failure left of a line that was never confirmed is cut off by the next one; a last line that has all its cells
and no end, as some editors leave it, is told. Knows nothing of what stands in a file.
"""

import codecs
import csv
import errno
import fcntl
import io
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tasks.base.sheets import Cell, inert
from tasks.errors import InputError


class LinesError(InputError):
    """A file is not what was appended to it; the message names the file and the line."""


def append(file: Path, columns: Sequence[str], row: Mapping[str, Cell]) -> None:
    """Append the row, a cell for each column; when this returns it is on the disk. OSError names the file.

    Text stands on one line: white space of any kind is one blank. It is never a live formula of a spreadsheet.
    LinesError: the last line has all its cells and no end.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        _begin(file, _line(columns))
    opened = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        _cut_torn(opened, file, columns)
        empty = os.fstat(opened).st_size == 0
        line = _line([_cell(row[name]) for name in columns])
        _write(opened, (_line(columns) if empty else b"") + line)
        os.fsync(opened)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error
    finally:
        os.close(opened)


def _begin(file: Path, header: bytes) -> None:
    """The file with its header, whole or not at all; one that is there by now stays."""
    opened, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".tmp")
    try:
        os.write(opened, header)
        os.fsync(opened)
        _place(Path(temporary), file)
    finally:
        os.close(opened)
        Path(temporary).unlink(missing_ok=True)
    _sync_folder(file.parent)


def _place(temporary: Path, file: Path) -> None:
    try:
        file.hardlink_to(temporary)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not file.exists():
            temporary.rename(file)


def read(file: Path, columns: Sequence[str], *, by: str) -> Iterator[tuple[str, list[str]]]:
    """Where each line stands, for people, and its cells, text as it was given; none where the file is not there.

    What a power failure left of the last line is no line. LinesError: no header, or another one, another number of
    cells, no text, a last line with all its cells and no end. `by`: who writes the file, for the message.
    """
    content = file.read_bytes() if file.exists() else None
    if content is not None and b"\n" not in content:
        raise LinesError(f"{file}: empty, where {by} wrote lines; get it back (git, a backup), or delete it")
    content = content or b""
    whole = content[: content.rfind(b"\n") + 1].removeprefix(codecs.BOM_UTF8)
    for number, line in enumerate(whole.split(b"\n")[:-1], 1):
        where = f"{file}, line {number}"
        row = _cells(line)
        if number == 1 and row != list(columns):
            raise LinesError(
                f"{where}: not as {by} wrote it; its columns are {', '.join(columns)}, separated by commas"
            )
        if row is None or len(row) != len(columns):
            raise LinesError(f"{where}: not as {by} wrote it; put it right, or delete the line")
        if number > 1:
            yield where, [plain(cell) for cell in row]
    _check_end(content, file, columns)


def _check_end(content: bytes, file: Path, columns: Sequence[str]) -> None:
    """LinesError where the last line has all its cells and no end: an editor's work, or cut off within a number."""
    last = content[content.rfind(b"\n") + 1 :].strip()
    if last and len(_cells(last) or ()) == len(columns):
        number = content.count(b"\n") + 1
        raise LinesError(
            f"{file}, line {number}: its end is missing, so nobody knows whether it is whole; if it is, open the file "
            "in an editor and press Enter behind it, else delete it"
        )


def _cells(line: bytes) -> list[str] | None:
    """One line's cells; None where it is no CSV, or not in UTF-8. No cell goes on in the next line."""
    try:
        return next(csv.reader([line.decode()], strict=True), [])
    except (csv.Error, UnicodeDecodeError):
        return None


def plain(text: str) -> str:
    """The text as it was before a spreadsheet's formula was made inert."""
    return text[1:] if text[:1] == "'" and inert(text[1:]) == text else text


def _cell(value: Cell) -> Cell:
    return inert(" ".join(value.split())) if isinstance(value, str) else value


def _line(cells: Sequence[Cell]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode("utf-8")


def _write(opened: int, content: bytes) -> None:
    """All of it; of what a full disk took in part, nothing."""
    size = os.fstat(opened).st_size
    try:
        if os.write(opened, content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        os.ftruncate(opened, size)
        raise


def _cut_torn(opened: int, file: Path, columns: Sequence[str]) -> None:
    """Take away what stands behind the last line's end. LinesError where it could be a line."""
    size = os.fstat(opened).st_size
    if size and os.pread(opened, 1, size - 1) != b"\n":
        content = os.pread(opened, size, 0)
        _check_end(content, file, columns)
        os.ftruncate(opened, content.rfind(b"\n") + 1)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
