"""Points of lip and nose moved to where the pixels have them.

In: a photograph and the model's 478 points. Out: the named points, which of them were refined, and outlines. Models
draw lips towards symmetry: of a raised peak of cupid's bow they show a tenth. So the upper lip's border is followed on
the pixels (borders.py), and peaks and dip are its extremes. A point about which the pixels say nothing clear stays
where the model has it. No point leaves the neighbourhood that the settings allow.
"""

from typing import NamedTuple

import numpy as np

from tasks.anthropometry import mesh
from tasks.anthropometry.borders import Border, find_border
from tasks.anthropometry.levelled import UNIT, Levelled, levelled
from tasks.anthropometry.names import INDEX, OUTLINES
from tasks.params.anthropometry import AnthropometryPoints, Lips

HALF_BELIEVED = 0.5
NUMBERS = {outline.name: outline.number for outline in OUTLINES}
PEAKS = {"crista_philtri_right": 37, "crista_philtri_left": 267}
FINER = 8
"""Places a pixel at which a peak is looked for."""


class Refined(NamedTuple):
    """A face as one look at it has it; px of the photograph."""

    points: np.ndarray  # (45, 2) float
    refined: np.ndarray  # (45,) bool
    model: np.ndarray  # (45, 2) float: where the model alone has them
    outlines: dict[str, np.ndarray]  # the model's
    border: np.ndarray | None  # (33, 2) float: the upper vermilion border on the pixels; None: not clear


def refine(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    found: np.ndarray,  # (478, 2) float, px: the model's
    *,
    settings: AnthropometryPoints,
) -> Refined:
    """The points and outlines, refined where the pixels are clear."""
    model = mesh.named(found)
    points = model.copy()
    refined = np.zeros(len(points), bool)
    face = levelled(image, found)
    outlines = {
        "upper_vermilion": along(found[list(mesh.UPPER_BORDER)], NUMBERS["upper_vermilion"]),
        "lower_vermilion": along(found[list(mesh.LOWER_BORDER)], NUMBERS["lower_vermilion"]),
        "nose": along(found[list(mesh.NOSE)], NUMBERS["nose"]),
        "nostril_right": along(found[list(mesh.NOSTRIL_RIGHT)], NUMBERS["nostril_right"], closed=True),
        "nostril_left": along(found[list(mesh.NOSTRIL_LEFT)], NUMBERS["nostril_left"], closed=True),
    }
    border, line = find_border(face, settings=settings.lips), None
    if border.separation >= settings.lips.min_separation:
        height = believed(border, settings.lips)
        line = along(face.in_image(_with_corners(face, border, height)), NUMBERS["upper_vermilion"])
        for name, place in _bow(face, border, height, settings.lips).items():
            points[INDEX[name]] = face.in_image(place[None])[0]
            refined[INDEX[name]] = True
    return Refined(points, refined, model, outlines, line)


def believed(border: Border, settings: Lips) -> np.ndarray:
    """Heights of the border, (n,) px: small moves from the model's line by half, which errs as much; large in full."""
    move, noise = border.y - border.model, settings.noise * UNIT
    share = (HALF_BELIEVED * noise**2 + move**2) / (noise**2 + move**2)
    return np.asarray(border.model + share * move)


def _with_corners(face: Levelled, border: Border, height: np.ndarray) -> np.ndarray:
    """The border from corner to corner, (n + 2, 2) px of the levelled picture."""
    right, left = face.found[list(mesh.UPPER_BORDER)][[0, -1]]
    return np.concatenate([right[None], np.column_stack([border.x, height]), left[None]])


def _bow(face: Levelled, border: Border, height: np.ndarray, settings: Lips) -> dict[str, np.ndarray]:
    """The two peaks of cupid's bow and the dip between them, (2,) px of the levelled picture each."""
    peaks = {name: _extreme(border.x, height, face.found[number, 0], -1, settings) for name, number in PEAKS.items()}
    low, high = sorted(float(place[0]) for place in peaks.values())
    dip = _extreme(border.x, height, float(np.clip(face.found[0, 0], low, high)), 1, settings, low=low, high=high)
    return peaks | {"labiale_superius": dip}


def _extreme(
    x: np.ndarray,
    height: np.ndarray,
    start: float,
    sign: int,  # 1 lowest, -1 highest
    settings: Lips,
    *,
    low: float = -np.inf,
    high: float = np.inf,
) -> np.ndarray:
    """The border's extreme point near `start`, (2,): height counts against distance from there."""
    reach = settings.peak_reach * UNIT
    steps = np.arange(-round(reach * FINER), round(reach * FINER) + 1) / FINER
    places = np.clip(start + steps, max(low, x[0]), min(high, x[-1]))
    heights = np.interp(places, x, height)
    best = int(np.argmax(sign * heights - settings.peak_pull * (places - start) ** 2))
    return np.array([places[best], heights[best]])


def along(
    line: np.ndarray,  # (n, 2)
    number: int,
    *,
    closed: bool = False,
) -> np.ndarray:
    """`number` points evenly spaced along the line, (number, 2); a closed one begins and ends at its first point."""
    if closed:
        line = np.concatenate([line, line[:1]])
    steps = np.hypot(*np.diff(line, axis=0).T)
    far = np.concatenate([[0], np.cumsum(steps)])
    at = np.linspace(0, far[-1], number)
    return np.column_stack([np.interp(at, far, line[:, axis]) for axis in (0, 1)])
