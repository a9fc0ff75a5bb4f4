"""One photograph's D beside the D of training pairs and of rated photographs.

In: D by strategy and what it is read beside. Out: a `Reading` for a photograph's page, for --json and for the terminal.
Rosero et al. 2025, "Lip Symmetry Evaluation". Knows nothing of networks, files and tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from tasks.pages.chapter import Reading
from tasks.statistics.grading import GradeScale

TICKS = 160
"""Most ticks drawn per row; larger groups are shown by that many evenly spaced quantiles."""

CAVEAT = (
    "D depends on expression, light and head position. Two photographs of one person taken minutes apart differ; a "
    "small difference between two D is not a change. The grade maps D by the training pairs alone: it is not a "
    "rater\u2019s grade."
)


@dataclass(frozen=True)
class Distance:
    """One strategy's D for this photograph, and what it is read beside. Empty arrays where there is nothing."""

    strategy: str
    distance: float
    threshold: float | None
    scale: GradeScale | None
    positives: np.ndarray  # (n,) D of training positives
    negatives: np.ndarray  # (m,) D of training negatives
    rated: np.ndarray  # (k,) D of rated photographs


def as_reading(name: str, title: str, source: str, distances: Sequence[Distance]) -> Reading:
    """The chapter's reading of a photograph: every strategy's D."""
    shown = [read_out(own) for own in distances]
    return Reading(
        name,
        title,
        record={own["strategy"]: _plain(own) for own in shown},
        cells={column: text for own in shown for column, text in _cells(own).items()},
        caveat=CAVEAT,
        source=source,
        template="evaluation/symmetry/photo.html.j2",
        context={"readings": shown},
    )


def _plain(shown: Mapping[str, Any]) -> dict[str, Any]:
    below = {row["name"].replace(" ", "_"): round(row["below"], 1) for row in shown["rows"]}
    return {name: shown[name] for name in ("distance", "threshold", "flagged", "grade")} | {"percentile_among": below}


def _cells(shown: Mapping[str, Any]) -> dict[str, str]:
    name = shown["strategy"]
    below = {row["name"]: row["below"] for row in shown["rows"]}.get("rated photographs")
    return {
        f"D {name}": f"{shown['distance']:.3f}",
        f"grade {name}": str(shown["grade"] or "-"),
        f"among rated {name}": "-" if below is None else f"{below:.0f} %",
    }


def read_out(reading: Distance) -> dict[str, Any]:
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
