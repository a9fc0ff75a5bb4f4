"""Every measure of a head in three dimensions, with its interval, or the reason why it has no value.

In: an upright surface, its points with intervals, its mid-plane and map. Out: rows. An interval comes of taking the
measure again with every point moved at random by its own error; what is read off the surface costs more and is taken
fewer times, for which Student's t makes up. To what is measured on the surface itself, its own error is added
(tasks.surface.measures.surfaces). The error of the scale is in none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from tasks.params.surface import Measures
from tasks.space.views import Point
from tasks.surface.measures.catalogue import MEASURES
from tasks.surface.measures.measure import Head, Measure
from tasks.surface.points.names import PAIRED, SIDES

WIDE = 1.96  # deviations of a 95 % interval


@dataclass(frozen=True)
class Measured:
    """What a measure says of one head. Of `paired` ones `value` is the difference, of `deviation` ones the distance."""

    measure: Measure
    value: float | None
    low: float | None  # 95 % interval
    high: float | None
    left: float | None  # of `paired` ones
    right: float | None
    side: str | None  # "left", "right": the patient's, that has more or towards which it lies
    reason: str | None


def measured(
    head: Head, points: Mapping[str, Point], *, settings: Measures, measures: Sequence[Measure] = MEASURES
) -> list[Measured]:
    """Every measure of the catalogue, or those that are given. `points` are the head's, with their intervals."""
    return [_one(measure, head, points, settings) for measure in measures]


def needed(measure: Measure) -> tuple[str, ...]:
    """The points that a measure reads, with their sides."""
    return tuple(full for name in measure.points for full in _sided(name))


def _sided(name: str) -> tuple[str, ...]:
    return tuple(f"{name}_{side}" for side in SIDES) if name in PAIRED else (name,)


def _one(measure: Measure, head: Head, points: Mapping[str, Point], settings: Measures) -> Measured:
    names = needed(measure)
    missing = [name for name in names if name not in head.points]
    if measure.either:
        missing = [name for name in missing if _across(name) in missing or name not in PAIRS]
        names = tuple(name for name in names if name in head.points)
    if missing:
        why = points[missing[0]].reason if missing[0] in points else "place it by hand"
        return _null(measure, f"no {missing[0].replace('_', ' ')}: {why}")
    try:
        value, left, right = _value(measure, head)
        again = _again(measure, head, points, names, settings)
    except ValueError as error:
        return _null(measure, str(error))
    half = _half(again, 0.0 if measure.own is None else measure.own(head))
    side = None if measure.kind == "plain" or value == 0 else "left" if value > 0 else "right"
    size = value if measure.kind == "plain" else abs(value)
    low, high = (None, None) if half is None else (size - half, size + half)
    return Measured(measure, size, low, high, left, right, side, None)


def _half(
    again: np.ndarray,  # (n,)
    own: float,  # standard deviation by the surface's own error
) -> float | None:
    """Half of the 95 % interval; None where nothing was taken again."""
    if len(again) < 2:
        return None
    by_points = float(stats.t.ppf(0.975, len(again) - 1)) * float(again.std(ddof=1))
    return float(np.hypot(by_points, WIDE * own))


def _across(name: str) -> str:
    """The same point of the other side."""
    return PAIRS.get(name, name)


PAIRS = {f"{name}_{side}": f"{name}_{other}" for name in PAIRED for side, other in (SIDES, SIDES[::-1])}
"""Of every point of a pair the other one."""


def _null(measure: Measure, reason: str) -> Measured:
    return Measured(measure, None, None, None, None, None, None, reason)


def _value(measure: Measure, head: Head) -> tuple[float, float | None, float | None]:
    """The signed value, above 0 to the left, and both sides' numbers of `paired` ones."""
    left = measure.function(head.turned(1))
    if measure.kind != "paired":
        return left, None, None
    right = measure.function(head.turned(-1))
    return left - right, left, right


def _again(
    measure: Measure, head: Head, points: Mapping[str, Point], names: tuple[str, ...], settings: Measures
) -> np.ndarray:
    """The value with points moved at random, (n,): the same draws for every measure."""
    rng = np.random.default_rng(settings.seed)
    values = []
    for _ in range(settings.of_surface if measure.on_surface else settings.of_points):
        moved = dict(head.points)
        for name in names:
            moved[name] = head.points[name] + rng.standard_normal(3) * (points[name].interval or 0) / WIDE
        values.append(_value(measure, replace(head, points=moved))[0])
    return np.array(values)
