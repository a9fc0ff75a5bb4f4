"""Raters against themselves: scikit-learn's kappa, an interval over people, and what cannot be said."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from flows import PROJECT
from tasks.params import load
from tasks.params.evaluation import Evaluate
from tasks.schemas.ingest import REPEATS
from tasks.statistics.intra import with_themselves

SETTINGS = load(Evaluate, "evaluate", PROJECT / "params.yaml").model_copy(update={"resamples": 200})


def repeats(first: list[int], again: list[int], rater: str = "anna", scale: str = "CARS") -> pd.DataFrame:
    rows = [
        {"image_id": f"i{n}", "subject_id": f"s{n}", "rater_id": rater, "rater_role": "lay", "scale": scale}
        | {"first": float(one), "again": float(two)}
        for n, (one, two) in enumerate(zip(first, again, strict=True))
    ]
    return pd.DataFrame(rows)


def test_agreement_is_the_librarys_with_an_interval_over_people() -> None:
    rng = np.random.default_rng(1)
    first = rng.integers(1, 6, 40)
    again = np.clip(first + rng.integers(-1, 2, 40), 1, 5)
    own = with_themselves(repeats(list(first), list(again)), SETTINGS)["CARS"]["anna"]
    assert own["kappa"]["value"] == pytest.approx(cohen_kappa_score(first, again, weights="quadratic"))
    assert own["kappa"]["low"] < own["kappa"]["value"] < own["kappa"]["high"] <= 1
    assert own["same"] == pytest.approx(np.mean(first == again))
    assert own["distance"] == pytest.approx(np.abs(first - again).mean())


def test_raters_and_scales_stand_apart() -> None:
    same, other = repeats([1, 2, 5, 4], [1, 2, 5, 4]), repeats([1, 2, 5, 4], [5, 1, 2, 1], "ben", "symmetry")
    found = with_themselves(pd.concat([same, other]), SETTINGS)
    assert found["CARS"]["anna"]["kappa"]["value"] == 1
    assert found["symmetry"]["ben"]["kappa"]["value"] < 0.1


def test_what_cannot_be_said_has_a_reason() -> None:
    assert with_themselves(REPEATS.table([]).to_pandas(), SETTINGS) == {}
    assert (
        with_themselves(repeats([3, 3], [3, 3]), SETTINGS)["CARS"]["anna"]["kappa"]["reason"]
        == "every answer is the same"
    )
    few = with_themselves(repeats([1, 3], [2, 3]), SETTINGS)["CARS"]["anna"]["kappa"]
    assert few["value"] is not None
    assert few["low"] is None
    assert "2 subjects, 3 needed" in few["reason"]
