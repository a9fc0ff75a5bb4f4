"""`vermilion rebuild`: bring results up to date, as the nightly run does; in the Prefect UI if a server runs."""

import os
from typing import Annotated

import typer

from flows.cli.project import project_root
from flows.cli.terminal import say


def rebuild(
    stages: Annotated[list[str] | None, typer.Argument(help="stages of dvc.yaml; all, if none is named")] = None,
    training: Annotated[bool, typer.Option(help="train again where inputs of a training changed")] = True,
    force: Annotated[bool, typer.Option("--force", help="run stages that are up to date, too")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="fetch, commit and push as `nightly` says")] = False,
) -> None:
    """Bring all results up to date, or the named stages with what they need. Exit code 1: a stage failed."""
    os.chdir(project_root())
    from flows.running.tracking import run_stage
    from flows.serving.rebuild import StagesFailed
    from flows.serving.rebuild import rebuild as flow

    try:
        run_stage(flow, "rebuild", stages=stages or None, training=training, force=force, publish=publish)
    except StagesFailed as error:
        say(f"vermilion: {error}", error=True)
        raise typer.Exit(1) from None
