"""Intervals: of one photograph's measures by the errors of its points, and of a person's by several photographs.

In: points in pixels with their standard errors; or values. Out: how far a value may be off. Does not know how errors
were found. Knows errors alone: that models draw a cleft towards symmetry is a bias, and no interval here tells of it.

**From points.** Each coordinate that a measure reads is moved by its standard error, there and back, and the measure
taken again; the squared changes add up (errors of different points are taken as independent). It is first-order
propagation, with whole standard errors as steps, so that a measure with a kink (a mismatch at 0) is told as well. An
outline is moved in pieces, a quarter of it at a time with soft ends, by the mean error of the points that lie on it.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import norm, t

from tasks.anthropometry.frame import levelled
from tasks.anthropometry.measures.measure import Measure, both, value_of
from tasks.anthropometry.names import INDEX, PAIRED, POINTS

PIECES = 4
ON_OUTLINE = {
    "upper_vermilion": ("labiale_superius", "crista_philtri", "cheilion"),
    "lower_vermilion": ("labiale_inferius", "cheilion"),
    "nose": ("alare", "alar_base", "subnasale"),
    "nostril_right": ("nostril_outer", "nostril_inner"),
    "nostril_left": ("nostril_outer", "nostril_inner"),
}
"""The points by whose errors an outline's is known."""
_AT_ONCE = 1 << 24
"""Numbers that are worked on at a time; more only fills memory."""


class Interval(NamedTuple):
    """A value, and from where to where it may lie; None where that is not known."""

    value: float
    low: float | None
    high: float | None


def quantile_of(confidence: float) -> float:
    """How many standard errors an interval of this confidence reaches out to either side."""
    return float(norm.ppf((1 + confidence) / 2))


def standard_errors(
    measure: Measure,
    points: np.ndarray,  # (n, len(POINTS), 2) px
    outlines: dict[str, np.ndarray],  # name: (n, number, 2) px
    errors: np.ndarray,  # (n, len(POINTS)) px
    side: np.ndarray,  # (n,) of tasks.anthropometry.measures.measure.side_of
) -> np.ndarray:  # (n,)
    """The standard error of a measure's value on each face; NaN where that of a point is not known."""
    own = {name: outlines[name] for name in measure.outlines}
    moves = 4 * (len(measure.needed) + PIECES * len(own))
    size = moves * (2 * len(POINTS) + 400 * sum(line.shape[1] for line in own.values()))
    step = max(1, _AT_ONCE // size)
    return np.concatenate(
        [np.empty(0)]
        + [
            _standard_errors(measure, points[at], {k: v[at] for k, v in own.items()}, errors[at], side[at])
            for at in (slice(start, start + step) for start in range(0, len(points), step))
        ]
    )


def _standard_errors(
    measure: Measure, points: np.ndarray, outlines: dict[str, np.ndarray], errors: np.ndarray, side: np.ndarray
) -> np.ndarray:
    steps = _steps(measure, errors, outlines)
    moved = {name: np.broadcast_to(line, (len(steps), *line.shape)).copy() for name, line in outlines.items()}
    shifted = np.broadcast_to(points, (len(steps), *points.shape)).copy()
    for number, (where, axis, shift) in enumerate(steps):
        if isinstance(where, str):
            moved[where][number, :, :, axis] += shift
        else:
            shifted[number, :, where, axis] += shift
    value = value_of(measure.kind, both(measure, levelled(points, outlines)), side)
    other = value_of(measure.kind, both(measure, levelled(shifted, moved)), side)
    return np.asarray(np.sqrt(((other - value) ** 2).sum(axis=0) / 2))


def _steps(
    measure: Measure, errors: np.ndarray, outlines: dict[str, np.ndarray]
) -> list[tuple[int | str, int, np.ndarray]]:
    """Every move: the point or outline, the axis, and by how much, (n,) or (n, number) px."""
    steps: list[tuple[int | str, int, np.ndarray]] = []
    for axis in (0, 1):
        for sign in (1, -1):
            steps += [(index, axis, sign * errors[:, index]) for index in measure.needed]
            for name, line in outlines.items():
                error = _error_of(name, errors)[:, None]
                steps += [(name, axis, sign * error * weights) for weights in _pieces(line.shape[1])]
    return steps


def _pieces(number: int) -> np.ndarray:  # (PIECES, number)
    """Weights of an outline's pieces along it, which add up to 1 at every point."""
    along = np.linspace(0, PIECES - 1, number)
    return np.asarray(np.maximum(0, 1 - np.abs(along - np.arange(PIECES)[:, None])))


def _error_of(outline: str, errors: np.ndarray) -> np.ndarray:  # (n,)
    """The mean error of the points that lie on an outline: of a nostril, those of its side."""
    side = next((f"_{own}" for own in ("right", "left") if outline.endswith(own)), "")
    names = [
        f"{name}{end}"
        for name in ON_OUTLINE[outline]
        for end in ((side,) if side else ("_right", "_left") if name in PAIRED else ("",))
    ]
    return np.asarray(errors[:, [INDEX[name] for name in names]].mean(axis=1))


def folded(value: float, reach: float) -> Interval:
    """The interval of a size (a difference or deviation without its sign), from the signed value and its reach."""
    low, high = value - reach, value + reach
    if low < 0 < high:
        return Interval(abs(value), 0.0, max(-low, high))
    return Interval(abs(value), min(abs(low), abs(high)), max(abs(low), abs(high)))


def over_photographs(values: np.ndarray, *, confidence: float) -> Interval:  # (n,) signed values
    """The mean over one visit's photographs of a person, and by their spread its interval (Student's t)."""
    values = values[np.isfinite(values)]
    if not len(values):
        return Interval(float("nan"), None, None)
    mean = float(values.mean())
    if len(values) == 1:
        return Interval(mean, None, None)
    reach = float(t.ppf((1 + confidence) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return Interval(mean, mean - reach, mean + reach)
