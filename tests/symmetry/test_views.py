"""Other crops of a pair, made from its halves: nothing moves for the view as cut, and both halves move together."""

import numpy as np
import pytest

from tasks.symmetry.views import AS_CUT, interval, seen_as

SIZE = 40


def halves(mirrored: str, middle: float = SIZE - 0.5) -> tuple[np.ndarray, np.ndarray]:
    """One pair, cut from a smooth bump around column `middle` of a picture of two halves."""
    x, y = np.meshgrid(np.arange(2 * SIZE), np.arange(SIZE))
    bump = np.exp(-((x - middle) ** 2) / 300 - (y - 20.0) ** 2 / 120)
    both = np.repeat((40 + 180 * bump)[..., None], 3, axis=2).round().astype(np.uint8)
    right, left = both[:, :SIZE], both[:, SIZE:]
    right, left = (right[:, ::-1] if mirrored == "right" else right), (left[:, ::-1] if mirrored == "left" else left)
    return right[None], left[None]


def apart(right: np.ndarray, left: np.ndarray) -> float:
    return float(np.abs(right.astype(float) - left).mean())


def test_the_view_as_cut_changes_nothing() -> None:
    right, left = halves("left", 44)
    seen = seen_as(right, left, AS_CUT, mirrored="left")
    assert np.array_equal(seen[0], right)
    assert np.array_equal(seen[1], left)


@pytest.mark.parametrize("mirrored", ["left", "right"])
def test_a_midline_that_stood_aside_is_put_right(mirrored: str) -> None:
    right, left = halves(mirrored, SIZE - 0.5 + 3)
    there, back = (seen_as(right, left, (shift, 0.0, 0.0), mirrored=mirrored) for shift in (3 / SIZE, -3 / SIZE))
    assert apart(*there) < 1 < apart(right, left) < apart(*back)


def test_halves_that_are_not_mirrored_stay_so() -> None:
    plain = seen_as(*halves("none", 44), (0.05, 2.0, 0.1), mirrored="none")
    flipped = seen_as(*halves("left", 44), (0.05, 2.0, 0.1), mirrored="left")
    assert np.array_equal(plain[0], flipped[0])
    assert np.array_equal(plain[1], flipped[1][:, :, ::-1])


def test_a_turn_lowers_one_side_and_lifts_the_other() -> None:
    right, left = halves("left")
    assert apart(right, left) < 0.01
    turned, back = (seen_as(right, left, (0.0, degrees, 0.0), mirrored="left") for degrees in (4.0, -4.0))
    assert apart(*turned) > 1
    assert np.abs(turned[0].astype(int) - back[1]).max() <= 1  # what one turn does right, the other does left


def test_no_pairs_are_no_pairs() -> None:
    none = np.zeros((0, SIZE, SIZE, 3), np.uint8)
    assert [half.shape for half in seen_as(none, none, (0.05, 0.0, 0.1), mirrored="left")] == [none.shape] * 2


def test_one_half_gets_darker_and_the_other_stays() -> None:
    right, left = halves("left")
    for shade, darker, same in ((0.2, 0, 1), (-0.2, 1, 0)):
        seen = seen_as(right, left, (0.0, 0.0, shade), mirrored="left")
        assert np.array_equal(seen[same], (right, left)[same])
        assert np.abs(seen[darker] - 0.8 * (right, left)[darker]).max() <= 0.5


def test_the_interval_is_as_wide_as_the_views_disagree() -> None:
    assert interval([0.4, 0.4, 0.4], reach=2.0) == (0.4, 0.4)
    assert interval([0.4, 0.5, 0.3], reach=2.0) == pytest.approx((0.2, 0.6))
    assert interval([0.1, 0.5], reach=1.0) == pytest.approx((0.0, 0.5))
    assert interval([0.4], reach=2.0) == (0.4, 0.4)
