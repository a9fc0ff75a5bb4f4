"""Photographs whose cameras are known, to the surface of a face with its colours.

In: views, and points of the face that show where it is, in millimetres. Out: a surface; what was filled without having
been seen says so. Points on which pairs of views agree (tasks/surface/stereo.py), Poisson's surface through them
(meshing.py), its largest piece (trimming.py), colours (texture.py). On a CPU, in seconds; the same bytes each time.
Does not run patch-match stereo, which needs a GPU: that setting is refused where pycolmap has no CUDA.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from tasks.errors import InputError
from tasks.params.surface import SurfaceDense
from tasks.space.views import Surface, View
from tasks.surface.colmap import pycolmap
from tasks.surface.fusing import cloud_of
from tasks.surface.meshing import meshed
from tasks.surface.stereo import middle
from tasks.surface.texture import coloured
from tasks.surface.trimming import largest


def surface_of(
    views: Sequence[View],
    points: np.ndarray,  # (N, 3) places about the face, mm; any number
    *,
    settings: SurfaceDense,
) -> Surface:
    """The surface that the views see, in their cameras' world. InputError says why there is none."""
    check(views, settings=settings)
    cloud = cloud_of(views, middle(views, points), settings=settings)
    shape = meshed(cloud, settings=settings)
    if len(shape.faces) == 0:
        raise InputError(f"{len(cloud.points)} points on which photographs agree make no surface")
    shown = coloured(shape, views, settings=settings)
    measured = np.isfinite(cKDTree(cloud.points).query(shape.vertices, distance_upper_bound=settings.voxel)[0])
    return largest(replace(shown, seen=shown.seen & measured))


def check(views: Sequence[View], *, settings: SurfaceDense) -> None:
    """InputError where there is nothing to match, or no means."""
    if settings.dense == "patch_match" and not pycolmap.has_cuda:
        raise InputError(
            "dense: patch_match needs a GPU and a pycolmap built with CUDA (the package pycolmap-cuda12); this one has "
            "none: set dense: stereo"
        )
    if settings.dense == "patch_match":
        raise InputError("dense: patch_match is not built yet; set dense: stereo")
    if len(views) < 2:
        raise InputError(f"{len(views)} photograph(s) with a known camera; a surface needs two or more")
    for view in views:
        if view.image.shape[:2] != (view.camera.height, view.camera.width) or view.image.dtype != np.uint8:
            raise InputError(
                f"{view.name}: {view.image.shape} {view.image.dtype}, but its camera takes "
                f"{view.camera.width} x {view.camera.height} px of 8-bit RGB"
            )
