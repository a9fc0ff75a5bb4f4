"""Symmetry by reflection: how far each point lies from where its partner's mirror image puts it.

Out: per cent, 100 where every point lies on its partner's mirror image, less by the root mean square distance in
interocular units. A point of the midline is its own partner: off the midline by d, it is off by 2 d. Points that many
photographs do not show (nostrils, philtral columns, the columella's edges) take no part, so that all faces are measured
by the same points. Source: Solution 1, step 13 (Offline AI solutions for cosmetic facial analysis).
"""

import numpy as np

from tasks.anthropometry.frame import Half
from tasks.anthropometry.measures.measure import MOVED, PERCENT, TURNED, Measure
from tasks.anthropometry.names import PAIRED

_BROWS = ("superciliare",)
_EYES = ("exocanthion", "endocanthion", "palpebrale_superius", "palpebrale_inferius", "pupil")
_NOSE = ("pronasale", "subnasale", "alare", "alar_base")
_MOUTH = ("labiale_superius", "stomion", "labiale_inferius", "crista_philtri", "cheilion")
_JAW = ("menton", "zygion", "gonion")
_ALL = (*_BROWS, *_EYES, *_NOSE, *_MOUTH, *_JAW)


def face_symmetry(half: Half) -> np.ndarray:
    """The agreement of all points of the face with their partners' mirror images.

    Source: Solution 1, step 13.
    """
    return _agreement(half, _ALL)


def brow_symmetry(half: Half) -> np.ndarray:
    """The agreement of the brows' points with their partners' mirror images.

    Source: Solution 1, step 13.
    """
    return _agreement(half, _BROWS)


def eye_symmetry(half: Half) -> np.ndarray:
    """The agreement of the eyes' points with their partners' mirror images.

    Source: Solution 1, steps 13 and 18.
    """
    return _agreement(half, _EYES)


def nose_symmetry(half: Half) -> np.ndarray:
    """The agreement of the nose's points with their partners' mirror images.

    Source: Solution 1, step 13.
    """
    return _agreement(half, _NOSE)


def mouth_symmetry(half: Half) -> np.ndarray:
    """The agreement of the mouth's points with their partners' mirror images.

    Source: Solution 1, step 13.
    """
    return _agreement(half, _MOUTH)


def jaw_symmetry(half: Half) -> np.ndarray:
    """The agreement of the points of cheeks, jaw and chin with their partners' mirror images.

    Source: Solution 1, steps 13 and 18.
    """
    return _agreement(half, _JAW)


def _agreement(half: Half, names: tuple[str, ...]) -> np.ndarray:
    squares = [_apart(half, name) for name in names]
    return np.asarray(100 * (1 - np.sqrt(np.mean(squares, axis=0))))


def _apart(half: Half, name: str) -> np.ndarray:
    """The squared distance between a point and its partner's mirror image."""
    if name not in PAIRED:
        return np.asarray((2 * half.middle(name)[..., 0]) ** 2)
    gap = half.own(name) - half.other(name) * (-1.0, 1.0)
    return np.asarray((gap**2).sum(axis=-1))


_MORE, _THIS = "more symmetric", "symmetry"
SYMMETRY = (
    Measure(face_symmetry, "symmetry of the face", PERCENT, _MORE, _THIS, "plain", _ALL, suffers=MOVED),
    Measure(brow_symmetry, "symmetry of the brows", PERCENT, _MORE, _THIS, "plain", _BROWS, suffers=TURNED),
    Measure(eye_symmetry, "symmetry of the eyes", PERCENT, _MORE, _THIS, "plain", _EYES, suffers=TURNED),
    Measure(nose_symmetry, "symmetry of the nose", PERCENT, _MORE, _THIS, "plain", _NOSE, suffers=MOVED),
    Measure(mouth_symmetry, "symmetry of the mouth", PERCENT, _MORE, _THIS, "plain", _MOUTH, suffers=MOVED),
    Measure(jaw_symmetry, "symmetry of the jaw", PERCENT, _MORE, _THIS, "plain", _JAW, suffers=TURNED),
)
