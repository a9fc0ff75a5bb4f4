"""The line in which a plane cuts a surface, and the profile of a face: the foremost of it at every height.

In: a surface that stands upright. Out: points along the cut. Knows no point's name.
"""

import numpy as np

from tasks.space.views import Surface

STEP = 0.25  # mm of height between the points of a profile
GAP = 25.0  # mm that a profile goes back at once where there is a hole: the back of the head shows


def cut(surface: Surface, x: float) -> np.ndarray:
    """Where triangles cross the plane at `x` mm: pieces of line (n, 2, 2), y and z of both ends, the lower first."""
    beyond = surface.vertices[surface.faces][..., 0] > x
    corners = surface.vertices[surface.faces[beyond.any(axis=1) & ~beyond.all(axis=1)]]
    one, other = corners, np.roll(corners, -1, axis=1)
    crosses = (one[..., 0] > x) != (other[..., 0] > x)  # two of each triangle's sides
    share = (x - one[crosses][:, 0]) / (other[crosses][:, 0] - one[crosses][:, 0])
    ends = one[crosses] + share[:, None] * (other[crosses] - one[crosses])
    pieces = ends[:, 1:].reshape(-1, 2, 2)
    return np.take_along_axis(pieces, np.argsort(pieces[..., 0], axis=1)[..., None], axis=1)


def profile(surface: Surface, x: float, low: float, high: float) -> np.ndarray:
    """The foremost line at `x` between two heights, (n, 2) y and z every STEP mm from below; empty in a hole."""
    pieces = cut(surface, x)
    heights = np.arange(low, high, STEP)
    foremost = np.full(len(heights), -np.inf)
    for (y, z), (top, far) in pieces[(pieces[:, 1, 0] >= low) & (pieces[:, 0, 0] <= high)]:
        first, last = np.searchsorted(heights, [y, top])
        across = z + (far - z) * (heights[first:last] - y) / max(top - y, 1e-12)
        foremost[first:last] = np.maximum(foremost[first:last], across)
    if not len(heights) or not np.isfinite(foremost).all() or np.abs(np.diff(foremost)).max(initial=0) > GAP:
        return np.zeros((0, 2))
    return np.column_stack([heights, foremost])


def deepest(line: np.ndarray, one: np.ndarray, other: np.ndarray) -> int:
    """The point of a line (n, 2) furthest behind the chord from `one` to `other`, y and z."""
    along = other - one
    behind = along[0] * (line[:, 1] - one[1]) - along[1] * (line[:, 0] - one[0])
    return int(np.argmin(behind * np.sign(along[0])))


def furthest(line: np.ndarray, direction: np.ndarray) -> int:
    """The point of a line (n, 2) furthest in a direction, y and z."""
    return int(np.argmax(line @ direction))
