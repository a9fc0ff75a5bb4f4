"""`vermilion results`: the headline numbers of the last run."""

import json
import sys

from rich.console import Console
from rich.table import Table

from flows.cli.project import JSON, project_root
from tasks.errors import InputError


def results(as_json: JSON = False) -> None:
    """The headline numbers of the last `dvc repro`, and where the report is."""
    root = project_root()
    path = root / "data/reports/summary.json"
    if not path.exists():
        raise InputError(f"{path}: no results yet; run `make demo` or `dvc repro`")
    summary = json.loads(path.read_text(encoding="utf-8"))
    if as_json:
        print(json.dumps(summary, indent=1, sort_keys=True))
        return
    table = Table()
    table.add_column("")
    for name in summary:
        table.add_column(name.replace("_", " "), justify="right")
    for row in sorted({key for own in summary.values() for key in own}):
        values = [own.get(row) for own in summary.values()]
        table.add_row(row.replace("_", " "), *("" if value is None else f"{value:.3f}" for value in values))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    print(f"report: {root / 'data/reports/index.html'}")
