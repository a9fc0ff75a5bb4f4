"""What of a surface is the face: background, loose pieces and shoulders are cut away.

In: a surface, and points of the face in three dimensions where there are any. Out: a part of the surface. Around
landmarks the part within `margin` of their convex hull is kept; without landmarks the ball in which the surface was
looked for is all that is known. Of what remains the largest piece that was seen is kept.
Does not know hair by its look: hair that pairs agreed on within the margin stays, as a surface of its own resolution.
"""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull

from tasks.errors import InputError
from tasks.space.views import Surface
from tasks.surface.meshing import part


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
    planes = ConvexHull(landmarks).equations
    beyond = (surface.vertices @ planes[:, :3].T + planes[:, 3]).max(axis=1)
    if not (beyond <= margin)[surface.faces].all(axis=1).any():
        raise InputError(f"no surface within {margin:g} mm of the landmarks")
    return cut(surface, beyond <= margin)
