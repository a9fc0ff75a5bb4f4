"""Faces whose true points are known, for the benchmarks of anthropometry: drawn ones, and London's hand-placed ones.

In: numbers of people, or a folder with `london/neutral` (189 hand-placed points each, .tem). Out: per face its true
points and those that dlib, the 478-point model and the pipeline give. Does not know what is made of them.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tasks import params
from tasks.anthropometry.locating.descent import Regression
from tasks.anthropometry.locating.locate import ALIKE, PointsError, find
from tasks.anthropometry.names import INDEX, POINTS
from tasks.anthropometry.names import SIDES as BOTH_SIDES
from tasks.base import images
from tasks.ingest.faces.landmarks import measure_face
from tasks.params.anthropometry import AnthropometryPoints
from tasks.params.ingest import IngestLandmarks
from tasks.params.phantoms import PhantomsDraw
from tasks.phantoms.dataset import identity_seed
from tasks.phantoms.files import Still, draw_still
from tasks.phantoms.shape import SIDES, Cleft

LEAST_UNREPAIRED = 0.4
NEW = 5_000_000
"""Number of the first drawn person: no stage draws these."""
HAND: dict[str, int | tuple[int, int]] = {
    "exocanthion_right": 18,
    "endocanthion_right": 22,
    "endocanthion_left": 23,
    "exocanthion_left": 27,
    "pupil_right": 0,
    "pupil_left": 1,
    "palpebrale_superius_right": 20,
    "palpebrale_superius_left": 25,
    "palpebrale_inferius_right": 29,
    "palpebrale_inferius_left": 32,
    "glabella": (76, 77),
    "nasion": (51, 57),
    "pronasale": (54, 60),
    "subnasale": 55,
    "alare_right": (62, 63),
    "alare_left": (67, 68),
    "alar_base_right": 64,
    "alar_base_left": 69,
    "columella_right": 180,
    "columella_left": 181,
    "nostril_outer_right": 65,
    "nostril_outer_left": 70,
    "nostril_inner_right": 179,
    "nostril_inner_left": 182,
    "philtrum_top_right": 170,
    "philtrum_top_left": 172,
    "crista_philtri_right": 89,
    "labiale_superius": 90,
    "crista_philtri_left": 91,
    "cheilion_right": 87,
    "cheilion_left": 93,
    "stomion": 96,
    "labiale_inferius": 106,
    "sublabiale": 177,
    "menton": 129,
    "gonion_right": 126,
    "gonion_left": 132,
}
"""Which of London's hand-placed points is which, by its place in the file from 0; found by looking at them.

Glabella, nasion and tip of the nose lie midway between points on both sides: stand-ins."""
HAND_HAIRLINE = 139
"""The hairline on the midline; a guess where hair covers it, and on a bald head."""
BROW = {"right": range(71, 77), "left": range(77, 83)}
IRIS = {"right": range(2, 10), "left": range(10, 18)}
CHEEK = {"right": (109, 185, 110, 186, 111, 125), "left": (112, 187, 113, 188, 114, 133)}
"""Points along the upper edge of a brow, round an iris, and along the face's outline from the temple down."""
DRAWN: Mapping[str, int | tuple[int, int]] = ALIKE | {
    "nasion": 27,
    "superciliare_right": 19,
    "superciliare_left": 24,
    "palpebrale_superius_right": (37, 38),
    "palpebrale_superius_left": (43, 44),
    "palpebrale_inferius_right": (40, 41),
    "palpebrale_inferius_left": (46, 47),
    "alar_base_right": 31,
    "alar_base_left": 35,
    "stomion": (62, 66),
    "menton": 8,
}
"""Which of the 68 true points of a drawn face is which."""


class Seen(NamedTuple):
    """One face: its true points by name, and those that each method gives; NaN where it has none."""

    truth: np.ndarray  # (45, 2)
    dlib: np.ndarray
    model: np.ndarray
    edges: np.ndarray
    learned: np.ndarray
    both: np.ndarray
    refined: np.ndarray  # that of these three which params.yaml has


REFINEMENTS = ("edges", "learned", "both")


def at(points: np.ndarray, numbers: Mapping[str, int | tuple[int, int]]) -> np.ndarray:
    """(45, 2): the points that have a number, or lie midway between two; NaN elsewhere."""
    placed = np.full((len(POINTS), 2), np.nan)
    for name, number in numbers.items():
        placed[INDEX[name]] = points[np.atleast_1d(number)].mean(axis=0)
    return placed


