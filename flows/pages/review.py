"""A photograph's page: its points, which people put right; what they say of findings; their notes.

In: the project, and what a page sends. Out: the photograph's state, and a line for every change (tasks.anthropometry:
corrections, judgements), on the disk before it is said to be saved. Two people at once are both kept; the later counts.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from starlette.responses import Response

from flows.pages import kit, who
from flows.pages.look import every_number
from flows.pages.measured import Measured, measured
from flows.pages.record import CORRECTIONS, PERSON, Photograph, Placed, Project
from tasks.anthropometry.from_people import corrections, judgements
from tasks.anthropometry.from_people.corrections import Said
from tasks.anthropometry.names import DEFINITIONS
from tasks.ingest.tables.spelling import Spellings

PREFIX = "/photograph/{image_id}"
MOST_WORDS = 4000


class Move(BaseModel):
    """Where a person put a point, pixels of the upright photograph; nothing: back to where the models have it."""

    point: str
    x: float | None = Field(None, strict=True)
    y: float | None = Field(None, strict=True)


class Opinion(BaseModel):
    """What a person says of a finding, or in a note."""

    finding: str = Field("", max_length=200)
    judgement: Literal["accepted", "rejected", "added", "taken back", "noted"]
    words: str = Field("", max_length=MOST_WORDS)


def router(project: Project) -> APIRouter:
    """The routes below `/photograph`."""
    routes = APIRouter()
    routes.include_router(_shown(project))
    routes.include_router(_changes(project))
    return routes


def _shown(project: Project) -> APIRouter:
    """The page, and its state."""
    routes = APIRouter(prefix=PREFIX)

    @routes.get("")
    def show(image_id: str, vermilion_who: who.Who = "") -> Response:
        found = _photograph(project, image_id)
        every = list(project.photographs())
        at = every.index(image_id)
        near = {"before": every[at - 1] if at else None, "after": every[at + 1] if at + 1 < len(every) else None}
        given = state(project, image_id, who.named(vermilion_who))
        return kit.page(
            "review.html.j2",
            photograph=found,
            state=given,
            who=given["who"],
            numbers=every_number(project, image_id),
            **near,
        )

    @routes.get("/state")
    def now(image_id: str, vermilion_who: who.Who = "") -> dict[str, Any]:
        _photograph(project, image_id)
        return state(project, image_id, who.named(vermilion_who))

    return routes


def _changes(project: Project) -> APIRouter:
    """What a person changes."""
    routes = APIRouter(prefix=PREFIX)

    @routes.post("/points")
    def move(image_id: str, said: Move, vermilion_who: who.Who = "") -> dict[str, Any]:
        name = who.required(vermilion_who)
        place = _place(project, image_id, said)
        _keep(project, image_id, name, said.point, "moved", place)
        return state(project, image_id, name)

    @routes.post("/opinion")
    def judge(image_id: str, said: Opinion, vermilion_who: who.Who = "") -> dict[str, Any]:
        name = who.required(vermilion_who)
        _photograph(project, image_id)
        if (said.judgement == "noted") == bool(said.finding.strip()):
            raise HTTPException(422, "A note has no finding, and any other word is about one.")
        words = " ".join(said.words.split())
        line = judgements.Judgement(
            corrections.now(), name, image_id, " ".join(said.finding.split()), said.judgement, words
        )
        judgements.keep(project.root / CORRECTIONS, line)
        return state(project, image_id, name)

    @routes.post("/{action}")
    def step(image_id: str, action: Literal["undo", "redo"], vermilion_who: who.Who = "") -> dict[str, Any]:
        name = who.required(vermilion_who)
        _photograph(project, image_id)
        undo, redo = corrections.steps(project.said(), image_id, _spelt(project, name))
        if action == "undo" and undo:
            _keep(project, image_id, name, undo[-1].point, "undone", undo[-1].before)
        if action == "redo" and redo:
            _keep(project, image_id, name, redo[-1].point, "redone", redo[-1].after)
        return state(project, image_id, name)

    return routes


def state(project: Project, image_id: str, name: str) -> dict[str, Any]:
    """Everything that the page shows of a photograph, for the person `name`."""
    said, placed = project.said(), project.placed(image_id)
    own = _spelt(project, name)
    undo, redo = corrections.steps(said, image_id, own)
    values = {point: people for (image, point), people in corrections.own_values(said).items() if image == image_id}
    now = dict(placed.points) | {point: one[-1].place for point, one in values.items() if one[-1].place}
    width, height = _size(project, image_id)
    found = _measured(project, image_id, placed, now)
    return {
        "image_id": image_id,
        "width": width,
        "height": height,
        "who": own,
        "editable": placed.models and bool(placed.points),
        "said": placed.said,
        "points": [_point(point, placed, values.get(point, []), own) for point in _names(placed, values)],
        "undo": undo[-1].point if undo else None,
        "redo": redo[-1].point if redo else None,
        "measures": found.measures,
        "norms": found.norms,
        "unasked": found.unasked,
        **_judged(project, image_id, found.findings),
    }


def _point(point: str, placed: Placed, people: list[Said], own: str) -> dict[str, Any]:
    original = placed.points.get(point)
    x, y = (people[-1].place if people else original) or (math.nan, math.nan)
    shown = people[-1] if people else None
    others = [{"who": one.who, "at": one.at, "x": one.place[0], "y": one.place[1]} for one in people if one.place]
    return {
        "name": point,
        "called": point.replace("_", " "),
        "words": DEFINITIONS.get(point, "one of the 68 points"),
        "x": x,
        "y": y,
        "original": original,
        "by": shown.who if shown else None,
        "at": shown.at if shown else None,
        "mine": any(one.who == own for one in people),
        "others": [one for one in others if shown is None or one["who"] != shown.who],
    }


def _measured(project: Project, image_id: str, placed: Placed, now: Mapping[str, corrections.Place | None]) -> Measured:
    if placed.row is None or not placed.points:
        return Measured([], [])
    points = {name: (place[0], place[1]) for name, place in now.items() if place is not None}
    person = {name: getattr(project.photographs()[image_id], name) for name in PERSON}
    return measured(placed.row, person, project.norms(), placed.points, points, project.root / "params.yaml")


def _names(placed: Placed, values: dict[str, list[Said]]) -> list[str]:
    """Points in the order of the face's array."""
    names = DEFINITIONS if placed.models else placed.points
    return [name for name in names if name in placed.points or name in values]


