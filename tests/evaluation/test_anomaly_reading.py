"""One photograph's anomaly score: on its page, and for --json."""

import json
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

from tasks.evaluation.anomaly import reading as anomaly_reading
from tasks.evaluation.anomaly.reading import AnomalyReading, pictures
from tasks.evaluation.photo_page import Photo, render_photo_page
from tasks.pages.chapter import Reading
from tests.evaluation.anomaly_study import HEADLINE, aligned_with

CONTROLS, PATIENTS = np.array([4.0, 5.0, 6.0, 7.0]), np.array([1.0, 2.0, 3.0, 4.5])


def reading(**changed: Any) -> AnomalyReading:
    given: dict[str, Any] = {"controls": CONTROLS, "patients": PATIENTS, "score": 4.2}
    return AnomalyReading(HEADLINE, **(given | changed))


def shown(**changed: Any) -> Reading:
    return reading(**changed).as_reading("anomaly", "Anomaly", "Hayajneh et al.")


def test_the_record_says_how_the_score_was_made_and_where_it_lies() -> None:
    record = reading().record()
    assert record == {
        "score": 4.2,
        "heatmap": "pse",
        "processing": "both",
        "region": "mouth",
        "percentile_among": {"unseen_controls": 25.0, "patients": 75.0},
        "stands_out": None,
        "doubt": None,
        "tested": {},
        "reason": None,
    }
    assert json.dumps(record)
    refused = reading(score=None, reason="no face").record()
    assert (refused["score"], refused["percentile_among"], refused["reason"]) == (None, {}, "no face")


def test_marks_lie_where_the_scores_do() -> None:
    shown = reading(score=-3.0).shown()
    ticks = [x for row in shown["rows"] for x in row["ticks"]]
    assert 0 < shown["at"] < min(ticks) < max(ticks) < 100
    alone = reading(controls=np.array([]), patients=np.array([])).shown()
    assert alone["rows"] == []
    assert alone["at"] == 50


def test_the_cohort_is_everyone_scored(cohort: SimpleNamespace) -> None:
    found = anomaly_reading.cohort(cohort.scores, HEADLINE)
    assert (len(found["controls"]), len(found["patients"])) == (15, 30)
    assert found["controls"].mean() > found["patients"].mean()


def test_the_page_has_it_when_it_is_given_and_not_otherwise() -> None:
    html = render_photo_page(Photo("one.jpg", "ab" * 32, readings=[shown()]), notices=[])
    for text in ("4.200", "this S lies above 25", "PSE over mouth and nose", "Hayajneh"):
        assert text in html
    assert "Hayajneh" not in render_photo_page(Photo("one.jpg", "ab" * 32), notices=[])
    declined = shown(score=None, reason="<b>too little of the face</b>")
    html = render_photo_page(Photo("one.jpg", "ab" * 32, readings=[declined]), notices=[])
    assert "&lt;b&gt;too little of the face" in html
    assert "S lies above" not in html


def test_the_heat_lies_on_the_photographs_face() -> None:
    photograph = np.full((300, 260, 3), 150, np.uint8)
    warm = np.zeros((64, 64))
    warm[15:25, 20:30] = 1.0
    made = pictures(*aligned_with(warm, photograph, np.array([[2.0, 0, 20], [0, 2.0, 30]])), opacity=1.0)
    drawn = cv2.imdecode(np.frombuffer(made["on_original"], np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None
    face = drawn.astype(int)
    assert face.shape == (420, 420, 3)
    scale = 420 / 127
    inside, outside = face[int(40 * scale), int(50 * scale)], face[int(90 * scale), int(90 * scale)]
    assert abs(outside - 150).max() < 6
    assert abs(inside - 150).max() > 60
    assert render_photo_page(Photo("a", "b", readings=[shown(**made)]), notices=[]).count("data:image/jpeg") == 4
