"""The six numbers of a filling are what their definitions say, finite always, and blind to nothing under the mask."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from tasks.errors import InputError
from tasks.faces.heatmaps import dissimilarity, perceptual_maps, similarity
from tasks.faces.perceptual import load_perceptual
from tasks.faces.pictures import to_tensor
from tasks.inpainting.quality import Quality, check_window, decibels, qualities
from tasks.params.faces import PerceptualNet
from tasks.params.inpainting import Channels, InpaintingControls
from tasks.schemas.inpainting import ALIKE
from tests.inpainting.controls import MEASURE

SIDE = 48
NETWORK = load_perceptual(PerceptualNet(net="squeeze", trunk="random", size=48), Path("/nowhere"))


def picture(seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(30, 220, (8, 8, 3))
    smooth: np.ndarray = cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(smooth, 0, 255).astype(np.uint8))


def hole() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[12:29, 9:33] = True
    return mask


def changed(by: int) -> np.ndarray:
    """The picture, brighter by so many levels under the mask."""
    return np.asarray((picture() + by * hole()[..., None]).astype(np.uint8))


def quality(filled: np.ndarray, *, channels: Channels = "rgb", window: int = 7) -> Quality:
    (found,) = qualities(picture(), [filled], hole(), channels=channels, window=window, perceptual=NETWORK)
    return found


@pytest.mark.parametrize("channels", ["rgb", "grey"])
def test_psnr_by_hand(channels: Channels) -> None:
    """Five levels everywhere under the mask; the whole picture's error is the mask's share of that."""
    found = quality(changed(5), channels=channels)
    assert found.masked_psnr == pytest.approx(20 * np.log10(255 / 5), abs=1e-6)
    assert found.psnr == pytest.approx(found.masked_psnr - 10 * np.log10(hole().mean()), abs=1e-6)


def test_grey_forgets_a_change_of_colour_alone() -> None:
    turned = picture().astype(float)
    turned[hole()] += [14.308, -4.25, 0.0]  # keeps 0.2125 R + 0.7154 G
    filled = np.clip(np.rint(turned), 0, 255).astype(np.uint8)
    assert quality(filled, channels="grey").masked_psnr > quality(filled).masked_psnr + 15


def skimages(a: np.ndarray, b: np.ndarray, window: int) -> np.ndarray:
    """scikit-image's structural_similarity(full=True, channel_axis=2, data_range=1), from its documentation."""
    found = []
    for x, y in zip(a.transpose(2, 0, 1), b.transpose(2, 0, 1), strict=True):
        ux, uy = uniform_filter(x, window), uniform_filter(y, window)
        norm = window**2 / (window**2 - 1)
        vx, vy = (norm * (uniform_filter(z * z, window) - u * u) for z, u in ((x, ux), (y, uy)))
        vxy = norm * (uniform_filter(x * y, window) - ux * uy)
        over = (2 * ux * uy + 0.01**2) * (2 * vxy + 0.03**2)
        found.append(over / ((ux**2 + uy**2 + 0.01**2) * (vx + vy + 0.03**2)))
    return np.asarray(np.mean(found, axis=0))


@pytest.mark.parametrize("window", [3, 7, 47])
def test_ssim_is_scikit_images(window: int) -> None:
    filled = np.where(hole()[..., None], picture(1), picture())
    wanted = skimages(picture() / 255, filled / 255, window)
    found, edge = quality(filled, window=window), window // 2
    assert found.ssim == pytest.approx(wanted[edge:-edge, edge:-edge].mean(), abs=1e-9)
    assert found.masked_ssim == pytest.approx(wanted[hole()].mean(), abs=1e-9)
    np.testing.assert_allclose(similarity(picture() / 255, filled / 255, window=window), wanted, atol=1e-9)


def test_ssim_of_a_window_of_seven_is_the_heatmaps() -> None:
    a, b = picture() / 255, picture(1) / 255
    np.testing.assert_allclose(1 - similarity(a, b, window=7), dissimilarity(a, b), atol=1e-12)
    grey = similarity(a[..., :1], b[..., :1], window=5)
    assert grey.shape == (SIDE, SIDE)


def test_lpips_whole_and_under_the_mask() -> None:
    filled = np.where(hole()[..., None], picture(1), picture())
    found = quality(filled)
    (heat,) = perceptual_maps(picture() / 255, [filled / 255], NETWORK)
    assert found.masked_lpips == pytest.approx(heat[hole()].mean(), rel=1e-4)
    a, b = (NETWORK.features(to_tensor(one / 255)[None]) for one in (picture(), filled))
    assert found.lpips == pytest.approx(float(NETWORK.distance(a, b)), rel=1e-4)
    assert found.masked_lpips > found.lpips > 0


def test_equal_pictures_have_finite_numbers() -> None:
    found = quality(picture())
    assert found.masked_psnr == ALIKE
    assert found.psnr == pytest.approx(ALIKE - 10 * np.log10(hole().mean()))
    assert found.lpips == found.masked_lpips == 0
    assert found.ssim == pytest.approx(1) and found.masked_ssim == pytest.approx(1)
    nearly = changed(0)
    nearly[20, 20, 0] ^= 1  # one level, one channel, one pixel
    assert quality(nearly).masked_psnr == ALIKE
    assert decibels(1.0, share=1.0) == 0


def test_nearer_is_better_in_every_number() -> None:
    far, near = quality(changed(30)), quality(changed(6))
    for name in ("psnr", "ssim", "masked_psnr", "masked_ssim"):
        assert getattr(near, name) > getattr(far, name)
    for name in ("lpips", "masked_lpips"):
        assert getattr(near, name) < getattr(far, name)


def test_a_window_that_does_not_fit() -> None:
    check_window(7, 7)
    with pytest.raises(InputError, match="window: 51 pixels do not fit into pictures of 48; take an odd number below"):
        check_window(51, 48)


def test_an_even_window_is_refused() -> None:
    with pytest.raises(ValueError, match="8 is even"):
        InpaintingControls.model_validate(MEASURE | {"window": 8})
