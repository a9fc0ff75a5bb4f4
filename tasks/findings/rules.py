"""Findings: measures that lie beyond what a readable file of rules has for such a person.

In: a file of rules (tasks/findings/rules.yaml is the default), the measures of one photograph or visit, norms. Out:
findings, each with measure, value, limit, reason and source. A finding is clear where the measure's whole interval
lies beyond the limit, else borderline. A finding is no diagnosis, and says so. Knows no measure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from tasks.findings.declared import Told, dimensions_of, entries
from tasks.pages.norms import more_even, norm_of
from tasks.schemas.columns import AGE_GROUPS, GENDERS, POPULATIONS

DEFAULT = Path(__file__).with_name("rules.yaml")
CAVEAT = "A finding, not a diagnosis."
HOW = ("above", "below", "beyond_sd")
MM = "mm"
UNITS = {"interocular": " interocular", "": "", "cm2": " cm\u00b2"}
"""Units as sentences have them, where not after a blank as they are."""


class Named(Protocol):
    """A measure, as far as a rule knows it."""

    @property
    def name(self) -> str:
        """As tables have it."""

    @property
    def unit(self) -> str:
        """Of its value."""


@dataclass(frozen=True)
class Rule:
    """One limit, for whom it is, and what it is called when a measure lies beyond it."""

    measure: str
    how: str  # of HOW
    limit: float
    millimetres: bool  # of a length that is measured in another unit
    finding: str
    source: str
    population: str | None = None
    gender: str | None = None
    age_group: str | None = None


@dataclass(frozen=True)
class Finding:
    """A measure beyond a rule's limit."""

    measure: str  # its name
    finding: str  # the rule's words
    value: float
    low: float | None
    high: float | None
    unit: str
    side: str | None
    limit: float
    way: Literal["above", "below"]
    certainty: Literal["clear", "borderline", "no interval"]
    norm: str  # what the limit is, in words
    source: str

    def sentence(self, words: str) -> str:
        """The finding with value, limit and caveat in one line; `words`: the measure's name for people."""
        side = f", {self.side}" if self.side else ""
        unit = UNITS.get(self.unit, f" {self.unit}")
        span = "" if self.low is None or self.high is None else f" ({self.low:.3g} to {self.high:.3g})"
        sure = {"clear": "", "borderline": "; borderline", "no interval": "; how sure is not known"}[self.certainty]
        return f"{self.finding}: {words}{side} {self.value:.3g}{span}{unit}, {self.way} {self.norm}{sure}. {CAVEAT}"


def rules_in(
    path: Path,
    known: Mapping[str, Named],  # by name
    *,
    dimensions: int,  # 2 or 3
    lengths: Sequence[str],  # units of lengths that may be told in millimetres
) -> tuple[Rule, ...]:
    """The rules of a file that are for measures of so many dimensions.

    DeclaredError names file, line and what is accepted. Of the other rules it is the number of dimensions that is
    looked at, and nothing else.
    """
    every = entries(path, "rules")
    return tuple(_rule(entry, known, lengths) for entry in every if dimensions_of(entry) == dimensions)


def _rule(entry: Told, known: Mapping[str, Named], lengths: Sequence[str]) -> Rule:
    keys = entry.keys(
        ("measure", "finding", "source"), (*HOW, "unit", "dimensions", "population", "gender", "age_group")
    )
    measure = known[keys["measure"].text(tuple(known), beside="" if "dimensions" in keys else OF_SPACE)]
    given = [how for how in HOW if how in keys]
    if len(given) != 1:
        entry.wrong(f"one limit expected, of: {', '.join(HOW)}; this rule has {', '.join(given) or 'none'}")
    limit = keys[given[0]].number()
    if given[0] == "beyond_sd" and limit <= 0:
        keys["beyond_sd"].wrong(f"{limit:g} standard deviations; a number above 0 expected")
    said = "unit" in keys and keys["unit"].text((MM, measure.unit or "ratio")) == MM
    if said and (measure.unit not in (MM, *lengths) or given[0] == "beyond_sd"):
        keys["unit"].wrong("only limits of lengths, above and below, can be in mm")
    return Rule(
        measure.name,
        given[0],
        limit,
        said and measure.unit != MM,
        keys["finding"].text(),
        keys["source"].text(),
        *(
            keys[name].text(among) if name in keys else None
            for name, among in (("population", POPULATIONS), ("gender", GENDERS), ("age_group", AGE_GROUPS))
        ),
    )


