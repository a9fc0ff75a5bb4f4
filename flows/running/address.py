"""Who serves this project: the record that `vermilion serve` leaves, and the news that stewards send it.

In: the project's folder. Out: the server's addresses, or None. Needs no Prefect, so that asking is quick.
"""

import hashlib
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from flows import SERVER_NAMED

RATINGS_ADDED = "vermilion.ratings.added"
"""The event that starts a re-evaluation."""


class Served(BaseModel):
    """A running `vermilion serve`: its process, and the address of the Prefect server's API."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pid: int
    api_url: str

    @property
    def ui_url(self) -> str:
        """Where a browser finds the runs."""
        return self.api_url.removesuffix("/api")


def record() -> Path:
    """The file in which `vermilion serve` says that it runs; it may be stale."""
    return Path(os.environ["PREFECT_HOME"]) / "serve.json"


def recorded() -> Served | None:
    """What the record says, without asking whether it is still true."""
    try:
        return Served.model_validate_json(record().read_bytes())
    except (OSError, ValidationError):
        return None


def answers(api_url: str) -> bool:
    """Whether a Prefect server answers there; a busy one gets five seconds."""
    try:
        return httpx.get(f"{api_url.rstrip('/')}/health", timeout=5.0).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def project_resource(root: Path) -> str:
    """The project's name in events: a digest, so that a path is not told to a server that others may read."""
    return f"vermilion.project.{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:12]}"


def announce(root: Path, payload: dict[str, Any]) -> bool:
    """Tell the project's Prefect server that ratings came in; False where none answers. `payload` names nobody."""
    served = None if SERVER_NAMED else recorded()  # asked anew: a watcher may be older than the server
    url = served.api_url if served else os.environ.get("PREFECT_API_URL")
    if not url:
        return False
    event = {
        "id": str(uuid.uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": RATINGS_ADDED,
        "resource": {"prefect.resource.id": project_resource(root)},
        "payload": payload,
    }
    try:
        return httpx.post(f"{url.rstrip('/')}/events", json=[event], timeout=20.0).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
