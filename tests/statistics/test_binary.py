from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tasks.params.evaluation import Evaluate
from tasks.statistics import binary


def pairs(distance: list[float], label: list[int], *, split: str = "test", subjects: list[str] | None = None) -> Any:
    count = len(distance)
    return pd.DataFrame(
        {
            "pair_id": [f"p{i}" for i in range(count)],
            "split": split,
            "label": label,
            "kind": ["untouched" if one else "clp" for one in label],
            "severity": [0.0 if one else 0.1 * i for i, one in enumerate(label)],
            "subject_id": subjects or [f"s{i}" for i in range(count)],
            "distance": distance,
        }
    )


def test_metrics_by_hand(settings: Evaluate) -> None:
    table = pairs([0.1, 0.2, 0.9, 0.3, 0.8, 0.7], [1, 1, 1, 0, 0, 0])
    found = binary.binary_metrics(table, 0.5, settings)
    assert found["accuracy"]["value"] == pytest.approx(4 / 6)
    assert found["precision"]["value"] == pytest.approx(2 / 3)
    assert found["recall"]["value"] == pytest.approx(2 / 3)
    assert found["auc"]["value"] == pytest.approx(6 / 9)
    assert (found["n"], found["n_positive"], found["n_negative"], found["n_subjects"]) == (6, 3, 3, 6)
    assert found["mean_positive"] == pytest.approx(0.4)


def test_a_pair_at_the_threshold_is_called_symmetric(settings: Evaluate) -> None:
    table = pairs([0.5, 0.5, 0.6, 0.7], [1, 0, 0, 0])
    assert binary.binary_metrics(table, 0.5, settings)["precision"]["value"] == 0.5


def test_resampled_auc_is_scikit_learns_on_the_repeated_pairs() -> None:
    rng = np.random.default_rng(1)
    member = np.repeat(np.arange(6), 5)
    label, distance = rng.integers(0, 2, 30), rng.normal(size=30).round(1)
    wins = binary._wins(distance, label, member)
    for weights in rng.integers(0, 4, (10, 6)):
        times = weights[member]
        expected = roc_auc_score(np.repeat(label, times), -np.repeat(distance, times))
        positive, negative = np.bincount(member, label), np.bincount(member, 1 - label)
        total = (weights @ positive) * (weights @ negative)
        assert weights @ wins @ weights / total == pytest.approx(expected)


def test_nothing_called_symmetric_leaves_precision_null(settings: Evaluate) -> None:
    found = binary.binary_metrics(pairs([0.6, 0.7, 0.8, 0.9], [1, 0, 1, 0]), 0.1, settings)
    assert found["precision"]["value"] is None
    assert found["precision"]["reason"]
    assert found["recall"]["value"] == 0


def test_one_label_only_leaves_auc_null(settings: Evaluate) -> None:
    found = binary.binary_metrics(pairs([0.1, 0.2, 0.3], [1, 1, 1]), 0.5, settings)
    assert found["auc"]["value"] is None
    assert "one label" in found["auc"]["reason"]
    assert found["mean_negative"] is None


def test_without_validation_there_is_no_threshold(settings: Evaluate) -> None:
    found = binary.evaluate_pairs(pairs([0.1, 0.9], [1, 0], split="train"), settings)
    assert found["threshold"] is None
    assert "validation" in found["reason"]


def test_the_threshold_does_not_see_the_test_split(settings: Evaluate) -> None:
    seen = pairs([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0], split="validation", subjects=list("abcd"))
    for test in ([0.1, 0.9, 0.9, 0.1], [5.0, 6.0, 7.0, 8.0]):
        table = pd.concat([seen, pairs(test, [1, 0, 1, 0], subjects=list("efgh"))])
        assert binary.evaluate_pairs(table, settings)["threshold"] == pytest.approx(0.5)


def test_flag_rates_by_kind(settings: Evaluate) -> None:
    found = binary.flag_rates(pairs([0.1, 0.9, 0.2, 0.8, 0.7, 0.3], [1, 1, 1, 0, 0, 0]), 0.5, settings)
    assert found["clp"]["flagged"]["value"] == pytest.approx(2 / 3)
    assert found["untouched"]["flagged"]["value"] == pytest.approx(1 / 3)
    assert (found["untouched"]["label"], found["clp"]["n"]) == (1, 3)


def test_severity_correlates_over_negatives_only(settings: Evaluate) -> None:
    found = binary.severity_correlation(pairs([9, 9, 0.1, 0.2, 0.3, 0.4], [1, 1, 0, 0, 0, 0]), settings)
    assert found["value"] == pytest.approx(1)
    assert found["n_images"] == 4
    flat = binary.severity_correlation(pairs([0.1, 0.5], [1, 0]), settings)
    assert flat["value"] is None
