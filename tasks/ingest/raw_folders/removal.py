"""A person's lines taken out of the tables of the raw layout.

In: the folders in the raw layout, and the ids of photographs. Out: for each table the lines that are about them alone;
and tables written anew without such lines. A line of images.csv that names other people's photographs too (a folder, a
pattern) stays. Tables of text come back as UTF-8 with the separator they had, workbooks as workbooks, with the results
of their formulas; their merged cells, hidden rows, links and pictures are those of the rows that stay. Charts and pivot
tables, which keep copies of what was, go.
"""

import csv
import io
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from tasks.base.tables import replacing
from tasks.ingest.images.groups import groups_file
from tasks.ingest.images.inventory import OPTIONAL, REQUIRED, Named
from tasks.ingest.images.photograph_meant import image_meant
from tasks.ingest.raw_folders.table_kinds import LAYOUT
from tasks.ingest.tables.file_names import Names
from tasks.ingest.tables.raw_layout import Folder, read_lines
from tasks.ingest.tables.sheets import RawLayoutError, column_name, read_sheets
from tasks.ingest.tables.spelling import key
from tasks.ingest.tables.workbooks import is_workbook

Place = tuple[str, int]
"""A line of a table: its worksheet ('' in a table of text) and its number."""


def lines_about(
    folders: Sequence[Folder], named: Sequence[Named], ids: Collection[str]
) -> Iterator[tuple[Path, set[Place]]]:
    """Tables of ratings, references and corrections, and their lines about these photographs."""
    names = Names({item.path: item.image_id for item in named})
    for folder in folders:
        for kind, columns in LAYOUT.items():
            if kind != "images" and (table := folder.table(kind, columns)):
                lines = read_lines(table, required=columns, optional=())
                own = (line for line in lines if image_meant(line, folder, names)[0] in ids)
                yield table, {(line.sheet, line.number) for line in own}


def lines_naming(
    folders: Sequence[Folder], named: Sequence[Named], ids: Collection[str], subject: str | None
) -> Iterator[tuple[Path, set[Place]]]:
    """Tables of images and of groups, and their lines that name these photographs alone, or `subject`."""
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
        if groups := groups_file(folder.path):
            yield groups, _lines_of_groups(groups, folder, named, ids, subject)


def _lines_of_groups(
    groups: Path, folder: Folder, named: Sequence[Named], ids: Collection[str], subject: str | None
) -> set[Place]:
    """Lines of a table of groups about the person or these photographs; none where it cannot be read."""
    names, lines = Names({item.path: item.image_id for item in named}), set[Place]()
    with suppress(RawLayoutError):
        for line in read_lines(groups, required=(), optional=None):
            own = subject is not None and key(line.cells.get("subject_id", "")) == key(subject)
            if own or ("path" in line.cells and image_meant(line, folder, names)[0] in ids):
                lines.add((line.sheet, line.number))
    return lines


def rows_with(table: Path, named: Callable[[str], Collection[str]]) -> set[Place]:
    """Rows with a cell that is one of the names looked for in its column (`named`, as keys), in a table of any layout.

    Of a workbook only those worksheets count that have the columns of a table of the raw layout: copies of it. A
    workbook of people's own holds more than cells can tell.
    """
    workbook = is_workbook(table.read_bytes())
    found = set()
    for sheet in read_sheets(table):
        if not workbook or any(set(columns) <= set(sheet.columns) for columns in LAYOUT.values()):
            wanted = [set(named(column)) for column in sheet.columns]
            for row in sheet.rows:
                if any(key(cell) in names for cell, names in zip(row.cells, wanted, strict=False)):
                    found.add((sheet.name, row.number))
    return found


def rows_of(
    table: Path, columns: Collection[str], about: Collection[str], matches: Callable[[str], object]
) -> tuple[set[Place], set[Place]] | None:
    """Rows with a cell that matches in the columns `about`, and the others; None where a sheet lacks the `columns`."""
    sheets = read_sheets(table)
    if not sheets or not all(set(map(column_name, columns)) <= set(sheet.columns) for sheet in sheets):
        return None
    rows, own = set[Place](), set[Place]()
    for sheet in sheets:
        at = [number for number, column in enumerate(sheet.columns) if column in set(map(column_name, about))]
        rows |= {(sheet.name, row.number) for row in sheet.rows}
        own |= {(sheet.name, row.number) for row in sheet.rows if any(matches(row.cells[one]) for one in at)}
    return own, rows - own


