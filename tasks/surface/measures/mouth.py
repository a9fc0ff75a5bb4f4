"""Measures of mouth and lips, and of what a cleft does to them.

Source: Farkas 1994 is Anthropometry of the Head and Face, 2nd edition; "Solution 2" is Offline AI solutions for
cosmetic facial analysis.
"""

from tasks.surface.measures.geometry import distance
from tasks.surface.measures.measure import MM, Head, Measure


def mouth_width(head: Head) -> float:
    """The distance between the corners of the mouth.

    Source: Farkas 1994, ch-ch.
    """
    return distance(head.own("cheilion"), head.other("cheilion"))


def philtrum_width(head: Head) -> float:
    """The distance between the peaks of cupid's bow.

    Source: Farkas 1994, cph-cph.
    """
    return distance(head.own("crista_philtri"), head.other("crista_philtri"))


def philtrum_length(head: Head) -> float:
    """The distance from subnasale to crista philtri.

    Source: Farkas 1994, sn-cph.
    """
    return distance(head.at("subnasale"), head.own("crista_philtri"))


def lateral_lip_height(head: Head) -> float:
    """The distance from alar base to crista philtri.

    Source: Mercan et al. 2018, lateral lip height.
    """
    return distance(head.own("alar_base"), head.own("crista_philtri"))


def lateral_lip_length(head: Head) -> float:
    """The distance from cheilion to crista philtri.

    Source: Farkas 1994, ch-cph.
    """
    return distance(head.own("cheilion"), head.own("crista_philtri"))


def upper_lip_height(head: Head) -> float:
    """The distance from subnasale to stomion.

    Source: Farkas 1994, sn-sto.
    """
    return distance(head.at("subnasale"), head.at("stomion"))


def skin_lip_height(head: Head) -> float:
    """The distance from subnasale to labiale superius.

    Source: Farkas 1994, sn-ls.
    """
    return distance(head.at("subnasale"), head.at("labiale_superius"))


def upper_vermilion_height(head: Head) -> float:
    """The distance from labiale superius to stomion.

    Source: Farkas 1994, ls-sto.
    """
    return distance(head.at("labiale_superius"), head.at("stomion"))


def lower_vermilion_height(head: Head) -> float:
    """The distance from stomion to labiale inferius.

    Source: Farkas 1994, sto-li.
    """
    return distance(head.at("stomion"), head.at("labiale_inferius"))


def lower_lip_height(head: Head) -> float:
    """The distance from stomion to sublabiale.

    Source: Farkas 1994, sto-sl.
    """
    return distance(head.at("stomion"), head.at("sublabiale"))


def cheilion_height(head: Head) -> float:
    """How high the corner of the mouth lies against stomion.

    Source: Farkas 1994, inclination of the mouth.
    """
    return float(head.own("cheilion")[1] - head.at("stomion")[1])


def crista_height(head: Head) -> float:
    """How high the peak of cupid's bow lies against its dip.

    Source: Farkas 1994, cph against ls.
    """
    return float(head.own("crista_philtri")[1] - head.at("labiale_superius")[1])


def half_mouth_width(head: Head) -> float:
    """How far the corner of the mouth lies from the mid-plane.

    Source: Farkas 1994, ch against the midline.
    """
    return head.outward(head.own("cheilion"))


def upper_lip_protrusion(head: Head) -> float:
    """How far the upper lip lies in front of the line from the tip of the nose to the chin; negative: behind it.

    Source: Ricketts 1968, E-line.
    """
    tip, chin, lip = head.at("pronasale"), head.at("pogonion"), head.at("labiale_superius")
    share = (lip[1] - chin[1]) / (tip[1] - chin[1])
    return float(lip[2] - chin[2] - share * (tip[2] - chin[2]))


MOUTH = (
    Measure(mouth_width, "Mouth width", MM, "wider", "mouth", "plain", ("cheilion",)),
    Measure(philtrum_width, "Philtrum width", MM, "wider", "mouth", "plain", ("crista_philtri",)),
    Measure(
        philtrum_length,
        "Philtrum length",
        MM,
        "longer on this side",
        "mouth",
        "paired",
        ("subnasale", "crista_philtri"),
    ),
    Measure(
        lateral_lip_height,
        "Lateral lip height",
        MM,
        "taller on this side",
        "mouth",
        "paired",
        ("alar_base", "crista_philtri"),
    ),
    Measure(
        lateral_lip_length,
        "Lateral lip length",
        MM,
        "longer on this side",
        "mouth",
        "paired",
        ("cheilion", "crista_philtri"),
    ),
    Measure(upper_lip_height, "Upper lip height", MM, "taller", "mouth", "plain", ("subnasale", "stomion")),
    Measure(
        skin_lip_height, "Skin of the upper lip", MM, "taller", "mouth", "plain", ("subnasale", "labiale_superius")
    ),
    Measure(
        upper_vermilion_height,
        "Upper vermilion height",
        MM,
        "taller",
        "mouth",
        "plain",
        ("labiale_superius", "stomion"),
    ),
    Measure(
        lower_vermilion_height,
        "Lower vermilion height",
        MM,
        "taller",
        "mouth",
        "plain",
        ("stomion", "labiale_inferius"),
    ),
    Measure(lower_lip_height, "Lower lip height", MM, "taller", "mouth", "plain", ("stomion", "sublabiale")),
    Measure(
        cheilion_height, "Mouth corner height", MM, "higher on this side", "mouth", "paired", ("cheilion", "stomion")
    ),
    Measure(
        crista_height,
        "Height of cupid's bow",
        MM,
        "higher on this side",
        "mouth",
        "paired",
        ("crista_philtri", "labiale_superius"),
    ),
    Measure(half_mouth_width, "Half mouth width", MM, "wider on this side", "mouth", "paired", ("cheilion",)),
    Measure(
        upper_lip_protrusion,
        "Upper lip to the E-line",
        MM,
        "further forward",
        "mouth",
        "plain",
        ("pronasale", "pogonion", "labiale_superius"),
    ),
)
