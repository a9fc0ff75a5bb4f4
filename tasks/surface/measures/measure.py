"""What a measure of a head in three dimensions is, and what its function is given.

A function's name is the measure's, the first sentence of its docstring its meaning, and the last one, `Source: ...`,
where it is from. Knows no measure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tasks.faces.described import Described
from tasks.space.views import Surface
from tasks.surface.geometry.front_view import Front

MM, DEGREES, ML, CM2, RATIO = "mm", "degrees", "ml", "cm2", ""
LESS_EVEN = "less even"
"""What a greater value means of a measure of the whole face that is 0 where it is even."""
Kind = Literal["plain", "paired", "deviation"]
KINDS: dict[Kind, str] = {
    "plain": "one number of the whole face",
    "paired": "a number of each side; the value is how much more the one has, and the side is that one",
    "deviation": "how far it lies from the mid-plane; the side is that towards which it lies",
}


@dataclass(frozen=True)
class Head:
    """A head in its frame. `side` is whose number is asked for: 1 the patient's left, -1 the right."""

    points: Mapping[str, np.ndarray]  # name: (3,) mm, the known ones
    middle: float  # x of the mid-plane, mm
    surface: Surface
    front: Front  # the surface, seen from the front
    map: np.ndarray  # (V,) signed asymmetry of every vertex, mm
    least_seen: float  # share of a region that must have been seen on both sides
    side: int = 1

    def at(self, name: str) -> np.ndarray:
        """A point of the midline."""
        return self.points[name]

    def own(self, name: str) -> np.ndarray:
        """A pair's point on this side."""
        return self.points[f"{name}_{'left' if self.side > 0 else 'right'}"]

    def other(self, name: str) -> np.ndarray:
        """A pair's point on the other side."""
        return self.points[f"{name}_{'right' if self.side > 0 else 'left'}"]

    def outward(self, place: np.ndarray) -> float:
        """How far a place lies from the mid-plane towards this side, mm."""
        return float(self.side * (place[0] - self.middle))

    def turned(self, side: int) -> "Head":
        """The same head, asked for a side."""
        return replace(self, side=side)


@dataclass(frozen=True)
class Measure(Described):
    """One measure. `points` are those that it reads; of a pair, the name without its side."""

    function: Callable[[Head], float]  # ValueError says why it has no value
    words: str  # its name for people
    unit: str
    direction: str  # what a greater value means
    region: str
    kind: Kind
    points: tuple[str, ...]
    on_surface: bool = False  # read off the surface: costly
    own: Callable[[Head], float] | None = None  # standard deviation that the surface's own error gives it
    either: bool = False  # of a pair, one side's point will do: it bounds a region as if the face were even

    @property
    def uneven(self) -> bool:
        """Whether it is 0 of an even face, and the more the less even a face is."""
        return self.kind != "plain" or self.direction == LESS_EVEN
