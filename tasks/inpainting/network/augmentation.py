"""How a control's picture is changed in training: mirrored, its colours shifted. Landmarks go along.

In: pictures and points of a batch, a random generator. Out: the same, changed. Chen et al. change nothing; a small set
of controls needs it (docs/inpainting.md). Knows nothing of masks.
"""

import numpy as np

from tasks.base.points68 import MIRROR


def changed(
    pictures: np.ndarray,  # (N, 3, S, S) uint8
    points: np.ndarray,  # (N, 68, 2) float32, px
    mirror: float,
    colour: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3, S, S) float32 in [0, 1] and (N, 68, 2) float32. `mirror`: probability; `colour`: of the log of a gain."""
    found, moved = pictures.astype(np.float32) / 255, points.copy()
    turned = rng.uniform(size=len(found)) < mirror
    found[turned] = found[turned, ..., ::-1]
    moved[turned] = moved[turned][:, MIRROR]
    moved[turned, :, 0] = pictures.shape[-1] - 1 - moved[turned, :, 0]
    gains = np.exp(rng.normal(0, colour, (len(found), 3, 1, 1))).astype(np.float32)
    return np.clip(found * gains, 0, 1), moved
