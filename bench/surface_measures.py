"""`python -m bench.surface_measures`: mid-plane, asymmetry, points and distances of drawn heads against what was drawn.

Heads are those of `tasks.phantoms.heads`, with the settings below; the surface is the drawn one, so that only
what is measured on it is judged, not how it was reconstructed. Photographs are rendered, not taken.
"""

import argparse
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from bench.heads import held_upright
from tasks import params
from tasks.params.ingest import IngestLandmarks
from tasks.params.phantoms import PhantomsHeads
from tasks.params.surface import SurfaceMeasure, SurfaceReconstruct
from tasks.phantoms.heads.people import Head, head
from tasks.phantoms.heads.visits import camera_of, name_of, photograph, places_of
from tasks.space.views import View
from tasks.surface.geometry.asymmetry import asymmetry, evenness
from tasks.surface.geometry.mid_plane import Plane, midsagittal
from tasks.surface.points.from_photographs import points_of
from tasks.surface.points.names import base_of

WANTED = 1.5  # mm
ACROSS = 60.0  # degrees to each side: photographs beyond show no face to the detector
SETTINGS = PhantomsHeads(
    seed=5,
    asymmetries=(0.0, 0.3, 0.6, 0.9, 1.2, 1.6),
    width=720,
    height=900,
    ring_step=20,
    ring_reach=60,
    pitched=(),
    distance=800,
    focal=75,
    focal_told=True,
    noise=2,
    quality=92,
)


def views_of(drawn: Head, number: int, settings: PhantomsHeads) -> Iterator[View]:
    """The photographs of a head, with their true cameras."""
    for yaw, pitch in places_of(settings):
        if abs(yaw) <= ACROSS:
            camera = camera_of(yaw, pitch, settings=settings)
            image = photograph(drawn, camera, seed=(settings.seed, number), settings=settings)
            yield View(name_of(yaw, pitch), image, camera)


class Row(NamedTuple):
    """What is told of a head."""

    wanted: float  # asymmetry set, mm RMS
    measured: float
    errors: dict[str, float]  # by point, mm
    intervals: dict[str, float]  # half-widths of 95 %
    distances: list[float]  # errors of those between any two points, mm


def measure(number: int, settings: PhantomsHeads) -> Row:
    """Prints a head's plane; its asymmetry, points and distances against what was drawn."""
    drawn = head(number, settings=settings)
    true = held_upright(drawn)
    detection = params.load(IngestLandmarks, "ingest_landmarks")
    made = params.load(SurfaceReconstruct, "surface_reconstruct")
    found = points_of(
        list(views_of(drawn, number, settings)),
        drawn.surface,
        settings=made.points,
        plane=made.plane,
        detection=detection,
        placed={},
    )
    plane = midsagittal(drawn.surface, found, settings=made.plane)
    angle = float(np.degrees(np.arccos(np.clip(plane.normal[0], -1, 1))))
    aside = float(plane.beyond(np.array([0.0, 0, 20])))
    rms = _nasolabial(drawn, plane)
    known = {name: own.position for name, own in found.items() if own.position is not None and name in true}
    errors = {name: float(np.linalg.norm(place - true[name])) for name, place in known.items()}
    names = sorted(known)
    distances = [
        float(np.linalg.norm(known[one] - known[other]) - np.linalg.norm(true[one] - true[other]))
        for place, one in enumerate(names)
        for other in names[:place]
    ]
    print(
        f"head {number}: plane {angle:.2f} degrees, {aside:+.2f} mm; asymmetry set {drawn.asymmetry:.2f}, {rms:.2f} mm"
    )
    return Row(drawn.asymmetry, rms, errors, {name: found[name].interval or 0.0 for name in known}, distances)


def _nasolabial(drawn: Head, plane: Plane) -> float:
    from tasks.phantoms.heads.asymmetry import nasolabial

    region = np.zeros(len(drawn.surface.vertices), bool)
    region[nasolabial()] = True
    values = asymmetry(drawn.surface, plane, settings=params.load(SurfaceMeasure, "surface_measure").asymmetry)
    return evenness(drawn.surface, plane, values, region).rms or 0.0


def main(argv: Sequence[str] | None = None) -> None:
    """All heads of the settings, or the first ones; `--tiny`: the first alone."""
    parser = argparse.ArgumentParser("python -m bench.surface_measures", description=__doc__)
    parser.add_argument("--heads", type=int, help="only so many")
    parser.add_argument("--seed", type=int, default=SETTINGS.seed, help="other people")
    parser.add_argument("--tiny", action="store_const", const=1, dest="heads", help="the first one")
    options = parser.parse_args(argv)
    settings = SETTINGS.model_copy(update={"seed": options.seed})
    rows = [measure(number, settings) for number in range(len(settings.asymmetries))[: options.heads]]
    wanted, found = np.array([row.wanted for row in rows]), np.array([row.measured for row in rows])
    if len(rows) > 2:
        print(f"asymmetry: r {np.corrcoef(wanted, found)[0, 1]:.3f}, slope {np.polyfit(wanted, found, 1)[0]:.2f}")
    for base in sorted({base_of(name) for row in rows for name in row.errors}):
        own = [(row.errors[name], row.intervals[name]) for row in rows for name in row.errors if base_of(name) == base]
        errors, intervals = np.array(own).T
        print(
            f"{base:18s} {len(own):3d} points: median error {np.median(errors):.1f} mm, at most {errors.max():.1f}; "
            f"interval {np.median(intervals):.1f} mm, it held {np.mean(errors <= intervals):.0%}"
        )
    apart = np.abs(np.concatenate([row.distances for row in rows]))
    print(
        f"distances: median error {np.median(apart):.2f} mm, 95 % below {np.quantile(apart, 0.95):.2f} mm, "
        f"{np.mean(apart < WANTED):.0%} within {WANTED} mm"
    )


if __name__ == "__main__":
    main()
