"""Intervals: of one photograph's measures by the errors of its points, and of a person's by several photographs.

In: faces in their own axes and their points' errors (errors.py); or values. Out: how far a value may be off. Does not
know how errors were found. A model's leaning towards symmetry is in them as far as the faces of errors.py show it.

**From points.** Errors of points go together: those of the two eyes, of both sides, of a whole lip. The principal axes
of all coordinates that a measure reads are moves of many points at once, independent of each other. Each is made by
its standard error, there and back, and the measure taken again; the squared changes add up. It is first-order
propagation, with whole standard errors as steps, so that a measure with a kink (a mismatch at 0) is told as well. An
outline goes with the points that lie on it. A point that a person placed errs by itself.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import norm, t

from tasks.anthropometry.frame import Frame, levelled
from tasks.anthropometry.measures.measure import Measure, both, value_of
from tasks.anthropometry.names import INDEX, POINTS

ON_OUTLINE: dict[str, tuple[tuple[str, float], ...]] = {
    "upper_vermilion": (
        ("cheilion_right", 0),
        ("crista_philtri_right", 0.37),
        ("labiale_superius", 0.5),
        ("crista_philtri_left", 0.63),
        ("cheilion_left", 1),
    ),
    "lower_vermilion": (("cheilion_right", 0), ("labiale_inferius", 0.5), ("cheilion_left", 1)),
    "nose": (
        ("alare_right", 0.14),
        ("alar_base_right", 0.28),
        ("subnasale", 0.5),
        ("alar_base_left", 0.72),
        ("alare_left", 0.86),
    ),
    "nostril_right": (("nostril_outer_right", 0), ("nostril_inner_right", 0.55), ("nostril_outer_right", 1)),
    "nostril_left": (("nostril_outer_left", 0), ("nostril_inner_left", 0.55), ("nostril_outer_left", 1)),
}
"""The points with which an outline goes, and where along it they lie: what London's faces have on average."""
OWN_ERROR = {"hairline": 0.05}
"""Outlines that no point lies on, and how far up or down they err, interocular units: root mean square on London's
hand-placed hairlines, 0.043 (`python -m bench.anthropometry --real PATH`), and more: its limits were set on them."""
DOWN = (1.0, -1.0)
"""Frames have y upwards, pixels and errors downwards."""
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
    frame: Frame,  # of n faces
    placed: np.ndarray,  # (n, len(POINTS)) px: standard errors of points that people placed; NaN of others
    joint: np.ndarray,  # of tasks.anthropometry.errors.read: the others'
    side: np.ndarray,  # (n,) of tasks.anthropometry.measures.measure.side_of
) -> np.ndarray:  # (n,)
    """The standard error of a measure's value on each face; NaN where that of a point is not known."""
    points = frame.points * DOWN
    outlines = {name: frame.outlines[name] * DOWN for name in measure.outlines}
    read = list(
        dict.fromkeys((*measure.needed, *(INDEX[name] for own in outlines for name, _ in ON_OUTLINE.get(own, ()))))
    )
    own, which = np.unique(np.nan_to_num(placed[:, read] / frame.unit[:, None], nan=-1), axis=0, return_inverse=True)
    found = np.full(len(points), np.nan)
    size = 4 * len(read) * (2 * len(POINTS) + 400 * sum(line.shape[1] for line in outlines.values()))
    step = max(1, _AT_ONCE // size)
    for number, errors in enumerate(own):
        moves = _moves(read, errors, joint)
        if not np.isfinite(moves).all():
            continue
        faces = np.flatnonzero(which.ravel() == number)
        for at in (faces[start : start + step] for start in range(0, len(faces), step)):
            lines = {name: line[at] for name, line in outlines.items()}
            found[at] = _standard_errors(measure, points[at], lines, side[at], moves)
    return found


def _moves(read: list[int], placed: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """Independent moves of all points by a standard error each, (2 * len(read), len(POINTS), 2) interocular.

    `placed`: (len(read),) the errors of points that people placed, interocular; below 0: the joint one counts.
    """
    coordinates = np.ravel([[2 * index, 2 * index + 1] for index in read])
    by_hand = np.repeat(placed, 2)
    models = by_hand < 0
    moments = np.diag(np.where(models, 0, by_hand) ** 2)
    moments[np.ix_(models, models)] = joint[np.ix_(coordinates[models], coordinates[models])]
    moves = np.zeros((len(coordinates), len(POINTS), 2))
    if not np.isfinite(moments).all():
        return np.full_like(moves, np.nan)
    sizes, axes = np.linalg.eigh(moments)
    moves[:, read] = (axes * np.sqrt(np.maximum(sizes, 0))).T.reshape(len(coordinates), len(read), 2)
    return moves


def _standard_errors(
    measure: Measure, points: np.ndarray, outlines: dict[str, np.ndarray], side: np.ndarray, moves: np.ndarray
) -> np.ndarray:
    """Of faces whose points err alike."""
    free = [name for name in outlines if name in OWN_ERROR]
    steps = np.concatenate([moves, -moves, np.zeros((2 * len(free), *moves.shape[1:]))])[:, None]
    moved = {}
    for name, line in outlines.items():
        if name in ON_OUTLINE:
            moved[name] = line + _along(name, line.shape[1], steps)
            continue
        moved[name] = np.tile(line, (len(steps), 1, 1, 1))
        first = 2 * (len(moves) + free.index(name))
        moved[name][first, ..., 1] += OWN_ERROR[name]
        moved[name][first + 1, ..., 1] -= OWN_ERROR[name]
    value = value_of(measure.kind, both(measure, levelled(points, outlines)), side)
    other = value_of(measure.kind, both(measure, levelled(points + steps, moved)), side)
    return np.asarray(np.sqrt(((other - value) ** 2).sum(axis=0) / 2))


def _along(outline: str, number: int, steps: np.ndarray) -> np.ndarray:  # (..., number, 2)
    """How an outline goes with steps of the points on it, (..., len(POINTS), 2)."""
    names, places = zip(*ON_OUTLINE[outline], strict=True)
    at = np.linspace(0, 1, number)
    weights = np.stack([np.interp(at, places, row) for row in np.eye(len(places))], axis=1)
    return np.asarray(weights @ steps[..., [INDEX[name] for name in names], :])


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
