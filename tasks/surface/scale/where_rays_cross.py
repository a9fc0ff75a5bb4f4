"""Where the rays of photographs cross, whatever the surface: the irises' millimetres, and ends of known distances.

In: what photographs show of the points. Out: a factor, and points with the error at which models read them. On the
surface a point moves: into a fold that is bridged, or to where a definition puts it. Where rays cross is nearer to what
a calliper touched (docs/surface.md, Scale), and is known before there is a surface. Knows none.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from tasks.errors import InputError
from tasks.params.surface import HeadPoints, SurfaceScale
from tasks.space.views import Point
from tasks.surface.geometry.head_frame import Motion, upright
from tasks.surface.geometry.mid_plane import between
from tasks.surface.points.from_photographs import IRIS, Look, meeting, trusted
from tasks.surface.points.names import MESH, POINTS, base_of
from tasks.surface.scale import millimetres

TURNED = "turn photographs that lie on their side or stand on their head: vermilion capture check names them"


def unit_of(looks: Sequence[Look], *, settings: SurfaceScale) -> millimetres.Factor:
    """Millimetres per unit of the solved cameras, by the irises: what all settings in millimetres need."""
    if len(looks) < 2:
        raise InputError(
            f"a face from the front was found in {len(looks)} of the photographs; it is needed in two or more; {TURNED}"
        )
    named = {str(number): look for number, look in enumerate(looks)}
    edges = [
        tuple(
            {
                name: tuple(look.places[f"{end}_{side}"][0])
                for name, look in named.items()
                if f"{end}_{side}" in look.places
            }
            for end in IRIS
        )
        for side in ("right", "left")
    ]
    cameras = {name: look.camera for name, look in named.items()}
    return millimetres.iris(cameras, [(own[0], own[1]) for own in edges], settings=settings)


def crossings(
    looks: Sequence[Look],
    *,
    settings: HeadPoints,
    read: Mapping[str, float],  # mm: standard error of a point as models read it, by name without side
) -> dict[str, Point]:
    """Every point where the rays of trusted photographs cross, with its 95 % interval; of others the reason."""
    frame = _frame(looks, settings)
    return {name: _crossing(name, looks, frame, settings, read) for name in POINTS}


def _frame(looks: Sequence[Look], settings: HeadPoints) -> Motion | None:
    """The head's frame by points alone: which photographs see a side. None where too few are known."""
    met = {name: meeting(looks, name, settings) for name in MESH}
    points = {name: Point(own.place, None, 0, None) for name, own in met.items() if own is not None}
    try:
        return upright(between(points)[0], points, lean=settings.lean)
    except ValueError:
        return None


def _crossing(
    name: str, looks: Sequence[Look], frame: Motion | None, settings: HeadPoints, read: Mapping[str, float]
) -> Point:
    if name not in MESH or base_of(name) not in read:
        return Point(None, None, 0, "no model of landmarks has this point")
    seeing = [look for look in looks if trusted(name, look, frame, settings)]
    met = meeting(seeing, name, settings)
    if met is None:
        return Point(None, None, len(seeing), "photographs do not agree where it is")
    worst = float(np.linalg.eigvalsh(met.covariance)[-1])
    return Point(met.place, millimetres.Z95 * math.hypot(read[base_of(name)], math.sqrt(worst)), len(seeing), None)
