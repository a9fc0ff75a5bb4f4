"""A pair of halves as it might have been: the midline a little aside, the picture a little turned, one side darker.

In: halves as they were cut. Out: the same for each of a few views, made from the halves alone, so that nothing has to
be cut anew. What D does over them says how much of it is the crop's and the light's, as an interval. Beyond the paper.
Knows nothing of networks.
"""

from collections.abc import Sequence

import cv2
import numpy as np

View = tuple[float, float, float]
"""Shift of the midline to the picture's right, as a share of a half's width; turn in degrees; light that a half lacks.

The third is a share of the light of the patient's right half; below 0 of the left one.
"""

AS_CUT: View = (0.0, 0.0, 0.0)


def interval(
    over: Sequence[float],  # D as cut, then D in each other view
    *,
    reach: float,
) -> tuple[float, float]:
    """D as cut, less and more `reach` times the root mean square of what the views change; not below 0."""
    as_cut, rest = over[0], np.asarray(over[1:], float) - over[0]
    half = reach * float(np.sqrt(np.mean(rest**2))) if len(rest) else 0.0
    return max(0.0, as_cut - half), as_cut + half


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
    shift, degrees, darker = view
    right, left = _darker(right, darker), _darker(left, -darker)
    if not shift and not degrees:
        return right, left
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


def _darker(half: np.ndarray, share: float) -> np.ndarray:
    return half if share <= 0 else np.round(half * (1 - share)).astype(np.uint8)


def _whole(right: np.ndarray, left: np.ndarray, mirrored: str) -> np.ndarray:  # (S, 2 * S, 3)
    """Both halves side by side, as in the picture: the patient's right on the left."""
    right = right[:, ::-1] if mirrored == "right" else right
    left = left[:, ::-1] if mirrored == "left" else left
    return np.ascontiguousarray(np.concatenate([right, left], axis=1))


def _resampled(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    size = picture.shape[1::-1]
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE))
