"""The photographs of one visit, to a face in millimetres that stands upright, with its points.

In: what was found in every photograph by itself, and the photographs. Out: a `Face`, or InputError with the reason.
This is what the stage surface_reconstruct and `vermilion reconstruct` compute. Measures nothing.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from tasks.base import images as pictures
from tasks.errors import InputError
from tasks.params.ingest import IngestLandmarks
from tasks.params.surface import SurfaceCameras, SurfaceReconstruct
from tasks.schemas.surface import SURFACES
from tasks.space.views import Point, Surface
from tasks.surface.cameras.calibration import Told, told_in, words
from tasks.surface.cameras.features import Features
from tasks.surface.cameras.refusals import RefusedSet
from tasks.surface.cameras.solution import Solved, bounded, view_of
from tasks.surface.cameras.solving import solved_of
from tasks.surface.dense.filling import filled
from tasks.surface.dense.from_known_cameras import surface_of
from tasks.surface.dense.trimming import around, between_the_ears
from tasks.surface.geometry.head_frame import moved, upright
from tasks.surface.geometry.joining import joined, parted
from tasks.surface.geometry.mid_plane import midsagittal
from tasks.surface.pages.contents import Photographed
from tasks.surface.photographs.each_photograph import of_row
from tasks.surface.photographs.expression import moved as moved_faces
from tasks.surface.points.from_photographs import looks_of, placed_on, places_of
from tasks.surface.scale import millimetres
from tasks.surface.scale.known_distances import Known, checked, known_of, size_of
from tasks.surface.scale.ruler import Ruler, check_inside, factor_of, ruler_of
from tasks.surface.scale.where_rays_cross import TURNED, crossings, unit_of


class Face(NamedTuple):
    """A face in the head's frame (tasks.space.views)."""

    surface: Surface
    points: dict[str, Point]
    middle: float  # mm: x of the mid-sagittal plane
    cameras: list[Photographed]
    scale_words: str
    scale_share: float  # half of a length's 95 % interval, as a share of it
    filled: Surface | None = None  # what a template filled: no part of the surface, and nothing is measured on it

    def resized(self, factor: float) -> "Face":
        """The measured face so many times as large."""
        points = {name: _grown(point, factor) for name, point in self.points.items()}
        surface = self.surface.moved(factor, np.eye(3), np.zeros(3))
        return self._replace(surface=surface, points=points, middle=self.middle * factor, filled=None)


Load = Callable[[str], np.ndarray]
"""A photograph's name to its pixels, (H, W, 3) uint8 RGB, upright."""


Part = Callable[[str], None]
"""Is told which part of the work begins: one of PARTS."""
PARTS = ("cameras", "points", "surface", "head")


def face_of(
    seen: Mapping[str, Features],
    focals: Mapping[str, Told],  # px, or a calibrated lens
    load: Load,
    *,
    known: Sequence[Known],
    ruler: Ruler | None = None,
    detection: IngestLandmarks,
    cameras: SurfaceCameras,
    settings: SurfaceReconstruct,
    part: Part = lambda _: None,
) -> Face:
    """The face that the photographs show. RefusedSet, InputError or ValueError: why there is none."""
    checked(known)
    if ruler is not None:
        check_inside(ruler, {name: (own.width, own.height) for name, own in seen.items()})
    part(PARTS[0])
    solved = solved_of(seen, focals, settings=cameras)
    by_ruler = ruler and factor_of(ruler, solved.cameras, solved.bends, settings=settings.scale)
    part(PARTS[1])
    views = [view_of(name, bounded(load(name), settings.side), solved) for name in solved.names]
    looks = looks_of(views, settings=settings.points, detection=detection)
    unit = unit_of(looks, settings=settings.scale)
    views = [replace(view, camera=view.camera.moved(unit.value, np.eye(3), np.zeros(3))) for view in views]
    looks = [look._replace(camera=look.camera.moved(unit.value, np.eye(3), np.zeros(3))) for look in looks]
    if odd := moved_faces(looks, len(seen), most=settings.most_expression):
        still = {name: features for name, features in seen.items() if name not in odd}
        numbers: Any = {"detection": detection, "cameras": cameras, "settings": settings}
        again = face_of(still, focals, load, known=known, ruler=ruler, part=part, **numbers)
        return again._replace(cameras=[*again.cameras, *(Photographed(name, reason=odd[name]) for name in sorted(odd))])
    ends = crossings(looks, settings=settings.points, read=settings.scale.read) if known else {}
    factor = size_of(known, ends, unit, by_ruler, settings=settings.scale)
    part(PARTS[2])
    surface = surface_of(views, places_of(looks, settings=settings.points), settings=settings.dense)
    points = placed_on(looks, surface, settings=settings.points, plane=settings.plane, placed={})
    places = np.array([point.position for point in points.values() if point.position is not None]).reshape(-1, 3)
    if len(places) < LEAST_PLACES:
        raise InputError(
            f"{len(places)} points of a face were found on the surface; at least {LEAST_PLACES} are needed; {TURNED}"
        )
    part(PARTS[3])
    front = around(surface, places, margin=settings.margin)
    there = {view.name: view.camera.centre for view in views}
    held = cameras.hold_calibrated
    lenses = {name: words(focals[name], held=held, doubt=solved.doubts.get(name)) for name in solved.names}
    return _upright(front, surface, points, factor, _Around(solved, there, places, lenses), settings=settings)


