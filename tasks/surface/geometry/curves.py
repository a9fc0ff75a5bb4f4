"""Lengths along a surface: the shortest way between two places on it.

In: a surface and places. Out: the way. The shortest path over edges is drawn tight on the surface, as a thread would
be; over edges alone it would be some 5 % too long.
"""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from tasks.space.views import Surface
from tasks.surface.geometry.nearest_points import Finder, edges

PIECES, PULLS = (6, 12, 24), 12  # of a thread: first a few long pieces, then short ones; pulls at each


def part(surface: Surface, keep: np.ndarray) -> Surface:
    """The triangles all of whose vertices, (V,) bool, are kept."""
    faces = surface.faces[keep[surface.faces].all(axis=1)]
    used, numbers = np.unique(faces, return_inverse=True)
    renamed = numbers.reshape(-1, 3).astype(np.int32)
    return Surface(surface.vertices[used], renamed, surface.colours[used], surface.seen[used])


def thread(
    surface: Surface,
    one: np.ndarray,  # (3,)
    other: np.ndarray,  # (3,)
) -> np.ndarray:
    """The shortest way on the surface, (n, 3). ValueError where a hole lies between the two."""
    middle, radius = (one + other) / 2, 0.8 * float(np.linalg.norm(other - one)) + 5
    near = part(surface, np.linalg.norm(surface.vertices - middle, axis=1) < radius)
    if not len(near.faces):
        raise ValueError("the surface has a hole between its points")
    finder = Finder(near)
    way = np.vstack([one, near.vertices[_over_edges(near, one, other)], other])
    for pieces in PIECES:
        for _ in range(PULLS):
            way = _spread(way, pieces)
            way[1:-1] = finder.nearest((way[:-2] + way[2:]) / 2).places
    return way


def length(way: np.ndarray) -> float:
    """Of a line (n, 3), in its unit."""
    return float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum())


def _over_edges(surface: Surface, one: np.ndarray, other: np.ndarray) -> list[int]:
    """The vertices of the shortest path over edges."""
    pairs, _ = edges(surface)
    lengths = np.linalg.norm(surface.vertices[pairs[:, 0]] - surface.vertices[pairs[:, 1]], axis=1)
    count = len(surface.vertices)
    graph = coo_matrix((lengths, pairs.T), shape=(count, count))
    start, end = (int(np.linalg.norm(surface.vertices - own, axis=1).argmin()) for own in (one, other))
    far, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
    if not np.isfinite(far[end]):
        raise ValueError("the surface has a hole between its points")
    path = [end]
    while path[-1] != start:
        path.append(int(before[path[-1]]))
    return path[::-1]


def _spread(way: np.ndarray, pieces: int) -> np.ndarray:
    """The same line with points evenly along it, (pieces + 1, 3)."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1))])
    wanted = np.linspace(0, along[-1], pieces + 1)
    return np.column_stack([np.interp(wanted, along, own) for own in way.T])
