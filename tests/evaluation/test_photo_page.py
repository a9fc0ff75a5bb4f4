import re
from typing import Any

import numpy as np
import pytest

from tasks.evaluation.photo_page import (
    Measure,
    Photo,
    overlay,
    png_size,
    render_photo_page,
)
from tasks.evaluation.symmetry.reading import Distance, as_reading, percentile, read_out
from tasks.pages.chapter import Reading
from tasks.pages.notices import Notice, notice_of
from tasks.statistics.grading import GradeScale
from tests.evaluation.trials import trial

POINTS = np.stack([np.linspace(5, 95, 68), np.linspace(5, 55, 68)], axis=1)


def distance_of(distance: float = 0.6, **changed: Any) -> Distance:
    given: dict[str, Any] = {
        "strategy": "clp",
        "distance": distance,
        "threshold": 0.5,
        "scale": GradeScale(low=0.2, high=1.0, grades=5),
        "positives": np.linspace(0.1, 0.4, 300),
        "negatives": np.linspace(0.5, 1.2, 300),
        "rated": np.array([0.2, 0.6, 0.8, 1.0]),
        "trial": trial(),
    }
    return Distance(**(given | changed))


def reading(*distances: Distance) -> Reading:
    return as_reading("symmetry", "Symmetry", "a paper", distances or [distance_of()])


def photo(region: bytes, **changed: Any) -> Photo:
    given: dict[str, Any] = {
        "name": "one.jpg",
        "image_id": "ab" * 32,
        "region": region,
        "left": region,
        "right": region,
        "points": POINTS,
        "midline_x": 51.5,
        "mirrored": "left",
        "readings": [reading()],
        "measures": [Measure("Yaw", "2.0°", "at most 20°")],
    }
    return Photo(**(given | changed))


def test_a_measured_photograph(region: bytes) -> None:
    html = render_photo_page(photo(region), notices=["Stand-in weights."])
    for text in ("one.jpg", "0.600", "Above the threshold of 0.500", "Stand-in weights.", "left half is mirrored"):
        assert text in html
    assert 'aria-label="Grade 3 of 5"' in html
    assert "not a medical device" in html
    assert "No distance is given when" in html
    assert html.count("<circle") == 68
    assert 'x1="51.5"' in html


def test_the_verdict_stands_first_and_what_it_is_worth_after_it(region: bytes) -> None:
    said = ["Stands out <all>.", "Lip: stands out.", "Nose: does not."]
    html = render_photo_page(photo(region), notices=["Stand-in."], verdict=said, trust=["It told 9 of 10."])
    places = [
        html.index(text) for text in ("Stands out &lt;all", "<li>Lip: ", "<li>Nose: ", "told 9 of 10", "Stand-in.")
    ]
    assert places == sorted(places)


def test_numbers_that_do_not_count_say_so_where_they_stand(region: bytes) -> None:
    for valid in (True, False):
        html = render_photo_page(photo(region), notices=[], verdict=["Measured."], valid=valid)
        assert ('<main class="doubted">' in html) is not valid
        assert (
            html.count('<p class="doubt">not valid here</p>') == (0 if valid else html.count('class="big"'))
            and "big" in html
        )


def test_the_patients_right_half_is_shown_first_as_in_the_picture(region: bytes) -> None:
    html = render_photo_page(photo(region), notices=[])
    assert html.index("patient’s right half of the lips") < html.index("patient’s left half of the lips")


def test_where_d_falls(region: bytes) -> None:
    out = read_out(distance_of(0.6))
    below = {row["key"]: row["below"] for row in out["rows"]}
    assert below["symmetric_pairs"] == 100
    assert below["rated_photographs"] == pytest.approx(100 * 1 / 4)
    assert (out["grade"], out["flagged"]) == (3, True)
    assert read_out(distance_of(0.5))["flagged"] is False
    assert percentile(np.array([1.0, 2.0]), 1.5) == 50


