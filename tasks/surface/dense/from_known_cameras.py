"""Photographs whose cameras are known, to the surface of a face with its colours.

In: views, and points of the face that show where it is, in millimetres. Out: a surface; what was filled without having
been seen says so. Points on which pairs of views agree (tasks/surface/dense/stereo.py), Poisson's surface through them
(meshing.py), its largest piece (trimming.py), colours (texture.py). On a CPU, in seconds; the same bytes each time.
On a GPU COLMAP's patch-match finds the points instead (patchmatch.py), where that is set.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from tasks.errors import InputError
from tasks.params.surface import SurfaceDense
from tasks.space.views import Surface, View
from tasks.surface.dense.fusing import cloud_of
from tasks.surface.dense.meshing import meshed
from tasks.surface.dense.patchmatch import WITHOUT, cloud_by_patch_match, usable
from tasks.surface.dense.stereo import middle
from tasks.surface.dense.texture import coloured
from tasks.surface.dense.trimming import largest


def surface_of(
    views: Sequence[View],
    points: np.ndarray,  # (N, 3) places about the face, mm; any number
    *,
    settings: SurfaceDense,
) -> Surface:
    """The surface that the views see, in their cameras' world. InputError says why there is none."""
    check(views, settings=settings)
    find = cloud_by_patch_match if way_of(settings) == "patch_match" else cloud_of
    cloud = find(views, middle(views, points), settings=settings)
    shape = meshed(cloud, settings=settings)
    if len(shape.faces) == 0:
        raise InputError(f"{len(cloud.points)} points on which photographs agree make no surface")
    shown = coloured(shape, views, settings=settings)
    measured = np.isfinite(cKDTree(cloud.points).query(shape.vertices, distance_upper_bound=settings.voxel)[0])
    return largest(replace(shown, seen=shown.seen & measured))


def way_of(settings: SurfaceDense) -> str:
    """By which of both ways points are found: `auto` is patch-match where pycolmap has CUDA."""
    if settings.dense == "auto":
        return "patch_match" if usable() else "stereo"
    return settings.dense


def made_by(settings: SurfaceDense) -> str:
    """The way, in words."""
    if way_of(settings) == "patch_match":
        return "COLMAP's patch-match stereo on a GPU"
    return "stereo pairs on the processor" + FALLBACK * (settings.dense == "auto")


FALLBACK = ", for this pycolmap has no CUDA, which patch-match needs"


def check(views: Sequence[View], *, settings: SurfaceDense) -> None:
    """InputError where there is nothing to match, or no means."""
    if way_of(settings) == "patch_match" and not usable():
        raise InputError(WITHOUT)
    if len(views) < 2:
        raise InputError(f"{len(views)} photograph(s) with a known camera; a surface needs two or more")
    for view in views:
        if view.image.shape[:2] != (view.camera.height, view.camera.width) or view.image.dtype != np.uint8:
            raise InputError(
                f"{view.name}: {view.image.shape} {view.image.dtype}, but its camera takes "
                f"{view.camera.width} x {view.camera.height} px of 8-bit RGB"
            )
