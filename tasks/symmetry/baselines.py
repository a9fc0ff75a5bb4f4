"""Two plain measures of lip asymmetry, to hold the network against.

In: landmarks, or a photograph with them. Out: the height difference of the cupid's bow's peaks in mouth
widths, and the mean difference between the lip region and its own mirror image. Both are 0 for a face that
equals its mirror image, and change with none of shift, scale, or rotation in the picture's plane.
The first is the distance-based assessment that Rosero et al. 2025 (Introduction) argue against; the second
compares pixels without learning. Knows nothing of networks or training.
"""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from tasks.ingest.faces.lips import Level, level, lips_box, sample
from tasks.ingest.faces.pixels import Loader, loader
from tasks.schemas.ingest import FRAMES
from tasks.schemas.symmetry import BASELINES

RIGHT_PEAK, LEFT_PEAK = 50, 52
SIDE = 64
"""Pixels a half of the region that is mirrored: about the phantoms' resolution at 512 px."""
MARGIN = 0.15
"""Skin around the mouth that is compared, mouth widths, on every side."""
SHADING = 8.0
"""Pixels: slower changes than this are light, not lips, and are taken out."""
SPREAD = 12.0
"""Pixels: neighbourhood over which contrast is evened out."""
FLOOR = 2.0
"""Grey levels added to the local contrast, so that noise on flat skin does not count."""
SHIFTS = range(-4, 5)
"""Pixels by which the mirror image is shifted to find its best fit: the midline is not known to half a pixel."""


def cupids_bow_difference(
    landmarks: np.ndarray,  # (68, 2) float, px
) -> float:
    """Height difference of the two peaks across the eye line, in mouth widths, 0 or more. LipsError as `level`."""
    frame = level(landmarks)
    peaks = frame.inward(landmarks[[RIGHT_PEAK, LEFT_PEAK]])
    return float(abs(peaks[0, 1] - peaks[1, 1]) / frame.width)


def mirror_difference(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    landmarks: np.ndarray,  # (68, 2) float, px
) -> float:
    """Mean absolute difference, 0 or more, of the levelled lip region and its mirror image in evened-out Lab.

    Light that falls off slowly and differences of contrast are taken out first; the smallest difference over
    a few shifts counts. LipsError where the region cannot be cut.
    """
    frame: Level = level(landmarks)
    box = lips_box(frame, landmarks, above=MARGIN, below=MARGIN, side=MARGIN)
    lab = cv2.cvtColor(sample(image, frame, box, (2 * SIDE, SIDE)).astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    even = _evened(lab)
    return min(_difference(even, shift) for shift in SHIFTS)


def _evened(lab: np.ndarray) -> np.ndarray:
    detail = lab - cv2.GaussianBlur(lab, (0, 0), SHADING)
    power = cv2.GaussianBlur((detail**2).sum(axis=2), (0, 0), SPREAD)
    return np.asarray(detail / (np.sqrt(power) + FLOOR)[..., None])


def _difference(region: np.ndarray, shift: int) -> float:
    """Of the region and its mirror image about a column `shift` / 2 pixels from the middle one."""
    width = region.shape[1] - abs(shift)
    part = region[:, max(shift, 0) : max(shift, 0) + width]
    return float(np.abs(part - part[:, ::-1]).sum(axis=2).mean())


def measure_photographs(images: pa.Table, landmarks: pa.Table) -> pa.Table:
    """BASELINES rows of a bucket's stills; refused ones keep their reason."""
    load = loader(images, FRAMES.table([]))
    rows = [row for row in landmarks.to_pylist() if row["clip_id"] is None]
    return BASELINES.table(_row(row, load) for row in rows)


def _row(row: Mapping[str, Any], load: Loader) -> dict[str, Any]:
    names = {"image_id": row["image_id"], "subject_id": row["subject_id"]}
    if row["reason"] is not None:
        return names | {"reason": row["reason"]}
    points = np.reshape(np.asarray(row["points"], float), (68, 2))
    try:
        return names | {
            "cupids_bow_difference": cupids_bow_difference(points),
            "mirror_difference": mirror_difference(load(row["image_id"]), points),
            "reason": None,
        }
    except (OSError, ValueError) as error:
        return names | {"cupids_bow_difference": None, "mirror_difference": None, "reason": str(error)}
