"""Photographs in and out: any file to upright 8-bit RGB, and RGB to PNG bytes without anything else in them.

In: a file or bytes. Out: `(H, W, 3) uint8 RGB`. EXIF orientation is honoured and no EXIF survives;
16-bit, grey, CMYK, palette and transparent pictures are read right (transparency over white).
Knows nothing of faces.
"""

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageCms, TiffImagePlugin, UnidentifiedImageError
from PIL.Image import Transpose

MAX_PIXELS = 200_000_000
"""Larger pictures are refused unread: a decompressed one would take over 600 MB."""

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "BMP", "GIF", "JPEG2000", "PPM")
"""Pillow knows more, some by starting other programs (EPS): a file's name does not say what is inside."""

Image.MAX_IMAGE_PIXELS = None  # ours is the check, and it refuses instead of warning

UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What turns a picture of each EXIF orientation upright; 1 already is."""

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
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            _refuse_huge(*picture.size)
            return _by_opencv(data) if _is_deep_planar(picture) else _to_rgb(_upright(picture))
    except UnidentifiedImageError:
        raise UnreadableImage(f"not a picture in a format that can be read ({', '.join(FORMATS)})") from None
    except UnreadableImage:
        raise
    except Exception as error:  # a damaged file makes a decoder stumble in more ways than it documents
        raise UnreadableImage(f"damaged or truncated picture: {error}") from error


def _refuse_huge(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnreadableImage(f"too large: {width} x {height} is over {MAX_PIXELS // 1_000_000} megapixels")


def _upright(picture: Image.Image) -> Image.Image:
    """The picture as it was meant to be seen. Nothing else in its EXIF is looked at, so nothing there can fail."""
    picture.load()  # a TIFF is turned, and its orientation forgotten, while loading
    turn = UPRIGHT.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    return picture if turn is None else picture.transpose(turn)


def _is_deep_planar(picture: Image.Image) -> bool:
    """Whether this is a TIFF with over 8 bits per sample and one plane per colour, whose bytes Pillow mixes up."""
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return False
    tags = picture.tag_v2
    return bool(tags.get(TiffImagePlugin.PLANAR_CONFIGURATION) == 2 and max(tags.get(258, (1,))) > 8)


def _by_opencv(data: bytes) -> np.ndarray:
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise UnreadableImage("damaged or truncated TIFF")
    return np.ascontiguousarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))


def _to_rgb(picture: Image.Image) -> np.ndarray:
    """Any Pillow mode to (H, W, 3) uint8 RGB."""
    if picture.mode.startswith("I;16"):
        return _grey(np.asarray(picture).astype(np.float64), white=65535.0)
    if picture.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(picture).astype(np.float64))
        return _grey(values, white=_white(float(values.max(initial=0))))
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


def _grey(values: np.ndarray, *, white: float) -> np.ndarray:
    """(H, W) float, 0 black and `white` white, to (H, W, 3) uint8."""
    grey = np.clip(np.rint(values * (255.0 / white)), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _white(top: float) -> float:
    """What is white in a picture of unknown depth (32-bit grey) whose brightest pixel is `top`."""
    return 1.0 if top <= 1 else 255.0 if top <= 255 else 65535.0


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
