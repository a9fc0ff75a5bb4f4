"""What the page of a visit in three dimensions shows: the surface, its points, its measures, how it came about.

In: what reconstruction and measurement found. Out: the same, in one frozen value. Measures nothing, draws nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tasks.space.views import Point, Surface


@dataclass(frozen=True)
class Measured:
    """A measure of the face. Without a value it has a `reason`."""

    group: str  # the heading it stands below, such as "Nose"
    words: str
    meaning: str
    unit: str  # "mm", "°", "cm³", "%" or ""
    digits: int  # decimals
    value: float | None
    low: float | None = None  # ends of its 95 % interval
    high: float | None = None
    deviation: float | None = None  # from an even face, of the measures that have one: see tasks.pages.norms
    side: str = ""  # the patient's side towards which it lies
    norm: Mapping[str, Any] | None = None  # mean, sd, p05, p95 of people without a cleft
    reason: str | None = None
    right: float | None = None  # of a difference of sides: each side's own value
    left: float | None = None


@dataclass(frozen=True)
class Photographed:
    """A photograph of the visit: where its camera stood, or why that is not known."""

    name: str
    turn: float | None = None  # degrees from the front round the head, towards the patient's left
    height: float | None = None  # degrees above the level of the subnasale
    residual: float | None = None  # px: the median distance of seen points from where the solved camera sees them
    points: int = 0  # how many of those
    reason: str | None = None  # why it was not registered
    focal: float | None = None  # px of the photograph as it was solved
    lens: str | None = None  # where its lens comes from, in words


@dataclass(frozen=True)
class Scale:
    """Where the millimetres come from, and how sure they are."""

    words: str  # such as "the distance between the outer corners of the eyes, 92 mm, was given"
    share: float | None  # half of the 95 % interval of a length, as a share of that length; None: not known


@dataclass(frozen=True)
class Shown:
    """One visit's page. With a `reason` there is no surface, and the page says why.

    Surface, plane and points are in the head's frame (tasks.space.views). The plane is the mid-sagittal one; `normal`
    points to the patient's left. `asymmetry`: by how much each vertex lies farther out than the mirror image
    of the other side there, mm; NaN where that is not known.
    """

    title: str
    reason: str | None = None
    surface: Surface | None = None
    filled: Surface | None = None  # what a template filled
    normal: np.ndarray = field(default_factory=lambda: np.array([1.0, 0.0, 0.0]))  # (3,)
    origin: np.ndarray = field(default_factory=lambda: np.zeros(3))  # (3,) mm, a point of the plane
    asymmetry: np.ndarray | None = None  # (V,) mm
    points: Mapping[str, Point] = field(default_factory=dict)  # by name, in the list's order
    definitions: Mapping[str, str] = field(default_factory=dict)  # what each point is; those that a person may place
    measures: Sequence[Measured] = ()
    short: Sequence[str] = ()  # what is told first, in sentences
    findings: Sequence[tuple[str, str]] | None = None  # a sentence, and where its limit comes from; None: no rules
    cameras: Sequence[Photographed] = ()
    scale: Scale | None = None
    provenance: Sequence[tuple[str, str]] = ()  # models, versions, settings: name, value
