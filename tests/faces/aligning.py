"""Numbers for aligning faces, and faces with dlib's points, each found once."""

from functools import cache
from pathlib import Path

import numpy as np

from tasks.ingest.faces.landmarks import measure_face
from tasks.params.anomaly import AnomalyAlign
from tests.ingest.drawn import SETTINGS, face

EYES = AnomalyAlign(
    size=64,
    crop="eyes",
    eye_distance=24,
    eye_height=0.40,
    max_outside=0.5,
    feather=0.03,
    blur=0.03,
    min_eye_distance=20,
)
FFHQ = EYES.model_copy(update={"crop": "ffhq"})
PUBLISHED = EYES.model_copy(update={"size": 1024, "eye_distance": 100, "max_outside": 1.0})


def numbers(settings: AnomalyAlign = EYES, **changed: object) -> AnomalyAlign:
    return settings.model_copy(update=changed)


@cache
def found(seed: int = 3, *, size: int = 400, roll: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A drawn face, (size, size, 3) uint8 RGB, and its 68 points as dlib sees them. Not to be changed in place."""
    image = face(seed, size=size, roll=roll).image
    row = measure_face(image, SETTINGS)
    assert row["reason"] is None
    return image, np.reshape(np.array(row["points"]), (68, 2))


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)
