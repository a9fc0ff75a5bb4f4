"""Whether coded pixels end where their file says: after a changed byte a decoder stops too early, or reads on.

In: a file's bytes. Out: None, or what is wrong. WebP, HEIC and TIFF (packed) hold no checksum, and their decoders
give some picture for any bytes. But they are codes without gaps: of a whole file the last bytes are needed, and none
that would follow. So it is decoded again with them missing. A HEIC's slices are looked at by `hevc`; an AVIF is decoded
by libaom, which looks at that itself. What is packed without arithmetic (LZW) often finds its way back to the same end,
and passes (docs/pictures.md has how often); a lossless WebP is looked at by `leaps`. Knows nothing of colours.
"""

import io
import re
import struct
from collections.abc import Iterator
from itertools import islice

import cv2
import numpy as np
from PIL import Image, TiffImagePlugin

from tasks.base.whole_files import hevc, jpeg, lzw, packbits
from tasks.base.whole_files.heif_boxes import coded_items
from tasks.base.whole_files.library_complaints import Aside

LEFT = "parts of it were changed (its pixels do not end where its file says)"
SPARE = 8
"""Last bytes without which no lossy WebP can be decoded."""

YCBCR = 6
"""Photometric interpretation of a TIFF whose colours may have fewer pixels than its brightness."""

JPEG, ENDS = 7, {5: lzw.ends_well, 32773: packbits.ends_well}
"""Compressions of TIFF; of LZW and PackBits, what tells whether a strip ends well."""

LEAST = 64
"""Shorter pieces show one colour, and a few bytes of them may be anything."""

MOST_PARTS = 4096
"""Strips or tiles of a TIFF that are looked at."""

CORRUPT = re.compile(rb"Corrupt frame|Decoding of color planes failed|Truncated data")


def avif(data: bytes) -> str | None:
    """What is wrong with an AVIF. One that libaom does not read for other reasons counts as whole."""
    with Aside() as aside:
        shown = aside.do(lambda: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
        said = aside.heard()
    return LEFT if shown is None and CORRUPT.search(said) else None


def webp(data: bytes) -> str | None:
    """What is wrong with a lossy WebP, or the first picture of a moving one."""
    coded = next(_lossy(data, 12), b"")
    if len(coded) <= LEAST:
        return None
    short = coded[:-SPARE]
    chunk = b"VP8 " + struct.pack("<I", len(short)) + short + bytes(len(short) % 2)
    return LEFT if _reads(b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk) else None


def _lossy(data: bytes, place: int) -> Iterator[bytes]:
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        content = data[place + 8 : place + 8 + size]
        if name == b"VP8 ":
            yield content
        if name == b"ANMF":
            yield from _lossy(content, 16)
        place += 8 + size + size % 2


def _reads(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
    except Exception:  # as a decoder that stumbles does
        return False
    return True


def heic(data: bytes) -> str | None:
    """What is wrong with a HEIC, whose tiles must end where their slices and rows do."""
    return LEFT if any(hevc.damaged([units]) for units in coded_items(data)) else None


def tiff(data: bytes, picture: TiffImagePlugin.TiffImageFile) -> str | None:
    """What is wrong with the strips or tiles of a TIFF that are packed by LZW or PackBits, or as JPEG."""
    tags = picture.tag_v2
    packed = tags.get(259)
    starts, lengths = tags.get(324, tags.get(273, ())), tags.get(325, tags.get(279, ()))
    places = islice(zip(starts, lengths, strict=False), MOST_PARTS)
    parts = [data[start : start + length] for start, length in places]
    if packed == JPEG:
        tables = bytes(tags.get(347, b""))[2:-2]
        parts = [part[:2] + tables + part[2:] for part in parts]
        if wrong := next((wrong for part in parts if (wrong := jpeg.damage(part))), None):
            return wrong
        in_rows = 273 in tags and tags.get(284, 1) == 1
        return jpeg.strips_damage(parts, tags.get(278, tags[257])) if in_rows else None
    if packed in ENDS:
        sizes = _strip_sizes(tags, len(parts))
        whole = (ENDS[packed](part, wide * rows) for part, (wide, rows) in zip(parts, sizes, strict=True))
        return None if all(whole) else LEFT
    return None


def _strip_sizes(tags: TiffImagePlugin.ImageFileDirectory_v2, count: int) -> Iterator[tuple[int, int]]:
    """Bytes per row, and rows, of each strip or tile; of colours with fewer pixels per row of blocks."""
    width, height = tags[256], tags[257]
    across, down = tags.get(322, width), tags.get(323, tags.get(278, height))
    bits = sum(tags.get(258, (1,))) if tags.get(284, 1) == 1 else tags.get(258, (1,))[0]
    per_plane = -(-height // down)
    for index in range(count):
        rows = down if 322 in tags else min(down, height - index % per_plane * down)
        if tags.get(262) == YCBCR:  # in blocks: so many of brightness, then one of each colour
            wide, high = tags.get(530, (2, 2))
            yield -(-across // wide) * (wide * high + 2), -(-rows // high)
        else:
            yield -(-across * bits // 8), rows
