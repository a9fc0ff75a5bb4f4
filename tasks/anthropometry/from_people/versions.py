"""Versions of what is learned from people's words: each is a moment, and counts until it is taken back.

In: the folder of corrections. Out: every version with the figures that it had when made, and the one that counts.
People's words are lines with a time that are never overwritten, so a version need keep nothing of anybody: it is "all
that stood at this moment", and what follows from it is computed anew. So a person who is withdrawn leaves every version
together with their lines. Does not know what is learned.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tasks.anthropometry.from_people.corrections import CorrectionsError, now
from tasks.base import lines
from tasks.errors import InputError

COLUMNS = ("at", "action", "until", "photographs", "people", "before", "after")
ACTIONS = ("used", "not used", "undone")


class Version(NamedTuple):
    """A line. `until`: the time of the last word that it learned from; `before`, `after`: on people held out.

    `not used`: it was worse than what stood; `undone`: the version made `until` counts no longer.
    """

    at: str
    action: str
    until: str
    photographs: int
    people: int
    before: float | None
    after: float | None


def keep(file: Path, said: Version) -> None:
    """Append one line; when this returns it is on the disk."""
    lines.append(file, COLUMNS, dict(zip(COLUMNS, said, strict=True)))


def read(file: Path, *, by: str) -> list[Version]:
    """All lines in their order. CorrectionsError: a damaged one. `by`: the command that writes the file."""
    return [_version(cells, where, by) for where, cells in lines.read(file, COLUMNS, by=by)]


def _version(cells: Sequence[str], where: str, by: str) -> Version:
    at, action, until, photographs, people, *figures = cells
    try:
        before, after = (float(one) if one else None for one in figures)
        found = Version(at, action, until, int(photographs), int(people), before, after)
        fits = (
            action in ACTIONS
            and bool(at and until)
            and all(one is None or math.isfinite(one) for one in (before, after))
        )
    except ValueError:
        fits = False
    if not fits:
        raise CorrectionsError(f"{where}: not as {by} wrote it; put it right, or delete the line")
    return found


def counting(every: Iterable[Version]) -> list[Version]:
    """The versions that are neither refused nor undone, the one that counts last."""
    standing: list[Version] = []
    for one in every:
        if one.action == "used":
            standing.append(one)
        elif one.action == "undone" and standing:
            standing.pop()
    return standing


def undo(file: Path, *, by: str) -> str:
    """Take back the version that counts, and say in words which one counts then. InputError: none counts."""
    standing = counting(read(file, by=by))
    if not standing:
        raise InputError(f"{file}: no version counts, so there is nothing to undo")
    last = standing.pop()
    keep(file, last._replace(at=now(), action="undone"))
    then = f"the one made {standing[-1].at} counts again" if standing else "none counts now"
    return f"the version made {last.at} was taken back; {then}, from the next `dvc repro` on"
