"""Single cells as people fill them: numbers, and words of a fixed list.

In: a cell's text. Out: the number or the word that is meant, or why there is none. A number is written with digits
(of any script, of any width), one point or comma for its decimals, perhaps a sign, perhaps an exponent, as programs
write small numbers. Underscores, names of numbers (`nan`, `inf`) and thousands marks are no numbers.
"""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from tasks.ingest.tables.spelling import key, tidy

NUMBER = re.compile(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
MARKS = str.maketrans("\u2212\uff0d\uff0b\uff0e\uff0c\u066b\uff25\uff45", "--+.,,ee")
"""Signs, points and commas of other widths and scripts."""


class NotMeant(ValueError):
    """A cell that has no meaning as what it should be; the message quotes it and says what is accepted."""


def number(cell: str, *, decimal_comma: bool) -> float:
    """The number that is written; NotMeant where there is none, or two ways to read it.

    `decimal_comma`: a comma can only be a decimal mark, so that 1,234 is no thousand.
    """
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in tidy(cell)).translate(MARKS)
    if THOUSANDS.fullmatch(text) and not decimal_comma:
        point = text.replace(",", ".")
        raise NotMeant(f"{tidy(cell)!r} could be {point} or {text.replace(',', '')}; write it with a point, or without")
    if not NUMBER.fullmatch(text):
        raise NotMeant(f"{tidy(cell)!r} is not a number{_hint(text)}")
    value = float(text.replace(",", "."))
    if value in (float("inf"), float("-inf")):
        raise NotMeant(f"{tidy(cell)!r} is not a number that can be kept")
    return value


def _hint(text: str) -> str:
    """What a cell that is no number seems to be."""
    if text.endswith("%"):
        return "; write it without %"
    if re.fullmatch(r"\d{1,2}(\. |[./-])(\d{1,2}|[^\W\d_]{3,9})\.?([./ -]?\d{2,4})?", text):
        return "; a spreadsheet seems to have made a date of it: format the cells as text and type it anew"
    return ""


def word(cell: str, accepted: Iterable[str]) -> str | None:
    """The word of the list that the cell means, whatever its case, width and blanks; None where it means none."""
    return {key(one): one for one in accepted}.get(key(cell))


def no_such_word(cell: str, accepted: Iterable[str]) -> str:
    """`'contol' is not one of control, repaired (meant: control?)`."""
    words = list(accepted)
    near = get_close_matches(key(cell), [key(one) for one in words], 1)
    meant = f" (meant: {word(near[0], words)}?)" if near else ""
    return f"{tidy(cell)!r} is not one of {', '.join(words)}{meant}"
