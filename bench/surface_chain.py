"""`python -m bench.surface_chain`: drawn heads from photographs to points, cameras solved, held against what was drawn.

Each head is photographed from 17 places and goes through all of `vermilion reconstruct`. The face is then laid on the
drawn head by the best similarity, so that points and distances are judged without the scale. What known lengths make of
the scale is told by bench.surface_scale. `--tiny`: one small head.
"""

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bench.heads import FEW, FEW_VIEWS, ROUNDS, coarse, held_upright, laid_on, seldom
from tasks import params
from tasks.ingest.faces.detection import find_face
from tasks.params.ingest import IngestLandmarks
from tasks.params.phantoms import PhantomsHeads
from tasks.params.surface import SurfaceCameras, SurfaceMeasure, SurfaceReconstruct
from tasks.phantoms.heads.people import Head, head
from tasks.phantoms.heads.visits import camera_of, name_of, photograph, places_of
from tasks.space.rings import focal_of
from tasks.space.views import Point
from tasks.surface.cameras.features import Features, features_of
from tasks.surface.geometry.head_frame import moved, upright
from tasks.surface.geometry.mid_plane import Plane
from tasks.surface.geometry.nearest_points import Finder
from tasks.surface.measures.measuring import Measured
from tasks.surface.measuring_faces import X, map_of, measures_of
from tasks.surface.points.names import base_of, side_of
from tasks.surface.reconstructing import Face, face_of

WANTED = 1.5  # mm
SETTINGS = PhantomsHeads(
    seed=11,
    asymmetries=(1.5, 0.0, 0.8, 1.2),
    width=900,
    height=1200,
    ring_step=15,
    ring_reach=75,
    pitched=((-30, 25), (0, 25), (30, 25), (-30, -25), (0, -25), (30, -25)),
    distance=800,
    focal=75,
    focal_told=True,
    noise=2,
    quality=92,
)
SIZES = (
    ("exocanthion_right", "exocanthion_left"),
    ("endocanthion_right", "endocanthion_left"),
    ("cheilion_right", "cheilion_left"),
    ("nasion", "subnasale"),
    ("nasion", "menton"),
    ("exocanthion_right", "stomion"),
    ("endocanthion_left", "stomion"),
)
"""What a calliper may have measured."""


class Row(NamedTuple):
    """What is told of a head."""

    errors: dict[str, np.ndarray]  # (3,) mm by point, without the scale
    intervals: dict[str, float]  # half-widths of 95 %
    distances: np.ndarray  # errors of those between any two points, mm
    pairs: list[tuple[str, str]]  # which points
    away: np.ndarray  # (V,) mm of the surface from the drawn one


def photographed(number: int, settings: PhantomsHeads) -> tuple[Head, dict[str, np.ndarray], dict[str, Features]]:
    """A drawn head, its photographs by name, and what is found in each."""
    drawn = head(number, settings=settings)
    detection, cameras = (
        params.load(IngestLandmarks, "ingest_landmarks"),
        params.load(SurfaceCameras, "surface_cameras"),
    )
    images, seen = {}, {}
    for index, (yaw, pitch) in enumerate(places_of(settings)):
        name, seed = name_of(yaw, pitch), (settings.seed, number, index)
        images[name] = photograph(drawn, camera_of(yaw, pitch, settings=settings), seed=seed, settings=settings)
        found = find_face(images[name], detection)
        seen[name] = features_of(images[name], None if found is None else found.box, settings=cameras)
    return drawn, images, seen


def chain(number: int, settings: PhantomsHeads, made: SurfaceReconstruct) -> tuple[Head, Face]:
    """A drawn head, and the face that its photographs made, by the irises."""
    drawn, images, seen = photographed(number, settings)
    focal = focal_of(settings.focal, width=settings.width, height=settings.height)
    face = face_of(
        seen,
        dict.fromkeys(seen, focal),
        images.__getitem__,
        known=(),
        detection=params.load(IngestLandmarks, "ingest_landmarks"),
        cameras=params.load(SurfaceCameras, "surface_cameras"),
        settings=made,
    )
    return drawn, face


def held(drawn: Head, face: Face, rounds: int) -> tuple[Row, float]:
    """The face against the head, and by how much its lengths are too long."""
    tip = face.points["pronasale"].position
    assert tip is not None
    motion = laid_on(drawn.surface, face.surface.vertices[face.surface.seen], tip, rounds)
    scale = float(np.cbrt(np.linalg.det(motion[:3, :3])))
    true = held_upright(drawn)
    there = {
        name: motion[:3, :3] @ own.position + motion[:3, 3]
        for name, own in face.points.items()
        if own.position is not None and name in true
    }
    names = sorted(there)
    pairs = [(one, other) for place, one in enumerate(names) for other in names[:place]]
    apart = [np.linalg.norm(there[a] - there[b]) - np.linalg.norm(true[a] - true[b]) for a, b in pairs]
    laid = face.surface.vertices[face.surface.seen] @ motion[:3, :3].T + motion[:3, 3]
    away = np.linalg.norm(laid - Finder(drawn.surface).nearest(laid).places, axis=1)
    errors = {name: there[name] - true[name] for name in names}
    intervals = {name: (face.points[name].interval or 0) * scale for name in names}
    return Row(errors, intervals, np.array(apart), pairs, away), 1 / scale - 1


