from typing import Any

import pytest

from tasks.anomaly import schedules
from tests.anomaly.small_inversion import settings

PUBLISHED = settings(iterations=1000, learning_rate=0.1, latent_noise=0.05, curve_points=5)


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.0), (25, 0.05), (50, 0.1), (400, 0.1), (750, 0.1), (875, 0.05), (1000, 0.0)]
    + [(833, 0.1 * 0.751811)],  # (1 - cos(pi * 0.668)) / 2
)
def test_the_rate_rises_in_a_line_and_falls_by_a_cosine(step: Any, rate: Any) -> None:
    assert schedules.learning_rate(step, PUBLISHED) == pytest.approx(rate, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize(("step", "noise"), [(0, 0.05), (375, 0.0125), (600, 0.002), (750, 0.0), (900, 0.0)])
def test_the_latents_noise_falls_with_the_square(step: int, noise: float) -> None:
    assert schedules.latent_noise(step, PUBLISHED) == pytest.approx(noise, abs=1e-12)


def test_without_ramps_the_rate_stands_still_and_no_noise_is_added() -> None:
    flat = settings(iterations=10, ramp_up=0, ramp_down=0, noise_until=0)
    assert {schedules.learning_rate(step, flat) for step in range(10)} == {0.1}
    assert schedules.latent_noise(0, flat) == 0


def test_the_curve_goes_from_the_first_iteration_to_the_result() -> None:
    assert schedules.curve_steps(PUBLISHED) == [0, 250, 500, 750, 1000]
    assert schedules.curve_steps(settings(iterations=2, curve_points=9)) == [0, 1, 2]
