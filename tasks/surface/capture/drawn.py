"""The ring of photographs around a head, seen from above, and what is missing of it.

In: a verdict. Out: a PNG. The head looks down the page, so that the patient's left is on the right, as it is for
who stands in front. Colours are told apart with any colour vision, and every kind has its own marker.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse, Polygon

from tasks.pages.figures import GRID, INK, NEGATIVE, POSITIVE, RATED, draw_figure, legend
from tasks.params.capture import Capture
from tasks.surface.capture.verdict import RAISED, Row, Verdict

RING, UPPER, LOWER, NAMES = 1.0, 0.8, 1.2, 1.38
"""Radii at which level, raised and lowered photographs and the degrees are drawn."""
HEAD = (0.46, 0.6)
MARKS = tuple(range(-90, 91, 30))


def ring(verdict: Verdict, *, settings: Capture) -> bytes:
    """The picture of a set: what is there, what was left out, what is missing."""

    def draw(axes: Axes) -> None:
        _room(axes)
        _photographs(axes, verdict)
        _missing(axes, verdict, settings)
        legend(axes, 1)

    return draw_figure(draw, height=4.6)


def plan(
    places: Sequence[tuple[str, np.ndarray, float, str, str]],  # label, degrees to the side, radius, colour, marker
) -> bytes:
    """The picture of docs/capture.md: from where photographs are taken."""

    def draw(axes: Axes) -> None:
        _room(axes)
        for label, yaws, radius, colour, marker in places:
            x, y = at(yaws, radius).T
            axes.scatter(x, y, s=42, c=colour, marker=marker, label=f"{label} ({len(yaws)})")
        legend(axes, 1)

    return draw_figure(draw, height=4.4)


def at(yaw: float | np.ndarray, radius: float) -> np.ndarray:
    """Where a camera at `yaw` degrees is drawn, (..., 2)."""
    angle = np.radians(yaw)
    return np.stack([radius * np.sin(angle), -radius * np.cos(angle)], axis=-1)


def _room(axes: Axes) -> None:
    """The head, the ring and its degrees."""
    _head(axes)
    _circle(axes)
    axes.set_aspect("equal")
    axes.set(xlim=(-1.75, 1.75), ylim=(-1.62, 0.5))
    axes.set_axis_off()


def _head(axes: Axes) -> None:
    wide, long = HEAD
    for side in (-1, 1):
        axes.add_patch(Ellipse((side * wide / 2, 0.02), 0.08, 0.16, facecolor=GRID, edgecolor=INK, linewidth=0.7))
    nose = np.array([(-0.05, -long / 2 + 0.02), (0.0, -long / 2 - 0.08), (0.05, -long / 2 + 0.02)])
    axes.add_patch(Polygon(nose, facecolor=GRID, edgecolor=INK, linewidth=0.7))
    axes.add_patch(Ellipse((0, 0), wide, long, facecolor=GRID, edgecolor=INK, linewidth=0.7))
    for side, name in ((-1, "patient's right"), (1, "patient's left")):
        axes.annotate(name, (side * 1.3, 0.45), ha="center", va="center", fontsize=9)


def _circle(axes: Axes) -> None:
    along = at(np.linspace(-100, 100, 101), RING)
    axes.plot(along[:, 0], along[:, 1], color=GRID, linewidth=1.2, zorder=0)
    axes.annotate("inside the ring: from above; outside: from below", (0, -1.58), ha="center", fontsize=9)
    for mark in MARKS:
        x, y = at(mark, NAMES)
        axes.annotate(f"{abs(mark)}°", (x, y), ha="center", va="center", fontsize=9)


def _photographs(axes: Axes, verdict: Verdict) -> None:
    placed = [row for row in verdict.rows if row.angle]
    used = [row for row in placed if row.reason is None]
    for name, rows, colour, marker in (
        ("holds together", [row for row in used if row.held], POSITIVE, "o"),
        ("finds no place among the others", [row for row in used if not row.held], RATED, "s"),
        ("left out", [row for row in placed if row.reason is not None], INK, "x"),
    ):
        where = np.array([at(row.angle.yaw, _radius(row)) for row in rows if row.angle]).reshape(-1, 2)
        if len(where):
            axes.scatter(where[:, 0], where[:, 1], s=42, c=colour, marker=marker, label=f"{name} ({len(rows)})")


def _radius(row: Row) -> float:
    pitch = row.angle.pitch if row.angle else 0.0
    return UPPER if pitch > RAISED else LOWER if pitch < -RAISED else RING


def _missing(axes: Axes, verdict: Verdict, settings: Capture) -> None:
    places = [place for gap in verdict.gaps for place in gap.places(settings.step)]
    for gap in verdict.gaps:
        along = at(np.linspace(gap.low, gap.high, 41), RING)
        axes.plot(along[:, 0], along[:, 1], color=NEGATIVE, linewidth=5, alpha=0.25, solid_capstyle="butt", zorder=0)
    if places:
        where = at(np.array(places), RING)
        label = f"take one here ({len(places)})"
        axes.scatter(
            where[:, 0],
            where[:, 1],
            s=60,
            marker="D",
            facecolors="none",
            edgecolors=NEGATIVE,
            linewidths=1.6,
            label=label,
        )
