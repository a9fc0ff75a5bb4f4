"""Blocks of zeros where a picture's pixels lie: a copy that was not finished, a sector that could not be read.

In: a file's bytes, and the picture opened. Out: where the zeros begin. Packed pixels hold next to none: in photographs
and drawn faces 16 at the most, in lossy WebP up to 600 where a picture is wholly white. Pixels that are not packed may
be black, so there zeros count where they fill whole pages and do not begin and end with a row. JPEG and what has
checksums is looked at elsewhere (tasks.base.whole_files.jpeg, containers). Knows nothing of colours.
"""

import re
from collections.abc import Iterator

from PIL import Image, TiffImagePlugin

from tasks.base.whole_files.heif_boxes import extents

PAGE, STRAY = 4096, 2
"""Bytes that copies lose together; zeros before and after them that are the picture's own."""

OTHER = re.compile(rb"[^\0]")
PACKED, FLAT = 64, 2048
"""Zeros in a row that no packed picture has; the latter where packed pixels of one colour are nearly all zeros."""

UNPACKED, BY_STRIPS = 1, (5, 7, 50001)
"""Compressions of TIFF: LZW, JPEG, WebP. What others pack may hold black pixels as they are."""


def zeros(data: bytes, picture: Image.Image) -> int | None:
    """The first byte of a block of zeros among the pixels; None where there is none, or they could be black."""
    if picture.format == "WEBP":
        return next((at for begins, ends, least in _riff(data) for at in _runs(data, begins, ends, least)), None)
    if picture.format == "JPEG2000":
        return next(_runs(data, max(data.find(b"jp2c"), 0), len(data), FLAT), None)
    if picture.format in ("HEIF", "AVIF"):
        pieces = ((extent.place, extent.place + extent.length) for extent in extents(data))
        return next((at for piece in pieces for at in _runs(data, *piece, PACKED)), None)
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        packed = picture.tag_v2.get(259, UNPACKED)
        parts = list(_strips(picture))
        if packed in BY_STRIPS:
            return next((at for part in parts for at in _runs(data, *part, PACKED)), None)
        return _pages(data, parts, _row(picture)) if packed == UNPACKED else None
    if picture.format in ("BMP", "PPM"):
        begins = next((tile.offset for tile in getattr(picture, "tile", ())), 0)
        return _pages(data, [(begins, len(data))], _row(picture))
    return None


def _runs(data: bytes, begins: int, ends: int, least: int) -> Iterator[int]:
    return (start for start, _ in _spans(data, begins, ends, least))


def _spans(data: bytes, begins: int, ends: int, least: int) -> Iterator[tuple[int, int]]:
    """Where so many zeros in a row, or more, begin and end; in a time that grows as the bytes do."""
    block = bytes(least)
    while (start := data.find(block, begins, ends)) >= 0:
        found = OTHER.search(data, start + least, ends)
        begins = found.start() if found else ends
        yield start, begins


def _riff(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The chunks of a WebP that hold pixels: where they begin and end, and the least zeros that are damage."""
    place = 12
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if name in (b"VP8 ", b"VP8L"):
            yield place + 8, min(place + 8 + size, len(data)), PACKED if name == b"VP8L" else FLAT
        place += 8 + size + size % 2


def _pages(data: bytes, parts: list[tuple[int, int]], row: int) -> int | None:
    """The first whole pages of zeros, or up to a part's end, that do not begin and end with a row of pixels."""
    for begins, ends in parts:
        for start, end in _spans(data, begins, ends, PAGE):
            whole = -start % PAGE <= STRAY and (end == ends or end % PAGE <= STRAY)
            rows = (start - begins) % row == 0 and (end == ends or (end - begins) % row == 0)
            if whole and not rows:
                return start
    return None


def _row(picture: Image.Image) -> int:
    """Bytes of a row of pixels that are not packed."""
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        bits = int(picture.tag_v2.get(258, (8,))[0])  # of one colour: planes may lie apart
        return max(1, picture.width * bits // 8)
    said = next((tile.args for tile in getattr(picture, "tile", ())), ())
    stride = said[1] if isinstance(said, tuple) and len(said) > 1 and isinstance(said[1], int) else 0
    return stride or picture.width * len(picture.getbands())


def _strips(picture: TiffImagePlugin.TiffImageFile) -> Iterator[tuple[int, int]]:
    """Where the strips or tiles of a TIFF's page begin and end."""
    tags = picture.tag_v2
    starts, lengths = tags.get(324, tags.get(273, ())), tags.get(325, tags.get(279, ()))
    yield from ((start, start + length) for start, length in zip(starts, lengths, strict=False))
