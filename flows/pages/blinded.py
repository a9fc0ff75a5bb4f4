"""Results side by side, blinded: whose, in which order, under which letters; and what the rater said of them.

In: the project's fillings, a rater's name, what the rater said so far. Out: showings in order (one patient for
practice, every patient once, some of them again); their pictures; words on an earlier sheet as words on this one. The
letters of practice and of a second showing are drawn anew: each of the three is a sheet of its own. What is asked of
the results stands in beside and scaled. Tells nobody a method.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from fastapi import HTTPException
from pydantic import BaseModel, Field
from starlette.responses import Response

from flows.pages import chosen
from flows.pages.record import Project
from flows.pages.sequence import with_repeats
from flows.photographs.fillings import FOLDER, pictures_of
from flows.photographs.sheets import KEYS, SIDE, VOTES
from tasks.base import absence, runtime
from tasks.errors import InputError
from tasks.ingest.ratings.answers import AGAIN, FIRST, PRACTICE, SHOWINGS
from tasks.inpainting.judging import votes
from tasks.inpainting.judging.letters import Result
from tasks.inpainting.judging.results_shown import Patient
from tasks.inpainting.judging.sheet import Drawn, alike, drawn

ANSWERS = Path("data/ratings_in_progress")
WHOSE = {"unrepaired": "patients before repair", "repaired": "patients after repair"}
KEPT = {FIRST: VOTES, AGAIN: VOTES / AGAIN}
"""Where what was handed in lies, by kind of showing."""
STAYS = "You have seen how far you agree with yourself, so second answers stay as they are. This was a second showing."

Words = dict[int, str]
"""By patient, from 1 as the sheet numbers them, what a rater said."""


class Asked(BaseModel):
    """Whose photographs, and the share of them that is shown twice; None: what the rater chose before."""

    population: Literal["unrepaired", "repaired"] = "unrepaired"
    repeats: float | None = Field(default=None, ge=0, le=0.5)

    def rated(self) -> str:
        """What is rated, as a choice names it."""
        return f"side by side, {self.population}"


class Place(Asked):
    """A showing, by its place in the order; `letter` None: the photograph with its hole."""

    at: int = Field(ge=0)
    letter: str | None = Field(None, max_length=1)


class Shown(NamedTuple):
    """A patient that is shown: when, on which sheet, under which number from 1 there."""

    time: str
    made: Drawn
    number: int

    @property
    def image_id(self) -> str:
        """The photograph."""
        return self.made.patients[self.number - 1][0].image_id

    @property
    def methods(self) -> Mapping[str, str]:
        """What the letters stand for."""
        return self.made.patients[self.number - 1][1]

    def mark(self) -> str:
        """By which the page names a showing. The sheet's own name is its key's file's; the number, which is the place
        on the sheet, tells nothing that the order does not."""
        return hashlib.sha256(f"{self.made.name}\n{self.number}".encode()).hexdigest()[:16]


def folder_of(root: Path, time: str) -> Path:
    """Where words on showings of this kind lie."""
    return root / ANSWERS if time == FIRST else root / ANSWERS / time


@dataclass(frozen=True)
class Sitting:
    """What a rater is shown, and their words so far. `gone`: words that are about pictures that are gone."""

    sheets: Mapping[str, Drawn]
    order: tuple[Shown, ...]
    said: Mapping[str, Words]
    gone: int

    def line_of(self, time: str, row: Mapping[str, Any]) -> Result | None:
        """The line of a kept vote's or score's picture on the sheet of this kind; None: it is not shown there."""
        return self._lines[time].get((row["image_id"], row["method"], row["picture"]))

    @cached_property
    def _lines(self) -> dict[str, dict[tuple[str, str, str], Result]]:
        return {
            time: {(line.image_id, line.method, line.picture): line for line in made.lines}
            for time, made in self.sheets.items()
        }

    def word(self, shown: Shown) -> str | None:
        """The rater's word on a showing."""
        return self.said[shown.time].get(shown.number)

    def named(self, mark: str) -> Shown:
        """The showing that the rater saw. 409: it is not among these any more."""
        for shown in self.order:
            if shown.mark() == mark:
                return shown
        raise HTTPException(409, "Photographs came in or went meanwhile: load the page anew.")

    def open_to(self, shown: Shown) -> None:
        """409 where the showing is a second one and all is answered: how far both agree was shown then."""
        if shown.time == AGAIN and all(self.word(one) is not None for one in self.order):
            raise HTTPException(409, STAYS)

    def lacking(self) -> int:
        """How many patients lack their first word."""
        first = self.sheets[FIRST]
        return len(first.patients) - len(self.said[FIRST])

    def twice(self) -> list[tuple[Shown, Shown]]:
        """First and second showings that have both words."""
        first = {shown.image_id: shown for shown in self.order if shown.time == FIRST}
        pairs = [(first[shown.image_id], shown) for shown in self.order if shown.time == AGAIN]
        return [pair for pair in pairs if None not in map(self.word, pair)]

    def state(self, at: int | None, handed: Mapping[str, Words]) -> dict[str, Any]:
        """What is shown at the place; None: the first that lacks a word. At the end, what can be handed in.

        `handed`: by kind of showing, what the project has of the rater on these pictures.
        """
        counted = [shown for shown in self.order if shown.time != PRACTICE]
        state: dict[str, Any] = {
            "total": len(counted),
            "done": sum(self.word(shown) is not None for shown in counted),
            "handed": bool(handed[FIRST]),
            "earlier": self.gone,
        }
        left = (place for place, shown in enumerate(self.order) if self.word(shown) is None)
        place = at if at is not None and 0 <= at < len(self.order) else next(left, None)
        if place is None:
            changed = any(handed[time] != self.said[time] for time in (FIRST, AGAIN))
            return state | {"at": None, "last": len(self.order) - 1, "changed": changed}
        shown = self.order[place]
        return state | {
            "at": place,
            "mark": shown.mark(),
            "practice": shown.time == PRACTICE,
            "letters": list(shown.methods),
            "given": self.word(shown),
        }


