"""Points that a person placed on the page: the file that the page saves and a reconstruction reads.

In: a table with the columns `COLUMNS`. Out: places by name. Knows nothing of surfaces.
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from tasks.errors import InputError
from tasks.ingest.tables.cells import NotMeant, number
from tasks.ingest.tables.raw_layout import Line, read_lines

COLUMNS = ("name", "x", "y", "z")
"""The point's name, and its place in the head's frame, mm (tasks.space.views)."""
FARTHEST = 1000.0  # mm from the subnasale; no head is larger


def read_placed(path: Path, names: Collection[str]) -> dict[str, np.ndarray]:
    """The places (3,), mm, by name. InputError: no such file, another table, an unknown name or one that stands twice,
    a number that is none or lies outside a head."""
    found: dict[str, np.ndarray] = {}
    for line in read_lines(path, required=COLUMNS, optional=None):
        where = f"{path}, line {line.number}"
        name = line.cells["name"]
        if not any(line.cells[axis] or axis in line.wrong for axis in COLUMNS[1:]):
            continue  # a point that was not found, in a table that `vermilion reconstruct` wrote
        if name not in names:
            raise InputError(f"{where}: there is no point {name!r}; the names are {', '.join(sorted(names))}")
        if name in found:
            raise InputError(f"{where}: {name} stands there twice")
        found[name] = np.array([_number(line, axis, where) for axis in COLUMNS[1:]])
    if not found:
        raise InputError(f"{path}: no points; the columns are {', '.join(COLUMNS)}, one point per line")
    return found


def _number(line: Line, axis: str, where: str) -> float:
    if reason := line.wrong.get(axis):
        raise InputError(f"{where}: {axis} {line.cells[axis]!r} is {reason}")
    try:
        value = number(line.cells[axis], decimal_comma=line.decimal_comma)
    except NotMeant as error:
        raise InputError(f"{where}: {axis} {error}") from error
    if not abs(value) <= FARTHEST:
        raise InputError(f"{where}: {axis} is {value:g}; a number of millimetres is wanted, at most {FARTHEST:g}")
    return value
