"""What every command shares: which project is meant, and the --json option."""

from pathlib import Path
from typing import Annotated

import typer

from flows import PROJECT

JSON = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def project_root() -> Path:
    """The project that is meant: the current folder's, else the one this command was installed from."""
    return Path.cwd() if (Path.cwd() / "dvc.yaml").exists() else PROJECT
