"""One page a photograph: what was measured, where its D falls, or why nothing was measured.

In: one photograph's lip region, halves and points, and for each strategy its D beside the D of training
pairs and of rated photographs. Out: an HTML page that needs no other file. Every value is escaped.
Rosero et al. 2025, "Lip Symmetry Evaluation". Knows nothing of networks, files and tables.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from scipy import stats

from tasks.evaluation.anomaly.reading import AnomalyReading
from tasks.pages.environment import environment
from tasks.statistics.grading import GradeScale

TICKS = 160
"""Most ticks drawn a row; larger groups are shown by that many evenly spaced quantiles."""

OUTLINES = {"outer lip": (*range(48, 60), 48), "inner lip": (*range(60, 68), 60), "nose": tuple(range(31, 36))}
"""Chains of the 68 points that are drawn as lines (indices from 0)."""


@dataclass(frozen=True)
class Reading:
    """One strategy's D for this photograph, and what it is read beside. Empty arrays where there is nothing."""

    strategy: str
    distance: float
    threshold: float | None
    scale: GradeScale | None
    positives: np.ndarray  # (n,) D of training positives
    negatives: np.ndarray  # (m,) D of training negatives
    rated: np.ndarray  # (k,) D of rated photographs


@dataclass(frozen=True)
class Measure:
    """One more thing that was measured: its name, its value with unit, and what is accepted or how to read it."""

    name: str
    value: str
    meaning: str = ""


@dataclass(frozen=True)
class Photo:
    """A photograph's page. `reason` is given when it was refused; then pictures and readings may be missing."""

    name: str
    image_id: str
    reason: str | None = None
    region: bytes | None = None  # PNG, levelled lip region, RGB
    left: bytes | None = None  # PNG, the patient's left half
    right: bytes | None = None  # PNG, the patient's right half
    points: np.ndarray | None = None  # (68, 2) pixels of the region
    midline_x: float | None = None  # pixels of the region
    mirrored: Literal["left", "right"] | None = None  # the half that was mirrored
    readings: Sequence[Reading] = ()
    measures: Sequence[Measure] = field(default=())
    anomaly: AnomalyReading | None = None


DECLINES = (
    "no face is found, or more than one",
    "the head is turned, tilted or raised too far for left and right to be compared",
    "the picture is too small or too blurred around the mouth",
    "the mouth is covered, as far as the landmarks can tell",
)
"""When no D is given; said on every page."""


def render_photo_page(photo: Photo, *, notices: Sequence[str], declines: Sequence[str] = DECLINES) -> str:
    """The page of one photograph, measured or refused."""
    page = environment().get_template("evaluation/photo.html.j2")
    drawn = None if photo.region is None else overlay(photo)
    readings = [] if photo.reason else [read_out(reading) for reading in photo.readings]
    anomaly = None if photo.reason else photo.anomaly
    shown = {"overlay": drawn, "readings": readings, "anomaly": anomaly}
    return page.render(photo=photo, notices=notices, declines=declines, **shown)


def overlay(photo: Photo) -> dict[str, Any]:
    """Size of the region and the marks drawn on it, in its pixels; points outside the region are left out."""
    assert photo.region is not None
    width, height = png_size(photo.region)
    lines, dots = [], []
    if photo.points is not None:
        inside = np.all((photo.points >= 0) & (photo.points <= (width, height)), axis=1)
        for chain in OUTLINES.values():
            if inside[list(chain)].all():
                lines.append(" ".join(f"{x:.2f},{y:.2f}" for x, y in photo.points[list(chain)]))
        dots = [(round(float(x), 2), round(float(y), 2)) for x, y in photo.points[inside]]
    return {"width": width, "height": height, "lines": lines, "dots": dots, "radius": round(width / 110, 2)}


def png_size(png: bytes) -> tuple[int, int]:
    """Width and height from a PNG's header. ValueError when it is none."""
    if png[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("not a PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def read_out(reading: Reading) -> dict[str, Any]:
    """What the page says of one strategy: grade, place among the groups, and the strips' geometry in per cent."""
    groups = (
        ("training positives", reading.positives, "positive"),
        ("training negatives", reading.negatives, "negative"),
        ("rated photographs", reading.rated, "rated"),
    )
    shown = [np.asarray(values, float) for _, values, _ in groups]
    top = 1.04 * max([reading.distance, reading.threshold or 0.0, *(float(v.max()) for v in shown if len(v))]) or 1.0
    rows = [
        {
            "name": name,
            "n": len(values),
            "css": css,
            "ticks": [round(100 * value / top, 3) for value in _ticks(np.asarray(values, float))],
            "below": percentile(np.asarray(values, float), reading.distance),
        }
        for name, values, css in groups
        if len(values)
    ]
    return {
        "strategy": reading.strategy,
        "distance": reading.distance,
        "threshold": reading.threshold,
        "flagged": None if reading.threshold is None else reading.distance > reading.threshold,
        "grade": None if reading.scale is None else int(reading.scale.grade(np.array([reading.distance]))[0]),
        "grades": None if reading.scale is None else reading.scale.grades,
        "bands": [] if reading.scale is None else _grade_bands(reading.scale, top),
        "at": round(100 * reading.distance / top, 3),
        "threshold_at": None if reading.threshold is None else round(100 * reading.threshold / top, 3),
        "axis": [(round(100 * value / top, 3), f"{value:.3g}") for value in _axis(top)],
        "rows": rows,
    }


def percentile(values: np.ndarray, distance: float) -> float:  # 0..100
    """Share of `values` below `distance` in per cent, ties half."""
    return float(stats.percentileofscore(values, distance, kind="mean"))


def _ticks(values: np.ndarray) -> np.ndarray:
    if len(values) <= TICKS:
        return np.sort(values)
    return np.asarray(np.quantile(values, (np.arange(TICKS) + 0.5) / TICKS))


def _axis(top: float) -> list[float]:
    step = 10.0 ** np.floor(np.log10(top / 2))
    step = next(step * k for k in (1, 2, 5, 10) if top / (step * k) <= 5)
    return [float(value) for value in np.arange(0, top, step)]


def _grade_bands(scale: GradeScale, top: float) -> list[tuple[float, float, int, bool]]:
    """For each grade: where its band begins, its width (per cent of the strip), and whether a digit fits in."""
    step = (scale.high - scale.low) / (scale.grades - 1)
    cuts = [scale.low + (g + 0.5) * step for g in range(scale.grades - 1)]
    edges = [min(100.0, max(0.0, 100 * cut / top)) for cut in (0.0, *cuts)] + [100.0]
    bands = zip(edges[:-1], edges[1:], strict=True)
    return [(round(a, 3), round(b - a, 3), g, b - a >= 3.0) for g, (a, b) in enumerate(bands, start=1)]
