"""The table of measures: a row per photograph and measure, null with a reason where the photograph cannot carry it."""

import time
from typing import Any

import numpy as np
import pytest

from tasks.anthropometry.measures.catalogue import MEASURES
from tasks.anthropometry.measuring import measure_face, measure_photographs
from tasks.anthropometry.names import INDEX
from tasks.anthropometry.scale import known
from tests.anthropometry.template import SETTINGS, mirrored, moved, table_of, template, uneven

QUICK = SETTINGS.model_copy(update={"intervals": False})


def rows(table: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["image_id"], row["measure"]): row for row in table.to_pylist()}


def test_every_photograph_has_every_measure_in_the_lists_order() -> None:
    found = measure_photographs(table_of({"b": uneven(1), "a": uneven(2)}), settings=QUICK)
    assert found["image_id"].to_pylist() == ["b"] * len(MEASURES) + ["a"] * len(MEASURES)
    assert found["measure"].to_pylist() == [measure.name for measure in MEASURES] * 2
    assert found["reason"].null_count == found.num_rows
    assert found["low"].null_count == found.num_rows


def test_no_photographs_are_an_empty_table() -> None:
    assert measure_photographs(table_of({}), settings=SETTINGS).num_rows == 0


def test_a_refused_photograph_keeps_its_reason_on_every_measure() -> None:
    table = table_of({"a": template()}).to_pylist()
    empty = {name: None for name in table[0] if name not in ("image_id", "subject_id", "population")}
    from tasks.schemas.anthropometry import ANTHROPOMETRY_POINTS

    refused = ANTHROPOMETRY_POINTS.table([table[0] | empty | {"reason": "no face found"}])
    found = measure_photographs(refused, settings=SETTINGS)
    assert set(found["reason"].to_pylist()) == {"no face found"}
    assert found["value"].null_count == len(MEASURES)


def test_a_missing_point_costs_the_measures_that_read_it_and_is_named() -> None:
    face = moved(template(), columella_left=(np.nan, np.nan))
    found = rows(measure_photographs(table_of({"a": face}), settings=SETTINGS))
    assert found["a", "columellar_angle"]["reason"] == "not seen: columella left"
    assert found["a", "columellar_angle"]["value"] is None
    assert found["a", "peak_height_difference"]["reason"] is None


def test_a_missing_outline_is_named() -> None:
    face = template()
    without = face._replace(outlines={name: line for name, line in face.outlines.items() if name != "nostril_left"})
    found = rows(measure_photographs(table_of({"a": without}), settings=SETTINGS))
    assert found["a", "nostril_mismatch"]["reason"] == "outline not found: nostril left"
    assert found["a", "lip_mismatch"]["value"] == 0


def test_without_eye_corners_nothing_can_be_measured() -> None:
    face = moved(template(), exocanthion_left=(np.nan, np.nan))
    found = measure_photographs(table_of({"a": face}), settings=SETTINGS)
    assert set(found["reason"].to_pylist()) == {"not seen: exocanthion left"}


def test_a_division_by_zero_is_a_reason() -> None:
    face = template()
    both = {f"nostril_outer_{side}": face.points[INDEX[f"nostril_inner_{side}"]] for side in ("left", "right")}
    points = face.points.copy()
    for name, where in both.items():
        points[INDEX[name]] = where
    found = rows(measure_photographs(table_of({"a": face._replace(points=points)}), settings=SETTINGS))
    assert found["a", "nostril_width_ratio"]["reason"] == "what it is divided by is 0"


@pytest.mark.parametrize(
    ("column", "value", "gone", "stays"),
    [
        ("yaw_deg", -14.0, "chin_deviation", "peak_height_difference"),
        ("smile", 1.1, "mouth_width", "chin_deviation"),
        ("opening", 0.2, "face_width_to_height", "nose_width"),
    ],
)
def test_what_a_photograph_cannot_carry_is_null_with_a_reason(column: str, value: float, gone: str, stays: str) -> None:
    found = rows(measure_photographs(table_of({"a": uneven()}, **{column: value}), settings=SETTINGS))
    assert found["a", gone]["value"] is None
    assert "at most" in found["a", gone]["reason"]
    assert found["a", stays]["value"] is not None


