"""An upright surface as it is seen from straight ahead and far away: how far forward it lies at every place.

In: an upright surface. Out: a map of z over x and y. What lies behind something else, inside the mouth or the nostrils,
is not on it.
"""

from typing import NamedTuple

import numpy as np

from tasks.space.render import render
from tasks.space.views import Camera, Surface

STEP = 0.5  # mm between the places of a map
REACH = 140.0  # mm to each side of the origin, upwards and downwards
FAR = 1e7  # mm: the camera stands there, so that it sees straight ahead everywhere
BEHIND = 2.0  # mm that a vertex may lie behind the map, and still be seen


class Front(NamedTuple):
    """z of the foremost surface; its rows go downwards from +REACH, its columns to the patient's left from -REACH."""

    z: np.ndarray  # (n, n) mm, NaN where there is none
    x: np.ndarray  # (n,) mm of its columns
    y: np.ndarray  # (n,) mm of its rows

    def at(self, places: np.ndarray) -> np.ndarray:
        """z at places (N, 3), (N,); NaN beyond the map."""
        column, row = np.rint((places[:, :2] * [1, -1] + REACH) / STEP).astype(int).T
        known = (column >= 0) & (row >= 0) & (column < len(self.x)) & (row < len(self.y))
        return np.where(known, self.z[row.clip(0, len(self.y) - 1), column.clip(0, len(self.x) - 1)], np.nan)

    def across(self, x: np.ndarray) -> np.ndarray:
        """z of every row at these x (k,), between the columns, (n, k); NaN beside a hole and beyond the map."""
        place = (x + REACH) / STEP
        first = np.floor(place).astype(int)
        share, inside = place - first, (first >= 0) & (first < len(self.x) - 1)
        column = first.clip(0, len(self.x) - 2)
        return np.where(inside, self.z[:, column] * (1 - share) + self.z[:, column + 1] * share, np.nan)

    def shows(self, places: np.ndarray) -> np.ndarray:
        """Which places (N, 3) of the surface are seen from the front, (N,) bool."""
        return np.asarray(places[:, 2] > self.at(places) - BEHIND)


def front_of(surface: Surface) -> Front:
    """The map of a surface that stands upright, the origin in the middle of its face."""
    camera = camera_ahead(np.zeros(2), reach=REACH, step=STEP)
    along = np.linspace(-REACH, REACH, camera.width)
    return Front(FAR - render(surface, camera).depth, along, -along)


def camera_ahead(middle: np.ndarray, *, reach: float, step: float) -> Camera:
    """The camera that sees a square about x and y (2,) straight ahead, `reach` mm to each side, `step` mm per pixel."""
    count = round(2 * reach / step) + 1
    focal, centre = FAR / step, (count - 1) / 2
    matrix = np.array([[focal, 0, centre], [0, focal, centre], [0, 0, 1]])
    return Camera(matrix, np.diag([1.0, -1, -1]), np.array([-middle[0], middle[1], FAR]), count, count)
