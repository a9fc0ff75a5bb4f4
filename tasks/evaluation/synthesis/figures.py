"""The synthesis' figures as PNG bytes: similarities, ratings, embeddings, training, screening.

In: counts, estimates and tables. Out: PNG bytes, in the style of tasks/evaluation/figures. Rosero et al. 2025,
DiffusionCleft, Figures 2, 3, 4 and 7. Knows nothing of pages and files.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tasks.evaluation.synthesis.words import FUNNEL, named
from tasks.pages.figures import INK, NEGATIVE, POSITIVE, RATED, draw_figure, legend
from tasks.schemas.synthesis import CONDITIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"pre": NEGATIVE, "post": RATED, "control": POSITIVE}
MARKERS = {"pre": "^", "post": "o", "control": "s"}
HATCHES = {"pre": "///", "post": ""}
_DASHES = (0, (4, 3))


def similarities(
    edges: Sequence[float],  # (n + 1,)
    counts: Sequence[int],  # (n,)
    *,
    condition: str,
    mean: float | None,
    threshold: float | None,
) -> bytes:
    """Figure 2: how similar generated faces and training photographs are, all pairs, with mean and threshold."""

    def draw(axes: "Axes") -> None:
        axes.bar(
            edges[:-1], counts, width=np.diff(edges), align="edge", color=COLOURS[condition], alpha=0.7, linewidth=0
        )
        if mean is not None:
            axes.axvline(mean, color=INK, linewidth=1.6, label=f"mean {mean:.3f}")
        if threshold is not None:
            axes.axvline(threshold, color=INK, linewidth=1.2, linestyle=_DASHES, label=f"threshold {threshold:.3g}")
        axes.set(xlabel="similarity of a generated and a training face", ylabel="pairs")
        axes.grid(axis="x", visible=False)
        if mean is not None or threshold is not None:
            legend(axes, 2)

    return draw_figure(draw, height=3.4)


def rating_bars(means: Mapping[str, Mapping[str, Mapping[str, Any]]], *, highest: int) -> bytes:
    """Figures 3 and 4: mean ratings with intervals; `means` by scale and condition, estimates with a value."""
    scales = list(means)
    groups = [name for name in ("pre", "post") if any(name in own for own in means.values())]
    wide = 0.8 / max(1, len(groups))

    def draw(axes: "Axes") -> None:
        for number, name in enumerate(groups):
            at = np.arange(len(scales)) + (number - (len(groups) - 1) / 2) * wide
            known = [(x, means[s][name]) for x, s in zip(at, scales, strict=True) if name in means[s]]
            xs, values = [x for x, _ in known], [own["value"] for _, own in known]
            axes.bar(
                xs, values, wide * 0.92, color=COLOURS[name], alpha=0.75, hatch=HATCHES[name], edgecolor="white",
                label=named(name),
            )  # fmt: skip
            for x, own in known:
                if own["low"] is not None:
                    axes.plot([x, x], [own["low"], own["high"]], color=INK, linewidth=1.4)
                axes.text(x, 0.12, f"{own['value']:.2f}\nn {own['n_images']}", ha="center", va="bottom", fontsize=9,
                          bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5})  # fmt: skip
        axes.set_xticks(range(len(scales)), scales)
        axes.set(ylabel=f"mean rating, 1 to {highest}", ylim=(0, highest))
        axes.grid(axis="x", visible=False)
        legend(axes, 2)

    return draw_figure(draw, height=3.4)


def embeddings(points: pd.DataFrame) -> bytes:
    """Figure 7: the first two principal components; `points` with columns condition, origin, x, y."""

    def draw(axes: "Axes") -> None:
        for (name, origin), rows in points.groupby(["condition", "origin"]):
            real = origin == "real"
            colour = COLOURS[str(name)]
            axes.scatter(
                rows["x"],
                rows["y"],
                s=30 if real else 18,
                marker=MARKERS[str(name)],
                facecolors="none" if real else colour,
                edgecolors=colour,
                linewidths=1.1 if real else 0,
                alpha=0.85 if real else 0.55,
                label=f"{named(str(name))}, {origin}: {len(rows):,}",
            )
        axes.set(xlabel="first principal component", ylabel="second principal component")
        axes.legend(loc="lower left", bbox_to_anchor=(-0.12, 1.0), ncols=2, columnspacing=1.0, fontsize=9)

    return draw_figure(draw, height=4.4)


def adapter_curves(curves: Mapping[str, pd.DataFrame]) -> bytes:
    """Flow-matching loss of each adapter by optimiser step (columns step, loss)."""

    def draw(axes: "Axes") -> None:
        for name, rows in curves.items():
            axes.plot(
                rows["step"], rows["loss"], color=COLOURS[name], marker=MARKERS[name], markersize=4, label=named(name)
            )
        axes.set(xlabel="optimiser steps", ylabel="flow-matching loss")
        axes.set_ylim(bottom=0)
        legend(axes, 2)

    return draw_figure(draw, height=3.4)


def funnel_bars(funnel: Mapping[str, Mapping[str, int]]) -> bytes:
    """How many pictures are left after each step of the screening, by condition."""
    steps = [step for step in FUNNEL if any(step in left for left in funnel.values())]

    def draw(axes: "Axes") -> None:
        for number, name in enumerate(name for name in CONDITIONS if funnel[name]["asked_for"]):
            at, left = np.arange(len(steps)) + (number - 0.5) * 0.38, funnel[name]
            values = [left.get(step, 0) for step in steps]
            axes.barh(
                at, values, 0.36, color=COLOURS[name], alpha=0.75, hatch=HATCHES[name], edgecolor="white",
                label=named(name),
            )  # fmt: skip
            for y, value in zip(at, values, strict=True):
                axes.text(value, y, f" {value:,}", va="center", fontsize=8.5)
        axes.set_yticks(range(len(steps)), [named(step) for step in steps])
        axes.set_ylim(len(steps) - 0.4, -0.6)
        axes.set_xlabel("pictures left")
        axes.grid(axis="y", visible=False)
        axes.margins(x=0.12)
        legend(axes, 2)

    return draw_figure(draw, height=0.9 + 0.45 * len(steps))
