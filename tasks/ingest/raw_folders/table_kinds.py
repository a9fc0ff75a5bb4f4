"""Which tables of the raw layout a file holds, told by the columns of its worksheets.

In: files that people call tables. Out: the kinds (`images`, `ratings`, `references`) that a file holds, with the
worksheet of each; what a batch calls a table; the worksheets of a workbook that is read which are not read themselves.
Does not know what stands in the rows.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from tasks.ingest.images.inventory import OPTIONAL, REQUIRED
from tasks.ingest.ratings.reading import CORRECTION_COLUMNS, RATING_COLUMNS, REFERENCE_COLUMNS
from tasks.ingest.tables.raw_layout import UNSEEN
from tasks.ingest.tables.sheets import RawLayoutError, Sheet, read_sheets
from tasks.ingest.tables.workbooks import is_workbook

FOUND_BY = {"images": REQUIRED, "ratings": RATING_COLUMNS, "references": REFERENCE_COLUMNS}
"""The columns by which each kind of table is known."""

LAYOUT = FOUND_BY | {"corrections": CORRECTION_COLUMNS}
"""Every table of the raw layout, with what this project writes itself, and the columns that each has."""

COLUMNS = FOUND_BY | {"images": (*REQUIRED, "consent")}
"""The columns that each needs in a batch."""

MORE = {"images": tuple(name for name in OPTIONAL if name != "consent"), "ratings": (), "references": ()}
"""The columns that each may have besides, in a batch."""

Kinds = dict[str, list[Sheet]]
"""By kind the worksheets that hold it; one, unless something is wrong."""


def kinds_in(path: Path, *, hidden: bool = False) -> Kinds:
    """The kinds of tables in a file, by the columns that they share with it: two at least; `hidden`: those unseen."""
    found: Kinds = {}
    for sheet in (sheet for sheet in read_sheets(path) if sheet.hidden is hidden):
        shared = {kind: len(set(sheet.columns) & set(columns)) for kind, columns in FOUND_BY.items()}
        best = max(shared, key=lambda kind: shared[kind])
        if shared[best] >= 2:
            found.setdefault(best, []).append(sheet)
    return found


def table_name(kind: str, table: Path) -> str:
    """What a table is called inside a batch, whatever it was before: `ratings.csv`, for a workbook `ratings.xlsx`."""
    with table.open("rb") as file:
        return f"{kind}.xlsx" if is_workbook(file.read(8)) else f"{kind}.csv"


def unread_sheets(read: Mapping[str, Path]) -> Iterator[tuple[Path, str, str]]:
    """Worksheets of these tables that look like a table and are not read: workbook, worksheet, why not.

    `read`: by kind the table that is read for it.
    """
    for table in dict.fromkeys(read.values()):
        with suppress(RawLayoutError):  # the stage that reads the table says what is wrong with it
            for kind, sheets in kinds_in(table).items():
                whole = [sheet for sheet in sheets if not _lacking(sheet, kind)]
                for sheet in sheets:
                    if sheet.name and (reason := _unread(kind, sheet, table, read, whole)):
                        yield table, sheet.name, reason
            for kind, sheets in kinds_in(table, hidden=True).items():
                yield from ((table, sheet.name, f"looks like a table of {kind}, but is {UNSEEN}") for sheet in sheets)


def _unread(kind: str, sheet: Sheet, table: Path, read: Mapping[str, Path], whole: list[Sheet]) -> str | None:
    """Why a worksheet is not read; None where it is, or where reading the table fails and says so."""
    if kind in read and read[kind] != table:
        return f"a second table of {kind}, which are read from {read[kind].name}; keep one of the two"
    if kind not in read:
        return f"looks like a table of {kind}, but has no column {', '.join(_lacking(sheet, kind))}"
    if len(whole) == 1 and sheet is not whole[0]:
        return f"a second table of {kind}, which are read from sheet {whole[0].name!r}; keep one of the two"
    return None


def _lacking(sheet: Sheet, kind: str) -> list[str]:
    return [name for name in FOUND_BY[kind] if name not in sheet.columns]
