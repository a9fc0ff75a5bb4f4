from typing import Any

import cv2
import numpy as np
import pytest

from tasks.ingest.faces import resampling
from tasks.ingest.faces.resampling import resample

NOISE = np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8)


def sampled(image: Any, matrix: Any, shape: Any) -> Any:
    return resample(image, matrix, shape, enlarging=cv2.INTER_CUBIC)


def scaling(scale: Any, turn: Any = 0.0, shift: Any = (0.0, 0.0)) -> Any:
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    return np.array([[cos, -sin, shift[0]], [sin, cos, shift[1]]])


def test_nothing_changes_where_nothing_moves() -> None:
    assert (sampled(NOISE, scaling(1), (90, 120)) == NOISE).all()


@pytest.mark.parametrize("beyond", [30, 200, 500])
def test_mirrored_copies_lie_around_the_photograph_and_around_each_other(beyond: int) -> None:
    shape = (90 + 2 * beyond, 120 + 2 * beyond)
    matrix = scaling(1, shift=(-beyond, -beyond))
    expected = np.pad(NOISE, ((beyond, beyond), (beyond, beyond), (0, 0)), mode="symmetric")
    assert (sampled(NOISE, matrix, shape) == expected).all()


def test_stripes_too_fine_to_show_become_grey_and_do_not_alias() -> None:
    stripes = np.zeros((1350, 1350, 3), np.uint8)
    stripes[:, ::2] = 255
    matrix = scaling(1350 / 64 * 0.93, 0.1, (60, 20))
    once = cv2.warpAffine(stripes, matrix, (64, 64), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    assert once[8:-8, 8:-8].std() > 30
    assert sampled(stripes, matrix, (64, 64))[8:-8, 8:-8].std() < 1


@pytest.mark.parametrize("shrink", [2.0, 2.6, 5.3, 19.7])
def test_shrinking_is_the_mean_of_the_area(shrink: float) -> None:
    """Against the exact mean of each pixel's area, sampled eight times as finely."""
    image = np.random.default_rng(2).integers(0, 256, (700, 700, 3), np.uint8)
    matrix = scaling(shrink, 0.3, (150, 20))
    fine = 8 * int(np.ceil(shrink))
    steps = (np.arange(16 * fine) + 0.5) / fine - 0.5
    x, y = (row[0] * steps + row[1] * steps[:, None] + row[2] for row in matrix)
    exact = image[np.rint(y).astype(int), np.rint(x).astype(int)].reshape(16, fine, 16, fine, 3).mean(axis=(1, 3))
    error = sampled(image, matrix, (16, 16)) - exact
    assert error.std() < 0.35 * exact.std()
    assert abs(error.mean()) < 0.5


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.3])
def test_tiles_show_the_same_as_the_whole(monkeypatch: pytest.MonkeyPatch, scale: float) -> None:
    matrix = scaling(scale, 0.2, (-10, 5))
    whole = sampled(NOISE, matrix, (30, 20))
    monkeypatch.setattr(resampling, "TILE", 28)
    difference = sampled(NOISE, matrix, (30, 20)).astype(int) - whole
    assert np.abs(difference).max() <= 4  # positions are rounded to 1/32 px from another corner, here in pure noise
