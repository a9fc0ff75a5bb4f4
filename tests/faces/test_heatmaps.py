"""Heatmaps against their definitions: colours of BT.601, minimum filter, SSIM window by window, LPIPS' own map."""

from itertools import product
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from tasks.faces.heatmaps import (
    BATCH,
    K1,
    K2,
    WINDOW,
    dissimilarity,
    eroded,
    heatmap,
    perceptual_maps,
    processed,
    squared_error,
    to_ycbcr,
)
from tasks.faces.pictures import to_tensor
from tests.faces.test_perceptual import random_perceptual

NETWORK = random_perceptual("squeeze", size=32)
COMBINATIONS = list(product(("pse", "ssim", "lpips"), (False, True), (None, 3)))


def made(name: Any, *, ycbcr: Any = False, erosion: Any = None) -> Any:
    return lambda a, b: heatmap(a, b, name=name, ycbcr=ycbcr, erosion=erosion, perceptual=NETWORK)


def face(seed: int = 0, side: int = 48) -> np.ndarray:
    """A smooth picture with an edge in it, (side, side, 3) in 0.1..0.9."""
    rng = np.random.default_rng(seed)
    smooth: np.ndarray = cv2.resize(rng.uniform(0.2, 0.8, (6, 6, 3)), (side, side), interpolation=cv2.INTER_CUBIC)
    smooth[side // 2 :, side // 3 :] *= 0.8
    return smooth.clip(0.1, 0.9)


BLACK, WHITE, RED, GREEN, BLUE = ([0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1])


@pytest.mark.parametrize(
    ("rgb", "expected"),  # studio-range BT.601 as printed in ITU-R BT.601 and by any JPEG or video reference
    [
        (BLACK, (16, 128, 128)),
        (WHITE, (235, 128, 128)),
        ([0.5, 0.5, 0.5], (125.5, 128, 128)),
        (RED, (81.481, 90.203, 240)),
        (GREEN, (144.553, 53.797, 34.214)),
        (BLUE, (40.966, 240, 109.786)),
    ],
)
def test_colours_of_bt_601(rgb: Any, expected: Any) -> None:
    found = to_ycbcr(np.array(rgb, float).reshape(1, 1, 3)) * 255
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-9)


def test_every_colour_stays_in_range() -> None:
    corners = np.array(list(product((0.0, 1.0), repeat=3))).reshape(1, 8, 3)
    found = to_ycbcr(corners) * 255
    low, high = found.min((0, 1)), found.max((0, 1))
    np.testing.assert_allclose(low, 16, atol=1e-9)
    np.testing.assert_allclose(high, (235, 240, 240), atol=1e-9)


@pytest.mark.parametrize("side", [3, 5, 7])
def test_erosion_is_the_minimum_of_the_neighbourhood(side: int) -> None:
    picture = np.random.default_rng(1).uniform(size=(12, 15, 3))
    k = side // 2
    expected = np.empty_like(picture)
    for j, i in np.ndindex(12, 15):
        near = picture[max(j - k, 0) : j + k + 1, max(i - k, 0) : i + k + 1]
        expected[j, i] = near.min((0, 1))
    assert np.array_equal(eroded(picture, side), expected)


def test_erosion_forgets_bright_specks_and_keeps_shapes() -> None:
    original = np.full((32, 32, 3), 0.5)
    specks = original.copy()
    specks[3::6, 3::6] += 0.2
    for name, ycbcr in product(("pse", "ssim", "lpips"), (False, True)):
        assert made(name, ycbcr=ycbcr)(original, specks).max() > 0
        grey = made(name, ycbcr=ycbcr, erosion=3)(original, specks)  # Cb and Cr of grey specks do not change
        assert np.allclose(grey, 0, atol=1e-12)
    shape = original.copy()
    shape[10:20, 10:20] += 0.2
    assert made("pse", erosion=3)(original, shape).max() == pytest.approx(np.sqrt(3) * 0.2**2)


def test_colour_comes_before_erosion() -> None:
    a = face()
    assert np.array_equal(processed(a, ycbcr=True, erosion=3), eroded(to_ycbcr(a), 3))
    assert not np.allclose(processed(a, ycbcr=True, erosion=3), to_ycbcr(eroded(a, 3)), atol=1e-3)


