"""Raters against themselves: how far second answers, given without knowing, agree with the first.

In: pairs of scores with rater, scale and subject. Out: by scale and rater, Cohen's quadratic-weighted kappa with its
interval over people, the share of answers that are the same, and the mean distance. scikit-learn gives the value.
Knows nothing of the other raters.
"""

from typing import Any

import numpy as np
import pandas as pd

from tasks.params.evaluation import Evaluate
from tasks.statistics.bootstrap import Estimate, missing, with_interval
from tasks.statistics.grading import quadratic_kappa


def with_themselves(
    repeats: pd.DataFrame,  # image_id, subject_id, rater_id, rater_role, scale, first, again
    settings: Evaluate,
) -> dict[str, dict[str, dict[str, Any]]]:
    """[scale][rater]: role, number of photographs, `same` (0..1), `distance`, `kappa`; nothing without repeats."""
    return {
        str(scale): {str(rater): _rater(rows, settings) for rater, rows in own.groupby("rater_id", sort=True)}
        for scale, own in repeats.groupby("scale", sort=True)
    }


def _rater(rows: pd.DataFrame, settings: Evaluate) -> dict[str, Any]:
    far = (rows["first"] - rows["again"]).abs()
    return {
        "role": str(rows["rater_role"].iloc[0]),
        "n": len(rows),
        "same": float((far == 0).mean()),
        "distance": float(far.mean()),
        "kappa": _kappa(rows, settings),
    }


def _kappa(rows: pd.DataFrame, settings: Evaluate) -> Estimate:
    """1: always the same; 0: no closer than by chance. Every whole number between the ends is a grade."""
    both = rows[["first", "again"]].to_numpy(float).round().astype(int)
    low, grades = both.min(), np.ptp(both) + 1
    if grades == 1:
        size = {"n_images": len(rows), "n_subjects": rows["subject_id"].nunique()}
        return missing("every answer is the same", **size)
    from sklearn.metrics import cohen_kappa_score  # slow to import

    first, again = (both - low).T
    value = cohen_kappa_score(first, again, weights="quadratic", labels=np.arange(grades))
    cells = np.eye(grades * grades)[first * grades + again]

    def statistic(weights: np.ndarray) -> np.ndarray:
        return quadratic_kappa((weights @ cells).reshape(-1, grades, grades))

    return with_interval(float(value), statistic, rows["subject_id"].to_numpy(), settings)
