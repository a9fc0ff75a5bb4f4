"""What follows when ratings or photographs changed: the re-evaluation, by a server, now, or later."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.rebuild import rebuild

if TYPE_CHECKING:
    from flows.stewards.batches.additions import Outcome

REBUILD, FIRST = "vermilion rebuild --no-training", "vermilion rebuild"
RUN = Annotated[bool | None, typer.Option(help="Re-evaluate now if no server does; asked on a terminal.")]


def reevaluate(outcome: "Outcome", run: bool | None) -> None:
    """Say that the re-evaluation starts by itself, or run it, or say how."""
    from flows.stewards.batches.reevaluation import evaluated

    if not evaluated(Path.cwd()):
        print("nothing was evaluated here yet, so nothing is evaluated anew.")
        print(f"the first results will have this in them: {FIRST}, or `dvc repro`")
        return
    if outcome.announced:
        print("the re-evaluation starts by itself; see the Prefect UI")
        return
    if run is None and sys.stdin.isatty():
        run = typer.confirm("no server runs here; re-evaluate now?", default=True)
    if not run:
        print(f"to re-evaluate: {REBUILD}")
        return
    rebuild(None, training=False, force=False, publish=False)
