"""Where the forehead's skin ends and hair begins, across the midline; None where that cannot be told.

In: a photograph and its points. Out: the outline `hairline`, level at the height of the clearest step. Rows of a
levelled strip above the brows are compared with those below: colour, and how fine the grain is. The lowest clear step
counts. It is a hairline only if what lies above is darker, or of coarser grain (fair hair): else it is a shine on bald
skin, or the head's edge before a background. A step too low is hair over the forehead, one too high the top of a head.
Does not know what is measured.
"""

import cv2
import numpy as np

from tasks.anthropometry.frame import to_pixels
from tasks.anthropometry.names import OUTLINES
from tasks.ingest.resampling import resample
from tasks.params.anthropometry import Hairline

NAME = "hairline"
RESOLUTION = 100
"""Rows per interocular unit."""
HALF, TOP = 0.16, 1.7
"""The strip: half its width, and how far up it reaches from between the inner eye corners, interocular units."""
SHOWN = 0.12
"""Half the width of the outline."""
GRAIN, GRAIN_SCALE = 3.0, 2.0
"""The grain's weight beside colours, and the deviation of the blur against which it is seen, rows."""


def hairline(
    image: np.ndarray,  # (H, W, 3) uint8 RGB, upright
    points: np.ndarray,  # (len(POINTS), 2) px
    *,
    settings: Hairline,
) -> np.ndarray | None:
    """The outline, (number, 2) px of the photograph, from the patient's right to the left; None: not to be seen."""
    strip = _strip(image, points)
    height = None if strip is None else _height(strip, settings)
    if height is None:
        return None
    (number,) = (own.number for own in OUTLINES if own.name == NAME)
    across = np.linspace(-SHOWN, SHOWN, number)
    return to_pixels(np.column_stack([across, np.full(number, height)]), points)


def _strip(image: np.ndarray, points: np.ndarray) -> np.ndarray | None:
    """Levelled rows above the eyes and their mirror image in one, (h, w, 3) uint8; None where the photograph ends."""
    corners = np.array([[-HALF, TOP], [-HALF + 1, TOP], [-HALF, TOP - 1]])
    there = to_pixels(corners, points)
    if not np.isfinite(there).all():
        return None
    to_image = np.column_stack([there[1] - there[0], there[2] - there[0], there[0] * RESOLUTION]) / RESOLUTION
    shape = (round(TOP * RESOLUTION), round(2 * HALF * RESOLUTION) + 1)
    picture = resample(image, to_image, shape, enlarging=cv2.INTER_CUBIC).astype(np.float32)
    return np.asarray((picture + picture[:, ::-1]) / 2)


def _height(strip: np.ndarray, settings: Hairline) -> float | None:
    """How high the hairline lies, interocular units from between the inner eye corners."""
    lab = cv2.cvtColor(strip / np.float32(255), cv2.COLOR_RGB2LAB)
    grain = np.abs(lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), GRAIN_SCALE))
    rows = np.column_stack([lab.mean(axis=1), GRAIN * grain.mean(axis=1)]).astype(float)
    reach = round(settings.window * RESOLUTION)
    at = np.arange(round((TOP - settings.looked_to) * RESOLUTION), round((TOP - settings.looked_from) * RESOLUTION))
    summed = np.vstack([np.zeros(4), np.cumsum(rows, axis=0)])
    above, below = (summed[at] - summed[at - reach]) / reach, (summed[at + reach] - summed[at]) / reach
    step = np.linalg.norm(above - below, axis=1)
    peaks = [
        own
        for own in range(len(at) - 2, 0, -1)
        if step[own - 1] <= step[own] > step[own + 1] and step[own] >= settings.least_step
    ]
    if not peaks:
        return None
    own = max((near for near in peaks if peaks[0] - near <= reach), key=lambda near: float(step[near]))
    darker = below[own, 0] - above[own, 0] >= settings.least_darker
    coarser = above[own, 3] >= max(settings.coarser * below[own, 3], GRAIN * settings.least_grain)
    height = TOP - float(at[own]) / RESOLUTION
    return height if (darker or coarser) and settings.lowest <= height <= settings.highest else None
