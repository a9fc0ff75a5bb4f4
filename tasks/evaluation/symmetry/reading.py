"""One photograph's D beside the D of unseen people's pairs and of rated photographs.

In: D by strategy and what it is read beside. Out: a `Reading` for a photograph's page, for --json, tables and the
terminal.
Rosero et al. 2025, "Lip Symmetry Evaluation". Knows nothing of networks, files and tables.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.evaluation.symmetry.names import ALONE, QUIET, called, measure
from tasks.evaluation.symmetry.steady import too_wide
from tasks.evaluation.symmetry.trial import Trial
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


UNRELIABLE = "pose or light makes this D unreliable: small changes of crop or light would change it much"


@dataclass(frozen=True)
class Distance:
    """One strategy's D for this photograph, and what it is read beside. Empty arrays where there is nothing."""

    strategy: str
    distance: float
    threshold: float | None
    scale: GradeScale | None
    positives: np.ndarray  # (n,) D of unseen controls' symmetric pairs
    negatives: np.ndarray  # (m,) D of the same people's pairs made asymmetric
    rated: np.ndarray  # (k,) D of rated photographs
    trial: Trial  # how well the network tells those pairs
    interval: tuple[float, float] | None = None  # of D, over small changes of crop and light
    most_spread: float = np.inf  # half an interval above this share of the threshold tells nothing
    clear: float = 0.05  # share of one kind of pair that may lie beyond a D that is unlike that kind

    @property
    def unreliable(self) -> bool:
        """Whether small changes of crop and light change D so much that it tells nothing."""
        if self.interval is None or self.threshold is None:
            return False
        return too_wide(self.interval[1] - self.distance, self.threshold, most_spread=self.most_spread)


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
    return (
        own
        | {"percentile_among": below, "stands_out": shown["stands_out"]}
        | {
            "doubt": shown["doubt"],
            "interval": shown["interval"],
            "tested": shown["tested"],
        }
    )


def _cells(shown: Mapping[str, Any]) -> dict[str, Value]:
    name = measure(shown["strategy"])
    below = {row["key"]: round(row["below"], 1) for row in shown["rows"]}
    return {
        f"{name} D": shown["distance"],
        f"{name} grade": shown["grade"],
        f"{name} above % of controls": below.get("symmetric_pairs"),
        f"{name} above % of rated": below.get("rated_photographs"),
    }


def say(own: Distance, shown: Mapping[str, Any]) -> Said:
    """D in plain words: whether it stands out, beside which faces, and how far to trust that."""
    grade = "" if shown["grade"] is None else f", grade {shown['grade']} of {shown['grades']}"
    guess = own.trial.guess
    return Said(
        name=measure(own.strategy),
        value=f"D {number(own.distance, 3)}{_between(own)}{grade}",
        place=guess or _place(own),
        stands_out=shown["stands_out"],
        sure="" if guess else _sure(own, shown["stands_out"]),
        alone=ALONE.get(own.strategy, ""),
        quiet=QUIET.get(own.strategy, ""),
        doubt=shown["doubt"],
        trust="" if guess else own.trial.said,
    )


def _between(own: Distance) -> str:
    if own.interval is None:
        return ""
    low, high = own.interval
    return f" ({number(low, 3)} to {number(high, 3)} as crop and light change a little)"


def stands_out(own: Distance) -> bool | None:
    """Whether left and right differ more than in faces without a cleft; None where that is not to be told.

    It takes two that agree: the threshold that sets the two kinds of pair apart, and the symmetric pairs themselves, of
    which there must be enough for a share of `clear` to be one.
    """
    if own.threshold is None or own.trial.guess or own.unreliable or len(own.positives) * own.clear < 1:
        return None
    over, unlike = own.distance > own.threshold, bool(np.mean(own.positives >= own.distance) < own.clear)
    return over if over == unlike else None


def _place(own: Distance) -> str:
    if not len(own.positives):
        return ""
    below = percentile(own.positives, own.distance)
    return f"left and right differ more than in {below:.0f} % of {len(own.positives)} pictures of unseen controls"


def _sure(own: Distance, out: bool | None) -> str:
    """Clear where D is unlike the pairs of the other kind, and the network was tried on people enough."""
    if own.threshold is None or not len(own.positives) or not len(own.negatives):
        return ""
    if out is None or (not out and np.mean(own.negatives <= own.distance) >= own.clear):
        return "close to the limit"
    return "" if own.trial.few else "clear"


def read_out(reading: Distance) -> dict[str, Any]:
    """What the page says of one strategy: grade, place among the groups, and the strips' geometry in per cent."""
    groups = (
        ("symmetric_pairs", "pictures of unseen controls", reading.positives, "positive"),
        ("asymmetric_pairs", "of them made asymmetric", reading.negatives, "negative"),
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
        "title": called(reading.strategy),
        "doubt": reading.trial.doubt or (UNRELIABLE if reading.unreliable else None),
        "interval": None if reading.interval is None else [round(value, 6) for value in reading.interval],
        "trust": reading.trial.guess or reading.trial.said,
        "tested": dict(reading.trial.record),
        "distance": reading.distance,
        "threshold": reading.threshold,
        "stands_out": stands_out(reading),
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
    return float(np.count_nonzero(values < distance) * (100.0 / len(values))) if len(values) else math.nan


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
