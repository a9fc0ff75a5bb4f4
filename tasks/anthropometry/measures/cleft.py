"""What surgeons of clefts measure on lip and nose: one side against the other, and the middle against the midline.

Sources: Tse et al. is Measuring the Unilateral Cleft Lip Nasal Deformity, Lateral Deviation of Subnasale, who held 45
unrepaired unilateral clefts against surgeons' ranking of severity (r, of their abstract, stands beside a measure);
PMC5876085 is Mercan et al., of the same group; Farkas 1994 is Anthropometry of the Head and Face, 2nd edition. What
they measured on surfaces is measured here as a frontal photograph shows it.
"""

import numpy as np

from tasks.anthropometry.frame import Half
from tasks.anthropometry.measures.geometry import distance, lean, ratio, rise
from tasks.anthropometry.measures.measure import DEGREES, INTEROCULAR, MOVED, RATIO, TURNED, Measure


def peak_height_difference(half: Half) -> np.ndarray:
    """The difference in height of the two peaks of cupid's bow.

    Source: Farkas 1994, cph; drawn truth of the drawn faces.
    """
    return np.asarray(half.own("crista_philtri")[..., 1])


def bow_width_ratio(half: Half) -> np.ndarray:
    """The width of cupid's bow from its dip to the peak, of one side over the other.

    Source: Farkas 1994, cph-ls.
    """
    return np.asarray(half.own("crista_philtri")[..., 0] - half.middle("labiale_superius")[..., 0])


def philtral_deviation(half: Half) -> np.ndarray:
    """The distance of the dip of cupid's bow from the midline.

    Source: PMC5876085.
    """
    return np.asarray(half.middle("labiale_superius")[..., 0])


def philtral_angle(half: Half) -> np.ndarray:
    """The angle between the midline and the line from the dip of cupid's bow up to subnasale.

    Source: PMC5876085.
    """
    return lean(half.middle("labiale_superius"), half.middle("subnasale"))


def subnasale_deviation(half: Half) -> np.ndarray:
    """The distance of subnasale from the midline.

    Source: Tse et al.: r .86, the best single one.
    """
    return np.asarray(half.middle("subnasale")[..., 0])


def upper_lip_height_ratio(half: Half) -> np.ndarray:
    """The distance from subnasale to the peak of cupid's bow, of one side over the other.

    Source: Farkas 1994, sn-cph.
    """
    return distance(half.middle("subnasale"), half.own("crista_philtri"))


def lateral_lip_height_ratio(half: Half) -> np.ndarray:
    """The distance from the wing's base to the peak of cupid's bow, of one side over the other.

    Source: Tse et al.: r .79; PMC5876085.
    """
    return distance(half.own("alar_base"), half.own("crista_philtri"))


def philtral_column_ratio(half: Half) -> np.ndarray:
    """The length of the philtral column, of one side over the other.

    Source: Farkas 1994.
    """
    return distance(half.own("philtrum_top"), half.own("crista_philtri"))


def lateral_lip_width_ratio(half: Half) -> np.ndarray:
    """The distance from the peak of cupid's bow to the corner of the mouth, of one side over the other.

    Source: Farkas 1994, cph-ch.
    """
    return distance(half.own("crista_philtri"), half.own("cheilion"))


def peak_to_midline_height(half: Half) -> np.ndarray:
    """The height of the upper lip's red at the peak over that in the middle, both above stomion; of the lesser side.

    Source: in lips without a cleft the peak is the higher of the two (above 1).
    """
    low = half.middle("stomion")
    return ratio(rise(low, half.own("crista_philtri")), rise(low, half.middle("labiale_superius")))


def alar_base_height_difference(half: Half) -> np.ndarray:
    """The difference in height of the wings' bases.

    Source: PMC12705721; drawn truth of the drawn faces.
    """
    return np.asarray(half.own("alar_base")[..., 1])


