"""The report's first screen: which method follows the raters best, by how much, on how many people; what is missing.

In: the records of metrics.json. Out: sentences and large figures. The rule: a number from few people is no headline,
and a method that may lead by chance is said to. Knows no system.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.base.words import counted, counted_people
from tasks.evaluation.census import Census, Refusal
from tasks.pages.chapter import Chapter, Tile
from tasks.pages.environment import number, sentence, span

REASONS = 8
"""Reasons for which something of one table was refused that the first screen names."""


@dataclass(frozen=True)
class Front:
    """`answer`: one sentence; `detail`: how sure that is; `small`: notices of small samples; `missing`: what to add."""

    answer: str
    detail: Sequence[str]
    tiles: Sequence[Tile]
    small: Sequence[str]
    missing: Sequence[str]


def front(
    metrics: Mapping[str, Any],
    chapters: Sequence[Chapter],
    census: Sequence[Census],
    refusals: Sequence[Refusal],
    *,
    few_people: int,
) -> Front:
    """The first screen. `few_people`: fewer than this make no headline."""
    found = metrics["closest"]
    missing = _missing(metrics, chapters, census, refusals)
    if found["reason"]:
        answer = "Nothing can be said yet about which method follows raters best."
        return Front(answer, [sentence(found["reason"])], [], [], missing)
    titles = {name: title for chapter in chapters for name, title in chapter.columns.items()}
    people = found["pearson"]["n_subjects"]
    if people < few_people:
        who = "1 person is" if people == 1 else f"{people} people are"
        answer = f"{who} too few to say which method follows raters best."
    else:
        answer = _answer(found, titles)
    detail = _detail(found, titles, few=people < few_people)
    return Front(answer, detail, _tiles(found, titles), _small(metrics, people, few_people), missing)


def _answer(found: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """The sentence in large type."""
    first, behind = titles.get(found["first"], found["first"]), found["behind"]
    if not behind:
        return f"{first} is the only method that could be compared with raters."
    close = [titles.get(name, name) for name in found["order"][1:] if behind[name]["verdict"] != "better"]
    if not close:
        return f"{first} follows the raters best, by more than chance."
    if len(close) == len(behind) > 1:
        return f"{first} follows the raters most closely, but its lead on every other method may be chance."
    return f"{first} follows the raters most closely, but its lead on {_and(close)} may be chance."


def _detail(found: Mapping[str, Any], titles: Mapping[str, str], *, few: bool) -> list[str]:
    """By how much, against the ceiling, on how many of those rated; of few people the numbers, and nothing claimed."""
    own, ceiling = found["pearson"], found["ceiling"]
    first = titles.get(found["first"], found["first"])
    said = [
        f"Pearson\u2019s r of {first} with the mean of {counted(found['n_raters'], 'rater')} is "
        f"{number(own['value'])} ({span(own)}), on {counted_people(own['n_images'], own['n_subjects'])}. "
        f"Every method scored them, and no network learned from them.{_left_out(found, titles)}"
    ]
    if second := _second(found):
        name, duel = second
        gap = duel["pearson_difference"]
        words = {"better": "more than chance", "alike": "it may be chance", "worse": "less close", "unknown": "unsure"}
        far = f"{number(gap['value'])} behind ({span(gap)}{'' if few else ': ' + words[duel['verdict']]})"
        said.append(f"Next is {titles.get(name, name)}, {far if gap['value'] is not None else gap['reason']}.")
    if ceiling["value"] is not None:
        against = "" if few else f": {_against(own, ceiling)}"
        whom = f", on all {ceiling['n_images']} rated" if ceiling["n_images"] != own["n_images"] else ""
        said.append(f"One more rater reaches {number(ceiling['value'])} ({span(ceiling)}{whom}){against}.")
    return said


def _left_out(found: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """How many rated photographs are not compared, as not every method scored them."""
    count = found["n_rated"] - found["pearson"]["n_images"]
    if not count:
        return ""
    lacking = [f"{titles.get(name, name)} has no value for {own:,}" for name, own in found["unscored"].items()]
    what = counted(count, "rated photograph is", "rated photographs are")
    return f" {what} left out, as not every method scored them: {_and(lacking)}. \u201cEvery photograph\u201d says why."


def _second(found: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """The method next to the first, and how far it is behind."""
    return next(((name, found["behind"][name]) for name in found["order"][1:]), None)


def _against(own: Mapping[str, Any], ceiling: Mapping[str, Any]) -> str:
    if own["low"] is None or ceiling["low"] is None:
        return "how far that differs cannot be told"
    if own["low"] > ceiling["value"]:
        return "the method is closer to their mean than that"
    if own["high"] < ceiling["value"]:
        return "the method does not come up to that"
    return "no difference from the method is shown"


def _tiles(found: Mapping[str, Any], titles: Mapping[str, str]) -> list[Tile]:
    own, ceiling = found["pearson"], found["ceiling"]
    people = own["n_subjects"]
    tiles = [
        Tile(f"{titles.get(found['first'], found['first'])}: r with raters", number(own["value"]), span(own), people)
    ]
    if second := _second(found):
        name, duel = second
        gap = duel["pearson_difference"]
        beside = span(gap) if gap["value"] is not None else str(gap["reason"])
        tiles.append(Tile(f"Ahead of {titles.get(name, name)} by", number(gap["value"]), beside, people))
    if ceiling["value"] is not None:
        tiles.append(Tile("One more rater reaches", number(ceiling["value"]), span(ceiling), ceiling["n_subjects"]))
    return [
        *tiles,
        Tile(
            "People", f"{people:,}", f"{counted(own['n_images'], 'photograph')}, {counted(found['n_raters'], 'rater')}"
        ),
    ]


def _small(metrics: Mapping[str, Any], people: int, few_people: int) -> list[str]:
    """What a reader must know of small numbers."""
    said = []
    if people < few_people:
        said.append(
            f"Only {counted(people, 'person was', 'people were')} rated and scored by every method; "
            f"{few_people} are needed for a headline."
        )
    if metrics["closest"]["n_raters"] < 2:
        said.append("One rater alone: how far raters agree is not known, and their own errors count as truth.")
    return said


def _missing(
    metrics: Mapping[str, Any], chapters: Sequence[Chapter], census: Sequence[Census], refusals: Sequence[Refusal]
) -> list[str]:
    """What was not measured, and what to add."""
    said = [sentence(f"{chapter.name} was not measured: {chapter.reason}") for chapter in chapters if chapter.reason]
    said += [line for chapter in chapters for line in chapter.missing]
    if not metrics["raters"]["n_ratings"]:
        said.append("There are no ratings that could be used: add ratings to compare with people\u2019s eyes.")
    if not any(row.what == "photographs, repaired" for row in census):
        said.append("There is no photograph of a repaired lip.")
    return [*dict.fromkeys(said), *_refused(refusals)]


def _refused(refusals: Sequence[Refusal]) -> list[str]:
    """How much was refused of each table, and every reason with its number, the most frequent first."""
    by_stage: dict[str, list[Refusal]] = {}
    for row in refusals:
        if row.kind == "refused":
            by_stage.setdefault(row.stage, []).append(row)
    said = []
    for stage, rows in by_stage.items():
        shown = sorted(rows, key=lambda row: -row.count)[:REASONS]
        words = [f"{sentence(row.reason).rstrip('.')}{f' ({row.count})' if len(rows) > 1 else ''}." for row in shown]
        more = ["Data has all reasons."] if len(rows) > REASONS else []
        said.append(" ".join([f"Refused of {stage}: {sum(row.count for row in rows)}.", *words, *more]))
    return said


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
