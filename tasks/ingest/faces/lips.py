"""The lip region, levelled, and its two halves.

In: a photograph and its 68 landmarks. Out: the lip region with the eye line level, split at the cupid's bow along the
facial midline into two equally wide halves of size x size x 3 (Rosero et al. 2025, Methods: "lip landmarks guided the
cropping of the region of interest, and central points relative to the cupid's bow are used to split the image"). By
parameter the base of the nose levels and splits, and the eyes set the scale: what follows the mouth hides how it is
displaced. Every pixel is sampled straight from the original, once.
Does not know where landmarks come from, who the person is, or what the halves are for.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from tasks.base.images import encode_png
from tasks.ingest.faces.pixels import loader
from tasks.params.ingest import IngestLips
from tasks.schemas.ingest import LIPS

MOUTH = slice(48, 68)
RIGHT_COMMISSURE, LEFT_COMMISSURE = 48, 54
BOW = slice(50, 53)
"""The two peaks of the cupid's bow and the dip between them."""
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)
RIGHT_ALA, LEFT_ALA = 31, 35
NAMES = ("image_id", "clip_id", "subject_id", "population", "frame_index")


Box = tuple[float, float, float, float]
"""Left, top, right, bottom in the pixels of the level frame."""


class LipsError(ValueError):
    """No lip region can be cut; the message says why, for a reader of the table."""


@dataclass(frozen=True)
class Level:
    """The frame of a mouth: origin at the cupid's bow, or where `level` puts it; x to the picture's right, y down.

    `axes` has the unit vectors of x and y as rows, in original pixels; `width` is the mouth's, in original pixels.
    """

    origin: np.ndarray  # (2,) original px
    axes: np.ndarray  # (2, 2)
    width: float

    def inward(self, points: np.ndarray) -> np.ndarray:
        """Original pixels (..., 2) to the frame, still in pixels."""
        return np.asarray((points - self.origin) @ self.axes.T)

    def outward(self, points: np.ndarray) -> np.ndarray:
        """The frame's pixels (..., 2) back to the original's."""
        return np.asarray(points @ self.axes + self.origin)


@dataclass(frozen=True)
class Lips:
    """A levelled lip region and its halves. `left` is the PATIENT's left: the picture's right."""

    region: np.ndarray  # (h, 2 * size, 3) uint8 RGB, not mirrored, aspect kept
    left: np.ndarray  # (size, size, 3) uint8 RGB
    right: np.ndarray  # (size, size, 3) uint8 RGB
    midline_x: float  # px of the region; pixel centres at whole numbers
    points: np.ndarray  # (68, 2) landmarks in px of the region
    transform: np.ndarray  # (2, 3) original px to region px


def level(
    landmarks: np.ndarray,  # (68, 2) float, original px
    *,
    by_nose: float = 0.0,
    split_by_nose: float = 0.0,
) -> Level:
    """The mouth's frame: the eye line gives the angle, the cupid's bow (mean of 50, 51, 52) the origin.

    `by_nose`: share by which the angle goes over to that of the nose's base (31 to 35), 0 to 1. `split_by_nose`: share
    by which the origin goes over, along x, to the middle of the nose's base.
    LipsError where eyes, mouth or, where it is asked for, the nose have no width.
    """
    if landmarks.shape != (68, 2) or not np.isfinite(landmarks).all():
        raise LipsError("landmarks are not 68 finite points")
    eyes = _eyes(landmarks)
    length = float(np.hypot(*eyes))
    width = float(np.hypot(*(landmarks[LEFT_COMMISSURE] - landmarks[RIGHT_COMMISSURE])))
    if length < 1 or width < 1:
        raise LipsError("eyes or mouth narrower than a pixel")
    x = eyes / length
    if by_nose:
        x = _between(x, landmarks[LEFT_ALA] - landmarks[RIGHT_ALA], by_nose)
    origin = landmarks[BOW].mean(axis=0)
    if split_by_nose:
        aside = (landmarks[[RIGHT_ALA, LEFT_ALA]].mean(axis=0) - origin) @ x
        origin = origin + split_by_nose * aside * x
    return Level(origin, np.array([x, [-x[1], x[0]]]), width)


