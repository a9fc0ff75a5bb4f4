"""Whether strips packed by PackBits (TIFF) unpack to as many bytes as they should: after a changed count they do not.

In: a strip's bytes, and how many it holds unpacked. Out: whether it ends well. Knows nothing of pictures.
"""

NOTHING = 128
"""A count that stands for nothing."""

MOST_RUNS = 4_000_000
"""Of a strip; one of more is not looked at further (a second or so)."""


def ends_well(packed: bytes, size: int) -> bool:
    """Whether the runs give `size` bytes, and none is cut short. A byte of filling may follow (TIFF 6.0, section 9)."""
    place = given = 0
    for _ in range(MOST_RUNS):
        if given >= size or place >= len(packed):
            break
        count = packed[place]
        if count < NOTHING:
            place, given = place + count + 2, given + count + 1
        elif count > NOTHING:
            place, given = place + 2, given + 257 - count
        else:
            place += 1
    else:
        return True
    return given == size and place <= len(packed) <= place + 1
