"""`vermilion review`: pages on which people look at photographs, correct points and rate."""

from typing import Annotated

import typer

from flows.cli.project import project_root
from flows.cli.terminal import say


def review(
    port: Annotated[int, typer.Option(help="Where it listens, on this machine alone; 0: any free port.")] = 0,
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the browser of this session, if it has a screen.")
    ] = True,
) -> None:
    """Look at all photographs, put their points right, rate them: in a browser, on this machine alone.

    It prints an address with a token, which opens the pages, and runs until Ctrl-C. Every change is saved at once:
    corrections in data/corrections, which the next `dvc repro` uses; ratings, and votes on filled faces side by side,
    when the rater hands them in.

    \b
    vermilion review
    vermilion review --port 8765 --no-open    # for a browser elsewhere: ssh -L 8765:127.0.0.1:8765 MACHINE
    """
    from flows.pages.record import Project
    from flows.pages.server import serve

    root = project_root()
    Project(root).photographs()
    serve(root, port, browser=open_, tell=say)
