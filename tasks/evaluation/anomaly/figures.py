"""The anomaly's figures as PNG bytes: Table 1 as dots, scores against ratings and over iterations, inversions.

In: the record of `evaluate_anomaly`, scores and curves. Out: PNG bytes, in the style of tasks/evaluation/figures.
Hayajneh et al., Table 1, Figure 8's remark and Figure 11. Knows nothing of pages and files.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.evaluation.anomaly.published import TABLE
from tasks.pages.figures import INK, NEGATIVE, POSITIVE, RATED, draw_figure, legend
from tasks.schemas.anomaly import PROCESSINGS, REGIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEATMAPS = {"pse": (RATED, "o"), "ssim": (POSITIVE, "^"), "lpips": (NEGATIVE, "D")}
DONE = {"base": "base", "ycbcr": "+YCbCr", "erosion": "+erosion", "both": "+both"}
THIRDS = (("least severe third", POSITIVE, "o"), ("middle third", RATED, "s"), ("most severe third", NEGATIVE, "^"))


def table_dots(regions: Mapping[str, Any], state: str) -> bytes:
    """Pearson's r with intervals: rows by region and processing, a marker a heatmap; a tick where the paper's lies."""
    rows = [(region, done) for region in REGIONS for done in PROCESSINGS]

    def draw(axes: "Axes") -> None:
        for number, (name, (colour, marker)) in enumerate(HEATMAPS.items()):
            at = [row + (number - 1) * 0.24 for row in range(len(rows))]
            found = [regions[region][name][done]["pearson"] for region, done in rows]
            for y, one in zip(at, found, strict=True):
                if one["low"] is not None:
                    axes.plot([one["low"], one["high"]], [y, y], color=colour, linewidth=1.6, alpha=0.5)
            known = [(y, one["value"]) for y, one in zip(at, found, strict=True) if one["value"] is not None]
            axes.plot(
                [r for _, r in known], [y for y, _ in known], marker, color=colour, markersize=5, label=name.upper()
            )
            theirs = [TABLE[state][region][name][done] / 100 for region, done in rows]
            axes.plot(theirs, at, "|", color=colour, markersize=8, markeredgewidth=1.8)
        axes.plot([], [], "|", color=INK, markersize=8, markeredgewidth=1.8, label="published")
        axes.set_yticks(range(len(rows)), [f"{'mouth' if r == 'mouth' else 'face'} {DONE[done]}" for r, done in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.axhline(3.5, color=INK, linewidth=0.5)
        axes.set_xlabel("Pearson's r with the mean rating")
        axes.grid(axis="y", visible=False)
        legend(axes, 4)

    return draw_figure(draw, height=5.6)


def score_by_rating(
    ratings: np.ndarray,  # (n,)
    scores: np.ndarray,  # (n,) S
    *,
    heatmap: str,
    scale: str,
    best: str,  # the end of the scale at which nothing is to be seen: "low" or "high"
) -> bytes:
    """Figure 11: S against the mean rating, with the line of least squares. Agreement always rises."""

    def draw(axes: "Axes") -> None:
        colour, marker = HEATMAPS[heatmap]
        axes.scatter(ratings, scores, s=20, c=colour, marker=marker, alpha=0.6, linewidths=0)
        if len(ratings) > 1 and np.ptp(ratings) > 0:
            slope, at = np.polyfit(ratings, scores, 1)
            ends = np.array([ratings.min(), ratings.max()])
            axes.plot(ends, slope * ends + at, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
        up = "more" if best == "low" else "less"
        axes.set(xlabel=f"mean rating ({scale})", ylabel=f"S, {heatmap.upper()} (up: {up} differs)")
        if best == "low":
            axes.invert_yaxis()

    return draw_figure(draw, height=3.3)


def score_by_step(
    steps: Sequence[int],
    scores: np.ndarray,  # (photographs, steps)
    severity: np.ndarray,  # (photographs,) higher is worse
    *,
    iterations: int,
) -> bytes:
    """S over the iterations of adaptation: median and quartiles of each third of severity."""
    groups = np.array_split(np.argsort(severity, kind="stable"), len(THIRDS))

    def draw(axes: "Axes") -> None:
        for (name, colour, marker), members in zip(THIRDS, groups, strict=True):
            if not len(members):
                continue
            low, middle, high = np.quantile(scores[members], [0.25, 0.5, 0.75], axis=0)
            axes.fill_between(steps, low, high, color=colour, alpha=0.18, linewidth=0)
            axes.plot(steps, middle, color=colour, marker=marker, markersize=5, label=name)
        axes.axvline(iterations, color=INK, linewidth=1.0, linestyle=(0, (4, 3)), label="headline")
        axes.set(xlabel="iterations of adaptation", ylabel="S (higher: less differs)")
        legend(axes, 2)

    return draw_figure(draw, height=3.8)


def inversion_curves(curves: np.ndarray) -> bytes:  # (photographs, points)
    """Distance from the photograph during the inversions: median, and the middle 80 %."""
    low, middle, high = np.quantile(curves, [0.1, 0.5, 0.9], axis=0)
    along = np.linspace(0, 100, curves.shape[1])

    def draw(axes: "Axes") -> None:
        axes.fill_between(along, low, high, color=RATED, alpha=0.2, linewidth=0, label="10 to 90 % of photographs")
        axes.plot(along, middle, color=RATED, label="median")
        axes.set(xlabel="share of the iterations, %", ylabel="distance from the photograph")
        axes.set_ylim(bottom=0)
        legend(axes, 2)

    return draw_figure(draw)
