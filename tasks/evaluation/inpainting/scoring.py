"""What raters gave filled faces on a scale, side by side: the mean of each method, and how far methods differ.

In: scores, one row per photograph, rater, scale and method. Out: per scale and role of raters, each method's mean and
the mean difference from the network where one rater saw both. Every interval is by patient, as of the surgeons'
judgement. Raters are taken as they are; second answers say how far they agree with themselves. Knows no pictures and
no files.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tasks.evaluation.inpainting.judgement import TOGETHER, second_answers, signed
from tasks.pages.scales import words_of
from tasks.params.evaluation import Evaluate
from tasks.statistics.bootstrap import clusters, with_interval

NETWORK = "network"


def score_methods(scored: pd.DataFrame, settings: Evaluate) -> dict[str, Any]:
    """`scored`: INPAINTING_SCORED. Scores of earlier pictures do not count; `n_earlier` says how many there are."""
    rows = scored[scored["present"].astype(bool)]
    rows = rows.assign(patient=clusters(rows), score=pd.to_numeric(rows["score"]).astype(float))
    groups = rows.groupby(["scale", "rater_role"], sort=True)
    return {
        "n_earlier": len(scored) - len(rows),
        "scales": [_on_scale(str(scale), str(role), own, settings) for (scale, role), own in groups],
        "with_themselves": {
            str(scale): second_answers(own, own["score"], own["score_again"], settings)
            for scale, own in rows[rows["score_again"].notna()].groupby("scale", sort=True)
        },
    }


def _on_scale(scale: str, role: str, rows: pd.DataFrame, settings: Evaluate) -> dict[str, Any]:
    means = {
        str(method): _mean(own["score"], own["patient"], own["image_id"], settings)
        for method, own in rows.groupby("method", sort=True)
    }
    wide = rows.pivot(index=[*TOGETHER, "patient"], columns="method", values="score")
    others = [name for name in means if name != NETWORK and NETWORK in means]
    return {
        "scale": scale,
        "role": role,
        "n_raters": int(rows["rater_id"].nunique()),
        "n_patients": int(rows["patient"].nunique()),
        "n_scores": len(rows),
        "methods": means,
        "network_minus": {name: _gain(wide, name, settings) for name in others},
    }


def _gain(wide: pd.DataFrame, other: str, settings: Evaluate) -> dict[str, Any]:
    gain = (wide[NETWORK] - wide[other]).dropna()
    at = gain.index.to_frame(index=False)
    return _mean(gain.reset_index(drop=True), at["patient"], at["image_id"], settings)


def _mean(values: pd.Series, patients: pd.Series, images: pd.Series, settings: Evaluate) -> dict[str, Any]:
    known = values.to_numpy(dtype=float)

    def mean(weights: np.ndarray) -> np.ndarray:  # (B, n) -> (B,), NaN where all weigh nothing
        total = weights.sum(1)
        return np.asarray((weights @ known) / np.where(total > 0, total, np.nan))

    value = float(known.mean()) if len(known) else np.nan
    return dict(with_interval(value, mean, patients.to_numpy(), settings, n_images=int(images.nunique())))


def scores_said(record: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The record with words: what each scale asks, what its ends mean, and a sentence per difference."""
    return [
        {**own, "asked": words_of(own["scale"]).asked, "ends": _ends(own["scale"]), "said": _differences(own, names)}
        for own in record["scales"]
    ]


def _ends(scale: str) -> str:
    words = words_of(scale)
    return f"the lowest answer means {words.low}, the highest {words.high}" if words.low else ""


def _differences(own: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    lines = []
    for name, gain in own["network_minus"].items():
        who = f"{names.get(NETWORK, NETWORK)} minus {names.get(name, name)}"
        if gain["value"] is None:
            lines.append(f"{who}: {gain['reason']}.")
        elif gain["low"] is None:
            lines.append(f"{who}: {signed(gain['value'])}; {gain['reason']}.")
        else:
            doubt = ", which holds 0" if gain["low"] <= 0 <= gain["high"] else ""
            lines.append(f"{who}: {signed(gain['value'])}, {signed(gain['low'])} to {signed(gain['high'])}{doubt}.")
    return lines
