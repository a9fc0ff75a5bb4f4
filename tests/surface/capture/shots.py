"""Shots of a made-up head: points on an egg, each with a feature of its own, seen by cameras from known sides."""

from collections.abc import Sequence

import numpy as np

from flows import PROJECT
from tasks import params
from tasks.params.capture import Capture
from tasks.params.ingest import IngestLandmarks
from tasks.surface.cameras.lens import Lens
from tasks.surface.capture.head import Head
from tasks.surface.capture.shot import Shot

SETTINGS = params.load(Capture, "capture", PROJECT / "params.yaml")
DETECTION = params.load(IngestLandmarks, "ingest_landmarks", PROJECT / "params.yaml")
WIDTH, HEIGHT, FOCAL = 800, 1000, 1900.0
FAR = 600.0
SEEN = 0.82
"""Cosine between a point's normal and the way to the camera above which its feature is found again."""
FACE = 40.0


def rotation(yaw: float, pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """From the head's frame to a camera's that looks at the origin from these degrees, (3, 3)."""
    a, b, c = np.radians([yaw, pitch, roll])
    forward = -np.array([np.sin(a) * np.cos(b), np.sin(b), np.cos(a) * np.cos(b)])
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    level = np.stack([right, np.cross(forward, right), forward])
    turned = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(turned @ level)


def head(turn: np.ndarray, *, opening: float = 0.0, width: float = 0.45, person: int = 0) -> Head:
    """What the face of such a head would tell."""
    descriptor = np.zeros(128)
    descriptor[person] = 0.7
    corner = np.array([200.0, 200.0])
    return Head(turn, 500.0, corner, corner + 400, opening, width, descriptor)


def shot(
    yaw: float, pitch: float = 0.0, roll: float = 0.0, *, focal: float | None = None, person: int = 0, gap: float = 0.0
) -> Shot:
    """A photograph of person `person` from there; `focal`: as EXIF has it, px; `gap`: between the lips."""
    random = np.random.default_rng(person)
    normals = random.normal(size=(1500, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    features = np.abs(random.normal(size=(1500, 128)))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    points = normals * [75.0, 110.0, 90.0]
    turn = rotation(yaw, pitch, roll)
    seen = points @ turn.T + [0, 0, FAR]
    facing = normals @ -turn[2] > SEEN
    places = seen[:, :2] / seen[:, 2:] * FOCAL + [(WIDTH - 1) / 2, (HEIGHT - 1) / 2]
    face = head(turn, opening=gap, person=person) if abs(yaw) < FACE else None
    kept = {"places": places[facing], "features": features[facing].astype(np.float32)}
    name = f"{person}{yaw:+04.0f}{pitch:+03.0f}.jpg"
    return Shot(name, None, Lens("a camera", focal), (WIDTH, HEIGHT), 1.0, face, 0.4, 180.0, 0.0, **kept)


def ring(step: int, low: int = -90, high: int = 90) -> list[Shot]:
    """One photograph every `step` degrees, without EXIF."""
    return [shot(yaw) for yaw in range(low, high + 1, step)]


def raised(yaws: Sequence[float] = (-40, 0, 40)) -> list[Shot]:
    """From above and from below."""
    return [shot(yaw, pitch) for yaw in yaws for pitch in (-25, 25)]


def silent(items: Sequence[object], what: str) -> Sequence[object]:
    """No progress is shown."""
    assert what
    return items
