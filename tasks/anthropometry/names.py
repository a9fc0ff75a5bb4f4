"""The named points and outlines of a frontal face: what each is, and which mirrors which.

Out: POINTS and OUTLINES, in the order in which tables hold them. Sides are the patient's own: the right one lies on
the picture's left. Names are the field's (Farkas 1994). Does not know how points are found or what is measured.
"""

from typing import NamedTuple

import numpy as np

MIDLINE = {
    "glabella": "most prominent point between the brows",
    "nasion": "root of the nose",
    "pronasale": "tip of the nose",
    "subnasale": "where the columella meets the upper lip",
    "labiale_superius": "the dip of cupid's bow, on the vermilion border",
    "stomion": "where the closed lips meet; between them when they are open",
    "labiale_inferius": "lowest point of the lower vermilion border, in the middle",
    "sublabiale": "the fold between lower lip and chin",
    "menton": "lowest point of the chin",
}
PAIRED = {
    "superciliare": "highest point of the brow",
    "exocanthion": "outer corner of the eye",
    "endocanthion": "inner corner of the eye",
    "palpebrale_superius": "highest point of the upper lid's edge",
    "palpebrale_inferius": "lowest point of the lower lid's edge",
    "pupil": "centre of the iris",
    "iris_outer": "the iris' edge towards the temple",
    "iris_inner": "the iris' edge towards the nose",
    "alare": "widest point of the nose's wing",
    "alar_base": "where the wing meets the lip and cheek, lowest point",
    "columella": "edge of the columella at its base",
    "nostril_outer": "the nostril's rim, outermost point",
    "nostril_inner": "the nostril's rim, innermost point",
    "philtrum_top": "upper end of the philtral column",
    "crista_philtri": "peak of cupid's bow, on the vermilion border",
    "cheilion": "corner of the mouth",
    "zygion": "widest point of the cheeks' outline",
    "gonion": "the jaw's angle on the face's outline",
}
SIDES = ("right", "left")

POINTS = (*MIDLINE, *(f"{name}_{side}" for name in PAIRED for side in SIDES))
"""Names in the order of a face's array: points[INDEX["cheilion_left"]]."""
INDEX = {name: index for index, name in enumerate(POINTS)}
DEFINITIONS = MIDLINE | {f"{name}_{side}": words for name, words in PAIRED.items() for side in SIDES}
LIP_AND_NOSE = frozenset(
    (
        "subnasale",
        "labiale_superius",
        "stomion",
        "labiale_inferius",
        "alare",
        "alar_base",
        "columella",
        "nostril_outer",
        "nostril_inner",
        "philtrum_top",
        "crista_philtri",
        "cheilion",
    )
)
CLEFT = tuple(INDEX[name] for name in POINTS if name.removesuffix("_right").removesuffix("_left") in LIP_AND_NOSE)
"""Points of lip and nose, which models draw towards symmetry: they are refined on the pixels."""


def _mirrored(name: str) -> str:
    for here, there in (SIDES, SIDES[::-1]):
        if name.endswith(f"_{here}"):
            return f"{name.removesuffix(here)}{there}"
    return name


MIRROR = np.array([INDEX[_mirrored(name)] for name in POINTS])
"""The point that stands at the mirrored place: MIRROR[i]."""


class Outline(NamedTuple):
    """A line of `number` points, evenly spaced along it; `words` say from where to where."""

    name: str
    number: int
    words: str


OUTLINES = (
    Outline("upper_vermilion", 33, "upper border of the upper lip, from the right corner of the mouth to the left"),
    Outline("lower_vermilion", 33, "lower border of the lower lip, from the right corner of the mouth to the left"),
    Outline("nose", 33, "the nose's outline, from the right wing's top round its base to the left wing's top"),
    Outline("hairline", 5, "where forehead and hair meet, across the midline, from the patient's right to the left"),
    Outline("nostril_right", 17, "rim of the right nostril, closed, from its outermost point upwards"),
    Outline("nostril_left", 17, "rim of the left nostril, closed, from its outermost point upwards"),
)


class Face(NamedTuple):
    """Points and outlines of one face, pixels of the upright photograph; y grows downwards."""

    points: np.ndarray  # (len(POINTS), 2) float; nan where a point is not visible or was not found
    outlines: dict[str, np.ndarray]  # name: (number, 2) float; absent where it was not found
    errors: np.ndarray  # (len(POINTS),) float, px: the standard error of a point that a person placed; nan: the models'
