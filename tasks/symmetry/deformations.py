"""What is done to one side of a mouth, as displacements of landmarks in mouth widths.

In: the name of a deformation, the side and a random generator. Out: which points move where. `clp` is the
published one (a repaired unilateral cleft: the cupid's bow peak of the cleft side drawn up, the bow drawn
over to it, the inner lip and the alar base following by parameter); the others are beyond the paper, so
that the network measures asymmetry and not one way of making it.
Knows nothing of pictures; tasks/symmetry/warp.py carries the displacements into one.

Directions: x outwards on the deformed side (away from the midline), y down. Full strength is 1; the caller
scales it. Point numbers below are those of the PATIENT's left side (the picture's right).
"""

from dataclasses import dataclass

import numpy as np

from tasks.base.points68 import MIRROR

Moves = dict[int, tuple[float, float]]

PEAK: Moves = {52: (0, -1), 53: (0, -0.35), 51: (0, -0.15), 63: (0, -0.35), 62: (0, -0.05)}
COMMISSURE: Moves = {54: (0, -1.5), 64: (0, -1.5), 53: (0, -0.8), 55: (0, -0.8), 63: (0, -0.5), 65: (0, -0.5)}
LOWER_LIP: Moves = {56: (0, 1), 55: (0, 0.5), 57: (0, 0.3), 65: (0, 0.4), 66: (0, 0.1)}
ALAR_BASE: Moves = {35: (1.2, 1.2), 34: (0.8, 0.8), 33: (0.2, 0.2)}
INNER_LIP: Moves = {63: (0, -1), 62: (0, -0.3), 64: (0, -0.1), 52: (0, -0.15)}
CORNER_OUT: Moves = {54: (1.2, 0), 64: (1.1, 0), 53: (0.6, 0), 55: (0.6, 0), 63: (0.3, 0), 65: (0.3, 0)}
BROAD: Moves = {
    51: (0, -0.25), 52: (0, -0.65), 53: (0, -1), 54: (0, -0.85), 55: (0, -0.5), 56: (0, -0.3), 35: (0, -0.3),
    62: (0, -0.2), 63: (0, -0.7), 64: (0, -0.85), 65: (0, -0.5), 50: (0, -0.05),
}  # fmt: skip
BOW_ASIDE: Moves = {
    50: (0.8, 0), 51: (0.9, 0), 52: (0.9, 0), 49: (0.2, 0), 53: (0.4, 0), 61: (0.5, 0), 62: (0.6, 0), 63: (0.7, 0),
    33: (0.3, 0),
}  # fmt: skip
LATERAL: Moves = {52: (1.5, 0), 51: (1.5, 0), 50: (0.8, 0), 53: (0.8, 0), 63: (1.0, 0), 62: (1.0, 0)}

GEOMETRIC: dict[str, Moves] = {
    "peak_up": PEAK,
    "peak_down": {i: (x, -y) for i, (x, y) in PEAK.items()},
    "commissure": COMMISSURE,
    "lower_lip": LOWER_LIP,
    "alar_base": ALAR_BASE,
    "inner_lip": INNER_LIP,
    "lateral": LATERAL,
    "corner_out": CORNER_OUT,
    "broad": BROAD,
    "bow_aside": BOW_ASIDE,
}
"""Deformations that move landmarks. `clp` (with parameters), `local` and `scar` are made below and in warp.py."""

TURNED = {"commissure", "lower_lip", "alar_base", "inner_lip", "lateral", "corner_out", "broad", "bow_aside"}
"""These go either way: half of them are drawn with the direction reversed."""


@dataclass(frozen=True)
class Strengths:
    """How far the points beside the peak follow in `clp`, as shares of its rise."""

    inner_lip: float
    alar: float


def clp(strengths: Strengths) -> Moves:
    """A repaired unilateral cleft: short lip on one side, bow drawn over, inner lip and ala by `strengths`."""
    inner, alar = strengths.inner_lip, strengths.alar
    return {
        52: (0.15, -1.0),
        53: (0.0, -0.35),
        51: (0.2, -0.2),
        50: (0.08, 0.0),
        63: (0.0, -0.6 * inner),
        62: (0.1, -0.15 * inner),
        35: (0.5 * alar, 0.4 * alar),
        34: (0.35 * alar, 0.3 * alar),
        33: (0.2 * alar, 0.05 * alar),
    }


def offsets(kind: str, strengths: Strengths, rng: np.random.Generator, *, jitter: float) -> np.ndarray:
    """(68, 2) displacements on the patient's left at full strength 1, in the level frame: x to the picture's right.

    Every moved point's displacement is stretched by up to +-`jitter` and turned by up to `jitter` radians,
    so that no two faces are deformed alike. KeyError for an unknown kind.
    """
    moves = clp(strengths) if kind == "clp" else GEOMETRIC[kind]
    turned = -1.0 if kind in TURNED and rng.random() < 0.5 else 1.0
    out = np.zeros((68, 2))
    for i, (x, y) in moves.items():
        stretch, angle = 1 + rng.uniform(-jitter, jitter), rng.uniform(-jitter, jitter)
        cos, sin = np.cos(angle), np.sin(angle)
        out[i] = turned * stretch * np.array([cos * x - sin * y, sin * x + cos * y])
    return out


def mirrored(
    displacement: np.ndarray,  # (68, 2) in the level frame
) -> np.ndarray:
    """The same on the other side of the face."""
    return np.asarray(displacement[MIRROR] * [-1, 1])


def both_sides(
    displacement: np.ndarray,  # (68, 2) one-sided, in the level frame
) -> np.ndarray:
    """Both sides alike: the sum of the displacement and its mirror image, the mean on the midline's points."""
    total = displacement + mirrored(displacement)
    total[np.arange(68) == MIRROR] /= 2
    return np.asarray(total)


LEFT_POINTS = (52, 53, 54, 55, 56, 63, 64, 65, 34, 35)
MIDDLE_POINTS = (51, 57, 62, 66, 33)


def exemplar_offsets(
    points: np.ndarray,  # (68, 2) landmarks in the level frame, mouth widths
) -> np.ndarray:
    """One-sided displacements, on the patient's left, that a patient's landmarks differ by from their own mirror image.

    The side with the higher cupid's bow peak counts as the cleft side. Only nasolabial points move; the
    middle ones by half.
    """
    if points[50, 1] < points[52, 1]:
        points = mirrored(points)
    difference = points - mirrored(points)
    out = np.zeros((68, 2))
    out[list(LEFT_POINTS)] = difference[list(LEFT_POINTS)]
    out[list(MIDDLE_POINTS)] = difference[list(MIDDLE_POINTS)] / 2
    return out
