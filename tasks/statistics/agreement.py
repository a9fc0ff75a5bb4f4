"""How far raters agree: Fleiss' kappa, pairwise weighted kappa, ICC(2,k), each rater against the others.

In: an images x raters matrix of scores (NaN where not rated) and the subject of each image. Out: estimates
with subject-level intervals, how many images could be used, how many could not. Libraries give the values
(statsmodels, scikit-learn, pingouin, scipy); the bootstrap uses the same statistics from counts or moments.
Rosero et al. 2025, "Lip Symmetry Evaluation" (Fleiss' kappa). Knows nothing of any method's scores.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import scipy

from tasks.base.words import counted
from tasks.params.evaluation import Evaluate
from tasks.statistics import bootstrap
from tasks.statistics.bootstrap import MIN_SUBJECTS, Estimate, missing, with_interval
from tasks.statistics.grading import quadratic_kappa
from tasks.statistics.ratings import mean_rating, nearest_grade, rater_roles, rating_matrix, role_members

IMPORTED_LATER = ("pingouin", "scipy.stats", "sklearn.metrics", "statsmodels.stats.inter_rater")
"""What its functions import: imported once for all stages (flows/forks.py), and not for a photograph's score."""

ENOUGH = 10
"""Subjects rated by both sides from which a correlation says that a rater is in line; from fewer it says little."""

_ROUNDING = 1e-9


def evaluate_raters(rows: pd.DataFrame, subjects: pd.Series, settings: Evaluate) -> dict[str, Any]:
    """Everything about raters alone. `rows` from `prepare_ratings`; `subjects` by image_id."""
    matrix = rating_matrix(rows)
    cluster = subjects.reindex(matrix.index).to_numpy()
    complete = matrix.notna().all(axis=1).to_numpy()
    raters = each_rater(matrix, cluster, rater_roles(rows), settings)
    return {
        "n_ratings": len(rows),
        "n_images": len(matrix),
        "n_raters": matrix.shape[1],
        "n_complete": int(complete.sum()),
        "n_incomplete": int((~complete).sum()),
        "fleiss_kappa": fleiss(matrix[complete], cluster[complete], settings),
        "icc_2k": icc_2k(matrix[complete], cluster[complete], settings),
        "quadratic_kappa": mean_pairwise_kappa(matrix, cluster, settings),
        "raters": raters,
        "flagged": [name for name, record in raters.items() if record["flagged"]],
    }


def within_range(
    value: float, statistic: Callable[[np.ndarray], np.ndarray], cluster: np.ndarray, settings: Evaluate
) -> Estimate:
    """An agreement with its interval. No agreement is above 1 or below -1: such a value is null, with the reason.

    (With few or uniform ratings the variances that an ICC divides by can cancel; an estimate may then be anything.)
    """
    size = {"n_images": len(cluster), "n_subjects": len(np.unique(cluster.astype(str)))}
    if np.isfinite(value) and abs(value) > 1 + _ROUNDING:
        return missing(f"the estimate, {value:.3g}, is no agreement (-1 to 1): too few or too uniform ratings", **size)

    def kept(w: np.ndarray) -> np.ndarray:
        draws = statistic(w)
        return np.clip(np.where(draws > 1 + _ROUNDING, np.nan, draws), -1.0, 1.0)

    return with_interval(float(np.clip(value, -1.0, 1.0)), kept, cluster, settings)


def _weighted_mean(values: np.ndarray, counts: np.ndarray) -> np.ndarray:  # (m, B), (m, B) -> (B,)
    """The mean of the values that are known, each by the number of photographs it stands on; NaN where none is."""
    known = np.isfinite(values)
    total = np.where(known, counts, 0.0).sum(0)
    return np.asarray(np.where(known, values * counts, 0.0).sum(0) / np.where(total > 0, total, np.nan))


def _unusable(matrix: pd.DataFrame, cluster: np.ndarray) -> Estimate | None:
    size = {"n_images": len(matrix), "n_subjects": len(np.unique(cluster.astype(str)))}
    if matrix.shape[1] < 2:
        return missing("fewer than two raters", **size)
    if size["n_subjects"] < MIN_SUBJECTS:
        return missing(f"{counted(size['n_subjects'], 'subject')} rated by every rater, {MIN_SUBJECTS} needed", **size)
    if np.ptp(matrix.to_numpy(float)) == 0:
        return missing("every rating is the same", **size)
    return None


