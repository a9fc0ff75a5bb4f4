"""Where in a face something is measured: mouth and nose, or the entire face without the eyes.

In: the 68 points in a square picture. Out: masks of that picture, and the outline of the face with a forehead, which
the points do not have. Hayajneh et al. draw their masks by hand; here they follow the points (docs/faces.md).
Margins are in distances between the eye centres, so that a mask does not depend on the picture's size.
Does not know what is measured inside a mask, nor the pixels.
"""

import cv2
import numpy as np

JAW, BROWS, NOSE, OUTER_LIPS = slice(0, 17), slice(17, 27), slice(27, 36), slice(48, 60)
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)
RIGHT_TEMPLE, LEFT_TEMPLE, SUBNASALE = 0, 16, 33
MOUTH_MARGIN, EYE_MARGIN = 0.15, 0.08
"""Eye distances by which the hulls of mouth and nose, and of each eye, are widened: the points lie on edges, not beyond
them, and none marks the wings of the nose."""
ANGLES = np.linspace(0, 2 * np.pi, 32, endpoint=False)
CIRCLE = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])
"""Directions in which a hull is widened; the first half is the forehead's."""
SUBPIXEL = 8
"""Bits of a pixel to which polygons are drawn."""


def eye_centres(
    points: np.ndarray,  # (68, 2) float, px
) -> np.ndarray:
    """The means of the patient's right and left eye's points, (2, 2): the picture's left one first."""
    return np.stack([points[RIGHT_EYE].mean(axis=0), points[LEFT_EYE].mean(axis=0)])


def face_outline(
    points: np.ndarray,  # (68, 2) float, px
) -> np.ndarray:
    """The convex outline of jaw, brows and an estimated forehead, (n, 2) px.

    The forehead is half an ellipse over the temples, as high above the brows as the nose's base is below them (the
    rule of equal thirds of a face).
    """
    right, left = eye_centres(points)
    x = (left - right) / np.hypot(*(left - right))
    up = np.array([x[1], -x[0]])
    temples = points[[RIGHT_TEMPLE, LEFT_TEMPLE]]
    middle, half = temples.mean(axis=0), np.ptp(temples @ x) / 2
    brows = (points[BROWS] @ up).mean()
    height = max(2 * brows - points[SUBNASALE] @ up - middle @ up, 0.0)
    arc = middle + CIRCLE[:17, :1] * half * x + CIRCLE[:17, 1:] * height * up
    return _hull(np.concatenate([points[JAW], points[BROWS], arc]))


def region_masks(
    points: np.ndarray,  # (68, 2) float, px of the picture, pixel centres at whole numbers
    size: int,
    *,
    soft_edge: float,
) -> dict[str, np.ndarray]:
    """{"mouth": mouth and nose, "face": jaw to forehead with brows, without the eyes}, each (size, size) float32 0..1.

    A pixel counts when the region touches it; `soft_edge` is the deviation of a Gaussian over the edge as a share of
    the side, 0 leaves it hard. What leaves the picture is cut off.
    """
    distance = float(np.hypot(*np.subtract(*eye_centres(points))))
    mouth = widened(np.concatenate([points[NOSE], points[OUTER_LIPS]]), MOUTH_MARGIN * distance)
    eyes = [filled(widened(points[eye], EYE_MARGIN * distance), (size, size)) for eye in (RIGHT_EYE, LEFT_EYE)]
    seen = 1 - np.maximum(*eyes)
    outlines = {"mouth": mouth, "face": face_outline(points)}
    return {name: softened(filled(outline, (size, size)) * seen, soft_edge) for name, outline in outlines.items()}


def filled(
    outline: np.ndarray,  # (n, 2) convex, px
    shape: tuple[int, ...],  # height, width
) -> np.ndarray:
    """1 where the polygon touches a pixel, else 0: (H, W) float32."""
    mask = np.zeros(shape, np.float32)
    return cv2.fillConvexPoly(mask, np.rint(outline * 2**SUBPIXEL).astype(np.int32), 1.0, shift=SUBPIXEL)


def softened(
    mask: np.ndarray,  # (size, size) float32 0..1
    edge: float,  # deviation as a share of the side
) -> np.ndarray:
    """The mask after a Gaussian, (size, size) float32 0..1; its edge stays full where it leaves the picture."""
    if edge == 0:
        return mask
    return np.clip(cv2.GaussianBlur(mask, (0, 0), edge * len(mask), borderType=cv2.BORDER_REPLICATE), 0, 1)


def widened(points: np.ndarray, margin: float) -> np.ndarray:
    """The outline of everything at most `margin` px from the points' hull."""
    return _hull((points[:, None] + margin * CIRCLE).reshape(-1, 2))


def _hull(points: np.ndarray) -> np.ndarray:
    return cv2.convexHull(points.astype(np.float32))[:, 0].astype(float)
