"""`python -m bench.surface_scale`: by how much lengths are off, by every kind of known length, on drawn heads.

Each head is photographed from 17 places and its cameras are solved; true lengths are known, and so are true cameras, by
which the true size is told. Printed are the errors of lengths by irises, by single distances as a calliper gives them,
by those that docs/capture.md recommends, and by ends that are clicked in two or three photographs, with the share of
heads whose interval holds the truth. Then: how often exchanged ends of a ruler are refused. No surface is made.
`--real FOLDER`: how far models' points make the same distances wrong on London's photographs. `--tiny`: one small head.
"""

import argparse
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import trimesh

from bench.anthropometry_faces import hand_placed, photographs
from bench.heads import FEW_VIEWS
from bench.surface_chain import SETTINGS, photographed
from tasks import params
from tasks.anthropometry.names import INDEX
from tasks.errors import InputError
from tasks.ingest.faces.mesh import mesh
from tasks.params.ingest import IngestLandmarks
from tasks.params.phantoms import PhantomsHeads
from tasks.params.surface import SurfaceCameras, SurfaceReconstruct
from tasks.phantoms.heads.people import Head
from tasks.phantoms.heads.visits import camera_of, name_of, places_of
from tasks.space.rings import focal_of
from tasks.space.views import Camera, Point
from tasks.surface.cameras.solution import Solved, view_of
from tasks.surface.cameras.solving import solved_of
from tasks.surface.points.from_photographs import looks_of
from tasks.surface.points.names import DLIB, MESH
from tasks.surface.scale.known_distances import Known, size_of
from tasks.surface.scale.millimetres import Factor
from tasks.surface.scale.ruler import Ruler, factor_of
from tasks.surface.scale.where_rays_cross import crossings, unit_of

EYES = [f"{name}_{side}" for name in ("exocanthion", "endocanthion") for side in ("right", "left")]
CORNERS = (("exocanthion_right", "cheilion_left"), ("exocanthion_left", "cheilion_right"))
TO_THE_LIPS = tuple((eye, "stomion") for eye in EYES)
SINGLE = (
    ("exocanthion_right", "exocanthion_left"),
    ("endocanthion_right", "endocanthion_left"),
    ("cheilion_right", "cheilion_left"),
    ("nasion", "subnasale"),
    ("nasion", "menton"),
    *TO_THE_LIPS[::2],
    CORNERS[0],
)
TOGETHER = {
    "four: eye corners to stomion": TO_THE_LIPS,
    "six: those, and outer eye corners to crossed mouth corners": (*TO_THE_LIPS, *CORNERS),
}
CLICKED = {"outer eye corners": SINGLE[0], "nasion to subnasale": SINGLE[3], "inner eye corners": SINGLE[1]}
BESIDE = ((-15.0, 0.0), (15.0, 0.0), (0.0, 25.0))
"""From where the clicked photographs are, the first two or all."""
CLICKS, DRAWS = (1.0, 2.0, 4.0), 40
"""px, standard deviations of a click in photographs of 900 x 1200; and how often."""
CALLIPER = 0.5
"""mm, standard deviation of a calliper's distance."""


class Told(NamedTuple):
    """What photographs of a head say of its size."""

    drawn: Head
    solved: Solved
    unit: Factor  # by the irises
    ends: Mapping[str, Point]  # in millimetres by the irises
    true: Mapping[str, Camera]
    size: float  # mm per unit of the solved cameras


def told(number: int, settings: PhantomsHeads) -> Told:
    """Photographs of a drawn head, to where rays cross."""
    made = params.load(SurfaceReconstruct, "surface_reconstruct")
    detection = params.load(IngestLandmarks, "ingest_landmarks")
    drawn, images, seen = photographed(number, settings)
    focal = focal_of(settings.focal, width=settings.width, height=settings.height)
    numbers = params.load(SurfaceCameras, "surface_cameras")
    solved = solved_of(seen, dict.fromkeys(seen, focal), settings=numbers)
    looks = looks_of(
        [view_of(name, images[name], solved) for name in solved.names], settings=made.points, detection=detection
    )
    unit = unit_of(looks, settings=made.scale)
    looks = [look._replace(camera=look.camera.moved(unit.value, np.eye(3), np.zeros(3))) for look in looks]
    true = {name_of(*place): camera_of(*place, settings=settings) for place in places_of(settings)}
    ends = crossings(looks, settings=made.points, read=made.scale.read)
    return Told(drawn, solved, unit, ends, true, size_by(solved, true))


