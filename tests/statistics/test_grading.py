import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score

from tasks.evaluation.symmetry.published import PUBLISHED
from tasks.statistics.grading import (
    GradeScale,
    chance_accuracy,
    choose_threshold,
    confusion,
    constant_accuracy,
    fit_scale,
    quadratic_kappa,
    weighted_accuracy,
    weighted_precision,
)

# The worked example of docs/grading.md.
ACTUAL = np.array([1, 1, 1, 1, 2, 2, 2, 3, 3, 5])
CALLED = np.array([1, 1, 2, 3, 2, 2, 1, 3, 5, 4])


def test_the_worked_example_of_the_docs() -> None:
    counts = confusion(ACTUAL, CALLED, grades=5)
    assert weighted_accuracy(counts) == pytest.approx((1 + 1 + 0.75 + 0.5 + 1 + 1 + 0.75 + 1 + 0.5 + 0.75) / 10)
    by_grade = [2.75 / 3, 2.75 / 3, 1.5 / 2, 0.75, 0.5]
    assert weighted_precision(counts) == pytest.approx(np.dot([4, 3, 2, 0, 1], by_grade) / 10)
    assert chance_accuracy(counts) == pytest.approx(0.66)
    assert constant_accuracy(counts) == pytest.approx(0.775)


def test_perfect_grades_earn_all_and_opposite_ends_nothing() -> None:
    grades = np.array([1, 2, 3, 4, 5, 5])
    counts = confusion(grades, grades, grades=5)
    assert weighted_accuracy(counts) == weighted_precision(counts) == quadratic_kappa(counts) == 1
    ends = confusion(np.array([1, 5]), np.array([5, 1]), grades=5)
    assert weighted_accuracy(ends) == weighted_precision(ends) == 0


def test_a_farther_miss_costs_more() -> None:
    near, far = (confusion(np.array([1, 2, 5]), np.array([missed, 2, 5]), grades=5) for missed in (2, 5))
    assert weighted_accuracy(near) > weighted_accuracy(far)
    assert weighted_precision(near) > weighted_precision(far)


def test_a_grade_that_occurs_but_is_never_called_has_no_precision() -> None:
    counts = confusion(np.array([1, 1, 2, 2]), np.array([1, 1, 1, 1]), grades=5)
    assert weighted_precision(counts) == pytest.approx(0.5 * (1 + 1 + 0.75 + 0.75) / 4)


def test_chance_is_the_mean_over_shuffled_grades() -> None:
    rng = np.random.default_rng(1)
    shuffled = [weighted_accuracy(confusion(ACTUAL, rng.permutation(CALLED), grades=5)) for _ in range(800)]
    assert chance_accuracy(confusion(ACTUAL, CALLED, grades=5)) == pytest.approx(np.mean(shuffled), abs=0.015)


def test_kappa_from_counts_is_scikit_learns() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        actual, called = rng.integers(1, 6, (2, 30))
        counts = confusion(actual, called, grades=5)
        expected = cohen_kappa_score(actual, called, weights="quadratic", labels=[1, 2, 3, 4, 5])
        assert quadratic_kappa(counts) == pytest.approx(expected)


def test_statistics_of_counts_work_on_many_resamples_at_once() -> None:
    rng = np.random.default_rng(3)
    stack = rng.integers(0, 9, (7, 5, 5)).astype(float)
    for statistic in (weighted_accuracy, weighted_precision, quadratic_kappa):
        assert statistic(stack) == pytest.approx([float(statistic(counts)) for counts in stack])


def test_typical_positive_is_one_and_typical_negative_is_five() -> None:
    scale = fit_scale(
        np.array([0.1, 0.2, 0.3]),
        np.array([0.9, 1.0, 1.1]),
        positive_quantile=0.5,
        negative_quantile=0.5,
        grades=5,
    )
    assert scale.grade(np.array([0.2, 0.4, 0.6, 0.8, 1.0])).tolist() == [1, 2, 3, 4, 5]
    assert scale.position(np.array([0.2, 0.6, 1.0, 1.2])) == pytest.approx([1, 3, 5, 6])


