"""Several methods' results side by side: blinded, in an order drawn anew for each patient, judged by keys.

In: the project's fillings, and what a rater says of them. Out: the sheet that `vermilion inpainting sheet` would make
for the rater, one patient at a time; a line for every answer (tasks.inpainting.sitting), on the disk before the next
patient is shown; and, handed in, votes, through the checks that a filled form goes through. Nothing on the page or in
its addresses tells who is on a photograph or who made a result.
"""

import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import Field
from starlette.responses import Response

from flows.pages import blinded, kit, who
from flows.pages.blinded import ANSWERS, WHOSE, Asked, Place, mark, sheet_of, words_on
from flows.pages.record import Project
from flows.photographs.sheets import KEYS, SEED, VOTES
from flows.running.privacy import private_folder
from tasks.anthropometry.corrections import now
from tasks.base import sheets
from tasks.errors import InputError
from tasks.ingest.spelling import key
from tasks.inpainting import sitting, votes
from tasks.inpainting.letters import FORM_COLUMNS
from tasks.inpainting.sheet import Drawn, keep_key


class Said(Asked):
    """The letters of a patient's valid results, the best first. `mark`: of the sheet that was shown."""

    mark: str = Field(max_length=64)
    at: int = Field(ge=0)
    ranked: str = Field(max_length=26)


class HandIn(Asked):
    """`replace`: in place of what the rater said of these photographs before."""

    replace: bool = Field(False, strict=True)


def router(project: Project) -> APIRouter:
    """The routes below `/rate/beside`."""
    routes = APIRouter(prefix="/rate/beside")

    @routes.get("")
    def sit(asked: Annotated[Asked, Query()], vermilion_who: who.Who = "") -> Response:
        name = who.required(vermilion_who)
        _sheet(project, name, asked.population)
        given = {"asked": asked.model_dump(), "now": _state(project, name, asked.population, None)}
        return kit.page("beside.html.j2", who=name, whose=WHOSE[asked.population], state=given)

    @routes.get("/picture")
    def picture(shown: Annotated[Place, Query()], vermilion_who: who.Who = "") -> Response:
        return blinded.picture(_sheet(project, who.required(vermilion_who), shown.population), shown)

    @routes.post("/state/{at}")
    def look_back(at: int, asked: Asked, vermilion_who: who.Who = "") -> dict[str, Any]:
        return _state(project, who.required(vermilion_who), asked.population, at)

    @routes.post("/answer")
    def answer(said: Said, vermilion_who: who.Who = "") -> dict[str, Any]:
        name = who.required(vermilion_who)
        made = _sheet(project, name, said.population)
        if said.mark != mark(made):
            raise HTTPException(409, "Photographs came in or went meanwhile: load the page anew.")
        if not sitting.fits(made, said.at + 1, said.ranked):
            raise HTTPException(422, "An answer names letters of this patient, each once at most.")
        image_id = made.patients[said.at][0].image_id
        keep_key(private_folder(project.root / KEYS), made)  # first: an answer without its key is worthless
        word = sitting.Word(now(), name, made.name, said.at + 1, image_id, said.ranked)
        sitting.keep(project.root / ANSWERS, word)
        return _state(project, name, said.population, None)

    @routes.post("/hand-in")
    def hand_in(asked: HandIn, vermilion_who: who.Who = "") -> dict[str, Any]:
        return _handed_in(project, who.required(vermilion_who), asked.population, replace=asked.replace)

    return routes


def offered(project: Project, name: str) -> list[dict[str, Any]]:
    """Whose results there are to judge, and how far the rater is; none where nothing was filled."""
    found = []
    for population, words in WHOSE.items():
        try:
            state = _state(project, name, population, None)
        except InputError:
            continue
        found.append({"population": population, "words": words, **{n: state[n] for n in ("done", "total", "handed")}})
    return found


def _sheet(project: Project, name: str, population: str) -> Drawn:
    """The rater's sheet of the fillings as they are now: that of `vermilion inpainting sheet --rater NAME`."""
    rater = votes.rater_named(sitting.spelt(project.root / ANSWERS, name), project.root / VOTES)
    return sheet_of(project, rater, population, SEED)


def _said(project: Project, name: str, made: Drawn) -> tuple[dict[int, str], int]:
    """The rater's word on each patient, and how many of their words are about pictures that are gone."""
    return words_on(project, made, sitting.given(project.root / ANSWERS, name))


def _state(project: Project, name: str, population: str, at: int | None) -> dict[str, Any]:
    """What is shown at the place; None: the first patient who lacks an answer. At the end, what can be handed in."""
    made = _sheet(project, name, population)
    said, gone = _said(project, name, made)
    total = len(made.patients)
    left = [place for place in range(total) if place + 1 not in said]
    handed = _kept(project, name, made)
    state: dict[str, Any] = {
        "total": total,
        "done": total - len(left),
        "handed": bool(handed),
        "earlier": gone,
        "mark": mark(made),
    }
    place = at if at is not None and 0 <= at < total else next(iter(left), None)
    if place is None:
        return state | {"at": None, "changed": handed != said}
    letters = list(made.patients[place][1])
    return state | {"at": place, "letters": letters, "given": said.get(place + 1)}


def _kept(project: Project, name: str, made: Drawn) -> dict[int, str]:
    """What the project has of the rater on these pictures, as the page says it, from whatever sheet; {}: nothing."""
    place = {(line.image_id, line.method, line.picture): line for line in made.lines}
    found: dict[int, list[tuple[int, str]]] = {}
    for row in votes.kept(project.root / VOTES).to_pylist():
        line = place.get((row["image_id"], row["method"], row["picture"]))
        if line is None or key(row["rater_id"]) != key(name):
            continue
        own = found.setdefault(line.patient, [])
        if row["valid"]:
            own.append((row["rank"], line.letter))
    return {patient: "".join(letter for _, letter in sorted(ranked)) for patient, ranked in found.items()}


def _handed_in(project: Project, name: str, population: str, *, replace: bool) -> dict[str, Any]:
    """What became of it: `state` is added, or rejected with the reasons; then the answers stay."""
    made = _sheet(project, name, population)
    said, _ = _said(project, name, made)
    if lacking := len(made.patients) - len(said):
        raise HTTPException(409, f"{lacking} patients lack an answer.")
    keep_key(private_folder(project.root / KEYS), made)
    with tempfile.TemporaryDirectory() as folder:
        form = Path(folder) / "votes.csv"
        sheets.write(form, FORM_COLUMNS, sitting.filled(made, said))
        sheet, rows, problems = votes.read_form(form, project.root / KEYS)
    if not problems:
        try:
            votes.keep(private_folder(project.root / VOTES), {sheet: rows}, replace=replace)
        except votes.VotesError as error:
            problems = [str(error)]
    if problems:
        return {"state": "rejected", "said": problems}
    return {
        "state": "added",
        "said": [f"{len(rows)} votes on {len(said)} photographs; the next `dvc repro` counts them."],
    }
