"""Millimetres from a ruler in two photographs, an iris; and what is no scale."""

import numpy as np
import pytest

from tasks.surface.scale import millimetres
from tasks.surface.scale.millimetres import ScaleError
from tests.surface.balls import SCALE, camera

UNIT = 37.0  # mm per unit of the solved set
CAMERAS = {f"{yaw}": camera(yaw).moved(1 / UNIT, np.eye(3), np.array([1.0, 2.0, 3.0])) for yaw in (-30, 0, 20)}


def at(point: list[float]) -> np.ndarray:
    return np.array(point) / UNIT + [1.0, 2.0, 3.0]


def clicked(
    point: list[float], *, off: float = 0.0, names: tuple[str, ...] = ("-30", "0", "20")
) -> dict[str, tuple[float, float]]:
    random = np.random.default_rng(0)
    pixels = {name: CAMERAS[name].project(at(point)[None])[0] + random.normal(scale=off, size=2) for name in names}
    return {name: (float(pixel[0]), float(pixel[1])) for name, pixel in pixels.items()}


@pytest.mark.parametrize("names", [("-30", "20"), ("-30", "0", "20")])
def test_a_ruler_in_two_or_more_photographs(names: tuple[str, ...]) -> None:
    ends = clicked([-40, -80, 60], names=names), clicked([60, -80, 60], names=names)
    found = millimetres.ruler(CAMERAS, *ends, 100, settings=SCALE)
    assert found.value == pytest.approx(UNIT)
    off = clicked([-40, -80, 60], off=1, names=names), clicked([60, -80, 60], names=names)
    shaken = millimetres.ruler(CAMERAS, *off, 100, settings=SCALE)
    assert shaken.value != pytest.approx(UNIT, rel=1e-4)
    assert shaken.low < UNIT < shaken.high


def test_irises_reach_over_people_and_their_bias() -> None:
    eyes = [(clicked([x - 5.85, 30, 75]), clicked([x + 5.85, 30, 75])) for x in (-31, 31)]
    found = millimetres.iris(CAMERAS, eyes, settings=SCALE)
    assert found.value == pytest.approx(UNIT)
    assert found.low < UNIT * (1 - 1.95 * 0.42 / 11.7) / 1.07
    assert found.high > UNIT * (1 + 1.95 * 0.42 / 11.7) * 1.07
    assert "estimated" in found.words


def test_what_is_no_scale() -> None:
    one, two = clicked([0, 0, 90]), clicked([50, 0, 70])
    with pytest.raises(ScaleError, match="above 0"):
        millimetres.ruler(CAMERAS, one, two, -3, settings=SCALE)
    with pytest.raises(ScaleError, match="in 1 photograph"):
        millimetres.ruler(CAMERAS, clicked([0, 0, 90], names=("0",)), two, 10, settings=SCALE)
    with pytest.raises(ScaleError, match=r"elsewhere\.jpg: this photograph has no camera"):
        millimetres.ruler(CAMERAS, {**one, "elsewhere.jpg": (1.0, 1.0)}, two, 10, settings=SCALE)
    with pytest.raises(ScaleError, match="too near"):
        millimetres.ruler(CAMERAS, one, clicked([0.1, 0, 90]), 10, settings=SCALE)
    with pytest.raises(ScaleError, match="no iris"):
        millimetres.iris(CAMERAS, [], settings=SCALE)
