"""OpenCV's two fill the hole, nothing else, and a slope is continued."""

import numpy as np
import pytest

from tasks.inpainting.baselines import METHODS, opencv_filled


def slope() -> np.ndarray:
    x = np.linspace(20, 230, 40)
    return np.broadcast_to(x[None, :, None], (32, 40, 3)).astype(np.uint8).copy()


@pytest.mark.parametrize("method", METHODS)
def test_the_hole_alone_is_filled(method: str) -> None:
    picture = slope()
    mask = np.zeros((32, 40), bool)
    mask[10:20, 12:24] = True
    given = picture.copy()
    given[mask] = [255, 0, 255]
    filled = opencv_filled(given, mask, method)
    np.testing.assert_array_equal(filled[~mask], picture[~mask])
    assert np.abs(filled[mask].astype(float) - picture[mask]).mean() < 20
    np.testing.assert_array_equal(filled, opencv_filled(picture, mask, method))  # what was hidden is not looked at


def test_the_two_differ() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (32, 40, 3), dtype=np.uint8)
    mask = np.zeros((32, 40), bool)
    mask[8:20, 8:20] = True
    telea, ns = (opencv_filled(picture, mask, method) for method in ("telea", "ns"))
    assert (telea != ns).any()
