"""`vermilion rebuild`: bring results up to date, as the nightly run does; in the Prefect UI if a server runs."""

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer
import yaml

from flows.cli.project import project_root
from flows.cli.terminal import say
from tasks.errors import InputError

NO_STAGE = re.compile(r"Stage '([^']*)' not found inside 'dvc\.yaml' file")
"""How DVC says that a stage is not there."""


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
    except InputError as error:
        raise _meant(error, Path("dvc.yaml")) from None


def _meant(error: InputError, dag: Path) -> InputError:
    """The error; of a stage that there is not, in plain words, with those that may be meant."""
    found = NO_STAGE.match(str(error))
    if not found:
        return error
    near = get_close_matches(found[1], yaml.safe_load(dag.read_text(encoding="utf-8"))["stages"], 3)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return InputError(f"no stage is called {found[1]}; {meant}`dvc stage list --name-only` has them all")
