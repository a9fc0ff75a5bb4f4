"""A surface cut at a plane, and the face that one half and its mirror image make.

In: a surface, a plane. Out: the half on one side, cut exactly; or that half and its mirror image. Knows no face.
"""

import numpy as np

from tasks.space.views import Surface


def cut(surface: Surface, normal: np.ndarray, origin: np.ndarray) -> Surface:
    """The part of the surface on the side to which `normal` (3,) points from `origin` (3,); edges end on the plane."""
    height = (surface.vertices - origin) @ normal
    corners = height[surface.faces] >= 0
    count = corners.sum(axis=1)
    whole = surface.faces[count == 3]
    one, two = _turned(surface.faces, corners), _turned(surface.faces, ~corners)
    edges = np.concatenate([one[:, [0, 1]], one[:, [0, 2]], two[:, [0, 1]], two[:, [0, 2]]])
    ends, which = np.unique(np.sort(edges, axis=1), axis=0, return_inverse=True)
    new = which.reshape(-1) + len(surface.vertices)
    a, b, c, d = np.split(new, np.cumsum([len(one), len(one), len(two)]))
    tips = np.column_stack([one[:, 0], a, b])
    lower, upper = np.column_stack([two[:, 1], two[:, 2], d]), np.column_stack([two[:, 1], d, c])
    share = height[ends[:, 0]] / (height[ends[:, 0]] - height[ends[:, 1]])
    return _tidy(_with(surface, ends, share), np.concatenate([whole, tips, lower, upper]))


def doubled(surface: Surface, normal: np.ndarray, origin: np.ndarray) -> Surface:
    """The half to which `normal` (3,) points and its mirror image: an even face."""
    half = cut(surface, normal, origin)
    unit = normal / np.linalg.norm(normal)
    mirrored = half.vertices - 2 * ((half.vertices - origin) @ unit)[:, None] * unit
    return Surface(
        np.concatenate([half.vertices, mirrored]),
        np.concatenate([half.faces, half.faces[:, ::-1] + len(half.vertices)]).astype(np.int32),
        np.concatenate([half.colours, half.colours]),
        np.concatenate([half.seen, half.seen]),
    )


def _turned(faces: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Faces of whose corners one alone is chosen, turned so that it comes first."""
    alone = chosen.sum(axis=1) == 1
    first = chosen[alone].argmax(axis=1)
    return np.take_along_axis(faces[alone], (first[:, None] + np.arange(3)) % 3, axis=1)


def _with(surface: Surface, ends: np.ndarray, share: np.ndarray) -> Surface:
    """The surface with a vertex more on each edge between `ends` (E, 2), at a share (E,) of the way."""
    weight = share[:, None]
    places, colours = surface.vertices[ends], surface.colours[ends].astype(float)
    mixed = np.rint((1 - weight) * colours[:, 0] + weight * colours[:, 1]).astype(np.uint8)
    return Surface(
        np.concatenate([surface.vertices, (1 - weight) * places[:, 0] + weight * places[:, 1]]),
        surface.faces,
        np.concatenate([surface.colours, mixed]),
        np.concatenate([surface.seen, surface.seen[ends].all(axis=1)]),
    )


def _tidy(surface: Surface, faces: np.ndarray) -> Surface:
    """The surface of these faces alone, without those that have no area and vertices that none of them has."""
    a, b, c = (surface.vertices[faces[:, corner]] for corner in range(3))
    faces = faces[np.cross(b - a, c - a).any(axis=1)]
    used, numbers = np.unique(faces, return_inverse=True)
    return Surface(
        surface.vertices[used],
        numbers.reshape(-1, 3).astype(np.int32),
        surface.colours[used],
        surface.seen[used],
    )