class _Around(NamedTuple):
    """What stands around the surface, in its millimetres by the irises."""

    solved: Solved
    cameras: dict[str, np.ndarray]  # (3,) their centres
    places: np.ndarray  # (N, 3) of the points
    lenses: dict[str, str]  # where each lens comes from


def _upright(
    front: Surface,
    surface: Surface,
    points: Mapping[str, Point],
    factor: millimetres.Factor,
    beside: _Around,
    *,
    settings: SurfaceReconstruct,
) -> Face:
    """The face in its own millimetres and the head's frame, cut out, and filled where nobody saw it."""
    front, surface = (own.moved(factor.value, np.eye(3), np.zeros(3)) for own in (front, surface))
    points = {name: _grown(point, factor.value) for name, point in points.items()}
    plane = midsagittal(front, points, settings=settings.plane)
    motion = upright(plane, points, lean=settings.points.lean)
    _, rotation, shift = motion
    places = beside.places * factor.value @ rotation.T + shift
    there = {name: centre * factor.value @ rotation.T + shift for name, centre in beside.cameras.items()}
    surface = between_the_ears(surface.moved(*motion), places, margin=settings.margin, aside=settings.aside)
    points = moved(points, motion)
    return Face(
        surface,
        points,
        float((rotation @ plane.point + shift)[0]),
        _photographed(beside.solved, there, beside.lenses),
        factor.words,
        max(factor.high / factor.value - 1, 1 - factor.low / factor.value),
        filled(surface, points, settings=settings.filling),
    )


LEAST_PLACES = 6
"""Points of the face without which nothing is known of where it is."""


def _grown(point: Point, factor: float) -> Point:
    if point.position is None:
        return point
    return replace(point, position=point.position * factor, interval=(point.interval or 0) * factor)


def _photographed(solved: Solved, there: Mapping[str, np.ndarray], lenses: Mapping[str, str]) -> list[Photographed]:
    """Where every camera stood round the head, how well its points fit, and its lens."""
    rows = []
    for row in solved.table:
        if row.name not in there:
            rows.append(Photographed(row.name, reason=row.reason))
            continue
        x, y, z = there[row.name]
        turn, height = np.degrees(np.arctan2(x, z)), np.degrees(np.arctan2(y, np.hypot(x, z)))
        residual = None if row.residual_px is None else float(row.residual_px)
        own = row.name, float(turn), float(height), residual, row.points
        rows.append(Photographed(*own, focal=row.focal_px, lens=lenses[row.name]))
    return rows


