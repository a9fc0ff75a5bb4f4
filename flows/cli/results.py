"""`vermilion results`: the headline numbers of the last run."""

import json
import sys
from collections.abc import Mapping

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
    console = Console(width=None if sys.stdout.isatty() else 120)
    drawn = summary.pop("synthesis", {})
    console.print(_table("", summary))
    if drawn:
        console.print(_table("synthesis", by_group(drawn)))
    print(f"report: {root / 'data/reports/index.html'}")


def by_group(drawn: Mapping[str, float | None]) -> dict[str, dict[str, float | None]]:
    """The synthesis' numbers by column: before repair, after repair, together; a name without either stands last."""
    columns: dict[str, dict[str, float | None]] = {name: {} for name in ("pre", "post", "all")}
    for key, value in drawn.items():
        stem, _, group = key.rpartition("_")
        columns.get(group, columns["all"])[stem if group in columns else key] = value
    return columns


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
