"""Loop's subdivision of triangles as a matrix: one step finer and smoother (Loop 1987).

In: triangles. Out: four times as many, and the matrix that makes the new vertices (or whatever else vertices carry) of
the old ones. New vertex numbers: the old ones first, then one for each edge in the order of its two ends.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

END, OPPOSITE = 3 / 8, 1 / 8
RIM, NEIGHBOUR = 3 / 4, 1 / 8


@dataclass(frozen=True)
class Finer:
    """One step of subdivision."""

    matrix: csr_array  # (V + E, V): new vertices of old ones
    faces: np.ndarray  # (4 F, 3) int32
    edges: np.ndarray  # (E, 2) the ends of each edge, the lower number first


def finer(
    faces: np.ndarray,  # (F, 3); every edge lies in one triangle or in two
    count: int,  # of vertices, each in some triangle
) -> Finer:
    """The step for these triangles; an edge of one triangle alone is a rim and stays on itself."""
    sides = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    edges, place, times = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    place, rim = place.ravel(), times == 1
    opposite = faces[:, [2, 0, 1]].T.ravel()
    middle = count + np.arange(len(edges))
    odd = [
        (np.repeat(middle, 2), edges.ravel(), np.repeat(np.where(rim, 0.5, END), 2)),
        (middle[place], opposite, np.where(rim[place], 0.0, OPPOSITE)),
    ]
    rows, columns, shares = (np.concatenate(parts) for parts in zip(*odd, *_even(edges, rim, count), strict=True))
    matrix = coo_array((shares, (rows, columns)), shape=(count + len(edges), count)).tocsr()
    a, b, c = faces.T
    ab, bc, ca = middle[place].reshape(3, -1)
    parts = [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
    return Finer(matrix, np.concatenate([np.column_stack(part) for part in parts]).astype(np.int32), edges)


def _even(edges: np.ndarray, rim: np.ndarray, count: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Rows, columns and shares of the old vertices' new places."""
    on_rim = np.zeros(count, bool)
    on_rim[edges[rim]] = True
    ends, others = np.concatenate([edges, edges[:, ::-1]]).T
    of_rim = np.concatenate([rim, rim])
    valence = np.bincount(ends, minlength=count)
    each = (5 / 8 - (3 / 8 + np.cos(2 * np.pi / valence) / 4) ** 2) / valence
    own = np.where(on_rim, RIM, 1 - valence * each)
    share = np.where(on_rim[ends], np.where(of_rim, NEIGHBOUR, 0.0), each[ends])
    return [(np.arange(count), np.arange(count), own), (ends, others, share)]
