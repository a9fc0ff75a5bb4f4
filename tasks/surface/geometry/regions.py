"""The regions of a face, bounded by its points: what lies in them, and area and volume of each side.

In: named points, and the upright surface seen from the front. Out: regions, each the same to both sides of the
mid-plane, so that one side's area and volume can be held against the other's. Does not know what is asymmetric.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tasks.surface.geometry.front_view import STEP, Front

WING, TEMPLE = 3.0, 1.4  # mm beside the wing of the nose; breadth of the face, of the outer eye corners'
BEHIND = 60.0  # mm behind the mouth's corners: what lies further back is no face
WHOLE = 0.95  # of a region's side, seen from the front, that must be there for a volume
STEEPEST = 3.7  # 75 degrees: what is steeper is an edge that hides what lies behind it
BOUNDS = {
    "nose": ("nasion", "subnasale", "alare", "alar_base", "cheilion"),
    "upper_lip": ("subnasale", "stomion", "alare", "alar_base", "cheilion"),
    "lower_lip": ("stomion", "sublabiale", "cheilion"),
    "chin": ("sublabiale", "menton", "cheilion"),
    "cheeks": ("exocanthion", "subnasale", "alare", "alar_base", "cheilion"),
    "face": ("glabella", "exocanthion", "subnasale", "cheilion", "menton"),
}
"""Points that bound each region; of a pair, one side will do."""
BOUNDS["nasolabial"] = tuple(dict.fromkeys(BOUNDS["nose"] + BOUNDS["upper_lip"]))
REGIONS = {
    "nasolabial": "nose and upper lip",
    "nose": "from nasion to subnasale, out to the wings",
    "upper_lip": "from the nose to the mouth's line, out to its corners",
    "lower_lip": "from the mouth's line to the fold above the chin",
    "chin": "from that fold down to menton, as wide as the mouth",
    "cheeks": "beside nose and mouth, below the eyes",
    "face": "from glabella to menton",
}


class Extent(NamedTuple):
    """What one side of a region has."""

    area: float | None  # cm2, on the surface, of what is seen from the front; None in a hole
    volume: float | None  # ml in front of the plane BEHIND the mouth's corners; None in a hole
    covered: float  # of the side, seen from the front, what is there


class Regions(NamedTuple):
    """A face's regions: of each, the corners of one half, (n, 2) mm from the mid-plane and height."""

    middle: float  # x of the mid-plane
    halves: dict[str, tuple[np.ndarray, ...]]  # a region is one polygon or more
    behind: float  # z, mm: what lies further back is not the face


def regions_of(points: Mapping[str, np.ndarray], middle: float) -> Regions:
    """The regions that are bounded: each needs its own BOUNDS alone."""
    at = {name: _even(points, name, middle) for own in BOUNDS.values() for name in own}
    out, up = {name: own[0] for name, own in at.items()}, {name: own[1] for name, own in at.items()}
    wing, temple, mouth = out["alare"] + WING, TEMPLE * out["exocanthion"], out["cheilion"]
    nose = [(0, up["nasion"]), (wing / 2, up["nasion"]), (wing, up["alare"] + WING), (wing, up["alar_base"])]
    nose.append((0, up["subnasale"]))
    upper = [(0, up["subnasale"]), (wing, up["alar_base"]), (mouth, up["cheilion"]), (0, up["stomion"])]
    fold = (0.7 * mouth, up["sublabiale"])
    lower = [(0, up["stomion"]), (mouth, up["cheilion"]), fold, (0, up["sublabiale"])]
    chin = [(0, up["sublabiale"]), fold, (mouth, up["menton"]), (0, up["menton"])]
    lid = up["exocanthion"] - 10
    cheek = [(wing, lid), (temple, lid), (temple, up["subnasale"]), (1.1 * out["exocanthion"], up["cheilion"])]
    cheek += [(mouth, up["cheilion"]), (wing, up["alar_base"])]
    face = [(0, up["glabella"]), (temple, up["glabella"]), (temple, up["subnasale"]), (1.2 * mouth, up["menton"])]
    face.append((0, up["menton"]))
    halves = {"nose": nose, "upper_lip": upper, "lower_lip": lower, "chin": chin, "cheeks": cheek, "face": face}
    found: dict[str, tuple[np.ndarray, ...]] = {name: (np.array(half, float),) for name, half in halves.items()}
    found["nasolabial"] = found["nose"] + found["upper_lip"]
    known = {name: found[name] for name in REGIONS if not any(np.isnan(at[own]).any() for own in BOUNDS[name])}
    return Regions(middle, known, float(at["cheilion"][2]) - BEHIND)


def _even(points: Mapping[str, np.ndarray], name: str, middle: float) -> np.ndarray:
    """A point as if the face were even: (3,) from the mid-plane outwards, up, forward; of a pair, both sides' mean.

    NaN where it is not known.
    """
    found = [points[own] for own in (name, f"{name}_right", f"{name}_left") if own in points]
    if not found:
        return np.full(3, np.nan)
    return np.asarray(np.mean([[abs(own[0] - middle), own[1], own[2]] for own in found], axis=0))


def inside(regions: Regions, name: str, places: np.ndarray) -> np.ndarray:
    """Which places (N, 3) lie in a region, seen from the front, (N,) bool. ValueError: it lacks a point of BOUNDS."""
    if name not in regions.halves:
        raise ValueError(f"{REGIONS[name]}: of {', '.join(BOUNDS[name])}, which bound it, one is missing")
    across = np.column_stack([np.abs(places[:, 0] - regions.middle), places[:, 1]])
    within = np.any([_within(half, across) for half in regions.halves[name]], axis=0)
    return np.asarray(within & (places[:, 2] > regions.behind))


def extent(front: Front, regions: Regions, name: str, side: int) -> Extent:
    """Area and volume of one side (1 left, -1 right) of a region.

    Both sides are read at the same distances from the mid-plane: on the map's own grid a column more would lie on one
    side than on the other, and half a millimetre of a nose is a millilitre.
    """
    out = (np.arange(len(front.x) // 2) + 0.5) * STEP
    z = front.across(regions.middle + side * out)
    across, up = np.meshgrid(regions.middle + out, front.y)
    places = np.column_stack([across.ravel(), up.ravel(), np.full(across.size, np.inf)])
    own = inside(regions, name, places).reshape(z.shape)
    known = own & (z > regions.behind)
    cell = STEP * STEP
    covered = float(known.sum() / own.sum()) if own.any() else 0.0
    rise = np.minimum(np.hypot(*np.gradient(z, STEP)), STEEPEST)
    if covered < WHOLE:
        return Extent(None, None, covered)
    area = float(np.sqrt(1 + np.nan_to_num(rise[known]) ** 2).sum() * cell / 100)
    return Extent(area, float((z[known] - regions.behind).sum() * cell / 1000), covered)


def _within(polygon: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Which places (N, 2) a polygon has: a line from them to the right crosses its sides an odd number of times."""
    odd = np.zeros(len(places), bool)
    for (x, y), (to_x, to_y) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        crosses = (y > places[:, 1]) != (to_y > places[:, 1])
        if to_y != y:
            odd ^= crosses & (places[:, 0] < (to_x - x) * (places[:, 1] - y) / (to_y - y) + x)
    return odd
