"""The shapes of learning rates and noise: where they begin, bend and end."""

import pytest

from tasks.base import schedules

STEPS = range(100)


def test_a_rise_is_a_line_whose_first_step_is_above_nothing() -> None:
    assert [schedules.rise(step, 3) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert schedules.rise(0, 0) == 1


def test_a_rate_that_rises_stands_and_falls_ends_near_its_last_share() -> None:
    shares = [schedules.rise_and_fall(step, 100, warmup=9, flat=0.5, last=0.02) for step in STEPS]
    assert shares[0] == pytest.approx(0.1)
    assert set(shares[9:51]) == {1.0}
    assert shares[51:] == sorted(shares[51:], reverse=True)
    assert shares[-1] == pytest.approx(0.02 + 0.98 / 50)


def test_what_is_flat_to_the_end_never_falls() -> None:
    assert {schedules.fallen(step, 100, 1.0) for step in STEPS} == {0.0}


def test_cosines_begin_at_one_and_end_at_nothing() -> None:
    assert [schedules.cosine_fall(done) for done in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])
    assert [schedules.ramp_down(done, 0.2) for done in (0, 0.8, 0.9, 1)] == pytest.approx([1, 1, 0.5, 0])
    assert schedules.ramp_down(1, 0) == schedules.ramp_up(0, 0) == 1
    assert [schedules.ramp_up(done, 0.5) for done in (0, 0.25, 0.5, 1)] == [0, 0.5, 1, 1]


def test_noise_falls_with_the_square() -> None:
    assert [schedules.squared_fall(done, until=0.8) for done in (0, 0.4, 0.8, 1)] == pytest.approx([1, 0.25, 0, 0])
    assert schedules.squared_fall(0, until=0) == 0
