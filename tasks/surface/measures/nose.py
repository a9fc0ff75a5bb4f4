"""Measures of the nose, and of what a cleft does to it.

Source: Farkas 1994 is Anthropometry of the Head and Face, 2nd edition; "Solution 2" is Offline AI solutions for
cosmetic facial analysis.
"""

from tasks.surface.measures.geometry import angle_at, distance, tilt
from tasks.surface.measures.measure import DEGREES, MM, Head, Measure


def nose_height(head: Head) -> float:
    """The distance from nasion to subnasale.

    Source: Farkas 1994, n-sn.
    """
    return distance(head.at("nasion"), head.at("subnasale"))


def nose_length(head: Head) -> float:
    """The distance from nasion to pronasale.

    Source: Farkas 1994, n-prn.
    """
    return distance(head.at("nasion"), head.at("pronasale"))


def nose_width(head: Head) -> float:
    """The distance between the widest points of the wings.

    Source: Farkas 1994, al-al.
    """
    return distance(head.own("alare"), head.other("alare"))


def nose_protrusion(head: Head) -> float:
    """The distance from subnasale to pronasale.

    Source: Farkas 1994, sn-prn.
    """
    return distance(head.at("subnasale"), head.at("pronasale"))


def alar_base_width(head: Head) -> float:
    """The distance between the wings' bases.

    Source: Farkas 1994, sbal-sbal.
    """
    return distance(head.own("alar_base"), head.other("alar_base"))


def ala_length(head: Head) -> float:
    """The distance from alare to pronasale.

    Source: Farkas 1994, ac-prn, from the widest point.
    """
    return distance(head.own("alare"), head.at("pronasale"))


def nasofrontal_angle(head: Head) -> float:
    """The angle from glabella over nasion to the tip of the nose.

    Source: Farkas 1994, nasofrontal angle.
    """
    return angle_at(head.at("nasion"), head.at("glabella"), head.at("pronasale"))


def nasolabial_angle(head: Head) -> float:
    """The angle from the tip of the nose over subnasale to the upper lip.

    Source: Farkas 1994, nasolabial angle, with the tip for the columella.
    """
    return angle_at(head.at("subnasale"), head.at("pronasale"), head.at("labiale_superius"))


def nose_tip_angle(head: Head) -> float:
    """The angle at the tip of the nose between nasion and subnasale.

    Source: Farkas 1994, nasal tip angle.
    """
    return angle_at(head.at("pronasale"), head.at("nasion"), head.at("subnasale"))


def columellar_angle(head: Head) -> float:
    """By how much the line from subnasale to the tip leans from straight ahead, seen from below, towards a side.

    Source: Mercan et al. 2018, columellar angle.
    """
    ahead = head.at("pronasale") - head.at("subnasale")
    return tilt(float(ahead[2]), float(ahead[0]))


def subnasale_deviation(head: Head) -> float:
    """How far subnasale lies from the mid-plane, towards a side.

    Source: Mercan et al. 2018, lateral deviation of subnasale.
    """
    return head.outward(head.at("subnasale"))


def tip_deviation(head: Head) -> float:
    """How far the tip of the nose lies from the mid-plane, towards a side.

    Source: Farkas 1994, deviation of the nose.
    """
    return head.outward(head.at("pronasale"))


def alar_width(head: Head) -> float:
    """How far the wing's widest point lies from the mid-plane.

    Source: Farkas 1994, al against the midline.
    """
    return head.outward(head.own("alare"))


def alar_base_depth(head: Head) -> float:
    """How far forward the wing's base lies of the eyes' inner corners.

    Source: Solution 2, step 18, depths; a cleft's base lies back.
    """
    eyes = (head.own("endocanthion") + head.other("endocanthion")) / 2
    return float(head.own("alar_base")[2] - eyes[2])


def alar_base_height(head: Head) -> float:
    """How high the wing's base lies above subnasale.

    Source: Farkas 1994, inclination of the alar bases.
    """
    return float(head.own("alar_base")[1] - head.at("subnasale")[1])


NOSE = (
    Measure(nose_height, "Nose height", MM, "longer", "nose", "plain", ("nasion", "subnasale")),
    Measure(nose_length, "Nose length", MM, "longer", "nose", "plain", ("nasion", "pronasale")),
    Measure(nose_width, "Nose width", MM, "wider", "nose", "plain", ("alare",)),
    Measure(nose_protrusion, "Nose protrusion", MM, "further forward", "nose", "plain", ("subnasale", "pronasale")),
    Measure(alar_base_width, "Alar base width", MM, "wider", "nose", "plain", ("alar_base",)),
    Measure(ala_length, "Wing length", MM, "longer on this side", "nose", "paired", ("alare", "pronasale")),
    Measure(
        nasofrontal_angle, "Nasofrontal angle", DEGREES, "flatter", "nose", "plain", ("glabella", "nasion", "pronasale")
    ),
    Measure(
        nasolabial_angle,
        "Nasolabial angle",
        DEGREES,
        "more open",
        "nose",
        "plain",
        ("pronasale", "subnasale", "labiale_superius"),
    ),
    Measure(
        nose_tip_angle, "Nose tip angle", DEGREES, "blunter", "nose", "plain", ("nasion", "pronasale", "subnasale")
    ),
    Measure(
        columellar_angle,
        "Columella leans",
        DEGREES,
        "further to this side",
        "nose",
        "deviation",
        ("subnasale", "pronasale"),
    ),
    Measure(
        subnasale_deviation,
        "Subnasale off the midline",
        MM,
        "further to this side",
        "nose",
        "deviation",
        ("subnasale",),
    ),
    Measure(tip_deviation, "Tip off the midline", MM, "further to this side", "nose", "deviation", ("pronasale",)),
    Measure(alar_width, "Half nose width", MM, "wider on this side", "nose", "paired", ("alare",)),
    Measure(
        alar_base_depth,
        "Alar base depth",
        MM,
        "further forward on this side",
        "nose",
        "paired",
        ("alar_base", "endocanthion"),
    ),
    Measure(
        alar_base_height, "Alar base height", MM, "higher on this side", "nose", "paired", ("alar_base", "subnasale")
    ),
)
