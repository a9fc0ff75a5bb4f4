"""The named points and outlines of every photograph: models, pixels, and what they agree upon.

In: photographs and landmarks rows (dlib's points, or the 478-point model's own). Out: ANTHROPOMETRY_POINTS rows,
refused ones with their reason. Everything is done on the photograph and on its mirror image and averaged: a mirrored
photograph gives exactly the mirrored points, whatever the models prefer. Does not know what is measured
between them.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.anthropometry.locating.descent import Regression
from tasks.anthropometry.locating.hairline import NAME as HAIRLINE
from tasks.anthropometry.locating.hairline import hairline
from tasks.anthropometry.locating.refinement import Refined, refine
from tasks.anthropometry.names import INDEX, MIRROR, POINTS, SIDES, Face
from tasks.base.points68 import MIRROR as MIRROR_68
from tasks.errors import InputError
from tasks.faces.stills import rows_of_stills
from tasks.ingest.faces.landmarks import padded_crop
from tasks.ingest.faces.mesh import mesh
from tasks.ingest.faces.views import VIEWED
from tasks.params.anthropometry import AnthropometryPoints
from tasks.params.ingest import LandmarkModel
from tasks.schemas.anthropometry import ANTHROPOMETRY_POINTS

SOURCES: dict[LandmarkModel, str] = {"dlib": "both models", "mesh": "the 478-point model alone"}
"""Whose points these are, by whose 68 points they began with."""
ALIKE = {
    "exocanthion_right": 36,
    "endocanthion_right": 39,
    "endocanthion_left": 42,
    "exocanthion_left": 45,
    "pronasale": 30,
    "subnasale": 33,
    "cheilion_right": 48,
    "crista_philtri_right": 50,
    "labiale_superius": 51,
    "crista_philtri_left": 52,
    "cheilion_left": 54,
    "labiale_inferius": 57,
}
"""Points that dlib's model has, too, and their numbers there."""
RIMS = {f"nostril_{side}": INDEX[f"nostril_outer_{side}"] for side in SIDES}
"""The point without which a nostril's outline is not there."""
AROUND = 0.75
"""Of the 68 points' width and height: what is kept around them of a large photograph."""
DECIMALS = 6


class PointsError(InputError):
    """No points can be given; the message says why, for a reader of the table."""


class Located(NamedTuple):
    """A face's points, and what is said of them."""

    face: Face
    model: np.ndarray  # (45, 2) px: where the 478-point model alone has them
    refined: np.ndarray  # (45,) 1 where a point was refined on the pixels, else 0
    interocular: float  # px
    pupil_distance: float  # px
    disagreement: float  # of the two models, or of two looks by one, pupil distances
    smile: float  # mouth width, pupil distances
    opening: float  # gap between the lips, pupil distances


def find(
    image: np.ndarray,  # (H, W, 3) uint8 RGB, upright
    points68: np.ndarray,  # (68, 2) float, px: of the landmarks table
    *,
    settings: AnthropometryPoints,
    regression: Regression | None = None,
) -> Located:
    """The points of one face. PointsError where the two models see different things.

    `regression`: what was learned of lip and nose, in place of what is kept (bench/anthropometry_warps.py).
    """
    if points68.shape != (68, 2) or not np.isfinite(points68).all():
        raise PointsError("landmarks are not 68 finite points")
    around = np.ptp(points68, axis=0) * AROUND
    low, high = np.floor(points68.min(axis=0) - around), np.ceil(points68.max(axis=0) + around) + 1
    part, corner = padded_crop(image, low.astype(int), high.astype(int)), low
    width = part.shape[1]
    seen, opening = _seen(part, points68 - corner, settings, regression)
    mirrored = (points68 - corner)[MIRROR_68] * [-1, 1] + [width - 1, 0]
    other, its_opening = _seen(np.ascontiguousarray(part[:, ::-1]), mirrored, settings, regression)
    both = _mean(seen, _mirror(other, width))
    points = both.points + corner
    pupils, eyes = (
        float(np.hypot(*(points[INDEX[f"{name}_left"]] - points[INDEX[f"{name}_right"]])))
        for name in ("pupil", "exocanthion")
    )
    disagreement = _disagreement(points, points68) / pupils
    if not disagreement <= settings.max_disagreement:
        limit = f"(at most {settings.max_disagreement:g})"
        raise PointsError(f"the two models disagree by {disagreement:.2f} pupil distances {limit}")
    smile = float(np.hypot(*(points[INDEX["cheilion_left"]] - points[INDEX["cheilion_right"]])))
    points[_outside(points, image.shape) | both.hidden] = np.nan
    outlines = both.outlines if both.border is None else both.outlines | {"upper_vermilion": both.border}
    seen_ones = {name: line + corner for name, line in outlines.items() if not both.hidden[RIMS.get(name, 0)]}
    if (line := hairline(image, points, settings=settings.hairline)) is not None:
        seen_ones[HAIRLINE] = line
    face = Face(points, seen_ones, np.full(len(POINTS), np.nan))
    gap = (opening + its_opening) / 2
    return Located(
        face, both.model + corner, both.refined.astype(float), eyes, pupils, disagreement, smile / pupils, gap / pupils
    )


