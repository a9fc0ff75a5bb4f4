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
from tasks.base.escaping import visible
from tasks.evaluation.metrics import read_records

ELSEWHERE = (
    "no report is here: these numbers came with the files (the demo's drawn faces), or what they were made with was "
    "removed; run `dvc repro report`"
)
"""What is said of numbers whose report is not there."""


def results(as_json: JSON = False) -> None:
    """The headline numbers of the last `dvc repro`, what was not measured and why, and where the report is."""
    root = project_root()
    numbers = read_records(root / "data/reports/summary.json", depth=2)
    missing, pictures = reasons(read_records(root / "data/reports/metrics.json")), shown(root)
    report = root / "data/reports/index.html"
    stale = not_current(root) if report.exists() else ELSEWHERE
    if as_json:
        print(
            json.dumps(
                numbers | {"not_measured": missing, "not_current": stale, "pictures": pictures},
                indent=1,
                sort_keys=True,
            )
        )
        return
    console = Console(width=None if sys.stdout.isatty() else 80)
    for name, columns in numbers.items():
        console.print(_table(name, columns))
    for name, reason in missing.items():
        print(f"{name} was not measured: {reason}")
    for line in pictures:
        print(visible(f"On these pictures: {line}"))
    if stale:
        print(f"Of these results: {stale}")
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


def _table(corner: str, columns: Mapping[str, Mapping[str, float | None]]) -> Table:
    table = Table()
    table.add_column(corner)
    for name in columns:
        table.add_column(name.replace("_", " "), justify="right")
    for row in sorted({key for own in columns.values() for key in own}):
        values = [own.get(row) for own in columns.values()]
        table.add_row(row.replace("_", " "), *("" if value is None else _digits(value) for value in values))
    return table


def _digits(value: float) -> str:
    """Three decimals; a count as it is, a number that would be 0.000 with its first two digits."""
    return str(value) if isinstance(value, int) else f"{value:.1e}" if 0 < abs(value) < 0.0005 else f"{value:.3f}"
