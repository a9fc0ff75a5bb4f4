"""Who rated what: photographs, raters, gaps, agreement, straight from the tables."""

import json
from typing import Any

import pyarrow as pa
import pytest

from tasks.errors import InputError
from tasks.params.ingest import Scale
from tasks.schemas.ingest import IMAGES, RATINGS
from tasks.statistics.coverage import coverage
from tests.study import SETTINGS

CARS = Scale(low=1, high=5)


def images(*names: str, population: str = "repaired", kind: str = "still") -> list[dict[str, object]]:
    fixed = {"kind": kind, "population": population, "size_bytes": 1}
    return [fixed | {"image_id": n, "path": f"{n}.png", "names": [f"{n}.png"], "subject_id": f"of {n}"} for n in names]


def rated(rater: str, role: str, scale: str = "CARS", /, **scores: float) -> list[dict[str, object]]:
    said = {"rater_id": rater, "rater_role": role, "scale": scale}
    return [said | {"image_id": name, "score": score} for name, score in scores.items()]


def record(
    images: list[dict[str, object]], ratings: list[dict[str, object]], scale: str = "CARS", ends: Scale = CARS
) -> Any:
    table = RATINGS.table(ratings)
    alike = [("surgeon", "surgoen"), ("surgeon", "who rated on another scale")]
    return coverage(IMAGES.table(images), table, scale=scale, ends=ends, settings=SETTINGS, alike=alike)


def test_each_photograph_has_its_scores_and_gaps() -> None:
    said = rated("anna", "medical", a=2, b=4) + rated("bo", "lay", a=3.5) + rated("anna", "medical", "other", c=1)
    found = record(images("a", "b", "c") + images("k", population="control") + images("v", kind="clip"), said)
    a, b = found["photographs"]
    assert a["scores"] == {"anna": 2.0, "bo": 3.5}
    assert (a["medical"], a["lay"], a["missing"], a["mean"], a["spread"]) == (1, 1, [], 2.75, 1.5)
    assert (b["name"], b["missing"], b["spread"]) == ("b.png", ["bo"], 0)
    assert found["unrated"] == [
        {"name": "c.png", "population": "repaired"},
        {"name": "k.png", "population": "control"},
    ]
    raters = {row["rater_id"]: (row["role"], row["ratings"], row["missing"]) for row in found["raters"]}
    assert raters == {"anna": ("medical", 2, 0), "bo": ("lay", 1, 1)}
    assert found["ratings"] == 3
    json.dumps(found)


def test_a_rating_that_one_of_two_look_alikes_gave_is_not_called_missing() -> None:
    said = rated("surgeon", "medical", a=2, b=4) + rated("surgoen", "medical", c=3) + rated("bo", "lay", a=3, c=1)
    found = record(images("a", "b", "c"), said)
    assert [(row["missing"], row["in_doubt"]) for row in found["photographs"]] == [
        ([], ["surgoen"]),
        (["bo"], ["surgoen"]),
        ([], ["surgeon"]),
    ]
    assert {row["rater_id"]: (row["missing"], row["in_doubt"]) for row in found["raters"]} == {
        "bo": (1, 0),
        "surgeon": (0, 1),
        "surgoen": (0, 2),
    }
    assert found["alike"] == [["surgeon", "surgoen"]]
    json.dumps(found)


def test_agreement_is_the_evaluations() -> None:
    names = [f"p{n}" for n in range(12)]
    scores = {name: 1 + index % 5 for index, name in enumerate(names)}
    said = rated("anna", "medical", **scores) + rated("bo", "lay", **scores)
    said += rated("cy", "lay", **{name: 5 - index % 4 for index, name in enumerate(names)})
    found = record(images(*names), said)
    assert found["agreement"]["n_complete"] == 12
    assert found["agreement"]["icc_2k"]["value"] is not None
    with_others = {row["rater_id"]: row["with_others"]["value"] for row in found["raters"]}
    assert with_others["anna"] == pytest.approx(with_others["bo"])
    assert with_others["cy"] < with_others["anna"]


def test_no_ratings_and_scales_without_grades_have_no_agreement() -> None:
    assert record(images("a"), [])["agreement"] is None
    share = record(images("a"), rated("anna", "lay", "share", a=0.25), "share", Scale(low=0, high=1))
    assert share["agreement"] is None
    assert share["photographs"][0]["mean"] == 0.25
    assert share["raters"][0]["with_others"] is None


def test_generated_pictures_are_photographs_of_nobody() -> None:
    said = rated("anna", "medical", "realism", a=5, f00d=4, v=1) + rated("bo", "medical", "realism", f00d=3)
    found = record(images("a", "b") + images("v", kind="clip"), said, "realism")
    assert [(row["name"], row["population"], row["missing"]) for row in found["photographs"]] == [
        ("a.png", "repaired", ["bo"]),
        ("generated/f00d.png", "generated", []),
    ]
    assert found["ratings"] == 3
    assert [row["name"] for row in found["unrated"]] == ["b.png"]
    assert found["agreement"]["n_complete"] == 1
    json.dumps(found)


def test_a_rater_with_two_roles_is_told() -> None:
    with pytest.raises(InputError, match="two roles"):
        record(images("a", "b"), rated("anna", "lay", a=1) + rated("anna", "medical", b=1))


def test_an_empty_table_is_no_error() -> None:
    empty = coverage(
        IMAGES.table([]), pa.table(RATINGS.table([])), scale="CARS", ends=CARS, settings=SETTINGS, alike=[]
    )
    assert empty["photographs"] == empty["raters"] == empty["unrated"] == []
