"""One photograph of a set: whether it can be read, its face, its light, its sharpness, and the places to match by.

In: a file. Out: a `Shot`, with a reason where the photograph cannot be used. Everything is looked at in a picture of
`side` pixels, as the reconstruction's matching does; the size of the face is told in the photograph's own.
"""

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from tasks.base import images
from tasks.ingest.faces.detection import UNCLEAR, Face, find_face, lying, resized
from tasks.ingest.faces.landmarks import place_points
from tasks.ingest.faces.profile import View, view_of
from tasks.params.capture import Capture
from tasks.params.ingest import IngestLandmarks
from tasks.surface.cameras.lens import UNKNOWN, Lens, lens_of
from tasks.surface.capture.head import Head, head_of

NORMAL = 200.0
"""Pixels from hairline to chin at which sharpness is measured, so that a larger head is no blurred one."""
MIDDLE = (5, 95)
"""Percentiles between which a head's places lie, where no face was found."""
FAINT = 0.01
"""Contrast from which a place is one to match by: skin has little."""


@dataclass(frozen=True)
class Shot:
    """A photograph as the check sees it. With a reason it is left out, and the rest is as far as it was got."""

    name: str
    reason: str | None
    lens: Lens = UNKNOWN
    size: tuple[int, int] = (0, 0)  # width, height of the photograph, upright
    scale: float = 1.0  # of the picture that was looked at
    head: Head | None = None
    sharpness: float = 0.0  # share of the gradient energy that a small blur takes away, 0..1
    light: float = 0.0  # level that a twentieth of the head exceeds, 0..255
    burnt: float = 0.0  # share of the head at the highest level, 0..1
    places: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))  # (n, 2) px of that picture
    features: np.ndarray = field(default_factory=lambda: np.empty((0, 128), np.float32))  # (n, 128), of length 1
    turned: str | None = None  # why the picture may be the wrong way up; its neighbours may know better

    @property
    def tall(self) -> float | None:
        """The face from the hairline to the chin, px of the photograph."""
        return self.head.height / self.scale if self.head else None


def shot_of(path: Path, name: str, *, settings: Capture, detection: IngestLandmarks) -> Shot:
    """What the file shows. A file that cannot be used gives a reason, never an exception."""
    try:
        image = images.read(path)
    except ValueError as error:
        return Shot(name, str(error))
    return look(image, name, lens_of(path), settings=settings, detection=detection)


def look(
    image: np.ndarray,  # (H, W, 3) uint8 RGB, upright
    name: str,
    lens: Lens,
    *,
    settings: Capture,
    detection: IngestLandmarks,
) -> Shot:
    """What a picture shows."""
    size = (image.shape[1], image.shape[0])
    scale = min(settings.side / max(size), 1.0)
    if min(size) * scale < settings.least_face:
        return Shot(name, f"the picture has {size[0]} x {size[1]} pixels: too few for a head", lens, size)
    seen = resized(image, scale)
    face = find_face(seen, detection)
    turned = lying(seen, face, detection)
    upright = face if turned in (None, UNCLEAR) else None
    head = None
    if upright:
        points = place_points(seen, upright.box, model=detection.model, predict_side=detection.predict_side)
        head = head_of(seen, points)
    grey = cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY)
    places, features = _features(grey, settings)
    low, high = (head.low, head.high) if head else _middle(places, size, scale)
    patch = _patch(grey, low, high)
    tall = head.height if head else float(high[1] - low[1]) / 1.5
    return Shot(
        name,
        _reason(upright, head, scale, detection, settings),
        lens,
        size,
        scale,
        head,
        _sharpness(patch, NORMAL / max(tall, 1.0)),
        float(np.percentile(patch, 95)),
        float(np.mean(patch >= 254)),
        places,
        features,
        None if upright else turned,
    )


def outline_of(path: Path, *, settings: Capture, detection: IngestLandmarks) -> View | None:
    """The side that a photograph in profile shows, by the head's outline before an even wall."""
    try:
        image = images.read(path)
    except ValueError:
        return None
    return view_of(resized(image, min(settings.side / max(image.shape[:2]), 1.0)), settings=detection.profile)


def _reason(
    face: Face | None, head: Head | None, scale: float, detection: IngestLandmarks, settings: Capture
) -> str | None:
    number = 1 + sum(score >= detection.second_face_score for score in face.others) if face else 1
    if number > 1:
        return f"{number} faces found, one wanted"
    if head and head.height / scale < settings.least_face:
        tall = f"{head.height / scale:.0f} pixels from hairline to chin"
        return f"the face is too small: {tall} (at least {settings.least_face})"
    return None


def _features(grey: np.ndarray, settings: Capture) -> tuple[np.ndarray, np.ndarray]:
    """SIFT's places and their descriptors, the square roots of shares (RootSIFT, Arandjelovic and Zisserman 2012)."""
    sift = cv2.SIFT.create(nfeatures=settings.most_features, contrastThreshold=FAINT)
    places, features = sift.detectAndCompute(grey, None)
    if features is None or not len(places):
        return np.empty((0, 2)), np.empty((0, 128), np.float32)
    shares = features / np.maximum(features.sum(axis=1, keepdims=True), 1e-6)
    return np.array([place.pt for place in places]), np.sqrt(shares).astype(np.float32)


def _middle(places: np.ndarray, size: tuple[int, int], scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Where most of a picture's places lie; of a picture without any its middle half."""
    if len(places) < 2:
        whole = np.array(size) * scale
        return whole / 4, whole * 3 / 4
    low, high = np.percentile(places, MIDDLE, axis=0)
    return low, high


def _patch(grey: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The picture's part between two corners; at least one pixel of it."""
    most = np.array(grey.shape[::-1]) - 1
    left, top = np.clip(np.floor(low), 0, most).astype(int)
    right, bottom = np.clip(np.ceil(high), 0, most).astype(int) + 1
    return grey[top:bottom, left:right]


def _sharpness(patch: np.ndarray, scale: float) -> float:
    small = resized(patch, min(scale, 1.0)).astype(np.float32) if min(patch.shape) * scale >= 1 else patch
    energy = _energy(small.astype(np.float32))
    return 1 - _energy(cv2.GaussianBlur(small.astype(np.float32), (0, 0), 1.0)) / energy if energy > 0 else 0.0


def _energy(grey: np.ndarray) -> float:
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return float(np.mean(across * across + down * down))