OF_SPACE = " (one in three dimensions stands with `dimensions: 3`)"


def unasked(
    rows: Sequence[Mapping[str, Any]],
    rules: Sequence[Rule],
    words: Mapping[str, str],  # measures' names for people
    *,
    norms: list[dict[str, Any]],
    population: str | None,
    gender: str | None,
    age_group: str | None,
) -> str:
    """Which rules for this person were not asked, for a measured value has no norm; "" where all were."""
    there = {row["measure"] for row in rows if row["reason"] is None}
    person = {"population": population, "gender": gender, "age_group": age_group}
    lacking = [
        words[rule.measure]
        for rule in rules
        if rule.how == "beyond_sd"
        and rule.measure in there
        and all(getattr(rule, name) in (None, own) for name, own in person.items())
        and norm_of(norms, rule.measure, gender, age_group) is None
    ]
    if not lacking:
        return ""
    return f"Not asked, for want of norms: the {'rule' if len(lacking) == 1 else 'rules'} for {'; '.join(lacking)}."


def findings(
    rows: Sequence[Mapping[str, Any]],  # of one photograph or visit: ANTHROPOMETRY_MEASURES or SURFACE_MEASURES
    rules: Sequence[Rule],
    *,
    norms: list[dict[str, Any]],  # NORMS rows; none: rules by norms find nothing
    population: str | None,
    gender: str | None,
    age_group: str | None,
) -> list[Finding]:
    """What lies beyond the rules that are for this person, in the rules' order. What is not known fits no such rule."""
    by_name = {row["measure"]: row for row in rows if row["reason"] is None}
    person = {"population": population, "gender": gender, "age_group": age_group}
    found = []
    for rule in rules:
        meant = all(getattr(rule, name) in (None, own) for name, own in person.items())
        if meant and rule.measure in by_name:
            norm = norm_of(norms, rule.measure, gender, age_group) if rule.how == "beyond_sd" else None
            found += [own for own in [_found(by_name[rule.measure], rule, norm)] if own]
    return found


def _found(row: Mapping[str, Any], rule: Rule, norm: Mapping[str, Any] | None) -> Finding | None:
    names = ("mm", "mm_low", "mm_high") if rule.millimetres else ("value", "low", "high")
    value, low, high = (row[name] for name in names)
    if value is None or (rule.how == "beyond_sd" and norm is None):
        return None
    way: Literal["above", "below"] = "below" if rule.how == "below" else "above"
    limit, unit = rule.limit, "mm" if rule.millimetres else row["unit"]
    said = f"{limit:g}"
    if norm is not None:
        if more_even(row, norm):
            return None
        way = "above" if value > norm["mean"] else "below"
        limit = norm["mean"] + (1 if way == "above" else -1) * rule.limit * norm["sd"]
        said = f"{limit:.3g}, {rule.limit:g} standard deviations from the mean of {norm['people']} people"
    if not (value > limit if way == "above" else value < limit):
        return None
    near = low if way == "above" else high
    certainty: Literal["clear", "borderline", "no interval"] = "no interval"
    if near is not None:
        certainty = "clear" if (near > limit if way == "above" else near < limit) else "borderline"
    return Finding(
        rule.measure, rule.finding, value, low, high, unit, row["side"], limit, way, certainty, said, rule.source
    )
