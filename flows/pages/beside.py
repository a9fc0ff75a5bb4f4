"""Several methods' results side by side: blinded, in an order drawn anew for each patient, judged by keys.

In: the project's fillings, and what a rater says of them. Out: the sheet that `vermilion inpainting sheet` would make
for the rater, one patient at a time; a line for every answer (tasks.inpainting.judging.votes_in_progress), on the disk
before the next patient is shown; and, handed in, votes, through the checks that a filled form goes through, with second
answers beside them. Nothing on the page or in its addresses tells who is on a photograph or who made a result.
"""

import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import Field
from starlette.responses import Response

from flows.pages import blinded, kit, who
from flows.pages.blinded import ANSWERS, KEPT, WHOSE, Asked, Place, Sitting, Words, folder_of
from flows.pages.record import Project
from flows.photographs.sheets import KEYS, SEED, VOTES
from flows.running.privacy import private_folder
from tasks.anthropometry.from_people.corrections import now
from tasks.base import sheets
from tasks.base.words import counted
from tasks.errors import InputError
from tasks.ingest.ratings.answers import AGAIN, FIRST
from tasks.ingest.tables.spelling import key
from tasks.inpainting.judging import votes, votes_in_progress
from tasks.inpainting.judging.letters import FORM_COLUMNS
from tasks.inpainting.judging.sheet import keep_key


class Said(Asked):
    """The letters of a patient's valid results, the best first. `mark`: of the showing that the rater saw."""

    mark: str = Field(max_length=64)
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
        asked = asked.model_copy(update={"repeats": blinded.repeats_of(project.root, name, asked)})
        given = {"asked": asked.model_dump(), "now": _state(project, name, asked, None)}
        return kit.page("beside.html.j2", who=name, whose=WHOSE[asked.population], state=given)

    @routes.get("/picture")
    def picture(shown: Annotated[Place, Query()], vermilion_who: who.Who = "") -> Response:
        return blinded.picture(_sitting(project, who.required(vermilion_who), shown), shown)

    @routes.post("/state/{at}")
    def look_back(at: int, asked: Asked, vermilion_who: who.Who = "") -> dict[str, Any]:
        return _state(project, who.required(vermilion_who), asked, at)

    @routes.post("/answer")
    def answer(said: Said, vermilion_who: who.Who = "") -> dict[str, Any]:
        name = who.required(vermilion_who)
        made = _sitting(project, name, said)
        shown = made.named(said.mark)
        made.open_to(shown)
        if not votes_in_progress.fits(shown.made, shown.number, said.ranked):
            raise HTTPException(422, "An answer names letters of this patient, each once at most.")
        keep_key(private_folder(project.root / KEYS), shown.made)  # first: an answer without its key is worthless
        word = votes_in_progress.Word(now(), name, shown.made.name, shown.number, shown.image_id, said.ranked)
        votes_in_progress.keep(folder_of(project.root, shown.time), word)
        blinded.keep_choice(project.root, name, said)
        return _state(project, name, said, None)

    @routes.post("/hand-in")
    def hand_in(asked: HandIn, vermilion_who: who.Who = "") -> dict[str, Any]:
        return _handed_in(project, who.required(vermilion_who), asked)

    return routes


def offered(project: Project, name: str) -> list[dict[str, Any]]:
    """Whose results there are to judge, and how far the rater is; none where nothing was filled."""
    found = []
    for population, words in WHOSE.items():
        try:
            state = _state(project, name, Asked(population=population), None)  # type: ignore[arg-type]  # checks
        except InputError:
            continue
        found.append({"population": population, "words": words, **{n: state[n] for n in ("done", "total", "handed")}})
    return found


def _sitting(project: Project, name: str, asked: Asked) -> Sitting:
    """The rater's sheet of the fillings as they are now, that of `vermilion inpainting sheet --rater NAME`, with one
    patient for practice and some a second time."""
    rater = votes.rater_named(votes_in_progress.spelt(project.root / ANSWERS, name), project.root / VOTES)
    return blinded.sit(project, rater, asked, SEED, lambda folder: votes_in_progress.given(folder, name))


def _state(project: Project, name: str, asked: Asked, at: int | None) -> dict[str, Any]:
    """What is shown at the place; None: the first that lacks a word. At the end, what can be handed in."""
    made = _sitting(project, name, asked)
    return made.state(at, _kept(project, name, made)) | {"themself": _themself(made)}


def _themself(made: Sitting) -> str:
    """How far the second words agree with the first; empty: no patient has both."""
    pairs = [
        [votes_in_progress.ranks(shown.methods, made.word(shown) or "") for shown in showings]
        for showings in made.twice()
    ]
    if not pairs:
        return ""
    valid = [(first[method] is None) == (again[method] is None) for first, again in pairs for method in first]
    best = [{name for name, rank in own.items() if rank == 1} for pair in pairs for own in pair]
    same = sum(first == again for first, again in zip(best[::2], best[1::2], strict=True))
    return (
        f"{counted(len(pairs), 'photograph')} came twice: {sum(valid)} of {len(valid)} results are valid or not valid "
        f"as before, and the best is the same in {same} of {len(pairs)}."
    )


def _kept(project: Project, name: str, made: Sitting) -> dict[str, Words]:
    """What the project has of the rater on these pictures, as the page says it, from whatever sheet."""
    found: dict[str, Words] = {}
    for time, folder in KEPT.items():
        said: dict[int, list[tuple[int, str]]] = {}
        for row in votes.kept(project.root / folder).to_pylist():
            line = made.line_of(time, row)
            if line is None or key(row["rater_id"]) != key(name):
                continue
            own = said.setdefault(line.patient, [])
            if row["valid"]:
                own.append((row["rank"], line.letter))
        found[time] = {patient: "".join(letter for _, letter in sorted(ranked)) for patient, ranked in said.items()}
    return found


def _handed_in(project: Project, name: str, asked: HandIn) -> dict[str, Any]:
    """What became of it: `state` is added, or rejected with the reasons; then the answers stay."""
    made = _sitting(project, name, asked)
    first, again = made.sheets[FIRST], made.sheets[AGAIN]
    if lacking := made.lacking():
        raise HTTPException(409, f"{lacking} patients lack an answer.")
    keep_key(private_folder(project.root / KEYS), first)
    with tempfile.TemporaryDirectory() as folder:
        form = Path(folder) / "votes.csv"
        sheets.write(form, FORM_COLUMNS, votes_in_progress.filled(first, made.said[FIRST]))
        sheet, rows, problems = votes.read_form(form, project.root / KEYS)
    if not problems:
        try:
            votes.keep(private_folder(project.root / VOTES), {sheet: rows}, replace=asked.replace)
        except votes.VotesError as error:
            problems = [str(error)]
    if problems:
        return {"state": "rejected", "said": problems}
    if second := votes_in_progress.rows(again, made.said[AGAIN]):
        votes.keep(private_folder(project.root / KEPT[AGAIN]), {again.name: second}, replace=True)
    return {
        "state": "added",
        "said": [f"{len(rows)} votes on {len(first.patients)} photographs; the next `dvc repro` counts them."],
    }
