"""`vermilion serve`: nightly runs, re-evaluation on new ratings; `vermilion runs`: the pages to watch them."""

from typing import Annotated

import typer

from flows.cli.project import project_root


def serve(
    port: Annotated[int, typer.Option(help="Where the Prefect server listens, on this machine alone.")] = 4200,
) -> None:
    """Serve this project: a Prefect server, nightly rebuilds, re-evaluation when ratings are added.

    It runs until Ctrl-C, which stops all it started. With PREFECT_API_URL set, that server is used and --port is not.
    """
    from flows.serving import serve as serving

    serving.serve(project_root(), port)


def runs(
    browser: Annotated[bool, typer.Option(help="Open the browser of this session, if it has a screen.")] = True,
) -> None:
    """Open the runs of this project in the browser, logged in. For a browser elsewhere, print the address.

    The address holds the project's secret: who has it may start runs. The browser keeps it.
    """
    from flows.serving import browsing

    print(browsing.login(browser))
