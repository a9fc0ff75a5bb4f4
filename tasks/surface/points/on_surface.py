"""Points of a head by their geometry, where that says more than a detector: the tip of the nose is furthest forward.

In: an upright surface and rough points. Out: the points where the surface has them. Those of the nose's wings and
columella are found by tasks.surface.points.nose_wings, those of the lips' border by tasks.surface.points.lip_border,
the tip and the profile's here. Does not know photographs.
"""

from collections.abc import Mapping

import numpy as np

from tasks.space.views import Surface
from tasks.surface.geometry.nearest_points import edges
from tasks.surface.geometry.profile_line import STEP, deepest, furthest, profile
from tasks.surface.points.lip_border import lips
from tasks.surface.points.names import SIDES, side_of
from tasks.surface.points.nose_wings import base, columella, widest

FORWARD = np.array([0.0, 0, 1])
STRIDE = 3.0  # mm: how far the next place may lie on the way to a tip
ROOT = 5.0  # mm of the profile to each side over which the root of the nose is taken as a parabola: it is nearly flat
BELOW_THE_CHIN = np.arange(25.0, 5, -0.5)
"""mm below the pogonion to which the chin's profile goes, if not into the neck, or to where nothing was seen."""
CURLED = 2.0  # mm at the end of what was seen of the chin, where the surface bends into what was not
TURNED = np.array([-np.sin(np.radians(60)), np.cos(np.radians(60))])
"""The menton lies furthest in this direction, of y and z: the profile has turned 60 degrees there."""


def defined(
    surface: Surface,  # upright
    rough: Mapping[str, np.ndarray],  # name: (3,) mm in the head's frame
    *,
    reach: float,  # mm from the rough place within which a point is looked for
    smoothing: int,  # rounds of averaging neighbours before anything is looked for
) -> dict[str, np.ndarray]:
    """The points that the surface itself tells, by name, (3,) each; absent where it does not, or has a hole."""
    calm = smoothed(surface, smoothing)
    found = lips(calm, rough)
    if "pronasale" in rough and (tip := _furthest(calm, rough["pronasale"], FORWARD, reach)) is not None:
        found["pronasale"] = tip
    if "nasion" in rough and (root := _root(calm, rough["nasion"], reach)) is not None:
        found["nasion"] = root
    for side in SIDES:
        found |= _wing(calm, rough, side, reach)
    start = {**rough, **found}
    if "subnasale" in rough and (middle := columella(calm, rough["subnasale"])) is not None:
        start["subnasale"] = np.array([middle, *rough["subnasale"][1:]])
    for name in NEIGHBOURS:
        place = _on_profile(name, calm, {**start, **found})
        if name == "menton":
            place = _menton(calm, {**start, **found})
        if place is not None and np.linalg.norm(place - rough[name]) < reach:
            found[name] = place
    return found


def _wing(surface: Surface, rough: Mapping[str, np.ndarray], side: str, reach: float) -> dict[str, np.ndarray]:
    """The widest place of a side's wing, and its base below that."""
    names, sign = (f"alare_{side}", f"alar_base_{side}"), side_of(f"_{side}")
    if names[0] not in rough or (wing := widest(surface, rough[names[0]], sign, reach)) is None:
        return {}
    place = base(surface, wing, sign)
    return {names[0]: wing} if place is None else {names[0]: wing, names[1]: place}


def smoothed(surface: Surface, rounds: int) -> Surface:
    """Each vertex moved to the mean of its neighbours and back out again, so many times (Taubin 1995)."""
    pairs, _ = edges(surface)
    count = np.maximum(np.bincount(pairs.ravel(), minlength=len(surface.vertices)), 1)[:, None]
    vertices = surface.vertices
    for share in (0.5, -0.53) * rounds:
        there = [np.bincount(pairs.ravel(), own[pairs[:, ::-1]].ravel(), len(vertices)) for own in vertices.T]
        vertices = vertices + share * (np.column_stack(there) / count - vertices)
    return Surface(vertices, surface.faces, surface.colours, surface.seen)


