"""The square around a face: where it lies, and that it stays in the picture."""

from typing import Any

import numpy as np
import pytest

from tasks.phantoms.identity import identity
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import render
from tasks.phantoms.shape import NEUTRAL, NO_CLEFT
from tasks.synthesis.framing import frame_of, framed, placed
from tasks.synthesis.standin import lips as standin_lips


def test_the_square_holds_the_landmarks_with_its_margin_a_little_above_their_middle() -> None:
    points = np.array([[40.0, 60.0], [140.0, 60.0], [90.0, 140.0]])
    left, top, side = frame_of(points, 1.5)
    assert side == pytest.approx(150)
    assert left + side / 2 == pytest.approx(90)
    assert top + side / 2 == pytest.approx(100 - 10)


@pytest.mark.parametrize(
    ("frame", "there"),
    [
        ([10.4, 20.6, 50.0], (10, 21, 50)),
        ([-30.0, 70.0, 60.0], (0, 40, 60)),  # moved in
        ([20.0, -90.0, 400.0], (20, 0, 100)),  # shrunk to the shorter side
    ],
)
def test_a_square_that_reaches_outside_is_moved_and_shrunk(frame: Any, there: Any) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (100, 120, 3), np.uint8)
    assert placed(frame, 100, 120) == there
    left, top, side = there
    assert np.array_equal(framed(picture, frame), picture[top : top + side, left : left + side])


def test_without_a_frame_the_picture_stays_whole() -> None:
    picture = np.zeros((3, 5, 3), np.uint8)
    assert framed(picture, None) is picture


def test_a_lip_grows_in_the_frame() -> None:
    drawn = render(identity(5), size=256, expression=NEUTRAL, pose=FRONTAL, cleft=NO_CLEFT, frame=0)
    _, _, side = placed(frame_of(drawn.landmarks, 1.5), 256, 256)
    assert side < 0.7 * 256


@pytest.mark.parametrize("kind", ["red", "dark", "pale", "hairy"])
def test_painted_lips_change_the_mouth_and_nothing_else(kind: str) -> None:
    drawn = render(identity(5), size=256, expression=NEUTRAL, pose=FRONTAL, cleft=NO_CLEFT, frame=0)
    changed = np.abs(standin_lips.paint_lip(drawn, kind).astype(int) - drawn.image).sum(axis=2) > 12
    rows, columns = np.nonzero(changed)
    lowest = drawn.landmarks[48:60, 1].max()
    assert changed.sum() > 100
    assert rows.min() > drawn.landmarks[33, 1] - 3
    assert rows.max() < lowest + 8
    assert columns.min() > drawn.landmarks[48, 0] - 8
    assert columns.max() < drawn.landmarks[54, 0] + 8


def test_an_open_lip_is_the_expressions_work() -> None:
    drawn = render(identity(5), size=96, expression=NEUTRAL, pose=FRONTAL, cleft=NO_CLEFT, frame=0)
    assert standin_lips.paint_lip(drawn, "open") is drawn.image
