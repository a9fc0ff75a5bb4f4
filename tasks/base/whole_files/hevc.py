"""Whether pictures of HEVC (of a HEIC, of a clip) end where their slices do: after a changed byte they do not.

In: the units of each picture. Out: damaged or not. HEVC holds no checksum, and libheif and FFmpeg pass over what does
not fit. But at the end of each slice, and of each row where rows are coded by themselves, stands a bit that says so,
which a decoder that lost its way meets by chance alone (about one time in a hundred). libde265 looks for it. So the
pictures are decoded by it again: as they are, where it must say nothing; and with the last bytes of each slice cut
away, where it must miss them. Knows no container.
"""

import ctypes
from collections.abc import Iterable, Sequence

from tasks.base.whole_files.bundled_libraries import library

CUTS = (2, 4, 6, 9, 12, 16, 20)
"""Bytes without which no slice should end. One in a hundred small ones (little moved) still ends without so many, but
not without more. One that ends too early ends without all of them."""

LEAST = 48
"""Shorter slices (nothing moved) are not cut: their header would be."""

ENDS = {1002, 1004, 1017}
"""What libde265 says of slices that do not end well: too early, after the picture, a row without its bit."""

WRONG = ENDS | {6, 8, 16, 17, 1003, 1007, 1011, 1020, 1021, 1026, 1033, 1034, 1037}
"""What it says of damage. Other words are of what it cannot do, or of what came before a clip's first picture: then
nothing is made of that picture. libde265 decodes at most 67 megapixels."""

STALLED = 13
"""An error that is none: the next picture is awaited."""

UNFILTERED = (7, 8)
"""Parameters by which edges are not smoothed (deblocking, sample adaptive offset): that changes no end."""

SLICES, PADDING = range(32), b"\0\3"
"""Kinds of units that hold pixels; what may stand behind a slice's end."""


class Decoder:
    """One stream that is decoded, and what is said of it."""

    def __enter__(self) -> "Decoder":
        self._library = _declared()
        self._state = self._library.de265_new_decoder()
        for parameter in UNFILTERED:
            self._library.de265_set_parameter_bool(self._state, parameter, 1)
        return self

    def __exit__(self, *_: object) -> None:
        self._library.de265_free_decoder(self._state)

    def heard(self, units: Iterable[bytes]) -> list[int]:
        """What is said while the next picture is decoded."""
        for unit in units:
            self._library.de265_push_NAL(self._state, unit, len(unit), 0, None)
        self._library.de265_push_end_of_frame(self._state)
        more, said = ctypes.c_int(1), list[int]()
        while more.value:
            error = self._library.de265_decode(self._state, ctypes.byref(more))
            while self._library.de265_get_next_picture(self._state):
                pass
            while warning := self._library.de265_get_warning(self._state):
                said.append(warning)
            if error:
                return said if error == STALLED else [*said, error]
        return said


def damaged(pictures: Sequence[Sequence[bytes]]) -> bool:
    """Whether any of the pictures, each its units in their order, does not end where its slices do."""
    with Decoder() as decoder:
        said = [decoder.heard(units) for units in pictures]
    if any(WRONG.intersection(words) for words in said):
        return True
    early = {index for index, words in enumerate(said) if not words}
    for cut in CUTS:
        if early:
            early &= _unmissed(pictures[: max(early) + 1], cut)
    return bool(early)


def _unmissed(pictures: Sequence[Sequence[bytes]], cut: int) -> set[int]:
    """Which pictures have a slice whose last bytes are not missed."""
    found = set()
    with Decoder() as decoder:
        for index, units in enumerate(pictures):
            short = [_short(unit, cut) for unit in units]
            slices = sum(len(one) < len(unit) for one, unit in zip(short, units, strict=True))
            if sum(word in ENDS for word in decoder.heard(short)) < slices:
                found.add(index)
    return found


def _short(unit: bytes, cut: int) -> bytes:
    """A slice without its last bytes."""
    if len(unit) < LEAST or unit[0] >> 1 & 63 not in SLICES or _layer(unit):
        return unit
    return unit.rstrip(PADDING)[:-cut]


def _layer(unit: bytes) -> int:
    """Which layer it is of: libde265 passes over those beside the first (a second eye, what is transparent)."""
    return (unit[0] & 1) << 5 | unit[1] >> 3


def _declared() -> ctypes.CDLL:
    found = library("pillow_heif", "libde265")
    state, number = ctypes.c_void_p, ctypes.c_int
    found.de265_new_decoder.restype = found.de265_get_next_picture.restype = state
    found.de265_push_NAL.argtypes = [state, ctypes.c_char_p, number, ctypes.c_int64, state]
    found.de265_decode.argtypes = [state, ctypes.POINTER(number)]
    found.de265_set_parameter_bool.argtypes = [state, number, number]
    for name in ("free_decoder", "push_end_of_frame", "get_next_picture", "get_warning"):
        getattr(found, f"de265_{name}").argtypes = [state]
    return found
