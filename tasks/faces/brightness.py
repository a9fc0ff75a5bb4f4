"""One brightness for all faces before they are compared: in every skin and light the same part has the same mean.

In: a photograph, and the mask of the part. Out: by what the photograph and what is held against it are multiplied. On
dark skin the same cleft differs by fewer grey levels, so that without it darker faces are nearer to a control's.
Knows nothing of what is compared, and how.
"""

import numpy as np

from tasks.errors import InputError

MIDDLE = 0.5
"""The mean of the part; SSIM's constants were chosen for pictures in [0, 1]."""
DARKEST = 0.02
"""Of a darker photograph there is nothing to even."""


def even(
    original: np.ndarray,  # (H, W, 3) float RGB in [0, 1]
    mask: np.ndarray,  # (H, W) float 0..1
) -> float:
    """By what both pictures are multiplied so that the photograph's mean within the mask is MIDDLE.

    InputError where the mask is empty.
    """
    pixels = float(mask.sum(dtype=np.float64))
    if pixels == 0:
        raise InputError("a region to be scored lies outside the picture")
    mean: float = float((original * mask[..., None]).sum(dtype=np.float64)) / (original.shape[2] * pixels)
    return MIDDLE / max(mean, DARKEST)
