"""The report's figures as PNG bytes: same inputs, same bytes (no dates, no software version inside).

In: distances, ratings and curves as arrays and DataFrames. Out: PNG bytes. Colours are Okabe and Ito's
(told apart with any colour vision), and every group also has its own marker. The scatter follows Figure 4
of Rosero et al. 2025. Knows nothing of pages and files.
"""

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

IMPORTED_LATER = ("matplotlib.figure", "matplotlib.backends.backend_agg")
"""What its functions import: imported once for all stages (flows/forks.py), and not for a photograph's score."""

POSITIVE, NEGATIVE, RATED, INK, GRID = "#009E73", "#D55E00", "#0072B2", "#26323a", "#dfe3e6"

_WIDTH, _DPI = 5.4, 200
_NAMELESS: dict[str, Any] = {"Software": None}

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.handletextpad": 0.4,
    "lines.linewidth": 1.6,
}


def draw_figure(draw: Any, *, height: float = 3.7) -> bytes:
    """The PNG of one pair of axes that `draw` fills; `height` in inches."""
    import matplotlib as mpl  # slow to import, and most who show numbers draw nothing
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.image import imsave

    with mpl.rc_context({**mpl.rcParamsDefault, **_STYLE, "backend": "agg"}):
        figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, layout="constrained", facecolor="white")
        draw(figure.subplots())
        canvas, buffer = FigureCanvasAgg(figure), io.BytesIO()
        canvas.draw()  # `savefig` lays all out once more, for backends that do not as they draw
        imsave(buffer, canvas.buffer_rgba(), format="png", dpi=_DPI, metadata=_NAMELESS)
    return buffer.getvalue()


def legend(axes: "Axes", columns: int) -> None:
    """The legend above the axes."""
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns, columnspacing=1.2, borderaxespad=0.2)


def scatter(
    positives: np.ndarray,  # (n,) D of test pairs
    negatives: np.ndarray,  # (m,) D of test pairs
    rated: np.ndarray,  # (k,) D of rated photographs
    *,
    threshold: float | None,
    most: int,  # points drawn a group; larger groups are thinned evenly
) -> bytes:
    """Figure 4: D by sample for positives and negatives of the test split and for rated photographs."""
    groups = (
        ("positive pairs", positives, POSITIVE, "o"),
        ("negative pairs", negatives, NEGATIVE, "^"),
        ("rated photographs", rated, RATED, "D"),
    )

    def draw(axes: "Axes") -> None:
        for name, values, colour, marker in groups:
            shown = _thinned(np.asarray(values, float), most)
            along = (np.arange(len(shown)) + 0.5) / max(1, len(shown))
            label = f"{name} ({len(values):,})"
            axes.scatter(along, shown, s=17, c=colour, marker=marker, alpha=0.65, linewidths=0, label=label)
        if threshold is not None:
            axes.axhline(threshold, color=INK, linewidth=1.0, linestyle=(0, (4, 3)), label="threshold")
        axes.set(xlabel="samples of each group, in order", ylabel="D", xlim=(-0.01, 1.01))
        axes.set_ylim(bottom=0)
        axes.set_xticks([])
        axes.grid(axis="x", visible=False)
        legend(axes, 2)

    return draw_figure(draw, height=4.0)


def _thinned(values: np.ndarray, most: int) -> np.ndarray:
    return values[np.linspace(0, len(values) - 1, min(len(values), most)).astype(int)] if len(values) else values


def distance_by_rating(
    distances: np.ndarray,  # (n,) D
    ratings: np.ndarray,  # (n,) mean rating, 1..grades
    *,
    role: str,
    scale: str,
    grades: int,
) -> bytes:
    """D against the mean rating, with the median D of each whole grade."""

    def draw(axes: "Axes") -> None:
        axes.scatter(ratings, distances, s=18, c=RATED, marker="o", alpha=0.55, linewidths=0)
        nearest = np.clip(np.floor(np.asarray(ratings, float) + 0.5), 1, grades)
        present = np.unique(nearest)
        medians = [float(np.median(distances[nearest == grade])) for grade in present]
        axes.plot(present, medians, color=NEGATIVE, marker="s", markersize=5, label="median D by grade")
        axes.set(xlabel=f"mean rating, {role} ({scale}, {grades} is least symmetric)", ylabel="D")
        axes.set_xlim(0.7, grades + 0.3)
        axes.set_ylim(bottom=0)
        axes.set_xticks(range(1, grades + 1))
        if len(present):
            legend(axes, 1)

    return draw_figure(draw)


def training_curves(curves: pd.DataFrame) -> bytes:
    """Training and validation loss by optimiser step (columns step, train_loss, validation_loss)."""

    def draw(axes: "Axes") -> None:
        axes.plot(curves["step"], curves["train_loss"], color=RATED, label="training")
        axes.plot(curves["step"], curves["validation_loss"], color=NEGATIVE, linestyle="--", label="validation")
        axes.set(xlabel="optimiser steps", ylabel="contrastive loss")
        axes.set_ylim(bottom=0)
        legend(axes, 2)

    return draw_figure(draw)


def rater_agreement(raters: dict[str, dict[str, Any]]) -> bytes:
    """Each rater's correlation with the mean of the others and its interval; `raters` as in metrics.json."""
    known = [(name, r) for name, r in sorted(raters.items()) if r["with_others"]["value"] is not None]

    def draw(axes: "Axes") -> None:
        for row, (_, record) in enumerate(known):
            found = record["with_others"]
            colour = NEGATIVE if record["flagged"] else RATED
            marker = "X" if record["flagged"] else "o"
            if found["low"] is not None:
                axes.plot([found["low"], found["high"]], [row, row], color=colour, linewidth=2.2, alpha=0.6)
            axes.plot([found["value"]], [row], color=colour, marker=marker, markersize=8, linestyle="none")
        names = [f"{name}, {r['role']}" + ("\nunreliable" if r["flagged"] else "") for name, r in known]
        axes.set_yticks(range(len(known)), names)
        axes.set_ylim(len(known) - 0.5, -0.5)
        lowest = min([0.0, *(r["with_others"]["low"] or 0.0 for _, r in known)])
        axes.set_xlim(lowest - 0.02 if lowest < 0 else 0.0, 1.0)
        axes.set_xlabel("Pearson's r with the mean of the other raters")
        axes.grid(axis="y", visible=False)

    return draw_figure(draw, height=max(1.6, 0.8 + 0.45 * len(known)))
