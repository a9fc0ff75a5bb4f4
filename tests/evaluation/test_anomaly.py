"""The anomaly scores against a survey, references and other systems: a cohort whose truth is known."""

import json
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from flows import PROJECT
from tasks.evaluation.anomaly import chapter
from tasks.evaluation.anomaly.compare import cells, evaluate_anomaly, headline_scores
from tasks.evaluation.anomaly.published import MISPRINT, TABLE
from tasks.evaluation.anomaly.words import findings, headline_cell
from tasks.evaluation.headlines import numbers_of
from tasks.evaluation.metrics import finite, rounded
from tasks.params.evaluation import Evaluate
from tests.evaluation.anomaly_study import HEADLINE, ITERATIONS, NO_RATERS


def run(cohort: SimpleNamespace, settings: Evaluate, **changed: Any) -> dict[str, Any]:
    names = ("scores", "maps", "ratings", "references", "methods")
    given = {name: getattr(cohort, name) for name in names} | changed
    return evaluate_anomaly(**given, headline=HEADLINE, against="drawn", settings=settings, names={}, raters=NO_RATERS)


def test_the_table_has_48_cells_and_values_are_scipys(
    record: dict[str, Any], cohort: SimpleNamespace, survey: Evaluate
) -> None:
    found = cells(record["table1"], ITERATIONS)
    assert len(found) == 48
    assert all(own["pearson"]["low"] < own["pearson"]["value"] < own["pearson"]["high"] for own in found.values())
    mean = cohort.ratings.groupby("image_id")["score"].mean()
    rows = cohort.scores
    own = rows[(rows[list(HEADLINE._fields)] == list(HEADLINE)).all(axis=1)].set_index("image_id")["score"]
    r = stats.pearsonr(own.reindex(mean.index), mean).statistic
    assert found[HEADLINE]["pearson"]["value"] == pytest.approx(r)
    assert r > 0.9
    assert found[HEADLINE]["references"]["drawn_severity"]["spearman"]["value"] > 0.9


def test_the_ends_of_the_survey_may_stand_either_way(
    record: dict[str, Any], cohort: SimpleNamespace, survey: Evaluate
) -> None:
    low = survey.model_copy(update={"survey_best": "low"})
    turned = run(cohort, low, ratings=cohort.ratings.assign(score=8 - cohort.ratings["score"]))
    one, other = (cells(own["table1"], ITERATIONS)[HEADLINE]["pearson"] for own in (record, turned))
    assert other["value"] == pytest.approx(one["value"])
    wrong = run(cohort, low)
    assert cells(wrong["table1"], ITERATIONS)[HEADLINE]["pearson"]["value"] < -0.9


def test_steps_that_help_are_said_to_and_others_not(record: dict[str, Any]) -> None:
    steps = record["comparisons"]["steps"]
    assert steps["adaptation"]["survey"]["verdict"] == "better"
    assert steps["pse_ssim"]["survey"]["verdict"] == "better"
    assert steps["erosion"]["survey"]["verdict"] == "alike"
    text = "\n".join(record["findings"])
    assert "Adaptation helps on ratings (r +" in text
    assert "Erosion shows no effect on ratings" in text
    assert "PSE against SSIM: ratings: closer" in text
    assert record["comparisons"]["methods"]["distance_clp"]["survey"]["verdict"] in {"better", "alike"}


def test_a_step_that_harms_is_said_to(cohort: SimpleNamespace, survey: Evaluate) -> None:
    rows = cohort.scores.copy()
    swap = {0: ITERATIONS, ITERATIONS: 0}
    rows["step"] = rows["step"].map(lambda step: swap.get(step, step))
    found = run(cohort, survey, scores=rows)
    assert "Adaptation harms on ratings" in "\n".join(found["findings"])


def test_picking_the_best_of_many_flatters(cohort: SimpleNamespace, survey: Evaluate) -> None:
    rows = cohort.scores.copy()
    rows["score"] = np.random.default_rng(2).normal(size=len(rows))
    rows.loc[cohort.scores["score"].isna(), "score"] = np.nan
    found = run(cohort, survey, scores=rows)
    best = found["best"]
    assert best["candidates"] == 48
    assert best["pearson"]["value"] > 0.25
    assert best["optimism"] > 0.15
    assert "which flatters it: by about" in "\n".join(found["findings"])


def test_controls_and_patients(record: dict[str, Any], cohort: SimpleNamespace, survey: Evaluate) -> None:
    assert record["detection"]["patients"]["value"] > 0.9
    assert set(record["detection"]) == {"patients", "repaired"}
    assert record["photographs"] == {
        "control": {"scored": 15, "refused": 0},
        "repaired": {"scored": 30, "refused": 1},
    }
    alone = run(cohort, survey, scores=cohort.scores[cohort.scores["population"] != "control"])
    assert alone["detection"]["patients"]["reason"] == "no unseen control was scored"


