"""A photograph's face, levelled, scaled and cropped for a generator, and the way back (Hayajneh et al., section 1.1).

In: upright photographs and their 68 points. Out: square pictures sampled once from the original pixels, the exact map
from their pixels to the original's, and the points in them. Where a picture reaches beyond the photograph, mirrored
copies of the photograph fill it, and everything but the face is blurred (docs/faces.md says what the paper leaves
open). Knows nothing of generators, nor of what is measured in the picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from tasks.base.images import encode_png
from tasks.errors import InputError
from tasks.faces.regions import eye_centres, face_outline, filled, softened, widened
from tasks.faces.stills import rows_of_stills
from tasks.ingest.faces.resampling import resample
from tasks.params.faces import Align
from tasks.schemas.faces import ALIGNED

RIGHT_COMMISSURE, LEFT_COMMISSURE = 48, 54
EYES_WIDE, MOUTH_HIGH, LOWERED = 2.0, 1.8, 0.1
"""FFHQ's crop: half its side is the greater of 2 eye distances and 1.8 times the way from eyes to mouth, and its
middle lies a tenth of that way below the eyes."""
KEPT = 2.0
"""Deviations of the face mask's edge by which the mask is widened first: the face itself stays sharp."""


class AlignmentError(InputError):
    """The face cannot be aligned; the message says why, for a reader of the table."""


@dataclass(frozen=True)
class Aligned:
    """An aligned face. Pixel centres are at whole numbers in both pictures."""

    picture: np.ndarray  # (size, size, 3) uint8 RGB
    to_original: np.ndarray  # (2, 3) float64: px of the picture to px of the original
    points: np.ndarray  # (68, 2) float64 px of the picture
    face_share: float  # of the picture that the face covers, 0..1
    outside_share: float  # of the picture that lay outside the photograph, 0..1


def align(
    image: np.ndarray,  # (H, W, 3) uint8 RGB, upright
    points: np.ndarray,  # (68, 2) float, px of `image`
    *,
    settings: Align,
) -> Aligned:
    """The face cropped as `settings` say. AlignmentError where it is too small, or too little of it photographed."""
    _check(points, settings)
    to_original = (_by_eyes if settings.crop == "eyes" else _as_ffhq)(points, settings).round(9)
    to_picture = cv2.invertAffineTransform(to_original)
    inside = cv2.transform(points[None].astype(float), to_picture)[0]
    outside_share = _outside_share(to_original, settings.size, image.shape)
    if outside_share > settings.max_outside:
        limit = f"(at most {settings.max_outside:.0%})"
        raise AlignmentError(f"{outside_share:.0%} of the picture would lie outside the photograph {limit}")
    shape = (settings.size, settings.size)
    picture = resample(image, to_original, shape, enlarging=cv2.INTER_CUBIC)
    if outside_share > 0:
        picture = _blurred_around(picture, face_outline(inside), _corners(image.shape, to_picture), settings)
    face_share = float(filled(face_outline(inside), shape).mean())
    return Aligned(picture, to_original, inside, face_share, outside_share)


def _check(points: np.ndarray, settings: Align) -> None:
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise AlignmentError("landmarks are not 68 finite points")
    right, left = eye_centres(points)
    distance = float(np.hypot(*(left - right)))
    if distance < max(settings.min_eye_distance, 1):
        limit = f"(at least {max(settings.min_eye_distance, 1):g})"
        raise AlignmentError(f"face too small, {distance:.1f} px between the eye centres {limit}")
    if np.linalg.det(np.stack([left - right, _mouth(points) - (left + right) / 2])) <= 0:
        raise AlignmentError("landmarks are no face: the mouth does not lie below the eyes")


def _mouth(points: np.ndarray) -> np.ndarray:
    return np.asarray(points[[RIGHT_COMMISSURE, LEFT_COMMISSURE]].mean(axis=0))


def _by_eyes(points: np.ndarray, settings: Align) -> np.ndarray:
    """Picture to original, (2, 3): the eye centres level, `eye_distance` apart, their middle at `eye_height`."""
    right, left = eye_centres(points)
    x = (left - right) / settings.eye_distance
    turned = np.column_stack([x, [-x[1], x[0]]])
    middle = np.array([settings.size / 2, settings.eye_height * settings.size]) - 0.5
    return np.column_stack([turned, (right + left) / 2 - turned @ middle])


