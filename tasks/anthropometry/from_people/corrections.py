"""Points that people placed on photographs: which of them count, and how far the models' points were off.

In: the folder of corrections (lines as tasks.faces.placing has them), rows of ANTHROPOMETRY_POINTS. Out: the value of
each point that counts now; the rows with these values in them; how far the points were off. Knows neither pages nor
pictures.
"""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.anthropometry.names import INDEX, POINTS
from tasks.faces.placing import CorrectionsError, Place, Said, Sheet, Step, now, own_values, steps
from tasks.schemas.anthropometry import ANTHROPOMETRY_CORRECTIONS

__all__ = ["CorrectionsError", "Place", "Said", "Step", "bias", "corrected", "keep", "kept", "now", "own_values"]
__all__ += ["said_in", "steps"]

LARGEST = 100_000
"""Pixels: no photograph has a longer side; a point that lies beyond was not placed on a page."""
SHEET = Sheet("points.csv", ("x", "y"), POINTS, -1, LARGEST)
FILE, COLUMNS = SHEET.file, SHEET.columns
keep, said_in = SHEET.keep, SHEET.said_in


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
