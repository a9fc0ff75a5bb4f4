"""What is measured of a face whose points a person moves: at once, as the stage measures it, without intervals.

In: a photograph's row of ANTHROPOMETRY_POINTS, and its points as they are now. Out: measures as the page shows them,
each beside what the models' own points give. Outlines are the models'. Knows no finding yet: no stage makes one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tasks import params
from tasks.anthropometry.measures.catalogue import BY_NAME, REGIONS
from tasks.anthropometry.measuring import measure_face
from tasks.anthropometry.names import INDEX, OUTLINES, POINTS, Face
from tasks.params.anthropometry import AnthropometryMeasure

Places = Mapping[str, tuple[float, float]]
DIGITS = 3


def measures(row: Mapping[str, Any], own: Places, now: Places, numbers: Path) -> list[dict[str, Any]]:
    """Region, words, value, unit, side and millimetres of each measure; `before` where the models' points give another.

    `own`: the models' points; `now`: with people's values. `numbers`: params.yaml.
    """
    settings = params.load(AnthropometryMeasure, "anthropometry_measure", numbers)
    settings = settings.model_copy(update={"intervals": False})
    disturbances = {name: row[column] for name, column in (("yaw", "yaw_deg"), ("smile", "smile"))}
    disturbances |= {"opening": row["opening"]}
    known = {name: value for name, value in disturbances.items() if value is not None}
    before, after = (
        measure_face(
            _face(row, points),
            settings=settings,
            disturbances=known,
            cleft_side=row.get("cleft_side"),
            known_scale=None,
        )
        for points in (own, now)
    )
    return [_shown(old, new) for old, new in zip(before, after, strict=True)]


def findings(root: Path, image_id: str) -> list[tuple[str, str]]:
    """Name and words of each finding of the photograph."""
    del root, image_id
    return []


def _face(row: Mapping[str, Any], points: Places) -> Face:
    places = np.full((len(POINTS), 2), np.nan)
    for name, place in points.items():
        places[INDEX[name]] = place
    lines = {one.name: np.reshape(np.array(row[one.name], float), (-1, 2)) for one in OUTLINES if row[one.name]}
    return Face(places, lines, np.full(len(POINTS), np.nan))


def _shown(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    measure = BY_NAME[new["measure"]]
    value, before = _rounded(new["value"]), _rounded(old["value"])
    return {
        "name": measure.name,
        "region": REGIONS[measure.region],
        "words": measure.words,
        "meaning": measure.meaning,
        "value": value,
        "before": before if before != value else None,
        "unit": measure.unit,
        "side": new["side"],
        "mm": _rounded(new["mm"]),
        "reason": new["reason"],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
