"""Distances and angles between points, and areas within outlines, of any number of faces at once.

In: arrays whose last axis is x, y (x outwards, y upwards). Out: arrays of the leading axes. Knows no face.
"""

import numpy as np

LINES = 64
"""Level lines on which outlines are compared."""


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:  # (..., 2) each
    """The distance between two points."""
    gap = a - b
    return np.asarray(np.hypot(gap[..., 0], gap[..., 1]))


def ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One number over another."""
    return np.asarray(a / b)


def rise(a: np.ndarray, b: np.ndarray) -> np.ndarray:  # (..., 2) each
    """By how much b lies higher than a."""
    return np.asarray(b[..., 1] - a[..., 1])


def angle_at(corner: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:  # (..., 2) each
    """The angle at a corner between the lines to a and b, degrees in 0..180."""
    u, v = a - corner, b - corner
    cross = u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]
    return np.asarray(np.degrees(np.arctan2(np.abs(cross), (u * v).sum(axis=-1))))


def slope(a: np.ndarray, b: np.ndarray) -> np.ndarray:  # (..., 2) each
    """The angle of the line from a to b above the level, degrees: 0 outwards, 90 upwards."""
    along = b - a
    return np.asarray(np.degrees(np.arctan2(along[..., 1], along[..., 0])))


def lean(low: np.ndarray, high: np.ndarray) -> np.ndarray:  # (..., 2) each
    """The angle between the upright and the line from a lower point to a higher, degrees: positive outwards."""
    along = high - low
    return np.asarray(np.degrees(np.arctan2(along[..., 0], along[..., 1])))


def middle(a: np.ndarray, b: np.ndarray) -> np.ndarray:  # (..., 2) each
    """The point half-way."""
    return np.asarray((a + b) / 2)


def crossings(outline: np.ndarray, heights: np.ndarray, beyond: float) -> tuple[np.ndarray, np.ndarray]:
    """Where level lines cross a closed outline.

    `outline`: (..., n, 2); `heights`: (..., m). Out: x at each line and edge, and whether the edge goes up there (1),
    down (-1) or does not cross (0), (..., m, n) each. An x below `beyond`, and that of no crossing, is `beyond`: the
    part of the outline that lies there counts for nothing.
    """
    x, y = outline[..., None, :, 0], outline[..., None, :, 1]
    next_x, next_y = np.roll(x, -1, -1), np.roll(y, -1, -1)
    level = heights[..., :, None]
    way = (y <= level).astype(int) - (next_y <= level)
    upwards = y < next_y  # from the lower end, whichever way round: a mirrored outline gives the same bits
    from_x, to_x = np.where(upwards, x, next_x), np.where(upwards, next_x, x)
    from_y, to_y = np.minimum(y, next_y), np.maximum(y, next_y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = from_x + (level - from_y) * (to_x - from_x) / (to_y - from_y)
    return np.maximum(np.where(way != 0, at, beyond), beyond), way


def heights_over(*outlines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Level lines evenly spread over all outlines, (..., LINES), and the distance between them, (...,)."""
    y = np.concatenate([outline[..., 1] for outline in outlines], axis=-1)
    low, high = y.min(axis=-1), y.max(axis=-1)
    step = (high - low) / LINES
    return low[..., None] + (np.arange(LINES) + 0.5) * step[..., None], step


def area(outline: np.ndarray, *, beyond: float) -> np.ndarray:  # (..., n, 2)
    """The area within a closed outline where x is above `beyond`."""
    heights, step = heights_over(outline)
    at, way = crossings(outline, heights, beyond)
    return _held(np.abs((at * way).sum(axis=-1)).sum(axis=-1) * step, outline)


def mismatch(here: np.ndarray, there: np.ndarray, *, beyond: float) -> np.ndarray:  # (..., n, 2) each, n alike
    """The share of what two closed outlines cover together that one of them covers alone, where x is above `beyond`.

    On every level line what one covers alone is what an odd number of both outlines' crossings lies before.
    """
    heights, step = heights_over(here, there)
    found = [crossings(outline, heights, beyond) for outline in (here, there)]
    covered = sum(np.abs((at * way).sum(axis=-1)) for at, way in found)
    edges = np.sort(np.concatenate([at for at, _ in found], axis=-1), axis=-1)
    alone = (edges[..., 1::2] - edges[..., ::2]).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = alone.sum(axis=-1) * 2 / (covered + alone).sum(axis=-1)
    return _held(share, here, there)


def _held(value: np.ndarray, *outlines: np.ndarray) -> np.ndarray:
    """NaN where an outline has a gap."""
    whole = np.logical_and.reduce([np.isfinite(outline).all(axis=(-2, -1)) for outline in outlines])
    return np.where(whole, value, np.nan)