def alar_base_width_ratio(half: Half) -> np.ndarray:
    """The width from subnasale to the wing's base, of one side over the other.

    Source: PMC12705721, alar symmetry ratio.
    """
    return np.asarray(half.own("alar_base")[..., 0] - half.middle("subnasale")[..., 0])


def nostril_width_ratio(half: Half) -> np.ndarray:
    """The width of the nostril, of one side over the other.

    Source: Tse et al.: r .80; PMC5876085.
    """
    return distance(half.own("nostril_outer"), half.own("nostril_inner"))


def commissure_height_difference(half: Half) -> np.ndarray:
    """The difference in height of the corners of the mouth.

    Source: Farkas 1994, ch.
    """
    return np.asarray(half.own("cheilion")[..., 1])


_THIS = "cleft"
CLEFT = (
    Measure(
        peak_height_difference,
        "cupid's bow peak height, difference",
        INTEROCULAR,
        "less equal",
        _THIS,
        "difference",
        ("crista_philtri",),
        suffers=("smile",),
    ),
    Measure(
        bow_width_ratio,
        "cupid's bow width, side to side",
        RATIO,
        "more equal",
        _THIS,
        "ratio",
        ("crista_philtri", "labiale_superius"),
        suffers=MOVED,
    ),
    Measure(
        philtral_deviation,
        "philtral deviation",
        INTEROCULAR,
        "further from the midline",
        _THIS,
        "deviation",
        ("labiale_superius",),
        suffers=MOVED,
    ),
    Measure(
        philtral_angle,
        "philtral angle",
        DEGREES,
        "leans further",
        _THIS,
        "deviation",
        ("labiale_superius", "subnasale"),
        suffers=MOVED,
    ),
    Measure(
        subnasale_deviation,
        "subnasale deviation",
        INTEROCULAR,
        "further from the midline",
        _THIS,
        "deviation",
        ("subnasale",),
        suffers=TURNED,
    ),
    Measure(
        upper_lip_height_ratio,
        "upper lip height, side to side",
        RATIO,
        "more equal",
        _THIS,
        "ratio",
        ("subnasale", "crista_philtri"),
        suffers=("smile",),
    ),
    Measure(
        lateral_lip_height_ratio,
        "lateral lip height, side to side",
        RATIO,
        "more equal",
        _THIS,
        "ratio",
        ("alar_base", "crista_philtri"),
        suffers=("smile",),
    ),
    Measure(
        philtral_column_ratio,
        "philtral column, side to side",
        RATIO,
        "more equal",
        _THIS,
        "ratio",
        ("philtrum_top", "crista_philtri"),
        suffers=("smile",),
    ),
    Measure(
        lateral_lip_width_ratio,
        "lateral lip width, side to side",
        RATIO,
        "more equal",
        _THIS,
        "ratio",
        ("crista_philtri", "cheilion"),
        suffers=MOVED,
    ),
    Measure(
        peak_to_midline_height,
        "vermilion height, peak to middle, lesser side",
        RATIO,
        "higher peak",
        _THIS,
        "lesser",
        ("crista_philtri", "labiale_superius", "stomion"),
        suffers=("smile", "opening"),
    ),
    Measure(
        alar_base_height_difference,
        "alar base height, difference",
        INTEROCULAR,
        "less equal",
        _THIS,
        "difference",
        ("alar_base",),
        suffers=("smile",),
    ),
    Measure(
        alar_base_width_ratio,
        "alar base width, side to side",
        RATIO,
        "more equal",
        _THIS,
        "ratio",
        ("alar_base", "subnasale"),
        suffers=("yaw", "smile"),
    ),
    Measure(
        nostril_width_ratio,
        "nostril width, side to side",
        RATIO,
        "more equal",
        _THIS,
        "ratio",
        ("nostril_outer", "nostril_inner"),
        suffers=("yaw", "smile"),
    ),
    Measure(
        commissure_height_difference,
        "mouth corner height, difference",
        INTEROCULAR,
        "less equal",
        _THIS,
        "difference",
        ("cheilion",),
        suffers=("smile",),
    ),
)