def between(drawn: Head, face: Face, scale: float, one: str, other: str) -> float:
    """By how much the distance between two places on the surface is off, as a share, without the scale."""
    ends = [face.points[name].position for name in (one, other)]
    assert ends[0] is not None and ends[1] is not None
    true = float(np.linalg.norm(drawn.points[one] - drawn.points[other]))
    return float(np.linalg.norm(ends[0] - ends[1])) / (1 + scale) / true - 1


def read_off(drawn: Head, face: Face, scale: float, settings: SurfaceMeasure) -> dict[str, tuple[float, float]]:
    """By measure of the surface itself, how far it lies from the drawn head's, and half of its interval."""
    points = {name: Point(place, 0.0, 0, None) for name, place in held_upright(drawn).items()}
    lean = params.load(SurfaceReconstruct, "surface_reconstruct").points.lean
    motion = upright(Plane(X, np.zeros(3), 1.0, 0.0), points, lean=lean)
    middle = float(motion[2][0])  # the drawn head's mid-plane is x = 0
    true = Face(drawn.surface.moved(*motion), moved(points, motion), middle, [], "", 0.0)
    rows = [
        {own.measure.name: own for own in measures_of(one, map_of(one, settings=settings), settings=settings)}
        for one in (true, face.resized(1 / (1 + scale)))
    ]
    return {
        name: (_signed(found) - _signed(rows[0][name]), (found.high - found.low) / 2)
        for name, found in rows[1].items()
        if found.measure.own and found.low is not None and found.high is not None and rows[0][name].value is not None
    }


def _signed(row: Measured) -> float:
    return -(row.value or 0.0) if row.side == "right" else row.value or 0.0


def main(argv: Sequence[str] | None = None) -> None:
    """All heads of the settings, or the first ones; `--tiny`: the first one, small."""
    parser = argparse.ArgumentParser("python -m bench.surface_chain", description=__doc__)
    parser.add_argument("--heads", type=int, help="only so many")
    parser.add_argument("--seed", type=int, default=SETTINGS.seed, help="other people")
    parser.add_argument("--tiny", action="store_true", help="one head of 320 x 400")
    options = parser.parse_args(argv)
    settings = SETTINGS.model_copy(update={"seed": options.seed})
    made = params.load(SurfaceReconstruct, "surface_reconstruct")
    measure = params.load(SurfaceMeasure, "surface_measure")
    if options.tiny:
        settings, made, measure = settings.model_copy(update=FEW_VIEWS), coarse(made), seldom(measure)
    rows, inside = [], []
    for number in range(len(settings.asymmetries))[: options.heads]:
        drawn, face = chain(number, settings, made)
        row, scale = held(drawn, face, FEW if options.tiny else ROUNDS)
        rows.append(row)
        print(
            f"head {number}, asymmetry {drawn.asymmetry:g}: surface {np.median(row.away):.2f} mm off in the median, "
            f"95 % {np.quantile(row.away, 0.95):.2f}; {told(row.distances)}; lengths by the irises {scale:+.1%}",
            flush=True,
        )
        for name, (off, half) in read_off(drawn, face, scale, measure).items():
            inside.append(abs(off) <= half)
            print(f"  {name}: {off:+.2f}, interval {half:.2f}" + ", it did not hold" * (not inside[-1]))
        for one, other in SIZES:
            print(f"  {one} to {other} on the surface: {between(drawn, face, scale, one, other):+.1%}")
    for base in sorted({base_of(name) for row in rows for name in row.errors}):
        print(by_point(base, rows))
    print(f"what is read off the surface: {sum(inside)} of {len(inside)} in their interval")
    held_by = np.mean([np.linalg.norm(row.errors[name]) <= row.intervals[name] for row in rows for name in row.errors])
    print(f"all: {told(np.concatenate([row.distances for row in rows]))}; {held_by:.0%} of points in their interval")


def by_point(base: str, rows: Sequence[Row]) -> str:
    """How far a point lies off, x outwards for those of a side: what is systematic, and the spread."""
    own = [(name, row) for row in rows for name in row.errors if base_of(name) == base]
    errors = np.array([row.errors[name] * [side_of(name) or 1, 1, 1] for name, row in own])
    sizes, reach = np.linalg.norm(errors, axis=1), np.array([row.intervals[name] for name, row in own])
    beyond = np.concatenate(
        [np.abs(row.distances[[base in map(base_of, pair) for pair in row.pairs]]) >= WANTED for row in rows]
    )
    mean, spread = (", ".join(f"{one:+.1f}" for one in own) for own in (errors.mean(axis=0), errors.std(axis=0)))
    return (
        f"{base:18s} {len(own):3d} points: median error {np.median(sizes):.1f} mm, at most {sizes.max():.1f}; x, y, z "
        f"mean {mean}, spread {spread}; interval {np.median(reach):.1f} mm, it held {np.mean(sizes <= reach):.0%}; "
        f"{beyond.mean():.0%} of its distances beyond {WANTED} mm"
    )


def told(distances: np.ndarray) -> str:
    """Errors of distances, in words."""
    apart = np.abs(distances)
    return (
        f"distances {np.median(apart):.2f} mm off in the median, 95 % {np.quantile(apart, 0.95):.2f}, "
        f"{np.mean(apart < WANTED):.0%} within {WANTED} mm"
    )


if __name__ == "__main__":
    main()
