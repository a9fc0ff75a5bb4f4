"""A pair of halves as other crops would have cut it: the midline a little aside, the picture a little turned.

In: halves as they were cut. Out: the same for each of a few small shifts and turns, made from the halves alone, so
that nothing has to be cut anew. What D does over them says how much of it is the crop's. Beyond the paper.
Knows nothing of networks.
"""

import cv2
import numpy as np

View = tuple[float, float]
"""Shift of the midline to the picture's right, as a share of a half's width; turn of the picture in degrees."""

AS_CUT: View = (0.0, 0.0)


def seen_as(
    right: np.ndarray,  # (N, S, S, 3) uint8 RGB, the patient's right halves
    left: np.ndarray,  # (N, S, S, 3) uint8 RGB
    view: View,
    *,
    mirrored: str,
) -> tuple[np.ndarray, np.ndarray]:
    """The right and left halves as of another crop, same shapes. `mirrored`: the half that is flipped, or "none".

    Both halves stay equally wide: where the midline moves by s, each is 1 - |s| as wide and high, at the old size.
    """
    if view == AS_CUT:
        return right, left
    shift, degrees = view
    size = right.shape[1]
    keep = 1 - abs(shift)
    turn = np.deg2rad(degrees)
    axes = keep * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    centre = np.array([size - 0.5, size / 2 - 0.5])
    start = centre + [shift * size, 0] - axes @ centre
    matrix = np.column_stack([axes, start])
    both = [_whole(r, ell, mirrored) for r, ell in zip(right, left, strict=True)]
    cut = np.array([_resampled(picture, matrix) for picture in both]).reshape(-1, size, 2 * size, 3)
    new_right, new_left = cut[:, :, :size], cut[:, :, size:]
    if mirrored == "right":
        new_right = new_right[:, :, ::-1]
    if mirrored == "left":
        new_left = new_left[:, :, ::-1]
    return np.ascontiguousarray(new_right), np.ascontiguousarray(new_left)


def _whole(right: np.ndarray, left: np.ndarray, mirrored: str) -> np.ndarray:  # (S, 2 * S, 3)
    """Both halves side by side, as in the picture: the patient's right on the left."""
    right = right[:, ::-1] if mirrored == "right" else right
    left = left[:, ::-1] if mirrored == "left" else left
    return np.ascontiguousarray(np.concatenate([right, left], axis=1))


def _resampled(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    size = picture.shape[1::-1]
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE))