def size_by(solved: Solved, true: Mapping[str, Camera]) -> float:
    """Millimetres per unit, by where the cameras truly stood."""
    own, there = (np.array([cameras[name].centre for name in solved.names]) for cameras in (solved.cameras, true))
    motion, _, _ = trimesh.registration.procrustes(own, there, reflection=False, scale=True)
    return float(np.cbrt(np.linalg.det(motion[:3, :3])))


def by_known(head: Told, pairs: Sequence[tuple[str, str]], *, off: float, seed: int) -> tuple[float, float]:
    """By how much lengths are too long with these distances known, as a share; and half of the interval."""
    random = np.random.default_rng(seed)
    known = [
        Known(
            one, other, float(np.linalg.norm(head.drawn.points[one] - head.drawn.points[other]) + random.normal() * off)
        )
        for one, other in pairs
    ]
    found = size_of(
        known, head.ends, head.unit, None, settings=params.load(SurfaceReconstruct, "surface_reconstruct").scale
    )
    return found.value * head.unit.value / head.size - 1, found.high / found.value - 1


def clicked(head: Told, ends: tuple[str, str], names: Sequence[str], *, off: float, seed: int) -> Ruler:
    """Both ends as somebody clicks them."""
    random = np.random.default_rng(seed)
    places = np.array([head.drawn.points[end] for end in ends])
    pixels = {name: head.true[name].project(places) + random.normal(scale=off, size=(2, 2)) for name in names}
    first, second = ({name: (float(own[end, 0]), float(own[end, 1])) for name, own in pixels.items()} for end in (0, 1))
    return Ruler(first, second, float(np.linalg.norm(places[1] - places[0])))


def by_ruler(head: Told, ruler: Ruler) -> tuple[float, float]:
    """The same with clicked ends."""
    settings = params.load(SurfaceReconstruct, "surface_reconstruct").scale
    found = factor_of(ruler, head.solved.cameras, head.solved.bends, settings=settings)
    return found.value / head.size - 1, found.high / found.value - 1


Tried = Callable[[], tuple[float, float]]


def kinds(head: Told) -> Iterator[tuple[str, Tried]]:
    """Of every kind of known length its words, and what tells error and half-interval; clicks are drawn often."""
    unit = head.unit
    yield "irises", lambda: (unit.value / head.size - 1, unit.high / unit.value - 1)
    for pair in SINGLE:
        yield " to ".join(pair), partial(by_known, head, [pair], off=0, seed=0)
    for words, pairs in TOGETHER.items():
        yield words, partial(by_known, head, pairs, off=0, seed=0)
        for seed in range(DRAWS):
            yield f"{words}, calliper {CALLIPER:g} mm off", partial(by_known, head, pairs, off=CALLIPER, seed=seed)
    names = [name_of(*place) for place in BESIDE if name_of(*place) in head.solved.names]
    for (words, ends), count, off in itertools.product(CLICKED.items(), (2, 3), CLICKS):
        for seed in range(DRAWS):
            ruler = clicked(head, ends, names[:count], off=off, seed=seed)
            yield f"{words} clicked in {count} photographs, {off:g} px off", partial(by_ruler, head, ruler)


