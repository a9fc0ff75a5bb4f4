import json
import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tasks.evaluation.comparison import Evaluation
from tasks.evaluation.metrics import finite
from tasks.params.evaluation import Evaluate
from tasks.schemas.evaluation import SCORES
from tests.evaluation.showing import evaluate


def run(study: SimpleNamespace, settings: Evaluate, **changed: Any) -> Evaluation:
    given = {"pairs": study.pairs, "scores": study.scores, "ratings": study.ratings, "references": study.references}
    return evaluate(**(given | changed), settings=settings)


def dumped(evaluation: Evaluation) -> str:
    return json.dumps(evaluation.metrics, allow_nan=False)


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for own in value.values():
            yield from leaves(own)
    elif isinstance(value, list):
        for own in value:
            yield from leaves(own)
    else:
        yield value


def test_everything_the_report_needs_is_there(evaluation: Evaluation) -> None:
    m = evaluation.metrics
    assert list(m["symmetry"]["strategies"]) == ["clp", "temporal"]
    for own in m["symmetry"]["strategies"].values():
        assert list(own["binary"]) == ["test", "train", "validation"]
        assert set(own["cars"]) == {"all", "lay", "medical", "reliable"}
        assert set(own["ratings"]) == set(own["cars"])
        assert set(own["references"]) == {"drawn_severity"}
        assert set(own["by_kind"]) == {"untouched", "both_sided", "clp", "commissure"}
    assert set(m["symmetry"]["baselines"]) == {"mirror_difference"}
    assert set(m["raters"]["ceiling"]) == {"all", "lay", "medical", "reliable"}
    assert m["raters"]["flagged"] == ["l4"]


def test_the_better_network_is_found_better(evaluation: Evaluation) -> None:
    m = evaluation.metrics
    clp, temporal = m["symmetry"]["strategies"]["clp"], m["symmetry"]["strategies"]["temporal"]
    assert clp["references"]["drawn_severity"]["spearman"]["value"] > 0.85
    assert clp["ratings"]["medical"]["pearson"]["value"] > temporal["ratings"]["medical"]["pearson"]["value"]
    verdicts = {
        s: m["symmetry"]["comparisons"][s]["mirror_difference"]["drawn_severity"]["verdict"]
        for s in ("clp", "temporal")
    }
    assert verdicts == {"clp": "better", "temporal": "worse"}


def without_counts(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_counts(own) for k, own in value.items() if k not in ("n_scored", "n_unscored")}
    return value


def test_photographs_that_nobody_rated_change_nothing_but_their_count(
    evaluation: Evaluation, study: SimpleNamespace, settings: Evaluate
) -> None:
    """Such as unrepaired clefts, or generated pictures on another scale."""
    rows = [
        {"image_id": f"unrepaired{n}", "subject_id": f"u{n}", "method": method, "score": 0.5 + n}
        for n in range(6)
        for method in sorted(set(study.scores["method"]))
    ]
    said = {"image_id": "f00d", "rater_id": "anyone", "rater_role": "medical", "scale": "another", "score": 5.0}
    more = run(
        study,
        settings,
        scores=pd.concat([study.scores, pd.DataFrame(rows)], ignore_index=True),
        ratings=pd.concat([study.ratings, pd.DataFrame([said])], ignore_index=True),
    )
    dropped = more.metrics["raters"].pop("dropped")
    known = evaluation.metrics | {"raters": {k: v for k, v in evaluation.metrics["raters"].items() if k != "dropped"}}
    assert dropped == evaluation.metrics["raters"]["dropped"] | {"another scale": 1}
    assert without_counts(more.metrics) == without_counts(known)
    assert (
        more.metrics["symmetry"]["strategies"]["clp"]["n_scored"]
        == evaluation.metrics["symmetry"]["strategies"]["clp"]["n_scored"] + 6
    )


def test_an_unreliable_rater_does_not_lower_the_mark(evaluation: Evaluation, study: SimpleNamespace) -> None:
    wide = study.ratings.pivot(index="image_id", columns="rater_id", values="score")
    peers = [wide[j].corr(wide["m1"]) for j in ("l1", "l2", "l3")]
    assert evaluation.metrics["raters"]["ceiling"]["medical"]["value"] == pytest.approx(np.mean(peers))


def test_metrics_are_finite_json_with_sorted_keys(evaluation: Evaluation) -> None:
    assert json.dumps(evaluation.metrics, sort_keys=True) == dumped(evaluation)
    kinds = {type(leaf) for leaf in leaves(evaluation.metrics)}
    assert kinds <= {str, int, float, bool, type(None)}
    assert all(math.isfinite(leaf) for leaf in leaves(evaluation.metrics) if isinstance(leaf, float))


def test_a_null_always_has_a_reason(evaluation: Evaluation) -> None:
    def check(value: Any) -> None:
        if isinstance(value, dict):
            if "reason" in value and "value" in value and (value["value"] is None or value["low"] is None):
                assert value["reason"]
            for own in value.values():
                check(own)

    check(evaluation.metrics)


def test_the_order_of_rows_changes_no_byte(study: SimpleNamespace, evaluation: Evaluation, settings: Evaluate) -> None:
    mixed = {k: getattr(study, k).sample(frac=1, random_state=5) for k in ("scores", "ratings", "references")}
    again = run(study, settings, **mixed)
    assert dumped(again) == dumped(evaluation)
    pd.testing.assert_frame_equal(again.scores, evaluation.scores)


