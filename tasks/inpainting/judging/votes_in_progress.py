"""What a rater said of a sheet's patients on a page and has not handed in: a line for every patient.

In: the folder of answers, a sheet as it was drawn. Out: the rater's last word on each patient; the lines of the sheet's
form, as if it had been filled in by hand. Nothing is overwritten: a word that was changed is a line, too, and the last
one counts. Lines lie as CSV, so that a withdrawal finds a person's. Knows no page.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tasks.base import lines
from tasks.errors import InputError
from tasks.ingest.tables.spelling import key
from tasks.inpainting.judging.letters import LETTERS
from tasks.inpainting.judging.sheet import Drawn

FILE = "side_by_side.csv"
COLUMNS = ("at", "rater_id", "sheet", "patient", "image_id", "ranked")
PAGE = "the page that shows results side by side"
NONE = "-"
"""Stands for "none of them is valid": an empty cell would be no answer."""


class Word(NamedTuple):
    """One line. `ranked`: the letters of the valid results, the best first."""

    at: str
    rater: str
    sheet: str
    patient: int
    image_id: str
    ranked: str


def keep(folder: Path, word: Word) -> None:
    """Append one line; when this returns it is on the disk."""
    cells = word._replace(ranked=word.ranked or NONE)
    lines.append(folder / FILE, COLUMNS, dict(zip(COLUMNS, cells, strict=True)))


def given(folder: Path, rater: str) -> dict[str, dict[int, str]]:
    """By sheet, the rater's last word on each patient. InputError names a damaged line."""
    found: dict[str, dict[int, str]] = {}
    for where, cells in lines.read(folder / FILE, COLUMNS, by=PAGE):
        _, who, sheet, patient, _, ranked = cells
        letters = "" if ranked == NONE else ranked
        if not all(cells) or not patient.isdecimal() or not _fits(letters, LETTERS):
            raise InputError(f"{where}: not as {PAGE} wrote it; put it right, or delete the line")
        if key(who) == key(rater):
            found.setdefault(sheet, {})[int(patient)] = letters
    return found


def spelt(folder: Path, rater: str) -> str:
    """The rater as the first of their lines has the name: a sheet is drawn for a spelling."""
    names = (cells[1] for _, cells in lines.read(folder / FILE, COLUMNS, by=PAGE))
    return next((own for own in names if key(own) == key(rater)), rater)


def _fits(ranked: Sequence[str], among: Sequence[str] | Mapping[str, str]) -> bool:
    """Letters of these, each once at most."""
    return len(set(ranked)) == len(ranked) and all(letter in among for letter in ranked)


def fits(drawn: Drawn, number: int, ranked: Sequence[str]) -> bool:
    """Whether these are letters of the patient, each once at most."""
    return 1 <= number <= len(drawn.patients) and _fits(ranked, drawn.patients[number - 1][1])


def ranks(letters: Mapping[str, str], ranked: str) -> dict[str, int | None]:
    """By method the rank; None: the result is not valid. `letters`: what each stands for."""
    return {method: ranked.index(own) + 1 if own in ranked else None for own, method in letters.items()}


def rows(drawn: Drawn, said: Mapping[int, str]) -> list[dict[str, Any]]:
    """Rows of INPAINTING_VOTES on the patients that have a word."""
    found = []
    for line in drawn.lines:
        if line.patient in said:
            rank = ranks({line.letter: line.method}, said[line.patient])[line.method]
            own = {name: getattr(line, name) for name in ("image_id", "rater_id", "method", "picture")}
            found.append(own | {"valid": rank is not None, "rank": rank})
    return found


def filled(drawn: Drawn, said: Mapping[int, str]) -> list[tuple[str, int, str, str, int | None]]:
    """The lines of the form: sheet, patient, letter, valid, rank."""
    return [
        (
            drawn.name,
            line.patient,
            line.letter,
            "yes" if line.letter in said[line.patient] else "no",
            said[line.patient].index(line.letter) + 1 if line.letter in said[line.patient] else None,
        )
        for line in drawn.lines
    ]
