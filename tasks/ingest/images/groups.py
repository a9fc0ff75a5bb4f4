"""Which groups people and photographs belong to: groups.csv, where there is one, and what images.csv says of them.

In: the raw folder and the images table. Out: a row per photograph and grouping, and the refused lines. A grouping is a
column of the file, of numbers (a skin type) or of words (a clinic): of numbers where more than half of its cells are
some. Nothing is measured by groups: they are asked whether a measure follows them. docs/raw-layout.md has the rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.ingest.images.photograph_meant import image_meant
from tasks.ingest.tables.cells import NotMeant, number
from tasks.ingest.tables.raw_layout import Folder, Line, ids_by_name, read_lines, refusals_table
from tasks.ingest.tables.sheets import RawLayoutError
from tasks.ingest.tables.spelling import Spellings, key
from tasks.schemas.ingest import GROUPS

NAMES = ("subject_id", "path")
"""The column that says whom a line is about: a person with all photographs, or one photograph."""
TOLD = ("gender", "age_group")
"""Columns of images.csv that are groupings, too; a column of groups.csv takes the place of one of the same name."""

FILES = ("groups.csv", "groups.xlsx")


Rows = dict[tuple[str, str], dict[str, Any]]
"""Rows of the table by photograph and grouping."""


@dataclass(frozen=True)
class _Said:
    """One line: the photographs that it is about, or why it counts for none; and why cells of it do not count."""

    line: Line
    who: str
    images: Sequence[str]
    wrong: list[str] = field(default_factory=list)

    def refused(self) -> dict[str, object]:
        """The line as a row of the refusals table."""
        told = {"source": self.line.source, "line": self.line.number, "path": self.who}
        return {**told, "reason": "; ".join(self.wrong)}


def groups_file(raw: Path) -> Path | None:
    """groups.csv of the raw folder, else groups.xlsx, in any case; None where it has neither."""
    there = {key(path.name): path for path in sorted(raw.iterdir()) if path.is_file()} if raw.is_dir() else {}
    return next((there[name] for name in FILES if name in there), None)


def read_groups(raw: Path, images: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Groups and refused lines; `images` with image_id, names, subject_id and the columns TOLD.

    RawLayoutError: the file has no column subject_id or path, both of them, or nothing besides.
    """
    file = groups_file(raw)
    lines = list(read_lines(file, required=(), optional=None)) if file else []
    rows: Rows = {}
    said: list[_Said] = []
    columns: list[str] = []
    if file and lines:
        name, columns = _columns(file, lines[0])
        said = list(_about(lines, name, Folder(raw, ""), images))
        for column in columns:
            _fill(rows, column, said)
    for row in images.to_pylist():
        for grouping in TOLD:
            if row[grouping] and grouping not in columns:
                told = {"image_id": row["image_id"], "grouping": grouping, "word": row[grouping], "number": None}
                rows[row["image_id"], grouping] = told
    refused = (one.refused() for one in said if one.wrong)
    return GROUPS.table(rows[place] for place in sorted(rows)), refusals_table(refused)


def _columns(file: Path, line: Line) -> tuple[str, list[str]]:
    """The column that names whom a line is about, and the groupings."""
    named = [name for name in NAMES if name in line.cells]
    accepted = "Accepted: subject_id or path, and one column for each grouping, such as skin_type or clinic"
    if len(named) != 1:
        which = "it has both columns subject_id and path; keep one" if named else "no column subject_id or path"
        raise RawLayoutError(f"{file}: {which}. {accepted}")
    columns = [name for name in line.cells if name and name not in NAMES]
    if not columns:
        raise RawLayoutError(f"{file}: no column of groups beside {named[0]}. {accepted}")
    return named[0], columns


def _about(lines: Sequence[Line], name: str, folder: Folder, images: pa.Table) -> Iterator[_Said]:
    """Each line with its photographs: one by its path, or all of a person."""
    ids = ids_by_name(images)
    people: dict[str, list[str]] = {}
    for image_id, subject in zip(*(images[column].to_pylist() for column in ("image_id", "subject_id")), strict=True):
        people.setdefault(key(subject), []).append(image_id)
    for line in lines:
        who = line.cells[name]
        if name in line.wrong:
            yield _Said(line, who, (), [f"{name} {who!r} is {line.wrong[name]}"])
        elif name == "path":
            image_id, reason = image_meant(line, folder, ids)
            yield _Said(line, who, (image_id,) if image_id else (), [reason] if reason else [])
        else:
            found = people.get(key(who), ())
            yield _Said(line, who, found, [] if found else ["no such person in images.csv, or all photographs refused"])


def _fill(rows: Rows, column: str, said: Sequence[_Said]) -> None:
    """Put a column's cells into the rows; what does not count is noted with its line."""
    filled = [one for one in said if one.images and one.line.cells[column]]
    numbers = [_number(one.line, column) for one in filled]
    numeric = 2 * sum(isinstance(value, float) for value in numbers) > len(numbers)
    words = Spellings()
    for one, value in zip(filled, numbers, strict=True):
        text = one.line.cells[column]
        if column in one.line.wrong:
            one.wrong.append(f"{column} {text!r} is {one.line.wrong[column]}")
        elif numeric and isinstance(value, str):
            one.wrong.append(f"{column} {value}, as most of the column are; leave the cell empty where it is not known")
        elif any((image_id, column) in rows for image_id in one.images):
            one.wrong.append(f"{column} was told in an earlier line, which counts")
        else:
            cell = {"word": None, "number": value} if numeric else {"word": words.of(text), "number": None}
            rows |= {(image_id, column): {"image_id": image_id, "grouping": column} | cell for image_id in one.images}


def _number(line: Line, column: str) -> float | str:
    """The cell's number, or why it is none."""
    try:
        return number(line.cells[column], decimal_comma=line.decimal_comma)
    except NotMeant as error:
        return str(error)
