"""Whether a strip of a TIFF that is packed by LZW unpacks to as many bytes as it should, and ends there.

In: the packed bytes, how many there should be. Out: yes or no. Only the lengths are computed, many codes at once: a
code from 258 on stands for what an earlier one stood for, and a byte. Knows nothing of pixels.
"""

import numpy as np

CLEAR, END, FIRST = 256, 257, 258
WIDER = ((254, 10), (766, 11), (1790, 12))
"""From this code after a clearing on, codes are so many bits wide."""

MOST = 4096
"""Codes between two clearings: the table is full before."""

SELDOM = 4096
"""Bits from a clearing to the next, on an average, at the least; where there are more, nothing is told."""

SPARE = 32
"""Bits of a last clearing, the end after it, and what fills the last byte."""


def ends_well(coded: bytes, wanted: int) -> bool:
    """Whether the codes give `wanted` bytes, and their end or the last of the data follows."""
    if coded[:1] == b"\0" and coded[1:2] and coded[1] & 1:
        return True  # an old kind, with its bits the other way round
    data = np.frombuffer(coded + bytes(4), np.uint8).astype(np.uint32)
    widths = np.full(MOST, 9)
    for first, bits in WIDER:
        widths[first:] = bits
    begins: np.ndarray = np.concatenate([[0], np.cumsum(widths)])
    place, done, total = 0, 0, 8 * len(coded)
    for _ in range(total // SELDOM + 4):
        if done >= wanted or place + 9 > total:
            return done == wanted
        at = place + begins[:-1][place + begins[1:] <= total]
        codes = _codes(data, at, widths[: len(at)])
        ends = np.flatnonzero((codes == CLEAR) | (codes == END))
        last = int(ends[0]) if len(ends) else len(codes)
        lengths = _lengths(codes[:last])
        if lengths is None:
            return False
        sums = done + np.cumsum(lengths)
        stop = int(np.searchsorted(sums, wanted))
        if stop < last:
            if sums[stop] != wanted:
                return False
            follows, left = codes[stop + 1 : stop + 2].tolist(), total - place - int(begins[stop + 1])
            return (
                follows == [END] or (follows == [CLEAR] and left <= SPARE) or not any(coded[len(coded) - left // 8 :])
            )
        done = int(sums[-1]) if last else done
        if last == len(codes) or codes[last] == END:
            return done == wanted
        place += int(begins[last + 1])
    return True


def _codes(data: np.ndarray, at: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """The codes at these bits, of so many bits each."""
    byte = at >> 3
    whole = data[byte] << 16 | data[byte + 1] << 8 | data[byte + 2]
    found: np.ndarray = (whole >> (24 - (at & 7) - widths).astype(np.uint32)) & ((1 << widths) - 1).astype(np.uint32)
    return found.astype(np.int64)


def _lengths(codes: np.ndarray) -> np.ndarray | None:
    """How many bytes each code after a clearing stands for; None where one is not in the table yet."""
    index = np.arange(len(codes))
    copies = codes >= FIRST
    earlier = np.where(copies, codes - FIRST, index)
    if (copies & (earlier >= index)).any():
        return None
    steps: np.ndarray = copies.astype(np.int64)
    while copies[earlier].any():
        steps, earlier = steps + steps[earlier], earlier[earlier]
    return steps + 1
