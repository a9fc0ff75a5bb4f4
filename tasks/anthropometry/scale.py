"""Millimetres per pixel: from a known distance, a ruler's two points, or the size of an iris.

In: pixels and what they are in millimetres. Out: a scale with its interval. Does not know what is measured with it.

Adults' irises are 11.7 mm wide, give or take 0.42 (Rüfer 2005: 390 eyes). That makes an iris a ruler that everybody
brings along, and a coarse one: on the London photographs the pupils' distance comes out as 58.9 mm where adults have
about 63. The interval therefore reaches beyond the spread of irises by that bias; the value itself is left as it is.
"""

from typing import NamedTuple

import numpy as np

from tasks.anthropometry.names import INDEX, SIDES
from tasks.errors import InputError
from tasks.params.anthropometry import AnthropometryMeasure


class Scale(NamedTuple):
    """Millimetres per pixel, their interval, and how they are known."""

    mm_per_px: float
    low: float
    high: float
    words: str


class ScaleError(InputError):
    """A scale that measures nothing; the message says which number."""


def known(mm_per_px: float) -> Scale:
    """A scale that somebody knows. ScaleError unless it is above 0."""
    if not (np.isfinite(mm_per_px) and mm_per_px > 0):
        raise ScaleError(f"{mm_per_px:g} millimetres per pixel; a number above 0 is needed, such as 0.12")
    return Scale(mm_per_px, mm_per_px, mm_per_px, "by the scale that was given")


def ruler(
    first: tuple[float, float],  # px
    second: tuple[float, float],  # px
    mm: float,
    *,
    error_px: float,  # standard error of each of the two points
    quantile: float,  # of the normal distribution, by which intervals reach out
) -> Scale:
    """From two points and the distance between them. ScaleError where the points or the distance are nothing."""
    px = float(np.hypot(second[0] - first[0], second[1] - first[1]))
    if not (np.isfinite(mm) and mm > 0):
        raise ScaleError(f"{mm:g} mm between the ruler's points; a distance above 0 is needed")
    reach = quantile * np.sqrt(2) * error_px
    if not px > reach:
        raise ScaleError(f"the ruler's points lie {px:.1f} pixels apart; take two that lie further apart")
    return Scale(mm / px, mm / (px + reach), mm / (px - reach), f"by {mm:g} mm between two points")


def iris_px(points: np.ndarray) -> np.ndarray:  # (..., len(POINTS), 2) px
    """The width of an iris, mean of both eyes, (...,) px; of one eye where the other's is not seen, NaN without any."""
    gaps = [points[..., INDEX[f"iris_outer_{side}"], :] - points[..., INDEX[f"iris_inner_{side}"], :] for side in SIDES]
    right, left = (np.hypot(gap[..., 0], gap[..., 1]) for gap in gaps)
    one = np.where(np.isnan(right), left, right)
    return np.asarray(np.where(np.isnan(right) | np.isnan(left), one, (right + left) / 2))


def from_irises(points: np.ndarray, *, settings: AnthropometryMeasure, quantile: float) -> list[Scale | None]:
    """By each face's irises, None where none is seen. `points`: (n, len(POINTS), 2) px."""
    reach = quantile * settings.iris_sd_mm
    low, high = settings.iris_mm - reach, (settings.iris_mm + reach) * (1 + settings.iris_bias)
    words = f"estimated by irises of {settings.iris_mm:g} mm, which read {settings.iris_bias:.0%} small"
    return [
        Scale(settings.iris_mm / px, low / px, high / px, words) if px > 0 else None for px in iris_px(points).tolist()
    ]
