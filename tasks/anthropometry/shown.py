"""What a page shows of a measured face: the levelled picture, its marks, its mirror image, and both halves doubled.

In: a photograph and its face. Out: pictures of one size with the midline in the middle, and marks in their pixels.
Measures nothing. Knows no page.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from tasks.anthropometry.frame import levelled, to_pixels
from tasks.anthropometry.names import INDEX, POINTS, Face
from tasks.ingest.faces.resampling import resample

UNIT = 250
"""Pixels of the picture per interocular unit."""
WIDTH, ABOVE, BELOW = 2.1, 1.2, 1.6
"""What a picture shows, in interocular units about the point between the inner eye corners."""
CLOSED = ("nose", "nostril_right", "nostril_left")


@dataclass(frozen=True)
class Shown:
    """The pictures, (H, W, 3) uint8 RGB each, and the marks on them in their pixels."""

    face: np.ndarray
    blended: np.ndarray  # the face and its mirror image, half and half
    rights: np.ndarray  # the patient's right half and its mirror image
    lefts: np.ndarray  # the left half and its mirror image
    points: dict[str, tuple[float, float]]  # those that were found and lie within
    outlines: list[list[tuple[float, float]]]
    mirrored: list[list[tuple[float, float]]]  # the outlines' mirror images
    midline_x: float
    level_y: float  # of the inner eye corners

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.face.shape[1], self.face.shape[0]


def shown(image: np.ndarray, face: Face) -> Shown:  # (H, W, 3) uint8 RGB, upright
    """The pictures of a face whose eye corners were found."""
    width, height = round(WIDTH * UNIT) // 2 * 2 + 1, round((ABOVE + BELOW) * UNIT)
    middle, level = (width - 1) / 2, ABOVE * UNIT
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])  # of the picture
    there = to_pixels((corners - [middle, level]) * [1, -1] / UNIT, face.points)
    to_original = np.column_stack([there[1] - there[0], there[2] - there[0], there[0]])
    picture = resample(image, to_original, (height, width), enlarging=cv2.INTER_CUBIC)
    flipped = picture[:, ::-1]
    centre = round(middle)
    right, left = picture.copy(), picture.copy()
    right[:, centre + 1 :], left[:, :centre] = flipped[:, centre + 1 :], flipped[:, :centre]
    frame = levelled(face.points, face.outlines)

    def marked(where: np.ndarray, sign: int = 1) -> list[tuple[float, float]]:
        at = where * [sign * UNIT, -UNIT] + [middle, level]
        return [(round(float(x), 1), round(float(y), 1)) for x, y in at]

    lines = {name: line for name, line in frame.outlines.items() if np.isfinite(line).all()}
    closed = [np.concatenate([line, line[:1]]) if name in CLOSED[1:] else line for name, line in lines.items()]
    inside = {
        name: own
        for name, own in zip(POINTS, marked(np.nan_to_num(frame.points)), strict=True)
        if np.isfinite(frame.points[INDEX[name]]).all() and 0 <= own[0] <= width and 0 <= own[1] <= height
    }
    return Shown(
        picture,
        np.asarray((picture.astype(np.uint16) + flipped + 1) // 2, np.uint8),
        right,
        left,
        inside,
        [marked(line) for line in closed],
        [marked(line, -1) for line in closed],
        middle,
        level,
    )
