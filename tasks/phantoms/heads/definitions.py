"""Where the field's definitions by an extreme lie on a drawn head: the tip of the nose, the deepest of the chin's fold.

In: a shape and the vertices of its named points. Out: places on it, between vertices. The line down the middle of the
template is followed whichever way a cleft moved it, and the nose's wing is made finer. Nothing is taken from
tasks.surface, whose points are measured against these. The vertical is the head's own y axis.
"""

from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from tasks.phantoms.heads.loops import finer
from tasks.phantoms.heads.template import template

STEP = 0.05  # mm between places along the line down the middle
WITHIN = 571
"""A vertex of the base mesh behind the upper lip: the line down the middle goes on to it, round the lip's lower end."""
UNDER = 574
"""... behind the lower lip."""
BROW = 237
"""... between the brows: the root of the nose lies between it and the tip."""
TURNED = 60.0  # degrees from the vertical by which the profile has turned at the menton
PATCH, WING, INWARD = 14.0, 8.0, 2.0  # mm about the wing's vertex: made finer; part of the wing; towards the middle
FINER = 2  # times
SIDEWAYS = 0.1  # by how much less the wing may face to its side than where it does most


def defined(vertices: np.ndarray, numbers: dict[str, int]) -> dict[str, np.ndarray]:
    """Places (3,) in mm of the points that an extreme defines, on a shape (V, 3) whose points are these vertices."""
    at = {name: vertices[number] for name, number in numbers.items()}
    found = {"pronasale": _furthest(_line(vertices, numbers["nasion"], numbers["subnasale"]))}
    found["nasion"] = _valley(_line(vertices, template().number(BROW), numbers["pronasale"]), at["nasion"])
    below = _line(vertices, numbers["pronasale"], numbers["labiale_superius"])
    found["subnasale"] = _deepest(below, found["pronasale"], at["labiale_superius"])
    fold = _line(vertices, numbers["labiale_inferius"], numbers["pogonion"])
    found["sublabiale"] = _deepest(fold, at["labiale_inferius"], at["pogonion"])
    chin = _line(vertices, numbers["sublabiale"], numbers["menton"])
    chin = chin[chin[:, 1] < found["sublabiale"][1]]
    if chin[0, 2] < chin[:, 2].max():  # a chin that only recedes has no foremost point
        found["pogonion"] = _furthest(chin)
    found["menton"] = _turned(_line(vertices, numbers["pogonion"], numbers["menton"]))
    upper = _line(vertices, numbers["labiale_superius"], template().number(WITHIN))
    lower = _line(vertices, numbers["labiale_inferius"], template().number(UNDER))
    found["stomion"] = (upper[upper[:, 1].argmin()] + lower[lower[:, 1].argmax()]) / 2
    mirrored = vertices[template().mirror] * [-1, 1, 1]
    wing = numbers["alare_left"]
    return found | {"alare_left": _wing(vertices, wing), "alare_right": _wing(mirrored, wing) * [-1, 1, 1]}


def _line(vertices: np.ndarray, first: int, last: int) -> np.ndarray:
    """The line down the middle between two of its vertices, (n, 3), smooth through those between them."""
    places = vertices[list(_way(first, last))]
    along = np.concatenate([[0], np.linalg.norm(np.diff(places, axis=0), axis=1).cumsum()])
    return np.asarray(CubicSpline(along, places)(np.arange(0, along[-1], STEP)))


