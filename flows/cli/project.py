"""What every command shares: which project is meant, and the options --json and --face."""

from pathlib import Path
from typing import Annotated

import typer

from flows import PROJECT

WhichFace = Annotated[
    str | None,
    typer.Option(
        "--face", metavar="largest|N", help="Of several faces: the largest, or the Nth from the left as they are shown."
    ),
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def project_root() -> Path:
    """The project that is meant: the current folder's or that of one above it, else the one of this installation."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "dvc.yaml").exists()), PROJECT)
