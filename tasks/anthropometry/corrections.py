"""Points that people placed: the lines that the review page keeps, and which of them count.

In: the folder of corrections, rows of ANTHROPOMETRY_POINTS. Out: the value of each point that counts now; the rows with
these values in them; how far the points were off. Nothing is ever overwritten: an undo is a line, too. Lines lie as
CSV, so that a withdrawal finds a person's. Knows neither pages nor pictures.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from tasks.anthropometry.names import INDEX, POINTS
from tasks.base import lines
from tasks.errors import InputError
from tasks.ingest.spelling import Spellings
from tasks.schemas.anthropometry import ANTHROPOMETRY_CORRECTIONS

FILE = "points.csv"
COLUMNS = ("at", "corrector_id", "image_id", "point", "action", "x", "y", "original_x", "original_y")
"""`x` and `y` are empty where a person took the own value back; `original_...`: what the page showed of the model."""
ACTIONS = ("moved", "undone", "redone")
LARGEST = 100_000
"""Pixels: no photograph has a longer side; a point that lies beyond was not placed on a page."""

Place = tuple[float, float]


class CorrectionsError(InputError):
    """A line of corrections is not as it was written; the message names the file and the line."""


class Said(NamedTuple):
    """One line: who did what to which point. `place` None: the person's own value is taken back."""

    at: str
    who: str
    image_id: str
    point: str
    action: str
    place: Place | None


def now() -> str:
    """The time, UTC, in the form in which lines have it: as text it sorts by time."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def keep(folder: Path, said: Said, original: Place | None) -> None:
    """Append one line; when this returns it is on the disk."""
    x, y = said.place or (None, None)
    old_x, old_y = original or (None, None)
    cells = (said.at, said.who, said.image_id, said.point, said.action, x, y, old_x, old_y)
    lines.append(folder / FILE, COLUMNS, dict(zip(COLUMNS, cells, strict=True)))


def said_in(folder: Path) -> list[Said]:
    """All lines in their order; a person goes under the first spelling of the name. CorrectionsError: a damaged one."""
    names, spelt, said = Spellings(), dict[str, str](), list[Said]()
    for where, cells in lines.read(folder / FILE, COLUMNS, by="the review page"):
        one = _said(dict(zip(COLUMNS, cells, strict=True)), where)
        said.append(one._replace(who=spelt.get(one.who) or spelt.setdefault(one.who, names.of(one.who))))
    return said


def _said(cells: Mapping[str, str], where: str) -> Said:
    try:
        place = (float(cells["x"]), float(cells["y"])) if cells["x"] or cells["y"] else None
        fits = (
            cells["point"] in INDEX and cells["action"] in ACTIONS and all(-1 <= one <= LARGEST for one in place or ())
        )
    except ValueError:
        fits, place = False, None
    if not fits or not all(cells[name] for name in ("at", "corrector_id", "image_id")):
        raise CorrectionsError(f"{where}: not as the review page wrote it; put it right, or delete the line")
    return Said(cells["at"], cells["corrector_id"], cells["image_id"], cells["point"], cells["action"], place)


def own_values(said: Iterable[Said]) -> dict[tuple[str, str], list[Said]]:
    """By photograph and point, the last line of each person who has a value there; the one that counts comes last."""
    last: dict[tuple[str, str], dict[str, Said]] = {}
    for one in said:
        own = last.setdefault((one.image_id, one.point), {})
        own.pop(one.who, None)
        if one.place is not None:
            own[one.who] = one
    return {about: list(own.values()) for about, own in last.items() if own}


class Step(NamedTuple):
    """A change that can be undone, or done again: a person's own value of a point before it and after it."""

    point: str
    before: Place | None
    after: Place | None


def steps(said: Iterable[Said], image_id: str, who: str) -> tuple[list[Step], list[Step]]:
    """What the person can undo in this photograph, and what they can do again; the next one last."""
    undo, redo, own = list[Step](), list[Step](), dict[str, Place | None]()
    for one in said:
        if (one.image_id, one.who) != (image_id, who):
            continue
        if one.action == "undone" and undo:
            redo.append(undo.pop())
        elif one.action == "redone" and redo:
            undo.append(redo.pop())
        else:
            undo.append(Step(one.point, own.get(one.point), one.place))
            redo.clear()
        own[one.point] = one.place
    return undo, redo


