from dataclasses import replace

import numpy as np
import pytest

from tasks.base.points68 import MIRROR
from tasks.phantoms.identity import Asymmetry, Identity, identity
from tasks.phantoms.shape import CLEFT_GAIN, NEUTRAL, NO_CLEFT, Cleft, Expression, Side, landmarks


def symmetric(seed: int) -> Identity:
    return replace(identity(seed), asymmetry=Asymmetry(0, 0, 0, 0, 0, 0, 0))


def mirrored(points: np.ndarray) -> np.ndarray:
    across: np.ndarray = points[MIRROR]
    return across * (-1, 1)


@pytest.mark.parametrize("seed", range(5))
def test_without_asymmetry_and_cleft_a_face_is_its_mirror(seed: int) -> None:
    points, uncleft = landmarks(symmetric(seed), Expression(0.3, 0.5, 0.2), NO_CLEFT)
    np.testing.assert_allclose(points, mirrored(points), atol=1e-12)
    np.testing.assert_array_equal(points, uncleft)


def test_a_cleft_on_the_other_side_is_the_mirror_image() -> None:
    left, _ = landmarks(symmetric(1), NEUTRAL, Cleft(0.7, "left"))
    right, _ = landmarks(symmetric(1), NEUTRAL, Cleft(0.7, "right"))
    np.testing.assert_allclose(left, mirrored(right), atol=1e-12)


@pytest.mark.parametrize(("side", "peak"), [("left", 52), ("right", 50)])
def test_the_side_is_the_patients_own(side: Side, peak: int) -> None:
    """Point 52 lies on the image's right, which is the patient's left."""
    cleft, uncleft = landmarks(identity(1), NEUTRAL, Cleft(1.0, side))
    rise = uncleft[:, 1] - cleft[:, 1]
    assert np.argmax(rise) == peak
    assert rise[peak] == pytest.approx(0.075 * CLEFT_GAIN)


def test_a_cleft_of_both_sides_is_its_own_mirror_image() -> None:
    both, uncleft = landmarks(symmetric(1), NEUTRAL, Cleft(0.8, "both", repaired=False))
    np.testing.assert_allclose(both, mirrored(both), atol=1e-12)
    assert (both[[50, 52], 1] < uncleft[[50, 52], 1] - 0.05).all()  # either peak is drawn up
    assert both[35, 0] > uncleft[35, 0] + 0.02 and both[31, 0] < uncleft[31, 0] - 0.02  # either ala out


def test_displacement_grows_in_proportion_to_severity() -> None:
    half, whole = (np.subtract(*landmarks(identity(2), NEUTRAL, Cleft(s, "left"))) for s in (0.5, 1.0))
    np.testing.assert_allclose(half * 2, whole, atol=1e-12)
    assert not whole[:29].any() and not whole[36:50].any()  # jaw, brows, eyes, other corner


def test_the_mouth_opens_and_the_lids_shut() -> None:
    shut, _ = landmarks(identity(3), NEUTRAL, NO_CLEFT)
    speaking, _ = landmarks(identity(3), Expression(0.5, 0, 1.0), NO_CLEFT)
    assert speaking[66, 1] - speaking[62, 1] > shut[66, 1] - shut[62, 1] + 0.1
    assert abs(speaking[37, 1] - speaking[41, 1]) < 0.2 * abs(shut[37, 1] - shut[41, 1])
