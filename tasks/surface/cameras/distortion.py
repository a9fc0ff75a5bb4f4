"""A lens's distortion: from a pinhole camera's pixels to the photograph's, and back.

In: pixels (N, 2). OpenCV's k1, k2, p1 and p2, as COLMAP's OPENCV has them; SIMPLE_RADIAL is k1 alone: x' = x (1 + k1
|x|^2 + k2 |x|^4) and what a tilted lens adds, in units of the focal length.
"""

from typing import NamedTuple

import numpy as np

from tasks.space.views import Camera

ROUNDS = 30
"""Of the way back, each some ten times nearer for a lens that photographs faces."""


class Bend(NamedTuple):
    """A lens's distortion."""

    k1: float = 0.0
    k2: float = 0.0
    p1: float = 0.0
    p2: float = 0.0


def bent(
    pixels: np.ndarray,  # (N, 2)
    camera: Camera,
    bend: Bend,
) -> np.ndarray:
    """Where a lens with distortion shows what a pinhole camera shows at these pixels, (N, 2)."""
    focal, middle = np.diag(camera.matrix)[:2], camera.matrix[:2, 2]
    rays = (pixels - middle) / focal
    radial, tilted = _shares(rays, bend)
    return np.asarray((rays * radial + tilted) * focal + middle)


def straight(
    pixels: np.ndarray,  # (N, 2) of the photograph
    camera: Camera,
    bend: Bend,
) -> np.ndarray:
    """Where a pinhole camera shows what the photograph shows at these pixels, (N, 2)."""
    focal, middle = np.diag(camera.matrix)[:2], camera.matrix[:2, 2]
    given = (pixels - middle) / focal
    rays = given
    with np.errstate(all="ignore"):  # of a lens that no photograph can be of: NaN
        for _ in range(ROUNDS):
            radial, tilted = _shares(rays, bend)
            rays = (given - tilted) / radial
    return np.asarray(rays * focal + middle)


def _shares(rays: np.ndarray, bend: Bend) -> tuple[np.ndarray, np.ndarray]:
    """By what the lens multiplies rays, (N, 1), and what its tilt adds to them, (N, 2)."""
    x, y = rays.T
    square = x * x + y * y
    radial = 1 + bend.k1 * square + bend.k2 * square * square
    across = 2 * bend.p1 * x * y + bend.p2 * (square + 2 * x * x)
    down = bend.p1 * (square + 2 * y * y) + 2 * bend.p2 * x * y
    return radial[:, None], np.column_stack([across, down])
