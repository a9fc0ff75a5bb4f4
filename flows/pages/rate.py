"""The rating pages: photographs without a name, in an order of the rater's own, answered by keys.

In: the project, and what a rater answers. Out: the next photograph, and a line for every answer
(tasks.ingest.ratings.answers), on the disk before the next one is shown. What is finished goes through the checks of
`vermilion ratings add`. Nothing on the page or in its addresses tells who is on a photograph, or whether it was shown
before.
"""

from collections import Counter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from flows.pages import beside, chosen, handing, kit, scaled, who
from flows.pages.blinded import ANSWERS, STAYS
from flows.pages.chosen import REPEATS, Choice
from flows.pages.record import Project
from flows.pages.scales import Answers, askable, known, scale_of
from flows.pages.sequence import Showing, mark, sequence
from tasks.anthropometry.from_people.corrections import now
from tasks.base import lines
from tasks.ingest.ratings import answers
from tasks.ingest.ratings.answers import AGAIN, PRACTICE, Answer
from tasks.ingest.tables.spelling import Spellings, key
from tasks.schemas.columns import ROLES


class Sitting(BaseModel):
    """What a rater chose at the beginning; the pages hand it on from one to the next. `repeats` None: as before."""

    scale: str
    role: Literal["medical", "lay"]
    repeats: float | None = Field(default=None, ge=0, le=0.5)
    controls: bool = False

    def choice(self, project: Project, rater: str) -> Choice:
        """What is asked for, else what the rater chose before."""
        if self.repeats is None:
            return chosen.standing(project.root / ANSWERS, rater, self.scale)
        return Choice(self.repeats, self.controls)


class Place(Sitting):
    """A showing, by its place in the order."""

    at: int = Field(ge=0)


class Given(Place):
    """An answer to a showing; `mark`: that of the showing that the rater saw at the place."""

    score: int = Field(strict=True)
    mark: str = ""


class HandIn(Sitting):
    """What is finished is handed in; `new`: the rater is new, though the name looks like another's."""

    new: bool = Field(False, strict=True)


def router(project: Project) -> APIRouter:
    """The routes below `/rate`."""
    routes = APIRouter()
    routes.include_router(_pages(project))
    routes.include_router(_answers(project))
    return routes


def _pages(project: Project) -> APIRouter:
    """What is shown: the beginning, a sitting, its pictures."""
    routes = APIRouter(prefix="/rate")

    @routes.get("")
    def start(vermilion_who: who.Who = "") -> Response:
        name, scales = who.named(vermilion_who), _scales(project)
        begun = [_progress(project, name, one) for one in scales.values()] if name else []
        role = _known_role(project, name) if name else None
        return kit.page(
            "rate.html.j2",
            who=name,
            remark=who.remark(name, _raters(project)),
            scales=scales,
            roles=ROLES,
            role=role,
            repeats=REPEATS,
            begun=[one for one in begun if one],
            beside=beside.offered(project, name) if name else [],
            scaled=scaled.begun(project, name) if name else [],
        )

    @routes.get("/sitting")
    def sit(sitting: Annotated[Sitting, Query()], vermilion_who: who.Who = "") -> Response:
        name = who.required(vermilion_who)
        sitting = sitting.model_copy(update=sitting.choice(project, name)._asdict())
        given = {"sitting": sitting.model_dump(), "now": _state(project, name, sitting, None)}
        return kit.page("sitting.html.j2", who=name, scale=_scale(project, sitting.scale), state=given)

    @routes.get("/picture")
    def picture(shown: Annotated[Place, Query()], vermilion_who: who.Who = "") -> Response:
        order = _order(project, who.required(vermilion_who), shown)
        try:
            return Response(project.picture(order[shown.at].image_id)[0], media_type="image/jpeg")
        except (IndexError, KeyError):
            raise HTTPException(404, "There is no such photograph, or it can no longer be read.") from None

    return routes


def _answers(project: Project) -> APIRouter:
    """What a rater says."""
    routes = APIRouter(prefix="/rate")

    @routes.post("/state/{at}")
    def look_back(at: int, sitting: Sitting, vermilion_who: who.Who = "") -> dict[str, Any]:
        return _state(project, who.required(vermilion_who), sitting, at)

    @routes.post("/answer")
    def answer(said: Given, vermilion_who: who.Who = "") -> dict[str, Any]:
        name, scale = who.required(vermilion_who), _scale(project, said.scale)
        order = _order(project, name, said)
        if said.mark:
            order = [one for one in order if mark(one, rater=name, scale=scale.name) == said.mark]
            if not order:
                raise HTTPException(409, "This photograph is no longer to be rated: load the page anew.")
        place = 0 if said.mark else said.at
        if place >= len(order) or said.score not in scale.scores:
            raise HTTPException(422, f"Answers on {scale.name} are {scale.scores[0]} to {scale.scores[-1]}.")
        shown = order[place]
        if shown.time == AGAIN and _all_answered(project, name, said):
            raise HTTPException(409, STAYS)
        path = project.photographs()[shown.image_id].name
        line = Answer(now(), name, said.role, scale.name, shown.image_id, path, shown.time, said.score)
        answers.keep(project.root / ANSWERS, line)
        if said.repeats is not None:
            chosen.keep(project.root / ANSWERS, name, scale.name, said.choice(project, name))
        return _state(project, name, said, None)

    @routes.post("/hand-in")
    def hand_in(said: HandIn, vermilion_who: who.Who = "") -> dict[str, Any]:
        name = who.required(vermilion_who)
        there = project.seen()
        return handing.hand_in(project.root, project.root / ANSWERS, name, said.scale, there, new=said.new)

    return routes


