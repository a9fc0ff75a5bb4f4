"""The boxes of a HEIC or AVIF: where its coded items lie, and the units of HEVC in them.

In: a file's bytes. Out: places, units. An item of HEVC is a row of units, each after its length. Decodes nothing.
"""

from collections.abc import Iterator
from typing import NamedTuple

CODED = (b"hvc1", b"av01", b"hev1", b"avc1")
"""Kinds of items that hold pixels, in HEIC and AVIF."""


MOST_UNITS = 1000
"""Of an item: slices, or parameters. One of more is not looked at."""


class Extent(NamedTuple):
    """Where a piece of an item's bytes lies."""

    item: int
    place: int
    length: int


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


def coded_items(data: bytes) -> list[list[bytes]]:
    """The units of each item of HEVC, what sets up its decoder first; of none that its units do not fill."""
    contents, setups, items, left = dict[int, bytes](), _setups(data), [], len(data)
    for extent in extents(data):
        left -= extent.length
        if left < 0:  # pieces that overlap
            return []
        contents[extent.item] = contents.get(extent.item, b"") + data[extent.place : extent.place + extent.length]
    for item, coded in contents.items():
        setup = setups.get(item, b"")
        units = _units(coded, 1 + setup[21] % 4) if len(setup) > 22 else None  # noqa: PLR2004
        if units:
            items.append([*_parameters(setup), *units])
    return items


def _units(contents: bytes, size: int) -> list[bytes] | None:
    """Units that each stand after their length, of `size` bytes; None where they do not fill the contents."""
    units, place = list[bytes](), 0
    while place < len(contents) and len(units) < MOST_UNITS:
        length = int.from_bytes(contents[place : place + size])
        units.append(contents[place + size : place + size + length])
        place += size + length
    return units if place == len(contents) else None


def _parameters(setup: bytes) -> Iterator[bytes]:
    """The units in an hvcC (ISO/IEC 14496-15, 8.3.3.1.2)."""
    place = 23
    for _ in range(setup[22]):
        count = int.from_bytes(setup[place + 1 : place + 3])
        place += 3
        for _ in range(min(count, MOST_UNITS)):
            length = int.from_bytes(setup[place : place + 2])
            yield setup[place + 2 : place + 2 + length]
            place += 2 + length


def _setups(data: bytes) -> dict[int, bytes]:
    """The hvcC of each item that has one."""
    properties, setups = list(_properties(data)), dict[int, bytes]()
    for name, begins, ends in boxes(data, *_meta(data).get(b"iprp", (0, 0))):
        if name != b"ipma":
            continue
        wide, index = 4 if data[begins] else 2, 2 if data[begins + 3] & 1 else 1
        place = begins + 8
        while place + wide < ends:
            item, count = int.from_bytes(data[place : place + wide]), data[place + wide]
            place += wide + 1
            for at in range(place, min(place + count * index, ends), index):
                number = int.from_bytes(data[at : at + index]) & (0x7FFF if index > 1 else 0x7F)
                if 0 < number <= len(properties) and properties[number - 1][0] == b"hvcC":
                    setups[item] = data[properties[number - 1][1] : properties[number - 1][2]]
            place += count * index
    return setups


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
            start, length = number(sizes[0]), number(sizes[1])
            if method == 0:
                yield Extent(item, base + start, length)
