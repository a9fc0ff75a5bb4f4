"""Prefect's records of this project that lie elsewhere: on a server or in a database that the environment names.

In: the environment. Out: a list of such places in PREFECT_HOME, without passwords, so that a withdrawal can name them:
what stages logged there may name photographs. flows.stewards.withdrawal.prefect_servers cleans those that a server is
there for.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from flows.running.address import recorded
from tasks.base.tables import replacing

DATABASES = ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL")
"""Variables that name another database than the project's own."""


def note(server: str | None) -> None:
    """Remember the server, unless it is the project's own, and the database that the environment names.

    A place that cannot be written to is no reason to fail.
    """
    served = recorded()
    own = served is not None and served.own and served.api_url == server
    found = {f"Prefect server {bare(server)}"} if server and not own else set[str]()
    here = set(noted())
    if more := (found | databases()) - here:
        with suppress(OSError), replacing(_file()) as temporary:
            temporary.touch(mode=0o600)
            temporary.write_text(json.dumps(sorted(here | more)), encoding="utf-8")


def noted() -> list[str]:
    """Every place that was ever noted, and the database that the environment names now."""
    try:
        found = json.loads(_file().read_bytes())
    except (OSError, ValueError, RecursionError):
        found = []
    kept = found if isinstance(found, list) else []
    return sorted({str(place) for place in kept} | databases())


def databases() -> set[str]:
    """The database that the environment names now."""
    return {f"Prefect database {bare(url)}" for name in DATABASES if (url := os.environ.get(name))}


def bare(url: str) -> str:
    """The address without who logs in and how; nothing of one that is none: it may hold a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "at an address that cannot be read"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _file() -> Path:
    return Path(os.environ["PREFECT_HOME"]) / "elsewhere.json"
