"""Points that people placed on a face in three dimensions on the review page: which of them count.

In: the folder of corrections (lines as tasks.faces.placing has them), a face. Out: SURFACE_HAND; the face with these
points, laid on its surface. A line names one photograph of the visit, so that a withdrawal finds it, and a visit that
gets one more photograph keeps it.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.faces.placing import Said, Sheet, own_values
from tasks.params.surface import HeadPoints
from tasks.schemas.surface import SURFACE_HAND
from tasks.space.views import Point
from tasks.surface.geometry.nearest_points import Finder
from tasks.surface.points.names import POINTS
from tasks.surface.points.placed_by_hand import FARTHEST
from tasks.surface.reconstructing import Face, cameras_of

SHEET = Sheet("space.csv", ("x", "y", "z"), POINTS, -FARTHEST, FARTHEST)
"""Places are in the head's frame, mm."""


BESIDE = 1.0
"""mm from the measured surface within which a place is on it, whatever was filled beside it."""


def of_set(said: Iterable[Said], set_id: str, photographs: Collection[str]) -> list[Said]:
    """The lines about any photograph of a visit, as lines about its set."""
    return [one._replace(image_id=set_id) for one in said if one.image_id in photographs]


def counting(said: Iterable[Said]) -> dict[str, Said]:
    """By point the line of one set that counts: of several people's, the latest."""
    return {point: own[-1] for (_, point), own in own_values(said).items()}


def hand_rows(surfaces: Iterable[Mapping[str, Any]], said: Sequence[Said]) -> pa.Table:
    """SURFACE_HAND of rows of SURFACES, of those sets in which people placed points."""
    rows = []
    for row in surfaces:
        names = {one.name for one in cameras_of(row["cameras"])} | {row["image_id"]}
        if placed := counting(of_set(said, row["image_id"], names)):
            points = {name: list(one.place or ()) for name, one in sorted(placed.items())}
            rows.append({"image_id": row["image_id"], "subject_id": row["subject_id"], "points": json.dumps(points)})
    return SURFACE_HAND.table(rows)


def placed_in(hand: pa.Table) -> dict[str, dict[str, tuple[float, ...]]]:
    """By set, the places of SURFACE_HAND by point."""
    return {
        row["image_id"]: {name: tuple(at) for name, at in json.loads(row["points"]).items()} for row in hand.to_pylist()
    }


def with_hand(face: Face, placed: Mapping[str, tuple[float, ...] | np.ndarray], *, settings: HeadPoints) -> Face:
    """The face with people's points instead of those that were found, each on the nearest place of the surface.

    Null, with the reason, is one that lies further from it than a found point may, for the surface was made anew since,
    and one on what a template filled.
    """
    if not placed:
        return face
    names, finder = list(placed), Finder(face.surface)
    near = finder.nearest(np.array([placed[name] for name in names], float))
    points = dict(face.points)
    made_up = None if face.filled is None else Finder(face.filled)
    for name, place, at in zip(names, near.places, placed.values(), strict=True):
        far, why = float(np.linalg.norm(place - np.array(at))), None
        if made_up and far > BESIDE and np.linalg.norm(made_up.nearest(np.array([at])).places - at) < far:
            why = "placed by hand where no photograph saw the face and a model of heads filled it"
        elif far > settings.snap:
            why = f"placed by hand {far:.0f} mm from the surface, which was made anew since; place it again"
        points[name] = Point(None, None, 0, why) if why else Point(place, settings.hand, 0, None)
    return face._replace(points=points)
