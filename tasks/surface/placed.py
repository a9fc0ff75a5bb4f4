"""Points that a person placed on the page: the file that the page saves and a reconstruction reads.

In: a CSV table with the columns `COLUMNS`. Out: places by name. Knows nothing of surfaces.
"""

import csv
import math
from collections.abc import Collection
from pathlib import Path

import numpy as np

from tasks.errors import InputError

COLUMNS = ("name", "x", "y", "z")
"""The point's name, and its place in the head's frame, mm (tasks.space.views)."""
FARTHEST = 1000.0  # mm from the subnasale; no head is larger


def read_placed(path: Path, names: Collection[str]) -> dict[str, np.ndarray]:
    """The places (3,), mm, by name. InputError: no such file, another table, an unknown name or one that stands twice,
    a number that is none or lies outside a head."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: no table of points: {error}") from error
    found: dict[str, np.ndarray] = {}
    for line, row in enumerate(rows, 2):
        where = f"{path}, line {line}"
        missing = [column for column in COLUMNS if row.get(column) is None]
        if missing:
            raise InputError(f"{where}: no {' and '.join(missing)}; the columns are {', '.join(COLUMNS)}")
        name = row["name"].strip()
        if not any(row[axis].strip() for axis in COLUMNS[1:]):
            continue  # a point that was not found, in a table that `vermilion reconstruct` wrote
        if name not in names:
            raise InputError(f"{where}: there is no point {name!r}; the names are {', '.join(sorted(names))}")
        if name in found:
            raise InputError(f"{where}: {name} stands there twice")
        found[name] = np.array([_number(row[axis], axis, where) for axis in COLUMNS[1:]])
    if not found:
        raise InputError(f"{path}: no points; the columns are {', '.join(COLUMNS)}, one point per line")
    return found


def _number(text: str, axis: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= FARTHEST:
        raise InputError(f"{where}: {axis} is {text!r}; a number of millimetres is wanted, at most {FARTHEST:g}")
    return value
