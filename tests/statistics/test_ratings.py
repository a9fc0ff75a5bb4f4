import numpy as np
import pandas as pd
import pytest

from tasks.statistics.ratings import mean_rating, nearest_grade, prepare_ratings, rating_matrix, role_members

NAMES = ["image_id", "rater_id", "rater_role", "scale", "score"]


def rows(*lines: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=NAMES)


def test_what_cannot_be_used_is_counted_by_reason() -> None:
    usable = prepare_ratings(
        rows(
            ("i", "a", "lay", "CARS", 1.0),
            ("i", "a", "lay", "CARS", 1.0),
            ("i", "b", "lay", "CARS", 2.0),
            ("i", "b", "lay", "CARS", 3.0),
            ("i", "c", "lay", "VAS", 70.0),
            ("i", "d", "lay", "CARS", None),
            ("i", "e", "lay", "CARS", 6.0),
        ),
        scale="CARS",
        grades=5,
    )
    assert usable.rows["rater_id"].tolist() == ["a"]
    expected = {"another scale": 1, "no number": 1, "outside 1-5": 1, "repeated": 1, "contradicting": 2}
    assert usable.dropped == expected


def test_refused_rows_are_left_out() -> None:
    given = rows(("i", "a", "lay", "CARS", 1.0), ("j", "a", "lay", "CARS", 2.0))
    given["reason"] = [None, "bad"]
    assert prepare_ratings(given, scale="CARS", grades=5).dropped == {"refused at ingest": 1}


def test_a_rater_with_two_roles_is_an_error() -> None:
    with pytest.raises(ValueError, match="two roles"):
        prepare_ratings(rows(("i", "a", "lay", "C", 1.0), ("j", "a", "medical", "C", 1.0)), scale="C", grades=5)


def test_means_by_role_over_those_who_rated() -> None:
    given = rows(
        ("i", "a", "lay", "C", 1.0),
        ("i", "b", "lay", "C", 4.0),
        ("j", "b", "lay", "C", 2.0),
        ("j", "m", "medical", "C", 5.0),
    )
    usable = prepare_ratings(given, scale="C", grades=5).rows
    groups = role_members(usable, flagged=["a"])
    assert groups == {"lay": ["a", "b"], "medical": ["m"], "all": ["a", "b", "m"], "reliable": ["b", "m"]}
    matrix = rating_matrix(usable)
    assert mean_rating(matrix, groups["lay"]).to_dict() == {"i": 2.5, "j": 2.0}
    assert mean_rating(matrix, groups["medical"]).to_dict() == {"j": 5.0}


def test_no_ratings_at_all() -> None:
    usable = prepare_ratings(rows(), scale="C", grades=5)
    assert rating_matrix(usable.rows).empty
    assert role_members(usable.rows, flagged=[]) == {}


def test_halves_go_up() -> None:
    assert nearest_grade(np.array([0.2, 1.5, 2.5, 4.49, 7.0]), grades=5).tolist() == [1, 2, 3, 4, 5]
