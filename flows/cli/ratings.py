"""`vermilion ratings`: new photographs and ratings in, and what was rated so far."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from flows.cli import changes
from flows.cli.project import JSON, project_root
from flows.cli.reevaluation import RUN, reevaluate
from flows.cli.terminal import cell, say
from tasks.base.escaping import visible
from tasks.base.words import counted

app = typer.Typer(no_args_is_help=True, help="Add, correct and undo ratings; see what was rated so far.")
app.command()(changes.correct)
app.command()(changes.undo)
app.command("list")(changes.list_batches)
app.command()(changes.sheet)

SHOWN = 20
"""Photographs that `status` lists unless all are asked for."""


@app.command()
def add(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A folder with its tables, or one table: .csv or .xlsx.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and report; change nothing.")] = False,
    commit: Annotated[bool, typer.Option(help="One git commit of the new batch.")] = True,
    run: RUN = None,
    new_rater: Annotated[
        list[str] | None, typer.Option(help="A rater who is new, though the name looks known.")
    ] = None,
    new_subject: Annotated[list[str] | None, typer.Option(help="A subject who is new, likewise.")] = None,
) -> None:
    """Bring newly rated photographs in: all of them, or none and a list of reasons.

    PATH is a folder with images.csv and the photographs it names, ratings.csv, or both; or a single table, such as
    ratings of photographs that are there already. Excel workbooks (.xlsx) do as well as CSV files (docs/stewards.md).

    \b
    new/images.csv
      path,subject_id,population,consent
      p071.jpg,p071,repaired,research
    new/ratings.csv
      path,rater_id,rater_role,scale,score
      p071.jpg,surgeon_a,medical,CARS,2

    \b
    vermilion ratings add new --dry-run
    vermilion ratings add new

    Exit code 0: added, or there already; 1: rejected (reasons in new-rejected.csv), or
    the re-evaluation failed; 2: it could not be done.
    """
    from flows.stewards.batches import additions as stewardship

    path = path.absolute()
    os.chdir(project_root())
    new = [*(new_rater or ()), *(new_subject or ())]
    outcome = stewardship.add(path, Path.cwd(), dry_run=dry_run, commit=commit, tell=say, new=new)
    if outcome.state == "added":
        reevaluate(outcome, run)
    raise typer.Exit(outcome.state == "rejected")


@app.command()
def status(
    scale: Annotated[str | None, typer.Option(help="A scale named in params.yaml; else the evaluation's.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every photograph, not only the first ones.")] = False,
    as_json: JSON = False,
) -> None:
    """Who rated what so far: photographs, raters, what is missing, how far raters agree.

    Reads the raw folder and all batches as they are now, so nothing has to be rebuilt first.

    \b
    vermilion ratings status --scale CARS
    vermilion ratings status --json
    """
    from flows.stewards.batches import additions as stewardship

    os.chdir(project_root())
    record = stewardship.status(Path.cwd(), scale=scale, tell=partial(say, error=True))
    if as_json:
        print(json.dumps(record, indent=1))
    else:
        _print_status(record, None if everything else SHOWN)


def _print_status(record: Mapping[str, Any], most: int | None) -> None:
    """Raters, agreement and gaps; then the photographs, `most` at most (None: all)."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(_raters(record["raters"]))
    for note in record["notes"]:
        say(f"note: {note}")
    for name, estimate in (record["agreement"] or {}).items():
        say(f"{name.replace('_', ' ')}: {_estimate(estimate)}")
    photographs = record["photographs"]
    lacking = [row for row in photographs if row["missing"]]
    of = counted(len(photographs), "photograph")
    say(f"{counted(record['ratings'], 'rating')} of {of} on {record['scale']}")
    gaps = counted(sum(len(row["missing"]) for row in lacking), "rating")
    print(f"{len(lacking)} of them {'lacks' if len(lacking) == 1 else 'lack'} a rater, {gaps} in all")
    if doubts := sum(len(row["in_doubt"]) for row in photographs):
        pairs = "; ".join(" and ".join(pair) for pair in record["alike"])
        say(f"not counted: {counted(doubts, 'rating')}, missing only if these are two people each: {pairs}")
    unrated = [row["name"] for row in record["unrated"] if row["population"] != "control"]
    print(f"without any rating: {len(unrated)} of patients, {len(record['unrated']) - len(unrated)} of controls")
    for name in unrated[:most]:
        say(f"  {visible(name)}")
    print(f"{counted(record['refused_lines'], 'line')} refused")
    shown = photographs if most is None else lacking[:most]
    if shown:
        console.print(_photographs(shown))
    if most is not None and (len(photographs) > len(shown) or len(unrated) > most):
        print("`--all` shows every photograph")


def _estimate(estimate: Any) -> str:
    """A count as it is; an estimate with its interval, or why there is none."""
    if not isinstance(estimate, Mapping):
        return str(estimate)
    if estimate["value"] is None:
        return f"not known ({estimate['reason']})"
    if estimate["low"] is None:
        return f"{estimate['value']:.2f}"
    return f"{estimate['value']:.2f} [{estimate['low']:.2f}, {estimate['high']:.2f}]"


def _raters(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("rater", "role")
    for name in ("ratings", "missing", "mean", "r with the others"):
        table.add_column(name, justify="right")
    for row in rows:
        together = _estimate(row["with_others"]) if row["with_others"] else "not known"
        flag = " (flagged)" if row["flagged"] else ""
        counts = (str(row["ratings"]), str(row["missing"]), f"{row['mean']:.2f}")
        table.add_row(cell(row["rater_id"]), row["role"], *counts, together + flag)
    return table


def _photographs(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table()
    table.add_column("photograph", overflow="fold")
    for name in ("medical", "lay", "mean", "spread"):
        table.add_column(name, justify="right")
    table.add_column("missing", overflow="fold")
    for row in rows:
        numbers = (str(row["medical"]), str(row["lay"]), f"{row['mean']:.2f}", f"{row['spread']:g}")
        table.add_row(cell(row["name"]), *numbers, cell(", ".join(row["missing"])))
    return table