def _seen(
    image: np.ndarray, points68: np.ndarray, settings: AnthropometryPoints, regression: Regression | None
) -> tuple[Refined, float]:
    """One look at a face: its points, and the gap between the lips in px."""
    found = mesh(image, points68, crop=settings.crop, crop_raised=settings.crop_raised)
    refined = refine(image, found, settings=settings, regression=regression)
    return refined, float(np.hypot(*(found[14] - found[13])))


def _mirror(seen: Refined, width: int) -> Refined:
    """What was seen in the mirror image, in the picture's own pixels."""

    def back(points: np.ndarray) -> np.ndarray:
        return np.asarray(points * [-1, 1] + [width - 1, 0])

    outlines = {}
    for name, line in seen.outlines.items():
        swapped = {"nostril_right": "nostril_left", "nostril_left": "nostril_right"}.get(name)
        outlines[swapped or name] = back(line if swapped else line[::-1])
    border = None if seen.border is None else back(seen.border[::-1])
    points, model = back(seen.points)[MIRROR], back(seen.model)[MIRROR]
    return Refined(points, seen.refined[MIRROR], model, outlines, seen.hidden[MIRROR], border)


def _mean(one: Refined, other: Refined) -> Refined:
    """The mean of two looks; of a point that only one of them refined, the model's places."""
    refined = one.refined & other.refined
    points, model = (one.points + other.points) / 2, (one.model + other.model) / 2
    outlines = {name: (line + other.outlines[name]) / 2 for name, line in one.outlines.items()}
    border = None if one.border is None or other.border is None else (one.border + other.border) / 2
    hidden = one.hidden | other.hidden
    return Refined(np.where(refined[:, None], points, model), refined, model, outlines, hidden, border)


def _disagreement(points: np.ndarray, points68: np.ndarray) -> float:
    """Mean distance of the points that both models have, px."""
    ours, theirs = points[[INDEX[name] for name in ALIKE]], points68[list(ALIKE.values())]
    return float(np.hypot(*(ours - theirs).T).mean())


def _outside(points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Which points lie beyond the photograph's edge."""
    return np.asarray(((points < -0.5) | (points > np.array(shape[1::-1]) - 0.5)).any(axis=1))


def locate_points(
    images: pa.Table,
    landmarks: pa.Table,
    *,
    settings: AnthropometryPoints,
    model: LandmarkModel,
) -> pa.Table:
    """ANTHROPOMETRY_POINTS of a bucket's stills from the front; refused ones keep their reason, or get one.

    `model`: whose 68 points the landmarks are.
    """
    sideways = pa.array([row["image_id"] for row in images.to_pylist() if row.get("view") in VIEWED], pa.string())
    frontal = landmarks.filter(pc.invert(pc.is_in(landmarks["image_id"], sideways)))
    return ANTHROPOMETRY_POINTS.table(rows_of_stills(images, frontal, partial(_found, settings, SOURCES[model])))


def _found(
    settings: AnthropometryPoints, source: str, picture: np.ndarray, points68: np.ndarray, row: Mapping[str, Any]
) -> dict[str, Any]:
    located = find(picture, points68, settings=settings)
    face = located.face
    return {
        "points": _listed(face.points),
        "errors": _listed(face.errors),
        "refined": located.refined.tolist(),
        **{name: _listed(line) for name, line in face.outlines.items()},
        "interocular_px": located.interocular,
        "pupil_distance_px": located.pupil_distance,
        "disagreement": located.disagreement,
        "yaw_deg": row["yaw_deg"],
        "smile": located.smile,
        "opening": located.opening,
        "source": source,
    }


def _listed(values: np.ndarray) -> list[float | None]:
    """Numbers for a table's cell: last bits differ from run to run; what is not known is null."""
    return [None if np.isnan(value) else round(float(value), DECIMALS) for value in values.ravel()]
