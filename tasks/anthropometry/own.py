"""A surgeon's own measures of a photograph (tasks.findings.formulas), among those that are built in."""

from pathlib import Path

import numpy as np

from tasks.anthropometry.frame import Half
from tasks.anthropometry.measures import geometry
from tasks.anthropometry.measures.catalogue import BY_NAME
from tasks.anthropometry.measures.measure import INTEROCULAR, Measure
from tasks.anthropometry.names import MIDLINE, PAIRED, SIDES
from tasks.findings.formulas import REGION, Language, declared


def own_measures(path: Path) -> tuple[Measure, ...]:
    """The measures in two dimensions that a file declares. DeclaredError names file and line, and what is accepted."""
    return tuple(
        Measure(own.function, own.words, own.unit, own.direction, REGION, own.kind, own.points, suffers=own.suffers)
        for own in declared(path, FLAT, BY_NAME)
    )


def _of(half: Half, name: str, side: str) -> np.ndarray:
    return half.own(name) if half.side == side else half.other(name)


def _off_the_midline(half: Half, place: np.ndarray) -> np.ndarray:
    return np.asarray(place[..., 0])


FLAT = Language(
    dimensions=2,
    length=INTEROCULAR,
    midline=MIDLINE,
    paired=PAIRED,
    sides=SIDES,
    suffers=("yaw", "smile", "opening"),
    at=Half.middle,
    own=Half.own,
    of=_of,
    distance=geometry.distance,
    height=geometry.rise,
    angle=geometry.angle_at,
    deviation=_off_the_midline,
    ratio=geometry.ratio,
)