def reconstruct_sets(
    sets: pa.Table, *, detection: IngestLandmarks, cameras: SurfaceCameras, settings: SurfaceReconstruct
) -> pa.Table:
    """SURFACES of the sets of a bucket; one that makes no face keeps the reason."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in sets.to_pylist():
        rows.setdefault(row["image_id"], []).append(row)
    return SURFACES.table(
        _row(set_id, own, detection=detection, cameras=cameras, settings=settings) for set_id, own in rows.items()
    )


def _row(
    set_id: str,
    photographs: Sequence[Mapping[str, Any]],
    *,
    detection: IngestLandmarks,
    cameras: SurfaceCameras,
    settings: SurfaceReconstruct,
) -> dict[str, Any]:
    who = {name: photographs[0][name] for name in ("subject_id", "population", "visit")}
    paths = {row["photograph"]: Path(row["path"]) for row in photographs}
    bad = {row["photograph"]: row["reason"] for row in photographs if row["reason"]}
    good = [row for row in photographs if not row["reason"]]
    found: dict[str, Any]
    try:
        face = face_of(
            {row["photograph"]: of_row(dict(row)) for row in good},
            told_in(good),
            lambda name: pictures.read(paths[name]),
            known=[known_of(said) for said in photographs[0]["known"] if len(said.split()) == 3],
            ruler=ruler_of(photographs[0]["known"]),
            detection=detection,
            cameras=cameras,
            settings=settings,
        )
        found = columns_of(face)
    except (InputError, ValueError) as error:
        told = error.reasons if isinstance(error, RefusedSet) else {}
        rows = [Photographed(name, reason=told.get(name)) for name in sorted(paths) if name not in bad]
        found = {"cameras": as_json(rows), "reason": str(error)}
    unread = [Photographed(name, reason=reason) for name, reason in sorted(bad.items())]
    found["cameras"] = as_json([*cameras_of(found["cameras"]), *unread])
    return {"image_id": set_id, **who, "photographs": len(photographs), **found}


def columns_of(face: Face) -> dict[str, Any]:
    """A face as a row of SURFACES keeps it."""
    surface = joined(face.surface, face.filled)
    seen = np.where(np.arange(len(surface.seen)) < len(face.surface.seen), surface.seen, FILLED)
    return {
        "placed": sum(row.reason is None for row in face.cameras),
        "cameras": as_json(face.cameras),
        "vertices": surface.vertices.astype(np.float32).tobytes(),
        "faces": surface.faces.astype(np.int32).tobytes(),
        "colours": surface.colours.tobytes(),
        "seen": seen.astype(np.uint8).tobytes(),
        "middle": face.middle,
        "points": json.dumps({name: _point(point) for name, point in face.points.items()}),
        "scale_words": face.scale_words,
        "scale_share": face.scale_share,
    }


def face_in(row: Mapping[str, Any]) -> Face:
    """The face that a row of SURFACES without a reason keeps."""
    seen = np.frombuffer(row["seen"], np.uint8)
    whole = Surface(
        np.frombuffer(row["vertices"], np.float32).reshape(-1, 3).astype(float),
        np.frombuffer(row["faces"], np.int32).reshape(-1, 3),
        np.frombuffer(row["colours"], np.uint8).reshape(-1, 3),
        seen == SEEN,
    )
    surface, filled_there = parted(whole, int((seen != FILLED).sum()))
    points = {
        name: Point(None if at is None else np.array(at), interval, views, reason)
        for name, (at, interval, views, reason) in json.loads(row["points"]).items()
    }
    cameras = cameras_of(row["cameras"])
    return Face(surface, points, row["middle"], cameras, row["scale_words"], row["scale_share"], filled_there)


SEEN, FILLED = 1, 2
"""A vertex's byte in the table, where a photograph saw it and where a template filled; else 0."""


def _point(point: Point) -> list[Any]:
    at = None if point.position is None else [round(float(value), DECIMALS) for value in point.position]
    interval = None if point.interval is None else round(float(point.interval), DECIMALS)
    return [at, interval, point.views, point.reason]


DECIMALS = 6
"""Of millimetres in the table: their last bits differ from run to run."""


def as_json(rows: Iterable[Photographed]) -> str:
    """Rows of the table of cameras as a cell keeps them."""
    return json.dumps([[_short(value) for value in astuple(row)] for row in rows])


def cameras_of(text: str) -> list[Photographed]:
    """Rows of the table of cameras, of a cell."""
    return [Photographed(*row) for row in json.loads(text)]


def _short(value: Any) -> Any:
    return round(value, DECIMALS) if isinstance(value, float) else value
