"""Two ways to carry moved points into a picture: a triangle mesh (as published) and a smooth field.

In: landmarks or control points and where they go. Out: for every pixel of a window, where it comes from
(a backward map for cv2.remap), and whether anything folded. Rosero et al. 2025, Methods, "CLP
Transformation" and Figure 2: the face is triangulated by its landmarks and areas around the lips are warped.
Does not know what a cleft is, nor which points ought to move.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import Delaunay

INNER_CORNERS = (60, 64)
"""Left out of the mesh: they lie on top of the commissures 48 and 54 and make slivers."""
INNER_PAIRS = ((61, 67), (62, 66), (63, 65))
"""Upper and lower inner lip; one vertex each pair when the lips are closed."""
ANCHORS_PER_SIDE = 4
FIXED_POINT_STEPS = 8


@dataclass(frozen=True)
class Window:
    """A rectangle of the picture: left and top included, right and bottom not, in pixels."""

    left: int
    top: int
    right: int
    bottom: int

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """x and y of every pixel, each (h, w) float32."""
        return np.meshgrid(
            np.arange(self.left, self.right, dtype=np.float32), np.arange(self.top, self.bottom, dtype=np.float32)
        )


@dataclass(frozen=True)
class Mesh:
    """Triangles over merged landmarks and border anchors. `share` turns 68 displacements into the vertices' own."""

    vertices: np.ndarray  # (V, 2) px
    triangles: np.ndarray  # (T, 3) vertex numbers
    share: np.ndarray  # (V, 68) rows sum to 1; 0 for anchors

    def moved(self, displacement: np.ndarray) -> np.ndarray:
        """Vertices after (68, 2) landmark displacements."""
        return np.asarray(self.vertices + self.share @ displacement)


def triangulate(
    landmarks: np.ndarray,  # (68, 2) px
    width: int,
    height: int,
    *,
    closed_gap: float,
) -> Mesh:
    """Delaunay mesh of the landmarks and anchors along the picture's border.

    Pairs of inner-lip points nearer than `closed_gap` px are one vertex, which moves as their mean.
    """
    groups = [(i,) for i in range(61) if i not in INNER_CORNERS]
    for upper, lower in INNER_PAIRS:
        closed = np.hypot(*(landmarks[upper] - landmarks[lower])) < closed_gap
        groups += [(upper, lower)] if closed else [(upper,), (lower,)]  # type: ignore[list-item]
    anchors = _anchors(landmarks, width, height)
    share = np.zeros((len(groups) + len(anchors), 68))
    for i, group in enumerate(groups):
        share[i, list(group)] = 1 / len(group)
    vertices = share @ landmarks
    vertices[len(groups) :] = anchors
    return Mesh(vertices, Delaunay(vertices).simplices, share)


def _anchors(landmarks: np.ndarray, width: int, height: int) -> np.ndarray:
    """Points around the border of the picture, or of the face where that reaches farther."""
    low = np.minimum(landmarks.min(axis=0) - 2, [0, 0])
    high = np.maximum(landmarks.max(axis=0) + 2, [width - 1, height - 1])
    t = np.linspace(0, 1, ANCHORS_PER_SIDE, endpoint=False)[:, None]
    corners = np.array([low, [high[0], low[1]], high, [low[0], high[1]]])
    return np.concatenate([a + t * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])


def signed_areas(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Twice the signed area of each triangle, px^2."""
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    return np.asarray((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]))


def least_area_ratio(mesh: Mesh, displacement: np.ndarray) -> float:
    """The smallest triangle's signed area after, over before: 1 where nothing moves, at most 0 where one folds."""
    before = signed_areas(mesh.vertices, mesh.triangles)
    after = signed_areas(mesh.moved(displacement), mesh.triangles)
    return float((after / before).min())


def mesh_map(mesh: Mesh, displacement: np.ndarray, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Backward map of the piecewise-affine warp over the window: source x and y, each (h, w) float32.

    Only triangles with a moved corner are visited; elsewhere the map is the identity.
    """
    map_x, map_y = window.grid()
    after = mesh.moved(displacement)
    for triangle in mesh.triangles:
        if not np.allclose(after[triangle], mesh.vertices[triangle], atol=1e-9):
            _fill(map_x, map_y, after[triangle], mesh.vertices[triangle], window)
    return map_x, map_y


def _fill(map_x: np.ndarray, map_y: np.ndarray, after: np.ndarray, before: np.ndarray, window: Window) -> None:
    """Write the affine map of one triangle into its pixels."""
    x0, y0 = np.maximum(np.floor(after.min(axis=0)).astype(int), [window.left, window.top])
    x1, y1 = np.minimum(np.ceil(after.max(axis=0)).astype(int) + 1, [window.right, window.bottom])
    if x0 >= x1 or y0 >= y1:
        return
    x, y = np.meshgrid(np.arange(x0, x1), np.arange(y0, y1))
    to_weights = np.linalg.inv(np.vstack([after.T, np.ones(3)]))
    weights = np.tensordot(to_weights, np.stack([x, y, np.ones_like(x)]), axes=1)
    inside = (weights > -1e-9).all(axis=0)
    rows, columns = np.nonzero(inside)
    source = before.T @ weights[:, inside]
    map_x[rows + y0 - window.top, columns + x0 - window.left] = source[0]
    map_y[rows + y0 - window.top, columns + x0 - window.left] = source[1]


@dataclass(frozen=True)
class Field:
    """A smooth displacement: Gaussian bumps that together move each centre by exactly what was asked of it."""

    centres: np.ndarray  # (n, 2) px
    weights: np.ndarray  # (n, 2) px
    reach: float  # standard deviation of the bumps, px

    def at(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Displacement at pixels x, y (any one shape), float32."""
        dx, dy = np.zeros_like(x), np.zeros_like(y)
        for (cx, cy), (wx, wy) in zip(self.centres.astype(np.float32), self.weights.astype(np.float32), strict=True):
            bump = np.exp(((x - cx) ** 2 + (y - cy) ** 2) * np.float32(-0.5 / self.reach**2))
            dx += wx * bump
            dy += wy * bump
        return dx, dy


def smooth_field(
    centres: np.ndarray,  # (n, 2) px
    displacement: np.ndarray,  # (n, 2) px
    reach: float,
) -> Field:
    """The field through the centres' displacements (ridge 0.05, so that near centres do not fight)."""
    squared = ((centres[:, None] - centres[None]) ** 2).sum(axis=2)
    kernel = np.exp(-0.5 * squared / reach**2) + 0.05 * np.eye(len(centres))
    return Field(centres, np.linalg.solve(kernel, displacement), reach)


def field_map(field: Field, window: Window) -> tuple[np.ndarray, np.ndarray, float]:
    """Backward map over the window, found by fixed-point steps, and the least Jacobian of the forward map.

    A least Jacobian of 0 or below means a fold; the map is then of no use.
    """
    x, y = window.grid()
    dx, dy = field.at(x, y)
    dxy, dxx = np.gradient(dx)
    dyy, dyx = np.gradient(dy)
    jacobian = float(((1 + dxx) * (1 + dyy) - dxy * dyx).min())
    source_x, source_y = x - dx, y - dy
    for _ in range(FIXED_POINT_STEPS):
        at_x, at_y = source_x - window.left, source_y - window.top
        source_x = x - cv2.remap(dx, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        source_y = y - cv2.remap(dy, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return source_x, source_y, jacobian