def fleiss(matrix: pd.DataFrame, cluster: np.ndarray, settings: Evaluate) -> Estimate:
    """Fleiss' kappa (statsmodels) over images that every rater rated, scores as nearest grades."""
    if refused := _unusable(matrix, cluster):
        return refused
    from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa  # slow to import

    grades = nearest_grade(matrix.to_numpy(float), grades=settings.grades)
    table = np.asarray(aggregate_raters(grades, n_cat=settings.grades + 1)[0], dtype=float)
    k = matrix.shape[1]
    agree = (table * (table - 1)).sum(1) / (k * (k - 1))

    def statistic(w: np.ndarray) -> np.ndarray:
        n = w.sum(1)
        by_chance = ((w @ table / (n * k)[:, None]) ** 2).sum(1)
        return np.asarray((w @ agree / n - by_chance) / np.where(by_chance < 1, 1 - by_chance, np.nan))

    return within_range(float(fleiss_kappa(table)), statistic, cluster, settings)


def icc_2k(matrix: pd.DataFrame, cluster: np.ndarray, settings: Evaluate) -> Estimate:
    """ICC(2,k), absolute agreement of the raters' mean, raters as a random sample (pingouin's ICC(A,k))."""
    if refused := _unusable(matrix, cluster):
        return refused
    x = matrix.to_numpy(float)
    return within_range(_pingouin_icc(x), lambda w: weighted_icc_2k(w, x), cluster, settings)


