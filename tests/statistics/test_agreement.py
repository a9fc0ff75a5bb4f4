from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pingouin import intraclass_corr
from scipy import stats
from statsmodels.stats.inter_rater import fleiss_kappa

from tasks.params.evaluation import Evaluate
from tasks.statistics import agreement
from tasks.statistics.ratings import prepare_ratings

# Shrout & Fleiss 1979, table 2: six targets, four judges; their ICC(2,4) is 0.62.
SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)

# Fleiss' example as usually given: ten subjects, fourteen raters, five categories; kappa is 0.210.
FLEISS = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)


def matrix(values: np.ndarray) -> pd.DataFrame:
    names = [f"r{i}" for i in range(values.shape[1])]
    return pd.DataFrame(values, columns=names, index=[f"i{i:02d}" for i in range(len(values))])


def cluster(values: np.ndarray) -> np.ndarray:
    return np.array([f"s{i:02d}" for i in range(len(values))])


def test_fleiss_kappa_of_the_textbook_example(settings: Evaluate) -> None:
    scores = np.array([np.repeat(np.arange(1, 6), row) for row in FLEISS], float)
    found = agreement.fleiss(matrix(scores), cluster(scores), settings)
    assert found["value"] == pytest.approx(0.210, abs=5e-4)
    assert found["low"] < found["value"] < found["high"]


def test_icc_of_shrout_and_fleiss(settings: Evaluate) -> None:
    wide = settings.model_copy(update={"grades": 10})
    found = agreement.icc_2k(matrix(SHROUT_FLEISS), cluster(SHROUT_FLEISS), wide)
    assert found["value"] == pytest.approx(0.620, abs=5e-4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_weighted_icc_is_pingouins_on_the_repeated_images() -> None:
    weights = np.random.default_rng(1).integers(0, 3, (6, 6)).astype(float)
    for row in weights[weights.sum(1) > 2]:
        x = np.repeat(SHROUT_FLEISS, row.astype(int), axis=0)
        long = matrix(x).rename_axis("image").reset_index().melt("image", var_name="rater")
        table = intraclass_corr(long, targets="image", raters="rater", ratings="value").set_index("Type")
        assert agreement.weighted_icc_2k(row[None], SHROUT_FLEISS)[0] == pytest.approx(table.loc["ICC(A,k)", "ICC"])


def test_bootstrapped_fleiss_is_statsmodels_on_the_repeated_images(settings: Evaluate) -> None:
    scores = np.array([np.repeat(np.arange(1, 6), row) for row in FLEISS], float)
    seen: list[np.ndarray] = []

    def spy(value: Any, statistic: Any, subjects: Any, settings: Evaluate, **_: Any) -> Any:
        seen.append(statistic(np.array([[2.0, 0, 1, 1, 3, 1, 0, 0, 1, 1]])))
        return {"value": value}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agreement, "with_interval", spy)
        agreement.fleiss(matrix(scores), cluster(scores), settings)
    assert seen[0][0] == pytest.approx(fleiss_kappa(np.repeat(FLEISS, [2, 0, 1, 1, 3, 1, 0, 0, 1, 1], axis=0)))


def test_raters_who_agree_fully(settings: Evaluate) -> None:
    scores = np.tile(np.array([1, 2, 3, 4, 5, 3.0])[:, None], (1, 3))
    assert agreement.fleiss(matrix(scores), cluster(scores), settings)["value"] == pytest.approx(1)
    assert agreement.icc_2k(matrix(scores), cluster(scores), settings)["value"] == pytest.approx(1)
    assert agreement.mean_pairwise_kappa(matrix(scores), cluster(scores), settings)["value"] == pytest.approx(1)


