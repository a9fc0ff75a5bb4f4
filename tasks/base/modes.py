"""Any picture that Pillow opens to 8-bit RGB: pages, depth, white-is-zero, transparency, colours.

In: an opened picture and its file's bytes. Out: `(H, W, 3) uint8 RGB`, not yet turned upright, or `Unfollowed` with
what the file asks for in vain. docs/pictures.md is the list of what is followed and what is refused.
"""

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageCms, TiffImagePlugin
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    ICCPROFILE,
    PHOTOMETRIC_INTERPRETATION,
    PLANAR_CONFIGURATION,
    SAMPLEFORMAT,
    TiffImageFile,
)

from tasks.base import colours, containers
from tasks.base.colours import Unfollowed

NEW_SUBFILE, MAX_SAMPLE, S_MAX_SAMPLE = 254, 281, 341
SIGNED = 2
WHITE_IS_ZERO, RGB, RAW = 0, 2, (32803, 34892)
MOST_PAGES = 64
TWELVE_BITS = 4096
"""A 16-bit picture that stays under this is nearly black, or 12 bits were stored without saying so."""


def rgb(
    picture: Image.Image,
    data: bytes,  # the file
) -> np.ndarray:
    """The picture's pixels, (H, W, 3) uint8 RGB in sRGB."""
    if isinstance(picture, TiffImageFile):
        _check_tiff(picture)
        if _is_deep_planar(picture):
            return _by_opencv(picture, data)
    picture.load()
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        shown = _from_deep(picture, data)
    elif picture.mode == "LAB":
        shown = (
            ImageCms.profileToProfile(
                picture, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            or picture
        )
    else:
        shown = _opaque(picture)
        if not containers.is_shallow(data) and np.asarray(shown).max() < TWELVE_BITS >> 8:
            raise Unfollowed(DARK)
    shown.info, shown.format = picture.info, picture.format
    if shown.mode not in ("L", "RGB", "CMYK"):
        shown = shown.convert("L" if shown.mode == "1" else "RGB")
        shown.info, shown.format = picture.info, picture.format
    return np.ascontiguousarray(np.asarray(colours.to_srgb(shown, data).convert("RGB")))


DARK = (
    "16 bits per colour, of which only the lowest 12 or fewer are used: nearly black as stored; export it with 8 bits"
)


def choose_page(picture: Image.Image) -> None:
    """Turn a TIFF of several pages to the one that is no thumbnail. Unfollowed where several are whole pictures."""
    if not isinstance(picture, TiffImageFile):
        return
    whole = []
    for page in range(MOST_PAGES):
        try:
            picture.seek(page)
        except EOFError:
            break
        if not int(picture.tag_v2.get(NEW_SUBFILE, 0)) & 5:  # a smaller copy, or a mask
            whole.append((page, picture.size))
    if len(whole) > 1:
        raise Unfollowed(f"{len(whole)} pictures in one file; save each as a file of its own")
    picture.seek(whole[0][0] if whole else 0)


def _check_tiff(picture: TiffImageFile) -> None:
    tags = picture.tag_v2
    if tags.get(PHOTOMETRIC_INTERPRETATION) in RAW:
        raise Unfollowed("a camera's raw data (DNG); develop it and export it as JPEG or TIFF")
    if SIGNED in tuple(tags.get(SAMPLEFORMAT, ())):
        raise Unfollowed("its pixels are signed numbers, which have no agreed black; export it with 8 bits")


def _is_deep_planar(picture: TiffImageFile) -> bool:
    """Whether this TIFF has over 8 bits per sample and one plane per colour, whose bytes Pillow mixes up."""
    tags = picture.tag_v2
    return bool(tags.get(PLANAR_CONFIGURATION) == 2 and max(tags.get(BITSPERSAMPLE, (1,))) > 8)


def _by_opencv(picture: TiffImageFile, data: bytes) -> np.ndarray:
    """The picture, already upright: OpenCV turns a TIFF whatever it is asked, so the orientation is forgotten here."""
    if picture.tag_v2.get(PHOTOMETRIC_INTERPRETATION) != RGB or ICCPROFILE in picture.tag_v2:
        raise Unfollowed("over 8 bits per colour, stored plane by plane, and not plain sRGB; export it with 8 bits")
    picture.getexif().pop(ExifTags.Base.Orientation, None)
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError("TIFF")
    return np.ascontiguousarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))


def _from_deep(picture: Image.Image, data: bytes) -> Image.Image:
    """Grey of over 8 bits, or of floating point, as 8-bit grey."""
    values = np.asarray(picture).astype(np.float64)
    finite = np.isfinite(values)
    values[~finite] = 0
    top = float(values.max(initial=0))
    tags = picture.tag_v2 if isinstance(picture, TiffImageFile) else None
    white = _told_white(tags, data, top)
    if white is None and picture.mode.startswith("I;16"):
        white = 65535.0
        if 0 < top < TWELVE_BITS and values.min() < top:
            raise Unfollowed(DARK)
    if white is None:
        white = _white(top)
    if tags is not None and tags.get(PHOTOMETRIC_INTERPRETATION) == WHITE_IS_ZERO:
        values = np.where(finite, white - values, 0)
    return Image.fromarray(np.clip(np.rint(values * (255.0 / white)), 0, 255).astype(np.uint8))


def _told_white(tags: TiffImagePlugin.ImageFileDirectory_v2 | None, data: bytes, top: float) -> float | None:
    """What is white by the file's own word, where it can be right."""
    if tags is None:
        bits = containers.significant_bits(data)
        return 2.0**bits - 1 if bits and top < 2**bits and bits < 16 else None
    for tag in (S_MAX_SAMPLE, MAX_SAMPLE):
        said = tags.get(tag)
        said = said[0] if isinstance(said, tuple) and said else said
        if isinstance(said, int | float) and 1 < said < 65535 and top <= said:
            return float(said)
    bits = max(tags.get(BITSPERSAMPLE, (16,)))
    return 2.0**bits - 1 if 8 < bits < 16 else None


def _white(top: float) -> float:
    """What is white in a picture of unknown depth (32 bits, or floating point) whose brightest pixel is `top`."""
    return 1.0 if top <= 1 else 255.0 if top <= 255 else 65535.0


def _opaque(picture: Image.Image) -> Image.Image:
    """The picture over white. Unfollowed where nothing of it shows."""
    if picture.mode not in ("LA", "PA", "RGBA", "La", "RGBa") and "transparency" not in picture.info:
        return picture
    opaque = picture.convert("RGBA")
    if opaque.getchannel("A").getextrema()[1] == 0:
        raise Unfollowed("wholly transparent: nothing of it is to be seen; save it without transparency")
    white = Image.new("RGBA", opaque.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, opaque).convert("RGB")
