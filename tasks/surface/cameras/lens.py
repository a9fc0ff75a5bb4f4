"""What a photograph's file says of its camera: make and model, and the focal length in pixels.

In: a file. Out: both, each None where EXIF does not say it or says nonsense. Of EXIF nothing else is read, and nothing
of it is kept in any result but the camera's name.
"""

import math
from pathlib import Path
from typing import Any, NamedTuple

from PIL import ExifTags, Image

from tasks.base.escaping import said
from tasks.base.images import FORMATS

FULL_FRAME = 36.0
"""Millimetres: the longer side of the picture that a "35 mm equivalent" is of."""
PLAUSIBLE = (0.3, 20.0)
"""Focal lengths over the longer side: a fisheye's and a long telephoto lens's."""
LETTERS = 40


class Lens(NamedTuple):
    """`focal`: px of the whole photograph."""

    camera: str | None
    focal: float | None


UNKNOWN = Lens(None, None)


def lens_of(path: Path) -> Lens:
    """The lens as EXIF has it. Opens the file's head alone; never raises for what is in it."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            exif, longer = picture.getexif(), max(picture.size)
            inner = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # damaged EXIF fails in many ways
        return UNKNOWN
    words = [exif.get(tag) for tag in (ExifTags.Base.Make, ExifTags.Base.Model)]
    camera = " ".join(said(word) for word in words if isinstance(word, str) and word.strip(" \0"))[:LETTERS]
    return Lens(camera or None, _focal(inner, longer))


def _focal(exif: Any, longer: int) -> float | None:
    """From the 35 mm equivalent, else from the focal length and the pixels per length of the sensor."""
    equivalent = _number(exif.get(ExifTags.Base.FocalLengthIn35mmFilm))
    if equivalent:
        return _plausible(equivalent / FULL_FRAME * longer, longer)
    length = _number(exif.get(ExifTags.Base.FocalLength))
    density = _number(exif.get(ExifTags.Base.FocalPlaneXResolution))
    unit = {2: 25.4, 3: 10.0}.get(exif.get(ExifTags.Base.FocalPlaneResolutionUnit, 2))
    taken = _number(exif.get(ExifTags.Base.ExifImageWidth))  # a picture made smaller keeps the sensor's density
    if not length or not density or not unit:
        return None
    whole = max(taken or longer, _number(exif.get(ExifTags.Base.ExifImageHeight)) or 0)
    return _plausible(length * density / unit * (longer / whole), longer)


def _plausible(focal: float, longer: int) -> float | None:
    return focal if PLAUSIBLE[0] < focal / longer < PLAUSIBLE[1] else None


def _number(value: Any) -> float | None:
    """A positive finite number, or None."""
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) and number > 0 else None
