"""What a visit's page says first: how uneven the face is, and which side is fuller, in sentences.

In: the measures of a face, and how sure its size is. Out: sentences that stand alone. Knows nothing of pages.
"""

from collections.abc import Sequence

from tasks.surface.measures.measuring import Measured

PARTS = {
    "nose_fullness": "The nose",
    "upper_lip_fullness": "The upper lip",
    "cheek_fullness": "The cheek",
    "chin_fullness": "The chin",
}
NEARLY = 0.95
"""A share of a region, seen on both sides, from which it counts as all of it."""
LEAST = 0.5
"""mm: a side that is fuller by less is not told; photographs do not show it surely."""

COARSE = 0.1
"""Half of a length's 95 % interval, as a share of it, from which the size is told first: irises alone are so unsure."""


def in_short(rows: Sequence[Measured], *, share: float) -> list[str]:
    """How far the face lies from its mirror image, and the parts that are fuller on one side.

    `share`: half of a length's 95 % interval, as a share of it.
    """
    if share < COARSE:
        return _uneven(rows)
    size = f"Every length may be {share:.0%} off, these too; a distance measured on the person, or a ruler, helps."
    return [*_uneven(rows), size]


def _uneven(rows: Sequence[Measured]) -> list[str]:
    by_name = {one.measure.name: one for one in rows}
    uneven, face = by_name["nasolabial_asymmetry"], by_name["face_asymmetry"]
    if uneven.value is None:
        said = [f"How uneven nose and upper lip are was not measured: {uneven.reason}."]
        if face.value is not None:
            share = _share(by_name["face_seen"])
            said.append(f"The face lies {face.value:.1f}\u2009mm from its mirror image (root mean square{share}).")
        return said
    whole = "" if face.value is None else f", the face as a whole {face.value:.1f}\u2009mm"
    shares = _share(by_name["nasolabial_seen"]), "" if face.value is None else _share(by_name["face_seen"])
    said = [
        f"Nose and upper lip lie {uneven.value:.1f}\u2009mm from their mirror image (root mean square{shares[0]})"
        f"{whole}{shares[1] and f' ({shares[1][2:]})'}."
    ]
    told = [
        f"{words} is {one.value:.1f}\u2009mm fuller on the patient\u2019s {one.side}, on average."
        for name, words in PARTS.items()
        if (one := by_name[name]).value is not None and one.value >= LEAST
    ]
    return said + (told or [f"No part of the face is fuller on one side by {LEAST:g}\u2009mm or more, on average."])


def _share(one: Measured) -> str:
    """How much of a region was compared, where it was not nearly all."""
    if one.value is None or one.value >= NEARLY:
        return ""
    return f", over the {one.value:.0%} that was seen on both sides"