def _furthest(surface: Surface, place: np.ndarray, direction: np.ndarray, reach: float) -> np.ndarray | None:
    """The top that is reached from a place by always going on in a direction; None beyond reach: no tip there."""
    vertices = surface.vertices[np.linalg.norm(surface.vertices - place, axis=1) < reach + STRIDE]
    if not len(vertices):
        return None
    here = vertices[np.linalg.norm(vertices - place, axis=1).argmin()]
    while True:
        near = vertices[np.linalg.norm(vertices - here, axis=1) < STRIDE]
        best = near[np.argmax(near @ direction)]
        if np.linalg.norm(best - place) > reach:
            return None
        if best @ direction <= here @ direction:
            return np.asarray(here)
        here = best


def _root(surface: Surface, rough: np.ndarray, reach: float) -> np.ndarray | None:
    """Where the profile about the nasion lies furthest back, (3,); None where it does so nowhere within reach."""
    x, y = float(rough[0]), float(rough[1])
    line = profile(surface, x, y - reach - ROOT, y + reach + ROOT)
    side = round(ROOT / STEP)
    if len(line) <= 2 * side:
        return None
    along = np.arange(-side, side + 1) * STEP
    middles = np.arange(side, len(line) - side)
    curves = np.array([np.polyfit(along, line[at - side : at + side + 1, 1], 2) for at in middles])
    with np.errstate(divide="ignore", invalid="ignore"):
        drops = -curves[:, 1] / (2 * curves[:, 0])
    valleys = np.flatnonzero((curves[:, 0] > 0) & (np.abs(drops) <= STEP))
    if not len(valleys):
        return None
    places = line[middles[valleys], 0] + drops[valleys]
    best = np.abs(places - y).argmin()
    depth = np.interp(places[best], line[:, 0], line[:, 1])
    return np.array([x, places[best], depth])


def _on_profile(name: str, surface: Surface, places: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """A point of the profile, on the cut through where it was seen; None where its neighbours are missing."""
    above, below = NEIGHBOURS[name]
    if not {name, above, below} <= set(places):
        return None
    x, high, low = float(places[name][0]), places[above][1:], places[below][1:]
    line = profile(surface, x, float(low[0]), float(high[0]))
    if len(line) < 4:
        return None
    at = furthest(line, FORWARD[1:]) if name == "pogonion" else deepest(line, high, low)
    return np.array([x, *line[at]]) if 0 < at < len(line) - 1 else None


def _menton(surface: Surface, places: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Where the chin's profile has turned 60 degrees, (3,): on it or, where less of it was seen, on its circle."""
    if not {"pogonion", "menton"} <= set(places):
        return None
    x, top = float(places["menton"][0]), float(places["pogonion"][1])
    seen = surface.seen[surface.faces].all(axis=1)
    surface = Surface(surface.vertices, surface.faces[seen], surface.colours, surface.seen)
    lines = (profile(surface, x, top - drop, top) for drop in BELOW_THE_CHIN)
    line = next((one for one in lines if len(one)), np.zeros((0, 2)))
    line = line[line[:, 0] > line[:, 0].min(initial=top) + CURLED]
    if len(line) < CHIN:
        return None
    at = furthest(line, TURNED)
    if 0 < at < len(line) - 1:
        return np.array([x, *line[at]])
    (y, z, rest), *_ = np.linalg.lstsq(np.column_stack([2 * line, np.ones(len(line))]), (line**2).sum(axis=1))
    return np.array([x, *(np.array([y, z]) + np.sqrt(rest + y * y + z * z) * TURNED)])


NEIGHBOURS = {
    "subnasale": ("pronasale", "labiale_superius"),
    "stomion": ("labiale_superius", "labiale_inferius"),
    "sublabiale": ("labiale_inferius", "pogonion"),
    "pogonion": ("sublabiale", "menton"),
    "menton": ("pogonion", "menton"),
}
"""Between which points each is looked for, the upper one first, in this order. Below the menton nothing has a name."""
CHIN = 12
"""Places of the chin's profile by which its circle is known: 3 mm."""
