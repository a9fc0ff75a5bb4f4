"""Millimetres per unit of a solved set: from a ruler's two ends, or the size of an iris.

In: pixels in photographs of the set, and what they are in millimetres. Out: a factor with its 95 % interval. What known
distances add: tasks/surface/sizing.py. Does not know what is measured with it.

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
    ends, errors = zip(*(crossing(cameras, end, settings=settings) for end in (first, second)), strict=True)
    words = f"by {mm:g} mm on a ruler, clicked in {min(len(first), len(second))} photographs"
    return _factor(_length(*ends), mm, math.hypot(*errors) / math.sqrt(2), words)


def iris(
    cameras: Mapping[str, Camera],
    edges: Sequence[tuple[Mapping[str, tuple[float, float]], Mapping[str, tuple[float, float]]]],
    *,
    settings: SurfaceScale,
) -> Factor:
    """From the irises' inner and outer edges, px in each photograph; one eye, or both and their mean."""
    if not edges:
        raise ScaleError("no iris was found; give a known distance, or a ruler's two ends")
    ends = [[crossing(cameras, end, settings=settings) for end in eye] for eye in edges]
    lengths = [_length(inner[0], outer[0]) for inner, outer in ends]
    errors = [math.hypot(inner[1], outer[1]) / math.sqrt(2) for inner, outer in ends]
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
) -> tuple[np.ndarray, float]:
    """The point (3,) nearest to the rays through pixels of photographs without distortion, and its standard error.

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
        sizes.append(float(camera.matrix[0, 0]))
    system = sum((across for _, across in rows), np.zeros((3, 3)))
    if np.linalg.cond(system) > settings.most_flat:
        raise ScaleError("the photographs with this point stand nearly in one line with it; add one from another side")
    point = np.linalg.solve(system, sum((across @ centre for centre, across in rows), np.zeros(3)))
    distances = [float(np.linalg.norm(point - centre)) for centre, _ in rows]
    weights = [
        across * (size / (settings.error_px * far)) ** 2
        for (_, across), size, far in zip(rows, sizes, distances, strict=True)
    ]
    worst = float(np.linalg.eigvalsh(np.linalg.inv(np.sum(weights, axis=0))).max())
    return np.asarray(point), math.sqrt(worst)


def _length(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.linalg.norm(np.asarray(first) - np.asarray(second)))


def _factor(length: float, mm: float, error: float, words: str) -> Factor:
    if not (math.isfinite(mm) and mm > 0):
        raise ScaleError(f"{mm:g} mm between the two points; a distance above 0 is needed")
    reach = Z95 * math.sqrt(2) * error
    if not length > reach:
        raise ScaleError("the two points lie too near to each other to tell a scale; take two that lie further apart")
    return Factor(mm / length, mm / (length + reach), mm / (length - reach), words)