@lru_cache(maxsize=1)
def _middle() -> csr_array:
    """The template's edges that lie on its mid-plane, by their length on the neutral head."""
    head = template()
    edges = np.unique(np.sort(head.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    edges = edges[(head.mirror[edges] == edges).all(axis=1)]
    length = np.linalg.norm(head.neutral[edges[:, 0]] - head.neutral[edges[:, 1]], axis=1)
    return coo_array((length, edges.T), shape=(len(head.mirror),) * 2).tocsr()


@lru_cache(maxsize=32)
def _way(first: int, last: int) -> tuple[int, ...]:
    """The vertices of the line down the middle between two of them."""
    _, before = dijkstra(_middle(), directed=False, indices=first, return_predecessors=True)
    way = [last]
    while way[-1] != first:
        way.append(int(before[way[-1]]))
    return tuple(reversed(way))


def _furthest(line: np.ndarray) -> np.ndarray:
    return np.asarray(line[line[:, 2].argmax()])


def _valley(line: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Where a line (n, 3) lies furthest back, walked down to from near `start`."""
    at, z = int(np.linalg.norm(line - start, axis=1).argmin()), line[:, 2]
    way = -1 if z[max(at - 1, 0)] < z[at] else 1
    while 0 < at + way < len(z) - 1 and z[at + way] < z[at]:
        at += way
    return np.asarray(line[at])


def _deepest(line: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """What of a line (n, 3) lies furthest behind the straight one between two places, seen from the side."""
    down = (lower - upper)[1:]
    away = line[:, 1:] - upper[1:]
    return np.asarray(line[(down[0] * away[:, 1] - down[1] * away[:, 0]).argmax()])


def _turned(line: np.ndarray) -> np.ndarray:
    """The first place at which a line down the chin has turned backwards by TURNED."""
    down, back = -np.gradient(line[:, 1:], axis=0).T
    turned = np.degrees(np.arctan2(back, down)) >= TURNED
    return np.asarray(line[turned.argmax() if turned.any() else -1])


@lru_cache(maxsize=1)
def _patch(centre: int) -> tuple[csr_array, np.ndarray, int]:
    """A finer patch about a vertex: its vertices of the template's (n, V), its triangles, the number of the centre."""
    head = template()
    near = np.linalg.norm(head.neutral - head.neutral[centre], axis=1) < PATCH
    used, faces = np.unique(head.faces[near[head.faces].all(axis=1)], return_inverse=True)
    rows = np.arange(len(used))
    matrix, faces = coo_array((np.ones(len(used)), (rows, used)), shape=(len(used), len(near))).tocsr(), faces
    faces = faces.reshape(-1, 3)
    for _ in range(FINER):
        step = finer(faces, matrix.shape[0])
        matrix, faces = (step.matrix @ matrix).tocsr(), step.faces
    return matrix, faces, int(np.searchsorted(used, centre))


def _wing(vertices: np.ndarray, centre: int) -> np.ndarray:
    """The middle of where the left wing faces straight to its side: a wall or a bulge, it is widest there."""
    matrix, faces, number = _patch(centre)
    places = matrix @ vertices
    across = np.cross(places[faces[:, 1]] - places[faces[:, 0]], places[faces[:, 2]] - places[faces[:, 0]])
    facing = across[:, 0] / np.linalg.norm(across, axis=1)
    middles = places[faces].mean(axis=1)
    near = np.linalg.norm(middles - places[number], axis=1) < WING
    near &= middles[:, 0] > places[number, 0] - INWARD
    best = np.flatnonzero(near)[facing[near].argmax()]
    top = near & (facing > facing[best] - SIDEWAYS)
    top &= _together(faces, top, best)
    weights = (facing - facing[best] + SIDEWAYS)[top] * np.linalg.norm(across, axis=1)[top]
    mean = np.average(middles[top], axis=0, weights=weights)
    return np.asarray(places[np.linalg.norm(places - mean, axis=1).argmin()])


def _together(faces: np.ndarray, chosen: np.ndarray, one: int) -> np.ndarray:
    """Which triangles hang together with `one` by those that were chosen, (F,) bool."""
    ends = faces[chosen]
    count = int(faces.max()) + 1
    links = coo_array((np.ones(ends.size), (ends.ravel(), np.roll(ends, 1, axis=1).ravel())), shape=(count, count))
    _, group = connected_components(links, directed=False)
    return np.asarray(group[faces[:, 0]] == group[faces[one, 0]])
