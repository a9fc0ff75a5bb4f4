"""The face in a picture by dlib's detector, and whether the picture is the right way up.

In: a picture. Out: the box that the detector is surest of, its score and those of others; of a picture that lies on its
side, how to turn it. The detector knows faces from the front, turned by 30 degrees at most. Places no points.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import dlib
import numpy as np

from tasks.base.words import counted
from tasks.errors import InputError
from tasks.params.ingest import IngestLandmarks

NO_FACE = "no face found"
UNCLEAR = "it is not clear which way up the head is"

TURNS = (
    (cv2.ROTATE_180, "the head is upside down: turn the photograph the right way up"),
    (cv2.ROTATE_90_CLOCKWISE, "the head lies on its side: turn the photograph by a quarter, clockwise"),
    (cv2.ROTATE_90_COUNTERCLOCKWISE, "the head lies on its side: turn the photograph by a quarter, anticlockwise"),
)
"""What would set the head upright, and what to say of it."""


class NoSuchFace(InputError):
    """A face was asked for by its number, and there are fewer."""


@dataclass(frozen=True)
class Face:
    """A detected face: box (left, top, right, bottom) in original pixels, detector score, scores of other boxes (none
    where somebody said which face is meant, whatever else there is).

    `scale`: of the picture in which it was found. `place`: its number from the left, of `count` faces.
    """

    box: np.ndarray  # (4,) float
    score: float
    others: tuple[float, ...]
    scale: float
    place: int = 1
    count: int = 1


@cache
def _detector() -> dlib.fhog_object_detector:
    return dlib.get_frontal_face_detector()


def find_face(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    settings: IngestLandmarks,
    number: int | None = None,
) -> Face | None:
    """The surest face, or the largest; looked for in a smaller picture first and an enlarged one if need be.

    `number`: the face that is meant, from 1, from the left as the picture shows them. NoSuchFace: there are fewer.
    """
    longer = max(image.shape[:2])
    for scale in (min(settings.detect_side / longer, 1.0), settings.enlarge_to / longer):
        if min(image.shape[:2]) * scale < 1:
            continue  # a line, not a picture
        seen = resized(image, scale)
        boxes, scores, _ = _detector().run(seen, 0, settings.min_score)
        if len(boxes):
            faces = _from_the_left(boxes, scores, settings)
            best = _which(boxes, scores, faces, number, settings)
            box = np.array([boxes[best].left(), boxes[best].top(), boxes[best].right(), boxes[best].bottom()])
            said = settings.several == "largest" or number is not None
            others = tuple(float(score) for index, score in enumerate(scores) if index != best and not said)
            corners = (box + [0, 0, 1, 1]) / scale
            return Face(corners, float(scores[best]), others, scale, faces.index(best) + 1, len(faces))
    return None


def _from_the_left(boxes: dlib.rectangles, scores: Sequence[float], settings: IngestLandmarks) -> list[int]:
    """The boxes that are faces; the surest where none is sure."""
    sure = [index for index, score in enumerate(scores) if score >= settings.second_face_score]
    return sorted(sure or [int(np.argmax(scores))], key=lambda index: boxes[index].center().x)


def _which(
    boxes: dlib.rectangles,
    scores: Sequence[float],
    faces: Sequence[int],
    number: int | None,
    settings: IngestLandmarks,
) -> int:
    """The face of that number; without one the surest, or the largest, where the settings say so."""
    if number is not None:
        if number > len(faces):
            raise NoSuchFace(f"{counted(len(faces), 'face')} found, so there is no face {number}")
        return faces[number - 1]
    if settings.several == "largest":
        return max(faces, key=lambda index: boxes[index].area())
    return int(np.argmax(scores))


def lying(image: np.ndarray, face: Face | None, settings: IngestLandmarks) -> str | None:
    """Why the picture is not the right way up, if another quarter turn of it shows a surer face.

    No limit on the score alone would do: an unrepaired cleft's upright face scores less than many a face upside down
    (docs/pictures.md).
    """
    if face is not None and face.score >= settings.sure_score:
        return None
    scale = face.scale if face else min(settings.detect_side / max(image.shape[:2]), 1.0)
    if min(image.shape[:2]) * scale < 1:
        return None
    seen = resized(image, scale)
    found = []
    for turn, reason in TURNS:
        _, scores, _ = _detector().run(np.ascontiguousarray(cv2.rotate(seen, turn)), 0, settings.min_score)
        found.append((max(scores, default=-math.inf), reason))
    score, reason = max(found)
    if face is None:
        return reason if score > -math.inf else None
    if score > face.score:
        return reason
    return UNCLEAR if score > face.score - settings.min_lead else None


def resized(image: np.ndarray, scale: float) -> np.ndarray:
    """The picture at `scale`, averaged when smaller, interpolated when larger."""
    if scale == 1:
        return image
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=method)
