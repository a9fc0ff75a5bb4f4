"""The square around a face: what of a photograph an adapter learns from, and what generated pictures are held against.

In: landmarks and a margin; a photograph. Out: the square; its pixels. Rosero et al. 2025, DiffusionCleft, draws whole
faces and does not say how photographs were cut. A lip that is a fiftieth of the picture is a few pixels at the sizes
that training sees (docs/synthesis.md). Knows nothing of tables.
"""

from collections.abc import Sequence

import numpy as np

UPWARD = 0.1
"""How far the square lies above the landmarks' middle, by their extent: they end at the brows, heads do not."""


def frame_of(
    points: np.ndarray,  # (68, 2) pixels
    margin: float,
) -> list[float]:
    """Left, top and side of the square, pixels; the side is `margin` times the landmarks' extent. May reach outside."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    x, y = (low + high) / 2 - [0, UPWARD * extent]
    side = margin * extent
    return [float(x - side / 2), float(y - side / 2), side]


def framed(
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
    frame: Sequence[float] | None,
) -> np.ndarray:  # (S, S, 3) uint8 RGB, a view
    """The square's pixels; without a frame the whole picture."""
    if frame is None:
        return picture
    x, y, side = placed(frame, *picture.shape[:2])
    return picture[y : y + side, x : x + side]


def placed(frame: Sequence[float], height: int, width: int) -> tuple[int, int, int]:
    """Left, top and side, whole pixels: the square moved, and where need be shrunk, into a picture of this size."""
    left, top, side = frame
    whole = max(1, min(round(side), height, width))
    return min(max(round(left), 0), width - whole), min(max(round(top), 0), height - whole), whole
