"""A visit as images.csv names it: a day, in whatever way it is written, or any other name.

In: a cell's text. Out: the name that is kept (a day as 2026-01-31), and whether two names could mean one visit. A day
is taken where it can be one alone: 31.01.2026 and 2026/1/31 are; 02/03/2026 may be in March or in February and stays
as it is written. Knows no tables.
"""

import re
from datetime import date

from tasks.ingest.cell_text import DATE
from tasks.ingest.spelling import alike, key, tidy

_YEAR_FIRST = re.compile(r"(\d{4})([-./])(\d{1,2})\2(\d{1,2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-./])(\d{1,2})\2(\d{4})", re.ASCII)
YEARS = (1900, 2099)
"""Years in which a day of a photograph can be."""


class NoDay(ValueError):
    """A cell that is written like a day and is none."""


def visit_of(cell: str, wrong: str | None) -> str:
    """The visit's name as it is kept. `wrong`: why the cell is not what was typed. NoDay: no name of a visit.

    A day that a spreadsheet keeps as one is a day.
    """
    text = re.sub(r"[ T]00:00(:00)?$", "", tidy(cell))
    if wrong and not (wrong == DATE and _YEAR_FIRST.fullmatch(text)):
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


def _days(text: str) -> set[date] | None:
    """The days that a text can mean, none where there is no such day; None: it is not written like a day."""
    if found := _YEAR_FIRST.fullmatch(key(text)):
        orders = {(int(found[1]), int(found[3]), int(found[4]))}
    elif found := _YEAR_LAST.fullmatch(key(text)):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        orders = {(year, second, first)} | (set() if found[2] == "." else {(year, first, second)})
    else:
        return None
    return {day for order in orders if (day := _day(*order))}


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if YEARS[0] <= year <= YEARS[1] else None
    except ValueError:
        return None
