"""What a system shows: one frozen value that the report, the results and the comparison read.

In: what a system's `show` puts into it. Out: the same. Knows no system.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.pages.environment import Picture

Value = str | int | float | bool | None
"""What stands in a cell of a table."""


@dataclass(frozen=True)
class Tile:
    """One figure in large type: its name, its value, and what it must be read beside."""

    name: str
    value: str
    beside: str
    people: int | None = None  # how many it stands on, where that are people


@dataclass(frozen=True)
class Chapter:
    """One system's chapter. With a `reason` nothing was measured: the sentence says what is missing and what to add.

    `template` is rendered with `context` and the chapter itself (as `chapter`); a chapter with a reason needs neither.
    """

    name: str
    title: str
    lede: str = ""  # one sentence: what the system measures
    source: str = ""  # the publication, in a line
    reason: str | None = None
    tiles: Sequence[Tile] = ()
    findings: Sequence[str] = ()
    notices: Sequence[str] = ()
    missing: Sequence[str] = ()  # parts that were not measured, and what to add: sentences
    pictures: Mapping[str, Sequence[Picture]] = field(default_factory=dict)  # by place in the template
    columns: Mapping[str, str] = field(default_factory=dict)  # methods in the comparison: name to readable name
    names: Mapping[str, str] = field(default_factory=dict)  # readable names of what its template shows
    doubts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Method to image_id to why its value does not count, or why there is none."""
    template: str = ""  # path below tasks/
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """One measure of a photograph in plain words, and whether it stands out among faces without a cleft."""

    name: str  # the measure's, such as "lip outline"
    value: str  # the number as it is shown, such as "D 0.412, grade 2 of 5"
    place: str  # where it lies: "higher than 84 % of 120 rated photographs"
    stands_out: bool | None  # None: there is nothing to tell it by
    sure: str = ""  # how clear that is
    alone: str = ""  # what it usually means where this measure alone stands out
    quiet: str = ""  # what it usually means where all others stand out and this one does not
    doubt: str | None = None  # why the number says nothing
    trust: str = ""  # one sentence: how well the measure tells people whom it has not seen


@dataclass(frozen=True)
class Reading:
    """What one system says of one photograph. With a `reason` it has no score."""

    name: str  # the chapter's
    title: str
    record: Mapping[str, Any]  # plain values, for --json
    cells: Mapping[str, Value]  # column to value, for a table; the same columns for every photograph
    reason: str | None = None
    said: Sequence[Said] = ()
    caveat: str = ""  # what the number does not say
    source: str = ""  # the publication, in a line
    template: str = ""  # path below tasks/, rendered with `context`
    context: Mapping[str, Any] = field(default_factory=dict)
