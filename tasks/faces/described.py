"""What a measure says of itself: its function's name is the measure's, and its docstring has meaning and source.

In: a function whose docstring begins with its meaning and ends with `Source: ...`. Knows no measure.
"""

from collections.abc import Callable
from typing import Any


class Described:
    """What a measure's function says of it: its name and its docstring."""

    function: Callable[..., Any]

    @property
    def name(self) -> str:
        """As tables have it."""
        return self.function.__name__

    @property
    def meaning(self) -> str:
        """What it is, in the first sentence of its function."""
        return " ".join((self.function.__doc__ or "").split("\n\n")[0].split())

    @property
    def source(self) -> str:
        """Where it is from, in the last sentence of its function: `Source: ...`."""
        return " ".join((self.function.__doc__ or "").partition("Source: ")[2].split()).removesuffix(".")
