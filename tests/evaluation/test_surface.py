"""The chapter of three dimensions: counted, held against what is known and against raters, never against too few."""

from typing import Any

import pandas as pd
import pytest

from tasks.evaluation.headlines import numbers_of
from tasks.evaluation.study import COLUMNS, make_study
from tasks.evaluation.surface.compare import METHOD, evaluate_surfaces, headline, known, method_scores
from tasks.evaluation.surface.read import Surfaces
from tasks.evaluation.surface.words import findings, tiles
from tests.study import SETTINGS

VALUES = {"a": 0.2, "b": 1.0, "c": 2.1, "d": None}


def made(values: dict[str, float | None]) -> Surfaces:
    surfaces = pd.DataFrame(
        {
            "image_id": name,
            "subject_id": f"s{name}",
            "population": "repaired",
            "photographs": 17,
            "placed": 17 if value is not None else None,
            "reason": None if value is not None else "too far apart",
        }
        for name, value in values.items()
    )
    measures = pd.DataFrame(
        {"image_id": name, "measure": measure, "value": value}
        for name, value in values.items()
        for measure in ("nasolabial_asymmetry", "face_asymmetry")
    )
    visits = pd.DataFrame(
        {"image_id": photograph, "subject_id": f"s{name}", "set_id": name}
        for name in values
        for photograph in (name, f"{name}-frontal")
    )
    return Surfaces(surfaces, measures, visits, None, pd.DataFrame())


def study(references: Any = None, scores: Any = None) -> Any:
    ratings = pd.DataFrame(columns=["image_id", "rater_id", "rater_role", "scale", "score"])
    known = pd.DataFrame(references or [], columns=["image_id", "measure", "value"])
    return make_study(ratings, known, pd.DataFrame(scores or [], columns=COLUMNS), frozenset(), SETTINGS, {})


def test_a_visits_value_is_that_of_all_its_photographs() -> None:
    rows = method_scores(made(VALUES))
    own = rows[rows["method"] == METHOD].set_index("image_id")["score"]
    assert own["b"] == own["b-frontal"] == 1.0
    assert own[["d", "d-frontal"]].isna().all()


def test_measured_asymmetry_is_held_against_what_is_known() -> None:
    truth = pd.DataFrame({"image_id": list("abcd"), "measure": "asymmetry_mm", "value": [0.0, 1.0, 2.0, 3.0]})
    found = known(made(VALUES), truth)
    assert [pair["measured"] for pair in found["pairs"]] == [0.2, 1.0, 2.1]
    assert found["slope"] == pytest.approx(0.95)
    assert found["pearson"] == pytest.approx(1.9 / 3.64**0.5)


def test_two_heads_make_no_line() -> None:
    truth = pd.DataFrame({"image_id": list("ab"), "measure": "asymmetry_mm", "value": [0.0, 1.0]})
    found = known(made(VALUES), truth)
    assert len(found["pairs"]) == 2
    assert found["pearson"] is found["slope"] is None


def test_the_record_counts_and_says_it_in_words() -> None:
    record = evaluate_surfaces(made(VALUES), study())
    assert record["sets"] == {"repaired": {"sets": 4, "surfaces": 3, "photographs": 68, "placed": 51}}
    assert numbers_of(headline(record))["faces_in_space"]["surfaces"] == 3
    assert [tile.value for tile in tiles(record)] == ["3"]
    assert findings(record) == [
        "Nose and upper lip of 3 faces (repaired) lie 1.00\u2009mm from their mirror image (median of root mean "
        "squares; 0.20 to 2.10)."
    ]


def test_without_one_surface_there_is_a_reason() -> None:
    assert evaluate_surfaces(made({"d": None}), study())["reason"]


def test_a_method_with_few_photographs_takes_none_from_the_others() -> None:
    both = [{"image_id": f"p{n}", "subject_id": f"p{n}", "method": "D", "score": n} for n in range(10)]
    few = [{"image_id": f"p{n}", "subject_id": f"p{n}", "method": METHOD, "score": n} for n in range(4)]
    assert list(study(scores=both + few).compared().columns) == ["D"]
    assert len(study(scores=both + few).compared()) == 10
    assert set(study(scores=both + few + [row | {"image_id": f"q{n}"} for n, row in enumerate(few)]).compared()) == {
        "D",
        METHOD,
    }
