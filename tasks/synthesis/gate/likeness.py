"""Whether a generated face repeats a photograph, pixel for pixel: mirrored, recoloured, cropped, blurred or not.

In: a face's look, a small grey picture of it. Out: how alike two looks are. Beyond the paper: FIR (section 4.3.1)
counts faces that a recognition network takes for one, and such a network loses a copy that is blurred. Looks are
levelled in light and contrast, so that colour plays no part, and are as small as a blurred face is sharp. A copy that
was cropped or blurred is not aligned quite as its photograph was: it is tried at a few places and sizes, and mirrored.
Knows nothing of recognition networks, thresholds or tables. Measured by bench/copies.py.
"""

from collections.abc import Sequence
from itertools import product

import cv2
import numpy as np

SIDE = 40
"""Of a look, pixels; what is compared is its middle, a frame narrower on each side."""
FRAME = 4
ZOOM = 1.1
"""How much larger than in ArcFace's template a face stands in what is compared."""
SOFT, LOCAL = 1.5, 3.0
"""Standard deviations, pixels: of the blur that both looks get, and of the surroundings a pixel is levelled by."""
FLOOR = 2.0
"""Grey levels of contrast below which nothing is raised."""
SIZES = (0.94, 1.0, 1.06)
STEPS = (-1, 0, 1)


def levelled(looks: Sequence[np.ndarray]) -> np.ndarray:  # m of (SIDE, SIDE) uint8 -> (m, pixels) float32
    """Looks as `likenesses` compares with them, made once for all faces."""
    return _flat(np.stack([_levelled(look, 1.0)[FRAME:-FRAME, FRAME:-FRAME] for look in looks]))


def likenesses(
    looks: np.ndarray,  # (m, pixels) of `levelled`
    of: np.ndarray,  # (SIDE, SIDE) uint8
) -> np.ndarray:
    """The highest correlation of `of` at any place and size, mirrored too, with each look: (m,) float32, at most 1."""
    return np.asarray((looks @ _flat(_tried(of)).T).max(axis=1))


def _tried(look: np.ndarray) -> np.ndarray:  # (places, S, S)
    views = []
    for size in SIZES:
        levelled = _levelled(look, size)
        for down, across in product(STEPS, STEPS):
            rows, columns = (slice(FRAME + step, SIDE - FRAME + step) for step in (down, across))
            views += [levelled[rows, columns], levelled[rows, columns][:, ::-1]]
    return np.stack(views)


def _levelled(look: np.ndarray, size: float) -> np.ndarray:
    """Less its surroundings, over their contrast, (SIDE, SIDE) float32; the face `size` times as large."""
    middle = (SIDE - 1) / 2
    matrix = np.array([[size, 0, middle * (1 - size)], [0, size, middle * (1 - size)]])
    grey = cv2.warpAffine(
        look.astype(np.float32), matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    grey = cv2.GaussianBlur(grey, (0, 0), SOFT)
    rest = grey - cv2.GaussianBlur(grey, (0, 0), LOCAL)
    return np.asarray(rest / np.sqrt(cv2.GaussianBlur(rest**2, (0, 0), 1.5 * LOCAL) + FLOOR**2))


def _flat(views: np.ndarray) -> np.ndarray:
    """(n, pixels), each of mean 0 and length 1; a view without any contrast is 0."""
    flat = views.reshape(len(views), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6))
