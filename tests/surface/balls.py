"""A painted ellipsoid of a head's size before a wall, seen by rays: pictures of which all is known, in milliseconds."""

import cv2
import numpy as np

from flows import PROJECT
from tasks import params
from tasks.params.surface import SurfaceCameras, SurfaceReconstruct
from tasks.space.rings import camera_around
from tasks.space.views import Camera
from tasks.surface.cameras.distortion import Bend, straight

RADII = np.array([75.0, 100.0, 90.0])  # mm
SIZE = 320, 400
FOCAL = 620.0  # px
SETTINGS = params.load(SurfaceCameras, "surface_cameras", PROJECT / "params.yaml")
SCALE = params.load(SurfaceReconstruct, "surface_reconstruct", PROJECT / "params.yaml").scale
NO_BEND = Bend()
RING = [(float(yaw), 0.0) for yaw in range(-72, 73, 18)] + [(-20.0, 22.0), (20.0, -22.0)]


def camera(yaw: float, pitch: float = 0.0, *, size: tuple[int, int] = SIZE, focal: float = FOCAL) -> Camera:
    return camera_around(yaw, pitch, centre=np.zeros(3), distance=600, focal=focal, width=size[0], height=size[1])


def paint(seed: int) -> np.ndarray:  # (512, 1024) float
    """Spots of several sizes, as skin has them."""
    random = np.random.default_rng(seed)
    sizes = [(32, 16), (128, 64), (512, 256)]
    layers = [cv2.resize(random.normal(size=size[::-1]), (1024, 512), interpolation=cv2.INTER_CUBIC) for size in sizes]
    return np.asarray(sum(layers, np.zeros((512, 1024))))


def picture(
    seen: Camera,
    *,
    person: int = 1,
    chin: float = 0.0,  # degrees by which the paint of the lower third is turned: another expression
    bend: Bend = NO_BEND,
    wall: int | None = None,  # of what a wall is painted that stays where it is in the picture; None: black
) -> np.ndarray:  # (H, W, 3) uint8 RGB
    """The ellipsoid of that person's paint."""
    columns, rows = np.meshgrid(np.arange(seen.width), np.arange(seen.height))
    pixels = np.column_stack([columns.ravel(), rows.ravel()]).astype(float)
    rays = seen.rays(straight(pixels, seen, bend)) / RADII
    start = seen.centre / RADII
    a, b, c = (rays**2).sum(axis=1), rays @ start, start @ start - 1
    inside = b * b - a * c
    hit = inside > 0
    at = start + rays[hit] * ((-b[hit] - np.sqrt(inside[hit])) / a[hit])[:, None]
    turn = np.degrees(np.arctan2(at[:, 0], at[:, 2])) + np.where(at[:, 1] < -0.3, chin, 0)
    places = np.column_stack([(turn + 180) / 360 * 1023, (at[:, 1] + 1) / 2 * 511]).astype(np.float32)
    spots = cv2.remap(paint(person).astype(np.float32), places[None, :, 0], places[None, :, 1], cv2.INTER_LINEAR)[0]
    grey: np.ndarray = np.zeros(len(rays))
    if wall is not None:
        grey = cv2.resize(paint(wall), (seen.width, seen.height)).ravel() * 30 + 128
    grey[hit] = spots * 30 + 128
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8).reshape(seen.height, seen.width, 1), 3, axis=2)


def face(seen: Camera) -> np.ndarray:
    """What a detector would find: brows to chin, cheek to cheek, (4,) px."""
    size = seen.matrix[0, 0] / 600 * np.array([60.0, 65.0])
    middle = np.array([seen.width, seen.height]) / 2 + [0, size[1] * 0.2]
    return np.concatenate([middle - size, middle + size])
