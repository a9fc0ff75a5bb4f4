"""Irregular masks by the share that they hide: brush strokes, drawn until the share is in the band (Liu et al. 2018).

In: a side, a band, a random generator. Out: a mask. The standard 12,000 masks cannot be had, so strokes are drawn
here: up to 10 walks of straight pieces, each piece at most 60 pixels long and 20 wide on a picture of 256, turned by at
most 4 radians from the last (docs/inpainting.md). Knows nothing of faces.
"""

import cv2
import numpy as np

BANDS = {"0-20": (0.0, 0.2), "20-40": (0.2, 0.4), "40-60": (0.4, 0.6)}
"""Shares of the picture that are hidden: above the first number, at most the second (Chen et al., Table III)."""
MOST_STROKES, MOST_PIECES = 10, 8
LENGTH, WIDTH, SIDE = 60, 20, 256
TURN = 4.0


def irregular(side: int, band: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """(side, side) bool, True is hidden; the share of it is above band[0] and at most band[1]."""
    low, high = band
    wanted = rng.uniform(low, high)
    while True:
        mask = np.zeros((side, side), np.uint8)
        for _ in range(MOST_STROKES):
            _stroke(mask, rng)
            share = mask.mean()
            if share > high:
                break
            if share > low and share >= wanted:
                return mask.astype(bool)
        if low < mask.mean() <= high:
            return mask.astype(bool)


def _stroke(mask: np.ndarray, rng: np.random.Generator) -> None:
    side = len(mask)
    x, y = rng.uniform(0, side, 2)
    angle = rng.uniform(0, 2 * np.pi)
    for _ in range(int(rng.integers(1, MOST_PIECES + 1))):
        angle += rng.uniform(-TURN, TURN)
        length = rng.uniform(0.2, 1) * LENGTH * side / SIDE
        width = max(1, round(rng.uniform(0.3, 1) * WIDTH * side / SIDE))
        end = np.clip((x + length * np.cos(angle), y + length * np.sin(angle)), 0, side - 1)
        cv2.line(mask, (round(x), round(y)), (round(float(end[0])), round(float(end[1]))), 1, width)
        x, y = end


def square(side: int) -> np.ndarray:
    """(side, side) bool: a centred square of a quarter of the area (Table IV, regular mask; its size is our guess)."""
    mask = np.zeros((side, side), bool)
    quarter = side // 4
    mask[quarter : side - quarter, quarter : side - quarter] = True
    return mask
