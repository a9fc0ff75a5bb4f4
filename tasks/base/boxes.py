"""The boxes of a HEIC or AVIF: its coded items, where they lie, and the same file with other contents in their place.

In: a file's bytes. Out: items, bytes. An item of HEVC is a row of units, each after its length. Decodes nothing.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

CODED = (b"hvc1", b"av01", b"hev1", b"avc1")
"""Kinds of items that hold pixels, in HEIC and AVIF."""


SEQUENCE = 33
"""The kind of unit that says how large a picture is coded."""

MOST_UNITS = 1000
"""Of an item: parameters and slices. One of more is not looked at."""


class Extent(NamedTuple):
    """Where an item's bytes lie, and where the file says so: (place, size) of its offset's and length's numbers."""

    item: int
    base: int
    place: int
    length: int
    offset_at: tuple[int, int]
    length_at: tuple[int, int]


class Item(NamedTuple):
    """A coded item of one piece, its contents, and where the length of its last unit stands in them."""

    extent: Extent
    contents: bytes
    last: int
    length_size: int


def boxes(data: bytes, place: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes between two places: name, where their contents begin and end."""
    while place + 8 <= end:
        size, head = int.from_bytes(data[place : place + 4]), 8
        if size == 1:
            size, head = int.from_bytes(data[place + 8 : place + 16]), 16
        last = end if size == 0 else place + size
        if (size and size < head) or last > end:
            return
        yield data[place + 4 : place + 8], place + head, last
        place = last


def extents(data: bytes) -> Iterator[Extent]:
    """The pieces of the file's items of kinds `CODED`. None where its boxes are odd."""
    inside = _meta(data)
    if b"iinf" not in inside or b"iloc" not in inside:
        return
    coded = set()
    begins, ends = inside[b"iinf"]
    for name, at, end in boxes(data, begins + (6 if data[begins] == 0 else 8), ends):
        wide = 4 if data[at] == 3 else 2  # noqa: PLR2004
        if name == b"infe" and data[at + 4 + wide + 2 : min(at + 10 + wide, end)] in CODED:
            coded.add(int.from_bytes(data[at + 4 : at + 4 + wide]))
    yield from (extent for extent in _located(data, *inside[b"iloc"]) if extent.item in coded)


def coded_items(data: bytes) -> list[Item]:
    """The items of HEVC; none where one is in several pieces, oddly placed, or not filled by its units."""
    size = 1 + (_property(data, b"hvcC")[21:22] or b"\3")[0] % 4
    found = list(extents(data))
    odd = any(min(extent.offset_at[1], extent.length_at[1]) < 4 or extent.base > extent.place for extent in found)
    if odd or len({extent.item for extent in found}) < len(found):
        return []
    items = []
    for extent in found:
        contents = data[extent.place : extent.place + extent.length]
        place, last = 0, -1
        for _ in range(MOST_UNITS):
            if place + size >= len(contents):
                break
            place, last = place + size + int.from_bytes(contents[place : place + size]), place
        if last < 0 or place != len(contents):
            return []
        items.append(Item(extent, contents, last, size))
    return items


def with_contents(data: bytes, items: Sequence[Item], contents: Sequence[bytes]) -> bytes:
    """The file with other contents of these items, at its end."""
    changed, added = bytearray(data), bytearray()
    begin = len(data) + 8
    for item, content in zip(items, contents, strict=True):
        place = begin + len(added) - item.extent.base
        for (at, size), number in ((item.extent.offset_at, place), (item.extent.length_at, len(content))):
            changed[at : at + size] = number.to_bytes(size)
        added += content
    return bytes(changed) + (len(added) + 8).to_bytes(4) + b"mdat" + bytes(added)


def upright(data: bytes) -> bytes:
    """The file without a turn, so that its tiles lie in their order."""
    changed = bytearray(data)
    for name, begins, _ in _properties(data):
        if name == b"irot":
            changed[begins] = 0
    return bytes(changed)


def tile_of(data: bytes, size: tuple[int, int], items: int) -> tuple[int, int]:
    """Width and height of the tiles of a picture of this size; its own, where it has none or is mirrored."""
    found = list(_properties(data))
    if any(name == b"imir" for name, _, _ in found):
        return size
    for name, begins, _ in found:
        wide, high = int.from_bytes(data[begins + 4 : begins + 8]), int.from_bytes(data[begins + 8 : begins + 12])
        if name == b"ispe" and wide and high and (wide, high) != size and 1 < _tiles(size, wide, high) <= items:
            return wide, high
    return size


def coded_sizes(data: bytes) -> list[tuple[int, int]]:
    """Width and height of what is coded, of each kind of item: more than what is shown where its edges are cut off."""
    return [found for name, begins, ends in _properties(data) if name == b"hvcC" if (found := _size(data[begins:ends]))]


def _size(setup: bytes) -> tuple[int, int] | None:
    """Of the first sequence's parameters in an hvcC (ITU-T H.265, 7.3.2.2)."""
    place = 23
    while place + 5 <= len(setup):
        kind, length = setup[place] & 63, int.from_bytes(setup[place + 3 : place + 5])
        if kind == SEQUENCE:
            unit = setup[place + 5 : place + 5 + length].replace(b"\0\0\3", b"\0\0")
            bits = iter(
                "".join(f"{byte:08b}" for byte in unit[15:64])
            )  # two of header, one, twelve of profile and level
            try:
                _number(bits)
                if _number(bits) == 3:  # noqa: PLR2004
                    next(bits)
                return _number(bits), _number(bits)
            except StopIteration:
                return None
        place += 3 + 2 + length
    return None


def _number(bits: Iterator[str]) -> int:
    """An Exp-Golomb number. StopIteration where there is none."""
    zeros = 0
    while next(bits) == "0":
        zeros += 1
    return int("1" + "".join(next(bits) for _ in range(zeros)), 2) - 1


def _tiles(size: tuple[int, int], wide: int, high: int) -> int:
    return -(-size[0] // wide) * -(-size[1] // high)


def _meta(data: bytes) -> dict[bytes, tuple[int, int]]:
    found = {name: (begins, ends) for name, begins, ends in boxes(data, 0, len(data))}
    if b"meta" not in found:
        return {}
    begins, ends = found[b"meta"]
    return {name: (begins, ends) for name, begins, ends in boxes(data, begins + 4, ends)}


def _properties(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    for name, begins, ends in boxes(data, *_meta(data).get(b"iprp", (0, 0))):
        if name == b"ipco":
            yield from boxes(data, begins, ends)


def _property(data: bytes, name: bytes) -> bytes:
    return next((data[begins:ends] for found, begins, ends in _properties(data) if found == name), b"")


def _located(data: bytes, begins: int, ends: int) -> Iterator[Extent]:
    """What an `iloc` box says of places in this file."""
    version = data[begins]
    sizes = (data[begins + 4] >> 4, data[begins + 4] & 15, data[begins + 5] >> 4, data[begins + 5] & 15)
    index_size = sizes[3] if version else 0
    place = begins + 6
    wide = 2 if version < 2 else 4  # noqa: PLR2004

    def number(size: int) -> int:
        nonlocal place
        place += size
        return int.from_bytes(data[place - size : place])

    for _ in range(number(wide)):
        if place >= ends:
            return
        item, method = number(wide), number(2) & 15 if version else 0
        number(2)
        base = number(sizes[2])
        for _ in range(number(2)):
            if place >= ends:
                return
            number(index_size)
            offset_at, start = (place, sizes[0]), number(sizes[0])
            length_at, length = (place, sizes[1]), number(sizes[1])
            if method == 0:
                yield Extent(item, base, base + start, length, offset_at, length_at)