def test_more_iterations_for_a_worse_face(record: dict[str, Any]) -> None:
    half = record["steps_to_half"]
    assert half["not_reached"] > 0
    assert half["references"]["drawn_severity"]["spearman"]["value"] > 0.8
    assert half["spearman"]["value"] > 0.8
    assert "count as the slowest" in "\n".join(record["findings"])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda rows: rows[rows["rater_id"] == "r0"], "one rater"),
        (lambda rows: rows.iloc[:0], "no ratings on the scale likeness"),
        (lambda rows: rows.assign(score=4.0), "the same for every image"),
        (lambda rows: rows[rows["image_id"].isin(["image-patient-001", "image-patient-002"])], "2 subjects"),
    ],
)
def test_a_survey_that_says_nothing_is_null_with_a_reason(
    change: Any, why: str, cohort: SimpleNamespace, survey: Evaluate
) -> None:
    found = run(cohort, survey, ratings=change(cohort.ratings))
    for own in cells(found["table1"], ITERATIONS).values():
        assert own["pearson"]["value"] is None
        assert why in own["pearson"]["reason"]
        assert own["references"]["drawn_severity"]["spearman"]["value"] is not None
    assert found["best"] is None
    assert "could not be compared with a survey" in found["findings"][0]
    assert json.dumps(finite(found), allow_nan=False)


def test_without_scores_there_is_a_reason_and_nothing_else(cohort: SimpleNamespace, survey: Evaluate) -> None:
    assert run(cohort, survey, scores=cohort.scores.iloc[:0]) == {"reason": "no scores"}
    other = cohort.scores[cohort.scores["step"] != ITERATIONS]
    assert "no score was made (20, mouth, pse, both)" in run(cohort, survey, scores=other)["reason"]


def test_the_record_is_finite_names_nobody_and_knows_no_order(
    record: dict[str, Any], cohort: SimpleNamespace, survey: Evaluate
) -> None:
    text = json.dumps(finite(record), allow_nan=False)
    assert not re.search(r"(patient|control|image)-\d", text)
    mixed = {k: getattr(cohort, k).sample(frac=1, random_state=5) for k in ("scores", "maps", "ratings", "references")}
    assert json.dumps(rounded(finite(run(cohort, survey, **mixed)))) == json.dumps(rounded(finite(record)))


def test_the_headline_among_the_methods(cohort: SimpleNamespace, record: dict[str, Any]) -> None:
    rows = headline_scores(cohort.scores, HEADLINE).set_index("image_id")
    assert len(rows) == 46
    assert rows["score"].isna()["image-refused"]
    severity = cohort.references.set_index("image_id")["value"]
    assert rows["score"].reindex(severity.index).corr(severity) > 0.8
    few = numbers_of(chapter.headline(record))
    assert few["anomaly"]["pearson_survey"] > 0.9
    assert few["anomaly"]["spearman_drawn_severity"] > 0.9


def test_the_published_table_is_that_of_the_docs() -> None:
    text = (PROJECT / "docs/published-tables.md").read_text()
    assert sum(len(own) for regions in TABLE.values() for r in regions.values() for own in r.values()) == 48
    state, region, heatmap, done = MISPRINT
    assert TABLE[state][region][heatmap][done] == 44
    for name, regions in (("adapted", TABLE["adapted"]), ("not adapted", TABLE["not_adapted"])):
        for heatmap in ("lpips", "pse", "ssim"):
            values = [f"{v:g}" for region in ("mouth", "face") for v in regions[region][heatmap].values()]
            row = f"| {name} | {heatmap.upper()} | {' | '.join(values)} |"
            assert row in text.replace("44 (printed 0.44)", "44")


def test_the_sentences_can_be_told_again_from_metrics_json(record: dict[str, Any]) -> None:
    assert findings(json.loads(json.dumps(finite(record))), {}) != []


def test_a_filling_is_judged_where_nobody_is_adapted(cohort: SimpleNamespace, survey: Evaluate) -> None:
    names = ("scores", "maps", "ratings", "references", "methods")
    given = {name: getattr(cohort, name) for name in names}
    given["scores"] = cohort.scores[cohort.scores["step"] == 0]
    own = HEADLINE._replace(step=0)
    found = evaluate_anomaly(**given, headline=own, against="filling", settings=survey, names={}, raters=NO_RATERS)
    cell = found["table1"]["not_adapted"][own.region][own.heatmap][own.processing]
    assert cell["pearson"]["value"] > 0.5
    assert found["table1"]["adapted"][own.region][own.heatmap][own.processing]["pearson"]["value"] is None
    assert found["best"]["candidates"] == 24
    assert "adaptation" not in found["comparisons"]["steps"]
    assert headline_cell(found) == cell
    text = "\n".join(found["findings"])
    assert "against the photograph's own filling" in text
    assert "generator" not in text
    assert "iterations of adaptation" not in text
