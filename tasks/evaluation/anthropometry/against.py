"""Patients against norms: how far each measure of a population lies from what controls have.

In: the measures of every photograph, norms of everybody. Out: by measure, the norm, and each population's mean with its
interval over people and the share of its people outside the norm. Knows nothing of ratings.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tasks.pages.norms import bar, norm_of
from tasks.params.evaluation import Evaluate
from tasks.statistics.bootstrap import share_with_interval, with_interval

NORM = ("mean", "sd", "p05", "p95", "people")


def against_norms(
    measures: pd.DataFrame,  # ANTHROPOMETRY_MEASURES
    norms: list[dict[str, Any]],  # NORMS rows with numbers
    settings: Evaluate,
) -> dict[str, dict[str, Any]]:
    """By measure, in the table's order. A person counts once, by the mean of their photographs."""
    known = measures[(measures["population"] != "control") & measures["value"].notna()]
    found: dict[str, dict[str, Any]] = {}
    for measure, rows in known.groupby("measure", sort=False):
        norm = norm_of(norms, str(measure), None, None)
        if norm is not None:
            groups = {str(name): _group(own, norm, settings) for name, own in rows.groupby("population")}
            own = {name: norm[name] for name in NORM}
            found[str(measure)] = {"unit": norm["unit"], "norm": own, "populations": groups}
    return found


def _group(rows: pd.DataFrame, norm: Mapping[str, Any], settings: Evaluate) -> dict[str, Any]:
    each = rows.groupby("subject_id")[["value", "deviation"]].mean()
    values, people = each["value"].to_numpy(float), each.index.to_numpy()
    unit, both = rows["unit"].iloc[0], each[["value", "deviation"]].to_numpy(float)
    outside = np.array([_outside(value, deviation, unit, norm) for value, deviation in both])
    size = {"n_images": len(rows)}

    def mean_of(what: np.ndarray) -> Any:
        return lambda weights: weights @ what / weights.sum(1)

    return {
        "mean": with_interval(float(values.mean()), mean_of(values), people, settings, **size),
        "outside": share_with_interval(float(outside.mean()), mean_of(outside), people, settings, **size),
        "deviation": None if each["deviation"].isna().all() else float(each["deviation"].mean()),
    }


def _outside(value: float, deviation: float, unit: str, norm: Mapping[str, Any]) -> float:
    own = {"value": value, "deviation": None if np.isnan(deviation) else deviation, "unit": unit}
    return bar(own | {"low": None, "high": None}, norm)["outside"]


def lines(record: Mapping[str, Any], words: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows for the page, a row per measure and population, each with its bar."""
    found = []
    for measure, own in record.items():
        for population, group in own["populations"].items():
            mean = group["mean"]
            row = {"value": mean["value"], "low": mean["low"], "high": mean["high"], "unit": own["unit"]}
            drawn = bar(row | {"deviation": group["deviation"]}, own["norm"])
            found.append({"words": words.get(measure, measure), "population": population, "bar": drawn} | own | group)
    return found
