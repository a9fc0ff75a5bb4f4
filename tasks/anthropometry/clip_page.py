"""One page per clip: every measure over time, its mean, and what was measured in how many frames.

In: a clip's frames and the rows over them (tasks.anthropometry.clips). Out: an HTML page that needs no other file and
prints. Every value is escaped. Measures nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.anthropometry.clips import Course, Frame, courses, gaps
from tasks.anthropometry.measures.catalogue import REGIONS
from tasks.anthropometry.measures.measure import Measure
from tasks.anthropometry.page import DIGITS, UNITS
from tasks.findings.formulas import GROUP
from tasks.pages.environment import environment, number

WIDE, HIGH, EDGE = 260.0, 40.0, 3.0
"""Of a plot, in its own units, and the room about its line."""


@dataclass(frozen=True)
class Plot:
    """A measure's line in the page's table: pieces between frames that lack it, each place in the plot's units."""

    words: str
    meaning: str
    value: str
    interval: str
    least: str
    most: str
    side: str
    frames: int
    pieces: Sequence[Sequence[tuple[float, float]]]


def render_clip_page(
    name: str,
    *,
    image_id: str,
    reason: str | None = None,
    frames: Sequence[Frame] = (),
    rows: Sequence[Mapping[str, Any]] = (),  # over the frames
    measures: Sequence[Measure] = (),
    notices: Sequence[str] = (),
    provenance: Sequence[tuple[str, str]] = (),
) -> str:
    """The page of one clip; with a `reason` nothing was measured."""
    groups: dict[str, list[Plot]] = {words: [] for words in (*REGIONS.values(), GROUP)}
    by_name = {row["measure"]: row for row in rows}
    for course in courses(frames, measures):
        words = REGIONS.get(course.measure.region, GROUP)
        groups[words].append(_plot(course, by_name[course.measure.name]))
    refused: dict[str, list[str]] = {}
    for row in rows:
        if row["reason"]:
            refused.setdefault(row["reason"], []).append(row["words"])
    return (
        environment()
        .get_template("anthropometry/clip.html.j2")
        .render(
            name=name,
            image_id=image_id,
            reason=reason,
            groups={words: plots for words, plots in groups.items() if plots},
            refused=list(refused.items()),
            gaps=gaps(frames, measures),
            frames=len(frames),
            measured=sum(frame.reason is None for frame in frames),
            seconds=frames[-1].time_s if frames else 0.0,
            declined=Counter(frame.reason for frame in frames if frame.reason).most_common(),
            size=(WIDE, HIGH),
            notices=notices,
            provenance=provenance,
        )
    )


def _plot(course: Course, row: Mapping[str, Any]) -> Plot:
    measure, known = course.measure, course.known
    digits, unit = DIGITS[measure.unit], UNITS[measure.unit]
    gap = "" if unit in ("", "°") else " "
    interval = "" if row["low"] is None else f"{number(row['low'], digits)} to {number(row['high'], digits)}"
    return Plot(
        measure.words,
        measure.meaning,
        f"{number(row['value'], digits)}{gap}{unit}",
        interval,
        number(min(known), digits),
        number(max(known), digits),
        course.side or "",
        len(known),
        _pieces(course),
    )


def _pieces(course: Course) -> list[list[tuple[float, float]]]:
    low, high, end = min(course.known), max(course.known), course.times[-1] or 1.0
    pieces: list[list[tuple[float, float]]] = [[]]
    for time_s, value in zip(course.times, course.values, strict=True):
        if value is None:
            pieces.append([])
            continue
        up = 0.5 if high == low else (value - low) / (high - low)
        x = EDGE + (WIDE - 2 * EDGE) * time_s / end
        pieces[-1].append((round(x, 1), round(HIGH - EDGE - (HIGH - 2 * EDGE) * up, 1)))
    return [piece for piece in pieces if piece]
