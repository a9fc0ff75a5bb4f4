"""What is left of a heatmap beside mouth and nose, and when S says nothing of a photograph."""

import numpy as np
import pandas as pd
import pytest

from tasks.anomaly.scores import anomaly_score
from tasks.evaluation.anomaly.compare import Combination
from tasks.evaluation.anomaly.unlike import LEAST, rest, rest_of_controls, rests, undrawn, unlike
from tasks.evaluation.anomaly.words import undrawn_said
from tasks.faces.regions import region_masks
from tests.anthropometry.drawn import face

MADE = Combination(step=10, region="mouth", heatmap="ssim", processing="base")
SIZE = 384


def scores_of(mouth: float, elsewhere: float, points: np.ndarray) -> dict[str, float]:
    """S of both regions where the heat is `mouth` in mouth and nose and `elsewhere` beside them."""
    masks = region_masks(points, SIZE, soft_edge=0)
    heat = np.where(masks["mouth"] > 0, mouth, elsewhere)
    return {name: anomaly_score(heat, mask) for name, mask in masks.items()}


def test_the_rest_knows_nothing_of_mouth_and_nose() -> None:
    points = face(1)[1]
    masks = region_masks(points, SIZE, soft_edge=0)
    pixels = float(masks["face"].sum() - masks["mouth"].sum())
    for mouth in (0.0, 0.1, 0.9):
        found = rest(scores_of(mouth, 0.2, points), points, SIZE, soft_edge=0)
        assert found == pytest.approx(0.2 * np.sqrt(pixels) / pixels, rel=0.01)
    assert rest(scores_of(0.9, 0.0, points), points, SIZE, soft_edge=0) == pytest.approx(0, abs=1e-4)


def test_controls_alone_are_what_is_usual() -> None:
    points = face(1)[1]
    rows = [
        {"image_id": name, "population": population, "region": region, "score": value, "step": step}
        | {"heatmap": "ssim", "processing": "base"}
        for name, population, elsewhere in (("a", "control", 0.1), ("b", "control", 0.2), ("c", "repaired", 0.4))
        for step, heat in ((0, 3 * elsewhere), (10, elsewhere))
        for region, value in scores_of(0.3, heat, points).items()
    ]
    lost = {"image_id": "d", "population": "control", "region": "face", "score": None, "step": 10}
    aligned = pd.DataFrame({"image_id": ["a", "b", "c", "d"], "points": [*[points.ravel().tolist()] * 3, None]})
    table = pd.DataFrame([*rows, lost | {"heatmap": "ssim", "processing": "base"}])
    found = rest_of_controls(table, aligned, SIZE, MADE, soft_edge=0)
    assert len(found) == 2
    assert found[1] == pytest.approx(2 * found[0], rel=0.01)
    every = rests(table, aligned, SIZE, MADE, soft_edge=0)
    assert list(every.index) == ["a", "b", "c"]
    assert every["c"] == pytest.approx(4 * found[0], rel=0.01)


def test_the_report_marks_them_by_the_same_rule() -> None:
    controls = np.array([1.0, 1.1, 1.2, 1.0, 2.0])
    found = pd.Series({"a": 2.1, "b": 3.3, "c": float("nan"), "d": 2.3})
    assert undrawn(found, controls, most=2) == {"b", "d"}
    assert undrawn(found, controls[: LEAST - 1], most=2) == frozenset()
    assert undrawn_said(0, 40) == []
    (said,) = undrawn_said(2, 40)
    assert said.startswith("The generator cannot draw 2 of 40 photographs beside mouth and nose either")


def test_s_says_nothing_of_what_the_generator_does_not_know() -> None:
    controls = np.array([1.0, 1.1, 1.2, 1.0, 2.0])
    assert unlike(2.1, controls, most=2) is None
    said = unlike(3.3, controls, most=2)
    assert said is not None
    assert said.endswith("beside mouth and nose it stays 3.0 times as far off as a usual one of 5 controls")
    assert unlike(99.0, controls[: LEAST - 1], most=2) is None
    assert unlike(float("nan"), controls, most=2) is None
