"""What is measured and found in a face whose points a person moves: at once, as the stage measures it.

In: a photograph's row of ANTHROPOMETRY_POINTS, its points as they are now, who is on it. Out: measures as the page
shows them, each beside what the models' own points give, and findings by the default rules. Outlines are the models'.
Norms are those of the project's own controls.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tasks import params
from tasks.anthropometry.measures.catalogue import BY_NAME, REGIONS
from tasks.anthropometry.measuring import measure_face
from tasks.anthropometry.names import INDEX, OUTLINES, POINTS, Face
from tasks.anthropometry.rules import read_rules
from tasks.findings.rules import DEFAULT, Rule, findings, unasked
from tasks.pages.norms import Norms, bar, norm_of
from tasks.params.anthropometry import AnthropometryMeasure

Places = Mapping[str, tuple[float, float]]
DIGITS = 3
WORDS = {name: measure.words for name, measure in BY_NAME.items()}
DISTURBANCES = {"yaw": "yaw_deg", "smile": "smile", "opening": "opening"}


class Measured(NamedTuple):
    """`measures`: as the page shows them; `findings`: name and words of each; `norms`: whose they are, or why none;
    `unasked`: which rules lacked one."""

    measures: list[dict[str, Any]]
    findings: list[tuple[str, str]]
    norms: str = ""
    unasked: str = ""


def measured(
    row: Mapping[str, Any],  # of ANTHROPOMETRY_POINTS
    person: Mapping[str, Any],  # population, gender, age_group, cleft_side and notice, as images.csv has them
    norms: Norms,
    own: Places,  # the models' points
    now: Places,  # with people's values
    numbers: Path,  # params.yaml
) -> Measured:
    """Everything that the points as they are now say of the face."""
    settings = params.load(AnthropometryMeasure, "anthropometry_measure", numbers)
    plain = settings.model_copy(update={"intervals": False})
    disturbances = {name: row[column] for name, column in DISTURBANCES.items() if row[column] is not None}
    given: dict[str, Any] = {"disturbances": disturbances, "cleft_side": person["cleft_side"], "known_scale": None}
    before = measure_face(_face(row, own, own, settings), settings=plain, **given)
    after = measure_face(_face(row, own, now, settings), settings=settings, **given)
    who = {name: person[name] for name in ("population", "gender", "age_group")}
    fit = norms.for_picture(person["notice"])
    found = findings(after, _rules(), norms=fit.rows, **who)
    normed = [norm_of(fit.rows, one["measure"], who["gender"], who["age_group"]) for one in after]
    return Measured(
        [_shown(*each) for each in zip(before, after, normed, strict=True)],
        [(f"{one.finding} ({BY_NAME[one.measure].words})", one.sentence(BY_NAME[one.measure].words)) for one in found],
        fit.said,
        unasked(after, _rules(), WORDS, norms=fit.rows, **who),
    )


@cache
def _rules() -> tuple[Rule, ...]:
    return read_rules(DEFAULT)


def _face(row: Mapping[str, Any], own: Places, points: Places, settings: AnthropometryMeasure) -> Face:
    """The face with these points; those that a person placed have a person's error."""
    places, errors = np.full((len(POINTS), 2), np.nan), np.array(row["errors"] or [np.nan] * len(POINTS), float)
    for name, place in points.items():
        places[INDEX[name]] = place
        if own.get(name) != place:
            errors[INDEX[name]] = settings.hand_error * row["interocular_px"]
    lines = {one.name: np.reshape(np.array(row[one.name], float), (-1, 2)) for one in OUTLINES if row[one.name]}
    return Face(places, lines, errors)


def _shown(old: Mapping[str, Any], new: Mapping[str, Any], norm: Mapping[str, Any] | None) -> dict[str, Any]:
    measure = BY_NAME[new["measure"]]
    value, before = _rounded(new["value"]), _rounded(old["value"])
    return {
        "name": measure.name,
        "region": REGIONS[measure.region],
        "words": measure.words,
        "meaning": measure.meaning,
        "value": value,
        "before": before if before != value else None,
        "low": _rounded(new["low"]),
        "high": _rounded(new["high"]),
        "unit": measure.unit,
        "side": new["side"],
        "mm": _rounded(new["mm"]),
        "reason": new["reason"],
        "norm": norm and f"{_rounded(norm['p05'])} to {_rounded(norm['p95'])}",
        "bar": bar(new, norm) if norm and value is not None else None,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
