"""Several methods' results side by side, rated on a scale: blinded, each result of a patient by the keys of the scale.

In: the project's fillings, a scale, and what a rater gives them. Out: a sheet of the rater's own for the scale, one
patient at a time; a line for every patient (tasks.inpainting.judging.scores_in_progress), on the disk before the next
one is shown; and, handed in, scores, through the checks of ratings (tasks.inpainting.judging.score_checks), with second
answers beside them. Nothing on the page or in its addresses tells who is on a photograph or who made a result.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import Field
from starlette.responses import Response

from flows.pages import blinded, kit, who
from flows.pages.blinded import ANSWERS, KEPT, WHOSE, Asked, Place, Sitting, Words, folder_of
from flows.pages.record import Project
from flows.pages.scales import known, scale_of
from flows.photographs.sheets import KEYS, SEED, VOTES
from flows.running.privacy import private_folder
from tasks.anthropometry.from_people.corrections import now
from tasks.base import runtime
from tasks.base.words import counted
from tasks.errors import InputError
from tasks.ingest.ratings.answers import AGAIN, FIRST
from tasks.ingest.tables.spelling import key
from tasks.inpainting.judging import scores, scores_in_progress
from tasks.inpainting.judging.score_checks import checked
from tasks.inpainting.judging.scores_in_progress import Word, in_order, scores_in
from tasks.inpainting.judging.sheet import keep_key


class OnScale(Asked):
    """Whose photographs, on which scale, and as what."""

    scale: str
    role: Literal["medical", "lay"]

    def rated(self) -> str:
        """The same, and on which scale."""
        return f"{super().rated()}, {self.scale}"


class Where(OnScale, Place):
    """A picture of it."""


class Given(OnScale):
    """Each of a patient's letters with its score, such as `A3B5C2`. `mark`: of the showing that the rater saw."""

    mark: str = Field(max_length=64)
    scores: str = Field(max_length=52)


class HandIn(OnScale):
    """`replace`: in place of what the rater gave before; `new`: the rater is new, whosever name theirs looks like."""

    replace: bool = Field(False, strict=True)
    new: bool = Field(False, strict=True)


def router(project: Project) -> APIRouter:
    """The routes below `/rate/scaled`."""
    routes = APIRouter(prefix="/rate/scaled")

    @routes.get("")
    def sit(asked: Annotated[OnScale, Query()], vermilion_who: who.Who = "") -> Response:
        name, scale = who.required(vermilion_who), scale_of(project.root, asked.scale)
        asked = asked.model_copy(update={"repeats": blinded.repeats_of(project.root, name, asked)})
        given = {"asked": asked.model_dump(), "now": _state(project, name, asked, None)}
        return kit.page("scaled.html.j2", who=name, whose=WHOSE[asked.population], scale=scale, state=given)

    @routes.get("/picture")
    def picture(shown: Annotated[Where, Query()], vermilion_who: who.Who = "") -> Response:
        return blinded.picture(_sitting(project, who.required(vermilion_who), shown), shown)

    @routes.post("/state/{at}")
    def look_back(at: int, asked: OnScale, vermilion_who: who.Who = "") -> dict[str, Any]:
        return _state(project, who.required(vermilion_who), asked, at)

    @routes.post("/answer")
    def answer(said: Given, vermilion_who: who.Who = "") -> dict[str, Any]:
        name, scale = who.required(vermilion_who), scale_of(project.root, said.scale)
        made = _sitting(project, name, said)
        shown = made.named(said.mark)
        made.open_to(shown)
        if not scores_in_progress.fits(shown.made, shown.number, said.scores, scale.scores):
            ends = f"{scale.scores[0]} to {scale.scores[-1]}"
            raise HTTPException(422, f"An answer gives each letter of this patient a score on {scale.name}, {ends}.")
        keep_key(private_folder(project.root / KEYS), shown.made)  # first: an answer without its key is worthless
        about = (shown.made.name, shown.number, shown.image_id)
        word = Word(now(), name, said.role, scale.name, *about, said.scores)
        scores_in_progress.keep(folder_of(project.root, shown.time), word)
        blinded.keep_choice(project.root, name, said)
        return _state(project, name, said, None)

    @routes.post("/hand-in")
    def hand_in(asked: HandIn, vermilion_who: who.Who = "") -> dict[str, Any]:
        return _handed_in(project, who.required(vermilion_who), asked)

    return routes


