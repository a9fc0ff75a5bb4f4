"""Measures of the eyes.

Source: Farkas 1994 is Anthropometry of the Head and Face, 2nd edition; "Solution 2" is Offline AI solutions for
cosmetic facial analysis.
"""

from tasks.surface.measures.geometry import distance, tilt
from tasks.surface.measures.measure import DEGREES, MM, Head, Measure


def intercanthal_width(head: Head) -> float:
    """The distance between the inner corners of the eyes.

    Source: Farkas 1994, en-en.
    """
    return distance(head.own("endocanthion"), head.other("endocanthion"))


def biocular_width(head: Head) -> float:
    """The distance between the outer corners of the eyes.

    Source: Farkas 1994, ex-ex.
    """
    return distance(head.own("exocanthion"), head.other("exocanthion"))


def fissure_length(head: Head) -> float:
    """The distance from endocanthion to exocanthion.

    Source: Farkas 1994, en-ex.
    """
    return distance(head.own("endocanthion"), head.own("exocanthion"))


def canthal_tilt(head: Head) -> float:
    """By how much the line from the inner to the outer corner of the eye rises.

    Source: Farkas 1994, inclination of the eye fissure.
    """
    inner, outer = head.own("endocanthion"), head.own("exocanthion")
    return tilt(head.outward(outer) - head.outward(inner), float(outer[1] - inner[1]))


EYES = (
    Measure(intercanthal_width, "Intercanthal width", MM, "wider", "eyes", "plain", ("endocanthion",)),
    Measure(biocular_width, "Biocular width", MM, "wider", "eyes", "plain", ("exocanthion",)),
    Measure(fissure_length, "Eye width", MM, "wider on this side", "eyes", "paired", ("endocanthion", "exocanthion")),
    Measure(
        canthal_tilt,
        "Canthal tilt",
        DEGREES,
        "outer corner higher on this side",
        "eyes",
        "paired",
        ("endocanthion", "exocanthion"),
    ),
)
