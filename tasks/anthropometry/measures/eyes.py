"""Eyes, lids and brows: distances, tilt, opening, ptosis.

Sources: Farkas 1994 is Anthropometry of the Head and Face, 2nd edition; "Solution 1" is Offline AI solutions for
cosmetic facial analysis.
"""

import numpy as np

from tasks.anthropometry.frame import Half
from tasks.anthropometry.measures.face import face_width
from tasks.anthropometry.measures.geometry import distance, ratio, rise, slope
from tasks.anthropometry.measures.measure import DEGREES, INTEROCULAR, RATIO, TURNED, Measure


def pupil_distance(half: Half) -> np.ndarray:
    """The distance between the pupils.

    Source: Solution 1, step 1c.
    """
    return distance(half.own("pupil"), half.other("pupil"))


def intercanthal_distance(half: Half) -> np.ndarray:
    """The distance between the inner eye corners.

    Source: Farkas 1994, en-en; PMC9029890 has 31.4, 36.4 and 38.5 mm in three populations.
    """
    return distance(half.own("endocanthion"), half.other("endocanthion"))


def intercanthal_to_eye_width(half: Half) -> np.ndarray:
    """The distance between the inner eye corners over the mean width of both eyes.

    Source: Farkas 1994, rule of fifths: 1.
    """
    return ratio(intercanthal_distance(half), _eye_width(half))


def eye_width_to_face_width(half: Half) -> np.ndarray:
    """The mean width of both eyes over face width.

    Source: Farkas 1994, rule of fifths: a fifth is 0.2.
    """
    return ratio(_eye_width(half), face_width(half))


def canthal_tilt(half: Half) -> np.ndarray:
    """The angle by which the outer eye corner lies above the inner, mean of both sides.

    Source: Solution 1, step 15, inclination of the eyes.
    """
    own = slope(half.own("endocanthion"), half.own("exocanthion"))
    other = slope(half.other("endocanthion") * (-1.0, 1.0), half.other("exocanthion") * (-1.0, 1.0))
    return np.asarray((own + other) / 2)


def canthal_tilt_difference(half: Half) -> np.ndarray:
    """The difference between the eyes of the angle by which the outer corner lies above the inner.

    Source: Solution 1, step 15.
    """
    return slope(half.own("endocanthion"), half.own("exocanthion"))


def palpebral_aperture(half: Half) -> np.ndarray:
    """The height of the opening between the lids, mean of both eyes.

    Source: Farkas 1994, ps-pi; Solution 1, step 15.
    """
    other = distance(half.other("palpebrale_inferius"), half.other("palpebrale_superius"))
    return np.asarray((palpebral_aperture_difference(half) + other) / 2)


def palpebral_aperture_to_eye_width(half: Half) -> np.ndarray:
    """The mean height of the opening between the lids over the mean width of both eyes.

    Source: Farkas 1994, eye fissure index.
    """
    return ratio(palpebral_aperture(half), _eye_width(half))


def palpebral_aperture_difference(half: Half) -> np.ndarray:
    """The difference between the eyes of the height of the opening between the lids.

    Source: Solution 1, step 15: a sign of ptosis.
    """
    return distance(half.own("palpebrale_inferius"), half.own("palpebrale_superius"))


def upper_lid_difference(half: Half) -> np.ndarray:
    """The difference between the eyes of the height of the upper lid's edge above the pupil.

    Source: the margin reflex distance (MRD1) of ophthalmology, by the iris' centre.
    """
    return rise(half.own("pupil"), half.own("palpebrale_superius"))


def visible_iris(half: Half) -> np.ndarray:
    """The height of the opening between the lids over the iris' diameter, of the eye that shows less.

    Source: Solution 1, step 15, visible iris.
    """
    return ratio(palpebral_aperture_difference(half), distance(half.own("iris_outer"), half.own("iris_inner")))


def eye_height_difference(half: Half) -> np.ndarray:
    """The difference in height of the pupils above the line through the eyes' corners.

    Source: Solution 1, step 13.
    """
    return np.asarray(half.own("pupil")[..., 1])


def brow_height_difference(half: Half) -> np.ndarray:
    """The difference in height of the brows' highest points.

    Source: Solution 1, step 13.
    """
    return np.asarray(half.own("superciliare")[..., 1])


def _eye_width(half: Half) -> np.ndarray:
    own = distance(half.own("endocanthion"), half.own("exocanthion"))
    return np.asarray((own + distance(half.other("endocanthion"), half.other("exocanthion"))) / 2)


_THIS = "eyes"
_LIDS = ("palpebrale_superius", "palpebrale_inferius")
EYES = (
    Measure(pupil_distance, "pupil distance", INTEROCULAR, "eyes further apart", _THIS, "plain", ("pupil",)),
    Measure(intercanthal_distance, "intercanthal distance", INTEROCULAR, "eyes further apart", _THIS, "plain"),
    Measure(intercanthal_to_eye_width, "intercanthal distance to eye width", RATIO, "wide-set eyes", _THIS, "plain"),
    Measure(
        eye_width_to_face_width,
        "eye width to face width",
        RATIO,
        "longer eyes",
        _THIS,
        "plain",
        ("zygion",),
        suffers=TURNED,
    ),
    Measure(canthal_tilt, "canthal tilt", DEGREES, "outer corners higher", _THIS, "plain"),
    Measure(canthal_tilt_difference, "canthal tilt, difference", DEGREES, "less equal", _THIS, "difference"),
    Measure(
        palpebral_aperture, "palpebral aperture", INTEROCULAR, "wider open", _THIS, "plain", _LIDS, suffers=("smile",)
    ),
    Measure(
        palpebral_aperture_to_eye_width,
        "palpebral aperture to eye width",
        RATIO,
        "wider open",
        _THIS,
        "plain",
        _LIDS,
        suffers=("smile",),
    ),
    Measure(
        palpebral_aperture_difference,
        "palpebral aperture, difference (ptosis)",
        INTEROCULAR,
        "less equal",
        _THIS,
        "difference",
        _LIDS,
    ),
    Measure(
        upper_lid_difference,
        "upper lid above the pupil, difference (ptosis)",
        INTEROCULAR,
        "less equal",
        _THIS,
        "difference",
        ("pupil", "palpebrale_superius"),
    ),
    Measure(
        visible_iris,
        "lids' opening to iris, lesser eye",
        RATIO,
        "wider open",
        _THIS,
        "lesser",
        (*_LIDS, "iris_outer", "iris_inner"),
        suffers=("smile",),
    ),
    Measure(
        eye_height_difference, "pupil height, difference", INTEROCULAR, "less equal", _THIS, "difference", ("pupil",)
    ),
    Measure(
        brow_height_difference,
        "brow height, difference",
        INTEROCULAR,
        "less equal",
        _THIS,
        "difference",
        ("superciliare",),
    ),
)
