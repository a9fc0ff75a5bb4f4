"""The nose: its width and length in proportion, its tip and columella against the midline.

Sources: Farkas 1994 is Anthropometry of the Head and Face, 2nd edition; "Solution 1" is Offline AI solutions for
cosmetic facial analysis. What a cleft does to the nose stands in tasks.anthropometry.measures.cleft.
"""

import numpy as np

from tasks.anthropometry.frame import Half
from tasks.anthropometry.measures.eyes import intercanthal_distance, pupil_distance
from tasks.anthropometry.measures.face import face_height
from tasks.anthropometry.measures.geometry import distance, lean, middle, ratio
from tasks.anthropometry.measures.measure import DEGREES, INTEROCULAR, RATIO, TURNED, Measure


def nose_width(half: Half) -> np.ndarray:
    """The distance between the wings' widest points.

    Source: Farkas 1994, al-al.
    """
    return distance(half.own("alare"), half.other("alare"))


def nose_length(half: Half) -> np.ndarray:
    """The distance from nasion to subnasale.

    Source: Farkas 1994, n-sn.
    """
    return distance(half.middle("nasion"), half.middle("subnasale"))


def nose_width_to_length(half: Half) -> np.ndarray:
    """Nose width over nose length.

    Source: Farkas 1994, nasal index.
    """
    return ratio(nose_width(half), nose_length(half))


def nose_width_to_intercanthal(half: Half) -> np.ndarray:
    """Nose width over the distance between the inner eye corners.

    Source: Solution 1, step 15: about 1.
    """
    return ratio(nose_width(half), intercanthal_distance(half))


def nose_width_to_pupil_distance(half: Half) -> np.ndarray:
    """Nose width over the distance between the pupils.

    Source: Solution 1, steps 15 and 19.
    """
    return ratio(nose_width(half), pupil_distance(half))


def nose_length_to_face_height(half: Half) -> np.ndarray:
    """Nose length over face height.

    Source: Solution 1, step 15; Farkas 1994, n-sn over n-gn.
    """
    return ratio(nose_length(half), face_height(half))


def nose_tip_deviation(half: Half) -> np.ndarray:
    """The distance of the nose's tip from the midline.

    Source: Solution 1, step 35.
    """
    return np.asarray(half.middle("pronasale")[..., 0])


def columellar_deviation(half: Half) -> np.ndarray:
    """The distance of the columella's base, half-way between its edges, from the midline.

    Source: Solution 1, step 15.
    """
    return np.asarray(middle(half.own("columella"), half.other("columella"))[..., 0])


def columellar_angle(half: Half) -> np.ndarray:
    """The angle between the midline and the line from the columella's base to the nose's tip.

    Source: Tse et al. (Lateral Deviation of Subnasale): r .72 with severity before repair; PMC5876085.
    """
    return lean(middle(half.own("columella"), half.other("columella")), half.middle("pronasale"))


_THIS = "nose"
NOSE = (
    Measure(nose_width, "nose width", INTEROCULAR, "wider nose", _THIS, "plain", ("alare",), suffers=("smile",)),
    Measure(nose_length, "nose length", INTEROCULAR, "longer nose", _THIS, "plain", ("nasion", "subnasale")),
    Measure(
        nose_width_to_length,
        "nose width to length",
        RATIO,
        "broader nose",
        _THIS,
        "plain",
        ("alare", "nasion", "subnasale"),
        suffers=("smile",),
    ),
    Measure(
        nose_width_to_intercanthal,
        "nose width to intercanthal distance",
        RATIO,
        "wider nose",
        _THIS,
        "plain",
        ("alare",),
        suffers=("smile",),
    ),
    Measure(
        nose_width_to_pupil_distance,
        "nose width to pupil distance",
        RATIO,
        "wider nose",
        _THIS,
        "plain",
        ("alare", "pupil"),
        suffers=("smile",),
    ),
    Measure(
        nose_length_to_face_height,
        "nose length to face height",
        RATIO,
        "longer nose",
        _THIS,
        "plain",
        ("nasion", "subnasale", "menton"),
        suffers=("opening",),
    ),
    Measure(
        nose_tip_deviation,
        "nose tip deviation",
        INTEROCULAR,
        "further from the midline",
        _THIS,
        "deviation",
        ("pronasale",),
        suffers=TURNED,
    ),
    Measure(
        columellar_deviation,
        "columellar deviation",
        INTEROCULAR,
        "further from the midline",
        _THIS,
        "deviation",
        ("columella",),
        suffers=TURNED,
    ),
    Measure(
        columellar_angle,
        "columellar angle",
        DEGREES,
        "tip leans further",
        _THIS,
        "deviation",
        ("columella", "pronasale"),
        suffers=TURNED,
    ),
)
