"""Positive against negative pairs: the binary metrics of Table 1, and who is flagged, with intervals.

In: one strategy's pairs with D (pair_id, split, label, kind, severity, subject_id, distance). Out: nested
records for metrics.json. A pair counts as symmetric (positive) when D is at most the threshold chosen on
validation. Rosero et al. 2025, Results, Table 1. Intervals draw subjects (tasks.statistics.bootstrap).
Knows nothing of rated photographs.
"""

from typing import Any

import numpy as np
import pandas as pd
import scipy

from tasks.base.words import counted
from tasks.params.evaluation import Evaluate
from tasks.statistics.bootstrap import MIN_SUBJECTS, Estimate, missing, share_with_interval, spearman, with_interval
from tasks.statistics.grading import choose_threshold

IMPORTED_LATER = ("scipy.stats", "sklearn.metrics")
"""What its functions import: imported once for all stages (flows/forks.py), and not for a photograph's score."""

SPLITS = ("train", "validation", "test")


def evaluate_pairs(pairs: pd.DataFrame, settings: Evaluate) -> dict[str, Any]:
    """Threshold (from validation), binary metrics a split, flag rates by kind and D against severity on test."""
    validation = pairs[pairs["split"] == "validation"]
    if set(validation["label"].unique()) != {0, 1}:
        return {"threshold": None, "reason": "no validation pairs of both labels", "binary": {}, "by_kind": {}}
    threshold = choose_threshold(validation["distance"].to_numpy(float), validation["label"].to_numpy(int))
    splits = {name: pairs[pairs["split"] == name] for name in SPLITS}
    return {
        "threshold": threshold,
        "reason": None,
        "binary": {name: binary_metrics(rows, threshold, settings) for name, rows in splits.items() if len(rows)},
        "by_kind": flag_rates(splits["test"], threshold, settings),
        "severity": severity_correlation(splits["test"], settings),
    }


def binary_metrics(pairs: pd.DataFrame, threshold: float, settings: Evaluate) -> dict[str, Any]:
    """Accuracy, precision, recall of the positive class and AUC at `threshold`, with n and intervals."""
    from sklearn.metrics import accuracy_score, precision_score, recall_score  # slow to import

    label = pairs["label"].to_numpy(int)
    distance = pairs["distance"].to_numpy(float)
    called = (distance <= threshold).astype(int)
    cells = np.stack([(label == 1) & (called == 1), (label == 0) & (called == 1), label == called, label == 1])
    sums = pd.DataFrame(cells.T.astype(float)).groupby(pairs["subject_id"].to_numpy()).sum()
    size = pairs.groupby("subject_id").size().to_numpy(float)
    tp, fp, right, positive = sums.to_numpy().T

    def ratio(top: np.ndarray, bottom: np.ndarray, value: float) -> Estimate:
        def statistic(w: np.ndarray) -> np.ndarray:
            below = w @ bottom
            return np.asarray((w @ top) / np.where(below > 0, below, np.nan))

        return share_with_interval(value, statistic, sums.index.to_numpy(), settings, n_images=len(pairs))

    precision = precision_score(label, called, zero_division=np.nan)
    recall = recall_score(label, called, zero_division=np.nan)
    return {
        "n": len(pairs),
        "n_positive": int(label.sum()),
        "n_negative": int((1 - label).sum()),
        "n_subjects": len(sums),
        "accuracy": ratio(right, size, float(accuracy_score(label, called))),
        "precision": ratio(tp, tp + fp, float(precision)),
        "recall": ratio(tp, positive, float(recall)),
        "auc": area(pairs, settings),
        "mean_positive": _mean(distance[label == 1]),
        "mean_negative": _mean(distance[label == 0]),
    }


def area(pairs: pd.DataFrame, settings: Evaluate) -> Estimate:
    """Area under the ROC curve: how often a negative pair lies further apart than a positive one."""
    label = pairs["label"].to_numpy(int)
    names, member = np.unique(pairs["subject_id"].to_numpy(str), return_inverse=True)
    if len(np.unique(label)) < 2:
        return missing("only one label occurs", n_images=len(pairs), n_subjects=len(names))
    from sklearn.metrics import roc_auc_score  # slow to import

    distance = pairs["distance"].to_numpy(float)
    wins = _wins(distance, label, member)
    positive = np.bincount(member, label, minlength=len(names)).astype(float)
    negative = np.bincount(member, 1 - label, minlength=len(names)).astype(float)

    def statistic(w: np.ndarray) -> np.ndarray:
        pairs_of = (w @ positive) * (w @ negative)
        return np.asarray(((w @ wins) * w).sum(1) / np.where(pairs_of > 0, pairs_of, np.nan))

    return with_interval(float(roc_auc_score(label, -distance)), statistic, names, settings, n_images=len(pairs))


def _wins(distance: np.ndarray, label: np.ndarray, member: np.ndarray) -> np.ndarray:  # (n,) each -> (S, S)
    """For subjects s, t: positives of s below negatives of t, ties half; resampled AUC is a sum over it."""
    count = int(member.max()) + 1
    wins = np.zeros((count, count))
    ours, owner = distance[label == 1], member[label == 1]
    for t in range(count):
        theirs = np.sort(distance[(label == 0) & (member == t)])
        above = len(theirs) - np.searchsorted(theirs, ours, "right")
        ties = np.searchsorted(theirs, ours, "right") - np.searchsorted(theirs, ours, "left")
        wins[:, t] = np.bincount(owner, above + ties / 2.0, minlength=count)
    return wins


def flag_rates(pairs: pd.DataFrame, threshold: float, settings: Evaluate) -> dict[str, Any]:
    """For each kind of pair: its label, n, and the share with D above the threshold, with interval."""
    return {
        str(kind): {
            "label": int(rows["label"].iloc[0]),
            "n": len(rows),
            "flagged": _flag_rate(rows, threshold, settings),
        }
        for kind, rows in pairs.groupby("kind", sort=True)
    }


def _flag_rate(rows: pd.DataFrame, threshold: float, settings: Evaluate) -> Estimate:
    by_subject = (rows["distance"] > threshold).groupby(rows["subject_id"])
    over, n = by_subject.sum().to_numpy(float), by_subject.size().to_numpy(float)
    names = by_subject.size().index.to_numpy()
    value = float(over.sum() / n.sum())
    return share_with_interval(value, lambda w: (w @ over) / (w @ n), names, settings, n_images=len(rows))


def severity_correlation(pairs: pd.DataFrame, settings: Evaluate) -> Estimate:
    """Spearman's rho of D with the deformation's severity over the negative pairs; null where none is known."""
    rows = pairs[(pairs["label"] == 0) & pairs["severity"].notna()]
    size = {"n_images": len(rows), "n_subjects": rows["subject_id"].nunique()}
    if rows["severity"].nunique() < 2 or rows["distance"].nunique() < 2:
        return missing("severity or D does not vary", **size)
    if size["n_subjects"] < MIN_SUBJECTS:
        return missing(f"{counted(size['n_subjects'], 'subject')}, {MIN_SUBJECTS} needed", **size)
    x, y = rows["distance"].to_numpy(float), rows["severity"].to_numpy(float)
    value = float(scipy.stats.spearmanr(x, y).statistic)
    return with_interval(value, lambda w: spearman(w, x, y), rows["subject_id"].to_numpy(), settings)


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
