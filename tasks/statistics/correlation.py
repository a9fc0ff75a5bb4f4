"""Each method's score against mean ratings and known references, and methods against each other.

In: one score an image (a Series by image_id, higher is less symmetric), a target by image_id (a role's mean
rating, a drawn severity), the subject of each image. Out: Pearson's r and Spearman's rho (scipy) with
subject-level intervals, paired differences between methods and their reading in plain words.
Rosero et al. 2025, "Lip Symmetry Evaluation": Pearson's r of the normalised D, which an affine map of D
leaves as it is. Knows nothing of how a score was made.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import scipy

from tasks.base.words import counted
from tasks.params.evaluation import Evaluate
from tasks.statistics import bootstrap
from tasks.statistics.bootstrap import MIN_SUBJECTS, Estimate, missing, with_interval
from tasks.statistics.grading import (
    chance_accuracy,
    confusion,
    constant_accuracy,
    quadratic_kappa,
    weighted_accuracy,
    weighted_precision,
)
from tasks.statistics.ratings import nearest_grade

IMPORTED_LATER = ("scipy.stats",)
"""What its functions import: imported once for all stages (flows/forks.py), and not for a photograph's score."""


def _aligned(subjects: pd.Series, *series: pd.Series) -> tuple[np.ndarray, list[np.ndarray]]:
    """Subjects and values of the images that every series knows, in order of image_id."""
    joined = pd.concat([one.rename(i) for i, one in enumerate(series)], axis=1, join="inner").dropna().sort_index()
    return subjects.reindex(joined.index).to_numpy(str), [joined[i].to_numpy(float) for i in range(len(series))]


def _refused(cluster: np.ndarray, *values: np.ndarray) -> Estimate | None:
    size = {"n_images": len(cluster), "n_subjects": len(np.unique(cluster))}
    if size["n_subjects"] < MIN_SUBJECTS:
        return missing(f"{counted(size['n_subjects'], 'subject')} with both values, {MIN_SUBJECTS} needed", **size)
    if any(np.ptp(value) == 0 for value in values):
        return missing("one side is the same for every image", **size)
    return None


def correlate(score: pd.Series, target: pd.Series, subjects: pd.Series, settings: Evaluate) -> dict[str, Estimate]:
    """Pearson's r and Spearman's rho of a score with a target, over the images that have both."""
    cluster, (x, y) = _aligned(subjects, score, target)
    if refused := _refused(cluster, x, y):
        return {"pearson": refused, "spearman": refused}
    r, rho = float(scipy.stats.pearsonr(x, y).statistic), float(scipy.stats.spearmanr(x, y).statistic)
    return {
        "pearson": with_interval(r, lambda w: bootstrap.pearson(w, x, y), cluster, settings),
        "spearman": with_interval(rho, lambda w: bootstrap.spearman(w, x, y), cluster, settings),
    }


def within_subject(score: pd.Series, target: pd.Series, subjects: pd.Series, settings: Evaluate) -> Estimate:
    """Mean over subjects of Spearman's rho within the subject; subjects need three images that vary."""
    cluster, (x, y) = _aligned(subjects, score, target)
    names, values, used = [], [], 0
    for name in np.unique(cluster):
        own = cluster == name
        if own.sum() >= 3 and np.ptp(x[own]) > 0 and np.ptp(y[own]) > 0:
            names.append(name)
            values.append(float(scipy.stats.spearmanr(x[own], y[own]).statistic))
            used += int(own.sum())
    if len(names) < MIN_SUBJECTS:
        why = f"{counted(len(names), 'subject')} with three images that vary, {MIN_SUBJECTS} needed"
        return missing(why, n_images=used, n_subjects=len(names))
    rho = np.array(values)
    return with_interval(float(rho.mean()), lambda w: w @ rho / w.sum(1), names, settings, n_images=used)


