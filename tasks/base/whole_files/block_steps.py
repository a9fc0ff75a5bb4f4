"""Where a picture's brightness or colour changes at one block and stays changed: a damage in a JPEG's blocks' means.

In: a picture with a pixel per block of 8 x 8, and as it is. Out: how high the highest stair or band is, in units of its
scatter. Knows nothing of files.
"""

from collections.abc import Sequence

import cv2
import numpy as np

STAIR = 2.5
"""From this height on a stair is damage, in units of its own scatter (docs/pictures.md has the measured values)."""

BAND = 4.0
"""The same of a band that ends with its row (docs/pictures.md)."""

SHARE = 1.5
"""How much higher than between rows of pixels a step may be at an eighth of the size: as one row of units is there."""


def stair(
    small: np.ndarray,  # (H, W, 3) uint8 BGR, a pixel per block
    across: int,
    down: int,
    *,
    quantum: float,
    band: bool = False,
    full: np.ndarray | None = None,  # the picture itself, (about 8 H, about 8 W, 3)
) -> float:
    """The height of the highest stair, in units of its scatter and `quantum` (a band in a coarse sky).

    0 in pictures of under 8 units by 3.

    A stair is a step between two rows of units that right of one column lies a row higher than left of it, and whose
    both parts go the same way, while there is none where it would go on straight. Edges of things do not do that.
    With `band`: a row of units that right of one column steps up above and down below, or the reverse.
    With `full` a step counts as far as it lies between two rows of its pixels: an eyebrow's goes over many.
    """
    planes = cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb).astype(np.float32)
    units = planes.shape[1] // across
    edges = np.arange(down, planes.shape[0] - 1, down)
    edges = edges[edges >= 2]
    if units < 8 or len(edges) < 2:
        return 0.0
    slopes = np.diff(planes, axis=0)
    steps = slopes[edges - 1] - (slopes[edges - 2] + slopes[edges]) / 2
    steps = steps[:, : units * across].reshape(len(edges), units, across, 3).mean(axis=2)
    if full is not None:
        sharp = SHARE * _sharp(full, 8 * edges, units, 8 * across)
        steps = np.where(steps * sharp > 0, np.sign(steps) * np.minimum(np.abs(steps), np.abs(sharp)), 0)
    steps = np.ascontiguousarray(steps.transpose(2, 0, 1))  # Y, Cr, Cb; rows; columns
    margin = max(4, units // 12)
    columns = np.unique(np.linspace(margin, units - margin, 12).astype(int))
    upper, lower, highest = steps[:, :-1], steps[:, 1:], _highest_band if band else _highest
    return max(highest(upper, lower, column, quantum) for column in columns.tolist())


def _sharp(full: np.ndarray, edges: np.ndarray, units: int, wide: int) -> np.ndarray:
    """The steps between rows of pixels at these edges, (edges, units, 3): over three rows, less what goes on there."""
    width = units * wide
    rows = [full[np.minimum(edges + offset, len(full) - 1), :width] for offset in (-5, -2, 1, 4)]
    far, above, below, beyond = (cv2.cvtColor(each, cv2.COLOR_BGR2YCrCb).astype(np.float32) for each in rows)
    found = (below - above) - (above - far + beyond - below) / 2
    found = np.pad(found, ((0, 0), (0, width - found.shape[1]), (0, 0)), mode="edge")
    means: np.ndarray = found.reshape(len(edges), units, wide, 3).mean(axis=2)
    return means


def _highest(upper: np.ndarray, lower: np.ndarray, column: int, quantum: float) -> float:
    """The best stair among all rows at one column; `lower`: the steps a row further down."""
    return _height((upper[..., column:], lower[..., :column]), (upper[..., :column], lower[..., column:]), quantum)


def _highest_band(upper: np.ndarray, lower: np.ndarray, column: int, quantum: float) -> float:
    """The best band among all rows from one column on; left of it there is none."""
    return _height((upper[..., column:], -lower[..., column:]), (upper[..., :column], -lower[..., :column]), quantum)


def _height(there: Sequence[np.ndarray], not_there: Sequence[np.ndarray], quantum: float) -> float:
    """How far both parts step the same way, beyond what the others do."""
    straight = np.maximum(*(np.abs(_median(part)) for part in not_there))
    whole = np.concatenate(there, axis=-1)
    middle = _median(whole)
    scatter = _median(np.abs(whole - middle[..., None]))
    height = np.minimum(*(_median(part) * np.sign(middle) for part in there)) - straight
    return float((height / (scatter + quantum)).max())


def _median(values: np.ndarray) -> np.ndarray:
    """Over the last axis; the upper of two middle ones."""
    half = values.shape[-1] // 2
    middle: np.ndarray = np.partition(values, half, axis=-1)[..., half]
    return middle
