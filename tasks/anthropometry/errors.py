"""How far points lie from where people place them, and how much the errors of two points have in common.

In: a table beside this file. Out: second moments of the errors of all coordinates. Models err on both sides of a face
alike: so the errors of a pair are far from independent, and a difference of sides is surer than either side. The
tables were measured by `python -m bench.anthropometry_errors`: `photographs` on London's hand-placed points, `drawn` on
the true points of drawn faces with repaired clefts. Does not know what is measured between points.
"""

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

from tasks.anthropometry.names import MIRROR, POINTS

COORDINATES = tuple(f"{point} {axis}" for point in POINTS for axis in "xy")
FEWEST = 20
"""Faces from which an error is known."""
ERROR_DECIMALS, SHARED_DECIMALS = 5, 2
"""Of an error, and of what it shares in per cent: corners of one eye err alike by 98 per cent and more."""


def table(name: str) -> Path:
    """The file of an `errors` parameter: photographs or drawn."""
    return Path(__file__).with_name(f"errors_{name}.csv")


@cache
def read(path: Path) -> np.ndarray:
    """Second moments, (2 * len(POINTS), 2 * len(POINTS)) interocular units squared; NaN where not known.

    In axes that belong to the face: x to the patient's left, y downwards. Not to be changed in place.
    """
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    sizes = np.array([float(row["error"] or "nan") for row in rows])
    common = np.array([[float(row[name] or "nan") for name in COORDINATES] for row in rows]) / 100
    return np.asarray(np.outer(sizes, sizes) * common)


def write(moments: np.ndarray, path: Path) -> None:
    """The table: a row a coordinate, its error in interocular units, and what it shares with each, in per cent."""
    sizes = np.sqrt(np.diag(moments))
    with np.errstate(invalid="ignore"):
        common = moments / np.outer(sizes, sizes) * 100
    with path.open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["coordinate", "error", *COORDINATES])
        for name, size, row in zip(COORDINATES, sizes, common, strict=True):
            lines.writerow([name, *_cells([size], ERROR_DECIMALS), *_cells(row, SHARED_DECIMALS)])


def _cells(values: Iterable[float], decimals: int) -> list[str]:
    return ["" if np.isnan(value) else f"{value:.{decimals}f}" for value in values]


def moments(
    found: np.ndarray,  # (n, len(POINTS), 2) px, NaN where not found
    truth: np.ndarray,  # likewise
) -> np.ndarray:
    """Second moments of points' errors about 0, as `read` gives them: a constant error is an error, too.

    Every face counts with its mirror image: no side errs more than the other.
    """
    right, left = (truth[:, POINTS.index(f"exocanthion_{side}")] for side in ("right", "left"))
    across = (left - right) / ((left - right) ** 2).sum(axis=1, keepdims=True)
    down = np.stack([-across[:, 1], across[:, 0]], axis=1)
    away = found - truth
    level = np.stack([(away * axis[:, None]).sum(axis=2) for axis in (across, down)], axis=2)
    every = np.concatenate([level, level[:, MIRROR] * [-1, 1]]).reshape(2 * len(found), -1)
    known = np.isfinite(every)
    number = known.T.astype(float) @ known
    every = np.where(known, every, 0)
    return np.where(number >= 2 * FEWEST, every.T @ every / np.maximum(number, 1), np.nan)
