"""Points that people placed, as lines that only grow: which of them count, and what a person can undo.

In: lines about points of photographs (x, y) or of faces in three dimensions (x, y, z). Out: the value of each point
that counts now, the steps of each person. Nothing is ever overwritten: an undo is a line, too. Lines lie as CSV, so
that a withdrawal finds a person's. Knows neither pages nor pictures.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tasks.base import lines
from tasks.errors import InputError
from tasks.ingest.tables.spelling import Spellings

ACTIONS = ("moved", "undone", "redone")
Place = tuple[float, ...]


class CorrectionsError(InputError):
    """A line of corrections is not as it was written; the message names the file and the line."""


class Said(NamedTuple):
    """One line: who did what to which point. `place` None: the person's own value is taken back."""

    at: str
    who: str
    image_id: str
    point: str
    action: str
    place: Place | None


def now() -> str:
    """The time, UTC, in the form in which lines have it: as text it sorts by time."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Sheet:
    """A file of lines, in the folder of corrections.

    Cells of the place are empty where a person took the own value back; `original_...`: what the page showed before.
    """

    file: str
    axes: tuple[str, ...]
    points: Collection[str]
    low: float
    high: float

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the file."""
        return ("at", "corrector_id", "image_id", "point", "action", *self.axes, *(f"original_{a}" for a in self.axes))

    def keep(self, folder: Path, said: Said, original: Place | None) -> None:
        """Append one line; when this returns it is on the disk."""
        nowhere = (None,) * len(self.axes)
        cells = (said.at, said.who, said.image_id, said.point, said.action, *(said.place or nowhere))
        every = (*cells, *(original or nowhere))
        lines.append(folder / self.file, self.columns, dict(zip(self.columns, every, strict=True)))

    def said_in(self, folder: Path) -> list[Said]:
        """All lines in their order; a person goes under the first spelling of the name. CorrectionsError: a bad one."""
        names, spelt, said = Spellings(), dict[str, str](), list[Said]()
        for where, cells in lines.read(folder / self.file, self.columns, by="the review page"):
            one = self._said(dict(zip(self.columns, cells, strict=True)), where)
            said.append(one._replace(who=spelt.get(one.who) or spelt.setdefault(one.who, names.of(one.who))))
        return said

    def _said(self, cells: Mapping[str, str], where: str) -> Said:
        try:
            own = [cells[axis] for axis in self.axes]
            place = tuple(float(cell) for cell in own) if any(own) else None
            fits = cells["point"] in self.points and cells["action"] in ACTIONS
            fits = fits and all(self.low <= one <= self.high for one in place or ())
        except ValueError:
            fits, place = False, None
        if not fits or not all(cells[name] for name in ("at", "corrector_id", "image_id")):
            raise CorrectionsError(f"{where}: not as the review page wrote it; put it right, or delete the line")
        return Said(cells["at"], cells["corrector_id"], cells["image_id"], cells["point"], cells["action"], place)


def own_values(said: Iterable[Said]) -> dict[tuple[str, str], list[Said]]:
    """By photograph and point, the last line of each person who has a value there; the one that counts comes last."""
    last: dict[tuple[str, str], dict[str, Said]] = {}
    for one in said:
        own = last.setdefault((one.image_id, one.point), {})
        own.pop(one.who, None)
        if one.place is not None:
            own[one.who] = one
    return {about: list(own.values()) for about, own in last.items() if own}


class Step(NamedTuple):
    """A change that can be undone, or done again: a person's own value of a point before it and after it."""

    point: str
    before: Place | None
    after: Place | None


def steps(said: Iterable[Said], image_id: str, who: str) -> tuple[list[Step], list[Step]]:
    """What the person can undo in this photograph, and what they can do again; the next one last."""
    undo, redo, own = list[Step](), list[Step](), dict[str, Place | None]()
    for one in said:
        if (one.image_id, one.who) != (image_id, who):
            continue
        if one.action == "undone" and undo:
            redo.append(undo.pop())
        elif one.action == "redone" and redo:
            undo.append(redo.pop())
        else:
            undo.append(Step(one.point, own.get(one.point), one.place))
            redo.clear()
        own[one.point] = one.place
    return undo, redo
