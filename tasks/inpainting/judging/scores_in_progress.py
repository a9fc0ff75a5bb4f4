"""What a rater gave a sheet's results on a scale on a page and has not handed in: a line for every patient.

In: the folder of answers, a sheet as it was drawn. Out: the rater's last word on each patient: a letter and its score,
letter by letter, such as `A3B5C2`. Nothing is overwritten: a word that was changed is a line, too, and the last one
counts. Lines lie as CSV, so that a withdrawal finds a person's. Knows no page.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from tasks.base import lines
from tasks.errors import InputError
from tasks.ingest.tables.spelling import key
from tasks.inpainting.judging.sheet import Drawn
from tasks.inpainting.judging.votes_in_progress import PAGE

FILE = "side_by_side_scales.csv"
COLUMNS = ("at", "rater_id", "rater_role", "scale", "sheet", "patient", "image_id", "scores")
_WORD = re.compile(r"(?:[A-Z][0-9])+")


class Word(NamedTuple):
    """One line. `scores`: each letter of the patient, with its score."""

    at: str
    rater: str
    role: str
    scale: str
    sheet: str
    patient: int
    image_id: str
    scores: str


def keep(folder: Path, word: Word) -> None:
    """Append one line; when this returns it is on the disk."""
    lines.append(folder / FILE, COLUMNS, dict(zip(COLUMNS, word, strict=True)))


def words_of(folder: Path, rater: str) -> list[Word]:
    """Everything that the rater said, in order. InputError names a damaged line."""
    found = []
    for where, cells in lines.read(folder / FILE, COLUMNS, by=PAGE):
        at, who, role, scale, sheet, patient, image_id, scores = cells
        if not all(cells) or not patient.isdecimal() or not _WORD.fullmatch(scores):
            raise InputError(f"{where}: not as {PAGE} wrote it; put it right, or delete the line")
        if key(who) == key(rater):
            found.append(Word(at, who, role, scale, sheet, int(patient), image_id, scores))
    return found


def given(folder: Path, rater: str, scale: str) -> dict[str, dict[int, str]]:
    """By sheet, the rater's last word on each patient on the scale."""
    found: dict[str, dict[int, str]] = {}
    for word in words_of(folder, rater):
        if word.scale == scale:
            found.setdefault(word.sheet, {})[word.patient] = word.scores
    return found


def in_order(scores: str) -> str:
    """The same word with its letters in the alphabet's order."""
    return "".join(sorted(scores[at : at + 2] for at in range(0, len(scores), 2)))


def scores_in(scores: str) -> dict[str, int]:
    """Letters and their scores."""
    return {scores[at]: int(scores[at + 1]) for at in range(0, len(scores), 2)}


def fits(drawn: Drawn, number: int, scores: str, among: Collection[int]) -> bool:
    """Whether the word has each of the patient's letters once, with a score of these."""
    if not 1 <= number <= len(drawn.patients) or not _WORD.fullmatch(scores):
        return False
    letters = "".join(sorted(drawn.patients[number - 1][1]))
    return in_order(scores)[::2] == letters and all(score in among for score in scores_in(scores).values())
