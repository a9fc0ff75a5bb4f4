"""Where the 68 points of a drawn face lie, for one person, expression and cleft.

In: Identity, Expression, Cleft. Out: (68, 2) points in face units: 1 = distance between the outer eye corners of the
template, origin midway between them, x to the image's right, y down. The half template was rounded from the mean
face of the 68-point predictor and then edited by hand. Knows nothing of pixels, colours or head pose.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tasks.base.points68 import MIRROR
from tasks.phantoms.identity import Asymmetry, Eyes, Head, Identity

Side = Literal["left", "right", "both"]
SIDES: tuple[Side, ...] = ("left", "right", "both")

# Image-left half of a closed neutral face; the other half is its mirror.
JAW = ((-0.82, 0.01), (-0.82, 0.23), (-0.79, 0.45), (-0.75, 0.66), (-0.66, 0.86), (-0.53, 1.03), (-0.37, 1.17),
       (-0.20, 1.28), (0.0, 1.315))  # fmt: skip
BROW = ((-0.665, -0.15), (-0.565, -0.24), (-0.42, -0.27), (-0.27, -0.245), (-0.13, -0.19))
EYE = ((-0.50, 0.0), (-0.41, -0.05), (-0.305, -0.05), (-0.21, 0.02), (-0.31, 0.04), (-0.415, 0.038))
NOSE = ((0.0, -0.02), (0.0, 0.12), (0.0, 0.26), (0.0, 0.405), (-0.167, 0.50), (-0.087, 0.53), (0.0, 0.555))
UPPER_LIP = ((-0.32, 0.765), (-0.20, 0.715), (-0.08, 0.69), (0.0, 0.708))  # 48..51
LOWER_LIP = ((-0.205, 0.853), (-0.095, 0.907), (0.0, 0.918))  # 59, 58, 57
INNER_LIPS = ((-0.27, 0.768), (-0.09, 0.762), (0.0, 0.766), (-0.09, 0.784), (0.0, 0.788))  # 60, 61, 62, 67, 66
MOUTH_LINE, NOSE_BASE, JAW_CORNER = 0.768, 0.555, 0.6  # heights in the template
EYE_CENTRE = (-0.355, 0.0)

IMAGE_LEFT = [*range(8), *range(17, 22), *range(36, 42), 31, 32, 48, 49, 50, 58, 59, 60, 61, 67]

JAW_DROP = 0.30  # fall of the lower lip at opening 1, face units
# Displacement at severity 1 of each point of the cleft side (image right), toward that side and down, before the gain.
CLEFT_GAIN = 1.4
CLEFT_SHIFTS: dict[int, tuple[float, float]] = {
    52: (0.012, -0.075), 53: (0.0, -0.022), 51: (0.018, -0.014), 50: (0.006, 0.004),  # cupid's bow
    62: (0.008, -0.008), 54: (-0.010, -0.018), 64: (-0.010, -0.018),  # inner lip, commissure
    35: (0.040, 0.034), 34: (0.028, 0.022),  # alar base
    33: (-0.016, 0.004), 32: (-0.012, 0.0), 31: (-0.008, 0.0), 30: (-0.022, 0.006), 29: (-0.010, 0.0),  # columella, tip
}  # fmt: skip
CLEFT_NOTCH = {63: -0.044}  # inner border; no deeper than a thin lip allows


@dataclass(frozen=True)
class Expression:
    """opening 0 closed .. 0.7 (beyond it dlib's points fail), widening -1..1, blink 0 open .. 1 shut."""

    opening: float
    widening: float
    blink: float


@dataclass(frozen=True)
class Cleft:
    """A cleft lip: severity 0 none .. 1, on the patient's own left, right or both sides; before repair it gapes."""

    severity: float
    side: Side
    repaired: bool = True

    @property
    def directions(self) -> tuple[int, ...]:
        """Each cleft side: +1 where it lies on the image's right (the patient's left), -1 on its left."""
        return {"left": (1,), "right": (-1,), "both": (-1, 1)}[self.side]


NEUTRAL = Expression(opening=0.0, widening=0.0, blink=0.0)
NO_CLEFT = Cleft(severity=0.0, side="left")


def landmarks(person: Identity, expression: Expression, cleft: Cleft) -> tuple[np.ndarray, np.ndarray]:
    """The 68 points with the cleft, and the same face's without it; both (68, 2) float64 in face units."""
    points = np.zeros((68, 2))
    points[0:9] = _jaw(person.head)
    points[17:22] = _brow(person.eyes)
    points[36:42] = _eye(person.eyes, expression.blink)
    points[27:34] = np.array(NOSE) * (person.nose.width, 1 + (person.nose.length - 1) * 0.8)
    _put_mouth(points, person, expression)
    _drop_jaw(points, expression.opening)
    points[MIRROR[IMAGE_LEFT]] = points[IMAGE_LEFT] * (-1, 1)
    _add_asymmetry(points, person.asymmetry)
    return _with_cleft(points, cleft, thin_lip=min(1.0, person.mouth.upper_lip)), points


def _jaw(head: Head) -> np.ndarray:
    jaw = np.array(JAW)
    along = np.linspace(0, 1, len(jaw))  # ear .. chin
    jaw[:, 0] *= head.width * (1 + (head.jaw - 1) * np.sin(np.pi * along * 0.9)) * (1 - head.taper * along)
    below = JAW_CORNER + (jaw[:, 1] - JAW_CORNER) * head.chin**1.3
    jaw[:, 1] = np.where(jaw[:, 1] > JAW_CORNER, below, jaw[:, 1])
    return jaw


def _brow(eyes: Eyes) -> np.ndarray:
    brow = np.array(BROW)
    arch = eyes.brow_arch * np.array([0.6, -0.3, -1, -0.3, 0.6])
    brow[:, 1] += eyes.brow_lift + arch + eyes.brow_tilt * np.linspace(-1, 1, len(brow))
    brow[:, 0] -= eyes.apart
    return brow


def _eye(eyes: Eyes, blink: float) -> np.ndarray:
    eye = (np.array(EYE) - EYE_CENTRE) * (eyes.width, eyes.height) + EYE_CENTRE
    eye[:, 0] -= eyes.apart
    eye[:, 1] += eyes.tilt * np.array([-1, -0.5, 0.5, 1, 0.5, -0.5])
    eye[[1, 2], 1] += (eye[[5, 4], 1] - eye[[1, 2], 1]) * 0.93 * blink
    return eye


def _put_mouth(points: np.ndarray, person: Identity, expression: Expression) -> None:
    mouth, wide = person.mouth, expression.widening
    opening = max(expression.opening, 0.0)
    drop = JAW_DROP * opening
    upper, lower, inner = (np.array(part) - (0, MOUTH_LINE) for part in (UPPER_LIP, LOWER_LIP, INNER_LIPS))
    upper[1:, 1] *= mouth.upper_lip
    upper[2:4, 1] += 0.010 * (mouth.cupids_bow - 1) * np.array([-1, 1])  # peak up, middle down
    lower[:, 1] *= mouth.lower_lip
    height = MOUTH_LINE + mouth.lower + 0.5 * (points[33, 1] - NOSE_BASE)
    width = mouth.width * (1 + 0.10 * wide) * (1 - 0.10 * opening)
    for part in (upper, lower, inner):
        part *= (width, 1)
        part += (0, height)
    corner = 0.38 * drop - 0.015 * wide
    upper[:, 1] += [corner, 0.08 * drop - 0.06 * drop, -0.06 * drop, -0.06 * drop]
    inner[:, 1] += [corner, -0.06 * drop, -0.06 * drop, 0.96 * drop, drop]
    lower[:, 1] += drop * np.array([0.84, 0.99, 1.0])
    points[48:52], points[[59, 58, 57]], points[[60, 61, 62, 67, 66]] = upper, lower, inner


def _drop_jaw(points: np.ndarray, opening: float) -> None:
    opening = max(opening, 0.0)
    points[5:9, 1] += JAW_DROP * opening * np.array([0.25, 0.55, 0.72, 0.78])
    points[3:6, 0] *= 1 - 0.03 * opening


def _add_asymmetry(points: np.ndarray, small: Asymmetry) -> None:
    points[17:27, 1] += small.brow * np.sign(points[17:27, 0])
    points[36:48, 1] += small.eye * np.sign(points[36:48, 0])
    points[27:36, 0] += small.nose * np.linspace(0, 1.5, 9)
    points[48:68, 0] += small.mouth_shift
    points[48:68, 1] += small.mouth_tilt * points[48:68, 0] / 0.3
    points[0:17, 0] += small.jaw


def _with_cleft(points: np.ndarray, cleft: Cleft, *, thin_lip: float) -> np.ndarray:
    moved = points.copy()
    shifts = CLEFT_SHIFTS | {point: (0.0, depth * thin_lip) for point, depth in CLEFT_NOTCH.items()}
    for direction in cleft.directions:
        for point, (toward, down) in shifts.items():
            index = point if direction > 0 else int(MIRROR[point])
            moved[index] += np.array([direction * toward, down]) * CLEFT_GAIN * cleft.severity
    return moved
