"""The report's anomaly section: figures, gallery, overlays, and what is said where there is nothing."""

import re
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from tasks.evaluation.anomaly.section import draw_anomaly, gallery, pick_faces, stand_ins
from tasks.evaluation.comparison import Evaluation
from tasks.pages.overlays import around_face, colours, decode_heat, jpeg, lay_over
from tasks.params.evaluation import Evaluate, Report
from tests.evaluation.anomaly_study import HEADLINE
from tests.evaluation.showing import anomaly_chapter
from tests.evaluation.showing import render as render_page

SETTINGS = Report(examples=4, gallery=5, opacity=0.5, sheet=4, few_people=20, table=100, show_training_pairs=False)


def render(evaluation: Evaluation, anomaly: dict[str, Any], **given: Any) -> str:
    return re.sub(r"\s+", " ", render_page(evaluation, anomaly_chapter(anomaly, **given)))


@pytest.fixture(scope="module")
def page(evaluation: Evaluation, record: dict[str, Any], cohort: SimpleNamespace, survey: Evaluate) -> str:
    pictures = draw_anomaly(record, cohort.scores, cohort.maps, cohort.ratings, cohort.references, survey)
    assert {name: len(own) for name, own in pictures.items()} == {
        "table": 2,
        "scatters": 3,
        "steps": 1,
        "inversion": 1,
    }
    again = draw_anomaly(record, cohort.scores, cohort.maps, cohort.ratings, cohort.references, survey)
    assert again == pictures
    return render(
        evaluation, record, pictures=pictures, faces=gallery([cohort.map_table], cohort.scores, HEADLINE, SETTINGS)
    )


def test_published_values_stand_beside_ours(page: str, record: dict[str, Any]) -> None:
    section = page[page.index('id="anomaly"') : page.index('id="raters"')]
    ours = record["table1"]["adapted"]["mouth"]["pse"]["both"]["pearson"]["value"]
    assert f"{100 * ours:.1f}" in section
    for value in ("94.2", "91.1", "74.1", "40.6", "44 (printed 0.44)"):
        assert f"published {value}<" in section
    assert section.count("published ") >= 48
    assert all(re.sub(r"\s+", " ", line) in section for line in record["findings"])


def test_the_gallery_is_sorted_by_score(page: str, cohort: SimpleNamespace) -> None:
    faces = gallery([cohort.map_table], cohort.scores, HEADLINE, SETTINGS)
    assert [face.place for face in faces] == [1, 12, 23, 34, 45]
    assert [face.score for face in faces] == sorted((face.score for face in faces), reverse=True)
    assert page.count("What differs, laid over the photograph") == 5
    assert page.count("data:image/jpeg") == 15
    few = pick_faces(cohort.scores[cohort.scores["image_id"] == "image-patient-001"], HEADLINE, count=5)
    assert [(own[0], own[2], own[3]) for own in few] == [("image-patient-001", 1, 1)]


def test_without_anything_the_section_says_why(evaluation: Evaluation, survey: Evaluate) -> None:
    assert "Not measured: no scores." in render(evaluation, {"reason": "no scores"})
    none = pd.DataFrame()
    assert draw_anomaly({"reason": "no scores"}, none, none, none, none, survey) == {}
    assert gallery([], pd.DataFrame({"score": pd.Series(dtype=float), **_keys()}), HEADLINE, SETTINGS) == []


def _keys() -> dict[str, pd.Series]:
    return {name: pd.Series(dtype=object) for name in ("image_id", "step", "region", "heatmap", "processing")}


def test_what_differs_is_laid_over_where_it_differs() -> None:
    image = np.full((8, 8, 3), 100, np.uint8)
    heat = np.zeros((8, 8))
    heat[2, 3] = 5.0
    over = lay_over(image, heat, high=1.0, opacity=1.0)
    assert (over[2, 3] == colours()[-1]).all()
    assert (np.delete(over.reshape(-1, 3), 2 * 8 + 3, axis=0) == 100).all()
    half = lay_over(image, heat, high=1.0, opacity=0.5)
    assert half[2, 3].astype(int) == pytest.approx((100 + colours()[-1].astype(int)) / 2, abs=1)
    assert (lay_over(image, heat * 0, high=0.0, opacity=1.0) == 100).all()


def test_colours_rise_in_lightness() -> None:
    grey = cv2.cvtColor(colours()[None], cv2.COLOR_RGB2LAB)[0, :, 0].astype(int)
    assert (np.diff(grey) >= -1).all()
    assert grey[-1] - grey[0] > 150


def test_a_heatmap_comes_back_as_it_was() -> None:
    heat = np.random.default_rng(0).uniform(0, 0.3, (9, 7))
    png = cv2.imencode(".png", np.rint(heat / 0.3 * 65535).astype(np.uint16))[1].tobytes()
    assert decode_heat(png, 0.3) == pytest.approx(heat, abs=1e-5)


def test_the_part_of_the_photograph_in_which_the_face_lies() -> None:
    rows, columns = around_face(np.array([[2.0, 0, 10], [0, 2.0, 20]]), 11, (35, 200))
    assert (rows.start, rows.stop, columns.start, columns.stop) == (20, 35, 10, 31)
    turned = around_face(np.array([[0, -2.0, 30], [2.0, 0, 20]]), 11, (100, 200))
    assert (turned[1].start, turned[1].stop) == (10, 31)


def test_a_jpeg_of_the_size_that_is_asked_for() -> None:
    shown = cv2.imdecode(np.frombuffer(jpeg(np.zeros((30, 60, 3), np.uint8), side=160), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None and shown.shape == (80, 160, 3)


def test_stand_ins_are_told_in_words() -> None:
    told = stand_ins({"trunk": "random"}, {"source": "controls"}, 64)
    assert len(told) == 2
    assert "faces of 64 pixels" in told[1]
    assert stand_ins({"trunk": "vgg16_torchvision"}, {"source": "ffhq.pkl"}, 1024) == []
