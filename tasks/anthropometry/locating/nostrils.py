"""How far each nostril lies from where the model has it: the dark spot that its rim should surround.

In: mouth and nose in the levelled frame. Out: a move and a contrast a side. The model draws the nose's wings towards
symmetry, too, but a nostril is dark in nearly every frontal photograph, and the wing's base goes where it goes. A
filter that is dark within an ellipse and light around it finds the spot. Does not know which points follow.
"""

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from tasks.anthropometry.locating.levelled import UNIT, Levelled
from tasks.ingest.faces.mesh import NOSTRIL_LEFT, NOSTRIL_RIGHT
from tasks.params.anthropometry import Nostrils

SMOOTH = 1.0
"""Deviation of the blur before the filter, px."""
DARKEST = 10
"""Added to brightness, 0..255, before its logarithm: below it, dark is dark."""
EDGE = 8
"""How steep the ellipse's edge is."""


class Spot(NamedTuple):
    """A nostril's dark spot."""

    move: np.ndarray  # (2,) px of the levelled picture, from where the model's rim lets expect it
    contrast: float  # log brightness around it less that within


def find_spots(face: Levelled, settings: Nostrils) -> tuple[Spot, Spot]:
    """The patient's right nostril's spot and the left one's."""
    grey = cv2.GaussianBlur(cv2.cvtColor(face.picture, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), SMOOTH)
    kernel = _filter(settings.half_width * UNIT, settings.half_height * UNIT, settings.surround)
    contrast = cv2.filter2D(np.log(grey + DARKEST), -1, kernel, borderType=cv2.BORDER_REPLICATE)
    return (
        _spot(contrast, face.found[list(NOSTRIL_RIGHT)].mean(axis=0), -1, settings),
        _spot(contrast, face.found[list(NOSTRIL_LEFT)].mean(axis=0), 1, settings),
    )


@cache
def _filter(half_width: float, half_height: float, surround: float) -> np.ndarray:
    """Mean around the ellipse less mean within it."""
    reach = int(np.ceil(half_width * surround)) + 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    far = np.hypot(x / half_width, y / half_height)
    within, wider = (1 / (1 + np.exp((far - limit) * EDGE)) for limit in (1, surround))
    around = wider - within
    return np.asarray(around / around.sum() - within / within.sum(), np.float32)


def _spot(contrast: np.ndarray, middle: np.ndarray, outward: int, settings: Nostrils) -> Spot:
    """The best place within reach; `outward` is +1 where x grows away from the nose."""
    reach = round(settings.reach * UNIT)
    steps = np.arange(-reach, reach + 1)
    x, y = np.meshgrid(steps, steps)
    there = (x + middle[0]).astype(np.float32), (y + middle[1]).astype(np.float32)
    values = cv2.remap(contrast, *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    away = x**2 + y**2
    peaks = values >= cv2.dilate(values, np.ones((3, 3), np.uint8))  # the flank of an open cleft's gap is none
    allowed = peaks & (away < reach**2) & (y < settings.reach_down * UNIT)
    if not allowed.any():
        return Spot(np.zeros(2), 0.0)
    scores = values - settings.pull * away / UNIT**2
    scores[~allowed] = -np.inf
    row, column = np.unravel_index(int(scores.argmax()), scores.shape)
    move = np.array([x[row, column] + _finer(values[row], column), y[row, column] + _finer(values[:, column], row)])
    expected = np.array([outward * settings.usual_outward, settings.usual_down]) * UNIT
    return Spot(move - expected, float(values[row, column]))


def _finer(values: np.ndarray, place: np.intp) -> float:
    """How far beside the best whole pixel the parabola through it and its neighbours has its top."""
    before, here, after = values[place - 1 : place + 2]
    bend = before - 2 * here + after
    return float(np.clip((before - after) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0
