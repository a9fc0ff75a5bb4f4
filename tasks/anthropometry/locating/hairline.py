"""Where the forehead's skin ends and hair begins, across the midline; None where that cannot be told.

In: a photograph and its points. Out: the outline `hairline`, level at the height of the clearest step. Rows of a
levelled strip above the brows are compared with those below: colour, and how fine the grain is. The lowest clear step
counts. It is a hairline only if what lies above is darker, or of coarser grain (fair hair): else it is a shine on bald
skin, or the head's edge before a background. A step too low is hair over the forehead, one too high the top of a head.
And skin lies below a hairline beside the midline, too: where there is hair, it is a fringe, or a lock across the
forehead. Does not know what is measured.
"""

import cv2
import numpy as np

from tasks.anthropometry.frame import to_pixels
from tasks.anthropometry.names import OUTLINES
from tasks.ingest.faces.resampling import resample
from tasks.params.anthropometry import Hairline

NAME = "hairline"
RESOLUTION = 100
"""Rows per interocular unit."""
HALF, TOP = 0.16, 1.7
"""The strip: half its width, and how far up it reaches from between the inner eye corners, interocular units."""
WIDE = 2
"""How many times as wide what is looked at beside the midline."""
NEAR, BELOW, GAP = 0.03, 0.2, 0.02
"""From where to where below the line hair is looked for beside the midline, and how far from the line the colours of
hair and skin are taken, interocular units."""
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
    wide = _strip(image, points)
    if wide is None:
        return None
    strip = wide[:, round(HALF * RESOLUTION) : -round(HALF * RESOLUTION)]
    height = _height((strip + strip[:, ::-1]) / 2, settings)
    if height is None or _hair_beside(wide, height, settings.window) > settings.most_beside:
        return None
    (number,) = (own.number for own in OUTLINES if own.name == NAME)
    across = np.linspace(-SHOWN, SHOWN, number)
    return to_pixels(np.column_stack([across, np.full(number, height)]), points)


def _strip(image: np.ndarray, points: np.ndarray) -> np.ndarray | None:
    """Levelled rows above the eyes, (h, w, 3) float32; None where the photograph ends."""
    half = WIDE * HALF
    corners = np.array([[-half, TOP], [-half + 1, TOP], [-half, TOP - 1]])
    there = to_pixels(corners, points)
    if not np.isfinite(there).all():
        return None
    to_image = np.column_stack([there[1] - there[0], there[2] - there[0], there[0] * RESOLUTION]) / RESOLUTION
    shape = (round(TOP * RESOLUTION), round(2 * half * RESOLUTION) + 1)
    return np.asarray(resample(image, to_image, shape, enlarging=cv2.INTER_CUBIC).astype(np.float32))


def _hair_beside(wide: np.ndarray, height: float, window: float) -> float:
    """The share of what lies straight below the line, left or right of the strip, that looks like what is above it."""
    lab = cv2.cvtColor(wide / np.float32(255), cv2.COLOR_RGB2LAB)
    own = round(HALF * RESOLUTION)

    def rows(low: float, high: float) -> np.ndarray:
        return np.asarray(lab[round((TOP - height - high) * RESOLUTION) : round((TOP - height - low) * RESOLUTION)])

    hair, skin = (
        np.median(there[:, own:-own].reshape(-1, 3), axis=0)
        for there in (rows(GAP, window + GAP), rows(-window - GAP, -GAP))
    )
    below = rows(-BELOW, -NEAR)
    like = np.linalg.norm(below - hair, axis=2) < np.linalg.norm(below - skin, axis=2)
    return float(max(like[:, :own].mean(), like[:, -own:].mean()))


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
