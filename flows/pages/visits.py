"""A visit in three dimensions on the review page: its face turns, and points that people place on it are kept.

In: the project, and what the page sends. Out: the page (tasks.surface.pages.visit_page), and a line for every change
(tasks.surface.review_corrections), on the disk before it is said to be saved. The next `dvc repro` measures with them.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, Response

from flows.pages import who
from flows.pages.record import CORRECTIONS, Project
from tasks.base import absence, tables
from tasks.base.tables import Schema
from tasks.faces import placing
from tasks.faces.placing import Said
from tasks.ingest.tables.spelling import Spellings
from tasks.schemas.surface import SURFACE_FACES, SURFACE_FINDINGS, SURFACE_MEASURES, SURFACES
from tasks.surface.points.names import DEFINITIONS
from tasks.surface.points.placed_by_hand import FARTHEST

FOLDER = Path("data/surface")
LIGHT = ["image_id", "subject_id", "population", "visit", "cameras", "reason"]
NOTICE = "Points are saved as they are placed. The measures are those of the last run; dvc repro takes them again."
Axis = Field(None, strict=True, ge=-FARTHEST, le=FARTHEST)


class Spot(BaseModel):
    """Where a person put a point, mm in the head's frame; nothing: their own value is taken back."""

    point: str
    x: float | None = Axis
    y: float | None = Axis
    z: float | None = Axis


@dataclass(frozen=True)
class Visit:
    """A set that was reconstructed. `photographs`: their ids; `reason`: why it has no face."""

    set_id: str
    subject: str
    population: str
    visit: str
    photographs: frozenset[str]
    reason: str | None


def visits_of(project: Project) -> dict[str, Visit]:
    """Every visit of the last run by its set's id, in order of people and days."""
    found: dict[str, Visit] = project.fresh("visits", [FOLDER / "surfaces"], lambda: _visits(project))
    return found


def _visits(project: Project) -> dict[str, Visit]:
    from tasks.surface.reconstructing import cameras_of  # COLMAP takes a second

    rows = _rows(project.root / FOLDER / "surfaces", SURFACES, LIGHT)
    found = [
        Visit(
            row["image_id"],
            row["subject_id"],
            row["population"],
            row["visit"],
            frozenset(one.name for one in cameras_of(row["cameras"])) | {row["image_id"]},
            row["reason"],
        )
        for row in rows
    ]
    return {one.set_id: one for one in sorted(found, key=lambda one: (one.subject, one.visit, one.set_id))}


def router(project: Project) -> APIRouter:
    """The routes below `/visit`."""
    routes = APIRouter(prefix="/visit/{set_id}")

    @routes.get("")
    def show(set_id: str, vermilion_who: who.Who = "") -> Response:
        visit, name = _visit(project, set_id), who.named(vermilion_who)
        return _page(project, visit, state(project, visit, name))

    @routes.post("/points")
    def move(set_id: str, said: Spot, vermilion_who: who.Who = "") -> dict[str, Any]:
        visit, name = _visit(project, set_id), who.required(vermilion_who)
        if visit.reason is not None or said.point not in DEFINITIONS:
            raise HTTPException(422, f"There is no point {said.point!r} to place on this face.")
        axes = (said.x, said.y, said.z)
        place = tuple(round(own, 2) for own in axes if own is not None)
        if len(place) not in (0, 3):
            raise HTTPException(422, "A place is x, y and z.")
        _keep(project, visit, name, said.point, "moved", place or None)
        return state(project, visit, name)

    @routes.post("/{action}")
    def step(set_id: str, action: Literal["undo", "redo"], vermilion_who: who.Who = "") -> dict[str, Any]:
        visit, name = _visit(project, set_id), who.required(vermilion_who)
        undo, redo = placing.steps(_said(project, visit), set_id, _spelt(project, visit, name))
        if action == "undo" and undo:
            _keep(project, visit, name, undo[-1].point, "undone", undo[-1].before)
        if action == "redo" and redo:
            _keep(project, visit, name, redo[-1].point, "redone", redo[-1].after)
        return state(project, visit, name)

    return routes