def rows_where(table: Path, holds: Callable[[str, str], bool]) -> tuple[set[Place], set[Place]]:
    """Rows with a cell of which `holds(column, cell)` is true, and the others; of every worksheet."""
    own, others = set[Place](), set[Place]()
    for sheet in read_sheets(table):
        for row in sheet.rows:
            held = any(holds(column, cell) for column, cell in zip(sheet.columns, row.cells, strict=False))
            (own if held else others).add((sheet.name, row.number))
    return own, others


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
    book: Any = load_workbook(table, data_only=True)
    for sheet in read_sheets(table):
        gone = {number for name, number in lines if name == sheet.name}
        if gone:
            _delete_rows(book[sheet.name], sorted(gone), sorted({row.number for row in sheet.rows} - gone))
    for each in book.worksheets:  # charts and pivot tables keep copies, of other worksheets' rows too
        each._charts, each._pivots = [], []
    for chart in book.chartsheets:
        book.remove(chart)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _delete_rows(sheet: Any, gone: Sequence[int], stays: Sequence[int]) -> None:
    """Deletes rows, and brings along what openpyxl's own `delete_rows` leaves behind: merged cells and hidden rows.

    `gone`, `stays`: in order, the numbers of the rows that go, and of those that are read and stay.
    """
    areas = [
        _shrunk(sheet, area, gone, stays) for area in sorted(sheet.merged_cells.ranges, key=lambda area: area.bounds)
    ]
    sheet.merged_cells.ranges.clear()
    _move_cells(sheet, gone)
    for left, top, right, bottom in filter(None, areas):
        if (left, top) != (right, bottom):
            sheet.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)
    rows = dict(sheet.row_dimensions)
    sheet.row_dimensions.clear()
    for number in sorted(set(rows) - set(gone)):
        rows[number].index = _moved(number, gone)
        sheet.row_dimensions[rows[number].index] = rows[number]


def _move_cells(sheet: Any, gone: Sequence[int]) -> None:
    """Every cell to its new row at once, which openpyxl does row by row: minutes for a large worksheet."""
    left = set(gone)
    cells = [cell for (row, _), cell in sorted(sheet._cells.items()) if row not in left]
    sheet._cells.clear()
    for cell in cells:
        cell.row = _moved(cell.row, gone)
        sheet._cells[cell.row, cell.column] = cell
        if cell.hyperlink:
            cell.hyperlink.ref = cell.coordinate
    _move_pictures(sheet, gone)


def _move_pictures(sheet: Any, gone: Sequence[int]) -> None:
    """Pictures stay beside their rows and go with them."""
    kept = []
    for picture in sheet._images:
        ends = [end for name in ("_from", "to") if (end := getattr(picture.anchor, name, None))]
        if not any(end.row + 1 in gone for end in ends[:1]):
            kept.append(picture)
            for end in ends:
                end.row = _moved(end.row + 1, gone) - 1
    sheet._images = kept


def _shrunk(sheet: Any, area: Any, gone: Sequence[int], stays: Sequence[int]) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of merged cells once the rows are gone; None where nothing of them stays.

    A merged column holds its value for each of its rows. Where its top row goes, the value moves to the first row
    below that is read and stays. Cells that are merged sideways mean nothing but in their top row: the value goes.
    """
    left, top, right, bottom = area.bounds
    first = top
    if top in gone:
        at = bisect_left(stays, top)
        if at == len(stays) or stays[at] > bottom:
            return None
        first = stays[at]
        if left == right:
            sheet.move_range(f"{get_column_letter(left)}{top}", rows=first - top)
    return left, _moved(first, gone), right, bottom - bisect_right(gone, bottom)


def _moved(number: int, gone: Sequence[int]) -> int:
    """The number of a row once the rows above it are gone."""
    return number - bisect_left(gone, number)
