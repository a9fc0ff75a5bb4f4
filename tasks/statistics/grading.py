"""From D to a threshold and to grades 1-5, and how good both are.

In: distances D (n,) >= 0, labels (1 positive = symmetric, 0 negative), grades 1..k. Out: a threshold and
the binary metrics of Table 1; a `GradeScale` and integer grades; weighted accuracy and precision.
Rosero et al. 2025, "Lip Symmetry Evaluation" and Results. Formulas, a worked example and what the paper
leaves open: docs/grading.md. Knows nothing of photographs, raters or strategies.
"""

from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tasks.statistics.ratings import nearest_grade


class GradeScale(BaseModel):
    """The affine map from D to the rating scale, fixed by training pairs alone; `model_dump_json` keeps it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float = Field(description="D that reads as 1: a typical training positive")
    high: float = Field(description="D that reads as `grades`: a typical training negative")
    grades: int = Field(ge=2)

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"negatives' D ({self.high:.4g}) must exceed positives' ({self.low:.4g})")
        return self

    def position(self, distances: np.ndarray) -> np.ndarray:  # (n,) -> (n,) float, unclipped
        """D on the rating scale, neither clipped nor rounded: below 1 is more alike than typical positives."""
        return 1.0 + (self.grades - 1) * (np.asarray(distances, float) - self.low) / (self.high - self.low)

    def grade(self, distances: np.ndarray) -> np.ndarray:  # (n,) -> (n,) int64 in 1..grades
        """The nearest grade, halves upwards, clipped to the scale's ends."""
        return nearest_grade(self.position(distances), grades=self.grades)


def fit_scale(
    positives: np.ndarray,  # (n,) D of training pairs
    negatives: np.ndarray,  # (m,) D of training pairs
    *,
    positive_quantile: float,
    negative_quantile: float,
    grades: int,
) -> GradeScale:
    """The scale on which a typical training positive reads 1 and a typical training negative reads `grades`.

    ValueError when either is empty or the network does not set them apart.
    """
    if not len(positives) or not len(negatives):
        raise ValueError("training pairs of both labels are needed")
    low, high = np.quantile(positives, positive_quantile), np.quantile(negatives, negative_quantile)
    return GradeScale(low=float(low), high=float(high), grades=grades)


def choose_threshold(distances: np.ndarray, labels: np.ndarray) -> float:  # (n,), (n,) int 0/1
    """The D up to which a pair counts as symmetric: highest balanced accuracy on these (validation) pairs.

    Candidates are the middles of the gaps between neighbouring distinct distances. Of equally good ones the
    widest gap wins, then the lowest. With one distinct distance it is that distance. ValueError unless both
    labels occur.
    """
    labels = np.asarray(labels)
    if set(np.unique(labels)) != {0, 1}:
        raise ValueError("a threshold needs validation pairs of both labels")
    from sklearn.metrics import roc_curve  # slow to import

    fpr, tpr, cuts = roc_curve(labels, -np.asarray(distances, float), drop_intermediate=False)
    if len(cuts) == 2:
        return float(-cuts[1])
    upto = -cuts[1:]  # each distinct distance, rising; tpr, fpr hold for "D <= upto"
    balanced = (tpr[1:-1] + 1.0 - fpr[1:-1]) / 2.0
    gaps = np.diff(upto)
    best = np.flatnonzero(np.isclose(balanced, balanced.max(), rtol=0.0, atol=1e-9))
    widest = best[np.argmax(gaps[best])]
    return float(upto[widest] + gaps[widest] / 2.0)


def credit(grades: int) -> np.ndarray:  # (k, k): [actual - 1, predicted - 1]
    """1 for the right grade, falling evenly to 0 for the opposite end: 1 - |a - p| / (k - 1)."""
    steps = np.arange(grades)
    return np.asarray(1.0 - np.abs(steps[:, None] - steps[None, :]) / (grades - 1))


def confusion(actual: np.ndarray, predicted: np.ndarray, *, grades: int) -> np.ndarray:  # -> (k, k) counts
    """Counts by actual (row) and predicted (column) grade."""
    from sklearn.metrics import confusion_matrix  # slow to import

    return np.asarray(confusion_matrix(actual, predicted, labels=np.arange(1, grades + 1)), dtype=float)


def weighted_accuracy(counts: np.ndarray) -> np.ndarray:  # (..., k, k) -> (...)
    """Mean credit of each actual grade, weighted by how often that grade occurs: the mean credit of all."""
    total = counts.sum((-2, -1))
    earned = (counts * credit(counts.shape[-1])).sum((-2, -1))
    return np.asarray(earned / np.where(total > 0, total, np.nan))


def weighted_precision(counts: np.ndarray) -> np.ndarray:  # (..., k, k) -> (...)
    """Mean credit of what was *called* each grade, weighted by how often that grade really occurs.

    A grade that occurs and is never called has precision 0 (scikit-learn's zero_division=0).
    """
    called, occurs = counts.sum(-2), counts.sum(-1)
    earned = (counts * credit(counts.shape[-1])).sum(-2)
    precision = np.where(called > 0, earned / np.where(called > 0, called, 1.0), 0.0)
    total = occurs.sum(-1)
    return np.asarray((precision * occurs).sum(-1) / np.where(total > 0, total, np.nan))


def chance_accuracy(counts: np.ndarray) -> float:  # (k, k)
    """Weighted accuracy expected when the same predicted grades are dealt out at random."""
    actual, predicted = counts.sum(1), counts.sum(0)
    return float(actual @ credit(len(counts)) @ predicted / counts.sum() ** 2)


def constant_accuracy(counts: np.ndarray) -> float:  # (k, k)
    """Weighted accuracy of the best single grade given to everyone: what a method must beat to say anything."""
    return float((counts.sum(1) @ credit(len(counts))).max() / counts.sum())


def quadratic_kappa(counts: np.ndarray) -> np.ndarray:  # (..., k, k) -> (...), NaN where undefined
    """Cohen's kappa with quadratic weights from counts, for many resamples at once."""
    steps = np.arange(counts.shape[-1])
    cost = (steps[:, None] - steps[None, :]) ** 2.0
    total = counts.sum((-2, -1))
    expected = ((counts.sum(-1)[..., :, None] * counts.sum(-2)[..., None, :]) * cost).sum((-2, -1))
    observed = (counts * cost).sum((-2, -1)) * total
    return np.asarray(1.0 - observed / np.where(expected > 0, expected, np.nan))
