"""`python -m bench.surface_filling --real FOLDER`: holes cut into the scanned head, and how far off they are filled.

The scan itself is the surface, its points are those that models find in renders of it; the template never saw it. Each
hole is filled alone. Of the drawn heads, which are shapes of the same template, only a bump is new: `--tiny`, one hole.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.heads import Head, drawn_head, scanned_head
from bench.surface_dense import FEW, photographs
from tasks import params
from tasks.params.ingest import IngestLandmarks
from tasks.params.surface import SurfaceReconstruct
from tasks.space.views import Point
from tasks.surface.dense.filling import filled
from tasks.surface.dense.trimming import cut
from tasks.surface.geometry.front_view import front_of
from tasks.surface.geometry.nearest_points import Finder
from tasks.surface.points.from_photographs import points_of

PLACES = {
    "cheek": (38.0, 0.0),
    "wing of the nose": (-18.0, 8.0),
    "chin": (5.0, -45.0),
    "bridge of the nose": (0.0, 35.0),
}
"""x and y from the subnasale, mm."""
RADII = (10.0, 20.0)


def main(given: Sequence[str] | None = None) -> None:
    """A line per hole."""
    parser = argparse.ArgumentParser("python -m bench.surface_filling", description=__doc__)
    parser.add_argument("--real", type=Path, help="folder of the real data, with head/ in it")
    parser.add_argument("--tiny", action="store_true", help="a drawn head, one hole")
    options = parser.parse_args(given)
    if not options.real and not options.tiny:
        parser.error("--real is needed; --tiny draws a head")
    head = drawn_head() if options.tiny else scanned_head(options.real)
    settings = params.load(SurfaceReconstruct, "surface_reconstruct")
    points = points_of(
        photographs(head, 320, 400, 0, FEW) if options.tiny else photographs(head, 480, 600, 0),
        head.surface,
        settings=settings.points,
        plane=settings.plane,
        detection=params.load(IngestLandmarks, "ingest_landmarks"),
        placed={},
    )
    for name, place in list(PLACES.items())[: 1 if options.tiny else None]:
        for radius in RADII[: 1 if options.tiny else None]:
            print(f"{name}, {2 * radius:.0f} mm across: {holed(head, points, place, radius, settings)}", flush=True)


def holed(
    head: Head, points: dict[str, Point], place: tuple[float, float], radius: float, settings: SurfaceReconstruct
) -> str:
    """What became of one hole."""
    whole, base = head.surface, points["subnasale"].position
    assert base is not None
    front = front_of(whole).shows(whole.vertices)
    aside = np.linalg.norm(whole.vertices[:, :2] - base[:2] - place, axis=1)
    middle = whole.vertices[np.where(front, aside, np.inf).argmin()]
    inside = np.linalg.norm(whole.vertices - middle, axis=1) < radius
    left = {
        name: own
        for name, own in points.items()
        if own.position is not None and np.linalg.norm(own.position - middle) > radius
    }
    made = filled(cut(whole, ~inside), left, settings=settings.filling)
    if made is None:
        return "not filled"
    there = made.vertices[np.linalg.norm(made.vertices - middle, axis=1) < radius]
    away = np.linalg.norm(there - Finder(whole).nearest(there).places, axis=1)
    lost = whole.vertices[inside & front]
    covered = np.linalg.norm(lost - Finder(made).nearest(lost).places, axis=1) < COVERED
    told = f"{np.median(away):.2f} mm from the head in the median, 95 % within {np.quantile(away, 0.95):.2f}"
    return f"{told}; {covered.mean():.0%} of the hole filled"


COVERED = 3.0  # mm


if __name__ == "__main__":
    main()
