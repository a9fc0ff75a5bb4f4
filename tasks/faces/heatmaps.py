"""Where two pictures of a face differ: squared error, structural dissimilarity, LPIPS.

In: two pictures, (H, W, 3) float RGB in [0, 1]: the photograph, and the nearest face that a generator draws. Out: a
heatmap (H, W) float64, 0 where they are equal. Hayajneh et al., sections 1.3 (colour), 1.4 (heatmaps) and 1.5
(erosion). All in float, nothing is rounded. Knows nothing of masks, scores or tables.

Both pictures are first turned to YCbCr (if asked), then eroded (if asked), then compared: the order of Figure 3.
"""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
import torch

from tasks.faces.perceptual import Perceptual
from tasks.faces.pictures import to_tensor

Name = Literal["pse", "ssim", "lpips"]

TO_YCBCR = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]])
"""Equation 3 with the signs of ITU-R BT.601: the paper prints plus before 74.203, 93.786 and 18.214."""
YCBCR_AT_BLACK = np.array([16.0, 128.0, 128.0])
WINDOW = 7
K1, K2 = 0.01, 0.03
"""Of SSIM: scikit-image's defaults, for pictures in [0, 1]."""
BATCH = 4
"""Pictures that go through LPIPS together, filled up. A constant: another number may change the last bits."""


def heatmap(
    original: np.ndarray,  # (H, W, 3) float RGB in [0, 1]
    drawn: np.ndarray,  # the same
    *,
    name: Name,
    ycbcr: bool,
    erosion: int | None,
    perceptual: Perceptual,
) -> np.ndarray:
    """The heatmap of two pictures, (H, W) float64, 0 or more. `erosion`: odd side of the minimum filter, pixels."""
    a, b = (processed(picture, ycbcr=ycbcr, erosion=erosion) for picture in (original, drawn))
    return heatmaps(a, [b], name=name, perceptual=perceptual)[0]


def heatmaps(
    original: np.ndarray, drawn: Sequence[np.ndarray], *, name: Name, perceptual: Perceptual
) -> list[np.ndarray]:
    """Of one processed picture against several; LPIPS looks at the first only once."""
    if name == "lpips":
        return perceptual_maps(original, drawn, perceptual)
    compare = squared_error if name == "pse" else dissimilarity
    return [compare(original, picture) for picture in drawn]


def processed(picture: np.ndarray, *, ycbcr: bool, erosion: int | None) -> np.ndarray:
    """The picture as it is compared, (H, W, 3) float64."""
    channels = to_ycbcr(picture) if ycbcr else np.asarray(picture, np.float64)
    return channels if erosion is None else eroded(channels, erosion)


def to_ycbcr(
    picture: np.ndarray,  # (H, W, 3) float RGB in [0, 1]
) -> np.ndarray:
    """Equation 3 divided by 255, so that a squared error has the unit it has in RGB: Y 16..235, Cb, Cr 16..240."""
    return np.asarray((picture @ TO_YCBCR.T + YCBCR_AT_BLACK) / 255)


def eroded(channels: np.ndarray, side: int) -> np.ndarray:
    """Equation 5: each channel's minimum over side x side pixels; pixels outside the picture do not count."""
    return cv2.erode(channels, np.ones((side, side), np.uint8))


def squared_error(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Equation 4, (H, W, 3), as the length over its channels, (H, W): that leaves its Frobenius norm as it is."""
    return np.asarray(np.linalg.norm(np.square(a - b), axis=2))


def dissimilarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """1 - SSIM at each pixel, mean of the channels, (H, W), 0..2."""
    return np.asarray(np.maximum(1 - similarity(a, b, window=WINDOW), 0.0))


def similarity(
    a: np.ndarray,  # (H, W, C) float in [0, 1]
    b: np.ndarray,  # the same
    *,
    window: int,  # odd, at most the picture's sides
) -> np.ndarray:
    """SSIM at each pixel (Wang et al. 2004), mean of the channels, (H, W), -1..1.

    As skimage.metrics.structural_similarity(full=True, data_range=1): a uniform window, unbiased covariances, the
    picture mirrored at its border.
    """
    mean_a, mean_b = _window_mean(a, window), _window_mean(b, window)
    unbiased = window**2 / (window**2 - 1)
    variances = unbiased * (_window_mean(a * a, window) - mean_a**2 + (_window_mean(b * b, window) - mean_b**2))
    covariance = unbiased * (_window_mean(a * b, window) - mean_a * mean_b)
    similar = (2 * mean_a * mean_b + K1**2) * (2 * covariance + K2**2)
    similar /= (mean_a**2 + mean_b**2 + K1**2) * (variances + K2**2)
    return np.asarray(similar.mean(axis=2))


def _window_mean(channels: np.ndarray, window: int) -> np.ndarray:
    found = cv2.blur(channels, (window, window), borderType=cv2.BORDER_REFLECT)
    return found.reshape(channels.shape)  # one channel comes back without its axis


@torch.inference_mode()
def perceptual_maps(original: np.ndarray, drawn: Sequence[np.ndarray], perceptual: Perceptual) -> list[np.ndarray]:
    """LPIPS' maps, (H, W) each. The net takes the three channels as if they were red, green and blue."""
    pictures = [original, *drawn]
    kept: list[torch.Tensor] = []
    found: list[np.ndarray] = []
    for start in range(0, len(pictures), BATCH):
        part = pictures[start : start + BATCH]
        batch = torch.stack([to_tensor(picture) for picture in part + [original] * (BATCH - len(part))])
        features = perceptual.features(batch.to(perceptual.shift.device))
        kept = kept or [layer[:1] for layer in features]
        maps = perceptual.spatial(kept, features, len(original))[: len(part)]
        found += list(maps.double().cpu().numpy())
    return found[1:]
