"""What of a surface is the face: background, loose pieces and shoulders are cut away.

In: a surface, and points of the face in three dimensions where there are any. Out: a part of the surface: the largest
piece that was seen, what lies within a margin of the landmarks' convex hull, or that with cheeks, jaw and ears.
Does not know hair by its look: hair that pairs agreed on within the margin stays, as a surface of its own resolution.
"""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull

from tasks.errors import InputError
from tasks.space.views import Surface
from tasks.surface.dense.meshing import part


def cut(
    surface: Surface,
    kept: np.ndarray,  # (V,) bool
) -> Surface:
    """The triangles all of whose corners are kept."""
    vertices, faces, numbers = part(surface.vertices, surface.faces, kept)
    return Surface(vertices, faces, surface.colours[numbers], surface.seen[numbers])


def pieces(
    vertices: int,
    faces: np.ndarray,  # (F, 3)
) -> np.ndarray:
    """The number of the connected piece to which each vertex belongs, (V,)."""
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    joined = coo_matrix((np.ones(len(ends), dtype=bool), (ends[:, 0], ends[:, 1])), shape=(vertices, vertices))
    return np.asarray(connected_components(joined, directed=False)[1])


def largest(surface: Surface) -> Surface:
    """The piece with most seen vertices. InputError where nothing was seen."""
    if not surface.seen.any():
        raise InputError("no part of the surface was seen in a photograph")
    which = pieces(len(surface.vertices), surface.faces)
    return cut(surface, which == np.bincount(which[surface.seen]).argmax())


def around(
    surface: Surface,
    landmarks: np.ndarray,  # (N, 3) mm, N >= 4, not in one plane
    *,
    margin: float,  # mm
) -> Surface:
    """The part within `margin` of the landmarks' convex hull. InputError where no surface is there."""
    kept = _beyond(surface, landmarks) <= margin
    if not kept[surface.faces].all(axis=1).any():
        raise InputError(f"no surface within {margin:g} mm of the landmarks")
    return cut(surface, kept)


def between_the_ears(
    surface: Surface,  # upright
    landmarks: np.ndarray,  # (N, 3) mm, as in `around`
    *,
    margin: float,  # mm above and below them
    aside: float,  # mm of their convex hull in every other direction
) -> Surface:
    """The part that has cheeks, jaw and ears, too, and no more of forehead and neck."""
    height, ends = surface.vertices[:, 1], landmarks[:, 1]
    kept = (_beyond(surface, landmarks) <= aside) & (height >= ends.min() - margin) & (height <= ends.max() + margin)
    return cut(surface, kept)


def _beyond(surface: Surface, landmarks: np.ndarray) -> np.ndarray:
    """How far each vertex lies outside the landmarks' convex hull, (V,) mm; inside it below 0."""
    planes = ConvexHull(landmarks).equations
    return np.asarray((surface.vertices @ planes[:, :3].T + planes[:, 3]).max(axis=1))
