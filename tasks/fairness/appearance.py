"""How light the skin of a photograph is, how bright and how even its light, how dark the hair: by the 68 points.

In: a photograph and its landmarks. Out: lightness L* (CIELAB, D65, 0 black .. 100 white) of small patches: cheeks,
whites of the eyes, above the forehead. All of it is as the picture shows it: the same skin in more light is lighter,
and a bald head has the lightness of skin or wall where hair would be. Knows no method and nobody's descent.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import cv2
import numpy as np
import pyarrow as pa

from tasks.ingest.faces.pixels import Loader, loader
from tasks.schemas.fairness import APPEARANCE
from tasks.schemas.ingest import FRAMES

EYES, CORNERS = (slice(36, 42), slice(42, 48)), (48, 54)
OUTER = (36, 45)
"""Outer corners of the eyes: their distance is the unit of length, their line is level."""
CHEEK_DOWN, CHEEK_OUT, CHEEK_HALF = 0.5, 0.08, 0.08
"""A cheek's patch: how far down from eye to corner of the mouth, how far outward of that, half its side."""
HAIR_UP, HAIR_WIDE, HAIR_HIGH = 1.02, 0.25, 0.06
"""The patch of hair: how far above the line of the eyes, half its width, half its height."""
WHITE = 97
"""Percentile of lightness within the eyes' outlines that is taken for the whites."""
LEAST_PIXELS = 9


class Appearance(NamedTuple):
    """L*, 0 to 100; `uneven_light` in L*, 0 or more. None where the patch lies outside the picture."""

    skin_lightness: float | None
    light: float | None
    uneven_light: float | None
    hair_darkness: float | None


def appearance(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    landmarks: np.ndarray,  # (68, 2) float, px
) -> Appearance:
    """What the photograph shows of skin, light and hair."""
    eyes = [landmarks[eye].mean(axis=0) for eye in EYES]
    across = landmarks[OUTER[1]] - landmarks[OUTER[0]]
    unit = float(np.hypot(*across))
    x = across / unit
    y = np.array([-x[1], x[0]])
    cheeks = []
    for eye, corner, outward in zip(eyes, CORNERS, (-1, 1), strict=True):
        middle = eye + CHEEK_DOWN * (landmarks[corner] - eye) + outward * CHEEK_OUT * unit * x
        cheeks.append(_lightness(image, _corners(middle, x, y, CHEEK_HALF * unit, CHEEK_HALF * unit), 50))
    whites = [_lightness(image, landmarks[eye], WHITE) for eye in EYES]
    above = (eyes[0] + eyes[1]) / 2 - HAIR_UP * unit * y
    hair = _lightness(image, _corners(above, x, y, HAIR_WIDE * unit, HAIR_HIGH * unit), 50)
    right, left = cheeks
    return Appearance(
        skin_lightness=_mean(cheeks),
        light=_mean(whites),
        uneven_light=None if right is None or left is None else abs(right - left),
        hair_darkness=None if hair is None else 100 - hair,
    )


def _corners(middle: np.ndarray, x: np.ndarray, y: np.ndarray, wide: float, high: float) -> np.ndarray:  # (4, 2) px
    corners: np.ndarray = middle + np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) @ np.array([wide * x, high * y])
    return corners


def _lightness(image: np.ndarray, outline: np.ndarray, percentile: float) -> float | None:
    """A percentile of L* within an outline; None where any of it lies outside the picture, or hardly a pixel inside."""
    low, high = np.floor(outline.min(axis=0)).astype(int), np.ceil(outline.max(axis=0)).astype(int) + 1
    if (low < 0).any() or (high > image.shape[1::-1]).any():
        return None
    part = image[low[1] : high[1], low[0] : high[0]]
    mask = np.zeros(part.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline - low).astype(np.int32)], 1)
    lab = cv2.cvtColor(part.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    inside = lab[..., 0][mask > 0]
    return float(np.percentile(inside, percentile)) if len(inside) >= LEAST_PIXELS else None


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def measure_photographs(images: pa.Table, landmarks: pa.Table) -> pa.Table:
    """APPEARANCE rows of a bucket's stills; refused ones keep their reason."""
    load = loader(images, FRAMES.table([]))
    return APPEARANCE.table(_row(row, load) for row in landmarks.to_pylist() if row["clip_id"] is None)


def _row(row: Mapping[str, Any], load: Loader) -> dict[str, Any]:
    known = {name: row[name] for name in ("image_id", "subject_id", "population", "reason")}
    if row["reason"] is not None:
        return known
    try:
        image = load(row["image_id"])
    except (OSError, ValueError) as error:
        return known | {"reason": str(error)}
    return known | appearance(image, np.reshape(np.asarray(row["points"], float), (68, 2)))._asdict()
