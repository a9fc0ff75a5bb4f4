"""The nose's wings, their bases and the columella, as the surface has them.

In: an upright surface and where its points roughly are. Out: places on it. A wing is widest where it faces straight to
its side: often it is a wall there, and no single place lies furthest out. Below that, seen from the side and below, its
base is the deepest place of the angle with lip and cheek. The columella's middle is where what lies to its right and
left is most alike, seen from below. Models of landmarks show all three as if the nose were even. Knows no photographs.
"""

import numpy as np
from scipy.spatial.transform import Rotation

from tasks.space.views import Surface
from tasks.surface.geometry.front_view import Front, front_of
from tasks.surface.geometry.nearest_points import Finder, vertex_areas, vertex_normals
from tasks.surface.geometry.profile_line import deepest

SIDEWAYS = 0.1  # by how much less a wing may face to its side than where it does most
INWARD, WING = 3.0, 6.0  # mm that a wing may lie nearer the middle than was seen; from its widest place
TURN, BELOW = 30.0, -20.0  # degrees to the side and up from which a base is seen
DROP = 12.0  # mm below the widest place, as it is seen from there
GAP = 5.0  # mm that the surface goes back at once where there is a hole
FROM_BELOW = 15.0  # degrees from which the columella is seen
COLUMELLA = (4.0, 9.0)  # mm above the subnasale, as it is seen from there
BESIDE = 7.0  # mm to each side of the columella
MOST = 2.0  # mm of difference; what differs by more differs by so much
ASIDE = 6.0  # mm from where it was seen
STEP = 0.25  # mm


def widest(
    surface: Surface,  # upright, smoothed
    rough: np.ndarray,  # (3,) mm
    side: int,  # 1: the patient's left, -1
    reach: float,  # mm
) -> np.ndarray | None:
    """The widest place of a wing, (3,); None where nothing within reach faces its side."""
    facing = side * vertex_normals(surface)[:, 0]
    away = np.linalg.norm(surface.vertices - rough, axis=1)
    near = (away < reach) & (side * (surface.vertices[:, 0] - rough[0]) > -INWARD)
    if not near.any():
        return None
    best = np.flatnonzero(near)[facing[near].argmax()]
    near &= np.linalg.norm(surface.vertices - surface.vertices[best], axis=1) < WING
    weights = np.where(near, np.maximum(facing - facing[best] + SIDEWAYS, 0), 0) * vertex_areas(surface)
    if facing[best] < np.cos(np.pi / 4) or weights.sum() <= 0:
        return None
    middle = np.average(surface.vertices, axis=0, weights=weights)
    return np.asarray(Finder(surface).nearest(middle[None]).places[0])


def base(
    surface: Surface,  # upright, smoothed
    wing: np.ndarray,  # (3,) mm: its widest place
    side: int,
) -> np.ndarray | None:
    """The base of a wing, (3,): the deepest place of the angle below it; None in a hole or where there is no angle."""
    rotation = Rotation.from_euler("yx", [-side * TURN, BELOW], degrees=True).as_matrix()
    seen = _seen(surface, wing, rotation)
    rows = np.flatnonzero((seen.y <= 0) & (seen.y >= -DROP))[::-1]
    line = np.column_stack([seen.y[rows], seen.z[rows, len(seen.x) // 2]])  # from below
    if not np.isfinite(line).all() or np.abs(np.diff(line[:, 1])).max() > GAP:
        return None
    at = deepest(line, line[-1], line[0])
    if not 0 < at < len(line) - 1:
        return None
    return np.asarray(np.array([0, *line[at]]) @ rotation + wing)


def columella(
    surface: Surface,  # upright, smoothed
    subnasale: np.ndarray,  # (3,) mm, roughly
) -> float | None:
    """x of the columella's middle, mm; None where there is a hole, or no middle within ASIDE."""
    seen = _seen(surface, subnasale, Rotation.from_euler("x", -FROM_BELOW, degrees=True).as_matrix())
    rows = seen.z[(seen.y >= COLUMELLA[0]) & (seen.y <= COLUMELLA[1])]
    beside = np.arange(STEP, BESIDE + STEP / 2, STEP)
    places = np.arange(-ASIDE, ASIDE + STEP / 2, STEP)
    differ = np.array([np.mean([_uneven(row, seen.x, at, beside) for row in rows]) for at in places])
    if not np.isfinite(differ).any():
        return None
    best = int(np.nanargmin(differ))
    return float(subnasale[0] + places[best]) if 0 < best < len(places) - 1 else None


def _seen(surface: Surface, place: np.ndarray, rotation: np.ndarray) -> Front:
    """The map of the surface about a place, turned."""
    return front_of(surface.moved(1.0, rotation, -rotation @ place))


def _uneven(row: np.ndarray, x: np.ndarray, at: float, beside: np.ndarray) -> float:
    """How much a row of a map differs from its own mirror image at a place, mm."""
    right, left = np.interp(at - beside, x, row), np.interp(at + beside, x, row)
    return float(np.minimum(np.abs(left - right), MOST).mean())
