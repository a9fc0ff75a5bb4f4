"""Whether a clip's file is as long as its container says: a copy or a recording that stopped is not.

In: the path of a clip and its kind of container. Out: None, or what is missing, in bytes. MP4 and MOV are boxes in a
chain, AVI is one chunk or several, Matroska and WebM tell their length unless they were streamed; MPEG tells none.
Reads a few hundred bytes and decodes nothing.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx", b"uuid", b"meta", b"styp"}
"""What stands at the top of an MP4 or MOV; other bytes after the last of them are somebody's addition."""

HEADER, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
MOST_BOXES = 1_000_000
"""A fragmented clip has two per second or so."""


def missing(path: Path, kind: str) -> int | None:
    """How many bytes the container promises and the file has not; None where it is whole or nothing is promised.

    `kind`: as `tasks.ingest.clips.display.container` tells it, `iso`, `matroska` or `other`.
    """
    with path.open("rb") as file:
        there = file.seek(0, 2)
        parts = {"iso": _boxes, "matroska": _segment, "other": _riff}[kind](file, there)
        ends = max(parts, default=0)
    return ends - there if ends > there else None


def _boxes(file: BinaryIO, there: int) -> Iterator[int]:
    """Where each box says that it ends."""
    place = 0
    for _ in range(MOST_BOXES):
        file.seek(place)
        head = file.read(16)
        size, name, least = int.from_bytes(head[:4]), head[4:8], 8
        if size == 1:
            size, least = int.from_bytes(head[8:16]), 16
        if name not in BOXES or (size and size < least):
            return
        place = place + size if size else there
        yield place
        if place >= there:
            return


def _riff(file: BinaryIO, there: int) -> Iterator[int]:
    """Where each chunk of an AVI says that it ends; a recorder that was switched off left 0 or the largest number."""
    place = 0
    while place + 12 <= there:
        file.seek(place)
        head = file.read(12)
        size = int.from_bytes(head[4:8], "little")
        if head[:4] != b"RIFF" or head[8:12] not in (b"AVI ", b"AVIX") or size in (0, 0xFFFFFFFF):
            return
        place += 8 + size
        yield place
        place += size % 2


def _segment(file: BinaryIO, _: int) -> Iterator[int]:
    """Where the segment of a Matroska or WebM says that it ends."""
    file.seek(0)
    begin = file.read(4096)
    place = 0
    for name in (HEADER, SEGMENT):
        if begin[place : place + 4] != name or place + 5 > len(begin):
            return
        wide = 9 - begin[place + 4].bit_length()
        written = begin[place + 4 : place + 4 + wide]
        size = int.from_bytes(written) & ((1 << 7 * wide) - 1)
        if wide > 8 or size == (1 << 7 * wide) - 1:
            return
        place += 4 + wide + (size if name == HEADER else 0)
    yield place + size
