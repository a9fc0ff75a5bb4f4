"""What a rater chose at the beginning of a sitting: the share that is shown twice, and whether controls are, too.

In: the folder of answers, a rater, what is rated. Out: the last choice, for who goes on another day or in another
browser; and a line for each new one. A choice is kept with the first answer after it, so looking keeps nothing. Knows
no photographs.
"""

from pathlib import Path
from typing import NamedTuple

from tasks.base import lines
from tasks.errors import InputError
from tasks.faces.placing import now
from tasks.ingest.ratings.answers import PAGE
from tasks.ingest.tables.spelling import key

FILE = "choices.csv"
COLUMNS = ("at", "rater_id", "rated", "repeats", "controls")
REPEATS = 0.1
"""Share of photographs that are shown twice, unless the rater chooses another."""

WORDS = {"yes": True, "no": False}


class Choice(NamedTuple):
    """`repeats`: share of photographs that come twice; `controls`: controls that nobody has rated come, too."""

    repeats: float = REPEATS
    controls: bool = False


def last(folder: Path, rater: str, rated: str) -> Choice | None:
    """What the rater chose last for what is rated; None: nothing yet. InputError names a damaged line."""
    found = None
    for where, (_, who, own, repeats, controls) in lines.read(folder / FILE, COLUMNS, by=PAGE):
        try:
            choice = Choice(float(repeats), WORDS[controls])
        except (ValueError, KeyError):
            raise InputError(f"{where}: not as {PAGE} wrote it; put it right, or delete the line") from None
        if own == rated and key(who) == key(rater):
            found = choice
    return found


def standing(folder: Path, rater: str, rated: str) -> Choice:
    """The same, or what everybody has who chose nothing."""
    return last(folder, rater, rated) or Choice()


def keep(folder: Path, rater: str, rated: str, choice: Choice) -> None:
    """Append a line, if the choice is another one than the last."""
    if last(folder, rater, rated) != choice:
        cells = (now(), rater, rated, choice.repeats, "yes" if choice.controls else "no")
        lines.append(folder / FILE, COLUMNS, dict(zip(COLUMNS, cells, strict=True)))