def _eyes(landmarks: np.ndarray) -> np.ndarray:  # (2,) original px
    """From the middle of the patient's right eye to that of the left."""
    return np.asarray(landmarks[LEFT_EYE].mean(axis=0) - landmarks[RIGHT_EYE].mean(axis=0))


def _between(eyes: np.ndarray, nose: np.ndarray, share: float) -> np.ndarray:  # (2,) of length 1
    """The direction that has gone over by `share` of the angle from that of the eyes to that of the nose's base."""
    if float(np.hypot(*nose)) < 1:
        raise LipsError("nose narrower than a pixel")
    angle = share * np.arctan2(eyes[0] * nose[1] - eyes[1] * nose[0], eyes @ nose)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([cos * eyes[0] - sin * eyes[1], sin * eyes[0] + cos * eyes[1]])


def crop_lips(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    landmarks: np.ndarray,  # (68, 2) float, original px
    *,
    settings: IngestLips,
) -> Lips:
    """The lip region and its halves; both halves are equally wide, so that scale is the same on both sides.

    The region reaches from the highest to the lowest mouth point and as far as the farther commissure, or `least_half`
    where that is more, plus margins in mouth widths. LipsError where that cannot be cut from the picture.
    """
    frame = level(landmarks, by_nose=settings.level_by_nose, split_by_nose=settings.split_by_nose)
    box = lips_box(
        frame,
        landmarks,
        above=settings.margin_above,
        below=settings.margin_below,
        side=settings.margin_side,
        least=settings.least_half * float(np.hypot(*_eyes(landmarks))),
    )
    _check_inside(image, landmarks[MOUTH])
    size = settings.half_size
    both = sample(image, frame, box, (2 * size, size))
    height = max(1, round(2 * size * (box[3] - box[1]) / (box[2] - box[0])))
    region = sample(image, frame, box, (2 * size, height))
    transform = cv2.invertAffineTransform(_affine(frame, box, (2 * size, height)))
    right, left = halves(_eroded(both, settings.erosion_kernel), settings.mirrored_half)
    points = cv2.transform(landmarks[None], transform)[0]
    return Lips(region, left, right, size - 0.5, points, transform)


def lips_box(
    frame: Level, landmarks: np.ndarray, *, above: float, below: float, side: float, least: float = 0.0
) -> Box:
    """The lip region: the mouth's points and margins in mouth widths, the midline in its middle.

    `least`: how far it reaches to either side at least, pixels, without the margin.
    """
    mouth = frame.inward(landmarks[MOUTH])
    half = max(float(np.abs(mouth[:, 0]).max()), least) + side * frame.width
    top, bottom = float(mouth[:, 1].min()), float(mouth[:, 1].max())
    return -half, top - above * frame.width, half, bottom + below * frame.width


def halves(
    both: np.ndarray,  # (size, 2 * size, 3)
    mirrored: str,
) -> tuple[np.ndarray, np.ndarray]:
    """(patient's right, patient's left), the one named `mirrored` ("left", "right" or "none") flipped to look alike."""
    size = both.shape[1] // 2
    right, left = both[:, :size], both[:, size:]
    if mirrored == "left":
        left = left[:, ::-1]
    elif mirrored == "right":
        right = right[:, ::-1]
    return np.ascontiguousarray(right), np.ascontiguousarray(left)


def _check_inside(image: np.ndarray, mouth: np.ndarray) -> None:
    high, wide = image.shape[:2]
    if (mouth < 0).any() or (mouth > np.array([wide - 1, high - 1])).any():
        raise LipsError("the mouth leaves the picture")


