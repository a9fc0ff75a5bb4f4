"""Outlines of lip, nose and nostrils: how much one side and the other's mirror image leave uncovered of each other.

Sources: SymNose (Pigott and Pigott 2010); PMC6604244 has its values for children of five without a cleft: lip 2.1 to
15.4, nose 2.7 to 30.9, nostrils 4.7 to 26.6 per cent. Here the mirror is the face's midline
(tasks.anthropometry.frame), and the share is of what both cover together.
"""

import numpy as np

from tasks.anthropometry.frame import Half
from tasks.anthropometry.measures import geometry
from tasks.anthropometry.measures.measure import MOVED, PERCENT, RATIO, Measure

EVERYWHERE = -1e3
"""So far on the other side of the midline that nothing lies beyond it."""


def lip_mismatch(half: Half) -> np.ndarray:
    """The share of both halves of the lips, one laid over the mirrored other, that only one covers.

    Source: SymNose, upper and lower lip together.
    """
    return _against_mirror(_lips(half))


def nose_mismatch(half: Half) -> np.ndarray:
    """The share of both halves of the nose, one laid over the mirrored other, that only one covers.

    The outline is closed by a straight line between the wings' tops.

    Source: SymNose.
    """
    return _against_mirror(half.outline("nose"))


def nostril_mismatch(half: Half) -> np.ndarray:
    """The share of both nostrils, one laid over the mirrored other, that only one covers.

    They are laid over each other sideways, whatever their distance from the midline: how far the nose stands off it is
    another measure (columellar deviation). How much higher one is counts.

    Source: SymNose.
    """
    there = (half.frame.right if half.side == "left" else half.frame.left).own_outline("nostril")
    return np.asarray(
        100 * geometry.mismatch(_centred(half.own_outline("nostril")), _centred(there), beyond=EVERYWHERE)
    )


def _centred(outline: np.ndarray) -> np.ndarray:
    """The outline moved sideways, the middle of its points to 0."""
    return np.asarray(outline - outline.mean(axis=-2, keepdims=True) * (1.0, 0.0))


def vermilion_area_ratio(half: Half) -> np.ndarray:
    """The area of the lips between their outer borders, of one side of the midline over the other.

    Source: SymNose' outlines, by area.
    """
    return geometry.area(_lips(half), beyond=0.0)


def nostril_area_ratio(half: Half) -> np.ndarray:
    """The area of the nostril, of one side over the other.

    Source: SymNose' outlines, by area.
    """
    return geometry.area(half.own_outline("nostril"), beyond=EVERYWHERE)


def _lips(half: Half) -> np.ndarray:  # (..., n, 2) closed
    upper, lower = half.outline("upper_vermilion"), half.outline("lower_vermilion")
    return np.concatenate([upper, lower[..., ::-1, :]], axis=-2)


def _against_mirror(outline: np.ndarray) -> np.ndarray:
    """Per cent of mismatch between the part on this side and the mirrored part on the other."""
    return np.asarray(100 * geometry.mismatch(outline, outline * (-1.0, 1.0), beyond=0.0))


_THIS = "outlines"
_LIPS, _NOSTRILS = ("upper_vermilion", "lower_vermilion"), ("nostril_right", "nostril_left")
OUTLINED = (
    Measure(lip_mismatch, "lip, mismatch", PERCENT, "less equal", _THIS, "plain", outlines=_LIPS, suffers=MOVED),
    Measure(nose_mismatch, "nose, mismatch", PERCENT, "less equal", _THIS, "plain", outlines=("nose",), suffers=MOVED),
    Measure(
        nostril_mismatch,
        "nostrils, mismatch",
        PERCENT,
        "less equal",
        _THIS,
        "plain",
        outlines=_NOSTRILS,
        suffers=MOVED,
    ),
    Measure(
        vermilion_area_ratio,
        "vermilion area, side to side",
        RATIO,
        "more equal",
        _THIS,
        "ratio",
        outlines=_LIPS,
        suffers=MOVED,
    ),
    Measure(
        nostril_area_ratio,
        "nostril area, side to side",
        RATIO,
        "more equal",
        _THIS,
        "ratio",
        outlines=_NOSTRILS,
        suffers=MOVED,
    ),
)
