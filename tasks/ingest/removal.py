"""A person's lines taken out of the tables of the raw layout.

In: the folders in the raw layout, and the ids of photographs. Out: for each table the lines that are about them alone;
and tables written anew without such lines. A line of images.csv that names other people's photographs too (a folder, a
pattern) stays. Tables of text come back as UTF-8 with the separator they had, workbooks as workbooks, with the results
of their formulas.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from openpyxl import load_workbook

from tasks.base.tables import replacing
from tasks.ingest.inventory import OPTIONAL, REQUIRED, Named
from tasks.ingest.naming import Names
from tasks.ingest.ratings import (
    CORRECTION_COLUMNS,
    RATING_COLUMNS,
    REFERENCE_COLUMNS,
    image_meant,
)
from tasks.ingest.raw import Folder, read_lines
from tasks.ingest.sheets import column_name, read_sheets
from tasks.ingest.spelling import key
from tasks.ingest.workbooks import is_workbook

ABOUT = {"ratings": RATING_COLUMNS, "references": REFERENCE_COLUMNS, "corrections": CORRECTION_COLUMNS}
"""Tables about photographs, and their columns."""

Place = tuple[str, int]
"""A line of a table: its worksheet ('' in a table of text) and its number."""


def lines_about(
    folders: Sequence[Folder], named: Sequence[Named], ids: Collection[str]
) -> Iterator[tuple[Path, set[Place]]]:
    """Tables of ratings, references and corrections, and their lines about these photographs."""
    names = Names({item.path: item.image_id for item in named})
    for folder in folders:
        for kind, columns in ABOUT.items():
            if table := folder.table(kind, columns):
                lines = read_lines(table, required=columns, optional=())
                own = (line for line in lines if image_meant(line, folder, names)[0] in ids)
                yield table, {(line.sheet, line.number) for line in own}


def lines_naming(
    folders: Sequence[Folder], named: Sequence[Named], ids: Collection[str], subject: str | None
) -> Iterator[tuple[Path, set[Place]]]:
    """Tables of images, and their lines that name these photographs alone, or `subject`."""
    by_line: dict[tuple[str, int], set[str]] = defaultdict(set)
    for item in named:
        by_line[item.line.source, item.line.number].add(item.image_id)
    for folder in folders:
        if table := folder.table("images", REQUIRED):
            lines = set()
            for line in read_lines(table, required=REQUIRED, optional=OPTIONAL, prefix=folder.prefix):
                files = by_line.get((line.source, line.number), set())
                own = subject is not None and key(line.cells["subject_id"]) == key(subject)
                if own or (files and files <= set(ids)):
                    lines.add((line.sheet, line.number))
            yield table, lines


def rows_with(table: Path, names: Collection[str]) -> set[Place]:
    """Rows with a cell that is one of the names (keys), in a table that is not of the raw layout.

    Of a workbook only those worksheets count that have the columns of a table of the raw layout: copies of it. A
    workbook of people's own holds more than cells can tell.
    """
    layout = (REQUIRED, *ABOUT.values())
    workbook = is_workbook(table.read_bytes())
    return {
        (sheet.name, row.number)
        for sheet in read_sheets(table)
        if not workbook or any(set(columns) <= set(sheet.columns) for columns in layout)
        for row in sheet.rows
        if set(names) & set(map(key, row.cells))
    }


def rows_of(
    table: Path, columns: Collection[str], matches: Callable[[str], bool]
) -> tuple[set[Place], set[Place]] | None:
    """Rows with a cell that matches, and the others, where every sheet of the table has these columns; else None."""
    sheets = read_sheets(table)
    if not sheets or not all(set(map(column_name, columns)) <= set(sheet.columns) for sheet in sheets):
        return None
    rows = {(sheet.name, row.number): row for sheet in sheets for row in sheet.rows}
    own = {place for place, row in rows.items() if any(map(matches, row.cells))}
    return own, set(rows) - own


def write_without(table: Path, lines: Collection[Place]) -> None:
    """The table without these lines, whole or not at all; headers stay."""
    mode = table.stat().st_mode & 0o777
    content = without(table, lines)
    with replacing(table) as temporary:
        temporary.write_bytes(content)
        temporary.chmod(mode)


def without(table: Path, lines: Collection[Place]) -> bytes:
    """What the table is without these lines."""
    return _workbook(table, lines) if is_workbook(table.read_bytes()) else _text(table, lines)


def _text(table: Path, lines: Collection[Place]) -> bytes:
    (sheet,) = read_sheets(table)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=sheet.separator or ",", lineterminator="\n")
    writer.writerow(sheet.header.cells)
    writer.writerows(row.cells for row in sheet.rows if (sheet.name, row.number) not in lines)
    return text.getvalue().encode("utf-8")


def _workbook(table: Path, lines: Collection[Place]) -> bytes:
    # results in place of formulas, which would lose them or mean other rows
    book = load_workbook(table, data_only=True)
    for name, number in sorted(lines, reverse=True):
        book[name].delete_rows(number)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()