def _affine(frame: Level, box: Box, shape: tuple[int, int]) -> np.ndarray:
    """Output px (centres at whole numbers) to original px: (2, 3). `box` in the frame's px, `shape` (w, h)."""
    x0, y0, x1, y1 = box
    step = np.array([(x1 - x0) / shape[0], (y1 - y0) / shape[1]])
    first = np.array([x0, y0]) + step / 2
    return np.column_stack([frame.axes.T * step, frame.outward(first)]).round(9)  # the same pixels in every run


def sample(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    frame: Level,
    box: Box,
    shape: tuple[int, int],  # width, height
) -> np.ndarray:
    """`box` as (height, width, 3) uint8: one warpAffine, and means over a finer grid where it shrinks."""
    shrink = max((box[2] - box[0]) / shape[0], (box[3] - box[1]) / shape[1])
    finer = max(1, int(np.ceil(shrink - 1e-9)))
    matrix = _affine(frame, box, (shape[0] * finer, shape[1] * finer))
    part, matrix = _part(image, matrix, (shape[0] * finer, shape[1] * finer))
    how = cv2.INTER_LINEAR if finer > 1 else cv2.INTER_CUBIC
    fine = cv2.warpAffine(
        part,
        matrix,
        (shape[0] * finer, shape[1] * finer),
        flags=how | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cv2.resize(fine, shape, interpolation=cv2.INTER_AREA) if finer > 1 else fine)


def _part(image: np.ndarray, matrix: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The piece of the picture that `matrix` reaches, and the matrix into it: large pictures cost no more."""
    corners = cv2.transform(
        np.array([[[0, 0], [shape[0], 0], [0, shape[1]], [shape[0], shape[1]]]], np.float64), matrix
    )[0]
    high, wide = image.shape[:2]
    x0, y0 = np.clip(np.floor(corners.min(axis=0)).astype(int) - 4, 0, [wide - 1, high - 1])
    x1, y1 = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 5, [x0 + 1, y0 + 1], [wide, high])
    return np.ascontiguousarray(image[y0:y1, x0:x1]), matrix - [[0, 0, x0], [0, 0, y0]]


def _eroded(image: np.ndarray, kernel: int) -> np.ndarray:
    """The paper's erosion filter against small-scale noise: minimum over kernel x kernel pixels; 1 changes nothing."""
    return image if kernel == 1 else np.asarray(cv2.erode(image, np.ones((kernel, kernel), np.uint8)))


def lips_table(
    landmarks: Iterable[Mapping[str, Any]],
    load: Callable[[str], np.ndarray],
    *,
    settings: IngestLips,
) -> pa.Table:
    """LIPS rows for LANDMARKS rows; `load(image_id)` gives the upright picture, (H, W, 3) uint8 RGB.

    A row refused before keeps its reason; one that cannot be cut or loaded (ValueError, OSError) gets its own.
    """
    return LIPS.table(_lips_row(row, load, settings) for row in landmarks)


def _lips_row(row: Mapping[str, Any], load: Callable[[str], np.ndarray], settings: IngestLips) -> dict[str, Any]:
    names = {name: row[name] for name in NAMES}
    if row["reason"] is not None:
        return names | {"reason": row["reason"]}
    try:
        lips = crop_lips(load(row["image_id"]), np.reshape(row["points"], (68, 2)), settings=settings)
    except (OSError, ValueError) as error:
        return names | {"reason": str(error)}
    return names | {
        "region": encode_png(lips.region),
        "left": encode_png(lips.left),
        "right": encode_png(lips.right),
        "midline_x": lips.midline_x,
        "points_region": lips.points.ravel().round(6).tolist(),  # last bits differ from run to run
        "reason": None,
    }


def cut_lips(images: pa.Table, frames: pa.Table, landmarks: pa.Table, *, settings: IngestLips) -> pa.Table:
    """The lips table of a bucket; pictures come from the stills' files and the frames table."""
    return lips_table(landmarks.to_pylist(), loader(images, frames), settings=settings)