def test_names_of_raters_and_order_of_images_do_not_matter(settings: Evaluate) -> None:
    one = matrix(SHROUT_FLEISS.clip(1, 5))
    two = one.iloc[::-1][["r2", "r0", "r3", "r1"]]
    for measure in (agreement.fleiss, agreement.icc_2k, agreement.mean_pairwise_kappa):
        a = measure(one, cluster(SHROUT_FLEISS), settings)
        b = measure(two, cluster(SHROUT_FLEISS)[::-1], settings)
        assert a["value"] == pytest.approx(b["value"])
        assert a["low"] == pytest.approx(b["low"])


def test_degenerate_ratings_are_null_with_a_reason(settings: Evaluate) -> None:
    same, lone = np.full((5, 3), 2.0), SHROUT_FLEISS[:, :1]
    for measure in (agreement.fleiss, agreement.icc_2k, agreement.mean_pairwise_kappa):
        for scores in (same, lone):
            found = measure(matrix(scores), cluster(scores), settings)
            assert found["value"] is None
            assert found["reason"]
    few = agreement.fleiss(matrix(SHROUT_FLEISS[:2]), cluster(SHROUT_FLEISS[:2]), settings)
    assert "2 subjects" in few["reason"]


def test_missing_ratings_are_counted_not_filled(study: SimpleNamespace, settings: Evaluate) -> None:
    ratings = study.ratings.copy()
    ratings.loc[ratings["image_id"].isin(["image-000-0", "image-003-1"]) & (ratings["rater_id"] == "l1"), "score"] = (
        None
    )
    usable = prepare_ratings(ratings, scale="CARS", grades=5)
    images = usable.rows["image_id"].unique()
    found = agreement.evaluate_raters(usable.rows, pd.Series(images, index=images), settings)
    assert (found["n_images"], found["n_complete"], found["n_incomplete"]) == (50, 48, 2)
    assert found["fleiss_kappa"]["n_images"] == 48
    assert found["quadratic_kappa"]["n_images"] == 50
    assert found["raters"]["l1"]["with_others"]["n_images"] == 48


def test_the_unreliable_rater_is_flagged_and_only_that_one(study: SimpleNamespace, settings: Evaluate) -> None:
    usable = prepare_ratings(study.ratings, scale="CARS", grades=5)
    images = usable.rows["image_id"].unique()
    found = agreement.evaluate_raters(usable.rows, pd.Series(images, index=images), settings)
    assert found["flagged"] == ["l4"]
    standings = {name: row["standing"] for name, row in found["raters"].items()}
    assert standings.pop("l4") == "unlike the others"
    assert set(standings.values()) == {"in line"}


def test_a_rater_who_always_says_the_same_is_flagged(settings: Evaluate) -> None:
    rng = np.random.default_rng(6)
    truth = rng.integers(1, 6, 20).astype(float)
    scores = np.stack([truth, np.clip(truth + rng.integers(-1, 2, 20), 1, 5), np.full(20, 3.0)], axis=1)
    found = agreement.each_rater(matrix(scores), cluster(scores), dict.fromkeys(["r0", "r1", "r2"], "lay"), settings)
    assert [name for name, row in found.items() if row["flagged"]] == ["r2"]
    assert found["r2"]["with_others"]["value"] is None


def test_the_ceiling_of_one_member_is_the_others_mean_correlation_with_them(settings: Evaluate) -> None:
    x = SHROUT_FLEISS
    found = agreement.rater_ceiling(matrix(x), ["r0"], ["r0", "r1", "r2", "r3"], cluster(x), settings)
    expected = [stats.pearsonr(x[:, j], x[:, 0]).statistic for j in (1, 2, 3)]
    assert found["value"] == pytest.approx(np.mean(expected))


def test_the_ceiling_of_all_leaves_each_rater_out(settings: Evaluate) -> None:
    x, raters = SHROUT_FLEISS, ["r0", "r1", "r2", "r3"]
    found = agreement.rater_ceiling(matrix(x), raters, raters, cluster(x), settings)
    expected = [stats.pearsonr(x[:, j], np.delete(x, j, axis=1).mean(1)).statistic for j in range(4)]
    assert found["value"] == pytest.approx(np.mean(expected))