def test_grades_are_clipped_never_fall_and_halves_go_up() -> None:
    scale = GradeScale(low=0.0, high=4.0, grades=5)
    assert scale.grade(np.array([-9.0, 0.49, 0.5, 1.5, 2.5, 99.0])).tolist() == [1, 1, 2, 3, 4, 5]
    assert (np.diff(scale.grade(np.linspace(-1, 6, 400))) >= 0).all()


def test_a_scale_survives_json() -> None:
    scale = GradeScale(low=0.1234567890123, high=1.9, grades=5)
    assert GradeScale.model_validate_json(scale.model_dump_json()) == scale


def test_a_network_that_sets_nothing_apart_gives_no_scale() -> None:
    same = np.full(5, 0.5)
    with pytest.raises(ValueError, match="must exceed"):
        fit_scale(same, same, positive_quantile=0.5, negative_quantile=0.5, grades=5)
    with pytest.raises(ValueError, match="both labels"):
        fit_scale(same, same[:0], positive_quantile=0.5, negative_quantile=0.5, grades=5)


def test_the_threshold_is_the_middle_of_the_gap() -> None:
    assert choose_threshold(np.array([0.1, 0.2, 0.6, 0.9]), np.array([1, 1, 0, 0])) == pytest.approx(0.4)


def test_of_equally_good_thresholds_the_widest_gap_wins_then_the_lowest() -> None:
    labels = np.array([1, 0, 1, 0])
    assert choose_threshold(np.array([0.0, 0.1, 0.2, 0.7]), labels) == pytest.approx(0.45)
    assert choose_threshold(np.array([0.0, 1.0, 2.0, 3.0]), labels) == pytest.approx(0.5)


def test_no_other_threshold_has_a_higher_balanced_accuracy() -> None:
    rng = np.random.default_rng(4)
    labels = np.r_[np.ones(40, int), np.zeros(25, int)]
    distances = np.r_[rng.normal(0, 1, 40), rng.normal(1, 1, 25)].round(1)

    def score(threshold: float) -> float:
        return float(balanced_accuracy_score(labels, distances <= threshold))

    best = score(choose_threshold(distances, labels))
    assert best == pytest.approx(max(score(t) for t in np.linspace(-4, 5, 400)))


def test_thresholds_of_degenerate_distances() -> None:
    assert choose_threshold(np.full(4, 0.5), np.array([0, 1, 0, 1])) == 0.5
    with pytest.raises(ValueError, match="both labels"):
        choose_threshold(np.array([0.1, 0.2]), np.array([1, 1]))


def test_published_temporal_precision_is_below_what_balanced_classes_allow() -> None:
    """docs/grading.md: with as many positives as negatives, precision is at least 1 / (3 - 2 accuracy)."""
    rng = np.random.default_rng(5)
    for right, wrong in rng.uniform(size=(500, 2)):
        accuracy, precision = (right + 1 - wrong) / 2, right / (right + wrong)
        if accuracy >= 0.5:
            assert precision >= 1 / (3 - 2 * accuracy) - 1e-12
    for strategy, possible in (("clp", True), ("temporal", False)):
        for split in ("train", "validation", "test"):
            known = PUBLISHED[strategy]
            least = 100 / (3 - 2 * known["accuracy"][split] / 100)
            assert (known["precision"][split] >= least) == possible


def test_which_published_weighted_values_credits_of_146_photographs_can_make() -> None:
    """docs/grading.md: 75.34 is 110 of 146; 69.41 is no number of whole, quarter or sixteenth credits."""
    made = {part: {f"{100 * n / (146 * part):.2f}" for n in range(146 * part + 1)} for part in (1, 4, 16)}
    for credits in made.values():
        assert "75.34" in credits
        assert "69.41" not in credits
