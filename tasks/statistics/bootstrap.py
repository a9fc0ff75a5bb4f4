"""Subject-level bootstrap: whole subjects are drawn with replacement, all their photographs with them.

In: one statistic that takes item weights, and the subject of each item. Out: the statistic over the
resamples, and estimates with percentile intervals (Efron & Tibshirani 1993, chapter 13). A resample is a
row of weights (how often each item was drawn), so every statistic here is computed for all resamples at
once; tests hold each to the library's value on the repeated items. Knows nothing of what is measured.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypedDict

import numpy as np
import pandas as pd

from tasks.base.words import counted
from tasks.params.evaluation import Evaluate

Estimate = dict[str, Any]
"""value, low, high (numbers or null), n_images, n_subjects, reason (null where value and interval exist)."""


class _Size(TypedDict):
    n_images: int
    n_subjects: int


MIN_SUBJECTS = 3
"""With fewer subjects a resample is nearly the sample: no interval is given."""

_CELLS = 4_000_000
_TINY = 1e-12


def bootstrap(
    statistic: Callable[[np.ndarray], np.ndarray],  # (B, n) weights -> (B,) or (B, m)
    subjects: Sequence[Any] | np.ndarray,  # (n,) subject of each item
    *,
    resamples: int,
    seed: int,
) -> np.ndarray:  # (resamples,) or (resamples, m)
    """The statistic over `resamples` draws of subjects; the same seed and subjects give the same draws.

    Draws are computed in batches so that memory does not grow with the number of resamples.
    """
    _, member = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    if resamples * len(member) <= _CELLS:
        return statistic(_drawn(member.astype(np.int32).tobytes(), resamples, seed))
    return np.concatenate([statistic(weights) for weights in _draws(member, resamples, seed)])


@lru_cache(maxsize=4)
def _drawn(member: bytes, resamples: int, seed: int) -> np.ndarray:  # (resamples, n)
    """All draws at once, kept for the next statistics of the same photographs."""
    (weights,) = _draws(np.frombuffer(member, np.int32), resamples, seed)
    weights.flags.writeable = False
    return weights


def _draws(member: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """The weights of the resamples, in batches; `member`: the number of each item's subject."""
    rng, count = np.random.default_rng(seed), int(member.max(initial=-1)) + 1
    chance = np.full(count, 1.0 / count)
    batch = max(1, min(resamples, _CELLS // max(1, len(member))))
    for start in range(0, resamples, batch):
        drawn = rng.multinomial(count, chance, size=min(batch, resamples - start))
        yield drawn.T.astype(float)[member].T  # an item's weights lie side by side: to rank and to sum them takes half


def interval(draws: np.ndarray, *, confidence: float) -> tuple[float, float] | None:
    """Percentile interval of the finite draws; None when fewer than half of them are finite."""
    finite = draws[np.isfinite(draws)]
    if len(finite) * 2 < len(draws) or not len(finite):
        return None
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(finite, [tail, 1.0 - tail])
    return float(low), float(high)


def missing(reason: str, *, n_images: int, n_subjects: int) -> Estimate:
    """An estimate that could not be made, and why."""
    return estimate(None, None, None, n_images=n_images, n_subjects=n_subjects, reason=reason)


def estimate(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    n_images: int,
    n_subjects: int,
    reason: str | None = None,
) -> Estimate:
    """The record every statistic is reported as."""
    ends = {"value": value, "low": low, "high": high}
    return {**ends, "n_images": n_images, "n_subjects": n_subjects, "reason": reason}


def with_interval(
    value: float,
    statistic: Callable[[np.ndarray], np.ndarray],  # (B, n) weights -> (B,)
    subjects: Sequence[Any] | np.ndarray,  # (n,)
    settings: Evaluate,
    *,
    n_images: int | None = None,
) -> Estimate:
    """`value` (from a library, on all items) with the interval of `statistic`; null with a reason where none.

    `n_images` where an item is not one photograph, such as a subject's summed counts.
    """
    count = len(np.unique(np.asarray(subjects, dtype=str)))
    size = _Size(n_images=len(subjects) if n_images is None else n_images, n_subjects=count)
    if not np.isfinite(value):
        return missing("the statistic is undefined on these values", **size)
    if count < MIN_SUBJECTS:
        return estimate(
            value, None, None, reason=f"no interval: {counted(count, 'subject')}, {MIN_SUBJECTS} needed", **size
        )
    draws = bootstrap(statistic, subjects, resamples=settings.resamples, seed=settings.seed)
    return from_draws(value, draws, confidence=settings.confidence, **size)


def from_draws(
    value: float,
    draws: np.ndarray,  # (resamples,)
    *,
    confidence: float,
    n_images: int,
    n_subjects: int,
) -> Estimate:
    """`value` with the interval of its resamples; a reason where they give none."""
    size = _Size(n_images=n_images, n_subjects=n_subjects)
    ends = interval(draws, confidence=confidence)
    if ends is None:
        return estimate(value, None, None, reason="no interval: undefined in most resamples", **size)
    if ends[1] - ends[0] <= _TINY:
        return estimate(value, None, None, reason="no interval: the same in every resample", **size)
    return estimate(value, *ends, reason=None, **size)


def share_with_interval(
    value: float,  # a share, 0..1
    statistic: Callable[[np.ndarray], np.ndarray],
    subjects: Sequence[Any] | np.ndarray,
    settings: Evaluate,
    *,
    n_images: int | None = None,
) -> Estimate:
    """As `with_interval`, for a share. Where no resample differs (all or none), the bootstrap would claim
    certainty: the exact binomial interval is given instead (statsmodels, Clopper-Pearson), with every
    subject counted as one observation, which is the cautious reading.
    """
    found = with_interval(value, statistic, subjects, settings, n_images=n_images)
    n = found["n_subjects"]
    if found["low"] is None and found["value"] in (0.0, 1.0) and n >= MIN_SUBJECTS:
        from statsmodels.stats.proportion import proportion_confint  # slow to import

        low, high = proportion_confint(round(value * n), n, alpha=1.0 - settings.confidence, method="beta")
        return found | {"low": float(low), "high": float(high), "reason": None}
    return found


def clusters(frame: pd.DataFrame) -> np.ndarray:  # (n,) str
    """The subject of each row; a row whose subject is not known stands for itself."""
    known = frame["subject_id"].notna().to_numpy()
    own = ("image " + frame["image_id"].astype(str)).to_numpy(dtype=object)
    return np.where(known, ("subject " + frame["subject_id"].astype(str)).to_numpy(dtype=object), own).astype(str)


def pearson(
    weights: np.ndarray,  # (B, n)
    x: np.ndarray,  # (n,) or (B, n)
    y: np.ndarray,  # (n,) or (B, n)
) -> np.ndarray:  # (B,), NaN where a side does not vary
    """Pearson's r of each resample."""
    if x.ndim == y.ndim == 1:
        return _pearson_of_values(weights, x, y)
    total = weights.sum(1, keepdims=True)
    total = np.where(total > 0, total, np.nan)
    dx = x - (weights * x).sum(1, keepdims=True) / total
    dy = y - (weights * y).sum(1, keepdims=True) / total
    xx, yy, xy = (weights * dx * dx).sum(1), (weights * dy * dy).sum(1), (weights * dx * dy).sum(1)
    return _ratio(xx, yy, xy, (weights * x * x).sum(1), (weights * y * y).sum(1))


def _pearson_of_values(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:  # (B, n), (n,), (n,) -> (B,)
    """The same by one product of matrices, where all resamples have the same values: thirty times as fast."""
    dx, dy = x - x.mean(), y - y.mean()  # sums of squares of large values would lose their digits
    of = np.stack([np.ones_like(dx), dx, dy, dx * dx, dy * dy, dx * dy, x * x, y * y], axis=1)
    total, sum_x, sum_y, xx, yy, xy, all_x, all_y = (weights @ of).T
    total = np.where(total > 0, total, np.nan)
    flat_below = all_x + xx, all_y + yy  # with xx: where all that was drawn is 0, rounding is all that is left of it
    return _ratio(xx - sum_x**2 / total, yy - sum_y**2 / total, xy - sum_x * sum_y / total, *flat_below)


def _ratio(xx: np.ndarray, yy: np.ndarray, xy: np.ndarray, all_x: np.ndarray, all_y: np.ndarray) -> np.ndarray:
    """r of sums of squares and products about the means; NaN where a side is flat beside `all_x`, `all_y` about 0."""
    flat = (xx <= _TINY * all_x) | (yy <= _TINY * all_y)
    return np.where(flat, np.nan, xy / np.sqrt(np.where(flat, 1.0, xx * yy)))


def midranks(weights: np.ndarray, x: np.ndarray) -> np.ndarray:  # (B, n), (n,) -> (B, n)
    """Ranks of `x` within each resample, ties at their mean, up to a constant that no correlation sees."""
    order = np.argsort(x, kind="stable")
    ordered = x[order]
    first = np.r_[True, ordered[1:] != ordered[:-1]]
    held = weights.T[order]
    if not first.all():
        held = np.add.reduceat(held, np.flatnonzero(first), axis=0)
    middle = np.cumsum(held, axis=0) - held / 2.0
    group = np.empty(len(x), int)
    group[order] = np.cumsum(first) - 1
    return middle[group].T


def spearman(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:  # (B, n), (n,), (n,) -> (B,)
    """Spearman's rho of each resample: Pearson's r of its mid-ranks, whose mean is half of the draws."""
    total = weights.sum(1)
    half = total[:, None] / 2.0
    dx, dy = midranks(weights, x) - half, midranks(weights, y) - half
    weighted = weights * dx
    xx, xy = np.einsum("bn,bn->b", weighted, dx), np.einsum("bn,bn->b", weighted, dy)
    yy = np.einsum("bn,bn->b", np.multiply(weights, dy, out=weighted), dy)
    about_zero = total * half[:, 0] ** 2
    return _ratio(xx, yy, xy, xx + about_zero, yy + about_zero)
