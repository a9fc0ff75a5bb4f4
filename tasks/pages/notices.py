"""What a reader of numbers must know, and what only whoever runs the software can do about it.

In: a sentence, and an advice. Out: a text with both, for terminals and tables, that knows which part a page of a
person shows. Words of people (a `notice` of images.csv) are plain texts, of which nothing is left out.
"""

from typing import Self


class Notice(str):
    """The text is the sentence with the advice; `shown` is the sentence alone."""

    shown: str
    advice: str

    def __new__(cls, shown: str, advice: str = "") -> Self:
        """Both parts."""
        own = super().__new__(cls, f"{shown}; {advice}" if advice else shown)
        own.shown, own.advice = shown, advice
        return own

    def after(self, begin: str) -> "Notice":
        """The notice with something before it."""
        return Notice(begin + self.shown, self.advice)


def notice_of(reason: str) -> Notice:
    """One of our own reasons for which something is missing: what is missing, a semicolon, what to do."""
    shown, _, advice = reason.partition("; ")
    return Notice(shown, advice)


def for_a_page(line: str) -> str:
    """What a page of a person shows of a notice."""
    return line.shown if isinstance(line, Notice) else line
