"""The filter that generated pictures go through: one whole frontal face, nothing over it, sharp, and as asked for.

In: the generated pictures and the prompts they were drawn from. Out: the screened table: what was measured, every flag,
and the reasons in words. Rosero et al. 2025, DiffusionCleft, section 6 and Figure 8: the authors see masked eyes, text,
several faces and cropped ones among their pictures and name the filter that they lack. What each number is worth is
measured on planted faults (bench/screening.py). Looks at no cleft, and knows nothing of models.

Skin and age are held against the words of the prompt only where they contradict: light moves a skin's tone, and eyes
that fill much of a face are a weak sign of a child's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import dlib
import numpy as np
import pyarrow as pa

from tasks.base import images
from tasks.base.images import UnreadableImage
from tasks.ingest.faces.landmarks import DECIMALS, place_points
from tasks.ingest.faces.quality import interocular, pose_degrees, sharpness
from tasks.params.ingest import LandmarkModel
from tasks.params.synthesis import SynthesisScreen
from tasks.schemas.synthesis import FLAGS, SCREENED
from tasks.synthesis.gate.artefacts import eye_cover, text_strength, typology_angle

CHILDREN, ADULTS = frozenset({"baby", "girl", "boy", "kid"}), frozenset({"man", "woman"})
PREDICT_SIDE = 512
"""Width of the face box at which points are placed, as ingest_landmarks does."""
OUTLINE_STEPS = 8
"""Places looked at between two points of the outline."""
NOSE_DEPTH = 1.25
"""How far the nose's tip stands before the jaw's joints, in half widths of the face there."""
SHARP_FROM = 45.0
"""Eye distance (pixels as drawn) below which a face cannot be as sharp as a larger one: the limit falls with it."""


@dataclass(frozen=True)
class Found:
    """The surest face's 68 points, (68, 2) px, or None; and how many faces there are."""

    points: np.ndarray | None
    faces: int


@cache
def _detector() -> dlib.fhog_object_detector:
    return dlib.get_frontal_face_detector()


def screen_pictures(
    generated: pa.Table,  # image_id, condition, picture, reason
    prompts: pa.Table,  # image_id, person, skin_tone; at least those of the pictures
    *,
    settings: SynthesisScreen,
    model: LandmarkModel,
) -> pa.Table:
    """One row per picture: what was measured, every flag in the order of FLAGS, and why in words.

    A picture that was not drawn or cannot be read has its reason, no face and no flags: nothing was looked at. `model`:
    whose 68 points.
    """
    asked = {row["image_id"]: row for row in prompts.select(["image_id", "person", "skin_tone"]).to_pylist()}
    return SCREENED.table(_row(row, asked[row["image_id"]], settings, model) for row in generated.to_pylist())


def _row(
    drawn: Mapping[str, Any], asked: Mapping[str, str], settings: SynthesisScreen, model: LandmarkModel
) -> dict[str, object]:
    row: dict[str, object] = {name: drawn[name] for name in ("image_id", "condition")}
    unseen = {"faces": 0, "flags": []}
    if drawn["reason"]:
        return row | unseen | {"reason": drawn["reason"]}
    try:
        picture = images.decode(drawn["picture"] or b"")
    except UnreadableImage as error:
        return row | unseen | {"reason": str(error)}
    return row | screen(picture, person=asked["person"], skin_tone=asked["skin_tone"], settings=settings, model=model)


def screen(
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
    *,
    person: str,
    skin_tone: str,
    settings: SynthesisScreen,
    model: LandmarkModel,
) -> dict[str, object]:
    """The columns of a screened row that a picture and its prompt's words give."""
    seen = enlarged(picture, settings.side)
    found = find(seen, model=model, min_score=settings.min_score, second_face_score=settings.second_face_score)
    measured = {"text_strength": text_strength(seen, found.points)}
    held: dict[str, str] = {}
    if found.points is None:
        held["no_face"] = "no face found"
    else:
        measured |= _measures(seen, found.points)
        apart = interocular(found.points) * max(picture.shape[:2]) / max(seen.shape[:2])
        held |= _as_it_is(measured, found.faces, apart, settings)
        held |= _not_as_asked(measured["skin_lightness"], eye_ratio(found.points), person, skin_tone, settings)
    if measured["text_strength"] > settings.max_text_strength:
        held["text"] = f"looks written on, {measured['text_strength']:.2f} (at most {settings.max_text_strength:g})"
    row: dict[str, object] = {name: round(value, DECIMALS) for name, value in measured.items()}
    flags = [flag for flag in FLAGS if flag in held]
    reason = "; ".join(held[flag] for flag in flags) or None
    return row | {"faces": found.faces, "flags": flags, "reason": reason}


def _measures(picture: np.ndarray, points: np.ndarray) -> dict[str, float]:
    height, width = picture.shape[:2]
    yaw, pitch, roll = pose(points, width, height)
    return {
        "inside": inside(points, width, height),
        "yaw": yaw,
        "pitch": pitch,
        "roll": roll,
        "eye_cover": eye_cover(picture, points),
        "sharpness": sharpness(picture, points),
        "skin_lightness": typology_angle(picture, points),
    }


def enlarged(
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
    side: int,
) -> np.ndarray:
    """The picture, brought to `side` pixels along its longer side where shorter: the detector needs 80 per face."""
    longer = max(picture.shape[:2])
    if longer >= side:
        return picture
    scale = side / longer
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)


