"""What structure from motion found, as plain values in this house's pixels, and pictures without distortion.

In: COLMAP's model. Out: pinhole cameras, points, what sees them, the table of residuals, views.
"""

from collections.abc import Mapping
from typing import NamedTuple

import cv2
import numpy as np

from tasks.space.views import Camera, View
from tasks.surface.cameras.colmap import pycolmap
from tasks.surface.cameras.distortion import Bend, bent, straight
from tasks.surface.cameras.features import Features
from tasks.surface.cameras.structure_from_motion import Doubt, Model

FAR = 4.0
"""Points farther from the middle than this many times the usual are no part of a head."""

SEEN_BEND = 0.1
"""px: less distortion at the picture's corner is not worth another interpolation."""


class Observations(NamedTuple):
    """Which photograph shows which point where."""

    view: np.ndarray  # (O,) int, number in Solved.names
    point: np.ndarray  # (O,) int, row of Solved.points
    pixel: np.ndarray  # (O, 2) px of the picture without distortion
    error: np.ndarray  # (O,) px, from where the point's camera shows it


class Placed(NamedTuple):
    """A row of the table of cameras."""

    name: str
    reason: str | None  # why it has no camera; None where it has one
    focal_px: float | None
    bend: Bend | None  # distortion that was taken out
    points: int  # that it shows
    residual_px: float | None  # median
    sharpness: float


class Solved(NamedTuple):
    """What the photographs of a visit tell of their cameras."""

    cameras: dict[str, Camera]  # by name, in order
    bends: dict[str, Bend]
    points: np.ndarray  # (N, 3)
    observations: Observations
    table: list[Placed]  # of all photographs, by name
    refused: dict[str, str]  # name to reason
    doubts: Mapping[str, Doubt] = {}  # by photograph whose calibrated lens the set does not bear out

    @property
    def names(self) -> list[str]:
        """The photographs that have a camera."""
        return list(self.cameras)


def solved_from(
    model: Model,
    kept: Mapping[str, Features],  # of the model
    seen: Mapping[str, Features],  # all
    refused: Mapping[str, str],
    reasons: Mapping[str, str],
) -> Solved:
    """COLMAP's model as plain values; `refused` are those left out before, `reasons` why others have no camera."""
    pinholes = {name: _pinhole(image) for name, image in model.placed().items()}
    cameras = {name: camera for name, (camera, _) in pinholes.items()}
    bends = {name: bend for name, (_, bend) in pinholes.items()}
    points, numbers = _near(model)
    observations = _observations(model, kept, cameras, bends, points, numbers)
    refused = dict(sorted({**refused, **reasons}.items()))
    table = [_row(name, seen, cameras, bends, observations, refused) for name in sorted(seen)]
    return Solved(cameras, bends, points, observations, table, refused, model.doubts)


def where_of(model: Model, seen: Mapping[str, Features]) -> dict[str, np.ndarray]:
    """The point (N, 3) that each feature of each placed photograph shows; NaN where it is none."""
    where = {}
    for name, image in model.placed().items():
        assert model.found is not None
        where[name] = np.full((len(seen[name].keypoints), 3), np.nan)
        for index, feature in enumerate(image.points2D):
            if feature.has_point3D():
                where[name][index] = model.found.point3D(feature.point3D_id).xyz
    return where


def _pinhole(image: "pycolmap.Image") -> tuple[Camera, Bend]:
    """The camera without distortion, and the distortion."""
    lens, pose = image.camera, image.cam_from_world()
    assert lens is not None
    across, down = lens.principal_point_x, lens.principal_point_y
    matrix = np.array([[lens.focal_length_x, 0, across - 0.5], [0, lens.focal_length_y, down - 0.5], [0, 0, 1]])
    bend = Bend(*(float(lens.params[place]) for place in lens.extra_params_idxs()))
    turn = np.array(pose.rotation.matrix())
    return Camera(matrix, turn, np.array(pose.translation), lens.width, lens.height), bend


def _near(model: Model) -> tuple[np.ndarray, dict[int, int]]:
    """The points (N, 3) that may lie on a head, and the row of each of COLMAP's numbers."""
    if model.found is None:
        return np.zeros((0, 3)), {}
    found = model.found.points3D
    numbers = sorted(found)
    points = np.array([found[number].xyz for number in numbers]).reshape(-1, 3)
    distance = np.linalg.norm(points - np.median(points, axis=0), axis=1)
    near = np.flatnonzero(distance <= FAR * np.median(distance))
    return points[near], {numbers[index]: row for row, index in enumerate(near)}


def _observations(
    model: Model,
    kept: Mapping[str, Features],
    cameras: Mapping[str, Camera],
    bends: Mapping[str, Bend],
    points: np.ndarray,
    numbers: Mapping[int, int],
) -> Observations:
    rows = []
    for view, (name, image) in enumerate(model.placed().items()):
        own = [(index, numbers[it.point3D_id]) for index, it in enumerate(image.points2D) if it.point3D_id in numbers]
        index, point = np.array(own, int).reshape(-1, 2).T
        at = kept[name].keypoints[index, :2].astype(float)
        shown = bent(cameras[name].project(points[point]), cameras[name], bends[name])
        error = np.linalg.norm(shown - at, axis=1)
        rows.append(Observations(np.full(len(index), view), point, straight(at, cameras[name], bends[name]), error))
    if not rows:
        return Observations(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2)), np.zeros(0))
    return Observations(*(np.concatenate(column) for column in zip(*rows, strict=True)))


def _row(
    name: str,
    seen: Mapping[str, Features],
    cameras: Mapping[str, Camera],
    bends: Mapping[str, Bend],
    observations: Observations,
    refused: Mapping[str, str],
) -> Placed:
    if name not in cameras:
        return Placed(name, refused[name], None, None, 0, None, seen[name].sharpness)
    own = observations.error[observations.view == list(cameras).index(name)]
    residual = float(np.median(own)) if len(own) else None
    focal = float(cameras[name].matrix[0, 0])
    return Placed(name, None, focal, bends[name], len(own), residual, seen[name].sharpness)


def view_of(name: str, image: np.ndarray, solved: Solved) -> View:
    """The photograph (H, W, 3) uint8 RGB, of any size, as a pinhole camera would have taken it."""
    camera, bend = solved.cameras[name], solved.bends[name]
    if image.shape[:2] != (camera.height, camera.width):
        camera = camera.resized(image.shape[1], image.shape[0])
    corners = np.array([[0.0, 0], [camera.width - 1.0, camera.height - 1.0]])
    if np.abs(bent(corners, camera, bend) - corners).max() > SEEN_BEND:
        across, down = cv2.initUndistortRectifyMap(
            camera.matrix,
            np.array(bend),
            np.eye(3),
            camera.matrix,
            (camera.width, camera.height),
            cv2.CV_32FC1,
        )
        image = cv2.remap(image, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return View(name, image, camera)


def bounded(
    image: np.ndarray,  # (H, W, 3) uint8
    side: int,
) -> np.ndarray:
    """The photograph at no more than `side` pixels: memory grows with their number, not with their size."""
    scale = side / max(image.shape[:2])
    if scale >= 1:
        return image
    height, width = (round(size * scale) for size in image.shape[:2])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
