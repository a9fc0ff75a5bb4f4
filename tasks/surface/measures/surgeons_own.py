"""A surgeon's own measures of a face in three dimensions: declared in the same file, in the same words, as in two."""

from pathlib import Path

import numpy as np

from tasks.findings.formulas import REGION, Language, declared
from tasks.surface.measures import geometry
from tasks.surface.measures.catalogue import BY_NAME
from tasks.surface.measures.measure import MM, Head, Kind, Measure
from tasks.surface.points.names import MIDLINE, PAIRED, SIDES

KINDS: dict[str, Kind] = {"plain": "plain", "difference": "paired", "deviation": "deviation"}


def own_measures(path: Path) -> tuple[Measure, ...]:
    """The measures with `dimensions: 3` that a file declares. DeclaredError names file and line."""
    return tuple(
        Measure(own.function, own.words, own.unit, own.direction, REGION, KINDS[own.kind], own.points)
        for own in declared(path, SPACE, BY_NAME)
    )


def _of(head: Head, name: str, side: str) -> np.ndarray:
    return head.points[f"{name}_{side}"]


def _height(low: np.ndarray, high: np.ndarray) -> float:
    return float(high[1] - low[1])


SPACE = Language(
    dimensions=3,
    length=MM,
    midline=MIDLINE,
    paired=PAIRED,
    sides=SIDES,
    suffers=(),
    at=Head.at,
    own=Head.own,
    of=_of,
    distance=geometry.distance,
    height=_height,
    angle=geometry.angle_at,
    deviation=Head.outward,
    ratio=geometry.ratio,
)