def hand_placed(placed: np.ndarray) -> np.ndarray:  # (189, 2) px
    """(45, 2): London's points under our names; an iris' edges are those of the circle through its points."""
    points = at(placed, HAND)
    across = points[INDEX["exocanthion_left"]] - points[INDEX["exocanthion_right"]]
    x = across / np.hypot(*across)
    up = np.array([x[1], -x[0]])
    for side, outward in zip(BOTH_SIDES, (-1, 1), strict=True):
        brow, cheek, ring = (placed[list(numbers[side])] for numbers in (BROW, CHEEK, IRIS))
        points[INDEX[f"superciliare_{side}"]] = brow[np.argmax(brow @ up)]
        points[INDEX[f"zygion_{side}"]] = cheek[np.argmax(outward * (cheek @ x))]
        *middle, rest = np.linalg.lstsq(np.column_stack([2 * ring, np.ones(len(ring))]), (ring**2).sum(axis=1))[0]
        radius = np.sqrt(rest + np.square(middle).sum())
        points[INDEX[f"iris_outer_{side}"]] = middle + outward * radius * x
        points[INDEX[f"iris_inner_{side}"]] = middle - outward * radius * x
    return points


def still(number: int, cleft: Cleft) -> Still:
    """A new drawn person's photograph."""
    draw = params.load(PhantomsDraw, "phantoms_draw")
    seed = identity_seed("repaired" if cleft.repaired else "unrepaired", NEW + number, seed=draw.seed)
    return Still("", "", seed, 0, draw.image_size, cleft, draw.variation)


def drawn(faces: int, *, repaired: bool, first: int = 0) -> Iterator[Seen]:
    """New drawn people with clefts of evenly spread severity, on either side in turn."""
    for number in range(faces):
        severity = (number + 0.5) / faces
        if not repaired:
            severity = LEAST_UNREPAIRED + (1 - LEAST_UNREPAIRED) * severity
        picture = draw_still(still(first + number, Cleft(severity, SIDES[number % 2], repaired=repaired)))
        points68 = found68(picture.image, str(number))
        if points68 is not None and (seen := look(picture.image, points68, at(picture.landmarks, DRAWN), str(number))):
            yield seen


class Photograph(NamedTuple):
    """One of London's: its pixels, dlib's 68 points and the 189 hand-placed ones."""

    name: str
    image: np.ndarray
    points68: np.ndarray
    placed: np.ndarray


def photographs(folder: Path) -> Iterator[Photograph]:
    """London's neutral faces, in the order of their names."""
    for path in sorted((folder / "london/neutral").glob("*.jpg")):
        lines = path.with_suffix(".tem").read_text().splitlines()
        placed = np.array([line.split() for line in lines[1 : 1 + int(lines[0])]], float)
        image = images.decode(path.read_bytes())
        points68 = found68(image, path.name)
        if points68 is not None:
            yield Photograph(path.name, image, points68, placed)


def london(folder: Path, regressions: Sequence[Regression]) -> Iterator[Seen]:
    """London's neutral faces with their hand-placed points; a person's by the regression of number modulo theirs."""
    for person, face in enumerate(photographs(folder)):
        regression = regressions[person % len(regressions)]
        if seen := look(face.image, face.points68, hand_placed(face.placed), face.name, regression):
            yield seen


def found68(image: np.ndarray, name: str) -> np.ndarray | None:
    """dlib's points; None, said so, where there is no face."""
    row = measure_face(image, params.load(IngestLandmarks, "ingest_landmarks"))
    if row.get("points") is None:
        print(f"{name}: left out: {row['reason']}", file=sys.stderr)
        return None
    return np.reshape(np.asarray(row["points"], float), (68, 2))


def look(
    image: np.ndarray, points68: np.ndarray, truth: np.ndarray, name: str, regression: Regression | None = None
) -> Seen | None:
    """What each method sees in a picture; None, said so, where models disagree. `regression`: in place of the kept."""
    settings = params.load(AnthropometryPoints, "anthropometry_points")
    try:
        edges, learned, both = (
            find(image, points68, settings=settings.model_copy(update={"refinement": own}), regression=regression)
            for own in REFINEMENTS
        )
    except PointsError as error:
        print(f"{name}: left out: {error}", file=sys.stderr)
        return None
    shown = {"edges": edges, "learned": learned, "both": both}
    points = {name: own.face.points for name, own in shown.items()}
    return Seen(truth, at(points68, DRAWN), edges.model, **points, refined=points[settings.refinement])