def state(project: Project, visit: Visit, name: str) -> dict[str, Any]:
    """What people placed on a visit's face, for the person `name`."""
    from tasks.surface.review_corrections import counting

    said, own = _said(project, visit), _spelt(project, visit, name)
    undo, redo = placing.steps(said, visit.set_id, own)
    mine = {one.point for people in placing.own_values(said).values() for one in people if one.who == own}
    return {
        "path": f"/visit/{visit.set_id}",
        "who": own,
        "placed": [
            {"name": point, "at": list(one.place or ()), "by": one.who, "mine": point in mine}
            for point, one in counting(said).items()
        ],
        "undo": undo[-1].point if undo else None,
        "redo": redo[-1].point if redo else None,
    }


def _said(project: Project, visit: Visit) -> list[Said]:
    from tasks.surface.review_corrections import SHEET, of_set

    every: list[Said] = project.fresh(
        "said in space", [CORRECTIONS / SHEET.file], lambda: SHEET.said_in(project.root / CORRECTIONS)
    )
    return of_set(every, visit.set_id, visit.photographs)


def _spelt(project: Project, visit: Visit, name: str) -> str:
    """The name as lines that are there spell it."""
    return Spellings(one.who for one in _said(project, visit)).of(name) if name else ""


def _keep(project: Project, visit: Visit, name: str, point: str, action: str, place: placing.Place | None) -> None:
    from tasks.surface.review_corrections import SHEET

    shown = {one["name"]: tuple(one["at"]) for one in state(project, visit, name)["placed"]}
    line = Said(placing.now(), name, visit.set_id, point, action, place)
    SHEET.keep(project.root / CORRECTIONS, line, shown.get(point))


def _visit(project: Project, set_id: str) -> Visit:
    found = visits_of(project).get(set_id)
    if found is None:
        raise HTTPException(404, "There is no such visit in three dimensions.")
    return found


def _page(project: Project, visit: Visit, given: dict[str, Any]) -> Response:
    from tasks.surface.pages.visit_page import policy, render_surface_page

    notices = [NOTICE] if given["who"] else ["Say on the page of photographs who you are; then points can be placed."]
    html = render_surface_page(_shown(project, visit), notices=notices, picture_px=None, keeping=given)
    return HTMLResponse(html, headers={"Content-Security-Policy": policy()})


def _shown(project: Project, visit: Visit) -> Any:
    """The visit's page as the last run left it. tasks.surface.pages.contents.Shown."""
    import numpy as np

    from tasks.evaluation.norms import own_norms
    from tasks.surface.beside_norms import shown_of
    from tasks.surface.measuring_faces import measured_in
    from tasks.surface.pages.contents import Shown
    from tasks.surface.reconstructing import face_in

    title = f"{visit.subject}, {visit.visit}"
    if visit.reason is not None:
        return Shown(title, reason=visit.reason)
    folder, own = project.root / FOLDER, visit.set_id
    face = face_in(_row(folder / "surfaces", SURFACES, own))
    values = np.array(_row(folder / "faces", SURFACE_FACES, own)["asymmetry"], float)
    rows = [measured_in(row) for row in _rows(folder / "measures", SURFACE_MEASURES) if row["image_id"] == own]
    person = project.photographs().get(own)
    norms = own_norms(folder).for_picture(person.notice if person else None)
    who_is = {"gender": person.gender if person else None, "age_group": person.age_group if person else None}
    made = [("norms", norms.said)]
    shown = shown_of(title, face, values, rows, norms=norms.rows, person=who_is, found=(), provenance=made)
    found = [row for row in _rows(folder / "findings.parquet", SURFACE_FINDINGS) if row["image_id"] == own]
    return replace(shown, findings=[(row["sentence"], row["source"]) for row in found])


def _rows(path: Path, schema: Schema, columns: list[str] | None = None) -> list[dict[str, Any]]:
    """A stage's rows; none where it did not run, or had nothing."""
    if not path.exists() or absence.reason_of(path):
        return []
    rows: list[dict[str, Any]] = tables.read(path, schema, columns).to_pylist()
    return rows


def _row(folder: Path, schema: Schema, set_id: str) -> dict[str, Any]:
    """One set's row, of its part alone: surfaces are large."""
    for part in tables.parts(folder):
        if set_id in tables.read(part, schema, ["image_id"])["image_id"].to_pylist():
            return next(row for row in tables.read(part, schema).to_pylist() if row["image_id"] == set_id)
    raise HTTPException(404, "The visit's face is no longer there; run dvc repro.")