def _scales(project: Project) -> dict[str, Answers]:
    return askable(known(project.root))


def _scale(project: Project, name: str) -> Answers:
    return scale_of(project.root, name)


def _order(project: Project, name: str, sitting: Sitting) -> list[Showing]:
    """What the rater is shown: what they have not rated, and what they answered here."""
    here = {image_id for image_id, _ in answers.given(project.root / ANSWERS, name, sitting.scale)}
    choice = sitting.choice(project, name)
    wanted = project.lacking(rater=name, role=sitting.role, scale=sitting.scale, controls=choice.controls)
    ids = (wanted | here) & project.seen()
    return sequence(ids, rater=name, scale=sitting.scale, repeats=choice.repeats)


def _all_answered(project: Project, name: str, sitting: Sitting) -> bool:
    """Whether the rater has seen how far they agree with themself."""
    said = answers.given(project.root / ANSWERS, name, sitting.scale)
    return all((one.image_id, one.time) in said for one in _order(project, name, sitting))


def _state(project: Project, name: str, sitting: Sitting, at: int | None) -> dict[str, Any]:
    """What is shown at the place; None: the first that lacks an answer. At the end, what the rater can hand in."""
    scale, order = _scale(project, sitting.scale), _order(project, name, sitting)
    said = answers.given(project.root / ANSWERS, name, sitting.scale)
    left = [place for place, one in enumerate(order) if (one.image_id, one.time) not in said]
    asked = [one for one in order if one.time != PRACTICE]
    state: dict[str, Any] = {
        "total": len(asked),
        "done": sum((one.image_id, one.time) in said for one in asked),
        "scores": scale.shown(),
    }
    asked_for = at is not None and 0 <= at < len(order)
    place = at if asked_for else next(iter(left), None)
    if place is None:
        there = project.seen()
        ready = handing.waiting(project.root, project.root / ANSWERS, name, sitting.scale, there)
        handed = len(answers.handed(project.root / ANSWERS, name, sitting.scale))
        return state | {"at": None, "themself": answers.with_themself(said), "ready": ready, "handed": handed}
    shown = order[place]
    own = said.get((shown.image_id, shown.time))
    marked = mark(shown, rater=name, scale=scale.name)
    given = own.score if own else None
    return state | {"at": place, "mark": marked, "practice": shown.time == PRACTICE, "given": given}


def _progress(project: Project, name: str, scale: Answers) -> dict[str, Any] | None:
    """How far the rater is on a scale; None where they have not begun."""
    said = answers.given(project.root / ANSWERS, name, scale.name)
    if not said:
        return None
    role = next(iter(said.values())).role
    state = _state(project, name, Sitting(scale=scale.name, role=_role(role)), None)
    ready = handing.waiting(project.root, project.root / ANSWERS, name, scale.name, project.seen())
    return {"scale": scale, "role": role, "done": state["done"], "total": state["total"], "ready": ready}


def _known_role(project: Project, name: str) -> str | None:
    """As what the rater has rated: the last answer here, else the project's ratings; None: nobody knows."""
    every = [answers.given(project.root / ANSWERS, name, scale).values() for scale in _scales(project)]
    answered = [(one.at, one.role) for given in every for one in given]
    if answered := [*answered, *scaled.answered(project, name)]:
        return max(answered)[1]
    return project.roles().get(key(name))


def _raters(project: Project) -> Counter[str]:
    """How much each rater has rated, as far as the last run knows, and of who else sat here, answered."""
    count = Counter(str(name) for name in project.ratings()["rater_id"].to_pylist())
    raters = Spellings(count)
    here = lines.read(project.root / ANSWERS / answers.FILE, answers.COLUMNS, by=answers.PAGE)
    said = Counter(raters.of(cells[1]) for _, cells in here if len(cells) > 1)
    return count + Counter({name: number for name, number in said.items() if name not in count})


def _role(role: str) -> Literal["medical", "lay"]:
    return "medical" if role == "medical" else "lay"
