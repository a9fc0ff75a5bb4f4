"""A value beside its norm: which norm fits a person, and where the value lies.

In: rows of norms (measure, gender, age_group, people, mean, sd, p05, p95, reason), a measure's row. Out: the norm that
fits, a bar. Knows neither files nor what is measured.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tasks.base.words import counted

ALL = "all"
WIDE = 4.0
"""Standard deviations to either side of the norm's mean that a bar shows."""


def norm_of(
    table: list[dict[str, Any]], measure: str, gender: str | None, age_group: str | None
) -> dict[str, Any] | None:
    """The norm that fits a person most closely and has numbers: by both, by gender, by age group, else of everybody."""
    by = {
        (row["gender"], row["age_group"]): row for row in table if row["measure"] == measure and row["reason"] is None
    }
    choices = [(gender, age_group), (gender, ALL), (ALL, age_group), (ALL, ALL)]
    return next((by[own] for own in choices if own in by), None)


class Norms(NamedTuple):
    """Norms to compare a photograph with. `rows`: those that have numbers; `said`: whose they are, or why none."""

    rows: list[dict[str, Any]]
    said: str
    only: str = ""  # a notice that all of these people's pictures have, such as that they are drawn

    def for_picture(self, notice: str | None) -> "Norms":
        """Those that fit a picture with this notice: norms of drawn faces say nothing of a photograph."""
        if not self.only or notice == self.only:
            return self
        return Norms([], f"There are no norms for this picture, for all controls are of another kind ({self.only}).")


NONE = Norms([], "There are no norms.")
OWN = "those of this project's controls"


def made_of(every: Sequence[dict[str, Any]], notices: Sequence[str], whose: str) -> Norms:
    """Norms of a whole table. `notices`: of the people's pictures; `whose`: they are, such as OWN."""
    rows = [row for row in every if row["reason"] is None]
    if not rows:
        reasons = (row["reason"] for row in every if row["gender"] == row["age_group"] == ALL)
        why = next(reasons, "no control could be measured")
        return Norms([], f"There are no norms: {why}. Add photographs of people without a cleft.")
    only = notices[0] if len(notices) == 1 else ""
    people = counted(max(row["people"] for row in rows), "person", "people")
    return Norms(rows, f"Norms are {whose}, {people}{only and f' ({only})'}.", only)


def bar(row: Mapping[str, Any], norm: Mapping[str, Any]) -> dict[str, float]:
    """Where value, interval and norm lie on a bar from 0 to 100; what lies beyond an end lies on it.

    `outside`: the value lies beyond the 5th or 95th percentile. More even than most is not outside.
    """
    spread = WIDE * norm["sd"] or 1.0

    def at(value: float) -> float:
        return round(float(min(100.0, max(0.0, 50 + 50 * (value - norm["mean"]) / spread))), 2)

    ends = [row["value"] if row[end] is None else row[end] for end in ("low", "high")]
    beyond = not norm["p05"] <= row["value"] <= norm["p95"] and not more_even(row, norm)
    return {
        "value": at(row["value"]),
        "low": at(ends[0]),
        "high": at(ends[1]),
        "from": at(norm["p05"]),
        "to": at(norm["p95"]),
        "outside": float(beyond),
    }


def more_even(row: Mapping[str, Any], norm: Mapping[str, Any]) -> bool:
    """Whether the face is more even in this measure than the norm's mean: that is nothing to find."""
    even = _even(row)
    return even is not None and abs(row["value"] - even) <= abs(norm["mean"] - even)


def _even(row: Mapping[str, Any]) -> float | None:
    """The value of an even face: 0 of a difference, 1 of a ratio of sides, 100 per cent; None where evenness means
    nothing."""
    if row["deviation"] is None:
        return None
    if math.isclose(row["deviation"], row["value"]):
        return 0.0
    return 1.0 if row["unit"] == "" else 100.0
