"""The line drawing under the paint: a face's outlines, and everything the painters share.

In: Identity, Expression, Cleft and a canvas. Out: a `Sketch`. The painters (relief, skin, mouth, eyes, hair) read it
and never change it. Knows nothing of colours on the picture.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from tasks.phantoms.canvas import Canvas, spline
from tasks.phantoms.identity import Identity
from tasks.phantoms.palette import Colours, colours
from tasks.phantoms.shape import Cleft, Expression, landmarks

HEAD_TOP = -1.2
SIDES = (-1, 1)  # image left, image right
NARROWEST_GAP, GAP_WIDENING = 0.085, 0.08  # width of an unrepaired cleft at the mouth: at severity 0, and added up to 1
GAP_TAPER = 0.55  # of that width at its upper end
BILATERAL_WIDTH = 0.8  # of a one-sided gap's width
GAP_BESIDE_SILL = 0.02  # outward from the nostril's sill


class Texture(IntEnum):
    """One stream of random numbers each, so that no layer shifts another's grain from frame to frame."""

    RELIEF_COARSE = 1
    RELIEF_FINE = 2
    SKIN_COARSE = 3
    SKIN_FINE = 4
    FRECKLES = 5
    HAIR_GRAIN = 6
    HAIR_EDGE = 7
    STRANDS_FINE = 20
    STRANDS_COARSE = 21
    BROW_LEFT = 22
    BROW_RIGHT = 23
    CURLS_FINE = 24
    CURLS_COARSE = 25
    CAMERA = 99


@dataclass(frozen=True)
class Gap:
    """An unrepaired cleft: its middle line from the mouth upward, and how wide it is along it, face units."""

    direction: int  # +1 on the image's right
    middle: np.ndarray  # (N, 2)
    widths: np.ndarray  # (N,)


@dataclass(frozen=True)
class Outlines:
    """Curves and closed outlines in face units, (N, 2) each."""

    head: np.ndarray
    upper_border: np.ndarray  # outer contour of the upper lip, image left to right
    inner_upper: np.ndarray
    upper_lip: np.ndarray
    lower_lip: np.ndarray
    mouth_hole: np.ndarray
    scars: tuple[np.ndarray, ...]  # one a side of a repaired cleft
    gaps: tuple[Gap, ...]  # one a side of an unrepaired one


@dataclass(frozen=True)
class Sketch:
    """One moment of one person, in lines."""

    person: Identity
    cleft: Cleft
    points: np.ndarray  # (68, 2) face units, with the cleft
    uncleft: np.ndarray  # (68, 2) the same face without it
    outlines: Outlines
    colours: Colours
    canvas: Canvas

    def stream(self, texture: Texture) -> np.random.Generator:
        """The person's own stream for this texture, the same in every frame."""
        return np.random.default_rng([self.person.seed, int(texture)])

    @property
    def gap(self) -> float:
        """Opening between the lips at the middle, face units."""
        return float(self.points[66, 1] - self.points[62, 1])

    @property
    def mouth_centre(self) -> float:
        """x of the mouth's middle, face units."""
        return float((self.points[51, 0] + self.points[57, 0]) / 2)

    def flattened(self, side: int) -> float:
        """How flat an unrepaired cleft leaves the nose on image side -1 or 1: 0 not at all .. 1."""
        return 0.0 if self.cleft.repaired or side not in self.cleft.directions else self.cleft.severity

    def eye_centre(self, side: int) -> float:
        """x of the eye socket on image side -1 or 1."""
        return side * (0.355 + self.person.eyes.apart)


def sketch(person: Identity, expression: Expression, cleft: Cleft, canvas: Canvas) -> Sketch:
    """Draw the lines of one moment."""
    points, uncleft = landmarks(person, expression, cleft)
    outlines = _outlines(points, person.head.width, cleft)
    return Sketch(person, cleft, points, uncleft, outlines, colours(person), canvas)


def _outlines(points: np.ndarray, width: float, cleft: Cleft) -> Outlines:
    upper_border, lower_border = spline(points[48:55]), spline(points[[54, 55, 56, 57, 58, 59, 48]])
    inner_upper, inner_lower = spline(points[60:65]), _inner_lower(points)
    return Outlines(
        head=spline(np.vstack([points[0:17], _forehead(width)]), closed=True),
        upper_border=upper_border,
        inner_upper=inner_upper,
        upper_lip=np.vstack([upper_border, inner_upper[::-1]]),
        lower_lip=np.vstack([lower_border, inner_lower[::-1]]),
        mouth_hole=np.vstack([inner_upper, inner_lower]),
        scars=tuple(_scar(points, side) for side in cleft.directions if cleft.repaired and cleft.severity > 0),
        gaps=tuple(_gap(points, side, cleft) for side in cleft.directions if not cleft.repaired and cleft.severity > 0),
    )


def _forehead(width: float) -> np.ndarray:
    right = np.array([(0.83 * width, -0.22), (0.76 * width, -0.58), (0.55 * width, -0.95), (0.25, -1.15)])
    return np.vstack([right, [(0, HEAD_TOP)], right[::-1] * (-1, 1)])


def _inner_lower(points: np.ndarray) -> np.ndarray:
    """Inner border of the lower lip, right to left; rounder than its five points when the mouth is open."""
    sag = max(0.0, points[66, 1] - points[62, 1] - 0.03) * 0.16
    right = (points[64] + points[65]) / 2 + (0.5 * sag, sag)
    left = (points[60] + points[67]) / 2 + (-0.5 * sag, sag)
    return spline(np.vstack([points[64], right, points[65:68], left, points[60]]))


def _scar(points: np.ndarray, direction: int) -> np.ndarray:
    """From the displaced peak of the cupid's bow to the nostril sill."""
    peak, sill = (points[52], points[34]) if direction > 0 else (points[50], points[32])
    middle = (peak + sill) / 2 + (direction * 0.018, 0)
    return spline([peak + (0, 0.02), middle, sill + (direction * 0.01, 0.01)])


def _gap(points: np.ndarray, direction: int, cleft: Cleft) -> Gap:
    """From the mouth's opening toward the nostril: a notch in the vermilion at 0.3, into the nostril at 1."""
    inner, sill = (points[63], points[34]) if direction > 0 else (points[61], points[32])
    foot, nostril = inner + (direction * 0.012, 0.02), sill + (direction * GAP_BESIDE_SILL, 0)
    middle = spline([foot, foot + (nostril - foot) * 0.5 * cleft.severity, foot + (nostril - foot) * cleft.severity])
    wide = (NARROWEST_GAP + GAP_WIDENING * cleft.severity) * (BILATERAL_WIDTH if cleft.side == "both" else 1)
    along = np.linspace(0, 1, len(middle))
    return Gap(direction, middle, wide * (1 + (GAP_TAPER - 1) * along) * np.sqrt(1 - 0.9 * along**4))  # a round end
