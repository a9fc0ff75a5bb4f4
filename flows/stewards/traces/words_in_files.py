"""What a file says in words, where a name can be told from chance.

In: bytes, or an open picture. Out: their texts: of text all of it but the pictures packed into it, of a picture its
metadata. Other binary files say nothing here: three letters turn up by chance in any megabyte of pixels or of packed
data. Knows no person.
"""

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from PIL import ExifTags, Image, IptcImagePlugin

from tasks.base import images  # noqa: F401  (Pillow learns HEIC and AVIF there)

PACKED = re.compile(r"base64,[A-Za-z0-9+/=\s]+|[A-Za-z0-9+/=]{200,}")
"""A picture packed into a page, or a piece of one."""

CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
MOST = 0.01
"""The share of control characters from which bytes are no text; of packed data they are a tenth."""

UNWORDED = ("exif", "icc_profile", "photoshop", "MakerNote")
"""Metadata that are not words, or that are read one by one."""


def words(content: bytes) -> str | None:
    """The bytes as text, without what is packed into it; None where they are none."""
    said = text(content)
    return None if said is None else PACKED.sub("", said)


def encoding(content: bytes) -> str | None:
    """How the bytes are written: UTF-16, UTF-8, or as Windows does; None where they are no text."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    for at, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(content) > 1 and content[at::2].count(0) > 0.4 * len(content) / 2 > 5 * content[1 - at :: 2].count(0):
            return name
    with suppress(UnicodeDecodeError):
        content.decode("utf-8")
        return "utf-8"
    controls = len(content) - len(content.translate(None, CONTROLS))
    return "cp1252" if controls <= MOST * len(content) else None


def text(content: bytes) -> str | None:
    """The bytes as text; None where they are none."""
    how = encoding(content)
    return None if how is None else content.decode(how, "replace" if how == "cp1252" else "ignore")


def metadata(content: IO[bytes]) -> Iterator[str]:
    """Texts of a picture's own: EXIF, IPTC, XMP, PNG's texts, TIFF's tags, comments.

    ValueError where it cannot be opened: a clip, a damaged picture.
    """
    refusals = (OSError, ValueError, SyntaxError, KeyError, TypeError, zlib.error, Image.DecompressionBombError)
    try:
        with Image.open(content) as picture:
            if picture.format == "PNG":
                picture.load()  # texts may come after the pixels
            exif = picture.getexif()
            blocks = [exif, *(exif.get_ifd(block) for block in ExifTags.IFD)]
            named = {ExifTags.TAGS.get(tag, str(tag)): value for block in blocks for tag, value in block.items()}
            iptc = IptcImagePlugin.getiptcinfo(picture) or {}
            for name, value in [*picture.info.items(), *named.items(), *(("iptc", one) for one in iptc.values())]:
                if name not in UNWORDED:
                    yield from _words(value)
    except refusals as error:
        raise ValueError("it cannot be opened as a picture") from error


def _words(value: object) -> Iterator[str]:
    if isinstance(value, bytes):
        value = text(value.removeprefix(b"ASCII\0\0\0").removeprefix(b"UNICODE\0"))
    if isinstance(value, str):
        yield value.replace("\0", " ")
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _words(one)
