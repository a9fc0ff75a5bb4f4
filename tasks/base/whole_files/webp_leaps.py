"""Whether a lossless WebP was damaged: its colours leap from pixel to pixel as in no photograph.

In: a file's bytes, and the picture opened. Out: None, or what is wrong. A lossless WebP holds no checksum, and its
decoder gives some picture for any bytes. But it stores what differs from neighbours, counted round the end of the
scale (250 and 10 give 4). After a changed byte a colour leaps wherever such a sum passes the end: far, and yet by
little if counted round it. A camera's pictures have no such pair of pixels, and what is written on them has few
(docs/pictures.md). Only drawings in colours like pure red beside pure green have more. Knows nothing of faces.
"""

import cv2
import numpy as np
from PIL import Image

LEAP = 256
"""Grey levels by which one colour rises over another between two neighbours."""

ROUND = 16
"""Grey levels by which each colour changes at the most, counted round the end of the scale."""

FEWEST = 20
"""Leaps from which on a picture is damaged."""

ROWS = 512
"""Rows that are looked at at a time."""

SAID = (
    "its colours leap from pixel to pixel as in no photograph; a lossless WebP has no checksum: if it looks whole, "
    "export it as PNG"
)


def lossless_webp(data: bytes, picture: Image.Image) -> str | None:
    """What is wrong with a WebP whose first picture is coded without loss; None for others."""
    first = min((place for name in (b"VP8L", b"VP8 ") if (place := data.find(name, 12)) >= 0), default=0)
    if data[first : first + 4] != b"VP8L":
        return None
    return SAID if leaps(picture) >= FEWEST else None


def leaps(picture: Image.Image) -> int:
    """How many pairs of neighbours leap, above and below or side by side; where nothing shows is white."""
    found = 0
    for top in range(0, picture.height, ROWS):
        part = picture.crop((0, top, picture.width, min(top + ROWS + 1, picture.height)))
        pixels = np.asarray(part.convert("RGB"))
        if part.mode == "RGBA":
            pixels = np.where(np.asarray(part)[..., 3:] == 0, np.uint8(255), pixels)
        found += _leaps(pixels[1:], pixels[:-1]) + _leaps(pixels[:ROWS, 1:], pixels[:ROWS, :-1])
    return found


def _leaps(
    pixels: np.ndarray,  # (H, W, 3) uint8 RGB
    neighbours: np.ndarray,
) -> int:
    """How many of these pairs leap."""
    far = cv2.absdiff(pixels, neighbours) >= LEAP // 2  # rare, and one of a leap's colours goes so far
    places = np.unique(np.flatnonzero(far) // 3)
    steps = np.subtract(*(each.reshape(-1, 3)[places] for each in (pixels, neighbours)), dtype=np.int16)
    leap = steps.max(axis=1, initial=-LEAP) - steps.min(axis=1, initial=LEAP) >= LEAP
    return int((leap & (np.abs((steps + 128) % 256 - 128) <= ROUND).all(axis=1)).sum())
