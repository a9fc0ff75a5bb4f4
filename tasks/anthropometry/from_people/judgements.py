"""What people said of findings, and their notes: lines that the review page keeps, and which of them count.

In: the folder of corrections. Out: by photograph and finding what each person said last; notes. Nothing is overwritten.
Lines lie as CSV beside the corrected points. Does not know how a finding comes about.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tasks.anthropometry.from_people.corrections import CorrectionsError
from tasks.base import lines
from tasks.ingest.tables.spelling import Spellings

FILE = "findings.csv"
COLUMNS = ("at", "corrector_id", "image_id", "finding", "judgement", "words")
JUDGEMENTS = ("accepted", "rejected", "added", "taken back", "noted")
"""`added`: a finding that no rule made; `taken back`: no word on it any more; `noted`: a note, of no finding."""


class Judgement(NamedTuple):
    """One line: what a person said of a finding. A note has no finding."""

    at: str
    who: str
    image_id: str
    finding: str
    judgement: str
    words: str


def keep(folder: Path, said: Judgement) -> None:
    """Append one line; when this returns it is on the disk."""
    lines.append(folder / FILE, COLUMNS, dict(zip(COLUMNS, said, strict=True)))


def said_in(folder: Path) -> list[Judgement]:
    """All lines in their order; a person goes under the first spelling of the name. CorrectionsError: a damaged one."""
    names, said = Spellings(), []
    for where, cells in lines.read(folder / FILE, COLUMNS, by="the review page"):
        one = Judgement(*cells)
        if one.judgement not in JUDGEMENTS or not all((one.at, one.who, one.image_id)):
            raise CorrectionsError(f"{where}: not as the review page wrote it; put it right, or delete the line")
        said.append(one._replace(who=names.of(one.who)))
    return said


def standing(said: Iterable[Judgement], image_id: str) -> list[Judgement]:
    """What each person said last of each finding of a photograph, the latest last; the latest note of each."""
    last: dict[tuple[str, str], Judgement] = {}
    for one in said:
        if one.image_id == image_id:
            last.pop((one.who, one.finding), None)
            if one.judgement != "taken back" and (one.finding or one.words):
                last[one.who, one.finding] = one
    return list(last.values())
