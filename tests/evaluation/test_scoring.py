"""Scores of fillings become means by method with intervals by patient; what is gone does not count."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasks.evaluation.inpainting.scoring import score_methods, scores_said
from tasks.pages.environment import environment
from tasks.schemas.inpainting_scores import INPAINTING_SCORED
from tests.study import SETTINGS

NAMES = {"network": "the network", "ns": "OpenCV"}


def scores_of(
    patients: int = 12, gain: float = 1.0, *, scale: str = "realism", role: str = "medical", noise: float = 0.4
) -> pd.DataFrame:
    """Three raters' answers on two methods; the network's are `gain` higher."""
    rng = np.random.default_rng(3)
    rows = [
        {
            "image_id": f"p{patient:02d}",
            "subject_id": f"s{patient:02d}",
            "rater_id": f"{role}_{rater}",
            "rater_role": role,
            "scale": scale,
            "method": method,
            "picture": "",
            "score": 2 + gain * (method == "network") + rng.normal(0, noise),
            "score_again": None,
            "present": True,
        }
        for patient in range(patients)
        for rater in range(3)
        for method in NAMES
    ]
    found: pd.DataFrame = INPAINTING_SCORED.table(rows).to_pandas()
    return found


def page(record: Mapping[str, Any]) -> str:
    template = environment().get_template("evaluation/inpainting/scored.html.j2")
    said = scores_said(record, NAMES)
    own = {"themselves": record["with_themselves"], "earlier": record["n_earlier"]}
    return " ".join(template.render(scored=said, methods=NAMES, **own).split())


def test_each_scale_and_role_has_its_means_with_intervals_by_patient() -> None:
    lay = scores_of(8, 0, scale="symmetry", role="lay")
    record = score_methods(pd.concat([scores_of(), lay]), SETTINGS)
    assert [(own["scale"], own["role"]) for own in record["scales"]] == [("realism", "medical"), ("symmetry", "lay")]
    own, none = record["scales"]
    assert (own["n_raters"], own["n_patients"], own["n_scores"]) == (3, 12, 72)
    mean = own["methods"]["network"]
    assert mean["value"] == pytest.approx(3, abs=0.2) and mean["low"] < mean["value"] < mean["high"]
    assert mean["n_subjects"] == 12
    gain = own["network_minus"]["ns"]
    assert gain["low"] > 0.5 and gain["high"] < 1.5
    assert none["network_minus"]["ns"]["low"] < 0 < none["network_minus"]["ns"]["high"]
    text = page(record)
    assert "realism, 3 medical raters, 12 patients" in text and '<th scope="row">The network</th>' in text
    assert "The lowest answer means not at all, the highest like a photograph." in text
    assert "which holds 0" in text


def test_a_person_with_two_photographs_is_one_patient() -> None:
    two = scores_of()
    record = score_methods(two.assign(subject_id=[f"s{int(one[1:]) // 2}" for one in two["image_id"]]), SETTINGS)
    assert record["scales"][0]["n_patients"] == 6


def test_scores_of_earlier_pictures_are_counted_and_do_not_count() -> None:
    scores = scores_of()
    record = score_methods(scores.assign(present=scores["image_id"] != "p00"), SETTINGS)
    assert (record["scales"][0]["n_patients"], record["n_earlier"]) == (11, 6)
    assert "6 scores of earlier fillings are not counted" in page(record)
    gone = score_methods(scores.assign(present=False), SETTINGS)
    assert gone["scales"] == [] and "72 scores" in page(gone)


def test_without_scores_nothing_is_said_and_with_few_patients_there_is_no_interval() -> None:
    assert page(score_methods(INPAINTING_SCORED.table([]).to_pandas(), SETTINGS)) == ""
    record = score_methods(scores_of(2), SETTINGS)
    assert "3 needed" in record["scales"][0]["methods"]["ns"]["reason"]
    assert "3 needed" in page(record)


def test_a_rater_who_saw_one_method_alone_adds_no_difference() -> None:
    scores = scores_of()
    record = score_methods(scores[scores["method"] == "ns"], SETTINGS)
    assert record["scales"][0]["network_minus"] == {}
    text = json.dumps(score_methods(scores, SETTINGS), allow_nan=False)
    assert not [name for name in ("medical_", "p00", "s00") if name in text]


def test_second_answers_say_how_far_raters_agree_with_themselves() -> None:
    scores = scores_of()
    assert "a second time" not in page(score_methods(scores, SETTINGS))
    scores = scores.assign(score=scores["score"].round())
    again = scores.assign(score_again=(scores["score"] + 1).where(scores["image_id"] < "p04"))
    own = score_methods(again, SETTINGS)["with_themselves"]
    assert list(own) == ["realism"] and (own["realism"]["n"], own["realism"]["n_raters"]) == (24, 3)
    assert (own["realism"]["same"], own["realism"]["distance"], own["realism"]["n_photographs"]) == (0, 1, 4)
    same = score_methods(scores.assign(score_again=scores["score"]), SETTINGS)["with_themselves"]["realism"]
    assert same["kappa"]["value"] == 1 and same["kappa"]["n_subjects"] == 12
    assert "Raters of fillings with themselves" in page(score_methods(again, SETTINGS))
