"""Photographs whose D pose or light makes unreliable: marked, no examples, and r with and without them."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tasks.base import tables
from tasks.evaluation.comparison import Evaluation
from tasks.evaluation.photographs import photographs
from tasks.evaluation.study import make_study
from tasks.evaluation.symmetry.reading import Distance
from tasks.evaluation.symmetry.section import pick_examples, steady_alone
from tasks.evaluation.symmetry.steady import unsteady
from tasks.evaluation.symmetry.words import findings
from tasks.evaluation.symmetry.words import unsteady as told
from tasks.params.evaluation import Evaluate
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tests.evaluation.showing import LIMITS, evaluate, render, symmetry_chapter
from tests.evaluation.trials import trial

SMILES = 8
"""Photographs of the study, of as many people, whose D is made high and unsteady: nobody rated them worse for it."""


@pytest.fixture(scope="module")
def smiling(draw: Callable[..., SimpleNamespace]) -> SimpleNamespace:
    study = draw(patients=25)
    own = study.scores["image_id"].isin(smiles()) & (study.scores["method"] == "distance_clp")
    study.scores.loc[own, "score"] = 3.0 + np.arange(SMILES) / 100
    images = study.scores.loc[study.scores["method"] == "distance_clp", "image_id"]
    study.changes = {"clp": pd.Series(0.001, index=images) + images.isin(smiles()).to_numpy() * 5.0}
    return study


def smiles() -> list[str]:
    return [f"image-{number:03d}-0" for number in range(SMILES)]


@pytest.fixture(scope="module")
def found(smiling: SimpleNamespace, settings: Evaluate) -> Evaluation:
    return evaluate(smiling.pairs, smiling.scores, smiling.ratings, smiling.references, settings, smiling.changes)


def test_the_rule_is_that_of_a_photographs_page() -> None:
    nothing = np.empty(0)
    for change in (0.1, 0.166, 0.167, 0.5):
        half = LIMITS.reach * change
        one = Distance("clp", 2.0, 0.5, None, nothing, nothing, nothing, trial(), (2.0 - half, 2.0 + half), 1.0)
        assert unsteady(pd.Series({"a": change}), 0.5, LIMITS) == (frozenset("a") if one.unreliable else frozenset())
    assert unsteady(pd.Series({"a": 0.1, "b": 0.2, "c": None}, dtype=float), 0.5, LIMITS) == {"b"}
    assert unsteady(pd.Series({"a": 9.0}), None, LIMITS) == frozenset()
    assert not replace(one, threshold=None).unreliable


def test_r_is_given_with_and_without_them(found: Evaluation) -> None:
    own = found.metrics["symmetry"]["strategies"]["clp"]
    every, rest = own["ratings"]["all"]["pearson"], own["steady"]["ratings"]["all"]["pearson"]
    assert (own["steady"]["n_images"], own["steady"]["n_subjects"]) == (SMILES, SMILES)
    assert rest["n_images"] == every["n_images"] - SMILES
    assert rest["value"] > every["value"] + 0.2
    known = own["steady"]["references"]["drawn_severity"]["spearman"]
    assert known["value"] > own["references"]["drawn_severity"]["spearman"]["value"] + 0.1


def test_no_number_of_the_whole_is_changed_by_a_mark(
    smiling: SimpleNamespace, found: Evaluation, settings: Evaluate
) -> None:
    plain = evaluate(smiling.pairs, smiling.scores, smiling.ratings, smiling.references, settings)
    without = plain.metrics["symmetry"]["strategies"]["clp"].pop("steady")
    assert without == {"n_images": 0, "n_subjects": 0, "ratings": {}, "references": {}}
    own = dict(found.metrics["symmetry"]["strategies"]["clp"])
    assert own.pop("steady")["n_images"] == SMILES
    assert own == plain.metrics["symmetry"]["strategies"]["clp"]
    assert plain.metrics["methods"] == found.metrics["methods"]
    assert told(plain.metrics["symmetry"]) == []


def test_the_page_says_how_many_and_both_r(found: Evaluation) -> None:
    record = found.metrics["symmetry"]
    (line,) = told(record)
    assert "Pose or light makes Lip outline D unreliable in 8 of 50 photographs, 8 of the 50 rated ones" in line
    said = " ".join(findings(record, found.metrics["raters"]["ceiling"]))
    assert "Lip outline: without the 8 photographs whose D pose or light makes unreliable it is" in said
    page = re.sub(r"\s+", " ", render(found, symmetry_chapter(found)))
    assert line in page
    assert page.count("without those that pose or light makes unreliable") >= 3
    assert "42 (25)" in page


def test_they_are_no_examples(found: Evaluation) -> None:
    high = pick_examples(found.scores, strategy="clp", each=4)["image_id"].tolist()[-4:]
    assert set(high) <= set(smiles())
    left = steady_alone(found.scores, {"clp": frozenset(smiles())})
    assert not set(pick_examples(left, strategy="clp", each=4)["image_id"]) & set(smiles())
    assert set(smiles()) <= set(left.loc[left["method"] == "distance_temporal", "image_id"])


def test_every_photograph_has_its_mark_beside_its_grade(
    tmp_path: Path, smiling: SimpleNamespace, found: Evaluation, settings: Evaluate
) -> None:
    study = make_study(smiling.ratings, smiling.references, smiling.scores, frozenset(), settings, {})
    images = sorted({*smiling.ratings["image_id"]})
    same = {"kind": "still", "population": "repaired", "size_bytes": 1}
    listed = [same | {"image_id": own, "path": own, "names": [f"{own}.jpg"], "subject_id": own[:9]} for own in images]
    tables.write(IMAGES.table(listed), tmp_path / "images/00.parquet", IMAGES, provenance={})
    tables.write(LANDMARKS.table([]), tmp_path / "landmarks/00.parquet", LANDMARKS, provenance={})
    titles = {"distance_clp": "Lip outline D", "mirror_difference": "Pixel mirror difference"}
    marks = {"distance_clp": dict.fromkeys(smiles(), "pose or light")}
    table = photographs(tmp_path / "images", tmp_path / "landmarks", study, found.scores, titles, marks)
    place = table.columns.index("unreliable, Lip outline D")
    assert table.columns[place - 2 : place] == ["Lip outline D", "grade, Lip outline D"]
    assert "unreliable, Pixel mirror difference" not in table.columns
    marked = {row[-1]: row[place] for row in table.rows}
    assert marked == {own: "pose or light" if own in smiles() else None for own in images}


def test_a_value_that_is_not_there_has_its_reason_in_the_table(
    tmp_path: Path, smiling: SimpleNamespace, found: Evaluation, settings: Evaluate
) -> None:
    scores = found.scores.copy()
    lacking, *_ = sorted(scores.loc[scores["method"] == "mirror_difference", "image_id"])
    scores.loc[(scores["image_id"] == lacking) & (scores["method"] == "mirror_difference"), "score"] = None
    study = make_study(smiling.ratings, smiling.references, smiling.scores, frozenset(), settings, {})
    listed = {"image_id": lacking, "path": lacking, "names": ["one.jpg"], "subject_id": lacking[:9], "kind": "still"}
    listed |= {"population": "repaired", "size_bytes": 1}
    tables.write(IMAGES.table([listed]), tmp_path / "images/00.parquet", IMAGES, provenance={})
    tables.write(LANDMARKS.table([]), tmp_path / "landmarks/00.parquet", LANDMARKS, provenance={})
    titles = {"distance_clp": "Lip outline D", "mirror_difference": "Pixel mirror difference"}
    why = {"mirror_difference": {lacking: "the mouth leaves the picture"}}
    table = photographs(tmp_path / "images", tmp_path / "landmarks", study, scores, titles, why)
    ((*_, reason, _),) = table.rows
    assert reason == "Pixel mirror difference: the mouth leaves the picture"
    assert "unreliable, Pixel mirror difference" not in table.columns
