"""A scar-like streak from the cupid's bow to the nostril sill: asymmetry of colour without any of shape.

In: a photograph, its landmarks, a side, a strength. Out: the photograph with the streak. CARS, the raters'
scale, counts scar tissue beside shape (Rosero et al. 2025, Lip Symmetry Evaluation); the streak is beyond
their training. Does not know what the strength stands for, nor what a real scar looks like under light.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from tasks.ingest.faces.lips import Level

TINTS = np.array([[36, 31, 28], [30, -16, -13], [-36, -36, -33], [-12, -34, -28]], np.float32)
"""Grey levels added at full strength: pale, red, dark, livid."""


@dataclass(frozen=True)
class Scar:
    """How one streak looks: drawn once, so that both sides can be given the same."""

    tint: np.ndarray  # (3,) grey levels at strength 1
    breadth: float  # standard deviation, mouth widths
    bend: float  # sideways bow of the streak, mouth widths
    ripple: np.ndarray  # (6,) phases and rates of its unevenness


def draw_scar(rng: np.random.Generator) -> Scar:
    """A random streak."""
    tint = TINTS[rng.integers(len(TINTS))] * rng.uniform(0.8, 1.3)
    return Scar(tint, rng.uniform(0.012, 0.035), rng.uniform(-0.04, 0.04), rng.uniform(0, 2 * np.pi, 6))


def add_scar(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    landmarks: np.ndarray,  # (68, 2) px
    frame: Level,
    scar: Scar,
    *,
    left: bool,
    strength: float,
) -> np.ndarray:
    """The picture with the streak on the patient's left or right side; only the lip's neighbourhood is touched."""
    peak, inner, sill = (52, 63, 35) if left else (50, 61, 31)
    nostril = (frame.inward(landmarks[sill]) + frame.inward(landmarks[33])) / 2
    path = np.array([frame.inward(landmarks[inner]), frame.inward(landmarks[peak]), nostril])
    line = _curve(path, scar.bend * frame.width * (1 if left else -1))
    spots = frame.outward(line)
    breadth = scar.breadth * frame.width
    x0, y0 = np.maximum(np.floor(spots.min(axis=0) - 4 * breadth).astype(int), 0)
    x1, y1 = np.ceil(spots.max(axis=0) + 4 * breadth).astype(int)
    part = image[y0:y1, x0:x1].astype(np.float32)
    mask = _streak(part.shape[:2], spots - [x0, y0], breadth, scar.ripple)
    out = image.copy()
    out[y0:y1, x0:x1] = np.clip(part + mask[..., None] * scar.tint * np.float32(strength) + 0.5, 0, 255)
    return out


def _curve(path: np.ndarray, bend: float) -> np.ndarray:
    """(40, 2) points along the path, bowed sideways."""
    t = np.linspace(0, len(path) - 1, 40)
    line = np.stack([np.interp(t, np.arange(len(path)), path[:, i]) for i in range(2)], axis=1)
    line[:, 0] += bend * np.sin(np.linspace(0, np.pi, 40))
    return line


def _streak(shape: tuple[int, int], spots: np.ndarray, breadth: float, ripple: np.ndarray) -> np.ndarray:
    """(h, w) float32 in 0..1: soft across, uneven along, fading at both ends."""
    canvas = np.full(shape, 255, np.uint8)
    cv2.polylines(canvas, [np.round(spots * 16).astype(np.int32)], False, 0, 1, cv2.LINE_8, 4)
    distance = cv2.distanceTransform(canvas, cv2.DIST_L2, 5)
    y = np.arange(shape[0], dtype=np.float32)[:, None]
    uneven = sum(np.sin(y / breadth * (0.2 + 0.15 * k) + ripple[k]) for k in range(3)) / 3
    mask = np.exp(-0.5 * (distance / breadth) ** 2) * (0.75 + 0.25 * uneven)
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(0.5, breadth / 3)))
