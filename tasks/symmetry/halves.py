"""The halves that pairs need, decoded once into one array, and each pair's two places in it.

In: a table of pairs, and the parts of a table that holds the halves as PNG (halves, warps, lips: the first
column names them). Out:
`PairedHalves`: uint8 at the network's input size, in memory or, when large, memory-mapped. A half that
stands in several pairs is decoded and kept once. Knows nothing of networks, and never makes a pair.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.base.tables import unwritten

IN_MEMORY_BYTES = 2**31
"""Arrays above this size lie in an unnamed temporary file instead, and the system pages them in as needed."""


class HalvesError(ValueError):
    """A pair names a half that no table has, or a picture cannot be decoded; the message names it."""


@dataclass(frozen=True)
class PairedHalves:
    """Unique halves, and pairs as places in them."""

    halves: np.ndarray  # (U, S, S, 3) uint8 RGB
    left: np.ndarray  # (P,) int64, place of the left half
    right: np.ndarray  # (P,) int64
    label: np.ndarray  # (P,) int8, 1 positive, 0 negative
    split: np.ndarray  # (P,) str: train, validation or test

    def where(self, split: str) -> np.ndarray:  # (P',) int64
        """The places of one split's pairs."""
        return np.flatnonzero(self.split == split)


def paired(
    pairs: pa.Table, parts: Iterable[pa.Table], *, size: int, threads: int, folder: Path | None = None
) -> PairedHalves:
    """The halves of `pairs` (schema PAIRS) from the parts of the warps and lips tables.

    `size`: side in pixels, resized by area. `folder`: where a large array's temporary file goes.
    HalvesError names the pairs' halves that no part has.
    """
    names = {side: pairs[f"{side}_from"].to_pylist() for side in ("left", "right")}
    wanted = sorted({(name, side) for side, found in names.items() for name in found})
    place = {key: number for number, key in enumerate(wanted)}
    halves = _array(len(wanted), size, folder)
    missing = set(wanted)
    for part in parts:
        missing -= _fill(halves, part, place, missing, threads)
    if missing:
        raise HalvesError(f"{len(missing)} halves are in no table, the first: {min(missing)}")
    left, right = (np.array([place[name, side] for name in names[side]], np.int64) for side in ("left", "right"))
    label = pairs["label"].to_numpy().astype(np.int8)
    return PairedHalves(halves, left, right, label, np.array(pairs["split"].to_pylist(), dtype=np.str_))


def decoded(pngs: Sequence[bytes], *, size: int, threads: int) -> np.ndarray:  # (N, size, size, 3) uint8 RGB
    """PNG bytes as one array. HalvesError where one is not a picture."""
    result = np.empty((len(pngs), size, size, 3), np.uint8)
    _decode_into(result, range(len(pngs)), pngs, threads)
    return result


def _fill(
    halves: np.ndarray, part: pa.Table, place: dict[tuple[str, str], int], missing: set[tuple[str, str]], threads: int
) -> set[tuple[str, str]]:
    """Decode what this part has of the missing halves; what it had is returned."""
    ids = part.column(0).to_pylist()
    found: set[tuple[str, str]] = set()
    for side in ("left", "right"):
        has = pc.is_valid(part[side]).to_pylist()
        rows = [row for row, name in enumerate(ids) if has[row] and (name, side) in missing]
        pngs = part[side].take(pa.array(rows, pa.int64())).to_pylist()
        _decode_into(halves, [place[ids[row], side] for row in rows], pngs, threads)
        found |= {(ids[row], side) for row in rows}
    return found


def _decode_into(result: np.ndarray, places: Sequence[int], pngs: Sequence[bytes], threads: int) -> None:
    def decode(number: int) -> None:
        result[places[number]] = _decode(pngs[number], result.shape[1])

    if threads == 1 or len(pngs) < 32:
        for number in range(len(pngs)):
            decode(number)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(decode, range(len(pngs))):
            pass


def _decode(png: bytes, size: int) -> np.ndarray:  # (size, size, 3) uint8 RGB
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR_RGB) if png else None
    if picture is None:
        raise HalvesError(f"a half of {len(png)} bytes is not a picture OpenCV can read")
    if picture.shape[:2] == (size, size):
        return picture
    shrinks = picture.shape[0] >= size
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _array(count: int, size: int, folder: Path | None) -> np.ndarray:
    shape, needed = (count, size, size, 3), count * size * size * 3
    if needed <= IN_MEMORY_BYTES:
        return np.empty(shape, np.uint8)
    with tempfile.TemporaryFile(dir=folder) as file:  # the mapping keeps the space; it is freed with the array
        place = folder or Path(tempfile.gettempdir())
        free = shutil.disk_usage(place).free
        try:
            os.posix_fallocate(file.fileno(), 0, needed)  # a disk that fills up later would kill the process
        except OSError as error:
            raise unwritten(place, error, needed=needed, free=free) from error
        return np.memmap(file, np.uint8, "r+", shape=shape)