def test_squared_error_is_equation_4() -> None:
    a, b = face(0), face(1)
    pse = (a - b) * (a - b)
    heat = squared_error(a, b)
    np.testing.assert_allclose(heat, np.sqrt((pse**2).sum(axis=2)))
    assert np.linalg.norm(heat) == pytest.approx(np.linalg.norm(pse.ravel()))


def ssim_by_definition(a: Any, b: Any, j: Any, i: Any) -> Any:
    """SSIM of one channel in the window about one pixel, two-pass."""
    k = WINDOW // 2
    x, y = (picture[j - k : j + k + 1, i - k : i + k + 1].ravel() for picture in (a, b))
    covariance = np.cov(x, y)  # unbiased
    numerator = (2 * x.mean() * y.mean() + K1**2) * (2 * covariance[0, 1] + K2**2)
    return numerator / ((x.mean() ** 2 + y.mean() ** 2 + K1**2) * (covariance[0, 0] + covariance[1, 1] + K2**2))


def test_dissimilarity_window_by_window() -> None:
    a, b = face(0), face(0)
    b[20:30, 20:30] += 0.1
    heat = dissimilarity(a, b)
    for j, i in ((5, 5), (20, 20), (25, 25), (30, 17), (44, 44)):
        expected = 1 - np.mean([ssim_by_definition(a[..., c], b[..., c], j, i) for c in range(3)])
        assert heat[j, i] == pytest.approx(expected, abs=1e-12)
    assert heat[25, 25] > 0.01 and heat[5, 5] == 0


def test_dissimilarity_mirrors_the_picture_at_its_border() -> None:
    a, b = face(0), face(2)
    k = WINDOW
    wide = [np.pad(picture, ((k, k), (k, k), (0, 0)), mode="symmetric") for picture in (a, b)]
    np.testing.assert_allclose(dissimilarity(*wide)[k:-k, k:-k], dissimilarity(a, b), atol=1e-12)


def test_perceptual_map_is_that_of_the_network() -> None:
    a, b = face(0), face(1)
    x, y = (to_tensor(picture)[None] for picture in (a, b))
    with torch.no_grad():
        expected = NETWORK.spatial(NETWORK.features(x), NETWORK.features(y), 48)[0].numpy()
    np.testing.assert_allclose(made("lpips")(a, b), expected, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(
        made("lpips", ycbcr=True)(a, b), made("lpips")(to_ycbcr(a), to_ycbcr(b)), rtol=1e-9
    )  # the net takes Y, Cb, Cr as if they were R, G, B


def test_perceptual_maps_do_not_depend_on_how_many_are_asked_for() -> None:
    original, drawn = face(0), [face(seed) for seed in range(1, 2 * BATCH)]
    together = perceptual_maps(original, drawn, NETWORK)
    assert len(together) == len(drawn)
    for count in (1, BATCH - 1, BATCH):
        for alone, shared in zip(perceptual_maps(original, drawn[:count], NETWORK), together, strict=False):
            assert np.array_equal(alone, shared)
    assert not np.allclose(together[0], together[1])


@pytest.mark.parametrize(("name", "ycbcr", "erosion"), COMBINATIONS)
def test_equal_pictures_give_nothing_and_order_does_not_matter(name: Any, ycbcr: Any, erosion: Any) -> None:
    compare = made(name, ycbcr=ycbcr, erosion=erosion)
    a, b = face(0), face(1)
    assert (compare(a, a.copy()) == 0).all()
    there, back = compare(a, b), compare(b, a)
    assert there.shape == (48, 48) and there.dtype == np.float64 and there.min() >= 0 and there.max() > 0
    np.testing.assert_allclose(there, back, rtol=1e-4, atol=1e-9)


def test_a_colour_cast_counts_less_in_ycbcr_than_light() -> None:
    a = face()
    cast, light = a + np.array([0.06, 0, -0.04]), a + 0.04
    for erosion in (None, 3):
        rgb, ycc = made("pse", erosion=erosion), made("pse", ycbcr=True, erosion=erosion)
        assert ycc(a, cast).sum() < rgb(a, cast).sum()
        assert ycc(a, cast).sum() / ycc(a, light).sum() < 0.7 * rgb(a, cast).sum() / rgb(a, light).sum()


def test_nothing_is_rounded() -> None:
    a = face()
    for name, ycbcr, erosion in COMBINATIONS:
        assert made(name, ycbcr=ycbcr, erosion=erosion)(a, a + 1e-5).max() > 0