def exchanged(head: Told) -> tuple[int, int]:
    """Of rulers with the ends exchanged in one line: those that are refused, and all."""
    names = [name_of(*place) for place in places_of(SETTINGS) if name_of(*place) in head.solved.names]
    names = [name for name in names if abs(head.true[name].centre[0]) < head.true[name].centre[2]]  # 45 degrees
    refused = number = 0
    for count, ends in itertools.product((2, 3), CLICKED.values()):
        for chosen in itertools.combinations(names, count):
            ruler = clicked(head, ends, chosen, off=1, seed=number)
            first, second = dict(ruler.first), dict(ruler.second)
            first[chosen[-1]], second[chosen[-1]] = second[chosen[-1]], first[chosen[-1]]
            number += 1
            try:
                by_ruler(head, ruler._replace(first=first, second=second))
            except InputError:
                refused += 1
    return refused, number


def london(real: Path) -> None:
    """How far models' points make distances wrong on photographs of people, against points that people placed."""
    settings = params.load(SurfaceReconstruct, "surface_reconstruct").points
    off: dict[str, list[float]] = {}
    for face in photographs(real):
        placed = hand_placed(face.placed)
        found = mesh(face.image, face.points68, crop=settings.crop, crop_raised=settings.crop_raised)
        own = {name: found[list(numbers)].mean(axis=0) for name, numbers in MESH.items()}
        own |= {name: (own[name] + face.points68[number]) / 2 for name, number in DLIB.items() if name in own}
        true = {name: placed[INDEX[name]] for name in own if name in INDEX}

        def log(
            one: str, other: str, own: Mapping[str, np.ndarray] = own, true: Mapping[str, np.ndarray] = true
        ) -> float:
            return float(np.log(np.linalg.norm(own[one] - own[other]) / np.linalg.norm(true[one] - true[other])))

        for pair in SINGLE:
            off.setdefault(" to ".join(pair), []).append(log(*pair))
        for words, pairs in TOGETHER.items():
            off.setdefault(words, []).append(float(np.mean([log(*pair) for pair in pairs])))
    for words, values in off.items():
        away = np.abs(values)
        print(
            f"{len(away)} people, {words}: mean {np.mean(values):+.1%}, root mean square "
            f"{np.sqrt(np.mean(away**2)):.1%}, 95 % within {np.quantile(away, 0.95):.1%}; within 1 %: "
            f"{np.mean(away < 0.01):.0%}"
        )


def main(argv: Sequence[str] | None = None) -> None:
    """All heads of the seeds, a line per kind of known length."""
    parser = argparse.ArgumentParser("python -m bench.surface_scale", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[SETTINGS.seed, 47])
    parser.add_argument("--heads", type=int, default=2, help="of each seed")
    parser.add_argument("--real", type=Path, default=os.environ.get("VERMILION_REAL"))
    parser.add_argument("--tiny", action="store_true", help="one head of 320 x 400")
    options = parser.parse_args(argv)
    settings = SETTINGS
    if options.tiny:
        settings = settings.model_copy(update=FEW_VIEWS)
    heads = [(SETTINGS.seed, 0)] if options.tiny else itertools.product(options.seeds, range(options.heads))
    report([told(number, settings.model_copy(update={"seed": seed})) for seed, number in heads])
    if options.real and not options.tiny:
        london(Path(options.real))


def report(heads: Sequence[Told]) -> None:
    """Print what was found."""
    rows: dict[str, list[tuple[float, float]]] = {}
    refused: Counter[str] = Counter()
    for head in heads:
        for words, tried in kinds(head):
            try:
                rows.setdefault(words, []).append(tried())
            except InputError:
                refused[words] += 1
    for words, found in rows.items():
        away, reach = np.abs(found or [(np.nan, np.nan)]).T
        print(
            f"{len(heads)} heads, {words}: lengths {np.median(away):.2%} off in the median, 95 % "
            f"{np.quantile(away, 0.95):.2%}, at most {away.max():.2%}; within 1 %: {np.mean(away < 0.01):.0%}; "
            f"interval {np.median(reach):.1%}, it held {np.mean(away <= reach):.0%}; refused: {refused[words]}"
        )
    told, number = np.sum([exchanged(head) for head in heads], axis=0)
    print(f"ends exchanged in one of two or three photographs within 45 degrees: {told} of {number} refused")


if __name__ == "__main__":
    main()
