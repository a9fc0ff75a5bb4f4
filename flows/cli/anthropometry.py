"""`vermilion anthropometry`: what landmark measures need of a person: how far the models' points are off."""

import json
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from flows.cli.project import JSON, project_root
from flows.cli.terminal import say
from tasks.base.words import counted
from tasks.errors import InputError

app = typer.Typer(no_args_is_help=True, help="Landmark measures: how far the models' points lie from people's.")

POINTS = Path("data/anthropometry/points")
CORRECTIONS = Path("data/corrections")


@app.callback()
def group() -> None:
    """A group, though it has one command as yet."""


@app.command()
def bias(as_json: JSON = False) -> None:
    """How far people moved each point from where the models had it, on average.

    In per cent of the distance between the pupils: to the picture's right and downwards. Only points that somebody put
    right count (`vermilion review`): a point that was right is not touched, so these are the points that looked wrong.
    "left" is what would be left of the distance if each person's points were moved by the mean of the other people's
    photographs: below "off", a fixed correction would help.

    \b
    vermilion anthropometry bias
    """
    found, number = bias_of(project_root())
    if as_json:
        print(json.dumps(found, indent=1))
        return
    if not number:
        say("nobody has corrected a point yet (`vermilion review`)")
    if found:
        _print(found)
    if left_out := number - sum(row["number"] for row in found):
        say(f"{counted(left_out, 'correction')} left out: the photograph is not here any more, or is refused")


def bias_of(root: Path) -> tuple[list[dict[str, Any]], int]:
    """By point, tasks.anthropometry.corrections.bias; how many corrections count. InputError before the first run."""
    from tasks.anthropometry import corrections
    from tasks.base import tables
    from tasks.schemas.anthropometry import ANTHROPOMETRY_POINTS

    if not (root / POINTS).exists():
        raise InputError(f"{POINTS}: not there yet; run `dvc repro` first")
    points, kept = tables.read(root / POINTS, ANTHROPOMETRY_POINTS), corrections.kept(root / CORRECTIONS)
    return corrections.bias(points, kept), kept.num_rows


def _print(rows: list[dict[str, Any]]) -> None:
    table = Table("point")
    for name in ("photo-\ngraphs", "people", "right\n%", "down\n%", "spread\n%", "off\n%", "left\n%"):
        table.add_column(name, justify="right")
    for row in rows:
        numbers = [row[name] for name in ("x", "y", "spread", "off", "left")]
        cells = ["" if one is None else f"{100 * one:.1f}" for one in numbers]
        table.add_row(row["point"].replace("_", " "), str(row["number"]), str(row["people"]), *cells)
    Console().print(table)
    say(f"{counted(sum(row['number'] for row in rows), 'correction')} counted")
