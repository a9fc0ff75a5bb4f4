"""Photographs in profile in the chapter: how many were measured, why others were not, and each measure's mean.

In: the folder of the system's stages. Out: rows for the page, with intervals over people. No rater's score
is compared with a profile.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tasks.base import absence, tables
from tasks.pages.norms import Norms, norm_of
from tasks.params.evaluation import Evaluate
from tasks.schemas.anthropometry import ANTHROPOMETRY_MEASURES, ANTHROPOMETRY_PROFILES
from tasks.statistics.bootstrap import Estimate, with_interval


def in_profile(folder: Path, settings: Evaluate, norms: Norms) -> dict[str, Any]:
    """`photographs`: by population, `measured` and `refused`; `reasons`: how often each; `measures`: a row per measure
    and population, with its norm where there is one. Empty where there are no photographs in profile."""
    points, measures = folder / "profiles", folder / "profile_measures"
    if any(not path.exists() or absence.reason_of(path) for path in (points, measures)):
        return {"photographs": {}, "reasons": {}, "measures": []}
    seen = tables.read(points, ANTHROPOMETRY_PROFILES, ["population", "reason"]).to_pandas()
    found = tables.read(measures, ANTHROPOMETRY_MEASURES).to_pandas()
    return {
        "photographs": {
            str(name): {"measured": int(own["reason"].isna().sum()), "refused": int(own["reason"].notna().sum())}
            for name, own in seen.groupby("population")
        },
        "reasons": dict(Counter(seen["reason"].dropna()).most_common()),
        "measures": [
            {"words": words, "unit": rows["unit"].iloc[0], "population": population, "mean": _mean(rows, settings)}
            | {"norm": norm_of(norms.rows, measure, None, None)}
            for (measure, words, population), rows in found[found["value"].notna()].groupby(
                ["measure", "words", "population"], sort=False
            )
        ],
    }


def _mean(rows: pd.DataFrame, settings: Evaluate) -> Estimate:
    """Over people, each by the mean of their photographs."""
    each = rows.groupby("subject_id")["value"].mean()
    values = each.to_numpy(float)

    def mean(weights: np.ndarray) -> np.ndarray:  # (B, n) -> (B,)
        return np.asarray(weights @ values / weights.sum(1))

    return with_interval(float(values.mean()), mean, each.index.to_numpy(), settings, n_images=len(rows))
