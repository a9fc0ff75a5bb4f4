"""Photographs in and out: any file to upright 8-bit RGB, and RGB to PNG bytes without anything else in them.

In: a file or bytes. Out: `(H, W, 3) uint8 RGB` in sRGB, as the file says that it is to be shown, or a reason in a
steward's words. docs/pictures.md lists what is accepted, turned, converted and refused. Knows nothing of faces.
"""

import io
import stat
import warnings
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.Image import Transpose

from tasks.base import modes
from tasks.base.colours import Unfollowed
from tasks.base.whole_files import containers

MAX_PIXELS = 200_000_000
"""Larger pictures are refused unread: a decompressed one would take over 600 MB."""

MAX_BYTES = 2_000_000_000
"""Larger files are refused unread: a picture of MAX_PIXELS in 16 bits and four channels takes 1.6 GB."""

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF", "BMP", "GIF", "JPEG2000", "PPM")
"""Pillow knows more, some by starting other programs (EPS): a file's name does not say what is inside."""

Image.MAX_IMAGE_PIXELS = None  # ours is the check, and it refuses instead of warning
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # of damaged tags: the picture is looked at
pillow_heif.register_heif_opener()

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
        check_size(path)
        return decode(path.read_bytes())
    except OSError as error:
        raise UnreadableImage(f"cannot be read: {error.strerror}") from error


def check_size(path: Path) -> None:
    """UnreadableImage for a file too large to be a picture, or none at all. Reads nothing of it. OSError: not there."""
    told = path.stat()
    if not stat.S_ISREG(told.st_mode) and not stat.S_ISDIR(told.st_mode):
        raise UnreadableImage("not a file but a device or pipe")
    if told.st_size > MAX_BYTES:
        size = f"{told.st_size / 1e9:.1f} GB"
        raise UnreadableImage(f"too large: {size}, pictures of up to {MAX_BYTES / 1e9:g} GB are read")


def decode(data: bytes) -> np.ndarray:
    """The picture in a file's bytes, (H, W, 3) uint8 RGB, upright. UnreadableImage says why not."""
    if not data:
        raise UnreadableImage("empty file")
    try:
        with Image.open(io.BytesIO(containers.without_long_texts(data)), formats=FORMATS) as picture:
            return _shown(picture, data)
    except UnidentifiedImageError:
        named = containers.stranger(data)
        known = f"not a picture in a format that can be read ({', '.join(FORMATS)})"
        raise UnreadableImage(f"not a picture that can be read: {named}" if named else known) from None
    except Unfollowed as error:
        raise UnreadableImage(str(error)) from None
    except UnreadableImage:
        raise
    except Exception as error:  # a damaged file makes a decoder stumble in more ways than it documents
        raise UnreadableImage(f"damaged picture: it cannot be decoded ({error})") from error


def _shown(picture: Image.Image, data: bytes) -> np.ndarray:
    _refuse_huge(*picture.size)
    modes.choose_page(picture)
    _refuse_huge(*picture.size)
    if wrong := containers.damage(data, picture):
        raise UnreadableImage(f"damaged picture: {wrong}; get the file again from where it came")
    pixels = modes.rgb(picture, data)  # first: a TIFF is turned, and its orientation forgotten, while loading
    turn = UPRIGHT.get(orientation(picture))
    return pixels if turn is None else np.ascontiguousarray(Image.fromarray(pixels).transpose(turn))


def orientation(picture: Image.Image) -> int:
    """The EXIF orientation; 1 (as it is) where there is none or the EXIF is damaged. No other entry counts."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF fails in many ways
        return 1


def carries_place(path: Path) -> bool:
    """Whether a picture's EXIF says where it was taken. False where it is damaged or the file is no picture."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            return bool(picture.getexif().get_ifd(ExifTags.IFD.GPSInfo))
    except Exception:
        return False


def _refuse_huge(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnreadableImage(f"too large: {width} x {height} is over {MAX_PIXELS // 1_000_000} megapixels")


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
