"""`vermilion watch`: a drop folder for those who do not use a shell."""

import os
import stat
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.outputs import output_folder
from flows.cli.project import project_root
from flows.cli.terminal import say


def watch(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder that people drop batches into.")],
    settle: Annotated[float, typer.Option(min=0, help="Seconds without any change after which a batch is whole.")] = 5,
    once: Annotated[bool, typer.Option("--once", help="Handle what is there and end, for cron.")] = False,
) -> None:
    """Bring in whatever is dropped into FOLDER, until Ctrl-C.

    A subfolder is a batch, and so is a table (.csv or .xlsx) with the pictures it names (docs/stewards.md). Accepted
    batches move to FOLDER/added. A rejected one stays, with a CSV file of reasons beside it, and is tried again when it
    changes.

    \b
    vermilion watch /srv/share/new
    vermilion watch /srv/share/new --once

    With --once, exit code 1: something was rejected.
    """
    folder = output_folder(folder.absolute(), "FOLDER")
    os.chdir(project_root())
    from flows.stewards.drop_folder import watching

    say(f"watching; batches come in {settle:g} s after their last change" + ("" if once else ", Ctrl-C ends it"))
    if folder.is_dir() and folder.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        say(f"{folder}: every account of this machine may enter it; `chmod o-rwx` closes it to strangers", error=True)
    try:
        rejected = watching.watch(folder, Path.cwd(), settle=settle, once=once, tell=say)
    except KeyboardInterrupt:
        say("ended")
        return
    raise typer.Exit(bool(rejected))
