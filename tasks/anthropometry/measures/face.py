"""Proportions and sides of the whole face: heights, widths, jaw and chin.

Sources: Farkas 1994 is Anthropometry of the Head and Face, 2nd edition; "Solution 1" is Offline AI solutions for
cosmetic facial analysis. The upper third of a face needs the hairline, an outline that many photographs hide.
"""

import numpy as np

from tasks.anthropometry.frame import Half
from tasks.anthropometry.measures.geometry import angle_at, distance, ratio, rise
from tasks.anthropometry.measures.measure import DEGREES, INTEROCULAR, RATIO, TURNED, Measure


def face_height(half: Half) -> np.ndarray:
    """The distance from nasion to menton.

    Source: Farkas 1994, n-gn.
    """
    return distance(half.middle("nasion"), half.middle("menton"))


def face_width(half: Half) -> np.ndarray:
    """The distance between the widest points of the cheeks.

    Source: Farkas 1994, zy-zy.
    """
    return distance(half.own("zygion"), half.other("zygion"))


def face_width_to_height(half: Half) -> np.ndarray:
    """Face width over face height.

    Source: Solution 1, step 15; the inverse of Farkas' facial index.
    """
    return ratio(face_width(half), face_height(half))


def forehead_height(half: Half) -> np.ndarray:
    """The height from glabella to the hairline.

    Source: Farkas 1994, tr-g.
    """
    return rise(half.middle("glabella"), half.outline("hairline").mean(axis=-2))


def upper_to_middle_third(half: Half) -> np.ndarray:
    """The height from the hairline to glabella over that from glabella to subnasale.

    Source: Solution 1, step 14, rule of thirds.
    """
    return ratio(forehead_height(half), rise(half.middle("subnasale"), half.middle("glabella")))


def middle_to_lower_third(half: Half) -> np.ndarray:
    """The height from glabella to subnasale over that from subnasale to menton.

    Source: Solution 1, step 14, rule of thirds.
    """
    nose = half.middle("subnasale")
    return ratio(rise(nose, half.middle("glabella")), rise(half.middle("menton"), nose))


def nose_length_to_chin(half: Half) -> np.ndarray:
    """Nose length over the height from subnasale to menton.

    Source: Solution 1, step 14.
    """
    nose = half.middle("subnasale")
    return ratio(rise(nose, half.middle("nasion")), rise(half.middle("menton"), nose))


def outer_fifth_to_face_width(half: Half) -> np.ndarray:
    """The width from the outer eye corner to the cheek's outline, mean of both sides, over face width.

    Source: Farkas 1994, rule of fifths: a fifth is 0.2.
    """
    own = half.own("zygion")[..., 0] - half.own("exocanthion")[..., 0]
    other = half.other("exocanthion")[..., 0] - half.other("zygion")[..., 0]
    return np.asarray((own + other) / 2 / face_width(half))


def outer_fifth_ratio(half: Half) -> np.ndarray:
    """The width from the outer eye corner to the cheek's outline, of one side over the other.

    Source: Farkas 1994, rule of fifths.
    """
    return np.asarray(half.own("zygion")[..., 0] - half.own("exocanthion")[..., 0])


def jaw_to_face_width(half: Half) -> np.ndarray:
    """The distance between the jaw's angles over face width.

    Source: Farkas 1994, go-go over zy-zy; Solution 1, step 15.
    """
    return ratio(distance(half.own("gonion"), half.other("gonion")), face_width(half))


def jaw_angle(half: Half) -> np.ndarray:
    """The angle of the jaw between cheek and chin, mean of both sides.

    Source: Solution 1, step 35.
    """
    chin = half.middle("menton")
    own = angle_at(half.own("gonion"), half.own("zygion"), chin)
    return np.asarray((own + angle_at(half.other("gonion"), half.other("zygion"), chin)) / 2)


def jaw_angle_difference(half: Half) -> np.ndarray:
    """The difference of the jaw's angles between cheek and chin.

    Source: Solution 1, step 35.
    """
    return angle_at(half.own("gonion"), half.own("zygion"), half.middle("menton"))


def jaw_height_difference(half: Half) -> np.ndarray:
    """The difference in height of the jaw's angles.

    Source: Solution 1, step 33.
    """
    return np.asarray(half.own("gonion")[..., 1])


def chin_deviation(half: Half) -> np.ndarray:
    """The distance of menton from the midline.

    Source: Solution 1, step 15.
    """
    return np.asarray(half.middle("menton")[..., 0])


_THIS = "face"
FACE = (
    Measure(face_height, "face height", INTEROCULAR, "longer face", _THIS, "plain", ("nasion", "menton")),
    Measure(face_width, "face width", INTEROCULAR, "wider face", _THIS, "plain", ("zygion",), suffers=TURNED),
    Measure(
        face_width_to_height,
        "face width to height",
        RATIO,
        "broader face",
        _THIS,
        "plain",
        ("zygion", "nasion", "menton"),
        suffers=("yaw", "opening"),
    ),
    Measure(
        forehead_height,
        "forehead height",
        INTEROCULAR,
        "higher forehead",
        _THIS,
        "plain",
        ("glabella",),
        outlines=("hairline",),
    ),
    Measure(
        upper_to_middle_third,
        "upper to middle third",
        RATIO,
        "longer upper third",
        _THIS,
        "plain",
        ("glabella", "subnasale"),
        outlines=("hairline",),
    ),
    Measure(
        middle_to_lower_third,
        "middle to lower third",
        RATIO,
        "longer middle third",
        _THIS,
        "plain",
        ("glabella", "subnasale", "menton"),
        suffers=("opening",),
    ),
    Measure(
        nose_length_to_chin,
        "nose length to lower third",
        RATIO,
        "longer nose",
        _THIS,
        "plain",
        ("nasion", "subnasale", "menton"),
        suffers=("opening",),
    ),
    Measure(
        outer_fifth_to_face_width,
        "outer fifth to face width",
        RATIO,
        "eyes further in",
        _THIS,
        "plain",
        ("zygion",),
        suffers=TURNED,
    ),
    Measure(
        outer_fifth_ratio, "outer fifth, side to side", RATIO, "more equal", _THIS, "ratio", ("zygion",), suffers=TURNED
    ),
    Measure(
        jaw_to_face_width,
        "jaw width to face width",
        RATIO,
        "broader jaw",
        _THIS,
        "plain",
        ("gonion", "zygion"),
        suffers=TURNED,
    ),
    Measure(
        jaw_angle,
        "jaw angle",
        DEGREES,
        "flatter jaw",
        _THIS,
        "plain",
        ("gonion", "zygion", "menton"),
        suffers=("yaw", "opening"),
    ),
    Measure(
        jaw_angle_difference,
        "jaw angle, difference",
        DEGREES,
        "less equal",
        _THIS,
        "difference",
        ("gonion", "zygion", "menton"),
        suffers=("yaw", "opening"),
    ),
    Measure(
        jaw_height_difference, "jaw height, difference", INTEROCULAR, "less equal", _THIS, "difference", ("gonion",)
    ),
    Measure(
        chin_deviation,
        "chin deviation",
        INTEROCULAR,
        "further from the midline",
        _THIS,
        "deviation",
        ("menton",),
        suffers=TURNED,
    ),
)
