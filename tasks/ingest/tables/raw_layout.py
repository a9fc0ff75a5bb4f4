"""Reading the raw layout's tables: every row either usable or refused with its line and a reason.

In: the raw folder and the batches added to it, each with images.csv, ratings.csv and references.csv
(docs/raw-layout.md). Out: rows with line numbers. A file whose columns or encoding are wrong stops everything at once
(`RawLayoutError`), since nothing in it can be trusted; a bad row costs that row.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.ingest.tables.file_names import Names, table_of
from tasks.ingest.tables.sheets import RawLayoutError, Row, Sheet, read_sheets
from tasks.schemas.ingest import REFUSALS

BATCHES = "batches"
"""The folder inside `data.added` that holds one folder per batch."""


UNSEEN = "hidden; show it (right click on the sheets' names), or delete it"


@dataclass(frozen=True)
class Folder:
    """A folder in the raw layout. `prefix`: what its files' names begin with when another folder's CSV names them."""

    path: Path
    prefix: str

    def table(self, kind: str, required: Sequence[str]) -> Path | None:
        """Its table of images, ratings or references (`table_of` of file_names); None where it has none."""
        return table_of(self.path, kind, required)


def folders(raw: Path, added: Path) -> list[Folder]:
    """The raw folder, then the batches added to it, in the order of their names (their dates)."""
    inside = sorted((added / BATCHES).iterdir()) if (added / BATCHES).is_dir() else []
    batches = [batch for batch in inside if batch.is_dir() and not batch.name.startswith(".")]
    return [Folder(raw, ""), *(Folder(batch, f"{batch.name}/") for batch in batches)]


@dataclass(frozen=True)
class Line:
    """One row of a table: its line number (the header is 1) and its cells, stripped; empty cells are ''.

    `wrong`: by column, why a cell is not what was typed (a date that a spreadsheet made of 1-2); `decimal_comma`: the
    file separates its cells so that a comma can only be a decimal mark; `sheet`: the worksheet's name, '' for text.
    """

    source: str
    number: int
    cells: dict[str, str]
    wrong: Mapping[str, str] = field(default_factory=dict)
    decimal_comma: bool = False
    sheet: str = ""

    def refused(self, reason: str) -> dict[str, object]:
        """This line as a row of the refusals table."""
        return {"source": self.source, "line": self.number, "path": self.cells["path"], "reason": reason}


def read_lines(
    path: Path, *, required: Sequence[str], optional: Sequence[str] | None, prefix: str = ""
) -> Iterator[Line]:
    """The rows of a person's table, CSV or .xlsx (tasks.ingest.tables.sheets); `prefix` and its name are their source.

    In a workbook with several worksheets, the worksheet's name too.

    Columns may stand in any order; `optional` None: there may be any others, too. RawLayoutError for a
    missing file, an unknown or missing column, or a file that cannot be trusted as a whole.
    """
    try:
        sheets = read_sheets(path)
    except FileNotFoundError:
        raise RawLayoutError(f"{path}: no such file; columns: {', '.join([*required, *(optional or ())])}") from None
    sheet = _the_one(path, sheets, required)
    which = f", sheet {sheet.name!r}" if len(sheets) > 1 else ""
    _check_header(f"{path}{which}", sheet, required, optional)
    for row in sheet.rows:
        wrong = {sheet.columns[place]: reason for place, reason in row.wrong.items()}
        cells = dict(zip(sheet.columns, row.cells, strict=True))
        yield Line(prefix + path.name + which, row.number, cells, wrong, sheet.separator in (";", "\t"), sheet.name)


def _the_one(path: Path, sheets: Sequence[Sheet], required: Sequence[str]) -> Sheet:
    """The worksheet that has the columns, else the only one that has two of them; the only one where there is one."""
    every, sheets = sheets, [sheet for sheet in sheets if not sheet.hidden]
    fitting = [sheet for sheet in sheets if set(required) <= set(sheet.columns)]
    for sheet in () if fitting else every:
        if set(required) <= set(sheet.columns):
            raise RawLayoutError(f"{path}: sheet {sheet.name!r} has the columns {', '.join(required)}, but is {UNSEEN}")
    if not fitting:
        near = [sheet for sheet in sheets if len(set(required) & set(sheet.columns)) >= 2]
        fitting = near if len(near) == 1 else []  # its header is wrong, which is told
    if len(sheets) > 1 and len(fitting) != 1:
        names = ", ".join(repr(sheet.name) for sheet in fitting or sheets)
        which = "all have" if fitting else "none has"
        raise RawLayoutError(f"{path}: sheets {names}: {which} the columns {', '.join(required)}; keep one such sheet")
    return (fitting or sheets or [Sheet("", Row(1, ()), ())])[0]


def _check_header(where: str, sheet: Sheet, required: Sequence[str], optional: Sequence[str] | None) -> None:
    """RawLayoutError unless the header has every required column, each once, and no other than the optional ones."""
    wrong = [f"no column {name}" for name in required if name not in sheet.columns]
    otherwise = "" if wrong else "; delete it"
    for number, (cell, name) in enumerate(zip(sheet.header.cells, sheet.columns, strict=True), 1):
        if sheet.columns.index(name) < number - 1:
            wrong.append(f"column {number} is a second {name}")
        elif optional is not None and name not in {*required, *optional}:
            near = get_close_matches(name, [*required, *optional], 1)
            meant = f" (meant: {near[0]}?)" if near else otherwise
            wrong.append(f"column {number}, {cell[:60]!r}, is not known{meant}")
    if wrong:
        accepted = f"needed: {', '.join(required)}; optional: {', '.join(optional or ()) or 'none'}"
        raise RawLayoutError(
            f"{where}: line {sheet.header.number}: {'; '.join(wrong)}{one_cell(sheet)}. Columns {accepted}"
        )


def one_cell(sheet: Sheet) -> str:
    """`. The whole line is one cell: ...` and what to do, where it is; else nothing."""
    if len(sheet.columns) != 1 or not any(mark in sheet.header.cells[0] for mark in ",;\t|"):
        return ""
    how = "separate its cells by commas, without quotes around the line"
    if sheet.name:  # of a workbook
        how = "in Excel, `Text to Columns` (Data) puts them into columns of their own"
    return f". The whole line is one cell: {how}"


def ids_by_name(images: pa.Table) -> Names:
    """image_id by every name of the image, from the images table (columns image_id, names)."""
    rows = images.select(["image_id", "names"]).to_pylist()
    return Names({name: row["image_id"] for row in rows for name in row["names"]})


def refusals_table(rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Refused lines and remarks (tasks.ingest.raw_folders.remarks) as a table, in file and line order."""
    known = ({"kind": "refused"} | row for row in rows)
    return REFUSALS.table(sorted(known, key=lambda row: (str(row["source"]), row["line"], str(row["path"]))))
