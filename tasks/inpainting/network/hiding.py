"""What is hidden of a control's face in training: strokes, a square, or lips and nose.

In: a face's points in its picture, a random generator. Out: a mask. Knows nothing of pixels, nor of networks.
"""

import numpy as np

from tasks.inpainting.network.masks import Margins, Side, clinical
from tasks.inpainting.network.strokes import BANDS, irregular, square
from tasks.params.inpainting import Masks

MARGIN = (0.1, 0.5)
"""The clinical mask's margins in training, eye distances: from narrow ones to wider than any that is filled."""
SHIFT = 0.05
"""Standard deviation of its shift, eye distances."""
SIDES: tuple[Side, ...] = ("both", "both", "left", "right")


def hidden(
    points: np.ndarray,  # (68, 2) float, px
    side: int,
    *,
    settings: Masks,
    rng: np.random.Generator,
) -> np.ndarray:
    """(side, side) bool, True is hidden."""
    kind = rng.uniform()
    if kind < settings.clinical:
        return _lips_and_nose(points, side, rng)
    if kind < settings.clinical + settings.square:
        return square(side)
    bands = list(BANDS.values())
    return irregular(side, bands[int(rng.integers(len(bands)))], rng)


def _lips_and_nose(points: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    margins = Margins(around=float(rng.uniform(*MARGIN)), across=float(rng.uniform(*MARGIN)))
    jitter = np.array([*rng.normal(0, SHIFT, 2), 0.0])
    return clinical(points, (side, side), margins, side=SIDES[int(rng.integers(len(SIDES)))], jitter=jitter)
