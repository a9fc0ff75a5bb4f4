"""Photographs whose cameras are known, to points of the surface by COLMAP's patch-match stereo, on a GPU.

In: views without distortion, and the ball in which the head lies. Out: points with directions, as stereo pairs give
them (tasks/surface/dense/fusing.py). A workspace as COLMAP wants it is written to a folder that is gone afterwards:
pictures by number, cameras, and for each view the neighbours that it is matched with. Every depth and direction comes
of `pycolmap.patch_match_stereo`, which needs a pycolmap with CUDA and has never been run here; what stands before it
and the fusion behind it have (Schönberger et al. 2016, Pixelwise view selection).
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from tasks.errors import InputError
from tasks.params.surface import SurfaceDense
from tasks.space.views import Camera, View
from tasks.surface.cameras.colmap import pycolmap
from tasks.surface.cameras.features import quiet
from tasks.surface.dense.fusing import COHERENT, in_cells
from tasks.surface.dense.stereo import BEYOND, Cloud

WITHOUT = (
    "dense: patch_match needs a GPU and a pycolmap built with CUDA (the package pycolmap-cuda12); this one has none: "
    "set dense: stereo, or auto"
)
NEIGHBOURS = 10
"""Views with which each is matched, the nearest of a fit angle first."""
CONSISTENT = "geometric"
"""COLMAP's name of the depths on which views agree."""


def usable() -> bool:
    """Whether pycolmap was built with CUDA. That there is a GPU, COLMAP says itself."""
    return bool(pycolmap.has_cuda)


def cloud_by_patch_match(
    views: Sequence[View],
    middle: np.ndarray,  # (3,)
    *,
    settings: SurfaceDense,
) -> Cloud:
    """The points on which the views agree. InputError: no GPU, or COLMAP finds none."""
    with TemporaryDirectory(prefix="vermilion-") as name, quiet():
        folder = Path(name)
        workspace(folder, views, middle, settings=settings)
        try:
            pycolmap.patch_match_stereo(folder, options=_options(views, middle, settings))
        except (RuntimeError, ValueError) as error:  # no GPU, or too little memory on it
            raise InputError(f"dense: patch_match: COLMAP could not run it: {error}; set dense: stereo") from error
        return fused(folder, middle, settings=settings)


def workspace(folder: Path, views: Sequence[View], middle: np.ndarray, *, settings: SurfaceDense) -> None:
    """Write what COLMAP reads: images/, sparse/, stereo/. InputError where a view has no neighbour."""
    for part in ("images", "sparse", "stereo/depth_maps", "stereo/normal_maps", "stereo/consistency_graphs"):
        (folder / part).mkdir(parents=True)
    names, beside = [f"{number:04d}.png" for number in range(len(views))], neighbours(views, middle, settings)
    for name, view in zip(names, views, strict=True):
        cv2.imwrite(str(folder / "images" / name), view.image[..., ::-1])
    _scene(views, names, middle, beside).write(folder / "sparse")
    lines = [f"{names[one]}\n{', '.join(names[two] for two in near)}\n" for one, near in beside]
    (folder / "stereo" / "patch-match.cfg").write_text("".join(lines))
    (folder / "stereo" / "fusion.cfg").write_text("".join(f"{name}\n" for name in names))


def _scene(
    views: Sequence[View], names: Sequence[str], middle: np.ndarray, beside: Sequence[tuple[int, list[int]]]
) -> "pycolmap.Reconstruction":
    """The cameras, and one point per view that it shares with its neighbours: so the fusion knows who sees the same."""
    scene, sees = pycolmap.Reconstruction(), [{one, *near} for one, near in beside]
    for number, (name, view) in enumerate(zip(names, views, strict=True)):
        scene.add_camera_with_trivial_rig(_camera(number + 1, view.camera))
        pose = pycolmap.Rigid3d(pycolmap.Rotation3d(view.camera.rotation), view.camera.translation)
        at = view.camera.project(middle[None])[0]
        own = [pycolmap.Point2D(at) for group in sees if number in group]
        image = pycolmap.Image(name=name, camera_id=number + 1, image_id=number + 1, points2D=own)
        scene.add_image_with_trivial_frame(image, pose)
    taken = [0] * len(views)
    for group in sees:
        track = pycolmap.Track()
        for number in sorted(group):
            track.add_element(number + 1, taken[number])
            taken[number] += 1
        scene.add_point3D(middle, track)
    return scene


