"""A measured photograph's page: pictures, bars, findings and refusals, everything escaped, nothing from outside."""

import re
from typing import Any

import numpy as np
import pytest

from tasks.anthropometry.measures.catalogue import MEASURES
from tasks.anthropometry.measuring import measure_face
from tasks.anthropometry.names import Face
from tasks.anthropometry.page import MeasuredFace, render_measured_page
from tasks.anthropometry.rules import read_rules
from tasks.anthropometry.shown import shown
from tasks.findings.rules import DEFAULT, findings
from tasks.pages.norms import bar
from tests.anthropometry.template import SETTINGS, mirrored, moved, template

NORM = {
    "measure": "mouth_cant",
    "gender": "all",
    "age_group": "all",
    "people": 40,
    "mean": 1.0,
    "sd": 0.5,
    "p05": 0.1,
    "p95": 2.0,
    "reason": None,
}


def picture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (900, 1025, 3), np.uint8)


def page(face: Face, **known: float) -> str:
    rows = measure_face(face, settings=SETTINGS, disturbances=known, cleft_side=None, known_scale=None)
    found = findings(rows, read_rules(DEFAULT), norms=[NORM], population=None, gender=None, age_group=None)
    made = MeasuredFace("a <b>.jpg", "0" * 64, shown=shown(picture(), face), rows=rows, findings=found, norms=[NORM])
    return render_measured_page(made, notices=["read <this>"])


def test_a_page_has_every_measure_and_its_pictures_and_no_address() -> None:
    html = page(moved(template(0.2), cheilion_left=(0.0, -10.0)))
    for measure in MEASURES:
        assert html.count(f">{measure.words.replace(chr(39), '&#39;')}</th>") == 1
    assert html.count("data:image/jpeg") == 4
    assert "Mouth is canted" in html
    assert "A finding, not a diagnosis." in html
    assert "a &lt;b&gt;.jpg" in html
    assert "read &lt;this&gt;" in html
    assert not re.search(r"""(?:src|href)=(?!["']data:)""", html)
    assert "<script" not in html


def test_what_a_photograph_cannot_tell_is_listed_by_reason() -> None:
    html = page(moved(template(), columella_left=(np.nan, np.nan)), smile=1.3)
    assert "Not seen: columella left." in html
    assert "A smile: mouth 1.30 pupil distances wide (at most 0.95)." in html


def test_a_refused_photograph_has_a_page_with_the_reason() -> None:
    html = render_measured_page(MeasuredFace("x.jpg", reason="no face found"), notices=[])
    assert "No face found." in html
    assert "Findings" not in html


def test_a_bar_shows_value_and_interval_and_stops_at_its_ends() -> None:
    row: dict[str, Any] = {"value": 2.5, "low": 0.5, "high": 99.0, "deviation": 2.5, "unit": "degrees"}
    assert bar(row, NORM) == {"value": 87.5, "low": 37.5, "high": 100.0, "from": 27.5, "to": 75.0, "outside": 1.0}
    assert bar(row | {"value": 1.0, "low": None, "high": None}, NORM | {"sd": 0.0})["low"] == 50


@pytest.mark.parametrize(
    ("value", "deviation", "unit", "outside"),
    [
        (0.05, 0.05, "degrees", 0.0),  # a difference smaller than most people's
        (2.1, 2.1, "degrees", 1.0),
        (0.05, None, "degrees", 1.0),  # a tilt, of which nobody says that 0 is best
        (2.1, 0.74, "", 1.0),  # a ratio of sides
        (1.02, 0.02, "", 0.0),
    ],
)
def test_more_even_than_most_is_not_outside(value: float, deviation: float | None, unit: str, outside: float) -> None:
    norm = NORM | ({"mean": 0.9, "p05": 0.8, "p95": 0.99} if unit == "" else {})
    row = {"value": value, "low": None, "high": None, "deviation": deviation, "unit": unit}
    assert bar(row, norm)["outside"] == outside


def test_the_pictures_are_levelled_with_the_midline_in_the_middle() -> None:
    face = template()
    seen = shown(picture(), face)
    x, y = seen.points["exocanthion_left"]
    assert (x - seen.midline_x) == seen.midline_x - seen.points["exocanthion_right"][0]
    assert y == seen.points["exocanthion_right"][1]
    assert seen.points["subnasale"][0] == seen.midline_x == (seen.size[0] - 1) / 2
    assert np.array_equal(seen.rights, seen.rights[:, ::-1])
    assert np.array_equal(seen.lefts, seen.lefts[:, ::-1])
    assert np.array_equal(seen.blended, seen.blended[:, ::-1])
    half = seen.size[0] // 2
    assert np.array_equal(seen.rights[:, :half], seen.face[:, :half])  # the patient's right is the picture's left


def test_the_mirrored_photograph_shows_the_other_halves() -> None:
    image, face = picture(), moved(template(), subnasale=(9.0, 0.0))
    one, other = shown(image, face), shown(np.ascontiguousarray(image[:, ::-1]), mirrored(face))
    assert np.abs(one.rights.astype(int) - other.lefts).max() <= 1
    assert other.points["subnasale"][0] - other.midline_x == one.midline_x - one.points["subnasale"][0]
