"""Whether frames of VP8 and VP9 are read to their last byte: after a changed byte they end elsewhere.

In: the packets of a clip. Out: damaged or not. Neither holds a checksum, and FFmpeg gives some picture for any bytes.
But they are codes without gaps: a decoder that lost its way stops too early, or reads on. libvpx says when it reads on.
It tells where it reads, too, since its caller may decrypt: of a whole frame no byte is left out. Knows no container.
"""

import ctypes
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import dropwhile
from typing import Literal, Self

from tasks.base.whole_files.bundled_libraries import library

ABI = 12
"""Of libvpx's decoders since its version 1.4."""

SET_DECRYPTOR, IS_CORRUPT = 259, 257
UNSUPPORTED, CORRUPT = 5, 7
"""Errors that speak of damage. Others are of memory, or of a beginning amid a group of pictures."""

MOST_PIXELS = 1 << 26
"""Of a frame. Larger ones are not looked at: libvpx would ask for gigabytes."""

SPARE = 4
"""Bytes, besides zeros, that an encoder may leave at an end."""

POINTER = ctypes.c_void_p
Decrypt = ctypes.CFUNCTYPE(None, POINTER, POINTER, POINTER, ctypes.c_int)


class Decryptor(ctypes.Structure):
    """What libvpx asks for the bytes that it is about to read."""

    _fields_ = (("ask", Decrypt), ("state", POINTER))


class Told(ctypes.Structure):
    """What a packet says of its frame; `size` is that of this structure."""

    _fields_ = tuple((name, ctypes.c_uint) for name in ("size", "width", "height", "is_key"))


class Decoder:
    """One stream that is decoded, and where it is read."""

    def __init__(self, kind: Literal["vp8", "vp9"]) -> None:
        self._library, self._kind = _declared(), kind
        self._state = ctypes.create_string_buffer(256)
        self._reads = list[tuple[int, int]]()
        self._decryptor = Decryptor(Decrypt(self._ask), None)

    def __enter__(self) -> Self:
        self._coder = getattr(self._library, f"vpx_codec_{self._kind}_dx")()
        if self._library.vpx_codec_dec_init_ver(self._state, self._coder, None, 0, ABI):
            raise OSError("libvpx is of a version that is not known here")
        self._library.vpx_codec_control_(self._state, SET_DECRYPTOR, ctypes.byref(self._decryptor))
        return self

    def __exit__(self, *_: object) -> None:
        self._library.vpx_codec_destroy(self._state)

    def _ask(self, _: int, source: int, target: int, count: int) -> None:
        ctypes.memmove(target, source, count)
        self._reads.append((source, count))

    def is_damaged(self, packet: bytes) -> bool:
        """Whether the next packet of the stream is not whole, or not read to its end."""
        held, told = ctypes.create_string_buffer(packet, len(packet)), Told(ctypes.sizeof(Told))
        self._library.vpx_codec_peek_stream_info(self._coder, held, len(packet), ctypes.byref(told))
        if told.width * told.height > MOST_PIXELS:
            return False
        self._reads.clear()
        start = ctypes.addressof(held)
        error = self._library.vpx_codec_decode(self._state, held, len(packet), None, 0)
        place, corrupt = POINTER(), ctypes.c_int()
        while self._library.vpx_codec_get_frame(self._state, ctypes.byref(place)):
            pass
        if error:
            return error in (UNSUPPORTED, CORRUPT)
        self._library.vpx_codec_control_(self._state, IS_CORRUPT, ctypes.byref(corrupt))
        return bool(corrupt.value) or _unread(packet, [(at - start, count) for at, count in self._reads]) > SPARE


def damaged(packets: Iterable[bytes], kind: Literal["vp8", "vp9"]) -> bool:
    """Whether any packet is damaged, from the first whole picture on. An empty one shows the frame before again."""
    held = (packet for packet in packets if packet)
    with Decoder(kind) as decoder:
        return any(map(decoder.is_damaged, held if kind == "vp9" else dropwhile(_follows, held)))


def _follows(packet: bytes) -> bool:
    """Whether a packet of VP8 needs others before it. libvpx looks at that itself in VP9."""
    return bool(packet[0] & 1)


def _unread(packet: bytes, reads: Sequence[tuple[int, int]]) -> int:
    """The longest stretch that is not read, zeros around it not counted."""
    longest = reached = 0
    for begin, count in (*sorted(reads), (len(packet), 0)):
        if 0 <= begin <= len(packet):
            longest = max(longest, len(packet[reached:begin].strip(b"\0")))
            reached = max(reached, begin + count)
    return longest


@cache
def _declared() -> ctypes.CDLL:
    found = library("opencv-python-headless", "libvpx")
    number = ctypes.c_int
    for name in ("vp8_dx", "vp9_dx", "get_frame"):
        getattr(found, f"vpx_codec_{name}").restype = POINTER
    found.vpx_codec_dec_init_ver.argtypes = [POINTER, POINTER, POINTER, ctypes.c_long, number]
    found.vpx_codec_decode.argtypes = [POINTER, POINTER, ctypes.c_uint, POINTER, ctypes.c_long]
    found.vpx_codec_peek_stream_info.argtypes = [POINTER, POINTER, ctypes.c_uint, POINTER]
    found.vpx_codec_get_frame.argtypes = [POINTER, ctypes.POINTER(POINTER)]
    found.vpx_codec_control_.argtypes = [POINTER, number]
    found.vpx_codec_destroy.argtypes = [POINTER]
    return found
