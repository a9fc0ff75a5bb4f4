"""Whether slices of H.264 end where they say: after a changed byte many end too early, and FFmpeg says nothing.

In: the units of each packet of a clip. Out: damaged or not. FFmpeg complains of slices that read on beyond their end
(tasks.ingest.clips.frames hears it); so each slice is cut a little shorter, and must then be complained of. Of one that
ends too early those bytes are not read. That holds of slices that are coded by arithmetic (CABAC), as nearly all are;
others (CAVLC) are not looked at. Knows no container.
"""

import ctypes
from collections.abc import Sequence
from functools import cache, partial
from typing import Self

from tasks.base.whole_files.bundled_libraries import library
from tasks.base.whole_files.library_complaints import Aside

CUTS = (6, 9, 12, 16, 21, 27)
"""Bytes without which no slice should be decoded. Of 100 whole ones 5 still are without 6, 1 without 12, none without
16: FFmpeg lets a slice read on by a few. One that ends too early is decoded without all of them."""

LEAST = 64
"""Shorter slices (nothing moved) are not cut."""

PARAMETERS, SLICES = 8, (1, 5)
"""Kinds of units: those that say how slices are coded; slices."""

COMPLAINT = b"error while decoding MB"
"""Said of a slice at most once: it is given up there."""

OPTIONS = {b"threads": b"1", b"skip_loop_filter": b"all"}
DATA_AT = 24
"""Where an AVPacket has the place of its bytes: behind three numbers of eight bytes, in all of FFmpeg's versions."""

POINTER = ctypes.c_void_p


class Decoder:
    """One stream that is decoded, packet by packet."""

    def __enter__(self) -> Self:
        self._codecs, self._tools = _declared()
        codec = self._codecs.avcodec_find_decoder_by_name(b"h264")
        self._state = POINTER(self._codecs.avcodec_alloc_context3(codec))
        self._packet, self._frame = POINTER(self._codecs.av_packet_alloc()), POINTER(self._tools.av_frame_alloc())
        for name, value in OPTIONS.items():
            self._tools.av_opt_set(self._state, name, value, 0)
        if self._codecs.avcodec_open2(self._state, codec, None):
            raise OSError("FFmpeg cannot open its decoder of H.264")
        return self

    def __exit__(self, *_: object) -> None:
        self._codecs.avcodec_free_context(ctypes.byref(self._state))
        self._codecs.av_packet_free(ctypes.byref(self._packet))
        self._tools.av_frame_free(ctypes.byref(self._frame))

    def decode(self, data: bytes) -> None:
        """Decode the next packet, and forget its picture."""
        if self._codecs.av_new_packet(self._packet, len(data)):
            raise MemoryError
        ctypes.memmove(POINTER.from_address((self._packet.value or 0) + DATA_AT).value or 0, data, len(data))
        self._codecs.avcodec_send_packet(self._state, self._packet)
        self._codecs.av_packet_unref(self._packet)
        while self._codecs.avcodec_receive_frame(self._state, self._frame) == 0:
            pass


def damaged(packets: Sequence[Sequence[bytes]]) -> bool:
    """Whether a slice of any packet ends too early."""
    if not _is_arithmetic(packets):
        return False
    early = set(range(len(packets)))
    with Aside() as aside:
        for cut in CUTS:
            if early:
                early &= _unmissed(aside, packets[: max(early) + 1], cut)
            if len(early) == len(packets):  # FFmpeg was told to be silent
                return False
    return bool(early)


def _unmissed(aside: Aside, packets: Sequence[Sequence[bytes]], cut: int) -> set[int]:
    """Which packets have a slice whose last bytes are not missed."""
    found = set()
    decoder = aside.do(lambda: Decoder().__enter__())
    try:
        aside.heard()
        for index, units in enumerate(packets):
            short = [_short(unit, cut) for unit in units]
            data = b"".join(b"\0\0\0\1" + unit for unit in short)
            aside.do(partial(decoder.decode, data))
            slices = sum(len(one) < len(unit) for one, unit in zip(short, units, strict=True))
            if aside.heard().count(COMPLAINT) < slices:
                found.add(index)
    finally:
        aside.do(lambda: decoder.__exit__())
    return found


def _short(unit: bytes, cut: int) -> bytes:
    """A slice without its last bytes."""
    return unit[:-cut] if unit and unit[0] & 31 in SLICES and len(unit) >= LEAST else unit


def _is_arithmetic(packets: Sequence[Sequence[bytes]]) -> bool:
    """Whether all that says how slices are coded says so (ITU-T H.264, 7.3.2.2)."""
    kinds = {_entropy(unit[1:]) for units in packets for unit in units if unit and unit[0] & 31 == PARAMETERS}
    return kinds == {"1"}


def _entropy(unit: bytes) -> str:
    """The bit behind two Exp-Golomb numbers."""
    bits = "".join(f"{byte:08b}" for byte in unit[:16])
    for _ in range(2):
        zeros = len(bits) - len(bits.lstrip("0"))
        bits = bits[2 * zeros + 1 :]
    return bits[:1]


@cache
def _declared() -> tuple[ctypes.CDLL, ctypes.CDLL]:
    """What decodes, and what makes frames and sets options."""
    codecs, tools = (library("opencv-python-headless", name) for name in ("libavcodec", "libavutil"))
    name, number = ctypes.c_char_p, ctypes.c_int
    codecs.avcodec_find_decoder_by_name.argtypes, codecs.avcodec_find_decoder_by_name.restype = [name], POINTER
    codecs.avcodec_alloc_context3.argtypes, codecs.avcodec_alloc_context3.restype = [POINTER], POINTER
    codecs.av_packet_alloc.restype = tools.av_frame_alloc.restype = POINTER
    codecs.avcodec_open2.argtypes = [POINTER, POINTER, POINTER]
    codecs.av_new_packet.argtypes = [POINTER, number]
    codecs.avcodec_send_packet.argtypes = codecs.avcodec_receive_frame.argtypes = [POINTER, POINTER]
    codecs.av_packet_unref.argtypes = [POINTER]
    tools.av_opt_set.argtypes = [POINTER, name, name, number]
    return codecs, tools
