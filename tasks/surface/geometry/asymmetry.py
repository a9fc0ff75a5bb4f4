"""How much fuller a face is on the one side than on the other: a signed map in mm, and what regions say of it.

In: a surface and its mid-sagittal plane. Out: for every vertex how far it lies outside the mirror image of the other
side, along its normal; nothing where the other side has a hole. "2.1 mm fuller on the left" is +2.1 on a vertex of the
left, and -2.1 on its counterpart. Does not know where the regions lie (tasks.surface.geometry.regions).
"""

from dataclasses import dataclass

import numpy as np

from tasks.params.surface import Asymmetry
from tasks.space.views import Surface
from tasks.surface.geometry.mid_plane import Plane
from tasks.surface.geometry.nearest_points import Finder, vertex_areas, vertex_normals


@dataclass(frozen=True)
class Evenness:
    """What the map says of one region."""

    rms: float | None  # mm, of all of it, weighted by area; None: nothing has a counterpart
    fuller: str | None  # "left" or "right": the patient's side that lies outside the other's mirror image, by its mean
    by: float | None  # mm: by how much, the mean of both sides; at least 0
    covered: float  # 0..1: the part of a side's area that has a counterpart; of the side that has less of it


def mirrored(surface: Surface, plane: Plane) -> Surface:
    """The mirror image; its triangles are turned round, so that they are seen from outside."""
    return Surface(plane.mirrored(surface.vertices), surface.faces[:, ::-1], surface.colours, surface.seen)


def asymmetry(surface: Surface, plane: Plane, *, settings: Asymmetry) -> np.ndarray:
    """Signed mm of every vertex, (V,); NaN where the other side has nothing to compare, or no photograph saw it."""
    other = mirrored(surface, plane)
    normals = vertex_normals(surface)
    found = Finder(other).nearest(surface.vertices)
    gap = surface.vertices - found.places
    cosine = np.einsum("ij,ij->i", normals, found.normals)
    distance = np.linalg.norm(gap, axis=1)
    along = np.einsum("ij,ij->i", gap, found.normals) / np.where(cosine > 0, cosine, 1)  # to the plane it lies in
    size = np.where(np.abs(along) < 2 * distance, np.abs(along), distance)
    values = np.where(along >= 0, size, -size)
    hidden = found.rim | ~surface.seen | ~surface.seen[surface.faces[found.faces]].all(axis=1)
    far = (distance > settings.furthest) | (cosine < settings.least_cosine)
    return np.where(hidden | far, np.nan, values)


def evenness(
    surface: Surface,
    plane: Plane,
    values: np.ndarray,  # (V,) of `asymmetry`
    region: np.ndarray,  # (V,) bool
) -> Evenness:
    """What the map says of a region."""
    areas = np.where(region, vertex_areas(surface), 0)
    known = areas * np.isfinite(values)
    if not known.sum():
        return Evenness(None, None, None, 0.0)
    filled = np.nan_to_num(values)
    rms = float(np.sqrt(known @ filled**2 / known.sum()))
    left = plane.beyond(surface.vertices) > 0
    means = [float(own @ filled / own.sum()) if own.sum() else np.nan for own in (known * left, known * ~left)]
    by = float(np.nanmean([means[0], -means[1]]))
    return Evenness(rms, "left" if by > 0 else "right" if by < 0 else None, abs(by), _covered(areas, known, left))


def _covered(areas: np.ndarray, known: np.ndarray, left: np.ndarray) -> float:
    """Of each side by itself, and the less: opposite a hole there is area without a counterpart, in the hole none."""
    sides = [(float(known @ own), float(areas @ own)) for own in (left, ~left)]
    return min(part / whole for part, whole in sides if whole)
