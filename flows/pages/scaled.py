"""Several methods' results side by side, rated on a scale: blinded, each result of a patient by the keys of the scale.

In: the project's fillings, a scale, and what a rater gives them. Out: a sheet of the rater's own for the scale, one
patient at a time; a line for every patient (tasks.inpainting.scale_sitting), on the disk before the next one is shown;
and, handed in, scores, through the checks of ratings (tasks.inpainting.scale_checks). Nothing on the page or in its
addresses tells who is on a photograph or who made a result.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import Field
from starlette.responses import Response

from flows.pages import blinded, kit, who
from flows.pages.blinded import ANSWERS, WHOSE, Asked, Place, mark, sheet_of, words_on
from flows.pages.record import Project
from flows.pages.scales import known, scale_of
from flows.photographs.sheets import KEYS, SEED, VOTES
from flows.running.privacy import private_folder
from tasks.anthropometry.corrections import now
from tasks.base import runtime
from tasks.errors import InputError
from tasks.ingest.spelling import key
from tasks.inpainting import scale_sitting, scores
from tasks.inpainting.scale_checks import checked
from tasks.inpainting.scale_sitting import Word
from tasks.inpainting.sheet import Drawn, keep_key


class OnScale(Asked):
    """Whose photographs, on which scale, and as what."""

    scale: str
    role: Literal["medical", "lay"]


class Where(OnScale, Place):
    """A picture of it."""


class Given(OnScale):
    """Each of a patient's letters with its score, such as `A3B5C2`. `mark`: of the sheet that was shown."""

    mark: str = Field(max_length=64)
    at: int = Field(ge=0)
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
        given = {"asked": asked.model_dump(), "now": _state(project, name, asked, None)}
        return kit.page("scaled.html.j2", who=name, whose=WHOSE[asked.population], scale=scale, state=given)

    @routes.get("/picture")
    def picture(shown: Annotated[Where, Query()], vermilion_who: who.Who = "") -> Response:
        return blinded.picture(_sheet(project, who.required(vermilion_who), shown), shown)

    @routes.post("/state/{at}")
    def look_back(at: int, asked: OnScale, vermilion_who: who.Who = "") -> dict[str, Any]:
        return _state(project, who.required(vermilion_who), asked, at)

    @routes.post("/answer")
    def answer(said: Given, vermilion_who: who.Who = "") -> dict[str, Any]:
        name, scale = who.required(vermilion_who), scale_of(project.root, said.scale)
        made = _sheet(project, name, said)
        if said.mark != mark(made):
            raise HTTPException(409, "Photographs came in or went meanwhile: load the page anew.")
        if not scale_sitting.fits(made, said.at + 1, said.scores, scale.scores):
            ends = f"{scale.scores[0]} to {scale.scores[-1]}"
            raise HTTPException(422, f"An answer gives each letter of this patient a score on {scale.name}, {ends}.")
        image_id = made.patients[said.at][0].image_id
        keep_key(private_folder(project.root / KEYS), made)  # first: an answer without its key is worthless
        word = Word(now(), name, said.role, scale.name, made.name, said.at + 1, image_id, said.scores)
        scale_sitting.keep(project.root / ANSWERS, word)
        return _state(project, name, said, None)

    @routes.post("/hand-in")
    def hand_in(asked: HandIn, vermilion_who: who.Who = "") -> dict[str, Any]:
        return _handed_in(project, who.required(vermilion_who), asked)

    return routes


def begun(project: Project, name: str) -> list[dict[str, Any]]:
    """What the rater began: whose photographs, the scale, how far they are."""
    every = scale_sitting.words_of(project.root / ANSWERS, name)
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
    return [(word.at, word.role) for word in scale_sitting.words_of(project.root / ANSWERS, name)]


def _sheet(project: Project, name: str, asked: OnScale) -> Drawn:
    """The rater's sheet for the scale: orders and letters are others than on any other scale."""
    return sheet_of(project, key(name), asked.population, runtime.seed_of(SEED, "scale", asked.scale))


def _said(project: Project, name: str, asked: OnScale, made: Drawn) -> tuple[dict[int, str], int]:
    """The rater's word on each patient, and how many of their words are about pictures that are gone."""
    words, gone = words_on(project, made, scale_sitting.given(project.root / ANSWERS, name, asked.scale))
    return {patient: scale_sitting.in_order(word) for patient, word in words.items()}, gone


def _state(project: Project, name: str, asked: OnScale, at: int | None) -> dict[str, Any]:
    """What is shown at the place; None: the first patient who lacks an answer. At the end, what can be handed in."""
    scale, made = scale_of(project.root, asked.scale), _sheet(project, name, asked)
    said, gone = _said(project, name, asked, made)
    total = len(made.patients)
    left = [place for place in range(total) if place + 1 not in said]
    handed = _kept(project, name, asked, made)
    state: dict[str, Any] = {
        "total": total,
        "done": total - len(left),
        "handed": bool(handed),
        "earlier": gone,
        "mark": mark(made),
        "scores": scale.shown(),
    }
    place = at if at is not None and 0 <= at < total else next(iter(left), None)
    if place is None:
        return state | {"at": None, "changed": handed != said}
    return state | {"at": place, "letters": list(made.patients[place][1]), "given": said.get(place + 1)}


def _kept(project: Project, name: str, asked: OnScale, made: Drawn) -> dict[int, str]:
    """What the project has of the rater on these pictures, as the page says it, from whatever sheet; {}: nothing."""
    place = {(line.image_id, line.method, line.picture): line for line in made.lines}
    found: dict[int, str] = {}
    for row in scores.kept(project.root / VOTES).to_pylist():
        line = place.get((row["image_id"], row["method"], row["picture"]))
        if line and key(row["rater_id"]) == key(name) and row["scale"] == asked.scale:
            found[line.patient] = found.get(line.patient, "") + f"{line.letter}{row['score']:.0f}"
    return {patient: scale_sitting.in_order(word) for patient, word in found.items()}


def _handed_in(project: Project, name: str, asked: HandIn) -> dict[str, Any]:
    """What became of it: `state` is added, or rejected with the reasons; then the answers stay."""
    made = _sheet(project, name, asked)
    said, _ = _said(project, name, asked, made)
    if lacking := len(made.patients) - len(said):
        raise HTTPException(409, f"{lacking} patients lack an answer.")
    before = scores.raters_in(scores.kept(project.root / VOTES))
    rows, problems = checked(
        made,
        said,
        rater=name,
        role=asked.role,
        scale=asked.scale,
        scales=known(project.root),
        raters=before | scores.raters_in(project.ratings()),
        new=asked.new,
    )
    if not problems:
        try:
            keep_key(private_folder(project.root / KEYS), made)
            scores.keep(private_folder(project.root / VOTES), made.name, rows, replace=asked.replace)
        except scores.ScoresError as error:
            return {"state": "there", "said": [str(error)]}
    if problems:
        return {"state": "rejected", "said": problems}
    told = f"{len(rows)} scores on {asked.scale}, {len(said)} photographs; the next `dvc repro` counts them."
    return {"state": "added", "said": [told]}
