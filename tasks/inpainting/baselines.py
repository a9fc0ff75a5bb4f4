"""OpenCV's own inpainting, the plain baseline of every table: Telea 2004, and Navier-Stokes (Bertalmio et al. 2001).

In: a picture and a mask. Out: the picture filled. Knows nothing of faces.
"""

import cv2
import numpy as np

METHODS = {"telea": cv2.INPAINT_TELEA, "ns": cv2.INPAINT_NS}
RADIUS = 3
"""Pixels around each filled one that are looked at: OpenCV's own example value."""


def opencv_filled(
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
    mask: np.ndarray,  # (H, W) bool, True is filled
    method: str,
) -> np.ndarray:
    """(H, W, 3) uint8: the picture, filled under the mask by `method`, a key of `METHODS`."""
    return cv2.inpaint(picture, mask.astype(np.uint8) * 255, RADIUS, METHODS[method])
