"""Cameras around a head: from where a visit's photographs are taken.

The head stands upright in its frame (`views.py`): x to the patient's left, y up, z out of the face.
"""

import numpy as np

from tasks.space.views import Camera

FULL_FRAME = 36.0  # mm, the long side of 35 mm film, to which EXIF's FocalLengthIn35mmFilm refers


def camera_around(
    yaw: float,
    pitch: float,
    *,
    centre: np.ndarray,
    distance: float,
    focal: float,
    width: int,
    height: int,
) -> Camera:
    """A camera that looks at `centre` (3,) from `distance` (the world's unit), upright, with `focal` in pixels.

    yaw: degrees, above 0 on the patient's left side. pitch: degrees, above 0 from above; below 90 either way.
    """
    across, up = np.radians([yaw, pitch])
    towards = np.array([np.sin(across) * np.cos(up), np.sin(up), np.cos(across) * np.cos(up)])
    right = np.array([np.cos(across), 0.0, -np.sin(across)])
    rotation = np.stack([right, np.cross(right, towards), -towards])
    matrix = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    return Camera(matrix, rotation, -rotation @ (centre + distance * towards), width, height)


def ring(step: float, reach: float, pitched: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Yaw and pitch in degrees of a ring from -reach to reach, a camera every `step`, and then the `pitched` ones."""
    count = int(reach // step)
    return (*((step * number, 0.0) for number in range(-count, count + 1)), *pitched)


def focal_of(equivalent: float, *, width: int, height: int) -> float:
    """Pixels of a focal length in millimetres on 35 mm film (EXIF), by the picture's long side."""
    return equivalent * max(width, height) / FULL_FRAME
