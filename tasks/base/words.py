"""Counts and lists in words, for whatever people read: `1 rating`, `1,200 people`, `a, b and 3 more`."""

from collections import Counter
from collections.abc import Iterable, Sequence


def counted(number: int, one: str, many: str = "") -> str:
    """The number with its noun; `many`: its plural where that is not `one` and an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def counted_people(number: int, people: int) -> str:
    """`12 photographs of 1 person`."""
    return f"{counted(number, 'photograph')} of {counted(people, 'person', 'people')}"


def tally(kinds: Iterable[str]) -> str:
    """How many there are of each kind, by name: `2 ran, 43 skipped`."""
    return ", ".join(f"{number:,} {kind}" for kind, number in sorted(Counter(kinds).items()))


def listed(things: Sequence[str], most: int) -> str:
    """The first `most`, and how many more there are: `a, b and 3 more`."""
    left = len(things) - most
    return ", ".join(things[:most]) + (f" and {left:,} more" if left > 0 else "")


def listed_lines(lines: Sequence[str], most: int, one: str = "", many: str = "") -> list[str]:
    """The same line by line; the last says what more there is: `... and 3 more`, `... and 3 more files passed over`."""
    left = len(lines) - most
    more = counted(left, f"more {one}", f"more {many or f'{one}s'}") if one else f"{left:,} more"
    return [*lines[:most], *([f"... and {more}"] if left > 0 else [])]
