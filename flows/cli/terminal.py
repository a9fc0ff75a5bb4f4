"""What is printed for people: lines, and tables whose cells are text and never markup.

In: text that may hold what somebody wrote into a file. Out: the terminal. Every command prints through it.
"""

import sys

from rich.markup import escape

from tasks.base.escaping import visible


def say(line: object, *, error: bool = False) -> None:
    """Print the text, line by line, to standard output or, with `error`, to standard error."""
    print(visible(str(line), keep="\n"), file=sys.stderr if error else sys.stdout, flush=True)


def cell(text: object) -> str:
    """The text for a cell of a rich table: one line, its brackets brackets."""
    return escape(visible(str(text)))
