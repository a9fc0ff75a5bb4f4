"""A picture sampled once along an affine map, averaged where it shrinks.

In: an array and the map from the new picture's pixels to its own. Out: the new picture. Pixel centres are at whole
numbers. Beyond its edges the array goes on as its mirror image, and that as its own, as if flipped copies lay all
around it. Knows nothing of faces.
"""

import cv2
import numpy as np

TILE = 2048
"""Side of what is sampled at a time: what a large photograph costs in memory beside itself (under 50 MB of RGB)."""


def resample(
    image: np.ndarray,  # (H, W) or (H, W, C), uint8 or float32
    matrix: np.ndarray,  # (2, 3) float: px of the new picture to px of `image`
    shape: tuple[int, int],  # height, width
    *,
    enlarging: int,  # cv2's interpolation where nothing shrinks
) -> np.ndarray:
    """(height, width[, C]) of the same type.

    Where the picture shrinks n times, each new pixel is the mean of k x k bilinear samples, k the next whole number
    from n on: no original pixel is left out, and none is interpolated twice.
    """
    finer = max(1, int(np.ceil(np.linalg.norm(matrix[:, :2], axis=0).max() - 1e-6)))
    side = max(1, TILE // finer)
    new = np.empty((*shape, *image.shape[2:]), image.dtype)
    for top in range(0, shape[0], side):
        for left in range(0, shape[1], side):
            tile = new[top : top + side, left : left + side]
            start = matrix[:, :2] @ [left, top] + matrix[:, 2]
            tile[:] = _tile(image, np.column_stack([matrix[:, :2], start]), tile.shape[:2], finer, enlarging)
    return new


def _tile(image: np.ndarray, matrix: np.ndarray, shape: tuple[int, ...], finer: int, enlarging: int) -> np.ndarray:
    part, matrix = _reached(image, matrix, shape)
    first = (1 / finer - 1) / 2
    fine = cv2.warpAffine(
        part,
        np.column_stack([matrix[:, :2] / finer, matrix @ [first, first, 1]]),
        (shape[1] * finer, shape[0] * finer),
        flags=(cv2.INTER_LINEAR if finer > 1 else enlarging) | cv2.WARP_INVERSE_MAP,
    )
    return fine if finer == 1 else cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_AREA)


def _reached(image: np.ndarray, matrix: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The part of the picture and its mirrored copies that a tile shows, and the tile's map into that part."""
    corners = matrix @ np.array([[-1, shape[1], -1, shape[1]], [-1, -1, shape[0], shape[0]], [1, 1, 1, 1]])
    low, high = np.floor(corners.min(axis=1)).astype(int) - 2, np.ceil(corners.max(axis=1)).astype(int) + 3
    part = image[_mirrored(low[1], high[1], image.shape[0])][:, _mirrored(low[0], high[0], image.shape[1])]
    return part, matrix - [[0, 0, low[0]], [0, 0, low[1]]]


def _mirrored(low: int, high: int, length: int) -> np.ndarray | slice:
    """Which of `length` pixels the positions from `low` to before `high` show."""
    if low >= 0 and high <= length:
        return slice(low, high)
    there = np.arange(low, high) % (2 * length)
    return np.minimum(there, 2 * length - 1 - there)
