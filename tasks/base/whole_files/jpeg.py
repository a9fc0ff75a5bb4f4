"""Whether a JPEG is whole: its scans reach their ends, its decoder does not complain, its blocks do not jump.

In: the bytes of a file. Out: None, or what is wrong. A JPEG holds no checksum and its decoder (libjpeg) only warns, so
three looks are taken (docs/pictures.md has how often they see a damage):
the scans, which must reach full precision and whose last byte must be needed; libjpeg's warnings; and the picture at
an eighth of its size, where a brightness or colour that changes at one block and stays changed shows as a stair, or
as a band where a restart marker ends it with its row.
A changed bit that spoils a few pixels of one block is seen by none of them. Knows nothing of faces.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np

from tasks.base.whole_files.block_steps import BAND, STAIR, stair
from tasks.base.whole_files.library_complaints import own_files

START, END = b"\xff\xd8", b"\xff\xd9"
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""Ends a scan's data: no stuffed 255, no restart marker, no filling."""

TRAILING = re.compile(rb"(?:\xff+[\xd0-\xd7]|\xff)+\Z")
"""Filling and restart markers after a scan's last data."""

RESTART = re.compile(rb"\xff+[\xd0-\xd7]")
LEFT_OUT = {*range(0xE0, 0xEE), 0xEF, 0xFE}
"""Segments without which the pixels decode alike: EXIF, profiles, comments. Adobe's (0xEE) names the colours."""

FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
ARITHMETIC = {0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
MOST_SCANS = 64
"""Encoders write ten or so; each is decoded once more."""

MOST_INTERVALS = 1024
"""Of files with more stretches between restart markers (one per few blocks), only the whole is looked at."""

COMPLAINT = re.compile(rb"Corrupt JPEG data[^\n]*|Premature end of JPEG file|Inconsistent progression sequence[^\n]*")


JUMPS = "its brightness or colour jumps at one block and stays so"


class Damaged(ValueError):
    """What is wrong with the JPEG."""


class Scan(NamedTuple):
    """A scan's header, and where its data begin and end in the stream."""

    header: bytes
    begins: int
    ends: int


class Jpeg(NamedTuple):
    """A JPEG without metadata, up to the end of its last scan (no end marker); its frame, quantisation and scans."""

    stream: bytes
    frame: bytes
    kind: int
    tables: bytes
    interval: int
    scans: Sequence[Scan]


def damage(data: bytes) -> str | None:
    """What is wrong with the JPEG that these bytes begin with; None where nothing is seen."""
    try:
        jpeg = _taken_apart(data)
        _check_scans(jpeg)
    except Damaged as error:
        return str(error)
    [(said, small)] = decoded([jpeg.stream + END], cv2.IMREAD_REDUCED_COLOR_8)
    if said:
        return f"parts of it were lost or changed ({said})"
    try:
        _check_ends([] if jpeg.kind in ARITHMETIC else [jpeg.stream[: scan.ends] for scan in jpeg.scans])
        _check_intervals(jpeg)
    except Damaged as error:
        return str(error)
    if small is None:
        return None
    whole = jpeg.stream + END
    return JUMPS if _jumps(jpeg, small, lambda: _picture(whole, cv2.IMREAD_COLOR), rowwise=_is_rowwise(jpeg)) else None


def strips_damage(strips: Sequence[bytes], rows: int) -> str | None:
    """What is wrong with a picture in strips of so many rows, each a JPEG: what jumps shows where they are together.

    Only where each strip begins anew at a unit of blocks.
    """
    try:
        first = _taken_apart(strips[0]) if strips else None
    except Damaged as error:
        return str(error)
    if first is None or len(first.frame) < 10 or rows % (8 * _block(first.frame)[1]):  # noqa: PLR2004
        return None
    small = _together(strips, cv2.IMREAD_REDUCED_COLOR_8)
    if small is None:
        return None
    return JUMPS if _jumps(first, small, lambda: _together(strips, cv2.IMREAD_COLOR), rowwise=True) else None


def _together(strips: Sequence[bytes], how: int) -> np.ndarray | None:
    """The picture in these strips; None where one cannot be decoded, or is of another width."""
    parts = [picture for _, picture in decoded(strips, how) if picture is not None]
    alike = len(parts) == len(strips) and len({picture.shape[1] for picture in parts}) == 1
    return np.vstack(parts) if alike else None


def _jumps(jpeg: Jpeg, small: np.ndarray, full: Callable[[], np.ndarray | None], *, rowwise: bool) -> bool:
    """Whether a stair is there; or a band, where rows of units begin anew. `full` is asked for where one may be."""
    (across, down), quantum = _block(jpeg.frame), _quantum(jpeg.tables)
    kinds = ((False, STAIR), (True, BAND)) if rowwise else ((False, STAIR),)
    found = [kind for kind in kinds if stair(small, across, down, quantum=quantum, band=kind[0]) > kind[1]]
    whole = full() if found else None
    return any(stair(small, across, down, quantum=quantum, band=band, full=whole) > limit for band, limit in found)


def _is_rowwise(jpeg: Jpeg) -> bool:
    row = -(-_size(jpeg.frame)[1] // (8 * _block(jpeg.frame)[0]))
    return jpeg.interval > 0 and jpeg.interval % row == 0


def _taken_apart(data: bytes) -> Jpeg:
    """The first picture in these bytes. What follows its end marker (a phone's second picture) is not looked at."""
    kept, scans, frame, kind, tables, interval, place = [START], [], b"", 0, b"", 0, 2
    while True:
        found = NEXT_MARKER.search(data, place)
        if found is None:
            raise Damaged("it stops before its end marker")
        marker = data[found.start() + 1]
        if marker == END[1]:
            break
        if marker == START[1]:
            raise Damaged("another picture begins before it ends")
        place = found.start() + 2 + int.from_bytes(data[found.start() + 2 : found.start() + 4])
        segment = data[found.start() : place]
        if marker in FRAMES:
            frame, kind = segment, marker
        if marker == 0xDB:
            tables += segment[4:]
        if marker == 0xDD:
            interval = int.from_bytes(segment[4:6])
        if marker not in LEFT_OUT:
            kept.append(segment)
        if marker == 0xDA:
            following = NEXT_MARKER.search(data, place)
            coded = data[place : following.start() if following else None]
            coded = coded[: len(coded) - len(rest[0])] if (rest := TRAILING.search(coded[-99:])) else coded
            begins = sum(map(len, kept))
            kept.append(coded)
            scans.append(Scan(segment[4:], begins, begins + len(coded)))
            place += len(coded)
        if len(scans) > MOST_SCANS:
            raise Damaged(f"it has over {MOST_SCANS} scans")
    return Jpeg(b"".join(kept), frame, kind, tables, interval, scans)


def _check_scans(jpeg: Jpeg) -> None:
    """Damaged where there is no picture, or a component's coefficients do not reach full precision."""
    if len(jpeg.frame) < 10 or not jpeg.scans:
        raise Damaged("it holds no picture")
    count = jpeg.frame[9]
    names = [jpeg.frame[10 + 3 * index] for index in range(count) if 10 + 3 * index < len(jpeg.frame)]
    missing = {name: set(range(64)) for name in names}
    for scan in jpeg.scans:
        parts = scan.header[0] if scan.header else 0
        if len(scan.header) < 4 + 2 * parts:
            raise Damaged("a scan's header is cut short")
        first, last, bits = scan.header[1 + 2 * parts : 4 + 2 * parts]
        if bits & 15 == 0:
            for name in scan.header[1 : 1 + 2 * parts : 2]:
                missing.get(name, set()).difference_update(range(first, last + 1))
    if any(missing.values()):
        raise Damaged("its last scans are missing: only a coarse picture is there")


def _check_ends(streams: Sequence[bytes]) -> None:
    """Damaged unless libjpeg misses each stream's last byte. It hides up to seven that a sound one would have used."""
    cut = decoded([stream[:-1] + END for stream in streams], cv2.IMREAD_REDUCED_GRAYSCALE_8)
    if any(said is None for said, _ in cut):
        raise Damaged("parts of it were lost or changed (data are left over at the end)")


def _check_intervals(jpeg: Jpeg) -> None:
    """Each stretch between two restart markers, looked at as a picture of its own: a row of blocks."""
    every = jpeg.interval
    if not every or jpeg.kind not in (0xC0, 0xC1) or len(jpeg.scans) > 1:
        return
    across, down = (8 * factor for factor in _block(jpeg.frame))
    height, width = _size(jpeg.frame)
    total = -(-width // across) * -(-height // down)
    scan = jpeg.scans[0]
    parts = RESTART.split(jpeg.stream[scan.begins : scan.ends])
    if len(parts) != -(-total // every):
        raise Damaged(f"{len(parts)} stretches of {-(-total // every)} are there")
    if len(parts) > MOST_INTERVALS or every * across > 65_500:
        return
    streams = []
    for number, part in enumerate(parts):
        size = down.to_bytes(2) + (min(every, total - number * every) * across).to_bytes(2)
        frame = jpeg.frame[:5] + size + jpeg.frame[9:]
        streams.append(jpeg.stream[: scan.begins].replace(jpeg.frame, frame) + part)
    for said, _ in decoded([stream + END for stream in streams], cv2.IMREAD_REDUCED_GRAYSCALE_8):
        if said:
            raise Damaged(f"parts of it were lost or changed ({said})")
    _check_ends(streams)


def decoded(streams: Sequence[bytes], how: int) -> list[tuple[str | None, np.ndarray | None]]:
    """libjpeg's first warning about each stream that speaks of damage, and the picture; None where there is none."""
    try:
        with ThreadPoolExecutor(1) as thread:  # fresh, since it gives up the process's own stderr
            heard = thread.submit(_by_thread, streams, how).result()
    except OSError:
        heard = [(said, _picture(stream, how)) for said, stream in zip(_by_process(streams), streams, strict=True)]
    found = [(COMPLAINT.search(said), picture) for said, picture in heard]
    return [(match[0].decode(errors="replace") if match else None, picture) for match, picture in found]


def _picture(stream: bytes, how: int) -> np.ndarray | None:
    shown: np.ndarray | None = cv2.imdecode(np.frombuffer(stream, np.uint8), how)
    return shown


def _by_thread(streams: Sequence[bytes], how: int) -> list[tuple[bytes, np.ndarray | None]]:
    """What libjpeg writes to stderr, this thread's own, and the picture. OSError where threads have no stderr."""
    own_files()
    kept = os.memfd_create("libjpeg")
    try:
        os.dup2(kept, 2)
        heard, place = [], 0
        for stream in streams:
            picture = _picture(stream, how)
            said = os.pread(kept, 10_000, place)
            place = os.lseek(kept, 0, os.SEEK_CUR)
            heard.append((said, picture))
        return heard
    finally:
        os.close(kept)


def _by_process(streams: Sequence[bytes]) -> list[bytes]:
    """What libjpeg writes to stderr, by another process: slow, for systems on which threads share their files."""
    code = (
        "import cv2, numpy, sys\n"
        "for size in sys.argv[1:]:\n"
        "    data = numpy.frombuffer(sys.stdin.buffer.read(int(size)), 'u1')\n"
        "    cv2.imdecode(data, cv2.IMREAD_REDUCED_GRAYSCALE_8)\n"
        "    print('\\0', end='', file=sys.stderr, flush=True)\n"
    )
    sizes = [str(len(stream)) for stream in streams]
    command = [sys.executable, "-c", code, *sizes]
    return subprocess.run(command, input=b"".join(streams), capture_output=True, check=True).stderr.split(b"\0")[:-1]


def _size(frame: bytes) -> tuple[int, int]:
    """Height and width, pixels."""
    return int.from_bytes(frame[5:7]), int.from_bytes(frame[7:9])


def _block(frame: bytes) -> tuple[int, int]:
    """How many 8 x 8 blocks wide and high the units are in which the file lists its blocks."""
    if frame[9] == 1:
        return 1, 1
    factors = frame[11::3]
    return max(1, *(each >> 4 for each in factors)), max(1, *(each & 15 for each in factors))


def _quantum(tables: bytes) -> float:
    """The coarsest step between two blocks' means that the file can store, grey levels."""
    steps, place = [8], 0
    while place < len(tables):
        wide = tables[place] >> 4
        steps.append(int.from_bytes(tables[place + 1 : place + 2 + wide]))
        place += 1 + 64 * (1 + wide)
    return max(steps) / 8