def _pingouin_icc(x: np.ndarray) -> float:
    from pingouin import intraclass_corr  # three seconds of imports that only this needs

    n, k = x.shape
    image, rater = np.divmod(np.arange(n * k), k)
    long = pd.DataFrame({"image": image, "rater": rater, "score": x.ravel()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pingouin 0.7 calls pandas 3 the old way
        warnings.simplefilter("ignore", RuntimeWarning)  # no error variance at all: F is infinite, ICC is 1
        table = intraclass_corr(long, targets="image", raters="rater", ratings="score").set_index("Type")
    return float(table.loc["ICC(A,k)", "ICC"])


def weighted_icc_2k(w: np.ndarray, x: np.ndarray) -> np.ndarray:  # (B, n), (n, k) -> (B,)
    """ICC(2,k) of each resample from the mean squares of Shrout & Fleiss 1979."""
    n, k = w.sum(1), x.shape[1]
    x = x - x.mean()
    by_image, by_rater = x.mean(1), w @ x / n[:, None]
    grand = by_rater.mean(1)
    images = k * (w @ by_image**2 - n * grand**2)
    raters = n * ((by_rater - grand[:, None]) ** 2).sum(1)
    error = np.maximum(w @ (x**2).sum(1) - n * k * grand**2 - images - raters, 0.0)
    ms_images, ms_raters = images / (n - 1), raters / (k - 1)
    ms_error = error / ((n - 1) * (k - 1))
    bottom = ms_images + (ms_raters - ms_error) / n
    return np.asarray((ms_images - ms_error) / np.where(np.abs(bottom) > 1e-12, bottom, np.nan))


def mean_pairwise_kappa(matrix: pd.DataFrame, cluster: np.ndarray, settings: Evaluate) -> Estimate:
    """Mean over pairs of raters of Cohen's quadratic-weighted kappa, each on the images that both rated.

    A pair counts by the number of these images; one with fewer than three subjects in common does not count.
    """
    from sklearn.metrics import cohen_kappa_score  # slow to import

    size = {"n_images": len(matrix), "n_subjects": len(np.unique(cluster.astype(str)))}
    k, cells, values, shared = settings.grades, [], [], []
    for one, two in combinations(matrix.columns, 2):
        both = (matrix[one].notna() & matrix[two].notna()).to_numpy()
        a = nearest_grade(matrix[one].fillna(1).to_numpy(float), grades=k) - 1
        b = nearest_grade(matrix[two].fillna(1).to_numpy(float), grades=k) - 1
        if len(np.unique(cluster[both].astype(str))) < MIN_SUBJECTS or len(np.union1d(a[both], b[both])) < 2:
            continue
        shared.append(both)
        values.append(cohen_kappa_score(a[both], b[both], weights="quadratic", labels=np.arange(k)))
        cells.append(both[:, None] * np.eye(k * k)[a * k + b])
    if not values:
        return missing(f"no two raters rated {MIN_SUBJECTS} subjects or more in different ways", **size)

    def statistic(w: np.ndarray) -> np.ndarray:
        kappas = np.stack([quadratic_kappa((w @ cell).reshape(-1, k, k)) for cell in cells])
        return _weighted_mean(kappas, np.stack([w @ both for both in shared]))

    return within_range(
        float(np.average(values, weights=[both.sum() for both in shared])), statistic, cluster, settings
    )


def each_rater(
    matrix: pd.DataFrame, cluster: np.ndarray, roles: dict[str, str], settings: Evaluate
) -> dict[str, dict[str, Any]]:
    """Each rater against the mean of all others (Pearson), and whether they stand out as unreliable.

    Flagged: the whole interval lies below `reliable_share` of the other raters' median correlation; or the
    rater gave every image the same score. A flag is a finding; nobody is dropped from `all` because of it.
    """
    records: dict[str, dict[str, Any]] = {}
    for rater in matrix.columns:
        agreement = against_others(matrix, rater, [r for r in matrix.columns if r != rater], cluster, settings)
        scores = matrix[rater].dropna()
        summary = {"n": len(scores), "mean": float(scores.mean()), "with_others": agreement}
        records[str(rater)] = {"role": roles[str(rater)], **summary, "constant": scores.nunique() == 1}
    for rater, record in records.items():
        usual = [r["with_others"]["value"] for name, r in records.items() if name != rater]
        known = [value for value in usual if value is not None]
        bound = settings.reliable_share * float(np.median(known)) if known else None
        high = record["with_others"]["high"]
        low_agreement = bound is not None and bound > 0 and high is not None and high < bound
        record["flagged"] = bool(low_agreement or (record["constant"] and record["n"] >= MIN_SUBJECTS))
        record["flagged_below"] = bound
        record["standing"] = _standing(record)
    return records


def _standing(record: Mapping[str, Any]) -> str:
    """`unlike the others`, `in line`, or why neither can be said. Nobody is in line without evidence."""
    found, bound = record["with_others"], record["flagged_below"]
    if record["flagged"]:
        return "unlike the others"
    if found["value"] is None:
        return f"not known: {found['reason']}"
    if found["n_subjects"] < ENOUGH:
        return f"not known: {counted(found['n_subjects'], 'subject')} rated by both sides, {ENOUGH} needed"
    if bound is None or found["low"] is None:
        return f"not known: {found['reason'] or 'no other rater to measure by'}"
    if found["value"] < bound or found["low"] <= 0:
        return "not known: the interval is too wide"
    return "in line"


def against_others(
    matrix: pd.DataFrame, rater: str, others: list[str], cluster: np.ndarray, settings: Evaluate
) -> Estimate:
    """Pearson's r of one rater with the mean of `others`, on images that both sides rated."""
    target = matrix[others].mean(axis=1)
    both = (matrix[rater].notna() & target.notna()).to_numpy()
    x, y = matrix[rater].to_numpy(float)[both], target.to_numpy(float)[both]
    size = {"n_images": int(both.sum()), "n_subjects": len(np.unique(cluster[both].astype(str)))}
    if size["n_subjects"] < MIN_SUBJECTS:
        return missing(f"{counted(size['n_subjects'], 'subject')} rated by both sides, {MIN_SUBJECTS} needed", **size)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return missing("scores do not vary", **size)
    value = float(scipy.stats.pearsonr(x, y).statistic)
    return with_interval(value, lambda w: bootstrap.pearson(w, x, y), cluster[both], settings)


def ceilings(
    rows: pd.DataFrame, matrix: pd.DataFrame, flagged: Sequence[str], cluster: np.ndarray, settings: Evaluate
) -> dict[str, Estimate]:
    """The ceiling of every group of raters: what one more rater reaches.

    One definition for all scales: the mean is that of the group, flagged raters in it; those whose agreement is
    averaged are the raters who are not flagged.
    """
    peers = [str(name) for name in matrix.columns if name not in flagged]
    groups = role_members(rows, flagged=list(flagged))
    return {name: rater_ceiling(matrix, who, peers, cluster, settings) for name, who in groups.items()}


def rater_ceiling(
    matrix: pd.DataFrame, members: list[str], peers: list[str], cluster: np.ndarray, settings: Evaluate
) -> Estimate:
    """How well one more rater predicts the mean of `members`: the mark a method is measured against.

    Mean over the raters j of `peers` of Pearson's r between j and the mean of `members` without j, each on the
    images that both sides rated and by their number; a rater with fewer than three subjects there, or whose scores
    do not vary, is left out.
    """
    sides: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    values: list[float] = []
    for rater in peers:
        rest = [m for m in members if m != rater]
        target = mean_rating(matrix, rest).reindex(matrix.index) if rest else matrix[rater] * np.nan
        both = (matrix[rater].notna() & target.notna()).to_numpy()
        x, y = matrix[rater].to_numpy(float)[both], target.to_numpy(float)[both]
        if len(np.unique(cluster[both].astype(str))) < MIN_SUBJECTS or np.ptp(x) == 0 or np.ptp(y) == 0:
            continue
        sides.append((both, x, y))
        values.append(float(scipy.stats.pearsonr(x, y).statistic))
    size = {"n_images": len(matrix), "n_subjects": len(np.unique(cluster.astype(str)))}
    if not values or size["n_subjects"] < MIN_SUBJECTS:
        return missing("no second rater to compare with", **size)

    def statistic(w: np.ndarray) -> np.ndarray:
        found = np.stack([bootstrap.pearson(w[:, both], x, y) for both, x, y in sides])
        return _weighted_mean(found, np.stack([w[:, both].sum(1) for both, _, _ in sides]))

    value = float(np.average(values, weights=[len(x) for _, x, _ in sides]))
    return within_range(value, statistic, cluster, settings)
