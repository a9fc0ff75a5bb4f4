"""What a clip's file says of how its frames are to be shown: turned, mirrored, widened, in which colours.

In: the path of a clip. Out: how to set a decoded frame upright, or `UnshownClip` with what is asked for in vain. MP4
and MOV are read here, box by box, because OpenCV reduces their display matrix to an angle and loses every mirroring;
other containers know angles alone, and OpenCV's is taken. Decodes no frame.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

MOST_HEADER = 256_000_000
"""A longer index of frames (moov) belongs to no clip of a few minutes."""

MIRRORED_MKV = tuple(
    b"\x76\x73" + number for number in (b"\x84\x43\x34", b"\x84\xc3\x34", b"\x88\x40\x66\x80", b"\x88\xc0\x66\x80")
)
"""A yaw of 180 degrees, by which Matroska and WebM mirror: element, length, number."""

HDR = (16, 18)
"""Transfer curves of high dynamic range: PQ and HLG (ITU-T H.273)."""


class UnshownClip(ValueError):
    """Why the clip's frames cannot be shown as its file asks."""


class Placing(NamedTuple):
    """From stored to shown pixels: x' = a x + c y, y' = b x + d y, each -1, 0 or 1."""

    a: int
    b: int
    c: int
    d: int


AS_STORED = Placing(1, 0, 0, 1)
BY_ANGLE = {0: AS_STORED, 90: Placing(0, 1, -1, 0), 180: Placing(-1, 0, 0, -1), 270: Placing(0, -1, 1, 0)}
"""Clockwise degrees."""


def placed(
    frame: np.ndarray,  # (H, W, 3) as stored
    placing: Placing,
) -> np.ndarray:
    """The frame as it is to be shown."""
    swapped = placing.a == 0
    shown = frame.transpose(1, 0, 2) if swapped else frame
    across, down = (placing.c, placing.b) if swapped else (placing.a, placing.d)
    return shown[::down, ::across]


def container(path: Path) -> str:
    """`iso` (MP4, MOV), `matroska` (MKV, WebM) or `other`. UnshownClip for what is no clip. Reads 400 bytes."""
    with path.open("rb") as file:
        begin = file.read(400)
    if not begin:
        raise UnshownClip("empty file")
    if not begin.strip(b"\0"):
        raise UnshownClip("nothing but zeros; its copy was not finished")
    if begin[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"):
        return "iso"
    if begin.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    mpeg = begin.startswith((b"\0\0\1\xba", b"\0\0\1\xb3")) or (begin[0] == 0x47 and begin[188:189] == b"\x47")
    if mpeg or (begin.startswith(b"RIFF") and begin[8:12] == b"AVI ") or begin.startswith(b"\x30\x26\xb2\x75"):
        return "other"
    raise UnshownClip("not a clip in a format that is read (MP4, MOV, MKV, WebM, AVI, MPEG)")


def placing(path: Path, angle: float) -> Placing:
    """How the clip's frames are placed. `angle`: OpenCV's, clockwise degrees. UnshownClip says what is not followed."""
    kind = container(path)
    if kind == "iso":
        return _by_boxes(path)
    if kind == "matroska":
        with path.open("rb") as file:
            header = file.read(65_536)
        if any(said in header for said in MIRRORED_MKV):
            raise UnshownClip("it is to be shown mirrored, which is not followed in MKV and WebM; convert it to MP4")
    if angle % 360 not in BY_ANGLE:
        raise UnshownClip(f"it is to be shown turned by {angle:g} degrees; only quarter turns are followed")
    return BY_ANGLE[int(angle % 360)]


def _by_boxes(path: Path) -> Placing:
    with path.open("rb") as file:
        movie = _movie(file)
    track = next((each for each in _inside(movie, b"trak") if _is_video(each)), None)
    if track is None:
        raise UnshownClip("no video is in it")
    described = b"".join(_deep(track, b"mdia", b"minf", b"stbl", b"stsd"))
    place = described.find(b"colrncl")
    if place >= 0 and int.from_bytes(described[place + 10 : place + 12]) in HDR:
        raise UnshownClip("a clip of high dynamic range (PQ or HLG); export it as an ordinary one (SDR)")
    whole = _matrix(next(_inside(movie, b"mvhd"), b""), short=36, long=48)
    own = _matrix(next(_inside(track, b"tkhd"), b""), short=40, long=52)
    turned = own @ whole
    placed_by = np.rint(turned).astype(int)
    fits = np.abs(turned - placed_by).max() < 0.01 and (np.abs(placed_by).sum(axis=0) == 1).all()
    if not fits or (np.abs(placed_by).sum(axis=1) != 1).any():
        raise UnshownClip("its display matrix does more than quarter turns and mirroring, which is not followed")
    return Placing(*placed_by.ravel().tolist())


def _movie(file: BinaryIO) -> bytes:
    """The content of the moov box, wherever it stands."""
    end = file.seek(0, 2)
    place = 0
    while place + 8 <= end:
        file.seek(place)
        size, name = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1:
            size, header = int.from_bytes(file.read(8)), 16
        size = size or end - place
        if name == b"moov":
            if size > MOST_HEADER:
                raise UnshownClip(f"its index of frames is over {MOST_HEADER // 1_000_000} MB")
            return file.read(size - header)
        if size < header:
            break
        place += size
    raise UnshownClip("damaged clip: it has no index of frames (moov); its copy or recording was not finished")


def _inside(content: bytes, name: bytes) -> Iterator[bytes]:
    """The contents of the boxes of this name directly inside."""
    place = 0
    while place + 8 <= len(content):
        size, found = struct.unpack(">I4s", content[place : place + 8])
        header = 8
        if size == 1:
            size, header = int.from_bytes(content[place + 8 : place + 16]), 16
        size = size or len(content) - place
        if size < header:
            return
        if found == name:
            yield content[place + header : place + size]
        place += size


def _deep(content: bytes, *names: bytes) -> Iterator[bytes]:
    if not names:
        yield content
    else:
        for each in _inside(content, names[0]):
            yield from _deep(each, *names[1:])


def _is_video(track: bytes) -> bool:
    return any(handler[8:12] == b"vide" for handler in _deep(track, b"mdia", b"hdlr"))


def _matrix(header: bytes, *, short: int, long: int) -> np.ndarray:
    """The turning part of a header's display matrix, (2, 2): a b, c d. `short`, `long`: where it stands by version."""
    place = long if header[:1] == b"\1" else short
    if len(header) < place + 36:
        raise UnshownClip("damaged clip: a header in it is cut short")
    a, b, _, c, d = struct.unpack(">5i", header[place : place + 20])
    matrix = np.array([[a, b], [c, d]]) / 65536
    return matrix if matrix.any() else np.eye(2)
