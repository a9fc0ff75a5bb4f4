"""The mouth: its width, the heights of its lips, its cant.

Sources: Farkas 1994 is Anthropometry of the Head and Face, 2nd edition; "Solution 1" is Offline AI solutions for
cosmetic facial analysis. What a cleft does to the lip stands in tasks.anthropometry.measures.cleft.
"""

import numpy as np

from tasks.anthropometry.frame import Half
from tasks.anthropometry.measures.face import face_width
from tasks.anthropometry.measures.geometry import distance, ratio, slope
from tasks.anthropometry.measures.measure import DEGREES, INTEROCULAR, RATIO, Measure
from tasks.anthropometry.measures.nose import nose_width


def mouth_width(half: Half) -> np.ndarray:
    """The distance between the corners of the mouth.

    Source: Farkas 1994, ch-ch.
    """
    return distance(half.own("cheilion"), half.other("cheilion"))


def mouth_width_to_nose_width(half: Half) -> np.ndarray:
    """Mouth width over nose width.

    Source: Solution 1, step 15.
    """
    return ratio(mouth_width(half), nose_width(half))


def mouth_width_to_face_width(half: Half) -> np.ndarray:
    """Mouth width over face width.

    Source: Solution 1, steps 14 and 15.
    """
    return ratio(mouth_width(half), face_width(half))


def upper_lip_height(half: Half) -> np.ndarray:
    """The distance from subnasale to stomion.

    Source: Farkas 1994, sn-sto.
    """
    return distance(half.middle("subnasale"), half.middle("stomion"))


def upper_vermilion_height(half: Half) -> np.ndarray:
    """The height of the upper lip's red in the middle: from the dip of cupid's bow to stomion.

    Source: Farkas 1994, ls-sto.
    """
    return distance(half.middle("labiale_superius"), half.middle("stomion"))


def lower_vermilion_height(half: Half) -> np.ndarray:
    """The height of the lower lip's red in the middle: from stomion to labiale inferius.

    Source: Farkas 1994, sto-li.
    """
    return distance(half.middle("stomion"), half.middle("labiale_inferius"))


def upper_to_lower_vermilion(half: Half) -> np.ndarray:
    """The height of the upper lip's red over that of the lower's, in the middle.

    Source: Farkas 1994, vermilion height index.
    """
    return ratio(upper_vermilion_height(half), lower_vermilion_height(half))


def upper_vermilion_to_mouth_width(half: Half) -> np.ndarray:
    """The height of the upper lip's red in the middle over mouth width.

    Source: Solution 1, step 22.
    """
    return ratio(upper_vermilion_height(half), mouth_width(half))


def mouth_cant(half: Half) -> np.ndarray:
    """The angle between the line through the corners of the mouth and the eyes' level; the side is the higher one.

    Source: Solution 1, step 13.
    """
    return slope(half.other("cheilion"), half.own("cheilion"))


_THIS = "mouth"
_RED = ("labiale_superius", "stomion", "labiale_inferius")
MOUTH = (
    Measure(
        mouth_width, "mouth width", INTEROCULAR, "wider mouth", _THIS, "plain", ("cheilion",), suffers=("yaw", "smile")
    ),
    Measure(
        mouth_width_to_nose_width,
        "mouth width to nose width",
        RATIO,
        "wider mouth",
        _THIS,
        "plain",
        ("cheilion", "alare"),
        suffers=("smile",),
    ),
    Measure(
        mouth_width_to_face_width,
        "mouth width to face width",
        RATIO,
        "wider mouth",
        _THIS,
        "plain",
        ("cheilion", "zygion"),
        suffers=("yaw", "smile"),
    ),
    Measure(
        upper_lip_height,
        "upper lip height",
        INTEROCULAR,
        "longer lip",
        _THIS,
        "plain",
        ("subnasale", "stomion"),
        suffers=("smile", "opening"),
    ),
    Measure(
        upper_vermilion_height,
        "upper vermilion height",
        INTEROCULAR,
        "fuller lip",
        _THIS,
        "plain",
        _RED[:2],
        suffers=("smile", "opening"),
    ),
    Measure(
        lower_vermilion_height,
        "lower vermilion height",
        INTEROCULAR,
        "fuller lip",
        _THIS,
        "plain",
        _RED[1:],
        suffers=("smile", "opening"),
    ),
    Measure(
        upper_to_lower_vermilion,
        "upper to lower vermilion height",
        RATIO,
        "fuller upper lip",
        _THIS,
        "plain",
        _RED,
        suffers=("smile", "opening"),
    ),
    Measure(
        upper_vermilion_to_mouth_width,
        "upper vermilion height to mouth width",
        RATIO,
        "fuller lip",
        _THIS,
        "plain",
        (*_RED[:2], "cheilion"),
        suffers=("smile", "opening"),
    ),
    Measure(mouth_cant, "mouth cant", DEGREES, "more tilted", _THIS, "deviation", ("cheilion",), suffers=("smile",)),
)
