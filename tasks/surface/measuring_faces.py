"""A face held against its mirror image, and measured: what surface_measure and `vermilion reconstruct` compute.

In: rows of SURFACES. Out: SURFACE_FACES with the map of asymmetry and two pictures, and SURFACE_MEASURES. Does not
know how the surface came about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.base.images import encode_png
from tasks.params.surface import HeadPoints, SurfaceMeasure
from tasks.schemas.surface import SURFACE_FACES, SURFACE_MEASURES
from tasks.surface.geometry.asymmetry import asymmetry
from tasks.surface.geometry.front_view import front_of
from tasks.surface.geometry.mid_plane import Plane
from tasks.surface.measures.catalogue import BY_NAME, MEASURES
from tasks.surface.measures.measure import Head, Measure
from tasks.surface.measures.measuring import Measured, measured
from tasks.surface.pages import stills
from tasks.surface.pages.contents import Shown
from tasks.surface.pages.map_colours import limit_of, tinted
from tasks.surface.reconstructing import Face, cameras_of, face_in
from tasks.surface.review_corrections import placed_in, with_hand

WHO = ("image_id", "subject_id", "population", "visit", "reason")
X = np.array([1.0, 0.0, 0.0])


def plane_of(face: Face) -> Plane:
    """The mid-sagittal plane of a face that stands upright."""
    return Plane(X, np.array([face.middle, 0.0, 0.0]), 1.0, 0.0)


def map_of(face: Face, *, settings: SurfaceMeasure) -> np.ndarray:
    """Signed mm (V,) by which each vertex lies farther out than the mirrored other side; NaN where not known."""
    return asymmetry(face.surface, plane_of(face), settings=settings.asymmetry)


def measures_of(
    face: Face, values: np.ndarray, *, settings: SurfaceMeasure, own: Sequence[Measure] = ()
) -> list[Measured]:
    """Every measure of a face, given its map; `own`: a surgeon's own ones besides."""
    places = {name: point.position for name, point in face.points.items() if point.position is not None}
    head = Head(places, face.middle, face.surface, front_of(face.surface), values, settings.asymmetry.least_seen)
    return measured(head, face.points, settings=settings.measures, measures=(*MEASURES, *own))


def face_sets(surfaces: pa.Table, *, settings: SurfaceMeasure) -> pa.Table:
    """SURFACE_FACES of a bucket's sets."""
    rows = []
    for row in surfaces.to_pylist():
        own = {name: row[name] for name in WHO} | {"photographs": [one.name for one in cameras_of(row["cameras"])]}
        if row["reason"] is None:
            face = face_in(row)
            values = map_of(face, settings=settings)
            front, tints = _pictures(face, values, height=settings.picture)
            known = [None if np.isnan(value) else round(float(value), 4) for value in values]
            own |= {"asymmetry": known, "front": encode_png(front), "map": encode_png(tints)}
        rows.append(own)
    return SURFACE_FACES.table(rows)


def _pictures(face: Face, values: np.ndarray, *, height: int) -> tuple[np.ndarray, np.ndarray]:
    shown = Shown("", surface=face.surface, filled=face.filled, origin=plane_of(face).point, asymmetry=values)
    tints = replace(
        face.surface, colours=tinted(stills.fuller(shown), limit=limit_of(values, face.surface.vertices[:, 2]))
    )
    front = stills.still(face.surface, face.surface, 0.0, height=height, filled=face.filled)
    return front, stills.still(tints, face.surface, 0.0, height=height, shaded=True, filled=face.filled)


def measure_sets(
    surfaces: pa.Table, faces: pa.Table, hand: pa.Table, *, settings: SurfaceMeasure, points: HeadPoints
) -> pa.Table:
    """SURFACE_MEASURES of a bucket's sets, with people's points; of one without a face there is none."""
    placed = placed_in(hand)
    maps = {row["image_id"]: row["asymmetry"] for row in faces.select(["image_id", "asymmetry"]).to_pylist()}
    rows: list[dict[str, Any]] = []
    for row in surfaces.to_pylist():
        if row["reason"] is not None:
            continue
        face, values = face_in(row), np.array(maps[row["image_id"]], float)
        face = with_hand(face, placed.get(row["image_id"], {}), settings=points)
        who = {name: row[name] for name in WHO if name != "reason"}
        rows += [who | measure_row(one) for one in measures_of(face, values, settings=settings)]
    return SURFACE_MEASURES.table(rows)


def measured_in(row: Mapping[str, Any]) -> Measured:
    """The measure of a row of SURFACE_MEASURES."""
    numbers = (row[name] for name in ("value", "low", "high", "left", "right", "side", "reason"))
    return Measured(BY_NAME[row["measure"]], *numbers)


def measure_row(one: Measured) -> dict[str, Any]:
    """A measure as a row of SURFACE_MEASURES, without whose it is."""
    return {
        "measure": one.measure.name,
        "region": one.measure.region,
        "words": one.measure.words,
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "left": one.left,
        "right": one.right,
        "side": one.side,
        "unit": one.measure.unit,
        "deviation": one.value if one.measure.uneven else None,
        "reason": one.reason,
    }
