"""Fairness in plain words: tiles, sentences that stand alone, notices, and what is missing.

In: the record of `evaluate_fairness`. Out: words. Knows nothing of how numbers came about.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.base.words import counted, listed
from tasks.evaluation.fairness.compare import CONTROLS, PATIENTS, SETS, SKIN, Found, each, followed, largest
from tasks.evaluation.fairness.read import Small
from tasks.pages.chapter import Tile
from tasks.pages.environment import number, span
from tasks.statistics.following import standing

MOST = 5
"""Small groups and refused lines that are told one by one."""


def tiles(record: Mapping[str, Any], names: Mapping[str, str]) -> list[Tile]:
    """The method that follows skin lightness most, among controls and among patients."""
    found = ((among, largest(record, SKIN, among)) for among in SETS)
    return [
        Tile(
            f"Skin lightness, largest \u03c1 {SETS[among]}",
            number(one.estimate["value"]),
            f"{names.get(one.method, one.method)}; {span(one.estimate)}",
            one.estimate["n_subjects"],
        )
        for among, one in found
        if one
    ]


def findings(record: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """The result as sentences: of skin lightness by name, of everything else in counts."""
    said = []
    for among, where in SETS.items():
        one = largest(record, SKIN, among)
        if one is None:
            continue
        method, people = names.get(one.method, one.method), counted(one.estimate["n_subjects"], "person", "people")
        told = f"\u03c1 {number(one.estimate['value'])}, {span(one.estimate)}, {people}"
        kind = standing(one.estimate, limit=record["limit"])
        said.append(
            f"Of all methods {method} follows skin lightness most {where}, by more than chance ({told})."
            if kind == "follows"
            else f"No method is shown to follow skin lightness {where}; the largest is {method}: {told}."
        )
        said.append(_count(record, among))
    return said


def _count(record: Mapping[str, Any], among: str) -> str:
    """How many of all rhos are above the limit, and how many chance alone would bring."""
    known, chance = _asked(record, among)
    above = sum(abs(one.estimate["value"]) > record["limit"] for one in known)
    sure = len(followed(record, among))
    return (
        f"Of {counted(len(known), 'correlation')} {SETS[among]}, {above} are above the limit of {record['limit']:g}, "
        f"{sure} of them by more than chance; where nothing is followed, about {chance:.0f} would seem to be."
    )


def _asked(record: Mapping[str, Any], among: str) -> tuple[list[Found], float]:
    """The correlations that have an interval, and how many of them would seem to be more than chance by chance."""
    known = [one for one in each(record) if one.among == among and one.estimate["low"] is not None]
    return known, (1 - record["confidence"]) * len(known)


def notices(record: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """What each method follows by more than the limit and more than chance, the skin first."""
    return [
        line
        for among in SETS
        for method in record["followed"].get(SKIN, {})
        if (line := _follows([one for one in followed(record, among) if one.method == method], record, names))
    ]


def _follows(found: Sequence[Found], record: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if not found:
        return ""
    parts = []
    for one in found:
        own, rho = record["traits"][one.trait], one.estimate["value"]
        worse = own["more"] if rho > 0 else own["less"]
        parts.append(f"{worse} (\u03c1 {number(rho)}, {span(one.estimate)})")
    method = names.get(found[0].method, found[0].method)
    known, chance = _asked(record, found[0].among)
    return (
        f"{method}: {SETS[found[0].among]}, rated as worse: {'; '.join(parts)}. "
        f"Of {len(known)} such correlations chance alone would show about {chance:.0f}."
    )


def missing(record: Mapping[str, Any]) -> list[str]:
    """What could not be asked, and what to add."""
    said = []
    known = {among: any(o.estimate["value"] is not None for o in each(record) if o.among == among) for among in SETS}
    if not known[CONTROLS]:
        why = "too few controls from whom nothing was learned"
        said.append(f"Fairness {SETS[CONTROLS]} was not measured: {why}; add photographs of controls.")
    if not known[PATIENTS]:
        add = "add photographs after repair"
        why = "too few patients after repair with a severity"
        if record["severity"] is None:
            why, add = "no severity is known and nobody rated", "add ratings (ratings.csv)"
        said.append(f"Fairness {SETS[PATIENTS]} was not measured: {why}; {add}.")
    return said


def left_out(small: Sequence[Small], refused: Sequence[str], *, least: int) -> list[str]:
    """Groups that are too small, and lines of groups.csv that do not count."""
    said = []
    if small:
        named = [f"{one.grouping} {one.group} ({one.people})" for one in small]
        said.append(f"Groups of fewer than {least} people are left out: {listed(named, MOST)}.")
    if refused:
        said.append(f"Refused of the table of groups: {listed([line.rstrip('.') for line in refused], MOST)}.")
    return said
