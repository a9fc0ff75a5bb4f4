"""Norms: how each measure is spread among people without a cleft.

In: ANTHROPOMETRY_MEASURES rows and who the people are. Out: ANTHROPOMETRY_NORMS, by gender and age group where these
are known; a table of norms as pages compare with it. Controls alone count; a person counts once, by the mean of all
photographs. Knows no rules.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from tasks.base import absence, tables
from tasks.base.words import counted
from tasks.phantoms.dataset import NOTICE as DRAWN
from tasks.schemas.anthropometry import ANTHROPOMETRY_NORMS
from tasks.schemas.columns import AGE_GROUPS, GENDERS

ALL = "all"
FILE = "norms.parquet"
"""Where the stage `anthropometry_norms` leaves the norms of the project's own controls, below data/anthropometry."""
WIDE = 4.0
"""Standard deviations to either side of the norm's mean that a bar shows."""


def norms(
    measures: pa.Table,
    *,
    people: Mapping[str, tuple[str | None, str | None]],  # subject_id: gender and age group, as far as they are known
    least: int,  # fewest people of a group
) -> pa.Table:
    """The norms by group. A group of fewer people than `least` has a reason and no numbers."""
    rows = measures.select(["subject_id", "population", "measure", "value", "unit"]).to_pandas()
    rows = rows[(rows["population"] == "control") & rows["value"].notna()]
    each = rows.groupby(["measure", "unit", "subject_id"], sort=False)["value"].mean().reset_index()
    gender = each["subject_id"].map(lambda own: people.get(own, (None, None))[0])
    age = each["subject_id"].map(lambda own: people.get(own, (None, None))[1])
    found: list[dict[str, Any]] = []
    for one in (ALL, *GENDERS):
        for other in (ALL, *AGE_GROUPS):
            chosen = each[((gender == one) | (one == ALL)) & ((age == other) | (other == ALL))]
            found += _of_group(chosen, one, other, least)
    return ANTHROPOMETRY_NORMS.table(found)


def _of_group(chosen: pd.DataFrame, gender: str, age_group: str, least: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for (measure, unit), own in chosen.groupby(["measure", "unit"], sort=False):
        values = own["value"].to_numpy(float)
        row = {
            "measure": measure,
            "unit": unit,
            "gender": gender,
            "age_group": age_group,
            "people": len(values),
        }
        if len(values) < least:
            row["reason"] = f"{counted(len(values), 'person', 'people')}; a norm needs {least}"
        else:
            low, high = np.percentile(values, [5, 95])
            row |= {"mean": values.mean(), "sd": values.std(ddof=1), "p05": low, "p95": high}
        found.append(row)
    return found


def norm_of(
    table: list[dict[str, Any]], measure: str, gender: str | None, age_group: str | None
) -> dict[str, Any] | None:
    """The norm that fits a person most closely and has numbers: by both, by gender, by age group, else of everybody."""
    by = {
        (row["gender"], row["age_group"]): row for row in table if row["measure"] == measure and row["reason"] is None
    }
    choices = [(gender, age_group), (gender, ALL), (ALL, age_group), (ALL, ALL)]
    return next((by[own] for own in choices if own in by), None)


class Norms(NamedTuple):
    """Norms to compare a photograph with. `rows`: those that have numbers; `said`: whose they are, or why none."""

    rows: list[dict[str, Any]]
    said: str
    drawn: bool = False  # made of drawn faces alone: they say nothing of a photograph

    def for_picture(self, notice: str | None) -> "Norms":
        """Those that fit a picture: drawn faces' norms fit drawn faces only. `notice`: the picture's."""
        if not self.drawn or notice == DRAWN:
            return self
        return Norms([], "There are no norms for photographs: this project's controls are drawn faces.")


NONE = Norms([], "There are no norms.")


def read_norms(path: Path, whose: str) -> Norms:
    """A table of norms. `whose`: the people's, in words, such as "this project's". OSError where it is not there."""
    if reason := absence.reason_of(path):
        return Norms([], f"There are no norms: {reason}.")
    every: list[dict[str, Any]] = tables.read(path, ANTHROPOMETRY_NORMS).to_pylist()
    rows = [row for row in every if row["reason"] is None]
    if not rows:
        reasons = (row["reason"] for row in every if row["gender"] == row["age_group"] == ALL)
        why = next(reasons, "no control could be measured")
        return Norms([], f"There are no norms: {why}. Add photographs of people without a cleft.")
    drawn = tables.provenance_of(path).get("notices") == [DRAWN]
    people = counted(max(row["people"] for row in rows), "person", "people")
    return Norms(rows, f"Norms are {whose}, {people}{', all of them drawn' if drawn else ''}.", drawn)


def own_norms(folder: Path) -> Norms:
    """Those of the project's own controls, as the last run left them in `folder`, the anthropometry system's."""
    if not (folder / FILE).exists():
        return Norms([], "There are no norms yet: `dvc repro` makes them of this project's controls.")
    return read_norms(folder / FILE, "those of this project's controls")


def bar(row: Mapping[str, Any], norm: Mapping[str, Any]) -> dict[str, float]:
    """Where value, interval and norm lie on a bar from 0 to 100; what lies beyond an end lies on it.

    `outside`: the value lies beyond the 5th or 95th percentile. More even than most is not outside.
    """
    spread = WIDE * norm["sd"] or 1.0

    def at(value: float) -> float:
        return round(float(min(100.0, max(0.0, 50 + 50 * (value - norm["mean"]) / spread))), 2)

    ends = [row["value"] if row[end] is None else row[end] for end in ("low", "high")]
    beyond = not norm["p05"] <= row["value"] <= norm["p95"]
    even = _even(row)
    if even is not None:
        beyond = beyond and abs(row["value"] - even) > abs(norm["mean"] - even)
    return {
        "value": at(row["value"]),
        "low": at(ends[0]),
        "high": at(ends[1]),
        "from": at(norm["p05"]),
        "to": at(norm["p95"]),
        "outside": float(beyond),
    }


def _even(row: Mapping[str, Any]) -> float | None:
    """The value of an even face: 0 of a difference, 1 of a ratio of sides, 100 per cent; None where evenness means
    nothing."""
    if row["deviation"] is None:
        return None
    if math.isclose(row["deviation"], row["value"]):
        return 0.0
    return 1.0 if row["unit"] == "" else 100.0
