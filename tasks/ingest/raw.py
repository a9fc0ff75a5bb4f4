"""Reading the raw layout's CSV files: every row either usable or refused with its line and a reason.

In: the raw folder and the batches added to it, each with images.csv, ratings.csv and references.csv
(docs/raw-layout.md). Out: rows with line numbers. A file whose columns or encoding are wrong stops everything at once
(`RawLayoutError`), since nothing in it can be trusted; a bad row costs that row.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tasks.errors import InputError
from tasks.schemas.ingest import REFUSALS


class RawLayoutError(InputError):
    """A CSV file cannot be used at all; the message names the file, the line and what is accepted."""


BATCHES = "batches"
"""The folder inside `data.added` that holds one folder per batch."""


@dataclass(frozen=True)
class Folder:
    """A folder in the raw layout. `prefix`: what its files' names begin with when another folder's CSV names them."""

    path: Path
    prefix: str

    def csv(self, kind: str) -> Path:
        """Its images.csv, ratings.csv or references.csv, which need not exist."""
        return self.path / f"{kind}.csv"


def folders(raw: Path, added: Path) -> list[Folder]:
    """The raw folder, then the batches added to it, in the order of their names (their dates)."""
    inside = sorted((added / BATCHES).iterdir()) if (added / BATCHES).is_dir() else []
    batches = [batch for batch in inside if batch.is_dir() and not batch.name.startswith(".")]
    return [Folder(raw, ""), *(Folder(batch, f"{batch.name}/") for batch in batches)]


@dataclass(frozen=True)
class Line:
    """One row of a CSV file: its line number (the header is 1) and its cells, stripped; empty cells are ''."""

    source: str
    number: int
    cells: dict[str, str]

    def refused(self, reason: str) -> dict[str, object]:
        """This line as a row of the refusals table."""
        return {"source": self.source, "line": self.number, "path": self.cells["path"], "reason": reason}


def read_lines(path: Path, *, required: Sequence[str], optional: Sequence[str], prefix: str = "") -> Iterator[Line]:
    """The file's rows; `prefix` and its name are their source.

    RawLayoutError for a missing file, an unknown or missing column, or text that is not UTF-8.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise RawLayoutError(f"{path}: no such file; columns: {', '.join([*required, *optional])}") from None
    except OSError as error:
        raise RawLayoutError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise RawLayoutError(f"{path}: line {line}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
        _check_header(path, header, required, optional)
        reader.fieldnames = header
        for row in reader:
            if not any(str(cell or "").strip() for cell in row.values()):
                continue
            if row.get(None) or None in row.values():
                raise RawLayoutError(f"{path}: line {reader.line_num}: {len(header)} cells expected, as in the header")
            yield Line(prefix + path.name, reader.line_num, {name: row[name].strip() for name in header})
    except csv.Error as error:
        raise RawLayoutError(f"{path}: the row that begins in line {reader.line_num + 1}: {error}") from error


def _check_header(path: Path, header: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> None:
    missing = [name for name in required if name not in header]
    strange = [name for name in header if name not in {*required, *optional}]
    twice = sorted({name for name in header if header.count(name) > 1})
    if missing or strange or twice:
        raise RawLayoutError(
            f"{path}: line 1: missing columns {missing}, unknown {strange}, repeated {twice};"
            f" required: {', '.join(required)}; optional: {', '.join(optional) or 'none'}"
        )


def ids_by_name(images: pa.Table) -> dict[str, str]:
    """image_id by every name of the image, from the images table (columns image_id, names)."""
    return {name: row["image_id"] for row in images.select(["image_id", "names"]).to_pylist() for name in row["names"]}


def refusals_table(rows: Sequence[dict[str, object]]) -> pa.Table:
    """Refused lines as a table, in file and line order."""
    return REFUSALS.table(sorted(rows, key=lambda row: (str(row["source"]), int(str(row["line"])), str(row["path"]))))