def test_there_is_no_ceiling_without_a_peer(settings: Evaluate) -> None:
    found = agreement.rater_ceiling(matrix(SHROUT_FLEISS), ["r0"], ["r0"], cluster(SHROUT_FLEISS), settings)
    assert found["value"] is None
    assert found["reason"]


def test_a_peer_who_rated_few_images_leaves_a_ceiling(settings: Evaluate) -> None:
    x = np.tile(SHROUT_FLEISS, (3, 1))
    x[3:, 1] = np.nan
    found = agreement.rater_ceiling(matrix(x), ["r0"], ["r1"], cluster(x), settings)
    assert found["value"] == pytest.approx(stats.pearsonr(x[:3, 1], x[:3, 0]).statistic)


def test_an_icc_outside_its_range_is_null_with_the_reason(settings: Evaluate) -> None:
    """Two raters who rate against each other: the variances cancel, and the formula gives what no agreement is."""
    scores = np.array([[1, 5], [5, 1], [2, 4], [4, 2], [3, 4], [1, 4]], float)
    raw = agreement._pingouin_icc(scores)
    assert abs(raw) > 1
    found = agreement.icc_2k(matrix(scores), cluster(scores), settings)
    assert (found["value"], found["low"]) == (None, None)
    assert found["reason"] == f"the estimate, {raw:.3g}, is no agreement (-1 to 1): too few or too uniform ratings"
    assert found["n_images"] == 6


def test_no_interval_leaves_the_range(settings: Evaluate) -> None:
    rng = np.random.default_rng(4)
    for size in (4, 6, 9):
        scores = rng.integers(1, 6, (size, 3)).astype(float)
        for measure in (agreement.fleiss, agreement.icc_2k, agreement.mean_pairwise_kappa):
            found = measure(matrix(scores), cluster(scores), settings)
            assert all(found[end] is None or -1 <= found[end] <= 1 for end in ("value", "low", "high"))
            assert found["reason"] or None not in (found["value"], found["low"])


def sparse(few: int) -> tuple[np.ndarray, np.ndarray]:
    """120 photographs: two raters who agree on all, and a third who rated a few of them, each time the other way."""
    truth = np.tile(np.arange(1.0, 6.0), 24)
    third = np.where(np.arange(120) < few, 6 - truth, np.nan)
    rng = np.random.default_rng(2)
    other = np.clip(truth + rng.integers(-1, 2, 120), 1, 5)
    return np.stack([truth, other], axis=1), np.stack([truth, other, third], axis=1)


@pytest.mark.parametrize("few", [1, 2, 6])
def test_a_rater_with_two_ratings_does_not_weigh_like_one_with_all(settings: Evaluate, few: int) -> None:
    two, three = sparse(few)
    alone = agreement.mean_pairwise_kappa(matrix(two), cluster(two), settings)["value"]
    found = agreement.mean_pairwise_kappa(matrix(three), cluster(three), settings)["value"]
    assert alone > 0.8
    assert found == pytest.approx(alone) if few < 3 else 0.6 < found < alone
    raters = ["r0", "r1", "r2"]
    ceiling = agreement.rater_ceiling(matrix(three), raters, raters, cluster(three), settings)["value"]
    assert ceiling > 0.7


def test_nobody_is_in_line_without_evidence(settings: Evaluate) -> None:
    _, scores = sparse(2)
    roles = dict.fromkeys(["r0", "r1", "r2"], "lay")
    found = agreement.each_rater(matrix(scores), cluster(scores), roles, settings)
    assert [found[name]["standing"] for name in roles] == [
        "in line",
        "in line",
        "not known: 2 subjects rated by both sides, 3 needed",
    ]
    scores[:5, 2] = scores[:5, 0]
    found = agreement.each_rater(matrix(scores), cluster(scores), roles, settings)
    assert found["r2"]["with_others"]["value"] > 0.9
    assert found["r2"]["standing"] == "not known: 5 subjects rated by both sides, 10 needed"
