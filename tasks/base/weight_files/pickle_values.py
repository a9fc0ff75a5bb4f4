"""What reading a pickle deals in: what it may call, what stands in place of objects, and what it may cost.

In: values as a pickle gives them. Out: inert things, and Unpicklable where a pickle wants too much. See pickles.py.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

COPIES = 4
"""How many times its own size a file's bytes are copied at most."""
PLAIN = (str, bytes, int, float, type(None))
"""What can be a key, or be in a set: hashing it costs what reading it did."""

SIZED = (str, bytes, list, tuple, dict, set)


class Unpicklable(ValueError):
    """A pickle asks for what is not allowed, costs too much, or is damaged; the message says what."""


class Room:
    """What reading one file may cost, by its size in bytes."""

    def __init__(self, size: int) -> None:
        self._size, self._copied, self._numbers = size, 0, 0

    def copy(self, values: Iterable[object]) -> None:
        """These are about to be copied. Unpicklable: the file has them copied again and again."""
        self._copied += sum(
            len(value) for value in values if isinstance(value, str | bytes | list | tuple | dict | set)
        )
        if self._copied > COPIES * self._size:
            raise Unpicklable("has its bytes copied again and again")

    def numbers(self, count: int) -> None:
        """A tensor of so many numbers is about to be used. Unpicklable: more in all than the file has bytes."""
        self._numbers += count
        if self._numbers > self._size:
            raise Unpicklable(f"claims {self._numbers:,} numbers or more, and has {self._size:,} bytes")


@dataclass(frozen=True)
class Maker:
    """What a pickle may call, and nothing else of it."""

    make: Callable[..., Any]


class Built:
    """What a pickle may give a state to."""

    def take(self, state: Any) -> None:
        """The state, as the object's own class pickles it."""
        raise NotImplementedError


class Described(Built):
    """An object of somebody else's class: its class's name and its attributes. None of its code is here."""

    def __init__(self, kind: str = "", state: dict[str, Any] | None = None) -> None:
        self.kind = kind
        self.state = state or {}

    def take(self, state: Any) -> None:
        """The object's attributes."""
        if not isinstance(state, dict):
            raise Unpicklable("an object's state is not a dict")
        self.state = state


def plain(items: Sequence[Any]) -> Sequence[Any]:
    """The same, if all of them can be keys. Unpicklable: a container, or an object."""
    for item in items:
        if not isinstance(item, PLAIN):
            raise Unpicklable(f"has a {type(item).__name__} for a key; text and numbers are accepted")
    return items