def difference(
    score: pd.Series, other: pd.Series, target: pd.Series, subjects: pd.Series, settings: Evaluate
) -> dict[str, Any]:
    """Spearman's rho of `score` minus that of `other` with one target, on the images that all three know.

    Both are computed on the same resamples, so what they share cancels. `verdict`: better, worse (the
    interval lies on one side of zero), alike (it does not), or unknown.
    """
    found = _paired(score, other, target, subjects, settings, scipy.stats.spearmanr, bootstrap.spearman)
    return {"spearman_difference": found, "verdict": verdict(found)}


def pearson_difference(
    score: pd.Series, other: pd.Series, target: pd.Series, subjects: pd.Series, settings: Evaluate
) -> dict[str, Any]:
    """As `difference`, of Pearson's r."""
    found = _paired(score, other, target, subjects, settings, scipy.stats.pearsonr, bootstrap.pearson)
    return {"pearson_difference": found, "verdict": verdict(found)}


def _paired(
    score: pd.Series,
    other: pd.Series,
    target: pd.Series,
    subjects: pd.Series,
    settings: Evaluate,
    library: Any,
    resampled: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
) -> Estimate:
    cluster, (x, other_x, y) = _aligned(subjects, score, other, target)
    if refused := _refused(cluster, x, other_x, y):
        return refused
    value = float(library(x, y).statistic - library(other_x, y).statistic)
    return with_interval(value, lambda w: resampled(w, x, y) - resampled(w, other_x, y), cluster, settings)


def verdict(found: Estimate) -> str:
    """better, worse, alike or unknown, by where the interval of a difference lies."""
    if found["low"] is None:
        return "unknown"
    return "better" if found["low"] > 0 else "worse" if found["high"] < 0 else "alike"


def finding(method: str, other: str, target: str, compared: dict[str, Any]) -> str:
    """A paired difference as a sentence that stands alone."""
    found = compared["spearman_difference"]
    if compared["verdict"] == "unknown":
        return f"{method} could not be compared with {other} on {target}: {found['reason']}."
    said = {
        "better": f"{method} follows {target} more closely than {other}",
        "worse": f"{method} follows {target} less closely than {other}: a plain measure does better",
        "alike": f"{method} does not beat {other} on {target}: the interval of the difference includes zero",
    }[compared["verdict"]]
    value, low, high = (f"{found[key]:+.2f}" for key in ("value", "low", "high"))
    return f"{said} (difference in Spearman's rho {value}, interval {low} to {high})."


def graded(grade: pd.Series, rating: pd.Series, subjects: pd.Series, settings: Evaluate) -> dict[str, Any]:
    """Grades against a role's mean rating (to the nearest grade): the CARS columns of Table 1 and their marks.

    `chance` deals the same grades out at random, `constant` gives everyone the best single grade: weighted
    accuracy is high for both, so a value means something only beside them.
    """
    cluster, (predicted, rated) = _aligned(subjects, grade, rating)
    size = {"n_images": len(cluster), "n_subjects": len(np.unique(cluster))}
    if not len(cluster):
        return {"weighted_accuracy": missing("no image has both a grade and a rating", **size)}
    k = settings.grades
    actual, called = nearest_grade(rated, grades=k), nearest_grade(predicted, grades=k)
    cells = np.eye(k * k)[(actual - 1) * k + called - 1]
    counts = confusion(actual, called, grades=k)
    away = np.abs(np.subtract.outer(np.arange(k), np.arange(k)))
    return {
        "weighted_accuracy": _from_counts(weighted_accuracy, counts, cells, cluster, settings),
        "weighted_precision": _from_counts(weighted_precision, counts, cells, cluster, settings),
        "quadratic_kappa": _from_counts(quadratic_kappa, counts, cells, cluster, settings),
        "exact": float(counts[away == 0].sum() / counts.sum()),
        "within_one": float(counts[away <= 1].sum() / counts.sum()),
        "chance": chance_accuracy(counts),
        "constant": constant_accuracy(counts),
        "confusion": counts.astype(int).tolist(),
    }


def _from_counts(
    statistic: Any, counts: np.ndarray, cells: np.ndarray, cluster: np.ndarray, settings: Evaluate
) -> Estimate:
    k = len(counts)
    return with_interval(
        float(statistic(counts)), lambda w: statistic((w @ cells).reshape(-1, k, k)), cluster, settings
    )
