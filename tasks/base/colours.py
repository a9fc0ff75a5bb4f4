"""Colours as the file means them, turned into sRGB, in which everything is measured.

In: a picture by Pillow (RGB, grey or CMYK, 8 bits) and what its file says of its colours: an embedded ICC profile, a
PNG's or AVIF's code points (cICP, nclx), a PNG's gamma and primaries, a camera's note of Adobe RGB in the EXIF. Out:
the picture in sRGB. Files that say nothing are sRGB. A profile that is broken or of another kind of colours is left
aside.
"""

import io
from functools import lru_cache

import numpy as np
from PIL import ExifTags, Image, ImageCms

from tasks.base.whole_files import containers

SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
"""White, red, green, blue: x and y of each."""

PRIMARIES = {
    1: SRGB,
    5: (0.3127, 0.3290, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    9: (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    12: (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
"""By ITU-T H.273's colour primaries: sRGB, PAL, NTSC, BT.2020, Display P3."""

ADOBE = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
ADOBE_GAMMA = 563 / 256
VIDEO = (1, 2, 6, 13, 14, 15)
"""H.273's transfer curves that stills use for sRGB's; 4, 5 and 8 are powers."""

POWERS = {4: 2.2, 5: 2.8, 8: 1.0}
SAME = 0.005
"""Chromaticities this near are the same."""


class Unfollowed(ValueError):
    """The file says of its colours what is not followed here."""


def to_srgb(picture: Image.Image, data: bytes) -> Image.Image:
    """The picture (L, RGB or CMYK) in sRGB. Unfollowed says what the file asks for in vain. `data`: the file."""
    if codes := _codes(picture, data):
        return _by_codes(picture, *codes)
    profile = picture.info.get("icc_profile")
    if profile:
        return _by_profile(picture, profile)
    if picture.mode == "CMYK":
        return picture
    if picture.format == "PNG" and "srgb" not in picture.info and "gamma" in picture.info:
        power = 1 / picture.info["gamma"] if picture.info["gamma"] > 0 else 2.2
        return _by_numbers(picture, picture.info.get("chromaticity", SRGB), None if abs(power - 2.2) < 0.1 else power)
    return _by_numbers(picture, ADOBE, ADOBE_GAMMA) if _is_adobe(picture) else picture


def _codes(picture: Image.Image, data: bytes) -> tuple[int, int] | None:
    """H.273's primaries and transfer curve, where the file has them and no profile."""
    if picture.format == "PNG":
        found = next((content for name, content, _ in containers.png_chunks(data) if name == b"cICP"), b"")
        return (found[0], found[1]) if len(found) == 4 else None
    if picture.format in ("AVIF", "HEIF") and not picture.info.get("icc_profile"):
        place = data.find(b"colrnclx", 0, 1 << 20)
        codes = data[place + 8 : place + 12]
        return (int.from_bytes(codes[:2]), int.from_bytes(codes[2:])) if place > 0 and len(codes) == 4 else None
    return None


def _by_codes(picture: Image.Image, primaries: int, curve: int) -> Image.Image:
    if curve in (16, 18):
        raise Unfollowed("a picture of high dynamic range (PQ or HLG); export it as JPEG or PNG in sRGB")
    if primaries in (0, 2):
        primaries = 1
    if primaries not in PRIMARIES or curve not in (*VIDEO, *POWERS):
        raise Unfollowed(f"its colours (primaries {primaries}, curve {curve}) are not known here; export it in sRGB")
    return _by_numbers(picture, PRIMARIES[primaries], POWERS.get(curve))


def _is_adobe(picture: Image.Image) -> bool:
    """Whether the EXIF says Adobe RGB, as cameras do that embed no profile."""
    try:
        return str(picture.getexif().get_ifd(ExifTags.IFD.Interop).get(1, "")).startswith("R03")
    except Exception:  # damaged EXIF fails in many ways, and says nothing
        return False


def _by_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        turn = _transform(profile, picture.mode)
        return picture if turn is None else ImageCms.applyTransform(picture, turn) or picture
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From the profile's colours to sRGB; None where that changes nothing one could see."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    turn = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    if mode == "CMYK":
        return turn
    levels = np.linspace(0, 255, 9).astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(27, 27, 3)
    asked = Image.fromarray(cube if mode == "RGB" else cube[..., 0])
    given = np.asarray(ImageCms.applyTransform(asked, turn), int)
    return None if np.abs(given - np.asarray(asked.convert("RGB"), int)).max() <= 2 else turn


def _by_numbers(picture: Image.Image, primaries: tuple[float, ...], power: float | None) -> Image.Image:
    """From these primaries and this power (None: sRGB's own curve)."""
    same = np.abs(np.subtract(primaries, SRGB)).max() < SAME
    if power is None and (same or picture.mode == "L"):
        return picture
    values = np.arange(256) / 255
    curve = values**power if power else np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    linear = curve.astype(np.float32)[np.asarray(picture)]
    if picture.mode == "RGB" and not same:
        linear = linear @ (np.linalg.inv(_matrix(SRGB)) @ _matrix(primaries)).T.astype(np.float32)
    linear = np.clip(linear, 0, 1)
    shown = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return Image.fromarray(np.rint(shown * 255).astype(np.uint8))


def _matrix(primaries: tuple[float, ...]) -> np.ndarray:
    """From linear RGB to XYZ, scaled so that white is D65's as Bradford's method adapts it (3, 3)."""
    white, *colours = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in zip(*[iter(primaries)] * 2, strict=True))
    columns = np.stack(colours, axis=1)
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    daylight = np.array([0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290])
    adapt = np.linalg.inv(bradford) @ np.diag((bradford @ daylight) / (bradford @ white)) @ bradford
    return np.asarray(adapt @ columns * np.linalg.solve(columns, white))
