"""The named points of a head in three dimensions: what each is, and which numbers the models of landmarks give it.

Names are the field's (Farkas 1994); sides are the patient's own. Does not know how points are found.
"""

from tasks.ingest.faces.mesh import MIDLINE as MESH_MIDLINE
from tasks.ingest.faces.mesh import PAIRED as MESH_PAIRED

SIDES = ("right", "left")
MIDLINE = {
    "glabella": "most prominent point between the brows",
    "nasion": "root of the nose: the deepest point of its profile",
    "pronasale": "tip of the nose: what lies furthest forward",
    "subnasale": "where the columella meets the upper lip: the deepest point of that angle",
    "labiale_superius": "the dip of cupid's bow, on the vermilion border",
    "stomion": "where the closed lips meet: the deepest between them",
    "labiale_inferius": "lowest point of the lower vermilion border, in the middle",
    "sublabiale": "deepest point between lower lip and chin",
    "pogonion": "what lies furthest forward on the chin",
    "menton": "the chin's lower end: where its profile has turned 60 degrees from the vertical",
}
PAIRED = {
    "exocanthion": "outer corner of the eye",
    "endocanthion": "inner corner of the eye",
    "alare": "widest point of the nose's wing: the middle of where it faces its side",
    "alar_base": "where the wing meets the lip and cheek, below its widest point: the deepest of that angle",
    "crista_philtri": "peak of cupid's bow, on the vermilion border",
    "cheilion": "corner of the mouth",
    "zygion": "widest point of the cheeks",
    "gonion": "the jaw's angle",
    "tragion": "the notch above the tragus of the ear",
}
POINTS = (*MIDLINE, *(f"{name}_{side}" for name in PAIRED for side in SIDES))
DEFINITIONS = MIDLINE | {f"{name}_{side}": words for name, words in PAIRED.items() for side in SIDES}

UNSEEN = ("zygion", "gonion", "tragion")
"""Points that no model of landmarks has: hair and ears hide the tragion; the others are felt, not seen, and what models
mark on a face's outline lies some 20 mm beside them."""
CHIN = (199, 200)  # of the 478: the pogonion lies between them; the profile gives its place
WINGS = {"alar_base_right": (98,), "alar_base_left": (327,)}
"""They lie nearer the bases of drawn heads than those nearest London's hand-placed ones. The surface tells more."""
MESH: dict[str, tuple[int, ...]] = {
    **{name: MESH_MIDLINE[name] for name in MIDLINE if name in MESH_MIDLINE},
    "pogonion": CHIN,
    **{
        f"{name}_{side}": (MESH_PAIRED[name][number],)
        for name in PAIRED
        if name in MESH_PAIRED and name not in UNSEEN
        for number, side in enumerate(SIDES)
    },
    **WINGS,
}
"""Numbers among the 478 points; of several, their mean."""
DLIB = {
    "exocanthion_right": 36,
    "endocanthion_right": 39,
    "endocanthion_left": 42,
    "exocanthion_left": 45,
    "nasion": 27,
    "pronasale": 30,
    "subnasale": 33,
    "cheilion_right": 48,
    "cheilion_left": 54,
}
"""Numbers among dlib's 68, of points that it has by the same definition; its lips lean towards even ones."""


def side_of(name: str) -> int:
    """1 for a point of the patient's left, -1 of the right, 0 on the midline."""
    return 1 if name.endswith("_left") else -1 if name.endswith("_right") else 0


def base_of(name: str) -> str:
    """The name without its side."""
    return name.removesuffix("_left").removesuffix("_right")
