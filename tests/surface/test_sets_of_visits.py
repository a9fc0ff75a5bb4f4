"""Photographs of one person's visit are a set where one was taken around; distances that are known go with them."""

from typing import Any

import pytest

from tasks.surface.photographs.sets_of_visits import joined, members, sets_of, visits_of


def photograph(name: str, **more: Any) -> dict[str, Any]:
    row = {"image_id": name * 64, "path": f"{name}.jpg", "kind": "still", "subject_id": "ann", "population": "repaired"}
    return {**row, "view": "around", "visit": "2026-03-01", **more}


IMAGES = [
    photograph("c"),
    photograph("b"),
    photograph("d", view=None),  # the same visit, from the front
    photograph("a", visit="2027-01-01"),  # another visit
    photograph("e", visit="2028-01-01", view="left"),  # a visit that nobody walked around
    photograph("f", subject_id="bob", view=None, visit=None),
]


def test_a_set_is_a_visit_that_somebody_walked_around() -> None:
    found = {set_id[0]: [row["image_id"][0] for row in rows] for set_id, rows in sets_of(IMAGES).items()}
    assert found == {"a": ["a"], "b": ["b", "c", "d"]}
    assert {name[0] for name in members(IMAGES)} == set("abcd")


def test_every_photograph_of_a_visit_leads_to_its_set() -> None:
    rows = visits_of(IMAGES).to_pylist()
    assert {row["image_id"][0]: row["set_id"][0] for row in rows} == {"a": "a", "b": "b", "c": "b", "d": "b"}


@pytest.mark.parametrize(("measure", "told"), [("distance_mm pronasale menton", True), ("severity", False)])
def test_a_known_distance_counts_for_the_whole_set(measure: str, told: bool) -> None:
    views = [{"image_id": name * 64, "reason": None} for name in "abcd"]
    rows = joined(IMAGES, views, [{"image_id": "c" * 64, "measure": measure, "value": 71.5}]).to_pylist()
    assert [row["photograph"][0] for row in rows] == list("abcd")
    wanted = ["pronasale menton 71.5"] if told else []
    assert [row["known"] for row in rows] == [[], wanted, wanted, wanted]