def _as_ffhq(points: np.ndarray, settings: Align) -> np.ndarray:
    """Picture to original, (2, 3): the oriented square of the FFHQ data set, about eyes and mouth."""
    right, left = eye_centres(points)
    middle = (right + left) / 2
    eyes, down = left - right, _mouth(points) - middle
    x = eyes + [down[1], -down[0]]
    x *= max(EYES_WIDE * np.hypot(*eyes), MOUTH_HIGH * np.hypot(*down)) / np.hypot(*x)
    turned = np.column_stack([x, [-x[1], x[0]]]) * (2 / settings.size)
    return np.column_stack([turned, middle + LOWERED * down - turned @ np.full(2, (settings.size - 1) / 2)])


def _outside_share(to_original: np.ndarray, size: int, shape: tuple[int, ...]) -> float:
    """Of the picture's pixels, those whose centres lie beyond the photograph's edge."""
    steps = np.arange(size)
    x, y = (row[0] * steps + row[1] * steps[:, None] + row[2] + 0.5 for row in to_original)
    return 1 - float(((x >= 0) & (x <= shape[1]) & (y >= 0) & (y <= shape[0])).mean())


def _corners(shape: tuple[int, ...], matrix: np.ndarray) -> np.ndarray:
    """Where the map takes the corners of a picture of this height and width, (4, 2) px."""
    x, y = shape[1] - 0.5, shape[0] - 0.5
    corners = np.array([[[-0.5, -0.5], [x, -0.5], [x, y], [-0.5, y]]])
    return np.asarray(cv2.transform(corners, matrix)[0])


def _blurred_around(
    picture: np.ndarray,  # (size, size, 3) uint8 RGB
    face: np.ndarray,  # (n, 2) convex outline, px
    photograph: np.ndarray,  # (4, 2) its corners, px
    settings: Align,
) -> np.ndarray:
    """The picture with everything but the photographed face blurred, the edge between them soft."""
    edge, blur = settings.feather * settings.size, settings.blur * settings.size
    if blur == 0:
        return picture
    sharp = np.minimum(*(filled(widened(part, KEPT * edge), picture.shape[:2]) for part in (face, photograph)))
    mask = softened(sharp, settings.feather)[..., None]
    around = cv2.GaussianBlur(picture, (0, 0), blur, borderType=cv2.BORDER_REFLECT).astype(np.float32)
    return np.asarray(np.rint(mask * picture + (1 - mask) * around).astype(np.uint8))


def overlay_on_original(
    heat: np.ndarray,  # (h, w) or (h, w, C) float, of an aligned picture
    to_original: np.ndarray,  # (2, 3) px of the picture to px of the original
    shape: tuple[int, ...],  # height and width of the original
) -> np.ndarray:
    """The heatmap on the original's pixels, (H, W[, C]) float32, 0 beyond the picture."""
    corners = _corners(heat.shape, to_original)
    x0, y0 = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, shape[1::-1])
    x1, y1 = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, shape[1::-1])
    laid = np.zeros((*shape[:2], *heat.shape[2:]), np.float32)
    part = laid[y0:y1, x0:x1]  # the rest of a large photograph costs nothing
    if part.size:
        back = cv2.invertAffineTransform(to_original - [[0, 0, x0], [0, 0, y0]])
        part[:] = resample(heat.astype(np.float32), back, part.shape[:2], enlarging=cv2.INTER_LINEAR)
        part[filled(corners - [x0, y0], part.shape[:2]) == 0] = 0
    return laid


def align_photographs(
    images: pa.Table,
    landmarks: pa.Table,
    *,
    settings: Align,
) -> pa.Table:
    """ALIGNED rows of a bucket's stills; refused ones keep their reason, or get one."""
    return ALIGNED.table(rows_of_stills(images, landmarks, partial(_found, settings)))


def _found(settings: Align, picture: np.ndarray, points: np.ndarray, _: Mapping[str, Any]) -> dict[str, Any]:
    aligned = align(picture, points, settings=settings)
    return {
        "picture": encode_png(aligned.picture),
        "to_original": aligned.to_original.ravel().tolist(),
        "points": aligned.points.ravel().round(6).tolist(),  # last bits differ from run to run
        "face_share": aligned.face_share,
        "outside_share": aligned.outside_share,
    }
