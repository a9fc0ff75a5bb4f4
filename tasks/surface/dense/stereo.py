"""Pairs of photographs whose cameras are known, to the points of the surface that each pair finds.

In: views, and the point at which they look. Out: points with the directions in which the surface faces. Two
neighbouring photographs are turned so that a point lies on the same row of both (rectified); disparities.py finds how
far apart it lies on that row; what the second photograph does not find back in the first is dropped. Works at a set
number of millimetres per pixel, so that large photographs cost no more than small ones.
Does not know what is a face: background that the pairs agree on stays (tasks/surface/dense/trimming.py).
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from tasks.errors import InputError
from tasks.params.surface import SurfaceDense
from tasks.space.views import Camera, View
from tasks.surface.dense.disparities import disparities

EVEN = 0.5
"""Grey levels: where the contrast within the matched block is below it, there is nothing to match (a plain wall)."""
FLAT = 1.4
"""Grey levels: a local contrast below it is not stretched further (noise of the sensor, an even wall)."""
STRETCH = 40.0
"""Grey levels to which the local contrast is stretched."""
ENOUGH = 10
"""Points of a face, from which their middle is its middle."""
BEHIND = 25.0
"""mm behind the middle of a face's points, away from the cameras: the middle of a head's part that has ears, too."""
BEYOND = 0.5
"""The search ends this share of the radius behind the middle; what lies further back is seen by nobody in front."""


class Look(NamedTuple):
    """What a pair sees."""

    camera: Camera  # rectified
    depth: np.ndarray  # (H, W) float32 mm; NaN where the pair found nothing


class Cloud(NamedTuple):
    """Points of a surface."""

    points: np.ndarray  # (N, 3) mm, in the cameras' world
    directions: np.ndarray  # (N, 3) unit, out of the surface


def middle(
    views: Sequence[View],
    points: np.ndarray,  # (N, 3) places about the face, any number
) -> np.ndarray:
    """Where the head is, (3,): `BEHIND` the middle of the face's points or, of fewer than ten, where the cameras' axes
    meet. Sparse points of the cameras do not tell it: there are more of them on a freckled cheek, an ear or a collar.
    """
    if len(points) >= ENOUGH:
        face = np.median(points, axis=0)
        towards = np.array([view.camera.centre - face for view in views])
        forward = (towards / np.linalg.norm(towards, axis=1, keepdims=True)).mean(axis=0)
        return np.asarray(face - BEHIND * forward / max(float(np.linalg.norm(forward)), 1e-9))
    across = [np.eye(3) - np.outer(view.camera.rotation[2], view.camera.rotation[2]) for view in views]
    meet = np.linalg.lstsq(
        np.sum(across, axis=0),
        np.sum([a @ view.camera.centre for a, view in zip(across, views, strict=True)], axis=0),
        rcond=None,
    )[0]
    return np.asarray(meet)


def pairs_of(
    views: Sequence[View],
    middle: np.ndarray,  # (3,)
    *,
    settings: SurfaceDense,
) -> list[tuple[int, int]]:
    """Which views are matched: each with its nearest partners of a fit angle. InputError where there is none."""
    rays = np.array([(view.camera.centre - middle) / np.linalg.norm(view.camera.centre - middle) for view in views])
    angles = np.degrees(np.arccos(np.clip(rays @ rays.T, -1, 1)))
    found = set()
    for one, row in enumerate(angles):
        fit = [int(two) for two in np.argsort(row, kind="stable") if settings.least_angle < row[two]]
        fit = [two for two in fit if row[two] < settings.most_angle and two != one]
        found |= {(min(one, two), max(one, two)) for two in fit[: settings.partners]}
    if not found:
        raise InputError(
            f"no two of {len(views)} photographs look from {settings.least_angle:g} to {settings.most_angle:g} degrees "
            "apart: no surface; take them every 15 to 20 degrees"
        )
    return sorted(found)


def rectified(
    left: Camera,
    right: Camera,
    middle: np.ndarray,  # (3,)
    *,
    radius: float,
    step: float,  # mm per pixel at the middle
) -> tuple[Camera, Camera]:
    """The two cameras turned onto common rows and cut to the ball around the middle, which lies at both centres."""
    along = right.centre - left.centre
    along = along / np.linalg.norm(along)
    ahead = left.rotation[2] + right.rotation[2]
    ahead = ahead - along * (along @ ahead)
    ahead /= np.linalg.norm(ahead)
    rotation = np.stack([along, np.cross(ahead, along), ahead])
    depth = float(rotation[2] @ (middle - left.centre))
    focal = depth / step
    half = int(np.ceil(radius / step))

    def turned(camera: Camera) -> Camera:
        x, y, z = rotation @ (middle - camera.centre)
        matrix = np.array([[focal, 0, half - focal * x / z], [0, focal, half - focal * y / z], [0, 0, 1]])
        return Camera(matrix, rotation, -rotation @ camera.centre, 2 * half + 1, 2 * half + 1)

    return turned(left), turned(right)


def seen_by(
    view: View,
    camera: Camera,  # at the same place as the view's
) -> np.ndarray:
    """The grey picture that the turned camera takes, (H, W) uint8."""
    onto = camera.matrix @ camera.rotation @ view.camera.rotation.T @ np.linalg.inv(view.camera.matrix)
    grey = cv2.cvtColor(view.image, cv2.COLOR_RGB2GRAY)
    return cv2.warpPerspective(grey, onto, (camera.width, camera.height), flags=cv2.INTER_LINEAR)


def reduced(view: View, middle: np.ndarray, *, step: float) -> View:
    """The view with no more pixels than `step` mm each at the middle ask for."""
    camera = view.camera
    scale = step * float(camera.matrix[0, 0]) / float(camera.seen(middle[None])[0, 2])
    if scale <= 1:
        return view
    size = max(1, round(camera.width / scale)), max(1, round(camera.height / scale))
    return View(view.name, cv2.resize(view.image, size, interpolation=cv2.INTER_AREA), camera.resized(*size))


def contrast(
    grey: np.ndarray,  # (H, W) uint8
    *,
    around: float,  # px
) -> np.ndarray:
    """The local standard deviation, (H, W) grey levels."""
    values = grey.astype(np.float32)
    mean = cv2.GaussianBlur(values, (0, 0), around)
    return np.asarray(np.sqrt(np.maximum(cv2.GaussianBlur(values * values, (0, 0), around) - mean * mean, 0)))


def levelled(
    grey: np.ndarray,  # (H, W) uint8
    *,
    around: float,
) -> np.ndarray:
    """The picture with its local mean and contrast made even, (H, W) uint8: skin has little of its own."""
    mean = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), around)
    even = (grey - mean) / np.hypot(contrast(grey, around=around), FLAT)
    return np.asarray(np.clip(even * STRETCH + 128, 0, 255).astype(np.uint8))


def look(
    left: View,  # `reduced`
    right: View,
    middle: np.ndarray,  # (3,)
    *,
    settings: SurfaceDense,
) -> Look:
    """What two views see together, as the left one's turned camera has it."""
    radius, step = settings.radius, settings.step
    one, two = rectified(left.camera, right.camera, middle, radius=radius, step=step)
    greys = [seen_by(left, one), seen_by(right, two)]
    first, second = (levelled(grey, around=settings.contrast) for grey in greys)
    depth = float(one.seen(middle[None])[0, 2])
    apart = float(one.matrix[0, 0] * np.linalg.norm(right.camera.centre - left.camera.centre))
    shift = float(one.matrix[0, 2] - two.matrix[0, 2])
    least = int(np.floor(apart / (depth + BEYOND * radius) + shift))
    most = int(np.ceil(apart / max(depth - radius, 0.2 * depth) + shift))
    found = disparities(first, second, least, -(-(most - least) // 16) * 16, settings=settings)
    found[contrast(greys[0], around=settings.window / 2) < EVEN] = np.nan
    return Look(one, (apart / (found - shift)).astype(np.float32))


def cloud_of_look(
    look: Look,
    middle: np.ndarray,  # (3,)
    *,
    settings: SurfaceDense,
) -> Cloud:
    """The surface that a pair sees inside the ball around the middle, not too slanted."""
    shape = _unprojected(look.camera, look.depth)
    directions, slant = _directions(shape)
    points = shape @ look.camera.rotation + look.camera.centre
    kept = (slant > np.cos(np.radians(settings.slant))) & (np.linalg.norm(points - middle, axis=-1) < settings.radius)
    return Cloud(points[kept], (directions @ look.camera.rotation)[kept])


def _unprojected(
    camera: Camera,
    depth: np.ndarray,  # (H, W)
) -> np.ndarray:
    """The points that the pixels show, (H, W, 3), in the camera's own axes."""
    rows, columns = np.mgrid[: depth.shape[0], : depth.shape[1]].astype(np.float64)
    focal = camera.matrix[0, 0]
    across, down = (columns - camera.matrix[0, 2]) / focal, (rows - camera.matrix[1, 2]) / focal
    return np.asarray(np.stack([across * depth, down * depth, depth], axis=-1))


def _directions(
    shape: np.ndarray,  # (H, W, 3), in the camera's own axes
) -> tuple[np.ndarray, np.ndarray]:
    """Unit directions towards the camera, (H, W, 3), and the cosine of each to its ray, (H, W); NaN at gaps."""
    across, down = np.full_like(shape, np.nan), np.full_like(shape, np.nan)
    across[:, 2:-2] = shape[:, 4:] - shape[:, :-4]
    down[2:-2] = shape[4:] - shape[:-4]
    directions = np.cross(down, across)
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    slant = -(directions * shape).sum(-1) / np.linalg.norm(shape, axis=-1)
    return directions, slant
