"""`vermilion ratings correct`, `undo`, `list` and `sheet`: changing one's mind, and forms for raters."""

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

from flows.cli.outputs import output_file
from flows.cli.project import JSON, project_root
from flows.cli.reevaluation import RUN, reevaluate
from flows.cli.terminal import cell, say
from tasks.base.words import counted

DRY_RUN = Annotated[bool, typer.Option("--dry-run", help="Check and report; change nothing.")]
COMMIT = Annotated[bool, typer.Option(help="One git commit of the change.")]


def correct(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or XLSX file in the layout of ratings.csv.")],
    dry_run: DRY_RUN = False,
    commit: COMMIT = True,
    run: RUN = None,
) -> None:
    """Put scores right: the old ones stay as history, the new ones count. All lines, or none and a list of reasons.

    Each line names a rating that is there. Lines that say what stands already change nothing.

    \b
    later.csv
      path,rater_id,rater_role,scale,score
      p071.jpg,surgeon_a,medical,CARS,3

    \b
    vermilion ratings correct later.csv --dry-run
    vermilion ratings correct later.csv
    vermilion ratings list --corrections

    Exit code 0: corrected, or it stands so already; 1: rejected (reasons in later-rejected.csv); 2: it could not be
    done.
    """
    from flows.stewards.batches.corrections import correct as put_right

    path = path.absolute()
    os.chdir(project_root())
    outcome = put_right(path, Path.cwd(), dry_run=dry_run, commit=commit, tell=say)
    if outcome.state == "added":
        reevaluate(outcome, run)
    raise typer.Exit(outcome.state == "rejected")


def undo(
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="Its name, or the part after the date.")],
    dry_run: DRY_RUN = False,
    commit: COMMIT = True,
    run: RUN = None,
) -> None:
    """Take a batch out again, with all that it brought; for batches of corrections too, whose old scores then count.

    Git and DVC keep the version with it; where a person's consent is gone use `vermilion withdraw`. A batch that later
    ones build on (they rate its photographs, correct its scores) stays until those are undone.

    \b
    vermilion ratings list
    vermilion ratings undo 2026-11-20-1513dad6f445 --dry-run
    vermilion ratings undo 2026-11-20-1513dad6f445
    """
    from flows.stewards.batches.history import undo as take_out

    os.chdir(project_root())
    outcome = take_out(batch, Path.cwd(), dry_run=dry_run, commit=commit, tell=say)
    if outcome.state == "added":
        reevaluate(outcome, run)


def list_batches(
    corrections: Annotated[
        bool, typer.Option("--corrections", help="Every corrected score: what it was, when.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """What was brought in so far: batches with date, who brought them, how much; those that were undone.

    \b
    vermilion ratings list
    vermilion ratings list --corrections
    """
    from flows.stewards.batches.corrections import history
    from flows.stewards.batches.history import batches

    os.chdir(project_root())
    rows: Sequence[Mapping[str, Any]] = history(Path.cwd()) if corrections else batches(Path.cwd())
    if as_json:
        print(json.dumps(rows, indent=1))
    elif corrections:
        columns = ("path", "rater_id", "scale", "was", "score", "corrected", "batch")
        shown = [row | {"corrected": row["corrected"][:16].replace("T", " ")} for row in map(dict, rows)]
        _print(("photograph", "rater", "scale", "was", "is", "when (UTC)", "batch"), columns, shown)
    else:
        names = ("batch", "brought by", "photographs", "ratings", "corrections", "state")
        shown = [row | {"state": _state(row), "who": row["who"] or "not committed"} for row in map(dict, rows)]
        _print(names, ("batch", "who", "photographs", "ratings", "corrections", "state"), shown)


def _state(row: Mapping[str, Any]) -> str:
    if row["there"]:
        return "nothing is left of it" if row["empty"] else "counts"
    return f"undone {row['undone']}" if row["undone"] else "not here"


def _print(names: Sequence[str], columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        print("nothing yet")
        return
    table = Table()
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(cell(row[column]) for column in columns))
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def sheet(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The form to be written: .csv or .xlsx.")],
    rater: Annotated[str, typer.Option(help="Who will fill it in.")],
    role: Annotated[str, typer.Option(help="medical or lay; known raters have theirs.")] = "",
    scale: Annotated[str | None, typer.Option(help="A scale named in params.yaml; else the evaluation's.")] = None,
    controls: Annotated[bool, typer.Option("--controls", help="With controls that nobody rated, too.")] = False,
    new_rater: Annotated[
        list[str] | None, typer.Option(help="A rater who is new, though the name looks known.")
    ] = None,
) -> None:
    """Write an empty form: the photographs that lack the rater's rating. Filled in, it comes in by `ratings add`.

    A new name that looks like a known rater's is asked about. An .xlsx file takes only scores of the scale. Lines that
    stay empty are passed over when it comes in.

    \b
    vermilion ratings sheet surgeon.xlsx --rater surgeon_a --role medical --scale CARS
    vermilion ratings add surgeon.xlsx
    """
    from flows.stewards.batches.rating_forms import write_form
    from tasks.base.sheets import check_suffix

    path = output_file(check_suffix(path.absolute()), "FILE")
    os.chdir(project_root())
    number = write_form(
        path,
        Path.cwd(),
        rater=rater,
        role=role,
        scale=scale,
        controls=controls,
        tell=partial(say, error=True),
        new=new_rater or (),
    )
    say(f"{path.name}: {counted(number, 'photograph')} without a rating of {rater}")
