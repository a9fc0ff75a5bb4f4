"""A clip's measures over time: every sampled frame measured as a photograph is, and one value of each measure for all.

In: frames with their times and measures. Out: for each measure its course and the mean over the frames, with an
interval by their spread, as for a visit's photographs. A frame that was refused has a reason and takes no part. Decodes
and draws nothing.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tasks.anthropometry.measures.measure import Measure
from tasks.anthropometry.measuring import deviation
from tasks.anthropometry.visits import side_of, together, turned
from tasks.schemas.anthropometry import MEASURE_COLUMNS

NUMBERS = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Frame:
    """One frame. With a `reason` nothing was measured in it."""

    index: int
    time_s: float
    reason: str | None = None
    rows: Sequence[Mapping[str, Any]] = ()  # as tasks.anthropometry.measuring.measure_face gives them


@dataclass(frozen=True)
class Course:
    """A measure over time, as seen from one side. A frame without it is None."""

    measure: Measure
    side: str | None
    times: Sequence[float]  # seconds, of all frames
    values: Sequence[float | None]

    @property
    def known(self) -> list[float]:
        """The values there are."""
        return [value for value in self.values if value is not None]


def courses(frames: Sequence[Frame], measures: Sequence[Measure]) -> list[Course]:
    """The course of each measure that has a value in any frame, in the measures' order."""
    times = [frame.time_s for frame in frames]
    found = []
    for measure in measures:
        own = _of(frames, measure.name)
        if not len(own):
            continue
        side = side_of(own["side"])
        by_frame = dict(zip(own["frame"], turned(own, side, measure.kind).tolist(), strict=True))
        found.append(Course(measure, side, times, [by_frame.get(number) for number in range(len(frames))]))
    return found


@dataclass
class Gap:
    """Why measures have no value in some frames: the reason as the first of these frames has it, in its numbers."""

    reason: str
    frames: set[int]
    words: list[str]


def gaps(frames: Sequence[Frame], measures: Sequence[Measure]) -> list[Gap]:
    """Reasons of measures that only some frames have; those that differ by their numbers alone are one. Most first."""
    found: dict[str, Gap] = {}
    there = {row["measure"] for frame in frames for row in frame.rows if row["value"] is not None}
    wanted = {measure.name: measure.words for measure in measures if measure.name in there}
    for number, frame in enumerate(frames):
        for row in frame.rows:
            if row["reason"] and row["measure"] in wanted:
                gap = found.setdefault(NUMBERS.sub("0", row["reason"]), Gap(row["reason"], set(), []))
                gap.frames.add(number)
                gap.words += [words for words in [wanted[row["measure"]]] if words not in gap.words]
    return sorted(found.values(), key=lambda gap: -len(gap.frames))


def over_frames(frames: Sequence[Frame], measures: Sequence[Measure], *, confidence: float) -> list[dict[str, Any]]:
    """Rows as of one photograph (MEASURE_COLUMNS): each measure's mean over the frames, or why no frame has it."""
    rows = []
    for measure in measures:
        row: dict[str, Any] = dict.fromkeys(column.name for column in MEASURE_COLUMNS)
        row |= {"measure": measure.name, "region": measure.region, "words": measure.words, "unit": measure.unit}
        found = together(_of(frames, measure.name), measure.kind, confidence=confidence)
        if found is None:
            rows.append(row | {"reason": _reason(frames, measure.name)})
            continue
        length = together(_of(frames, measure.name, "mm"), measure.kind, confidence=confidence)
        if length is not None:
            row |= {"mm": length["value"], "mm_low": length["low"], "mm_high": length["high"]}
        rows.append(row | found | {"deviation": deviation(measure, float(str(found["value"])))})
    return rows


def table_rows(frames: Sequence[Frame]) -> list[dict[str, Any]]:
    """A row per frame and measure, with its time; of a refused frame one row with its reason."""
    return [
        {"frame": frame.index, "time_s": frame.time_s, **own}
        for frame in frames
        for own in (frame.rows or [{"measure": "", "reason": frame.reason}])
    ]


def _of(frames: Sequence[Frame], name: str, column: str = "value") -> pd.DataFrame:
    """frame (its place in the list), value and side, of the frames that have the measure."""
    rows = [
        (number, row[column], row["side"])
        for number, frame in enumerate(frames)
        for row in frame.rows
        if row["measure"] == name and row[column] is not None
    ]
    return pd.DataFrame(rows, columns=["frame", "value", "side"])


def _reason(frames: Sequence[Frame], name: str) -> str:
    """The reason that most of the measured frames have."""
    said = Counter(row["reason"] for frame in frames for row in frame.rows if row["measure"] == name and row["reason"])
    return f"in no frame; most often: {said.most_common(1)[0][0]}" if said else "in no frame"
