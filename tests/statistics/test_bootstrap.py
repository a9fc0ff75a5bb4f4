from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tasks.params.evaluation import Evaluate
from tasks.statistics import bootstrap as b


def mean(values: np.ndarray) -> Any:
    return lambda w: (w @ values) / w.sum(1)


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_weighted_correlations_are_scipys_on_the_repeated_items(name: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 6, 30).astype(float), rng.normal(size=30).round(1)
    weights = rng.integers(0, 4, (25, 30)).astype(float)
    ours = getattr(b, name)(weights, x, y)
    for row, found in zip(weights.astype(int), ours, strict=True):
        x_all, y_all = np.repeat(x, row), np.repeat(y, row)
        expected = stats.pearsonr(x_all, y_all) if name == "pearson" else stats.spearmanr(x_all, y_all)
        assert found == pytest.approx(expected.statistic)


def test_a_side_that_does_not_vary_has_no_correlation() -> None:
    weights = np.ones((1, 4))
    flat, slope = np.full(4, 0.1), np.arange(4.0)
    assert np.isnan(b.pearson(weights, flat, slope)).all()
    assert np.isnan(b.spearman(weights, slope, flat)).all()


@pytest.mark.parametrize("same", [0.0, 0.1, 7.3])
@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_a_resample_of_equal_values_has_no_correlation_whatever_the_value(name: str, same: float) -> None:
    rng = np.random.default_rng(0)
    values = np.r_[np.full(40, same), rng.normal(1.1, 1, 5)]
    weights = np.c_[rng.integers(0, 4, (50, 40)), np.zeros((50, 5))].astype(float)
    assert np.isnan(getattr(b, name)(weights, values, rng.normal(size=45))).all()
    assert np.isfinite(getattr(b, name)(np.ones((1, 45)), values, rng.normal(size=45))).all()


def test_same_seed_same_draws_and_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values, subjects = np.arange(12.0), np.repeat(["a", "b", "c", "d"], 3)
    whole = b.bootstrap(mean(values), subjects, resamples=50, seed=1)
    monkeypatch.setattr(b, "_CELLS", 30)
    assert (b.bootstrap(mean(values), subjects, resamples=50, seed=1) == whole).all()
    assert (b.bootstrap(mean(values), subjects, resamples=50, seed=2) != whole).any()


def test_whole_subjects_are_drawn() -> None:
    subjects = np.array(["a", "a", "b", "c"])

    def alike(w: np.ndarray) -> np.ndarray:
        found: np.ndarray = (w[:, 0] == w[:, 1]).astype(float) * (w[:, 0] + w[:, 2] + w[:, 3] == 3)
        return found

    assert b.bootstrap(alike, subjects, resamples=40, seed=0).all()


def test_intervals_cover_a_known_mean_and_ignoring_subjects_would_not(settings: Evaluate) -> None:
    rng = np.random.default_rng(3)
    hits = {"subjects": 0, "items": 0}
    for _ in range(150):
        values = (rng.normal(size=(30, 1)) + rng.normal(0, 0.3, size=(30, 5))).ravel()
        for how, who in (("subjects", np.repeat(np.arange(30), 5)), ("items", np.arange(150))):
            found = b.with_interval(values.mean(), mean(values), who, settings)
            hits[how] += found["low"] <= 0 <= found["high"]
    assert hits["subjects"] / 150 > 0.88
    assert hits["items"] / 150 < 0.75


def test_intervals_of_a_correlation_cover_it(settings: Evaluate) -> None:
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(150):
        x, y = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 60).T
        found = b.with_interval(0.0, partial(b.pearson, x=x, y=y), np.arange(60), settings)
        hits += found["low"] <= 0.6 <= found["high"]
    assert 0.87 < hits / 150 <= 1.0


def test_no_interval_is_said_not_invented(settings: Evaluate) -> None:
    values = np.array([0.0, 1.0, 0.0, 1.0])
    two = b.with_interval(0.5, mean(values), ["a", "a", "b", "b"], settings)
    assert (two["value"], two["low"]) == (0.5, None)
    assert "2 subjects" in two["reason"]
    undefined = b.with_interval(float("nan"), mean(values), list("abcd"), settings)
    assert undefined["value"] is None
    assert undefined["reason"]
    never = b.with_interval(0.5, lambda w: np.full(len(w), np.nan), list("abcd"), settings)
    assert "undefined in most" in never["reason"]


def test_all_right_is_not_certainty(settings: Evaluate) -> None:
    found = b.share_with_interval(1.0, mean(np.ones(20)), np.repeat(np.arange(10), 2), settings)
    assert found["low"] == pytest.approx(stats.binomtest(10, 10).proportion_ci(0.95).low)
    assert (found["high"], found["reason"]) == (1.0, None)


def test_an_image_without_subject_stands_for_itself() -> None:
    frame = pd.DataFrame({"image_id": ["i", "j", "k", "l"], "subject_id": ["s", "s", None, None]})
    names = b.clusters(frame)
    assert names[0] == names[1]
    assert len(set(names)) == 3
