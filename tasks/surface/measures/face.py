"""Measures of the whole face: heights, widths, depths, jaw and chin.

Source: Farkas 1994 is Anthropometry of the Head and Face, 2nd edition; "Solution 2" is Offline AI solutions for
cosmetic facial analysis.
"""

from tasks.surface.measures.geometry import angle_at, distance, from_line, tilt
from tasks.surface.measures.measure import DEGREES, MM, Head, Measure


def face_width(head: Head) -> float:
    """The distance between the widest points of the cheeks.

    Source: Farkas 1994, zy-zy; Solution 2, step 18.
    """
    return distance(head.own("zygion"), head.other("zygion"))


def jaw_width(head: Head) -> float:
    """The distance between the jaw's angles.

    Source: Farkas 1994, go-go.
    """
    return distance(head.own("gonion"), head.other("gonion"))


def face_height(head: Head) -> float:
    """The distance from nasion to menton.

    Source: Farkas 1994, n-gn.
    """
    return distance(head.at("nasion"), head.at("menton"))


def upper_face_height(head: Head) -> float:
    """The distance from nasion to stomion.

    Source: Farkas 1994, n-sto.
    """
    return distance(head.at("nasion"), head.at("stomion"))


def lower_face_height(head: Head) -> float:
    """The distance from subnasale to menton.

    Source: Farkas 1994, sn-gn.
    """
    return distance(head.at("subnasale"), head.at("menton"))


def chin_height(head: Head) -> float:
    """The distance from sublabiale to menton.

    Source: Farkas 1994, sl-gn.
    """
    return distance(head.at("sublabiale"), head.at("menton"))


def face_depth(head: Head) -> float:
    """The distance from tragion to subnasale.

    Source: Farkas 1994, t-sn.
    """
    return distance(head.own("tragion"), head.at("subnasale"))


def jaw_depth(head: Head) -> float:
    """The distance from tragion to menton.

    Source: Farkas 1994, t-gn.
    """
    return distance(head.own("tragion"), head.at("menton"))


def jaw_length(head: Head) -> float:
    """The distance from gonion to menton.

    Source: Farkas 1994, go-gn.
    """
    return distance(head.own("gonion"), head.at("menton"))


def facial_convexity(head: Head) -> float:
    """The angle from nasion over subnasale to pogonion.

    Source: Farkas 1994, n-sn-pg.
    """
    return angle_at(head.at("subnasale"), head.at("nasion"), head.at("pogonion"))


def mentolabial_angle(head: Head) -> float:
    """The angle of the fold between lower lip and chin.

    Source: Farkas 1994, li-sl-pg.
    """
    return angle_at(head.at("sublabiale"), head.at("labiale_inferius"), head.at("pogonion"))


def mentolabial_depth(head: Head) -> float:
    """How deep the fold between lower lip and chin lies behind the line from lip to chin.

    Source: Farkas 1994, sl behind li-pg.
    """
    return from_line(head.at("sublabiale"), head.at("labiale_inferius"), head.at("pogonion"))


def mandibular_plane(head: Head) -> float:
    """By how much the line from gonion forward to menton falls, mean of both sides, against the head's level.

    Source: Solution 2, step 18; go-me against the horizontal.
    """
    gonion = (head.own("gonion") + head.other("gonion")) / 2
    ahead = head.at("menton") - gonion
    return -tilt(float(ahead[2]), float(ahead[1]))


def chin_deviation(head: Head) -> float:
    """How far menton lies from the mid-plane, towards a side.

    Source: Solution 2, step 20.
    """
    return head.outward(head.at("menton"))


FACE = (
    Measure(face_width, "Face width", MM, "wider", "face", "plain", ("zygion",)),
    Measure(jaw_width, "Jaw width", MM, "wider", "face", "plain", ("gonion",)),
    Measure(face_height, "Face height", MM, "longer", "face", "plain", ("nasion", "menton")),
    Measure(upper_face_height, "Upper face height", MM, "longer", "face", "plain", ("nasion", "stomion")),
    Measure(lower_face_height, "Lower face height", MM, "longer", "face", "plain", ("subnasale", "menton")),
    Measure(chin_height, "Chin height", MM, "longer", "face", "plain", ("sublabiale", "menton")),
    Measure(face_depth, "Middle face depth", MM, "deeper on this side", "face", "paired", ("tragion", "subnasale")),
    Measure(jaw_depth, "Lower face depth", MM, "deeper on this side", "face", "paired", ("tragion", "menton")),
    Measure(jaw_length, "Jaw length", MM, "longer on this side", "face", "paired", ("gonion", "menton")),
    Measure(
        facial_convexity, "Facial convexity", DEGREES, "flatter", "face", "plain", ("nasion", "subnasale", "pogonion")
    ),
    Measure(
        mentolabial_angle,
        "Mentolabial angle",
        DEGREES,
        "flatter",
        "face",
        "plain",
        ("labiale_inferius", "sublabiale", "pogonion"),
    ),
    Measure(
        mentolabial_depth,
        "Mentolabial depth",
        MM,
        "deeper",
        "face",
        "plain",
        ("labiale_inferius", "sublabiale", "pogonion"),
    ),
    Measure(mandibular_plane, "Mandibular plane", DEGREES, "steeper", "face", "plain", ("gonion", "menton")),
    Measure(chin_deviation, "Chin off the midline", MM, "further to this side", "face", "deviation", ("menton",)),
)
