import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tasks.params.evaluation import Evaluate
from tasks.statistics import correlation as c

IMAGES = [f"i{n:02d}" for n in range(24)]
SUBJECTS = pd.Series([f"s{n // 2}" for n in range(24)], index=IMAGES)
RNG = np.random.default_rng(9)
TRUTH = pd.Series(RNG.uniform(size=24), index=IMAGES)
NEAR = TRUTH + RNG.normal(0, 0.05, 24)
FAR = TRUTH + RNG.normal(0, 3.0, 24)


def test_values_are_scipys_and_lie_in_their_intervals(settings: Evaluate) -> None:
    found = c.correlate(FAR, TRUTH, SUBJECTS, settings)
    assert found["pearson"]["value"] == pytest.approx(stats.pearsonr(FAR, TRUTH).statistic)
    assert found["spearman"]["value"] == pytest.approx(stats.spearmanr(FAR, TRUTH).statistic)
    for one in found.values():
        assert one["low"] < one["value"] < one["high"]
        assert (one["n_images"], one["n_subjects"], one["reason"]) == (24, 12, None)


def test_units_and_order_change_nothing(settings: Evaluate) -> None:
    one = c.correlate(NEAR, TRUTH, SUBJECTS, settings)
    scaled = c.correlate(5 + 30 * NEAR.sample(frac=1, random_state=1), TRUTH, SUBJECTS, settings)
    for name in ("pearson", "spearman"):
        assert [scaled[name][k] for k in ("value", "low", "high")] == pytest.approx(
            [one[name][k] for k in ("value", "low", "high")]
        )


def test_only_images_with_both_values_count(settings: Evaluate) -> None:
    partial = NEAR.copy()
    partial.iloc[:4] = np.nan
    found = c.correlate(partial, TRUTH.iloc[2:], SUBJECTS, settings)
    assert (found["pearson"]["n_images"], found["pearson"]["n_subjects"]) == (20, 10)


@pytest.mark.parametrize(
    ("score", "why"),
    [(TRUTH * 0 + 1, "the same for every image"), (TRUTH.iloc[:4], "2 subjects"), (TRUTH.iloc[:0], "0 subjects")],
)
def test_degenerate_scores_are_null_with_a_reason(score: pd.Series, why: str, settings: Evaluate) -> None:
    for found in c.correlate(score, TRUTH, SUBJECTS, settings).values():
        assert (found["value"], found["low"], found["high"]) == (None, None, None)
        assert why in found["reason"]


def test_a_network_that_loses_is_said_to(settings: Evaluate) -> None:
    lost = c.difference(FAR, NEAR, TRUTH, SUBJECTS, settings)
    won = c.difference(NEAR, FAR, TRUTH, SUBJECTS, settings)
    assert (lost["verdict"], won["verdict"]) == ("worse", "better")
    assert lost["spearman_difference"]["value"] == pytest.approx(-won["spearman_difference"]["value"])
    assert "a plain measure does better" in c.finding("D (clp)", "mirror", "truth", lost)
    assert "more closely than" in c.finding("D (clp)", "mirror", "truth", won)


def test_a_network_that_does_not_beat_a_plain_measure_is_said_not_to(settings: Evaluate) -> None:
    other = TRUTH + np.random.default_rng(10).normal(0, 0.05, 24)
    alike = c.difference(NEAR, other, TRUTH, SUBJECTS, settings)
    assert alike["verdict"] == "alike"
    assert "does not beat" in c.finding("D (clp)", "mirror", "truth", alike)
    unknown = c.difference(NEAR.iloc[:2], other, TRUTH, SUBJECTS, settings)
    assert "could not be compared" in c.finding("D (clp)", "mirror", "truth", unknown)


def test_sharing_resamples_makes_differences_sharper_than_separate_intervals(settings: Evaluate) -> None:
    noise = TRUTH + np.random.default_rng(11).normal(0, 0.4, 24)
    close = noise + np.random.default_rng(12).normal(0, 0.01, 24)
    found = c.difference(noise, close, TRUTH, SUBJECTS, settings)["spearman_difference"]
    alone = c.correlate(noise, TRUTH, SUBJECTS, settings)["spearman"]
    assert found["high"] - found["low"] < (alone["high"] - alone["low"]) / 2


def test_within_a_subject_differences_between_subjects_do_not_count(settings: Evaluate) -> None:
    subjects = pd.Series([f"s{n // 4}" for n in range(24)], index=IMAGES)
    offset = pd.Series(np.repeat(RNG.normal(0, 100, 6), 4), index=IMAGES)
    found = c.within_subject(TRUTH + offset, TRUTH, subjects, settings)
    assert found["value"] == pytest.approx(1)
    assert (found["n_images"], found["n_subjects"]) == (24, 6)
    assert c.within_subject(TRUTH, TRUTH, SUBJECTS, settings)["value"] is None


def test_grades_against_ratings(settings: Evaluate) -> None:
    rating = pd.Series([1, 1, 1, 1, 2, 2, 2, 3, 3, 5.0], index=IMAGES[:10])
    grade = pd.Series([1, 1, 2, 3, 2, 2, 1, 3, 5, 4], index=IMAGES[:10])
    found = c.graded(grade, rating, SUBJECTS, settings)
    assert found["weighted_accuracy"]["value"] == pytest.approx(0.825)
    assert found["weighted_precision"]["value"] == pytest.approx(0.8416667)
    assert (found["exact"], found["within_one"]) == (0.5, 0.8)
    assert np.array(found["confusion"]).sum() == 10
    assert c.graded(grade.iloc[:0], rating, SUBJECTS, settings)["weighted_accuracy"]["value"] is None
