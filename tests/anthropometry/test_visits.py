"""by_visit: one value per person, visit and measure, whatever side each photograph names."""

from typing import Any

import pyarrow as pa
import pytest

from tasks.anthropometry.visits import by_visit
from tasks.schemas.anthropometry import ANTHROPOMETRY_MEASURES

Seen = tuple[str | None, float | None, str | None]  # visit, value, side


def row(image: str, measure: str, value: float | None, side: str | None) -> dict[str, Any]:
    own: dict[str, Any] = {
        "image_id": image,
        "subject_id": "anna",
        "population": "repaired",
        "measure": measure,
        "words": measure,
    }
    own |= {"region": "cleft", "unit": "interocular", "value": value, "side": side}
    return own | {"reason": None if value is not None else "turned"}


def found(measure: str, *seen: Seen) -> list[dict[str, Any]]:
    rows = [row(f"i{number}", measure, value, side) for number, (_, value, side) in enumerate(seen)]
    images = pa.table(
        {"image_id": [f"i{n}" for n in range(len(seen))], "visit": pa.array([s[0] for s in seen], pa.string())}
    )
    made: list[dict[str, Any]] = by_visit(ANTHROPOMETRY_MEASURES.table(rows), images, confidence=0.95).to_pylist()
    return made


def test_a_visit_has_the_mean_and_the_interval_of_its_photographs() -> None:
    first, second = found("mouth_width", ("1", 0.4, None), ("1", 0.6, None), ("2", 0.7, None), (None, 9.0, None))
    assert (first["visit"], first["photographs"], first["value"]) == ("1", 2, pytest.approx(0.5))
    assert (first["low"], first["high"]) == (
        pytest.approx(0.5 - 12.706 * 0.1, abs=1e-3),
        pytest.approx(1.7706, abs=1e-3),
    )
    assert (second["visit"], second["value"], second["low"], second["high"]) == ("2", pytest.approx(0.7), None, None)


def test_differences_that_name_both_sides_are_turned_to_one() -> None:
    (own,) = found("peak_height_difference", ("1", 0.03, "left"), ("1", 0.01, "right"), ("1", 0.01, "left"))
    assert (own["side"], own["value"]) == ("left", pytest.approx(0.01))
    (own,) = found("peak_height_difference", ("1", 0.09, "right"), ("1", 0.01, "left"), ("1", 0.02, "left"))
    assert (own["side"], own["value"]) == ("right", pytest.approx(0.02))
    assert own["low"] < own["value"] < own["high"]


def test_ratios_are_turned_over() -> None:
    (own,) = found("lateral_lip_height_ratio", ("1", 0.8, "left"), ("1", 0.8, "left"), ("1", 0.8, "right"))
    assert (own["side"], own["value"]) == ("left", pytest.approx((0.8 + 0.8 + 1.25) / 3))


def test_what_a_photograph_does_not_show_takes_no_part() -> None:
    assert found("mouth_width", ("1", None, None), (None, 0.5, None)) == []