def neighbours(views: Sequence[View], middle: np.ndarray, settings: SurfaceDense) -> list[tuple[int, list[int]]]:
    """The views with which each is matched, the nearest first; InputError where none has any."""
    rays = np.array([(view.camera.centre - middle) / np.linalg.norm(view.camera.centre - middle) for view in views])
    angles = np.degrees(np.arccos(np.clip(rays @ rays.T, -1, 1)))
    found = []
    for one, row in enumerate(angles):
        fit = [int(two) for two in np.argsort(row, kind="stable") if two != one and row[two] < settings.most_angle]
        if fit := [two for two in fit if row[two] > settings.least_angle][:NEIGHBOURS]:
            found.append((one, fit))
    if not found:
        raise InputError(f"no two of {len(views)} photographs look from a fit angle at the head: no surface")
    return found


def _camera(number: int, camera: Camera) -> "pycolmap.Camera":
    """The pinhole in our pixels: COLMAP's dense part, unlike its sparse one, has the first pixel's centre at 0, 0."""
    k = camera.matrix
    numbers = [k[0, 0], k[1, 1], k[0, 2], k[1, 2]]
    return pycolmap.Camera(camera_id=number, model="PINHOLE", width=camera.width, height=camera.height, params=numbers)


def _options(views: Sequence[View], middle: np.ndarray, settings: SurfaceDense) -> "pycolmap.PatchMatchOptions":
    """Depths within the ball of every camera; on one thread, so that only the GPU's own order can change a bit."""
    options = pycolmap.PatchMatchOptions()
    away = [float(np.linalg.norm(view.camera.centre - middle)) for view in views]
    options.depth_min = max(min(away) - settings.radius, 0.05 * min(away))
    options.depth_max = max(away) + BEYOND * settings.radius
    options.num_threads = 1
    return options


def fused(folder: Path, middle: np.ndarray, *, settings: SurfaceDense, kind: str = CONSISTENT) -> Cloud:
    """The depths of a workspace as one cloud, within the ball, a point per cell of `voxel`."""
    options = pycolmap.StereoFusionOptions()
    options.num_threads = 1
    options.min_num_pixels = settings.agreeing
    options.bounding_box = (middle - settings.radius, middle + settings.radius)
    with quiet():
        pycolmap.stereo_fusion(folder / "fused.ply", folder, input_type=kind, options=options, output_type="ply")
    points, directions = _read(folder / "fused.ply")
    inside = np.linalg.norm(points - middle, axis=1) < settings.radius
    if not inside.any():
        raise InputError("dense: patch_match: the photographs show no surface on which they agree")
    cells = in_cells(Cloud(points[inside], directions[inside]), middle, settings=settings)
    length = np.linalg.norm(cells[:, 4:], axis=1)
    told = length > COHERENT
    return Cloud(cells[told, 1:4], cells[told, 4:] / length[told, None])


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Points and directions (N, 3) of COLMAP's .ply."""
    content = path.read_bytes()
    head, _, body = content.partition(b"end_header\n")
    count = int(next(line for line in head.splitlines() if line.startswith(b"element vertex")).split()[2])
    kind = np.dtype([(name, "<f4") for name in ("x", "y", "z", "nx", "ny", "nz")] + [(name, "u1") for name in "rgb"])
    rows = np.frombuffer(body, kind, count)
    values = np.column_stack([rows[name] for name in ("x", "y", "z", "nx", "ny", "nz")]).astype(float)
    return values[:, :3], values[:, 3:]
