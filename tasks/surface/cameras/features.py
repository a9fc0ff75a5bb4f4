"""What can be found again in another photograph: SIFT features of one picture, and how sharp it is.

In: a photograph and, where there is one, the box of its face. Out: plain arrays that can be stored, one work item per
photograph. The picture is looked at in a bounded size, so seconds and memory do not grow with its megapixels. Does not
know the other photographs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import cv2
import numpy as np

from tasks.params.surface import SurfaceCameras
from tasks.surface.cameras.colmap import pycolmap

TILES = 8
"""Sharpness is measured in as many tiles across and down."""

PLAIN = 30.0
"""Mean squared gradient, grey levels, of a tile that shows nothing but noise and rounding."""


class Features(NamedTuple):
    """One photograph's."""

    keypoints: np.ndarray  # (N, 4) float32: x, y, scale in px of the photograph, orientation in radians
    descriptors: np.ndarray  # (N, 128) uint8
    width: int  # px, of the photograph
    height: int
    face: np.ndarray | None  # (4,) left, top, right, bottom, px; None where no face was found
    sharpness: float  # share of gradient energy that a small blur takes away, 0..1


def features_of(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    face: np.ndarray | None,  # (4,) px, as tasks.ingest.faces.detection finds it
    *,
    settings: SurfaceCameras,
) -> Features:
    """The features of a picture, the largest `most_features` of them. The same bytes on every run."""
    height, width = image.shape[:2]
    grey = _bounded(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), settings.side)
    options = pycolmap.FeatureExtractionOptions()
    options.num_threads = 1
    options.sift.max_num_features = settings.most_features
    options.sift.peak_threshold = settings.peak_threshold
    with quiet():
        extractor = pycolmap.FeatureExtractor.create(options, pycolmap.Device.cpu)
        found, descriptors = extractor.extract(pycolmap.Bitmap.from_array(grey))
    keypoints = np.array(pycolmap.keypoints_to_matrix(found), np.float32).reshape(-1, 4)
    across, down = width / grey.shape[1], height / grey.shape[0]
    keypoints[:, 0] = keypoints[:, 0] * across - 0.5
    keypoints[:, 1] = keypoints[:, 1] * down - 0.5
    keypoints[:, 2] *= (across + down) / 2
    return Features(keypoints, np.array(descriptors.data).reshape(-1, 128), width, height, face, sharpness(grey))


def sharpness(
    grey: np.ndarray,  # (h, w) uint8
) -> float:
    """Share of gradient energy that a small blur takes away, median of the tiles that show something; 0 of none.

    In tiles, because a sharp outline before an even wall would outweigh all skin.
    """
    plain = grey.astype(np.float32)
    before, after = _tiled(_energy(plain)), _tiled(_energy(cv2.GaussianBlur(plain, (0, 0), 1.0)))
    shown = before > max(PLAIN, float(np.median(before)))
    return float(np.median(1 - after[shown] / before[shown])) if shown.any() else 0.0


def _energy(grey: np.ndarray) -> np.ndarray:
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(across * across + down * down)


def _tiled(values: np.ndarray) -> np.ndarray:
    """Means (TILES, TILES) of a picture's tiles."""
    return np.asarray(cv2.resize(values, (TILES, TILES), interpolation=cv2.INTER_AREA))


def _bounded(grey: np.ndarray, side: int) -> np.ndarray:
    """The picture with a longer side of at most `side`, averaged."""
    scale = side / max(grey.shape)
    if scale >= 1:
        return np.ascontiguousarray(grey)
    size = tuple(max(round(length * scale), 1) for length in grey.shape[::-1])
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))


FATAL = 3
"""COLMAP's level above its errors."""


@contextmanager
def quiet() -> Iterator[None]:
    """While it is open, COLMAP writes nothing: it names photographs, and what fails is an exception anyway."""
    level = pycolmap.logging.minloglevel
    pycolmap.logging.minloglevel = FATAL
    try:
        yield
    finally:
        pycolmap.logging.minloglevel = level