def repeats_of(root: Path, rater: str, asked: Asked) -> float:
    """The share that is shown twice: as it is asked for, else as the rater chose it before."""
    return chosen.standing(root / ANSWERS, rater, asked.rated()).repeats if asked.repeats is None else asked.repeats


def keep_choice(root: Path, rater: str, asked: Asked) -> None:
    """Keep the share that is asked for, for who goes on later."""
    if asked.repeats is not None:
        chosen.keep(root / ANSWERS, rater, asked.rated(), chosen.Choice(asked.repeats))


def sit(project: Project, rater: str, asked: Asked, seed: int, given: Callable[[Path], Mapping[str, Words]]) -> Sitting:
    """The rater's sitting over the fillings as they are now. InputError: there are none of these photographs.

    `given`: by sheet, the words that lie in a folder.
    """
    sheets = {
        time: _sheet(project, rater, asked.population, seed if time == FIRST else runtime.seed_of(seed, time))
        for time in SHOWINGS
    }
    number = {
        time: {patient.image_id: place for place, (patient, _) in enumerate(made.patients, 1)}
        for time, made in sheets.items()
    }
    repeats = repeats_of(project.root, rater, asked)
    showings = with_repeats(
        list(number[FIRST]), repeats, lambda image_id: runtime.seed_of(seed, "repeats", rater, image_id)
    )
    order = tuple(Shown(one.time, sheets[one.time], number[one.time][one.image_id]) for one in showings)
    words = {time: _words_on(project, made, given(folder_of(project.root, time))) for time, made in sheets.items()}
    said = {time: own for time, (own, _) in words.items()}
    return Sitting(sheets, order, said, words[FIRST][1])


def picture(sitting: Sitting, place: Place) -> Response:
    """A patient's photograph with its hole, or a result."""
    try:
        shown = sitting.order[place.at]
        letter = place.letter
        png = shown.made.masked(shown.number) if letter is None else shown.made.result(shown.number, letter)
    except (IndexError, KeyError):
        raise HTTPException(404, "There is no such result.") from None
    return Response(png, media_type="image/png")


def _sheet(project: Project, rater: str, population: str, seed: int) -> Drawn:
    """A sheet of the fillings as they are. Pictures are drawn and compared once, whatever sheets they come on."""
    paths = [FOLDER, FOLDER / absence.MARKER]

    def see() -> tuple[list[Patient], dict[tuple[str, str], str]] | str:
        try:
            patients = pictures_of(project.root, [population])
            return patients, alike(patients)
        except InputError as error:
            return str(error)

    seen = project.fresh(f"fillings {population}", paths, see)
    if isinstance(seen, str):
        raise InputError(seen)
    patients, pictures = seen
    made: Drawn = project.fresh(
        f"sheet {population} {rater} {seed}",
        paths,
        lambda: drawn(patients, rater=rater, seed=seed, side=SIDE, pictures=pictures),
    )
    return made


def _words_on(project: Project, made: Drawn, every: Mapping[str, Words]) -> tuple[Words, int]:
    """The rater's word on each patient of the sheet, and how many of their words are about pictures that are gone.

    `every`: by sheet, the word on each patient; a word's capitals are letters of results. A sheet changes with who is
    on it. So a word from another one counts, too, where all that the rater saw of the photograph is what this sheet
    shows of it; a word on this sheet counts before it.
    """
    now = {line.image_id: line.patient for line in made.lines}
    shown: dict[int, dict[tuple[str, str], str]] = {patient: {} for patient in now.values()}
    for line in made.lines:
        shown[line.patient][line.method, line.picture] = line.letter
    said: Words = {}
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