def test_strips_stay_inside_and_bands_cover_them() -> None:
    for distance in (0.0, 0.3, 9.0):
        out = read_out(distance_of(distance))
        marks = [x for row in out["rows"] for x in row["ticks"]] + [out["at"], out["threshold_at"]]
        assert 0 <= min(marks) <= max(marks) <= 100
        assert all(len(row["ticks"]) <= 160 for row in out["rows"])
        assert sum(width for _, width, _, _ in out["bands"]) == pytest.approx(100, abs=0.01)
        own = [(left, left + width) for left, width, grade, _ in out["bands"] if grade == out["grade"]]
        assert own[0][0] - 0.01 <= out["at"] <= own[0][1] + 0.01


def test_a_photograph_read_beside_nothing(region: bytes) -> None:
    empty = np.array([])
    alone = distance_of(0.0, threshold=None, scale=None, positives=empty, negatives=empty, rated=empty)
    html = render_photo_page(photo(region, readings=[reading(alone)]), notices=[])
    assert "No grade" in html
    assert "threshold of" not in html


def test_a_refused_photograph_gets_its_reason_and_no_numbers(region: bytes) -> None:
    html = render_photo_page(Photo("two.jpg", "cd" * 32, reason="no face was found"), notices=[])
    assert "No face was found." in html
    assert "What was looked at" not in html
    seen = render_photo_page(photo(region, reason="head turned too far"), notices=[])
    assert "Head turned too far." in seen
    assert "What could be measured" in seen
    assert "Grade 3 of 5" not in seen


def test_hostile_names_and_reasons_are_escaped() -> None:
    bad = '"><script>alert(1)</script>'
    html = render_photo_page(
        Photo(bad, bad, reason=bad, measures=[Measure(bad, bad, bad)]), notices=[bad], declines=[bad]
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 6


def test_points_outside_the_region_are_not_drawn(region: bytes) -> None:
    moved = POINTS.copy()
    moved[0] = (-3, 10)
    moved[50] = (101, 10)
    drawn = overlay(photo(region, points=moved))
    assert (drawn["width"], drawn["height"]) == (100, 60)
    assert len(drawn["dots"]) == 66
    assert len(drawn["lines"]) == 2  # the outer lip misses a point


def test_png_size_of_something_else() -> None:
    with pytest.raises(ValueError, match="not a PNG"):
        png_size(b"\xff\xd8\xff" + bytes(30))


def test_nothing_is_fetched(region: bytes) -> None:
    html = render_photo_page(photo(region), notices=[])
    addresses = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)


def test_a_page_does_not_tell_a_surgeon_what_to_write_into_a_file() -> None:
    """What an operator can do is not on the page of a person; of what people wrote nothing is left out."""
    off = "anomaly is off; write anomaly: true under systems in params.yaml"
    theirs = "Drawn here; ask `Dr B` before you print it; never outside params.yaml"
    lines = [notice_of(off).after("anomaly was not read: "), Notice("An earlier network", "run `dvc repro`"), theirs]
    assert lines[:2] == [f"anomaly was not read: {off}", "An earlier network; run `dvc repro`"]
    page = render_photo_page(Photo("a.jpg", "", reason="no face was found"), notices=lines)
    assert all(
        f"<li>{said}</li>" in page for said in ("anomaly was not read: anomaly is off", "An earlier network", theirs)
    )


def test_d_has_an_interval_and_says_nothing_where_it_is_wide(region: bytes) -> None:
    narrow, wide = (distance_of(interval=(0.6 - half, 0.6 + half), most_spread=0.4) for half in (0.05, 0.3))
    [said] = reading(narrow).said
    assert said.value == "D 0.600 (0.550 to 0.650 as crop and light change a little), grade 3 of 5"
    assert (said.stands_out, said.doubt) == (True, None)
    [said] = reading(wide).said
    assert said.stands_out is None
    assert said.doubt is not None
    assert said.doubt.startswith("pose or light makes this D unreliable")
    assert reading(wide).record["clp"]["interval"] == [0.3, 0.9]
    html = render_photo_page(photo(region, readings=[reading(wide)]), notices=[])
    assert "0.300 to 0.900 as crop and light change" in html


def test_without_an_interval_nothing_is_said_of_one() -> None:
    [said] = reading(distance_of(most_spread=0.0)).said
    assert said.value == "D 0.600, grade 3 of 5"
    assert said.doubt is None
