"""The mid-sagittal plane of a head: the mirror in which most of its surface lies on itself.

In: a surface and its named points. Out: the plane. The surface is mirrored in a first plane, between the points of the
two sides; the mirror image is laid on the surface by iterated closest points, from point to plane; mirroring and moving
together are a reflection, whose plane is the next one, until it stays. What a cleft moved, a hole, or a cheek that no
photograph saw pulls at it little: pairs that do not fit are trimmed and weighed down. Points give the start alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from tasks.params.surface import MidPlane
from tasks.space.views import Point, Surface
from tasks.surface.geometry.nearest_points import Finder, vertex_normals

SIDES = ("right", "left")
TO_DEVIATIONS = 1.4826  # the median distance from the median, of a Gaussian, in standard deviations


@dataclass(frozen=True)
class Plane:
    """A plane, and how well the surface lies on its own mirror image."""

    normal: np.ndarray  # (3,) unit, towards the patient's left
    point: np.ndarray  # (3,) mm, on the plane
    shared: float  # 0..1: of the surface, what has a counterpart that fits
    residual: float  # mm: median distance of those

    def beyond(self, points: np.ndarray) -> np.ndarray:
        """How far points (..., 3) lie to the patient's left, mm."""
        return np.asarray((points - self.point) @ self.normal)

    def mirrored(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) in the mirror."""
        return np.asarray(points - 2 * self.beyond(points)[..., None] * self.normal)


def midsagittal(surface: Surface, points: Mapping[str, Point], *, settings: MidPlane) -> Plane:
    """The mid-sagittal plane. ValueError where no point is known on both sides, or too little of the surface fits."""
    plane, centre = between(points)
    near = np.linalg.norm(surface.vertices - centre, axis=1) < settings.reach
    used = np.flatnonzero(near & np.isin(np.arange(len(near)), surface.faces))
    if len(used) < settings.fewest:
        raise ValueError(f"the surface has {len(used)} vertices within {settings.reach:g} mm of the face's points")
    chosen = used[:: max(1, len(used) // settings.most)]
    finder, normals = Finder(surface), vertex_normals(surface)
    vertices, facing = surface.vertices[chosen], normals[chosen]
    for step in range(settings.steps):
        gate = max(settings.last_gate, settings.first_gate * settings.shrink**step)
        following = _step(plane, finder, vertices, facing, gate, settings)
        settled = gate == settings.last_gate and _change(plane, following) < settings.settled
        plane = following
        if settled:
            break
    if plane.shared < settings.least_shared:
        raise ValueError(f"{plane.shared:.0%} of the surface fits its mirror image; {settings.least_shared:.0%} needed")
    return plane


def between(points: Mapping[str, Point]) -> tuple[Plane, np.ndarray]:
    """The plane midway between points of the two sides, and the middle of all points (3,)."""
    known = {name: point.position for name, point in points.items() if point.position is not None}
    names = [name.removesuffix("_left") for name in known if name.endswith("_left")]
    pairs = [(known[f"{name}_right"], known[f"{name}_left"]) for name in names if f"{name}_right" in known]
    if not pairs:
        raise ValueError("no point is known on both sides; place both cheilia or both endocanthia by hand")
    right, left = np.array(pairs).swapaxes(0, 1)
    across = np.sum(left - right, axis=0)
    normal = across / np.linalg.norm(across)
    middles = (right + left) / 2
    point = np.median(middles @ normal) * normal
    middle = np.mean(list(known.values()), axis=0)
    return Plane(normal, middle - normal * (middle @ normal - point @ normal), 0.0, np.inf), middle


def _step(
    plane: Plane, finder: Finder, vertices: np.ndarray, facing: np.ndarray, gate: float, settings: MidPlane
) -> Plane:
    """One round: mirror, move the mirror image onto the surface, and the plane of both together."""
    moved, turned = plane.mirrored(vertices), facing - 2 * np.outer(facing @ plane.normal, plane.normal)
    found = finder.nearest(moved)
    off = np.einsum("ij,ij->i", moved - found.places, found.normals)
    alike = np.einsum("ij,ij->i", turned, found.normals) > settings.least_cosine
    fits = alike & ~found.rim & (np.linalg.norm(moved - found.places, axis=1) < gate)
    if fits.sum() < 6:
        return Plane(plane.normal, plane.point, 0.0, np.inf)
    size = np.abs(off[fits])
    fits[fits] = size <= np.quantile(size, 1 - settings.trimmed)
    scale = max(settings.least_scale, TO_DEVIATIONS * float(np.median(np.abs(off[fits]))))
    weights = np.where(fits, np.maximum(0, 1 - (off / (settings.tolerance * scale)) ** 2) ** 2, 0)
    rotation, shift, centre = _rigid(moved, found.places, found.normals, weights)
    mirror = rotation @ (np.eye(3) - 2 * np.outer(plane.normal, plane.normal))
    normal = _axis(mirror, plane.normal)
    middle = np.average(vertices, axis=0, weights=weights)
    image = rotation @ (plane.mirrored(middle) - centre) + centre + shift
    return Plane(normal, (middle + image) / 2, float((weights > 0).mean()), float(np.median(np.abs(off[weights > 0]))))


def _rigid(
    moved: np.ndarray, places: np.ndarray, normals: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The small motion that brings `moved` to the planes through `places`: rotation about a centre, and a shift."""
    centre = np.average(moved, axis=0, weights=weights)
    columns = np.column_stack([np.cross(moved - centre, normals), normals])
    wanted = np.einsum("ij,ij->i", places - moved, normals)
    matrix = columns.T @ (weights[:, None] * columns)
    solved = np.linalg.lstsq(matrix, columns.T @ (weights * wanted), rcond=1e-9)[0]
    return Rotation.from_rotvec(solved[:3]).as_matrix(), solved[3:], centre


def _axis(mirror: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The direction that a reflection, turned about itself or not, turns round; on the side of `before`."""
    values, vectors = np.linalg.eig(mirror)
    axis = np.real(vectors[:, np.argmin(np.abs(values + 1))])
    return np.asarray(axis / np.linalg.norm(axis) * np.sign(axis @ before))


def _change(one: Plane, other: Plane) -> float:
    """How far two planes lie apart near the face, mm: at their points, and 100 mm away by their angle."""
    angle = np.arccos(np.clip(one.normal @ other.normal, -1, 1))
    return float(abs(one.beyond(other.point)) + 100 * angle)