def find(
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
    *,
    model: LandmarkModel,
    min_score: float,
    second_face_score: float,
) -> Found:
    """The face the detector is surest of, and how many there are: it, and boxes of `second_face_score` or more."""
    boxes, scores, _ = _detector().run(picture, 0, min_score)
    if not len(boxes):
        return Found(None, 0)
    best = int(np.argmax(scores))
    others = sum(score >= second_face_score for index, score in enumerate(scores) if index != best)
    box = np.array([boxes[best].left(), boxes[best].top(), boxes[best].right() + 1, boxes[best].bottom() + 1], float)
    return Found(place_points(picture, box, model=model, predict_side=PREDICT_SIDE), 1 + others)


def inside(
    points: np.ndarray,  # (68, 2) px
    width: int,
    height: int,
) -> float:
    """Share of the face's outline that lies in the picture: jaw, and a forehead as high as brows to nose base."""
    brows, base = points[17:27].mean(axis=0), points[33]
    temples = points[[16, 0]]
    up, middle = brows - base, temples.mean(axis=0)
    rise = brows + 0.8 * up - middle
    angles = np.linspace(0, np.pi, 17)[1:-1, None]
    forehead = middle + np.cos(angles) * (temples[0] - middle) + np.sin(angles) * rise
    corners = np.vstack([points[:17], forehead, points[:1]])
    steps = np.linspace(0, 1, OUTLINE_STEPS, endpoint=False)[:, None, None]
    line = (corners[:-1] + steps * (corners[1:] - corners[:-1])).reshape(-1, 2)
    weights = np.tile(np.linalg.norm(corners[1:] - corners[:-1], axis=1), OUTLINE_STEPS)
    within = (line >= 0).all(axis=1) & (line <= [width - 1, height - 1]).all(axis=1)
    return float(weights[within].sum() / weights.sum())


def pose(
    points: np.ndarray,  # (68, 2) px
    width: int,
    height: int,
) -> tuple[float, float, float]:
    """Yaw, pitch and roll as tasks.ingest.faces.quality has them, degrees.

    Where the jaw says more of a yaw, it counts: dlib draws the inner face of a turned head too frontal, and its outline
    less so.
    """
    yaw, pitch, roll = pose_degrees(points, width, height)
    left, right = (float(np.hypot(*(points[30] - points[jaw]))) for jaw in (2, 14))
    by_jaw = float(np.degrees(np.arctan((left - right) / (left + right) / NOSE_DEPTH)))
    return max(yaw, by_jaw, key=abs), pitch, roll


def eye_ratio(
    points: np.ndarray,  # (68, 2) px
) -> float:
    """Eyes' height over the face's from brows to chin: larger in small children, and in wide eyes of anybody."""
    lids = np.linalg.norm(points[[37, 38, 43, 44]] - points[[41, 40, 47, 46]], axis=1)
    return float(lids.mean() / np.linalg.norm(points[17:27].mean(axis=0) - points[8]))


def _as_it_is(
    row: Mapping[str, float], faces: int, apart: float, settings: SynthesisScreen
) -> Iterator[tuple[str, str]]:
    """What is held against a picture whatever was asked for, and why. `apart`: the eyes', pixels as drawn."""
    if faces > 1:
        yield "several_faces", f"{faces} faces found, one wanted"
    if row["inside"] < settings.min_inside:
        yield (
            "cropped",
            f"{row['inside']:.0%} of the face's outline in the picture (at least {settings.min_inside:.0%})",
        )
    if turned := ", ".join(_turned(row, settings)):
        yield "not_frontal", turned
    if row["eye_cover"] > settings.max_eye_cover:
        yield "eyes_covered", f"eyes covered, {row['eye_cover']:.2f} (at most {settings.max_eye_cover:g})"
    sharp = settings.min_sharpness * min(1.0, apart / SHARP_FROM)
    if row["sharpness"] < sharp:
        yield "blurred", f"blurred, sharpness {row['sharpness']:.2f} (at least {sharp:.2f} at this size)"


def _turned(row: Mapping[str, float], settings: SynthesisScreen) -> Iterator[str]:
    ways = (
        ("yaw", "turned to the side", settings.max_yaw),
        ("pitch", "raised or lowered", settings.max_pitch),
        ("roll", "tilted", settings.max_roll),
    )
    for name, how, most in ways:
        if abs(row[name]) > most:
            yield f"head {how} {abs(row[name]):.0f} degrees (at most {most:g})"


def _not_as_asked(
    angle: float, ratio: float, person: str, skin_tone: str, settings: SynthesisScreen
) -> Iterator[tuple[str, str]]:
    """What contradicts the prompt. A tone without a range, and a person who is neither child nor adult, ask nothing."""
    low, high = settings.skin_tones.get(skin_tone, (-90.0, 90.0))
    if not low <= angle <= high:
        yield "skin_tone", f"skin of {angle:.0f} degrees (lightness angle), {skin_tone} asked for ({low:g} to {high:g})"
    no_child, no_adult = settings.adult_ratio
    if (person in CHILDREN and ratio < no_child) or (person in ADULTS and ratio > no_adult):
        yield (
            "age",
            f"{person} asked for, eyes {ratio:.3f} of the face (child from {no_child:g}, adult to {no_adult:g})",
        )