def begun(project: Project, name: str) -> list[dict[str, Any]]:
    """What the rater began: whose photographs, the scale, how far they are."""
    every = scores_in_progress.words_of(project.root / ANSWERS, name)
    roles = {word.scale: word.role for word in every}
    found = []
    for scale, role in roles.items():
        for population, words in WHOSE.items():
            asked = OnScale(population=population, scale=scale, role=role)  # type: ignore[arg-type]  # checks
            try:
                state = _state(project, name, asked, None)
            except (InputError, HTTPException):  # nothing was filled, or there is no such scale any more
                continue
            if state["done"] or state["earlier"]:
                found.append(
                    {"words": words, **asked.model_dump(), **{n: state[n] for n in ("done", "total", "handed")}}
                )
    return found


def answered(project: Project, name: str) -> list[tuple[str, str]]:
    """When the rater answered here, and as what."""
    return [(word.at, word.role) for word in scores_in_progress.words_of(project.root / ANSWERS, name)]


def _sitting(project: Project, name: str, asked: OnScale) -> Sitting:
    """The rater's sheet for the scale: orders and letters are others than on any other scale."""
    seed = runtime.seed_of(SEED, "scale", asked.scale)

    def given(folder: Path) -> dict[str, Words]:
        every = scores_in_progress.given(folder, name, asked.scale)
        return {sheet: {patient: in_order(word) for patient, word in said.items()} for sheet, said in every.items()}

    return blinded.sit(project, key(name), asked, seed, given)


def _state(project: Project, name: str, asked: OnScale, at: int | None) -> dict[str, Any]:
    """What is shown at the place; None: the first that lacks a word. At the end, what can be handed in."""
    scale, made = scale_of(project.root, asked.scale), _sitting(project, name, asked)
    state = made.state(at, _kept(project, name, asked, made))
    return state | {"scores": scale.shown(), "themself": _themself(made)}


def _themself(made: Sitting) -> str:
    """How far the second answers agree with the first; empty: no patient has both."""
    far = []
    for showings in made.twice():
        first, again = (
            {shown.methods[letter]: score for letter, score in scores_in(made.word(shown) or "").items()}
            for shown in showings
        )
        far += [abs(first[method] - again[method]) for method in first]
    if not far:
        return ""
    return (
        f"{counted(len(made.twice()), 'photograph')} came twice: {far.count(0)} of {len(far)} second answers are the "
        f"same, and they differ by {sum(far) / len(far):.2f} on average."
    )


def _kept(project: Project, name: str, asked: OnScale, made: Sitting) -> dict[str, Words]:
    """What the project has of the rater on these pictures, as the page says it, from whatever sheet."""
    found: dict[str, Words] = {}
    for time, folder in KEPT.items():
        said: Words = {}
        for row in scores.kept(project.root / folder).to_pylist():
            line = made.line_of(time, row)
            if line and key(row["rater_id"]) == key(name) and row["scale"] == asked.scale:
                said[line.patient] = said.get(line.patient, "") + f"{line.letter}{row['score']:.0f}"
        found[time] = {patient: in_order(word) for patient, word in said.items()}
    return found


def _handed_in(project: Project, name: str, asked: HandIn) -> dict[str, Any]:
    """What became of it: `state` is added, or rejected with the reasons; then the answers stay."""
    made = _sitting(project, name, asked)
    if lacking := made.lacking():
        raise HTTPException(409, f"{lacking} patients lack an answer.")
    before = scores.raters_in(scores.kept(project.root / VOTES))
    rows: dict[str, list[scores.Row]] = {}
    for time in (FIRST, AGAIN):
        rows[time], problems = checked(
            made.sheets[time],
            made.said[time],
            rater=name,
            role=asked.role,
            scale=asked.scale,
            scales=known(project.root),
            raters=before | scores.raters_in(project.ratings()),
            new=asked.new,
        )
        if problems:
            return {"state": "rejected", "said": problems}
    keep_key(private_folder(project.root / KEYS), made.sheets[FIRST])
    try:
        folder = private_folder(project.root / VOTES)
        scores.keep(folder, made.sheets[FIRST].name, rows[FIRST], replace=asked.replace)
    except scores.ScoresError as error:
        return {"state": "there", "said": [str(error)]}
    if rows[AGAIN]:
        scores.keep(private_folder(project.root / KEPT[AGAIN]), made.sheets[AGAIN].name, rows[AGAIN], replace=True)
    photographs = len(made.sheets[FIRST].patients)
    told = f"{len(rows[FIRST])} scores on {asked.scale}, {photographs} photographs; the next `dvc repro` counts them."
    return {"state": "added", "said": [told]}
