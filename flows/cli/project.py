"""What every command shares: which project is meant, and the --json option."""

from pathlib import Path
from typing import Annotated

import typer

from flows import PROJECT

JSON = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def project_root() -> Path:
    """The project that is meant: the current folder's or that of one above it, else the one of this installation."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "dvc.yaml").exists()), PROJECT)
