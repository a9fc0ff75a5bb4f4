"""A drawn patch brought into a photograph of any size, so that no edge shows and no other pixel changes.

In: a photograph, its mask, what a network drew of the cropped face, and the crop's place. Out: the filled photograph.
The patch is brought to the photograph's level by a film over the differences along the border (membrane.py). The last
thing done is an exact selection: outside the mask every byte is the photograph's. Knows nothing of networks.
"""

import cv2
import numpy as np

from tasks.errors import InputError
from tasks.ingest.faces.resampling import resample
from tasks.inpainting.membrane import film


class FillError(InputError):
    """The photograph cannot be filled; the message says why."""


def fill(
    photograph: np.ndarray,  # (H, W, 3) uint8 RGB
    mask: np.ndarray,  # (H, W) bool
    drawn: np.ndarray,  # (S, S, 3) float 0..255, the whole crop
    to_photograph: np.ndarray,  # (2, 3) px of the crop to px of the photograph
) -> np.ndarray:
    """(H, W, 3) uint8: the patch where the mask is, the photograph elsewhere. FillError: see `check`."""
    check(mask, photograph.shape)
    rows, columns = _around(mask)
    part, hole = photograph[rows, columns], mask[rows, columns]
    back = cv2.invertAffineTransform(to_photograph - [[0, 0, columns.start], [0, 0, rows.start]])
    covered = _covered(back, len(drawn), hole.shape)
    if (beyond := hole & ~covered).any():
        share = beyond.sum() / hole.sum()
        raise FillError(
            f"{share:.1%} of the mask lies {_beside(beyond, hole & covered)} the square about the face that can be "
            f"filled ({_place(to_photograph, len(drawn))}); give a mask that ends there (`--mask FILE`)"
        )
    patch = resample(drawn.astype(np.float32), back, hole.shape, enlarging=cv2.INTER_CUBIC)
    level = film(part - patch, hole | ~covered)
    filled = photograph.copy()
    filled[rows, columns][hole] = np.clip(np.rint(patch[hole] + level[hole]), 0, 255).astype(np.uint8)
    return filled


def _around(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of the mask, and one pixel more at each side that the picture has."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    return slice(max(rows[0] - 1, 0), rows[-1] + 2), slice(max(columns[0] - 1, 0), columns[-1] + 2)


def _beside(beyond: np.ndarray, inside: np.ndarray) -> str:
    """On which side of the square most of what lies beyond it is, as the photograph is seen."""
    if not inside.any():
        return "outside"
    across, down = (np.mean(np.nonzero(beyond)[axis]) - np.mean(np.nonzero(inside)[axis]) for axis in (1, 0))
    if abs(down) > abs(across):
        return "below" if down > 0 else "above"
    return "right of" if across > 0 else "left of"


def _place(to_photograph: np.ndarray, side: int) -> str:
    """Where the crop lies in the photograph, in words."""
    corners = np.array([[[-0.5, -0.5], [side - 0.5, -0.5], [side - 0.5, side - 0.5], [-0.5, side - 0.5]]])
    laid = cv2.transform(corners, to_photograph)[0]
    (left, top), (right, bottom) = np.rint(laid.min(axis=0)), np.rint(laid.max(axis=0))
    return f"columns {left:.0f} to {right:.0f}, rows {top:.0f} to {bottom:.0f}, counted from the top left"


def _covered(back: np.ndarray, side: int, shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool: pixels whose centres lie in the crop, up to its outermost pixels' edges."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    inside = [row[0] * x + row[1] * y + row[2] for row in back]
    within: np.ndarray = np.logical_and.reduce([(part >= -0.5) & (part <= side - 0.5) for part in inside])
    return within


def check(mask: np.ndarray, shape: tuple[int, ...]) -> None:
    """FillError: a mask of another size than the photograph, one that hides nothing, one that hides everything."""
    if mask.shape != shape[:2]:
        raise FillError(
            f"the mask has {mask.shape[1]} x {mask.shape[0]} pixels, the photograph (upright) {shape[1]} x {shape[0]}"
        )
    if not mask.any():
        raise FillError("the mask is empty: what is to be filled must not be black")
    if mask.all():
        raise FillError("the mask hides the whole photograph")