def _judged(project: Project, image_id: str, findings: list[tuple[str, str]]) -> dict[str, Any]:
    standing = judgements.standing(judgements.said_in(project.root / CORRECTIONS), image_id)
    said = [one._asdict() for one in standing if one.finding]
    named = dict(findings) | {one["finding"]: one["words"] for one in said if one["judgement"] == "added"}
    return {
        "findings": [
            {"name": name, "words": words, "added": name not in dict(findings)}
            | {"said": [one for one in said if one["finding"] == name]}
            for name, words in named.items()
        ],
        "notes": [one._asdict() for one in standing if not one.finding],
    }


def _spelt(project: Project, name: str) -> str:
    """The name as lines that are there spell it."""
    return Spellings(one.who for one in project.said()).of(name) if name else ""


def _keep(project: Project, image_id: str, name: str, point: str, action: str, place: corrections.Place | None) -> None:
    original = project.placed(image_id).points.get(point)
    line = Said(corrections.now(), name, image_id, point, action, place)
    corrections.keep(project.root / CORRECTIONS, line, original)


def _photograph(project: Project, image_id: str) -> Photograph:
    found = project.photographs().get(image_id)
    if found is None:
        raise HTTPException(404, "There is no such photograph.")
    return found


def _place(project: Project, image_id: str, said: Move) -> corrections.Place | None:
    """Where the point goes, to a hundredth of a pixel. Refused: no such point, or a place outside the photograph."""
    _photograph(project, image_id)
    placed = project.placed(image_id)
    if not placed.models or said.point not in placed.points:
        raise HTTPException(422, f"There is no point {said.point!r} to correct in this photograph.")
    if said.x is None or said.y is None:
        return None
    width, height = _size(project, image_id)
    if not (-0.5 <= said.x <= width and -0.5 <= said.y <= height):
        raise HTTPException(422, f"The photograph is {width} by {height} pixels; the point would lie outside.")
    return round(said.x, 2), round(said.y, 2)


def _size(project: Project, image_id: str) -> tuple[int, int]:
    """Width and height of the upright photograph; zeros where it can no longer be read."""
    try:
        return project.picture(image_id)[1]
    except KeyError:
        return 0, 0
