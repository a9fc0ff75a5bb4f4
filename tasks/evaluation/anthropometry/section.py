"""The section of landmark measures: which measure follows a target, in order and as a picture.

In: the record of `evaluate_anthropometry`, and what measures are called. Out: rows and `Picture`s.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tasks.evaluation.anthropometry.compare import TOGETHER
from tasks.pages.environment import Picture
from tasks.pages.figures import NEGATIVE, RATED, draw_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIRST = "all ratings"
"""The target whose order the picture has; without ratings, the first of the references."""


def ordered(record: Mapping[str, Any]) -> dict[str, list[tuple[str, Any]]]:
    """By target: measures from the closest to the furthest, those without a value last."""

    def closeness(item: tuple[str, Any]) -> tuple[float, str]:
        value = item[1]["spearman"]["value"]
        return (1.0 if value is None else -abs(value)), item[0]

    return {target: sorted(found.items(), key=closeness) for target, found in record["agreement"].items()}


def shown_target(record: Mapping[str, Any]) -> str | None:
    """The target that is shown first; None where nothing could be compared."""
    known = [
        target
        for target, found in record["agreement"].items()
        if any(own["spearman"]["value"] is not None for own in found.values())
    ]
    return FIRST if FIRST in known else next(iter(known), None)


def agreement_picture(record: Mapping[str, Any], words: Mapping[str, str]) -> list[Picture]:
    """Spearman's rho of every measure with the first target, with intervals; none where there is no target."""
    target = shown_target(record)
    if target is None:
        return []
    rows = [(name, own["spearman"]) for name, own in ordered(record)[target] if own["spearman"]["value"] is not None]

    def draw(axes: "Axes") -> None:
        places = range(len(rows))
        values = [own["value"] for _, own in rows]
        colours = [NEGATIVE if name == TOGETHER else RATED for name, _ in rows]
        axes.barh(places, values, color=colours)
        for place, (_, own) in enumerate(rows):
            if own["low"] is not None:
                axes.plot([own["low"], own["high"]], [place, place], color="black", linewidth=1)
        axes.set_yticks(places, [words.get(name, name) for name, _ in rows], fontsize=8)
        axes.invert_yaxis()
        axes.set(xlabel=f"Spearman\u2019s rho with {target.replace('_', ' ')}")

    caption = "How closely each measure of lip and nose follows, with its interval over people."
    height = 1.2 + 0.24 * len(rows)
    return [
        Picture(draw_figure(draw, height=height), caption, f"Bar chart of Spearman\u2019s rho with {target} by measure")
    ]
