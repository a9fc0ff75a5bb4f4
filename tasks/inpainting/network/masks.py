"""The mask of a clinician: lips and nose, wide enough that a cleft's own tissue lies inside (Chen et al., III.B.1).

In: the 68 points in a picture, the side of the cleft. Out: a mask of that picture. Points under-report a cleft, since
no model of landmarks was trained on one, so the margins are generous (docs/inpainting.md has how much of drawn clefts
they cover). Margins are in distances between the eye centres. Knows nothing of pixels, nor of networks.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from tasks.faces.regions import eye_centres, filled, widened

Side = Literal["left", "right", "both"]
"""The patient's own left, which lies right in the picture."""

NOSE, LIPS, JAW = range(30, 36), range(48, 60), range(3, 14)
RIGHT, MIDDLE, LEFT = (31, 32, 48, 49, 50, 58, 59), (30, 33, 51, 57), (34, 35, 52, 53, 54, 55, 56)
"""Points of the patient's right and left, and between them."""


@dataclass(frozen=True)
class Margins:
    """By how much the hull of lips and nose is widened, in distances between the eye centres."""

    around: float
    across: float
    """How far a mask of one side reaches beyond the middle of the face."""


def clinical(
    points: np.ndarray,  # (68, 2) float, px
    shape: tuple[int, ...],  # height, width
    margins: Margins,
    *,
    side: Side = "both",
    jitter: np.ndarray | None = None,  # (3,): shift x and y, and what the margin gains, in eye distances
) -> np.ndarray:
    """(H, W) bool, True is hidden: what lies within the margin of lips and nose, of the whole or of one side."""
    distance = float(np.hypot(*np.subtract(*eye_centres(points))))
    shift = np.zeros(3) if jitter is None else jitter * distance
    used = [*NOSE, *LIPS] if side == "both" else [*MIDDLE, *(RIGHT if side == "right" else LEFT)]
    outline = widened(points[used] + shift[:2], max(margins.around * distance + float(shift[2]), 0.0))
    mask = filled(outline, shape[:2]) > 0
    if side != "both":
        mask &= _half(points, shape, margins.across * distance, left=side == "left")
    return mask


def lower_face(points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool: everything between the nose's bridge and the jaw, for faces on which no mouth was found."""
    return filled(widened(points[[*JAW, *NOSE]], 0.0), shape[:2]) > 0


def _half(points: np.ndarray, shape: tuple[int, ...], across: float, *, left: bool) -> np.ndarray:
    """(H, W) bool: the patient's left or right half of the picture, and a strip beyond the middle."""
    right_eye, left_eye = eye_centres(points)
    direction = (left_eye - right_eye) / np.hypot(*(left_eye - right_eye))
    middle = points[list(MIDDLE)].mean(axis=0)
    y, x = np.mgrid[: shape[0], : shape[1]]
    towards_left = (x - middle[0]) * direction[0] + (y - middle[1]) * direction[1]
    half: np.ndarray = towards_left >= -across if left else towards_left <= across
    return half


def widened_by(mask: np.ndarray, points: np.ndarray, by: float) -> np.ndarray:
    """The mask and everything within `by` eye distances of it."""
    return grown(mask, round(by * float(np.hypot(*np.subtract(*eye_centres(points))))))


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    """The mask and everything within `by` pixels of it."""
    if by <= 0:
        return mask
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return cv2.dilate(mask.astype(np.uint8), disc).astype(bool)
