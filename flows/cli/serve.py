"""`vermilion serve`: nightly runs, re-evaluation on new ratings, and the UI to watch them."""

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
