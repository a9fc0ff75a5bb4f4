"""Points of a head by their geometry, where that says more than a detector: the tip of the nose is furthest forward.

In: an upright surface and rough points. Out: the points where the surface has them. Those of the nose's wings and
columella are found by tasks.surface.wings, the tip and the profile's here. Does not know photographs.
"""

from collections.abc import Mapping

import numpy as np

from tasks.space.views import Surface
from tasks.surface.named import SIDES, side_of
from tasks.surface.nearest import edges
from tasks.surface.profile import deepest, furthest, profile
from tasks.surface.wings import base, columella, widest

FORWARD = np.array([0.0, 0, 1])
STRIDE = 3.0  # mm: how far the next place may lie on the way to a tip
BELOW_THE_CHIN = np.arange(15.0, -5, -1)
"""mm below where the menton was seen to which its profile goes, if not into the neck."""
WAYS = {
    "pogonion": np.array([0.0, 1.0]),
    "menton": np.array([-np.sin(np.radians(60)), np.cos(np.radians(60))]),
}
"""Points of the profile that lie furthest in a direction, of y and z: menton's is where it has turned 60 degrees."""


def defined(
    surface: Surface,  # upright
    rough: Mapping[str, np.ndarray],  # name: (3,) mm in the head's frame
    *,
    reach: float,  # mm from the rough place within which a point is looked for
    smoothing: int,  # rounds of averaging neighbours before anything is looked for
) -> dict[str, np.ndarray]:
    """The points that the surface itself tells, by name, (3,) each; absent where it does not, or has a hole."""
    calm = smoothed(surface, smoothing)
    found: dict[str, np.ndarray] = {}
    if "pronasale" in rough and (tip := _furthest(calm, rough["pronasale"], FORWARD, reach)) is not None:
        found["pronasale"] = tip
    for side in SIDES:
        found |= _wing(calm, rough, side, reach)
    start = dict(rough)
    if "subnasale" in rough and (middle := columella(calm, rough["subnasale"])) is not None:
        start["subnasale"] = np.array([middle, *rough["subnasale"][1:]])
    for name in NEIGHBOURS:
        place = _on_profile(name, calm, {**start, **found})
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


def _on_profile(name: str, surface: Surface, places: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """A point of the profile, on the cut through where it was seen; None where its neighbours are missing."""
    above, below = NEIGHBOURS[name]
    if not {name, above, below} <= set(places):
        return None
    x, high, low = float(places[name][0]), places[above][1:], places[below][1:]
    drops = BELOW_THE_CHIN if name == "menton" else (0.0,)
    lines = (profile(surface, x, float(low[0]) - drop, float(high[0])) for drop in drops)
    line = next((one for one in lines if len(one)), np.zeros((0, 2)))
    if len(line) < 4:
        return None
    at = furthest(line, WAYS[name]) if name in WAYS else deepest(line, high, low)
    return np.array([x, *line[at]]) if 0 < at < len(line) - 1 else None


NEIGHBOURS = {
    "subnasale": ("pronasale", "labiale_superius"),
    "stomion": ("labiale_superius", "labiale_inferius"),
    "sublabiale": ("labiale_inferius", "pogonion"),
    "pogonion": ("sublabiale", "menton"),
    "menton": ("pogonion", "menton"),
}
"""Between which points each is looked for, the upper one first, in this order. Below the menton nothing has a name."""
