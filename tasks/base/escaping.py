r"""Text from files made fit to be shown: what cannot be seen, or changes how the rest is seen, is written out.

In: any text, such as a name in somebody's table. Out: the same text with control characters (a terminal obeys them),
marks that turn the direction of writing, line ends and halves of characters as `\x1b`, `\u202e`. The terminal, logs,
pages, commit messages and tables all use it; what else each needs is done where each is made: markup in
flows.cli.terminal, HTML in tasks.pages.environment, formulas in tasks.base.sheets.
"""

import unicodedata

JOINERS = "\u200c\u200d"
"""Format characters that several scripts are written with."""

SAID = 300
UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Unicode's categories of what is not seen: control, format, half of a character, line and paragraph separators."""


def visible(text: str, *, keep: str = "") -> str:
    """The text on one line, with what cannot be seen written out; `keep`: characters that may stay (line ends)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter if letter in keep or _seen(letter) else _written(letter) for letter in text)


def said(error: object) -> str:
    """An error's words, or a stranger's, visible and on one line: the first 300 letters."""
    return visible(" ".join(str(error).split())[:SAID]) or type(error).__name__


def _seen(letter: str) -> bool:
    return letter in JOINERS or (unicodedata.category(letter) not in UNSEEN and ord(letter) & 0xFFFE != 0xFFFE)


def _written(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
