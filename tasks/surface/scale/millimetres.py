"""Millimetres per unit of a solved set: from a ruler's two ends, or the size of an iris.

In: pixels in photographs of the set, and what they are in millimetres. Out: a factor with its 95 % interval. What known
distances add: tasks/surface/scale/known_distances.py. Does not know what is measured with it.

Adults' irises are 11.7 mm wide, give or take 0.42 (Rüfer 2005: 390 eyes). As landmarks place them they make lengths 7 %
short on the London photographs of the real data, and 2 to 8.5 % long on drawn heads. So the interval reaches beyond the
spread of irises by that bias to both sides; the value itself is left as it is.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tasks.errors import InputError
from tasks.params.surface import SurfaceScale
from tasks.space.views import Camera

Z95 = 1.959964
"""Standard deviations that a 95 % interval reaches out."""


class Factor(NamedTuple):
    """Millimetres per unit, its 95 % interval, and how it is known."""

    value: float
    low: float
    high: float
    words: str


class ScaleError(InputError):
    """A scale that measures nothing; the message says which number or point."""


def ruler(
    cameras: Mapping[str, Camera],
    first: Mapping[str, tuple[float, float]],  # px in each photograph in which it was clicked
    second: Mapping[str, tuple[float, float]],
    mm: float,
    *,
    settings: SurfaceScale,
) -> Factor:
    """From the two ends of a known length, each clicked in two or more photographs."""
    length, error = _length(*(crossing(cameras, end, settings=settings) for end in (first, second)))
    words = f"by {mm:g} mm on a ruler, clicked in {min(len(first), len(second))} photographs"
    return _factor(length, mm, error, words)


def iris(
    cameras: Mapping[str, Camera],
    edges: Sequence[tuple[Mapping[str, tuple[float, float]], Mapping[str, tuple[float, float]]]],
    *,
    settings: SurfaceScale,
) -> Factor:
    """From the irises' inner and outer edges, px in each photograph; one eye, or both and their mean."""
    if not edges:
        raise ScaleError("no iris was found; give a known distance, or a ruler's two ends")
    lengths, errors = zip(
        *(_length(*(crossing(cameras, end, settings=settings) for end in eye)) for eye in edges), strict=True
    )
    width, error = float(np.mean(lengths)), math.sqrt(sum(e * e for e in errors)) / len(errors)
    words = f"estimated by irises of {settings.iris_mm:g} mm, which may be read {settings.iris_bias:.0%} wide or narrow"
    placed = _factor(width, settings.iris_mm, error, words)
    spread = Z95 * settings.iris_sd_mm / settings.iris_mm
    below = math.hypot(1 - placed.low / placed.value, spread)
    above = math.hypot(placed.high / placed.value - 1, spread)
    bias = 1 + settings.iris_bias
    return Factor(placed.value, placed.value * (1 - below) / bias, placed.value * (1 + above) * bias, words)


def crossing(
    cameras: Mapping[str, Camera], pixels: Mapping[str, tuple[float, float]], *, settings: SurfaceScale
) -> tuple[np.ndarray, np.ndarray]:
    """The point (3,) nearest to the rays through pixels of photographs without distortion, and its covariance (3, 3).

    A click is as sure as `error_px` of a photograph of 1,600 pixels or, where the rays miss each other by more, that.
    ScaleError for a photograph that has no camera, for fewer than two, or where the rays hardly cross.
    """
    if missing := sorted(set(pixels) - set(cameras)):
        raise ScaleError(f"{missing[0]}: this photograph has no camera; take points in: {', '.join(cameras)}")
    if len(pixels) < 2:
        raise ScaleError(f"a point in {len(pixels)} photograph; the same point is needed in two or more")
    rows, sizes = [], []
    for name, pixel in sorted(pixels.items()):
        camera = cameras[name]
        ray = camera.rays(np.array([pixel], float))[0]
        rows.append((camera.centre, np.eye(3) - np.outer(ray, ray)))
        sizes.append(float(camera.matrix[0, 0]) / (settings.error_px * pixels_of(camera)))
    system = sum((across for _, across in rows), np.zeros((3, 3)))
    if np.linalg.cond(system) > settings.most_flat:
        raise ScaleError("the photographs with this point stand nearly in one line with it; add one from another side")
    point = np.linalg.solve(system, sum((across @ centre for centre, across in rows), np.zeros(3)))
    distances = [float(np.linalg.norm(point - centre)) for centre, _ in rows]
    weights = [across * (size / far) ** 2 for (_, across), size, far in zip(rows, sizes, distances, strict=True)]
    missed = sum(
        float((point - centre) @ weight @ (point - centre)) for (centre, _), weight in zip(rows, weights, strict=True)
    )
    return np.asarray(point), np.linalg.inv(np.sum(weights, axis=0)) * max(1.0, missed / (2 * len(rows) - 3))


def pixels_of(camera: Camera) -> float:
    """Pixels of a photograph per pixel of one of 1,600, at least 1: a larger one is clicked less exactly."""
    return max(1.0, max(camera.width, camera.height) / USUAL)


USUAL = 1600
"""Pixels of a photograph's longer side."""


def _length(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
    """How far two crossings lie apart, and its standard error: what is in doubt along the line between them."""
    between = first[0] - second[0]
    length = float(np.linalg.norm(between))
    if length == 0:
        return 0.0, 0.0
    error = between @ (first[1] + second[1]) @ between / length**2
    return length, math.sqrt(float(error))


def _factor(length: float, mm: float, error: float, words: str) -> Factor:
    if not (math.isfinite(mm) and mm > 0):
        raise ScaleError(f"{mm:g} mm between the two points; a distance above 0 is needed")
    reach = Z95 * error
    if not length > reach:
        raise ScaleError("the two points lie too near to each other to tell a scale; take two that lie further apart")
    return Factor(mm / length, mm / (length + reach), mm / (length - reach), words)
