"""A lens's radial distortion: from a pinhole camera's pixels to the photograph's, and back.

In: pixels (N, 2). COLMAP's SIMPLE_RADIAL, which is OpenCV's k1: x' = x (1 + k |x|^2) in units of the focal length.
"""

import numpy as np

from tasks.space.views import Camera

ROUNDS = 30
"""Of the way back, each some ten times nearer for a lens that photographs faces."""


def bent(
    pixels: np.ndarray,  # (N, 2)
    camera: Camera,
    bend: float,  # of COLMAP's SIMPLE_RADIAL
) -> np.ndarray:
    """Where a lens with distortion shows what a pinhole camera shows at these pixels, (N, 2)."""
    focal, middle = camera.matrix[0, 0], camera.matrix[:2, 2]
    rays = (pixels - middle) / focal
    return np.asarray(rays * (1 + bend * (rays**2).sum(axis=1, keepdims=True)) * focal + middle)


def straight(
    pixels: np.ndarray,  # (N, 2) of the photograph
    camera: Camera,
    bend: float,
) -> np.ndarray:
    """Where a pinhole camera shows what the photograph shows at these pixels, (N, 2)."""
    focal, middle = camera.matrix[0, 0], camera.matrix[:2, 2]
    given = (pixels - middle) / focal
    rays = given
    for _ in range(ROUNDS):
        rays = given / (1 + bend * (rays**2).sum(axis=1, keepdims=True))
    return np.asarray(rays * focal + middle)
