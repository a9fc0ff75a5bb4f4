"""Whether a clip is one take: after a cut it may show somebody else, and moments of two people are no pair.

In: sampled frames of a clip, in order. Out: the time of the first cut. A frame is compared as 32 x 32 grey values, each
frame's mean and spread aside, so that no exposure counts. Of ten speakers of the GRID corpus neighbours correlate by
.993 at the least within a clip, and by .902 at the most between two speakers before the same wall. A cut shows nowhere
else: shaking, which makes all neighbours differ, is none, nor is a flash, after which all is as before. Finds no face;
two people beside each other are refused where faces are found.
"""

from collections.abc import Sequence

import cv2
import numpy as np

SIDE = 32
ALIKE = 0.95
"""Neighbouring frames that correlate less, and all frames before and after them, may be of two takes."""

STANDS_OUT = 5.0
"""So many times as unlike as neighbours in this clip usually are."""

FEWEST = 4
BLANK = 4.0
"""Grey values: a frame that varies less is black or white, as at a beginning or in a fade, and shows no take."""


def cut_at(
    frames: Sequence[tuple[float, np.ndarray]],  # seconds, and what `small` makes of the frame
) -> float | None:
    """The time in seconds of the first frame after a cut; None: no cut is seen, or too few frames."""
    seen = [(time_s, grey) for time_s, grey in frames if grey.std() >= BLANK]
    if len(seen) < FEWEST:
        return None
    plain = np.stack([(grey - grey.mean()) / grey.std() for _, grey in seen]).reshape(len(seen), -1)
    unlike = 1 - (plain[:-1] * plain[1:]).mean(axis=1)
    usual = max(float(np.median(unlike)), 1e-6)
    for place in np.flatnonzero((unlike > 1 - ALIKE) & (unlike > STANDS_OUT * usual)):
        before, after = plain[: place + 1].mean(axis=0), plain[place + 1 :].mean(axis=0)
        if np.corrcoef(before, after)[0, 1] < ALIKE:
            return seen[place + 1][0]
    return None


def small(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
) -> np.ndarray:
    """The frame as it is compared, (SIDE, SIDE) grey values."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float64)
