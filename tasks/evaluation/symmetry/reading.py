"""One photograph's D beside the D of training pairs and of rated photographs.

In: D by strategy and what it is read beside. Out: a `Reading` for a photograph's page, for --json, tables and the
terminal.
Rosero et al. 2025, "Lip Symmetry Evaluation". Knows nothing of networks, files and tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats

from tasks.evaluation.symmetry.names import ALONE, MEASURES, NAMES, QUIET
from tasks.pages.chapter import Reading, Said, Value
from tasks.pages.environment import number
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
    clear: float = 0.05  # share of the other kind of pair that may lie beyond a D that is called clear
    doubt: str | None = None  # why D says nothing
    tested: Mapping[str, float | None] = field(default_factory=dict)  # how far D is known to be right


def as_reading(name: str, title: str, source: str, distances: Sequence[Distance]) -> Reading:
    """The chapter's reading of a photograph: every strategy's D."""
    shown = [read_out(own) for own in distances]
    return Reading(
        name,
        title,
        record={own["strategy"]: _plain(own) for own in shown},
        cells={column: value for own in shown for column, value in _cells(own).items()},
        said=[say(own, out) for own, out in zip(distances, shown, strict=True)],
        caveat=CAVEAT,
        source=source,
        template="evaluation/symmetry/photo.html.j2",
        context={"readings": shown},
    )


def _plain(shown: Mapping[str, Any]) -> dict[str, Any]:
    below = {row["key"]: round(row["below"], 1) for row in shown["rows"]}
    own = {name: shown[name] for name in ("distance", "threshold", "flagged", "grade")}
    return own | {"percentile_among": below, "doubt": shown["doubt"], "tested": shown["tested"]}


def _cells(shown: Mapping[str, Any]) -> dict[str, Value]:
    name = shown["strategy"]
    below = {row["key"]: row["below"] for row in shown["rows"]}.get("rated_photographs")
    return {
        f"D {name}": shown["distance"],
        f"grade {name}": shown["grade"],
        f"above % of rated {name}": None if below is None else round(below, 1),
    }


def say(own: Distance, shown: Mapping[str, Any]) -> Said:
    """D in plain words: whether it stands out is told by the threshold, how clearly by the pairs on its far side."""
    below = {row["key"]: row["below"] for row in shown["rows"]}
    grade = "" if shown["grade"] is None else f", grade {shown['grade']} of {shown['grades']}"
    return Said(
        name=MEASURES.get(own.strategy, f"symmetry, {own.strategy}"),
        value=f"D {number(own.distance, 3)}{grade}",
        place=_place(own, below),
        stands_out=shown["flagged"],
        sure=_sure(own),
        alone=ALONE.get(own.strategy, ""),
        quiet=QUIET.get(own.strategy, ""),
        doubt=own.doubt,
    )


def _place(own: Distance, below: Mapping[str, float]) -> str:
    groups = {"rated_photographs": f"{len(own.rated)} rated photographs", "symmetric_pairs": "symmetric faces"}
    told = [f"{below[key]:.0f} % of {who}" for key, who in groups.items() if key in below]
    return f"left and right differ more than in {told[0]}" if told else ""


def _sure(own: Distance) -> str:
    """Clear where few pairs of the other kind lie beyond this D."""
    if own.threshold is None or not len(own.positives) or not len(own.negatives):
        return ""
    flagged = own.distance > own.threshold
    other = np.mean(own.positives >= own.distance) if flagged else np.mean(own.negatives <= own.distance)
    return "clear" if other < own.clear else "close to the limit"


def read_out(reading: Distance) -> dict[str, Any]:
    """What the page says of one strategy: grade, place among the groups, and the strips' geometry in per cent."""
    groups = (
        ("symmetric_pairs", "symmetric pairs of control faces", reading.positives, "positive"),
        ("asymmetric_pairs", "pairs made asymmetric", reading.negatives, "negative"),
        ("rated_photographs", "rated photographs", reading.rated, "rated"),
    )
    shown = [np.asarray(values, float) for _, _, values, _ in groups]
    top = 1.04 * max([reading.distance, reading.threshold or 0.0, *(float(v.max()) for v in shown if len(v))]) or 1.0
    rows = [
        {
            "key": key,
            "name": name,
            "n": len(values),
            "css": css,
            "ticks": [round(100 * value / top, 3) for value in _ticks(np.asarray(values, float))],
            "below": percentile(np.asarray(values, float), reading.distance),
        }
        for key, name, values, css in groups
        if len(values)
    ]
    return {
        "strategy": reading.strategy,
        "title": NAMES.get(reading.strategy, reading.strategy),
        "doubt": reading.doubt,
        "tested": dict(reading.tested),
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
    """Share of `values` lower than `distance`, in per cent; an equal one is not lower."""
    return float(stats.percentileofscore(values, distance, kind="strict"))


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
