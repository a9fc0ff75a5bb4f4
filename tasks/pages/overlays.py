"""Heatmaps laid over photographs, and pictures made small enough for a page.

In: pictures and heatmaps as arrays, or as the PNG bytes of ANOMALY_MAPS. Out: JPEG bytes. The colours are
cividis (told apart with any colour vision, and in grey). Knows nothing of pages, files and scores.
"""

from functools import cache

import cv2
import numpy as np

SIDE = 160
"""Pixels of a picture on a page; small ones are enlarged so that a browser does not smear them."""


@cache
def colours() -> np.ndarray:  # (256, 3) uint8 RGB
    """From nothing to the most that is shown."""
    import matplotlib as mpl  # slow to import

    found: np.ndarray = (mpl.colormaps["cividis"](np.linspace(0, 1, 256))[:, :3] * 255).round().astype(np.uint8)
    return found


def decode_heat(png: bytes, high: float) -> np.ndarray:  # (H, W) float, 0..high
    """The heatmap in a 16-bit PNG whose white is `high`."""
    grey = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    return np.asarray(grey, dtype=float) * (high / 65535.0)


def lay_over(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    heat: np.ndarray,  # (H, W) float >= 0
    *,
    high: float,  # the value that gets the last colour and the full opacity
    opacity: float,  # 0..1
) -> np.ndarray:  # (H, W, 3) uint8 RGB
    """The heatmap over the picture: colour by the value, opacity by its root, so that no difference leaves the face."""
    share = np.clip(heat / high, 0, 1) if high > 0 else np.zeros_like(heat)
    alpha = opacity * np.sqrt(share)[:, :, None]
    colour = colours()[np.rint(share * 255).astype(int)]
    return np.asarray(np.rint((1 - alpha) * image + alpha * colour), dtype=np.uint8)


def around_face(to_original: np.ndarray, size: int, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of a photograph (`shape`: height, width) in which an aligned picture of `size` px lies.

    `to_original`: (2, 3), pixel of the picture to pixel of the photograph.
    """
    ends = np.array([[0, 0, 1], [size - 1, 0, 1], [0, size - 1, 1], [size - 1, size - 1, 1]], float)
    corners = ends @ np.asarray(to_original, float).reshape(2, 3).T  # (4, 2) x, y
    low, high = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int) + 1
    return slice(max(0, low[1]), min(shape[0], high[1])), slice(max(0, low[0]), min(shape[1], high[0]))


def jpeg(image: np.ndarray, *, side: int = SIDE) -> bytes:  # (H, W, 3) uint8 RGB
    """The picture as a JPEG whose longer side is `side` px; enlarged by cubic interpolation, shrunk by area."""
    factor = side / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    done, data = cv2.imencode(".jpg", cv2.cvtColor(resized, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])
    if not done:
        raise ValueError(f"no JPEG can be made of an array {image.shape} {image.dtype}")
    return bytes(data)
