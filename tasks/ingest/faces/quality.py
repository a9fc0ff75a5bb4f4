"""Whether a photograph can be measured: pose, blur and a covered mouth, as far as landmarks and pixels tell.

In: pixels and the 68 points. Out: numbers; tasks.ingest.faces.landmarks compares them with the limits.
None of it is validated against people's judgement of quality.
"""

import math

import cv2
import numpy as np

POSE_POINTS = (8, 27, 30, 33, 36, 39, 42, 45)
"""Chin, nose and eye corners: neither lips nor alae, which a cleft moves."""

POSE_MODEL = np.array(
    [
        (0.00, 1.29, 0.33),  # chin
        (0.00, -0.05, 0.02),  # nasion
        (0.00, 0.33, -0.27),  # nose tip
        (0.00, 0.50, -0.10),  # below the nose
        (-0.50, 0.00, 0.28),  # outer eye corners and inner ones
        (-0.21, 0.01, 0.17),
        (0.21, 0.01, 0.17),
        (0.50, 0.00, 0.28),
    ]
)
"""A frontal face; 1 = between the outer eye corners, y down, z away from the camera. Proportions are rounded."""

SHARPNESS_INTEROCULAR = 64.0
"""Sharpness is measured with the eyes this far apart (pixels), so that it does not depend on the camera."""


def pose_degrees(
    points: np.ndarray,  # (68, 2) px
    width: int,
    height: int,
) -> tuple[float, float, float]:
    """Yaw (to the picture's right positive), pitch (raised positive), roll (clockwise positive), degrees.

    They are against the line of sight, as if the camera were pointed at the face: a face beside the picture's middle
    that looks ahead is seen from its side, and one that was cut out of a picture does not turn by it. A rigid average
    face fitted by perspective-n-point with a focal length of the longer side, so a few degrees of error are usual.
    """
    focal = float(max(width, height))
    camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    seen = points[list(POSE_POINTS)]
    _, rotation, place = cv2.solvePnP(POSE_MODEL, seen, camera, np.zeros(4), flags=cv2.SOLVEPNP_SQPNP)
    matrix, _ = cv2.Rodrigues(rotation)
    x, y, z = matrix @ POSE_MODEL.mean(axis=0) + place[:, 0]
    across, down = np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))
    forward = _turned(_turned(-matrix[:, 2], (0, 2), across), (1, 2), down)
    yaw = np.degrees(np.arctan2(forward[0], -forward[2]))
    pitch = np.degrees(np.arcsin(np.clip(-forward[1], -1, 1)))
    eyes = points[45] - points[36]
    return float(yaw), float(pitch), float(np.degrees(np.arctan2(eyes[1], eyes[0])))


def _turned(direction: np.ndarray, axes: tuple[int, int], angle: float) -> np.ndarray:
    """A direction (3,) turned in the plane of two axes, by `angle` radians from the first one to the second."""
    turned = direction.copy()
    one, other = direction[list(axes)]
    turned[list(axes)] = np.cos(angle) * one - np.sin(angle) * other, np.sin(angle) * one + np.cos(angle) * other
    return turned


def sharpness(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    points: np.ndarray,  # (68, 2) px
) -> float:
    """Share of the mouth's gradient energy that a small blur takes away: near 0 blurred, from about 0.4 sharp."""
    scale = SHARPNESS_INTEROCULAR / interocular(points)
    low, high = points[31:68].min(axis=0), points[31:68].max(axis=0)
    left, top = np.floor(np.maximum(low, 0)).astype(int)
    right, bottom = np.ceil(high).astype(int)
    patch = image[top:bottom, left:right]
    if patch.size == 0:
        return 0.0
    size = tuple(np.maximum(np.rint(np.array(patch.shape[1::-1]) * scale).astype(int), 8).tolist())
    grey = cv2.cvtColor(cv2.resize(patch, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(np.float32)
    energy = _gradient_energy(grey)
    return float(1 - _gradient_energy(cv2.GaussianBlur(grey, (0, 0), 1.0)) / energy) if energy > 0 else 0.0


def _gradient_energy(grey: np.ndarray) -> float:
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return float(np.mean(across * across + down * down))


def mouth_contrast(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    points: np.ndarray,  # (68, 2) px
) -> float:
    """Distance of the lips' mean colour from that of the skin around them, in standard deviations (LAB); 0: no lips."""
    lips = points[48:60]
    centre = lips.mean(axis=0)
    ring = centre + (lips - centre) * 1.6
    low = np.floor(np.maximum(ring.min(axis=0), 0)).astype(int)
    high = np.ceil(ring.max(axis=0)).astype(int) + 1
    patch = image[low[1] : high[1], low[0] : high[0]]
    if patch.size == 0:
        return 0.0
    inside, outside = _filled(patch, lips - low), _filled(patch, ring - low)
    outside &= ~inside
    inside &= ~_filled(patch, points[60:68] - low)
    if inside.sum() < 20 or outside.sum() < 20:
        return 0.0
    lab = cv2.cvtColor(patch, cv2.COLOR_RGB2LAB).astype(np.float64)
    spread = np.sqrt((lab[inside].var(axis=0) + lab[outside].var(axis=0)) / 2) + 1.0
    return math.hypot(*((lab[inside].mean(axis=0) - lab[outside].mean(axis=0)) / spread))


def _filled(patch: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    mask = np.zeros(patch.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(polygon).astype(np.int32)], 1)
    return mask.astype(bool)


def interocular(
    points: np.ndarray,  # (68, 2) px
) -> float:
    """Between the outer eye corners, pixels."""
    return math.hypot(*(points[45] - points[36]))
