"""A planted dependence is found and covered, a shuffled one is not, and severity alone makes no unfairness."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tasks.statistics.bootstrap import estimate
from tasks.statistics.following import following, standing
from tests.study import SETTINGS

PEOPLE = 150
CLUSTERS = pd.Series({f"i{n}": f"p{n}" for n in range(PEOPLE)})


def follows(score: pd.Series, trait: pd.Series, subjects: pd.Series = CLUSTERS, *, least: int = 10) -> Any:
    return following(score.to_frame("x"), trait.to_frame("y"), subjects, SETTINGS, least=least)["y"]["x"]


def within(score: pd.Series, trait: pd.Series, severity: pd.Series, *, bands: int) -> Any:
    own = score.to_frame("x"), trait.to_frame("y")
    return following(*own, CLUSTERS, SETTINGS, least=10, severity=severity, bands=bands)["y"]["x"]


def named(values: np.ndarray) -> pd.Series:
    return pd.Series(values, index=[f"i{n}" for n in range(len(values))])


def drawn(seed: int, share: float) -> tuple[pd.Series, pd.Series]:
    """A trait, and a score whose correlation with it is `share`."""
    rng = np.random.default_rng(seed)
    trait = rng.normal(size=PEOPLE)
    return named(share * trait + np.sqrt(1 - share**2) * rng.normal(size=PEOPLE)), named(trait)


def test_a_planted_dependence_is_found_and_a_shuffled_one_is_not() -> None:
    score, trait = drawn(1, 0.6)
    found = follows(score, trait)
    assert found["value"] == pytest.approx(stats.spearmanr(score, trait).statistic)
    assert standing(found, limit=0.1) == "follows"
    other = named(np.random.default_rng(2).permutation(trait.to_numpy()))
    assert standing(follows(score, other), limit=0.1) != "follows"


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_interval_covers_what_was_planted(share: float) -> None:
    rho = 6 / np.pi * np.arcsin(share / 2)  # Spearman's of a bivariate normal
    found = [follows(*drawn(seed, share)) for seed in range(40)]
    assert sum(own["low"] <= rho <= own["high"] for own in found) >= 34  # 95 % of 40, less three deviations


def test_what_follows_severity_alone_is_not_unfair_at_equal_severity() -> None:
    """The trait goes with severity, the score with severity alone; in bands little of it is left."""
    rng = np.random.default_rng(3)
    severity = named(rng.uniform(size=PEOPLE))
    trait, score = (severity + named(rng.normal(0, 0.1, PEOPLE)) for _ in range(2))
    plain = follows(score, trait)
    banded = within(score, trait, severity, bands=10)
    assert plain["value"] > 0.8
    assert abs(banded["value"]) < 0.25
    unfair = score + 0.3 * trait
    assert standing(within(unfair, trait, severity, bands=10), limit=0.1) == "follows"


def test_one_band_is_the_plain_rho_and_bands_are_their_mean() -> None:
    score, trait = drawn(4, 0.3)
    severity = named(np.arange(PEOPLE, dtype=float))
    one = within(score, trait, severity, bands=1)
    assert one["value"] == pytest.approx(stats.spearmanr(score, trait).statistic)
    three = within(score, trait, severity, bands=3)
    parts = [slice(0, 50), slice(50, 100), slice(100, 150)]
    each = [stats.spearmanr(score.iloc[part], trait.iloc[part]).statistic for part in parts]
    assert three["value"] == pytest.approx(np.mean(each))


def test_a_group_needs_people_on_both_sides() -> None:
    score, _ = drawn(5, 0.0)
    group = named((np.arange(PEOPLE) < 4).astype(float))
    found = follows(score, group)
    assert found["value"] is None
    assert found["reason"] == "4 people in the group and 146 outside it, 10 needed"
    assert follows(score, group, least=4)["value"] is not None
    assert follows(score.iloc[:5], group)["reason"] == "5 people, 10 needed"
    assert "the same for every" in follows(score, group * 0)["reason"]


def test_photographs_of_one_person_are_drawn_together() -> None:
    """The same rows five times over are no more people, so the interval is no narrower."""
    score, trait = drawn(6, 0.4)
    alone = follows(score, trait)
    names = [f"{name}-{copy}" for copy in range(5) for name in score.index]
    many = [pd.Series(np.tile(own.to_numpy(), 5), index=names) for own in (score, trait, CLUSTERS)]
    again = follows(many[0], many[1], many[2])
    assert again["high"] - again["low"] == pytest.approx(alone["high"] - alone["low"], rel=0.15)
    assert again["n_subjects"] == PEOPLE


@pytest.mark.parametrize(
    ("value", "low", "high", "kind"),
    [
        (0.3, 0.1, 0.5, "follows"),
        (-0.3, -0.5, -0.1, "follows"),
        (0.3, -0.1, 0.5, "perhaps"),
        (0.05, 0.01, 0.09, "within"),
    ]
    + [(None, None, None, "unknown"), (0.3, None, None, "perhaps")],
)
def test_what_a_value_stands_for(value: Any, low: Any, high: Any, kind: str) -> None:
    assert standing(estimate(value, low, high, n_images=9, n_subjects=9), limit=0.1) == kind


def test_little_room_for_ranks_and_one_name_for_score_and_trait_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    score, trait = drawn(8, 0.4)
    alone = follows(score, trait)
    named_alike = following(score.to_frame("y"), trait.to_frame("y"), CLUSTERS, SETTINGS, least=10)
    assert named_alike["y"]["y"] == alone
    monkeypatch.setattr("tasks.statistics.following.MOST_BYTES", 0)
    assert follows(score, trait) == alone


def test_pairs_together_are_what_they_are_alone() -> None:
    """A score that most images lack changes nothing for the others."""
    score, trait = drawn(7, 0.4)
    both = pd.DataFrame({"x": score, "rare": score.where(np.arange(PEOPLE) < 30)})
    traits = pd.DataFrame({"y": trait, "z": trait**2})
    found = following(both, traits, CLUSTERS, SETTINGS, least=10)
    assert found["y"]["x"] == follows(score, trait)
    assert found["y"]["rare"]["n_images"] == 30
    assert found["y"]["rare"]["value"] == pytest.approx(stats.spearmanr(score[:30], trait[:30]).statistic)
    assert set(found["z"]) == {"x", "rare"}
