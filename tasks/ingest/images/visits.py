"""A visit as images.csv names it: a day, in whatever way it is written, or any other name.

In: a cell's text. Out: the name that is kept (a day as 2026-01-31), whether a name is a day that cannot be told, and
whether two names could mean one visit. A day is taken where it can be one alone, without its time: 31.01.2026,
2026/1/31 10:15, 20260131 and 31 Jan 2026 are; 02/03/2026 may be in March or in February, 31.1.26 in 2026 or in 2031,
and they stay as they are written. Knows no tables.
"""

import re
from datetime import date

from tasks.ingest.tables.cell_text import DATE
from tasks.ingest.tables.spelling import alike, key, tidy

_YEAR_FIRST = re.compile(r"(\d{4})([-./:]?)(\d\d?)\2(\d\d?)", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-./])(\d{1,2})\2(\d{4})", re.ASCII)
_NAMED = re.compile(r"(?:(\d{1,2})[-. ]*([^\W\d_]{3,9})|([^\W\d_]{3,9})[. ]*(\d{1,2}))[-., ]*(\d{4})")
_SHORT = re.compile(r"(\d{1,2})([-./])(\d{1,2}|[^\W\d_]{3})\2(\d{2})")
_TIME = re.compile(
    r"(?<=\d)[ T]+\d{1,2}[:.]\d\d(?:[:.]\d\d(?:[.,]\d+)?)?(?: ?[ap]m)?(?:Z|[+-]\d\d:?\d\d)?$", re.IGNORECASE
)
_MONTHS = (
    *("jan january januar", "feb february februar", "mar m\u00e4r march m\u00e4rz", "apr april", "may mai"),
    *("jun june juni", "jul july juli", "aug august", "sep sept september", "oct okt october oktober"),
    *("nov november", "dec dez december dezember"),
)
"""English and German months."""
YEARS = (1900, 2099)
"""Years in which a day of a photograph can be."""


class NoDay(ValueError):
    """A cell that is written like a day and is none."""


def visit_of(cell: str, wrong: str | None) -> str:
    """The visit's name as it is kept. `wrong`: why the cell is not what was typed. NoDay: no name of a visit.

    A day that a spreadsheet keeps as one is a day.
    """
    text = tidy(cell)
    if wrong and not (wrong == DATE and _days(text)):
        raise NoDay(f"is {wrong}")
    found = _days(text)
    if found is None:
        return text
    if not found:
        raise NoDay(f"is written like a day and is none from {YEARS[0]} to {YEARS[1]}; write 2026-01-31, or a name")
    return found.pop().isoformat() if len(found) == 1 else text


def same_visit(one: str, other: str) -> bool:
    """Whether two names, as they are kept, could mean one visit of a person by mistake."""
    days = _days(one), _days(other)
    if days[0] and days[1]:
        return one != other and bool(days[0] & days[1])
    return not (days[0] or days[1]) and key(one) != key(other) and alike(one, other)


def unclear(name: str) -> bool:
    """Whether a name, as it is kept, is written like a day of which nobody can tell which one it is."""
    days = _days(name)
    return bool(_SHORT.fullmatch(_TIME.sub("", key(name)))) or (days is not None and len(days) > 1)


def _days(text: str) -> set[date] | None:
    """The days that a text can mean, none where there is no such day; None: it is not written like a day."""
    text = _TIME.sub("", key(text))
    if found := _YEAR_FIRST.fullmatch(text):
        if not found[2] and len(text) < 8:  # noqa: PLR2004
            return None
        orders = {(int(found[1]), int(found[3]), int(found[4]))}
    elif found := _YEAR_LAST.fullmatch(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        orders = {(year, second, first)} | (set() if found[2] == "." else {(year, first, second)})
    elif found := _NAMED.fullmatch(text):
        month = _month(found[2] or found[3])
        if month is None:
            return None
        orders = {(int(found[5]), month, int(found[1] or found[4]))}
    else:
        return None
    days = {day for order in orders if (day := _day(*order))}
    return days or (None if text.isdecimal() else days)  # 20269999 is a number


def _month(word: str) -> int | None:
    return next((number for number, own in enumerate(_MONTHS, 1) if word in own.split()), None)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if YEARS[0] <= year <= YEARS[1] else None
    except ValueError:
        return None
