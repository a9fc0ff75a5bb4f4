"""Two surfaces as one: a measured face, and what a template filled of it, for whoever shows or stores both.

In: surfaces. Out: one whose first vertices and triangles are those of the first.
"""

import numpy as np

from tasks.space.views import Surface


def joined(surface: Surface, filled: Surface | None) -> Surface:
    """Both, side by side; the first alone where there is no other."""
    if filled is None:
        return surface
    return Surface(
        np.concatenate([surface.vertices, filled.vertices]),
        np.concatenate([surface.faces, filled.faces + len(surface.vertices)]).astype(np.int32),
        np.concatenate([surface.colours, filled.colours]),
        np.concatenate([surface.seen, filled.seen]),
    )


def parted(surface: Surface, vertices: int) -> tuple[Surface, Surface | None]:
    """What `joined` joined: the first has so many vertices."""
    if vertices == len(surface.vertices):
        return surface, None
    own = surface.faces[:, 0] < vertices
    halves = (slice(None, vertices), own, 0), (slice(vertices, None), ~own, vertices)
    first, second = (
        Surface(surface.vertices[part], surface.faces[which] - shift, surface.colours[part], surface.seen[part])
        for part, which, shift in halves
    )
    return first, second
