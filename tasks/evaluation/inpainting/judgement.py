"""Surgeons' judgement of fillings: valid probability and average ranking of each method (Chen et al., Tables I and II).

In: votes, one row per photograph, rater and method. Out: per method the share of votes that call its results valid, and
the mean rank over the valid ones; per pair of methods the difference of the shares, and what it says. Every interval is
by patient: patients are drawn, each with all votes, since three surgeons who look at one face do not see three faces.
The raters are taken as they are: no interval says what other surgeons would find. Knows no pictures and no files.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from tasks.base.words import counted
from tasks.pages.environment import number
from tasks.params.evaluation import Evaluate
from tasks.statistics.bootstrap import Estimate, clusters, missing, share_with_interval, with_interval
from tasks.statistics.intra import with_themselves

TOGETHER = ["image_id", "rater_id"]
"""What a rater saw together: one photograph's results."""

VALIDITY, RANKS = "valid or not", "rank, of results valid both times"

NOBODY = (
    "nobody has judged the present fillings; make a sheet for each surgeon with `vermilion inpainting sheet`, and "
    "bring the forms in with `vermilion inpainting votes`"
)


def judge(judged: pd.DataFrame, settings: Evaluate) -> dict[str, Any]:
    """Everything that votes say: by method, by pair of methods, and how many patients, raters and votes there are.

    `judged`: INPAINTING_JUDGED. Votes on earlier pictures do not count; `n_earlier` says how many there are. A
    photograph whose person is not known is its own patient.
    """
    rows = judged[judged["present"].astype(bool)]
    rows = rows.assign(patient=clusters(rows), rank=pd.to_numeric(rows["rank"]).astype(float))
    methods = sorted(rows["method"].unique())
    return {
        "reason": None if len(rows) else NOBODY,
        **_counts(rows),
        "n_earlier": len(judged) - len(rows),
        "confidence": settings.confidence,
        "methods": {method: _method(rows[rows["method"] == method], settings) for method in methods},
        "differences": [_difference(rows, one, other, settings) for one, other in combinations(methods, 2)],
        "with_themselves": _with_themselves(rows, settings),
    }


def _with_themselves(rows: pd.DataFrame, settings: Evaluate) -> dict[str, Any]:
    """How far second answers agree with the first: validity, and ranks of what was valid both times."""
    twice = rows[rows["valid_again"].notna()]
    valid = twice["valid"].astype(bool) & twice["valid_again"].astype(bool)
    said = {
        VALIDITY: (twice["valid"], twice["valid_again"]),
        RANKS: (twice["rank"][valid], twice["rank_again"][valid]),
    }
    return {name: second_answers(twice, first, again, settings) for name, (first, again) in said.items() if len(first)}


def second_answers(rows: pd.DataFrame, first: pd.Series, again: pd.Series, settings: Evaluate) -> dict[str, Any]:
    """All raters' second answers against each one's own first: of tasks.statistics.intra, and how many raters and
    photographs that are. `rows`: of which `first` and `again` are columns, or a part of them."""
    own = rows.loc[first.index]
    pairs = own[["image_id", "subject_id", "rater_id"]].assign(
        subject_id=own["patient"], first=first.astype(float), again=again.astype(float), scale="", rater_role=""
    )
    found = with_themselves(pairs.assign(rater_id=""), settings)[""][""]
    del found["role"]
    return {**found, "n_raters": int(own["rater_id"].nunique()), "n_photographs": int(own["image_id"].nunique())}


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    return {
        "n_patients": int(rows["patient"].nunique()),
        "n_raters": int(rows["rater_id"].nunique()),
        "n_votes": len(rows),
        "n_valid": int(rows["valid"].sum()),
    }


def _method(rows: pd.DataFrame, settings: Evaluate) -> dict[str, Any]:
    """One method's row of Tables I and II."""
    valid = rows["valid"].to_numpy(dtype=float)
    rank = np.where(valid > 0, rows["rank"].to_numpy(dtype=float), 0.0)
    patients, images = rows["patient"].to_numpy(), int(rows["image_id"].nunique())
    probability = share_with_interval(
        float(valid.mean()), lambda weights: _mean(weights, valid), patients, settings, n_images=images
    )
    ranking = with_interval(
        float(rank.sum() / valid.sum()) if valid.any() else np.nan,
        lambda weights: _mean(weights * valid, rank),
        patients,
        settings,
        n_images=images,
    )
    if not valid.any():
        ranking |= {"reason": "no result was called valid, and only valid ones have a rank"}
    return {**_counts(rows), "valid_probability": probability, "average_ranking": ranking}


def _mean(weights: np.ndarray, values: np.ndarray) -> np.ndarray:  # (B, n), (n,) -> (B,), NaN where all weigh nothing
    total = weights.sum(1)
    return np.asarray((weights * values).sum(1) / np.where(total > 0, total, np.nan))


def _difference(rows: pd.DataFrame, one: str, other: str, settings: Evaluate) -> dict[str, Any]:
    """How much more often the one is called valid than the other, where the same rater saw both."""
    pairs = rows.pivot(index=[*TOGETHER, "patient"], columns="method", values="valid")[[one, other]].dropna()
    seen = {"one": one, "other": other, "n_votes": len(pairs)}
    if pairs.empty:
        nothing = missing("no rater saw both of one patient", n_images=0, n_subjects=0)
        return seen | {"n_valid": [0, 0], "difference": nothing, "distinct": False}
    gain = pairs[one].to_numpy(dtype=float) - pairs[other].to_numpy(dtype=float)
    found = with_interval(
        float(gain.mean()),
        lambda weights: _mean(weights, gain),
        pairs.index.get_level_values("patient").to_numpy(),
        settings,
        n_images=int(pairs.index.get_level_values("image_id").nunique()),
    )
    distinct = found["low"] is not None and not found["low"] <= 0 <= found["high"]
    counts = [int(pairs[name].sum()) for name in (one, other)]
    return seen | {"n_valid": counts, "difference": found, "distinct": distinct}


def differences_said(record: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """A sentence for each pair of methods: `24 of 72 against 23 of 72 is no difference`, and the interval that says so.

    `names`: readable names of methods.
    """
    return [_said(row, names, record["confidence"]) for row in record["differences"]]


def _said(row: Mapping[str, Any], names: Mapping[str, str], confidence: float) -> str:
    one, other = (names.get(row[side], row[side]) for side in ("one", "other"))
    found: Estimate = row["difference"]
    seen = "{} against {}: {} of {votes} against {} of {votes}".format(
        one, other, *row["n_valid"], votes=row["n_votes"]
    )
    if found["value"] is None:
        return f"{one} against {other}: {found['reason']}."
    if found["low"] is None:
        people = counted(found["n_subjects"], "patient")
        return f"{seen}, of {people}; {found['reason']}." if found["value"] else f"{seen} is no difference."
    gain, low, high = (signed(found[end]) for end in ("value", "low", "high"))
    span = f"{confidence:.0%} interval by patient {low} to {high}"
    if not row["distinct"]:
        return f"{seen} is no difference that these votes show: {gain}, {span} holds 0."
    return f"{seen}: {one if found['value'] > 0 else other} is called valid more often, {gain}, {span}."


def signed(value: float) -> str:
    """Two decimals with a sign, where they are not nought."""
    return number(value) if value < 0 or not float(number(value)) else f"+{number(value)}"
