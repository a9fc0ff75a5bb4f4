"""What raters answered on the rating page and have not handed in: a line for every answer.

In: the folder of answers. Out: each rater's answers by scale and showing; rows in the layout of ratings.csv; how far a
rater agrees with themself. Nothing is overwritten: an answer that was changed is a line, too, and the last one counts.
Lines lie as CSV, so that a withdrawal finds a person's. Knows no page.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tasks.base import lines
from tasks.errors import InputError
from tasks.ingest.tables.spelling import key

FILE, HANDED = "answers.csv", "handed_in.csv"
COLUMNS = ("at", "rater_id", "rater_role", "scale", "image_id", "path", "showing", "score")
HANDED_COLUMNS = ("at", "rater_id", "scale", "image_id", "batch")
PRACTICE, FIRST, AGAIN = "practice", "first", "again"
PAGE = "the rating page"
SHOWINGS = (PRACTICE, FIRST, AGAIN)


class AnswersError(InputError):
    """A line of answers is not as it was written; the message names the file and the line."""


class Answer(NamedTuple):
    """One line. `path`: the photograph's name, as ratings.csv has it."""

    at: str
    rater: str
    role: str
    scale: str
    image_id: str
    path: str
    showing: str
    score: int


def keep(folder: Path, answer: Answer) -> None:
    """Append one line; when this returns it is on the disk."""
    lines.append(folder / FILE, COLUMNS, dict(zip(COLUMNS, answer, strict=True)))


def given(folder: Path, rater: str, scale: str) -> dict[tuple[str, str], Answer]:
    """The rater's last answers on the scale, by photograph and showing. AnswersError names a damaged line."""
    found = {}
    for where, cells in lines.read(folder / FILE, COLUMNS, by=PAGE):
        if not all(cells) or cells[-2] not in SHOWINGS or not cells[-1].lstrip("-").isdecimal():
            raise AnswersError(f"{where}: not as {PAGE} wrote it; put it right, or delete the line")
        at, own_rater, role, own_scale, image_id, path, showing, score = cells
        own = Answer(at, own_rater, role, own_scale, image_id, path, showing, int(score))
        if own.scale == scale and key(own.rater) == key(rater):
            found[own.image_id, own.showing] = own
    return found


def hand_in(folder: Path, answers: Mapping[tuple[str, str], Answer], batch: str, at: str) -> None:
    """Note that these went into a batch of ratings."""
    for one in answers.values():
        cells = (at, one.rater, one.scale, one.image_id, batch)
        lines.append(folder / HANDED, HANDED_COLUMNS, dict(zip(HANDED_COLUMNS, cells, strict=True)))


def handed(folder: Path, rater: str, scale: str) -> set[str]:
    """Photographs whose rating by this rater on this scale was handed in."""
    rows = (cells for _, cells in lines.read(folder / HANDED, HANDED_COLUMNS, by=PAGE))
    return {image_id for _, who, own, image_id, _ in rows if own == scale and key(who) == key(rater)}


def with_themself(answers: Mapping[tuple[str, str], Answer]) -> dict[str, Any]:
    """How far a rater's second answers agree with the first: number, share that is the same, mean distance."""
    pairs = [
        (answers[image_id, FIRST].score, one.score)
        for (image_id, showing), one in answers.items()
        if showing == AGAIN and (image_id, FIRST) in answers
    ]
    if not pairs:
        return {"number": 0, "same": None, "distance": None}
    far = [abs(a - b) for a, b in pairs]
    return {"number": len(far), "same": sum(one == 0 for one in far) / len(far), "distance": sum(far) / len(far)}
