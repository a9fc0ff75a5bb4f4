"""Heads drawn in profile, with known points: the outline is drawn through them, each a corner or a bend of it."""

from functools import cache

import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator

UNIT = 120.0
"""Pixels from nasion to subnasale, in a picture of SIZE."""
SIZE = (1000, 900)
SKIN, WALL = (198, 152, 130), (120, 140, 160)

SHAPE: dict[str, tuple[float, float]] = {  # backwards, downwards, nose heights from the nasion
    "crown": (1.3, -2.3),
    "hairline": (0.12, -1.25),
    "glabella": (-0.10, -0.34),
    "nasion": (0.0, 0.0),
    "rhinion": (-0.22, 0.42),
    "pronasale": (-0.47, 0.80),
    "columella": (-0.30, 0.93),
    "subnasale": (-0.14, 0.99),
    "labiale_superius": (-0.24, 1.28),
    "stomion": (-0.13, 1.40),
    "labiale_inferius": (-0.21, 1.56),
    "sublabiale": (-0.09, 1.76),
    "pogonion": (-0.16, 2.02),
    "menton": (0.04, 2.30),
    "cervicale": (0.86, 2.42),
    "neck": (1.0, 2.9),
    "chest": (1.05, 4.2),
}
KNOWN = tuple(name for name in SHAPE if name not in ("crown", "hairline", "rhinion", "columella", "neck", "chest"))


def moved(**to: tuple[float, float]) -> dict[str, tuple[float, float]]:
    """The shape with points moved by so much, backwards and downwards."""
    return SHAPE | {name: (SHAPE[name][0] + x, SHAPE[name][1] + y) for name, (x, y) in to.items()}


def places(shape: dict[str, tuple[float, float]] = SHAPE, *, turned: float = 0.0) -> dict[str, np.ndarray]:
    """The points in the picture's pixels; `turned`: degrees, clockwise about the middle."""
    angle = np.radians(turned)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array(SIZE[::-1]) / 2
    return {name: turn @ (np.array(at) * UNIT + [330, 380] - middle) + middle for name, at in shape.items()}


@cache
def _ground(noise: float) -> np.ndarray:
    light = np.linspace(0.9, 1.1, SIZE[1])[None, :, None]
    random = np.random.default_rng(5).normal(0, noise, (*SIZE, 3))
    return np.asarray(np.array(WALL) * light + random)


def head(shape: dict[str, tuple[float, float]] | None = None, *, turned: float = 0.0, noise: float = 1.5) -> np.ndarray:
    """A head that looks to the left before an evenly lit wall, (H, W, 3) uint8 RGB."""
    found = np.array(list(places(shape or SHAPE, turned=turned).values()))
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(found, axis=0).T))])
    at = np.linspace(0, along[-1], 3000)
    front = np.column_stack([PchipInterpolator(along, found[:, axis])(at) for axis in (0, 1)])
    back = places({"b": (3.0, -1.9), "c": (3.9, 0.0), "d": (2.9, 1.9), "e": (3.4, 4.2)}, turned=turned)
    outline = np.concatenate([front, np.array(list(back.values()))[::-1]])
    mask = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(mask, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    share = cv2.GaussianBlur(mask, (0, 0), 0.7)[..., None] / 255
    return np.clip(np.array(SKIN) * share + _ground(noise) * (1 - share), 0, 255).astype(np.uint8)