def test_what_is_not_known_of_a_photograph_forbids_nothing() -> None:
    found = measure_photographs(table_of({"a": uneven()}, yaw_deg=None, smile=None, opening=None), settings=QUICK)
    assert found["reason"].null_count == len(MEASURES)


def test_a_ratio_is_the_cleft_side_over_the_other_where_the_side_is_known() -> None:
    table = table_of({"a": moved(template(), crista_philtri_left=(0, -8))})
    alone = rows(measure_photographs(table, settings=QUICK))["a", "upper_lip_height_ratio"]
    assert alone["side"] == "left"
    assert alone["value"] < 1
    cleft = rows(measure_photographs(table, settings=QUICK, cleft_sides={"a": "right"}))["a", "upper_lip_height_ratio"]
    assert cleft["side"] == "right"
    assert cleft["value"] == pytest.approx(1 / alone["value"])
    both = measure_photographs(table, settings=QUICK, cleft_sides={"a": "both"})
    assert rows(both)["a", "upper_lip_height_ratio"] == alone


def test_millimetres_are_those_of_a_known_scale() -> None:
    found = rows(measure_photographs(table_of({"a": template()}), settings=SETTINGS, scales={"a": known(0.5)}))
    assert found["a", "pupil_distance"]["mm"] == pytest.approx(66)
    assert found["a", "nose_width_to_intercanthal"]["mm"] is None
    assert found["a", "canthal_tilt"]["mm"] is None


def test_millimetres_by_the_iris_have_a_wide_interval_that_its_bias_widens_upwards() -> None:
    row = rows(measure_photographs(table_of({"a": template(0.01)}), settings=SETTINGS))["a", "pupil_distance"]
    assert row["mm"] == pytest.approx(11.7 / 24 * 132)
    assert row["mm_low"] == pytest.approx(row["mm"] * (1 - 1.96 * 0.42 / 11.7), rel=1e-3)
    assert row["mm_high"] == pytest.approx(row["mm"] * (1 + 1.96 * 0.42 / 11.7) * 1.07, rel=1e-3)
    none = SETTINGS.model_copy(update={"scale": "none"})
    assert rows(measure_photographs(table_of({"a": template()}), settings=none))["a", "pupil_distance"]["mm"] is None


def test_a_mirrored_photograph_has_the_same_values_and_intervals_and_the_other_sides() -> None:
    face = uneven(5)
    one = measure_photographs(table_of({"a": face}), settings=SETTINGS).to_pylist()
    other = measure_photographs(table_of({"a": mirrored(face)}), settings=SETTINGS).to_pylist()
    for here, there in zip(one, other, strict=True):
        assert there["value"] == pytest.approx(here["value"], rel=1e-12)
        assert there["low"] == pytest.approx(here["low"], rel=1e-9, abs=1e-9)
        assert there["side"] == {"left": "right", "right": "left", None: None}[here["side"]]


def test_a_single_face_is_measured_as_the_table_is() -> None:
    face = uneven(4)
    table = measure_photographs(table_of({"a": face}), settings=SETTINGS).to_pylist()
    found = measure_face(face, settings=SETTINGS, disturbances={"smile": 0.8}, cleft_side=None, known_scale=None)
    for here, there in zip(table, found, strict=True):
        assert {name: here[name] for name in there} == there


def test_lists_of_another_length_are_told() -> None:
    from tasks.schemas.anthropometry import ANTHROPOMETRY_POINTS

    row = table_of({"a": template()}).to_pylist()[0]
    with pytest.raises(ValueError, match="run `dvc repro`"):
        measure_photographs(ANTHROPOMETRY_POINTS.table([row | {"points": [1.0, 2.0]}]), settings=SETTINGS)


def test_a_thousand_photographs_take_under_two_seconds() -> None:
    """Points given, without intervals, on one core (process time: other programs do not count)."""
    table = table_of({f"{number:04d}": uneven(number) for number in range(1000)})
    started = time.process_time()
    assert measure_photographs(table, settings=QUICK).num_rows == 1000 * len(MEASURES)
    assert time.process_time() - started < 2
