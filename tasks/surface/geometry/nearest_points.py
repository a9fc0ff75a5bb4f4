"""Nearest points of a surface of triangles, its edge, its areas, and where rays meet it.

In: a surface. Out: for points in space the place on the triangles that is closest, and whether it lies on the rim of a
hole. Triangles are taken to be small beside what is asked: the closest one is looked for around the closest vertices.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from tasks.space.views import Surface

AROUND = 3  # closest vertices whose triangles are looked at
AT_ONCE = 10_000  # points: some 100 MB


class Nearest(NamedTuple):
    """The closest place on a surface of each point asked for."""

    places: np.ndarray  # (N, 3) mm
    normals: np.ndarray  # (N, 3) unit, of the triangle it lies on, outwards
    faces: np.ndarray  # (N,) number of that triangle
    rim: np.ndarray  # (N,) bool: that triangle has a corner on the rim of a hole


def face_normals(surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals (F, 3), outwards, and areas (F,) in mm2. A triangle without area has a normal of zeros."""
    a, b, c = (surface.vertices[surface.faces[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    length = np.linalg.norm(across, axis=1)
    return across / np.where(length > 0, length, 1)[:, None], length / 2


def vertex_areas(surface: Surface) -> np.ndarray:
    """A third of the area of a vertex's triangles, (V,) mm2: they sum to the surface's area."""
    areas = np.repeat(face_normals(surface)[1] / 3, 3)
    return np.bincount(surface.faces.ravel(), areas, len(surface.vertices))


def vertex_normals(surface: Surface) -> np.ndarray:
    """Unit normals (V, 3), outwards: the mean of a vertex's triangles by area; zeros where it has none."""
    normals, areas = face_normals(surface)
    weighted = np.repeat(normals * areas[:, None], 3, axis=0)
    corners = surface.faces.ravel()
    summed = np.column_stack([np.bincount(corners, own, len(surface.vertices)) for own in weighted.T])
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    return np.asarray(summed / np.where(length > 0, length, 1))


def edges(surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    """Every edge once, (E, 2) numbers of vertices, and of how many triangles it is a side, (E,)."""
    pairs = np.sort(surface.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    return found, counts


def on_rim(surface: Surface) -> np.ndarray:
    """Which vertices, (V,) bool, lie on the rim of a hole or of the surface."""
    found, counts = edges(surface)
    rim = np.zeros(len(surface.vertices), bool)
    rim[found[counts == 1]] = True
    return rim


class Finder:
    """A surface made ready for being asked for closest places."""

    def __init__(self, surface: Surface) -> None:
        self.surface, self.rim = surface, on_rim(surface)
        self.normals, _ = face_normals(surface)
        self.used = np.unique(surface.faces)  # a vertex without triangles is no part of the surface
        self.tree = cKDTree(surface.vertices[self.used])
        self.incident = _incident(surface)

    def nearest(self, points: np.ndarray) -> Nearest:
        """The closest places of points (N, 3); so many at once that memory does not grow with N."""
        parts = [self._nearest(points[start : start + AT_ONCE]) for start in range(0, max(len(points), 1), AT_ONCE)]
        return Nearest(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _nearest(self, points: np.ndarray) -> Nearest:
        near = self.used[self.tree.query(points, k=min(AROUND, len(self.used)))[1].reshape(len(points), -1)]
        faces = self.incident[near].reshape(len(points), -1)
        corners = self.surface.vertices[self.surface.faces[faces]]
        places = closest(points[:, None], corners)
        far = np.where(faces >= 0, ((places - points[:, None]) ** 2).sum(axis=2), np.inf)
        rows, best = np.arange(len(points)), far.argmin(axis=1)
        chosen = faces[rows, best]
        rim = self.rim[self.surface.faces[chosen]].any(axis=1)
        return Nearest(places[rows, best], self.normals[chosen], chosen, rim)


def _incident(surface: Surface) -> np.ndarray:
    """The triangles of each vertex, (V, most), filled up with -1."""
    corners = surface.faces.ravel()
    order = np.argsort(corners, kind="stable")
    counts = np.bincount(corners, minlength=len(surface.vertices))
    found = np.full((len(counts), max(1, int(counts.max(initial=0)))), -1)
    found[np.arange(found.shape[1]) < counts[:, None]] = order // 3
    return found


def closest(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The closest places (..., 3) to points (..., 3) on triangles (..., 3, 3)."""
    a = corners[..., 0, :]
    ab, ac, ap = corners[..., 1, :] - a, corners[..., 2, :] - a, points - a
    bb, cc, bc = _dot(ab, ab), _dot(ac, ac), _dot(ab, ac)
    pb, pc = _dot(ap, ab), _dot(ap, ac)
    area = bb * cc - bc * bc
    safe = np.where(area > 0, area, 1)
    v, w = (cc * pb - bc * pc) / safe, (bb * pc - bc * pb) / safe
    inside = (area > 0) & (v >= 0) & (w >= 0) & (v + w <= 1)
    on_ab, on_ac = _share(pb, bb), _share(pc, cc)
    on_bc = _share(_dot(points - a - ab, ac - ab), _dot(ac - ab, ac - ab))
    places = np.stack([a + on_ab * ab, a + on_ac * ac, a + ab + on_bc * (ac - ab)], axis=-2)
    far = ((places - points[..., None, :]) ** 2).sum(axis=-1)
    side = np.take_along_axis(places, far.argmin(axis=-1)[..., None, None], axis=-2)[..., 0, :]
    return np.where(inside[..., None], a + v[..., None] * ab + w[..., None] * ac, side)


def _dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("...i,...i->...", one, other))


def _share(along: np.ndarray, length: np.ndarray) -> np.ndarray:
    """How far along a side, 0..1."""
    return np.asarray((along / np.where(length > 0, length, 1)).clip(0, 1))[..., None]


def hits(
    surface: Surface,
    start: np.ndarray,  # (3,)
    direction: np.ndarray,  # (3,)
) -> np.ndarray:
    """How far along `direction` a straight line meets the surface, sorted, (n,); negative: behind `start`."""
    a, b, c = (surface.vertices[surface.faces[:, corner]] for corner in range(3))
    ab, ac = b - a, c - a
    across = np.cross(direction, ac)
    area = _dot(ab, across)
    with np.errstate(divide="ignore", invalid="ignore"):
        v = _dot(start - a, across) / area
        beside = np.cross(start - a, ab)
        w = beside @ direction / area
        along = _dot(beside, ac) / area
        met = (v >= -1e-9) & (w >= -1e-9) & (v + w <= 1 + 1e-9)
    return np.sort(along[met & np.isfinite(along)])