def test_the_scores_table_fits_its_schema(evaluation: Evaluation) -> None:
    table = pa.Table.from_pandas(evaluation.scores, preserve_index=False)
    SCORES.check(table.cast(pa.schema([(column.name, column.type) for column in SCORES.columns])))
    grades = evaluation.scores.groupby("method")["grade"].count()
    assert grades["distance_clp"] == 50
    assert grades["mirror_difference"] == 0


def test_people_a_network_learned_from_do_not_judge_it(study: SimpleNamespace, settings: Evaluate) -> None:
    scores = study.scores.copy()
    scores.loc[scores["subject_id"] == "patient-001", "subject_id"] = "control-0"
    found = run(study, settings, scores=scores).metrics
    assert found["raters"]["dropped"] == {"subject used in training": 10}
    assert found["raters"]["n_images"] == 48
    assert found["symmetry"]["strategies"]["clp"]["references"]["drawn_severity"]["pearson"]["n_images"] == 48


def test_a_rising_map_of_d_leaves_ranks_and_grades_where_they_are(
    study: SimpleNamespace, evaluation: Evaluation, settings: Evaluate
) -> None:
    scores = study.scores.copy()
    scores.loc[scores["method"] == "distance_clp", "score"] *= 30
    pairs = study.pairs | {"clp": study.pairs["clp"].assign(distance=study.pairs["clp"]["distance"] * 30)}
    found = run(study, settings, scores=scores, pairs=pairs)
    assert found.scores["grade"].equals(evaluation.scores["grade"])
    old, new = evaluation.metrics["symmetry"]["strategies"]["clp"], found.metrics["symmetry"]["strategies"]["clp"]
    assert new["binary"]["test"]["accuracy"] == old["binary"]["test"]["accuracy"]
    assert new["ratings"]["medical"]["spearman"]["value"] == old["ratings"]["medical"]["spearman"]["value"]


def test_without_ratings_and_references_the_rest_still_stands(study: SimpleNamespace, settings: Evaluate) -> None:
    found = run(study, settings, ratings=study.ratings.iloc[:0], references=study.references.iloc[:0]).metrics
    assert found["symmetry"]["strategies"]["clp"]["binary"]["test"]["auc"]["value"] is not None
    assert found["symmetry"]["strategies"]["clp"]["ratings"] == {}
    assert found["raters"]["fleiss_kappa"]["reason"]
    assert found["symmetry"]["findings"] == []


def test_a_collapsed_network_gets_reasons_instead_of_numbers(study: SimpleNamespace, settings: Evaluate) -> None:
    scores = study.scores.copy()
    scores.loc[(scores["method"] == "distance_clp") & scores["score"].notna(), "score"] = 0.5
    pairs = study.pairs | {"clp": study.pairs["clp"].assign(distance=0.5)}
    found = run(study, settings, scores=scores, pairs=pairs).metrics
    clp = found["symmetry"]["strategies"]["clp"]
    assert clp["cars"] == {}
    assert "must exceed" in clp["cars_reason"]
    assert clp["ratings"]["all"]["pearson"]["reason"]
    assert json.dumps(found, allow_nan=False)


def test_a_strategy_that_scored_no_photograph(study: SimpleNamespace, settings: Evaluate) -> None:
    found = run(study, settings, scores=study.scores[study.scores["method"] != "distance_temporal"])
    assert found.metrics["symmetry"]["strategies"]["temporal"]["reason"] == "no photograph was scored"
    assert set(found.scores["method"]) == {"distance_clp", "mirror_difference"}


def test_two_scores_of_one_photograph_are_refused(study: SimpleNamespace, settings: Evaluate) -> None:
    with pytest.raises(ValueError, match="two scores"):
        run(study, settings, scores=pd.concat([study.scores, study.scores.iloc[:1]]))


def test_strategies_come_from_the_data(study: SimpleNamespace, settings: Evaluate) -> None:
    scores = study.scores.replace({"method": {"distance_temporal": "distance_blinks"}})
    found = run(study, settings, scores=scores, pairs={"blinks": study.pairs["temporal"]}).metrics
    assert list(found["symmetry"]["strategies"]) == ["blinks"]
    assert set(found["symmetry"]["baselines"]) == {"distance_clp", "mirror_difference"}


def test_nan_never_reaches_json() -> None:
    assert finite({"b": np.int64(1), "a": (np.float64(0.5), True)}) == {"a": [0.5, True], "b": 1}
    with pytest.raises(ValueError, match="finite"):
        finite({"a": float("nan")})


def test_a_sum_of_few_people_counts_the_rated_as_each_method_does(
    draw: Callable[..., SimpleNamespace], settings: Evaluate
) -> None:
    """Two people of nine are scored and not rated: 18 photographs stood beside 14, unexplained."""
    few = draw(patients=9)
    rated = few.ratings[~few.ratings["image_id"].str.contains("image-00[01]")]
    metrics = evaluate(few.pairs, few.scores, rated, few.references, settings).metrics
    own, alone = metrics["combined"]["all ratings"]["pearson"], metrics["methods"]["distance_clp"]["all ratings"]
    assert own["value"] is None
    counts = [(found["n_images"], found["n_subjects"]) for found in (own, alone["pearson"])]
    assert counts == [(14, 7), (14, 7)]
    assert own["reason"] == "7 people: too few to fit weights on some and judge others (10 needed)"
