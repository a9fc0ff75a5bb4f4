"""Which sides of a head a set of photographs leaves out, in words that say where to stand.

In: degrees to the side from which the head was photographed, to the patient's left positive. Out: gaps, and sentences.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tasks.base.words import counted, listed
from tasks.params.capture import Capture

NAMED = 2
"""Gaps that are told one by one; more of them are told together."""
PLACES = 4
"""Places that a sentence lists."""
FRONT = 3.0
"""Degrees within which somebody stands straight in front."""


class Gap(NamedTuple):
    """From the patient's right to the left, degrees; `beyond`: the side, +1 left, on which nothing follows; else 0."""

    low: float
    high: float
    beyond: int

    def places(self, step: float) -> list[float]:
        """Degrees from which photographs would fill it, about `step` apart."""
        steps = (self.high - self.low) / step
        if not self.beyond:
            number = max(1, round(steps) - 1)
            return [self.low + (self.high - self.low) * (one + 1) / (number + 1) for one in range(number)]
        start = self.low if self.beyond > 0 else self.high
        return [start + self.beyond * step * (one + 1) for one in range(max(1, round(steps)))]


def beyond(yaws: Sequence[float], *, settings: Capture) -> list[Gap]:
    """Where the photographs end before `least_reach`."""
    low, high, reach = min(yaws), max(yaws), settings.least_reach
    return [Gap(-reach, low, -1)] * (low > -reach) + [Gap(high, reach, 1)] * (high < reach)


def between(yaws: Sequence[float], most: float) -> list[Gap]:
    """Neighbours that are further apart than `most` degrees."""
    every = sorted(yaws)
    return [Gap(a, b, 0) for a, b in zip(every, every[1:], strict=False) if b - a > most]


def nearest(places: Sequence[tuple[float, float]]) -> float:
    """Degrees from a photograph (yaw, pitch) to the one nearest to it, the median of all; 0 for fewer than two."""
    yaw, pitch = np.radians(np.array(places, float).reshape(-1, 2)).T
    towards = np.column_stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    apart = np.degrees(np.arccos(np.clip(towards @ towards.T, -1, 1)))
    np.fill_diagonal(apart, np.inf)
    return float(np.median(apart.min(axis=1))) if len(towards) > 1 else 0.0


def span(low: float, high: float) -> str:
    """From where to where, with "and" between: two directions, or one side's degrees."""
    if abs(low) < FRONT or abs(high) < FRONT or low * high > 0:
        ends = sorted(0 if abs(end) < FRONT else abs(end) for end in (low, high))
        return f"{ends[0]:.0f} and {ends[1]:.0f} degrees on the patient's {'left' if high > -low else 'right'}"
    return f"{-low:.0f} degrees on the patient's right and {high:.0f} on the left"


def sentences(found: Sequence[Gap], *, settings: Capture) -> list[str]:
    """What is missing and what to take, without full stops: what lies beyond first."""
    inner = [gap for gap in found if not gap.beyond]
    told = [_beyond(gap, settings.step) for gap in found if gap.beyond]
    if len(inner) <= NAMED:
        return [*told, *(_between(gap, settings.step) for gap in inner)]
    widest = max(gap.high - gap.low for gap in inner)
    number = sum(len(gap.places(settings.step)) for gap in inner)
    where = "; ".join(span(gap.low, gap.high) for gap in inner[:NAMED])
    return [
        *told,
        f"neighbours are up to {widest:.0f} degrees apart (between {where}; {len(inner) - NAMED} more): "
        f"take {counted(number, 'photograph')} more, one every {settings.step:.0f} degrees",
    ]


def _beyond(gap: Gap, step: float) -> str:
    side = "left" if gap.beyond > 0 else "right"
    last = gap.low if gap.beyond > 0 else -gap.high  # degrees towards the side that lacks
    places = gap.places(step)
    if last < -step:
        return f"nothing from the front and from the patient's {side}: take a ring, one every {step:.0f} degrees"
    at = listed([f"{5 * round(abs(place) / 5)}" for place in places], PLACES)
    start = f"beyond {last:.0f} degrees on" if last >= FRONT else "on"
    return f"nothing {start} the patient's {side}: take {_number(places)} more there, at {at} degrees"


def _between(gap: Gap, step: float) -> str:
    return f"nothing between {span(gap.low, gap.high)}: take {_number(gap.places(step))} more there"


def _number(places: Sequence[float]) -> str:
    return ("one", "two", "three")[len(places) - 1] if len(places) <= 3 else str(len(places))
