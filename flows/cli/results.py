"""`vermilion results`: the headline numbers of the last run, a table per chapter."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from flows.cli.project import JSON, project_root
from flows.repository.currency import not_current
from tasks import params
from tasks.base.escaping import visible
from tasks.evaluation.metrics import read_records
from tasks.params.evaluation import Report

ELSEWHERE = (
    "no report is here: these numbers came with the files (the demo's drawn faces), or what they were made with was "
    "removed; run `dvc repro report`"
)
"""What is said of numbers whose report is not there."""


def results(as_json: JSON = False) -> None:
    """The headline numbers of the last `dvc repro`, what was not measured and why, and where the report is."""
    root = project_root()
    numbers = read_records(root / "data/reports/summary.json", depth=2)
    metrics = read_records(root / "data/reports/metrics.json")
    missing, pictures = reasons(metrics), shown(root)
    few = params.load(Report, "report", root / "params.yaml").few_people
    people = stands_on(metrics, numbers)
    report = root / "data/reports/index.html"
    stale = not_current(root) if report.exists() else ELSEWHERE
    if as_json:
        print(
            json.dumps(
                numbers
                | {"not_measured": missing, "not_current": stale, "pictures": pictures}
                | {"people": people, "few_people": few},
                indent=1,
                sort_keys=True,
            )
        )
        return
    if stale:
        print(f"Of these results: {stale}")
    console = Console(width=None if sys.stdout.isatty() else 80)
    for name, columns in numbers.items():
        console.print(_table(name, columns, people.get(name, {}), few))
    if any(count < few for columns in people.values() for rows in columns.values() for count in rows.values()):
        print(f"from N: N people, fewer than {few}: too few for a headline; see the report.")
    for name in sorted(numbers.keys() - people.keys()):
        print(f"{name}: from how many people is not known; run `dvc repro`")
    for name, reason in missing.items():
        print(f"{name} was not measured: {reason}")
    for line in pictures:
        print(visible(f"On these pictures: {line}"))
    if report.exists():
        print(f"report: {report}")


def shown(root: Path) -> list[str]:
    """What must be told of the pictures that the numbers are of; nothing where their scores are not here."""
    from tasks.base import tables

    scores = root / "data/evaluation/scores.parquet"
    return list(tables.provenance_of(scores).get("pictures", {}).get("notices", [])) if scores.exists() else []


def reasons(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """By chapter, or by chapter and part of it, why nothing was measured."""
    whole = {name: str(own["reason"]) for name, own in metrics.items() if own.get("reason")}
    parts = {f"{name}, {part}": why for name, own in metrics.items() for part, why in own.get("missing", {}).items()}
    return whole | parts


def stands_on(
    metrics: Mapping[str, Mapping[str, Any]], numbers: Mapping[str, Mapping[str, Mapping[str, float | None]]]
) -> dict[str, dict[str, dict[str, int]]]:
    """By chapter, column and row of `numbers`, on how many people a number stands, where it stands on people.

    A chapter whose record is of another version, or of another run than its numbers, is left out.
    """
    from tasks.evaluation import chapters, headlines  # pandas takes a while

    found = {}
    for chapter in chapters.CHAPTERS:
        name = chapter.NAME
        try:
            own = chapter.headline(metrics[name])
            if headlines.numbers_of(own) == numbers[name]:
                found[name] = headlines.people_of(own)
        except (AttributeError, KeyError, TypeError):
            continue
    return found


def _table(
    corner: str,
    columns: Mapping[str, Mapping[str, float | None]],
    people: Mapping[str, Mapping[str, int]],
    few: int,
) -> Table:
    table = Table()
    table.add_column(corner)
    for name in columns:
        table.add_column(name.replace("_", " "), justify="right")
    for row in sorted({key for own in columns.values() for key in own}):
        cells = (_cell(own.get(row), people.get(name, {}).get(row), few) for name, own in columns.items())
        table.add_row(row.replace("_", " "), *cells)
    return table


def _cell(value: float | None, people: int | None, few: int) -> str:
    """The number; with its people where these are too few for a headline, as the report has it."""
    if value is None:
        return ""
    return _digits(value) if people is None or people >= few else f"{_digits(value)} from {people}"


def _digits(value: float) -> str:
    """Three decimals; a count as it is, a number that would be 0.000 with its first two digits."""
    return str(value) if isinstance(value, int) else f"{value:.1e}" if 0 < abs(value) < 0.0005 else f"{value:.3f}"
