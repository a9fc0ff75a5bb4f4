"""What is packed in an archive: the parts of a ZIP (office documents, PyTorch's files), a tar, a gzip or bzip2 file.

In: an open file. Out: its parts, one after the other, unpacked in memory; or why no more of it is. A bomb ends at the
limits that workbooks have: a part may not be larger than fits the whole file. Knows no person.
"""

import bz2
import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from tasks.ingest.tables.workbooks import MOST_SHRUNK, MOST_UNPACKED

DEEPEST = 3
"""Archives inside archives that are opened."""

MOST_PART = 2**28
"""Bytes of one part that are held in memory."""

DAMAGES = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError),
    *(RuntimeError, NotImplementedError, ValueError, OverflowError),
)
"""What the standard library raises for archives that are damaged, locked, or packed in ways that it does not know."""


class NotOpened(Exception):
    """Why a part, or the rest of the archive, was not looked into."""


@dataclass
class Room:
    """How many bytes may still be unpacked of one file."""

    left: int

    @classmethod
    def of(cls, size: int) -> "Room":
        """Room for a file of so many bytes."""
        return cls(max(MOST_UNPACKED, MOST_SHRUNK * size))

    def read(self, part: IO[bytes] | gzip.GzipFile | bz2.BZ2File) -> bytes:
        """All of a part; NotOpened where it is too large."""
        most = min(self.left, MOST_PART)
        content = part.read(most + 1)
        self.left -= len(content)
        if len(content) > most:
            raise NotOpened("more is packed in it than is unpacked here")
        return content


def parts(opened: IO[bytes], head: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    """Name and content of each part. NotOpened, where there is one that could not be unpacked, comes after the others.

    The names tell, too: they may be the person's.
    """
    try:
        if head.startswith(b"PK"):
            yield from _of_zip(opened, room)
        elif head[257:262] == b"ustar":
            yield from _of_tar(opened, room)
        else:
            with gzip.GzipFile(fileobj=opened) if head.startswith(b"\x1f\x8b") else bz2.BZ2File(opened) as inner:
                yield "", room.read(inner)
    except DAMAGES as error:
        raise NotOpened("it is damaged, or packed in a way that is not known here") from error


def _of_zip(opened: IO[bytes], room: Room) -> Iterator[tuple[str, bytes]]:
    locked = False
    with zipfile.ZipFile(opened) as archive:
        yield "", archive.comment
        for part in archive.infolist():
            yield part.filename, part.comment
            if part.flag_bits & 1:
                locked = True
                continue
            if part.compress_type == zipfile.ZIP_STORED and part.file_size > MOST_UNPACKED:
                continue  # lies there as it is, and was looked into with the file's bytes
            with archive.open(part) as inner:
                yield part.filename, room.read(inner)
    if locked:
        raise NotOpened("parts of it are locked with a password")


def _of_tar(opened: IO[bytes], room: Room) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=opened, mode="r:") as archive:
        for part in archive:
            yield part.name, part.linkname.encode("utf-8", "surrogateescape")
            if part.isfile() and (inner := archive.extractfile(part)) is not None:
                yield part.name, room.read(inner)


def of_pdf(content: bytes) -> Iterator[bytes]:
    """What is packed with deflate in a PDF, its letters joined where it moves them apart; what is damaged left out."""
    room, at = Room.of(len(content)), 0
    while (at := content.find(b"stream", at)) >= 0:
        at += len(b"stream")
        start = at + (2 if content[at : at + 2] == b"\r\n" else 1)
        end = content.find(b"endstream", start)
        try:
            found = zlib.decompressobj().decompress(
                content[start : end if end > 0 else None], min(room.left, MOST_PART)
            )
        except zlib.error:
            continue
        yield found
        room.left -= len(found)
        if room.left <= 0:
            return
