"""Photographs in and out: any file to upright 8-bit RGB, and RGB to PNG bytes without anything else in them.

In: a file or bytes. Out: `(H, W, 3) uint8 RGB`. EXIF orientation is honoured and no EXIF survives;
16-bit, grey, CMYK, palette and transparent pictures are read right (transparency over white).
Knows nothing of faces.
"""

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

MAX_PIXELS = 200_000_000
"""Larger pictures are refused unread: a decompressed one would take over 600 MB."""

Image.MAX_IMAGE_PIXELS = None  # ours is the check, and it refuses instead of warning

PNG_LEVEL = 1
"""Fast compression: halves and regions are small and many."""


class UnreadableImage(ValueError):
    """The file is no picture that can be read; the message says why, without the file's name."""


def read(path: Path) -> np.ndarray:
    """The photograph at `path`, (H, W, 3) uint8 RGB, upright. UnreadableImage says why not."""
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise UnreadableImage(f"cannot be read: {error.strerror}") from error


def decode(data: bytes) -> np.ndarray:
    """The picture in a file's bytes, (H, W, 3) uint8 RGB, upright. UnreadableImage says why not."""
    if not data:
        raise UnreadableImage("empty file")
    try:
        with Image.open(io.BytesIO(data)) as picture:
            _refuse_huge(*picture.size)
            return _to_rgb(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError:
        return _decode_rare(data)
    except (OSError, SyntaxError, ValueError, MemoryError) as error:
        if isinstance(error, UnreadableImage):
            raise
        raise UnreadableImage(f"damaged or truncated picture: {error}") from error


def _refuse_huge(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnreadableImage(f"too large: {width} x {height} is over {MAX_PIXELS // 1_000_000} megapixels")


def _to_rgb(picture: Image.Image) -> np.ndarray:
    """Any Pillow mode to (H, W, 3) uint8 RGB."""
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        grey = _eight_bits(np.asarray(picture).astype(np.float64))
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.mode == "CMYK" and (profile := picture.info.get("icc_profile")):
        picture = _by_profile(picture, profile)
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        opaque = picture.convert("RGBA")
        white = Image.new("RGBA", opaque.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(white, opaque)
    return np.ascontiguousarray(np.asarray(picture.convert("RGB")))


def _by_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, io.BytesIO(profile), srgb, outputMode="RGB") or picture
    except (ImageCms.PyCMSError, OSError):
        return picture


def _eight_bits(grey: np.ndarray) -> np.ndarray:
    """(H, W) float of unknown depth to uint8: 65,535, 255 or 1 is white, by what the values reach."""
    top = float(grey.max(initial=0))
    white = 1.0 if top <= 1 else 255.0 if top <= 255 else 65535.0
    return np.clip(np.rint(grey * (255.0 / white)), 0, 255).astype(np.uint8)


def _decode_rare(data: bytes) -> np.ndarray:
    """What Pillow does not know (16-bit colour TIFF, EXR, ...), by OpenCV."""
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        bgr = None
    if bgr is None:
        raise UnreadableImage("not a picture in a format that can be read (JPEG, PNG, TIFF, WebP, BMP and others)")
    return np.ascontiguousarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))


def encode_png(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
) -> bytes:
    """The picture as PNG bytes, pixels only: no EXIF, no dates."""
    done, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    if not done:
        raise ValueError(f"no PNG can be made of an array {image.shape} {image.dtype}")
    return bytes(data)


def decode_png(data: bytes) -> np.ndarray:
    """The picture in PNG bytes that `encode_png` made, (H, W, 3) uint8 RGB."""
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise UnreadableImage("damaged PNG in a table")
    return np.ascontiguousarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
