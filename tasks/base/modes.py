"""Any picture that Pillow opens to 8-bit RGB: pages, depth, white-is-zero, transparency, colours.

In: an opened picture and its file's bytes. Out: `(H, W, 3) uint8 RGB`, not yet turned upright, or `Unfollowed` with
what the file asks for in vain. docs/pictures.md is the list of what is followed and what is refused.
"""

from collections.abc import Callable

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageCms, TiffImagePlugin
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    ICCPROFILE,
    PHOTOMETRIC_INTERPRETATION,
    PLANAR_CONFIGURATION,
    SAMPLEFORMAT,
    SAMPLESPERPIXEL,
    TiffImageFile,
)

from tasks.base import colours
from tasks.base.colours import Unfollowed
from tasks.base.whole_files import containers

NEW_SUBFILE, MAX_SAMPLE, S_MAX_SAMPLE = 254, 281, 341
SIGNED = 2
NO_BLACK = "its pixels are signed numbers, which have no agreed black; export it with 8 bits"
MOST_NEGATIVE = 0.01
"""Share of floating-point pixels under black by over a hundredth of white: fewer are what sharpening leaves."""
WHITE_IS_ZERO, RGB, RAW = 0, 2, (32803, 34892)
MOST_PAGES = 64
FOURTEEN_BITS, TWELVE_BITS = 2**14, 2**12
"""A 16-bit picture that stays under the first is dark, or 14 bits or fewer were stored without saying so; so is one of
which a thousandth at most reaches the second (a few hot pixels)."""
DEPTHS = tuple(2**bits - 1 for bits in range(9, 16))
"""What cameras and scanners write as the largest sample where they mean a depth."""


def rgb(
    picture: Image.Image,
    data: bytes,  # the file
) -> np.ndarray:
    """The picture's pixels, (H, W, 3) uint8 RGB in sRGB."""
    if isinstance(picture, TiffImageFile):
        _check_tiff(picture)
        if _is_deep_planar(picture) or _has_own_white(picture):
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
        if _is_deep(picture, data):  # Pillow keeps the upper eight bits of sixteen
            _check_used(np.asarray(picture.convert("RGB") if picture.mode == "P" else picture)[..., :3], _upper_eight)
        shown = _opaque(picture)
    shown.info, shown.format = picture.info, picture.format
    if shown.mode not in ("L", "RGB", "CMYK"):
        shown = shown.convert("L" if shown.mode == "1" else "RGB")
        shown.info, shown.format = picture.info, picture.format
    return np.ascontiguousarray(np.asarray(colours.to_srgb(shown, data).convert("RGB")))


def _is_deep(picture: Image.Image, data: bytes) -> bool:
    """Whether these colours have 16 bits each in the file."""
    if isinstance(picture, TiffImageFile):
        return len(picture.getbands()) > 2 and _depth(picture) == 16
    return not containers.is_shallow(data)


def _depth(picture: TiffImageFile) -> int:
    """Bits per sample."""
    return int(max(picture.tag_v2.get(BITSPERSAMPLE, (1,))))


def _upper_eight(value: int) -> int:
    """What Pillow makes of 16 bits."""
    return value >> 8


def _rounded_to_eight(value: int) -> int:
    """What OpenCV makes of 16 bits stored plane by plane: 4,095 to 4,240 become one value, which counts as 12 bits."""
    return (value + 128) // 257


def _check_used(
    values: np.ndarray,
    decoded: Callable[[int], int] = int,  # what the decoder made of a value of 16 bits
) -> None:
    """Unfollowed where the upper bits are hardly used: shown as stored, the picture would be dark."""
    few = np.count_nonzero(values > decoded(TWELVE_BITS - 1)) <= values.size // 1000
    if few or int(values.max(initial=0)) <= decoded(FOURTEEN_BITS - 1):
        used = 12 if few else 14
        raise Unfollowed(
            f"16 bits per colour, of which only the lowest {used} or fewer are used: too dark as stored; export it "
            "with 8 bits"
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
        raise Unfollowed(NO_BLACK)


def _is_deep_planar(picture: TiffImageFile) -> bool:
    """Whether this TIFF has over 8 bits per sample and one plane per colour, whose bytes Pillow mixes up."""
    return bool(picture.tag_v2.get(PLANAR_CONFIGURATION) == 2 and _depth(picture) > 8)


def _has_own_white(picture: TiffImageFile) -> bool:
    """Whether this TIFF of 16 bits per colour says that white is less than they can hold; Pillow does not heed it."""
    colours_in_it = picture.tag_v2.get(SAMPLESPERPIXEL, 1)
    return colours_in_it > 2 and _depth(picture) == 16 and _told_white(picture.tag_v2, b"", 0) is not None


def _by_opencv(picture: TiffImageFile, data: bytes) -> np.ndarray:
    """The picture, already upright: OpenCV turns a TIFF whatever it is asked, so the orientation is forgotten here."""
    tags = picture.tag_v2
    planar, white = _is_deep_planar(picture), _has_own_white(picture)
    if tags.get(PHOTOMETRIC_INTERPRETATION) != RGB or ICCPROFILE in tags or picture.tell() or (planar and white):
        raise Unfollowed(
            "over 8 bits per colour, stored plane by plane or with a white of its own, and not plain sRGB on the first "
            "page; export it with 8 bits"
        )
    picture.getexif().pop(ExifTags.Base.Orientation, None)
    how = cv2.IMREAD_COLOR if planar else cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    if bgr is None:
        raise ValueError("TIFF")
    values = np.ascontiguousarray(bgr[..., ::-1])
    if planar:
        if _depth(picture) == 16:
            _check_used(values, _rounded_to_eight)
        return values
    told = _told_white(tags, data, float(values.max(initial=0)))
    if told is None:
        _check_used(values)
    shown: np.ndarray = np.rint(values * (255.0 / (told or 65535.0))).astype(np.uint8)
    return shown


def _from_deep(picture: Image.Image, data: bytes) -> Image.Image:
    """Grey of over 8 bits, or of floating point, as 8-bit grey."""
    values = np.asarray(picture).astype(np.float64)
    finite = np.isfinite(values)
    values[~finite] = 0
    top = float(values.max(initial=0))
    if picture.mode == "F" and (values < -top / 100).mean() > MOST_NEGATIVE:
        raise Unfollowed(NO_BLACK)
    tags = picture.tag_v2 if isinstance(picture, TiffImageFile) else None
    white = _told_white(tags, data, top)
    if white is None and picture.mode.startswith("I;16"):
        white = 65535.0
        if top and values.min() < top:
            _check_used(values)
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
    for said in (_first(tags.get(S_MAX_SAMPLE)), _told_depth(tags)):
        if isinstance(said, int | float) and 1 < said < 65535 and top <= said:
            return float(said)
    bits = max(tags.get(BITSPERSAMPLE, (16,)))
    return 2.0**bits - 1 if 8 < bits < 16 else None


def _told_depth(tags: TiffImagePlugin.ImageFileDirectory_v2) -> object:
    """MaxSampleValue where it is a depth. Else it is the largest value in use, which is not to change the picture."""
    said = tags.get(MAX_SAMPLE)
    alike = not isinstance(said, tuple) or len(set(said)) == 1
    return _first(said) if alike and _first(said) in DEPTHS else None


def _first(said: object) -> object:
    """The first of a tag's values."""
    return said[0] if isinstance(said, tuple) and said else said


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
