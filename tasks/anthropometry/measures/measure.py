"""What a measure is: a function of one half of a face, its unit and direction, and how its two sides become one value.

In: a measure and faces. Out: both sides' numbers, and the value that is reported. Knows no measure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from tasks.anthropometry.frame import CANTHI, Frame, Half
from tasks.anthropometry.names import INDEX, PAIRED, SIDES
from tasks.faces.described import Described

INTEROCULAR, DEGREES, PERCENT, RATIO = "interocular", "degrees", "%", ""
"""The units. Interocular: distances between the outer eye corners; RATIO: a pure number."""

Kind = Literal["plain", "difference", "deviation", "ratio", "lesser"]
KINDS: dict[Kind, str] = {
    "plain": "one number of the whole face; no side",
    "difference": "how much more the one side has than the other; the side is the one that has more",
    "deviation": "how far it lies from the midline; the side is that towards which it lies",
    "ratio": "the side's number over the other side's; the side is the cleft's where it is known, else the lesser",
    "lesser": "the lesser of both sides' numbers; the side is its own",
}
Disturbance = Literal["yaw", "smile", "opening"]
"""What of a photograph can spoil a measure: a turned head, a smile, an open mouth."""

TURNED, MOVED = ("yaw",), ("yaw", "smile")
"""Usual disturbances: of widths and of left against right; of these about the mouth. An open mouth changes heights, and
both sides alike."""


@dataclass(frozen=True)
class Measure(Described):
    """One measure. `points` are those that it reads beside the eye corners: of a pair, both sides'."""

    function: Callable[[Half], np.ndarray]
    words: str  # its name for people
    unit: str
    direction: str  # what a greater value means
    region: str
    kind: Kind
    points: tuple[str, ...] = ()
    outlines: tuple[str, ...] = ()
    suffers: tuple[str, ...] = ()  # of Disturbance

    @property
    def needed(self) -> tuple[int, ...]:
        """Indices of every point that it reads, the eye corners first."""
        names = [own for name in self.points for own in sided(name) if own not in CANTHI]
        return tuple(INDEX[name] for name in dict.fromkeys((*CANTHI, *names)))


def sided(name: str) -> tuple[str, ...]:
    """The points that a name stands for: both of a pair, or itself."""
    return tuple(f"{name}_{side}" for side in SIDES) if name in PAIRED else (name,)


class Both(NamedTuple):
    """A measure's number on each side, (...,) each. Of a plain measure and a deviation both are the left half's."""

    left: np.ndarray
    right: np.ndarray


def both(measure: Measure, frame: Frame) -> Both:
    """A measure's number on both sides of each face; NaN where a point is missing, inf where something divides by 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        left = measure.function(frame.left)
        return Both(left, left if measure.kind in ("plain", "deviation") else measure.function(frame.right))


def side_of(kind: Kind, found: Both, cleft: np.ndarray) -> np.ndarray:
    """Whose value it is: 1 the patient's left, -1 the right, 0 nobody's.

    `cleft`: the same of the cleft, 0 where it is not known. Of a ratio with equal sides it is 0, unless a cleft is.
    """
    if kind == "plain":
        return np.zeros(found.left.shape, int)
    if kind == "deviation":
        return np.asarray(np.sign(np.nan_to_num(found.left)).astype(int))
    more = np.sign(np.nan_to_num(found.left - found.right)).astype(int)
    if kind == "ratio":
        return np.where(cleft != 0, cleft, -more)
    return np.asarray(-more if kind == "lesser" else more)


def value_of(kind: Kind, found: Both, side: np.ndarray) -> np.ndarray:
    """The reported value, by the side of `side_of`. Of a difference or deviation it is negative where the other way."""
    if kind == "plain":
        return found.left
    if kind == "deviation":
        return np.where(side < 0, -found.left, found.left)
    here, there = np.where(side < 0, found.right, found.left), np.where(side < 0, found.left, found.right)
    if kind == "difference":
        return np.asarray(here - there)
    if kind == "lesser":
        return np.where(np.isnan(there), np.nan, here)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(here / there)
