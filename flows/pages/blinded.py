"""The sheet that a rater sees: whose results, in which order, under which letters; and what was said of another sheet.

In: the project's fillings, a rater's name. Out: the sheet as it is drawn for the rater; its pictures; words on an
earlier sheet as words on this one. What is asked of the results stands in beside and scaled. Tells nobody a method.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from fastapi import HTTPException
from pydantic import BaseModel, Field
from starlette.responses import Response

from flows.pages.record import Project
from flows.photographs.fillings import FOLDER, pictures_of
from flows.photographs.sheets import KEYS, SIDE
from tasks.base import absence
from tasks.errors import InputError
from tasks.inpainting import votes
from tasks.inpainting.letters import Result
from tasks.inpainting.sheet import Drawn, drawn

ANSWERS = Path("data/ratings_in_progress")
WHOSE = {"unrepaired": "patients before repair", "repaired": "patients after repair"}


class Asked(BaseModel):
    """Whose photographs."""

    population: Literal["unrepaired", "repaired"] = "unrepaired"


class Place(Asked):
    """A patient, by number from 0 in the rater's order; `letter` None: the photograph with its hole."""

    at: int = Field(ge=0)
    letter: str | None = Field(None, max_length=1)


def sheet_of(project: Project, rater: str, population: str, seed: int) -> Drawn:
    """The rater's sheet of the fillings as they are now. InputError: there are none of these photographs."""

    def make() -> Drawn | str:
        try:
            return drawn(pictures_of(project.root, [population]), rater=rater, seed=seed, side=SIDE)
        except InputError as error:
            return str(error)

    made = project.fresh(f"beside {population} {rater} {seed}", [FOLDER, FOLDER / absence.MARKER], make)
    if isinstance(made, str):
        raise InputError(made)
    assert isinstance(made, Drawn)
    return made


def picture(made: Drawn, shown: Place) -> Response:
    """A patient's photograph with its hole, or a result."""
    try:
        number = shown.at + 1
        png = made.masked(number) if shown.letter is None else made.result(number, shown.letter)
    except (IndexError, KeyError):
        raise HTTPException(404, "There is no such result.") from None
    return Response(png, media_type="image/png")


def mark(made: Drawn) -> str:
    """By which the page names its sheet: the sheet's own name is its key's file's."""
    return hashlib.sha256(made.name.encode()).hexdigest()[:16]


def words_on(project: Project, made: Drawn, every: Mapping[str, dict[int, str]]) -> tuple[dict[int, str], int]:
    """The rater's word on each patient of the sheet, and how many of their words are about pictures that are gone.

    `every`: by sheet, the word on each patient; a word's capitals are letters of results. A sheet changes with who is
    on it. So a word from another one counts, too, where all that the rater saw of the photograph is what this sheet
    shows of it; a word on this sheet counts before it.
    """
    now = {line.image_id: line.patient for line in made.lines}
    shown: dict[int, dict[tuple[str, str], str]] = {patient: {} for patient in now.values()}
    for line in made.lines:
        shown[line.patient][line.method, line.picture] = line.letter
    said: dict[int, str] = {}
    gone: set[str] = set()
    for sheet, words in every.items():
        if sheet == made.name:
            continue
        known = _key_of(project, sheet)
        for patient, word in words.items():
            seen = known.get(patient, {})
            image_id = next(iter(seen.values())).image_id if seen else None
            if image_id not in now:
                continue
            letters = shown[now[image_id]]
            if {(own.method, own.picture) for own in seen.values()} == letters.keys():
                here = {ord(letter): letters[own.method, own.picture] for letter, own in seen.items()}
                said[now[image_id]] = word.translate(here)
            else:
                gone.add(image_id)
    said |= every.get(made.name, {})
    return said, len([image_id for image_id in gone if now[image_id] not in said])


def _key_of(project: Project, sheet: str) -> dict[int, dict[str, Result]]:
    """What the letters of each of a sheet's patients were; {} where nobody knows."""
    try:
        known = votes.read_key(Path(sheet), sheet, project.root / KEYS)
    except InputError:
        return {}
    found: dict[int, dict[str, Result]] = {}
    for (patient, letter), own in known.items():
        found.setdefault(patient, {})[letter] = own
    return found
