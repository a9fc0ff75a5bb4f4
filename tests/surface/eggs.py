"""An egg of known shape and colour, photographed from known places: every pixel is computed, none is interpolated."""

from functools import lru_cache

import numpy as np

from tasks.params.surface import SurfaceDense
from tasks.space.views import Camera, View

AXES = np.array([60.0, 80.0, 70.0])
"""Half the egg's width, height and depth, mm."""
DISTANCE, FOCAL, WIDTH, HEIGHT = 600.0, 600.0, 200, 240

DENSE = SurfaceDense(
    dense="stereo",
    radius=90,
    step=1.0,
    least_angle=8,
    most_angle=35,
    partners=2,
    contrast=16,
    window=5,
    consistency=1,
    again=3,
    slant=75,
    voxel=3,
    agreeing=3,
    octree=6,
    point_weight=1,
    fill=8,
    frontal=6,
)


def camera(turn: float, pitch: float) -> Camera:
    """A camera so many degrees to the side and above, looking at the egg's middle; z of the world is in front."""
    across, up = np.radians([turn, pitch])
    away = np.array([np.sin(across) * np.cos(up), np.sin(up), np.cos(across) * np.cos(up)])
    side = np.array([np.cos(across), 0, -np.sin(across)])
    rotation = np.stack([side, np.cross(-away, side), -away])
    matrix = np.array([[FOCAL, 0, (WIDTH - 1) / 2], [0, FOCAL, (HEIGHT - 1) / 2], [0, 0, 1]])
    return Camera(matrix, rotation, -rotation @ away * DISTANCE, WIDTH, HEIGHT)


def colour(points: np.ndarray) -> np.ndarray:
    """The egg's colour at points (N, 3) of its skin, (N, 3) of 0 to 255: waves of many directions and lengths."""
    random = np.random.default_rng(5)
    waves = random.normal(size=(40, 3)) * random.uniform(0.05, 0.5, size=(40, 1))
    shades = np.cos(points @ waves.T + random.uniform(0, 6, 40)) @ random.normal(size=(40, 3))
    return np.clip(150 + 8 * shades, 0, 255)


def photograph(camera: Camera, name: str) -> View:
    """The egg before a plain wall."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    rays = camera.rays(np.column_stack([columns.ravel(), rows.ravel()]).astype(float))
    start, ahead = camera.centre / AXES, rays / AXES
    a, b, c = (ahead**2).sum(1), ahead @ start, start @ start - 1
    square = b * b - a * c
    hit = square > 0
    far = (-b[hit] - np.sqrt(square[hit])) / a[hit]
    image = np.full((HEIGHT * WIDTH, 3), 90.0)
    image[hit] = colour(camera.centre + far[:, None] * rays[hit])
    values = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return View(name, values.reshape(HEIGHT, WIDTH, 3), camera)


@lru_cache
def views() -> tuple[View, ...]:
    """Nine photographs: a ring of every 15 degrees to both sides, one from above and one from below."""
    places = [(turn, 0) for turn in range(-45, 46, 15)] + [(0, 20), (0, -20)]
    return tuple(photograph(camera(*place), f"{number}.jpg") for number, place in enumerate(places))


def beyond(points: np.ndarray) -> np.ndarray:
    """About how far outside the egg points lie, (N,) mm; below 0 inside."""
    level = np.linalg.norm(points / AXES, axis=1)
    return np.asarray((level - 1) * level / np.linalg.norm(points / AXES**2, axis=1))
