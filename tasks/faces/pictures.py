"""Pictures as networks take them and as tables keep them.

In: tensors (3, H, W) in -1..1, or PNG bytes. Out: 16-bit PNG bytes, which keep a generator's picture to 2**-16 of its
range; float arrays (H, W, 3) RGB in 0..1, which heatmaps are made of. Knows nothing of faces.
"""

import cv2
import numpy as np
import torch
from torch import Tensor

from tasks.base.images import PNG_LEVEL, UnreadableImage

WHITE = 65535.0
"""The highest value of 16 bits."""


def encode(picture: Tensor) -> bytes:
    """(3, H, W) float, clamped to -1..1 -> 16-bit PNG bytes. ValueError for NaN."""
    values = picture.detach().cpu().double().clamp(-1, 1).permute(1, 2, 0).numpy()
    if np.isnan(values).any():
        raise ValueError("the picture has NaN")
    deep = np.rint((values + 1) * (WHITE / 2)).astype(np.uint16)
    done, data = cv2.imencode(".png", cv2.cvtColor(deep, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    if not done:
        raise ValueError(f"no PNG can be made of an array {deep.shape}")
    return bytes(data)


def decode(png: bytes) -> np.ndarray:
    """PNG bytes of 8 or 16 bits per sample -> (H, W, 3) float64 RGB in 0..1."""
    bgr = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if bgr is None:
        raise UnreadableImage("damaged PNG in a table")
    white = WHITE if bgr.dtype == np.uint16 else 255.0
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.float64) / white)


def to_tensor(
    image: np.ndarray,  # (H, W, 3) float RGB in 0..1
) -> Tensor:
    """(3, H, W) float32 in -1..1."""
    return torch.from_numpy(np.ascontiguousarray((image * 2 - 1).transpose(2, 0, 1), np.float32))
