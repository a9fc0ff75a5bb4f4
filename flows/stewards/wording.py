"""What a file says in words, where a name can be told from chance.

In: a file's bytes and its kind. Out: its texts: of a text file all of it, of a picture its metadata, of a workbook its
parts, of a page all but the pictures packed into it. Other binary files say nothing: three letters turn up by chance in
any megabyte of pixels or of packed data. Knows no person.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress

from PIL import ExifTags, Image

from tasks.base import images  # noqa: F401  (Pillow learns HEIC and AVIF there)

LARGEST = 2**30
"""Bytes of a file, or of a part of a workbook, that is looked through."""

PACKED = re.compile(r"base64,[A-Za-z0-9+/=\s]+")
"""A picture packed into a page."""

CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
MOST = 0.01
"""The share of control characters from which bytes are no text; of packed data they are a tenth."""

UNWORDED = ("exif", "icc_profile", "photoshop", "MakerNote")
"""Metadata that are not words, or that are read one by one."""


def texts(content: bytes, kind: str) -> Iterator[str]:
    """What the file says; `kind`: as flows.stewards.traces tells it."""
    if kind == "picture":
        yield from _metadata(content)
    elif content.startswith(b"PK"):
        yield from _parts(content)
    elif kind in ("page", "other") and (words := text(content)) is not None:
        yield PACKED.sub("", words)


def text(content: bytes) -> str | None:
    """The bytes as text: UTF-16, UTF-8, or what Windows writes; None where they are none."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "ignore")
    for at, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(content) > 1 and content[at::2].count(0) > 0.4 * len(content) / 2 > 5 * content[1 - at :: 2].count(0):
            return content.decode(encoding, "ignore")
    with suppress(UnicodeDecodeError):
        return content.decode("utf-8")
    controls = len(content) - len(content.translate(None, CONTROLS))
    return content.decode("cp1252", "replace") if controls <= MOST * len(content) else None


def _metadata(content: bytes) -> Iterator[str]:
    """Texts of a picture's own: EXIF, XMP, PNG's texts, TIFF's tags, comments. Nothing of what cannot be opened."""
    refusals = (OSError, ValueError, SyntaxError, KeyError, TypeError, zlib.error, Image.DecompressionBombError)
    with suppress(*refusals), Image.open(io.BytesIO(content)) as picture:
        if picture.format == "PNG":
            picture.load()  # texts may come after the pixels
        exif = picture.getexif()
        blocks = [exif, *(exif.get_ifd(block) for block in ExifTags.IFD)]
        named = {ExifTags.TAGS.get(tag, str(tag)): value for block in blocks for tag, value in block.items()}
        for name, value in [*picture.info.items(), *named.items()]:
            if name not in UNWORDED:
                yield from _words(value)


def _words(value: object) -> Iterator[str]:
    if isinstance(value, bytes):
        value = text(value.removeprefix(b"ASCII\0\0\0").removeprefix(b"UNICODE\0"))
    if isinstance(value, str):
        yield value.replace("\0", " ")
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _words(one)


def _parts(content: bytes) -> Iterator[str]:
    """What a workbook says, by its content (DVC's cache has no suffixes): its parts are packed. Nothing if damaged."""
    with suppress(zipfile.BadZipFile, OSError, RuntimeError, zlib.error), zipfile.ZipFile(io.BytesIO(content)) as book:
        for name in book.namelist():
            if name.endswith((".xml", ".rels")) and book.getinfo(name).file_size <= LARGEST:
                yield book.read(name).decode("utf-8", "ignore")
