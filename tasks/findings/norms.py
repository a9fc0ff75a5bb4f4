"""Norms: how each measure is spread among people without a cleft.

In: rows of measures with person, population, measure, value and unit, and who the people are. Out: NORMS, by gender
and age group where these are known. Controls alone count; a person counts once, by the mean of all photographs or
visits. Knows no rules.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks.base.absence import Absent
from tasks.base.words import counted
from tasks.pages.norms import ALL
from tasks.schemas.columns import AGE_GROUPS, GENDERS
from tasks.schemas.norms import NORMS


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
    return NORMS.table(found)


class OfControls(NamedTuple):
    """Norms of a project's own controls."""

    table: pa.Table  # NORMS
    notices: list[str]  # of their pictures; "" of one that has none
    people: int  # of whom something was measured

    @property
    def said(self) -> str:
        """What a stage prints."""
        rows = self.table.to_pylist()
        whole = sum(row["reason"] is None for row in rows if row["gender"] == row["age_group"] == ALL)
        return f"{counted(whole, 'measure')} with a norm, of {counted(self.people, 'control')} who could be measured"


def of_controls(
    measures: pa.Table,
    listed: Iterable[Mapping[str, Any]],  # rows of IMAGES
    *,
    least: int,  # fewest people of a group
) -> OfControls:
    """Norms of the controls among the photographs. Absent: there are none."""
    controls = [row for row in listed if row["population"] == "control"]
    if not controls:
        raise Absent("no controls: add photographs of people without a cleft")
    people = {row["subject_id"]: (row["gender"], row["age_group"]) for row in controls}
    notices = sorted({row["notice"] or "" for row in controls})
    return OfControls(norms(measures, people=people, least=least), notices, _measured(measures))


def _measured(measures: pa.Table) -> int:
    """How many controls have a value: who has a clip alone, or was refused, has none."""
    there = pc.and_(pc.equal(measures["population"], "control"), pc.is_valid(measures["value"]))
    return len(pc.unique(measures.filter(there)["subject_id"]))


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