def kept(folder: Path, until: str | None = None) -> pa.Table:
    """The value of each corrected point that counts: of several people's, the latest. ANTHROPOMETRY_CORRECTIONS.

    `until`: those that counted at this time.
    """
    return ANTHROPOMETRY_CORRECTIONS.table(_rows(one for one in said_in(folder) if until is None or one.at <= until))


def _rows(said: Iterable[Said]) -> Iterator[dict[str, Any]]:
    for (image_id, point), own in sorted(own_values(said).items()):
        x, y = own[-1].place or (math.nan, math.nan)
        yield {"image_id": image_id, "point": point, "x": x, "y": y} | {"corrector_id": own[-1].who, "at": own[-1].at}


def corrected(
    points: pa.Table,  # ANTHROPOMETRY_POINTS
    corrections: pa.Table,  # ANTHROPOMETRY_CORRECTIONS
    *,
    error: float,  # standard error of a point that a person placed, distances between the outer eye corners
) -> pa.Table:
    """The points with people's values in place of the models': `refined` 2, the error that people make.

    A refused photograph, which has no points, stays refused. Outlines stay: nobody corrects them.
    """
    by_image: dict[str, list[dict[str, Any]]] = {}
    for row in corrections.to_pylist():
        by_image.setdefault(row["image_id"], []).append(row)
    ids = points["image_id"].to_pylist()
    columns = {name: points[name].to_pylist() for name in ("points", "errors", "refined")}
    units = points["interocular_px"].to_pylist()
    for place, image_id in enumerate(ids):
        if columns["points"][place] is None:
            continue
        for row in by_image.get(image_id, ()):
            at = INDEX[row["point"]]
            columns["points"][place][2 * at : 2 * at + 2] = [row["x"], row["y"]]
            for name, value in (("errors", error * units[place]), ("refined", 2.0)):
                if columns[name][place] is not None:
                    columns[name][place][at] = value
    for name, values in columns.items():
        field = points.schema.field(name)
        points = points.set_column(points.schema.get_field_index(name), field, pa.array(values, field.type))
    return points


def bias(
    points: pa.Table,  # ANTHROPOMETRY_POINTS, as the models left them
    corrections: pa.Table,  # ANTHROPOMETRY_CORRECTIONS
) -> list[dict[str, Any]]:
    """By point: how far people moved it, in distances between the pupils (outer eye corners where there are none).

    `x`, `y`: mean of person less model, y downwards; `spread`: of single corrections about that mean; `number`: of
    photographs; `people`: on them. `off`: mean distance; `left`: mean distance that would be left if each person's
    points were moved by the mean of the others' (null with one person). Only points that people corrected: a point that
    was right was not touched, so the bias is one of those that looked wrong.
    """
    faces = {row["image_id"]: row for row in points.to_pylist() if row["points"] is not None}
    moved: dict[str, list[tuple[str, float, float]]] = {}
    for row in corrections.to_pylist():
        face = faces.get(row["image_id"])
        unit = face and (face["pupil_distance_px"] or face["interocular_px"])
        if face is None or not unit:
            continue
        at = INDEX[row["point"]]
        x, y = face["points"][2 * at : 2 * at + 2]
        if x is not None and y is not None and math.isfinite(x) and math.isfinite(y):
            by = (face["subject_id"], (row["x"] - x) / unit, (row["y"] - y) / unit)
            moved.setdefault(row["point"], []).append(by)
    return [_bias(name, moved[name]) for name in POINTS if name in moved]


def _bias(name: str, found: list[tuple[str, float, float]]) -> dict[str, Any]:
    people, moved = np.array([one[0] for one in found]), np.array([one[1:] for one in found])
    mean = moved.mean(axis=0)
    left = None
    if len(set(people)) > 1:
        others = np.array([moved[people != person].mean(axis=0) for person in people])
        left = float(np.hypot(*(moved - others).T).mean())
    return {
        "point": name,
        "x": float(mean[0]),
        "y": float(mean[1]),
        "spread": float(np.sqrt(((moved - mean) ** 2).sum(axis=1).mean())),
        "number": len(moved),
        "people": len(set(people)),
        "off": float(np.hypot(*moved.T).mean()),
        "left": left,
    }
