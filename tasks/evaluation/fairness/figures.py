"""One figure per trait: every method's rho with its interval, and the limit on either side of zero.

In: a record. Out: PNG bytes by `tasks.pages.figures`. Knows nothing of pages and files.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from tasks.evaluation.fairness.compare import CONTROLS, PATIENTS
from tasks.pages.environment import Picture, sentence
from tasks.pages.figures import INK, NEGATIVE, RATED, draw_figure, legend

MOST = 6
LOOKS = {CONTROLS: (-0.14, RATED, "o", "controls"), PATIENTS: (0.14, NEGATIVE, "s", "patients")}


def pictures(record: Mapping[str, Any], names: Mapping[str, str]) -> list[Picture]:
    """A figure for each of the first traits that any method has a rho with; the table has all."""
    found: list[Picture] = []
    for trait in record["order"]:
        methods = record["followed"][trait]
        known = {name: own for name, own in methods.items() if any(one["value"] is not None for one in own.values())}
        if known and len(found) < MOST:
            title = record["traits"][trait]["title"]
            drawn = _draw(known, record["limit"], names)
            caption = f"{sentence(title)[:-1]}: \u03c1 of every method, with interval. Band: the limit."
            found.append(Picture(drawn, caption, f"Dot plot of rho with {title} by method, limit {record['limit']:g}"))
    return found


def _draw(methods: Mapping[str, Mapping[str, Any]], limit: float, names: Mapping[str, str]) -> bytes:
    def draw(axes: Axes) -> None:
        axes.axvspan(-limit, limit, color="#e3eef2", zorder=0)
        axes.axvline(0, color=INK, linewidth=0.8)
        for among, (shift, colour, marker, label) in LOOKS.items():
            rows = [(row, own[among]) for row, own in enumerate(methods.values()) if own[among]["value"] is not None]
            for row, one in rows:
                if one["low"] is not None:
                    axes.plot([one["low"], one["high"]], [row + shift] * 2, color=colour, linewidth=2.0, alpha=0.6)
            places, values = [row + shift for row, _ in rows], [one["value"] for _, one in rows]
            axes.plot(values, places, marker, color=colour, markersize=6, label=label, clip_on=False)
        axes.set_yticks(range(len(methods)), [names.get(name, name.replace("_", " ")) for name in methods])
        axes.set_ylim(len(methods) - 0.5, -0.5)
        every = (one for own in methods.values() for one in own.values())
        ends = [abs(one[end]) for one in every for end in ("low", "high", "value") if one[end] is not None]
        reach = min(1.0, max(0.5, float(np.ceil(10 * max(ends)) / 10)))
        axes.set_xlim(-reach, reach)
        axes.set_xlabel("\u03c1")
        axes.grid(axis="y", visible=False)
        legend(axes, 2)

    return draw_figure(draw, height=max(1.9, 1.3 + 0.42 * len(methods)))
