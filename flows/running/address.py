"""Who serves this project: the record that `vermilion serve` leaves, and the news that stewards send it.

In: the project's folder. Out: the server's addresses, or None. Needs no Prefect, so that asking is quick.
"""

import base64
import hashlib
import os
import re
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from flows import SERVER_NAMED
from tasks.base.words import counted

if TYPE_CHECKING:  # slow to import, and most projects are served by nobody
    import httpx

RATINGS_ADDED = "vermilion.ratings.added"
"""The event that starts a re-evaluation."""

TAG = "vermilion"
"""On every run of ours, so that a server that others use too can tell them."""

PROJECTS = "vermilion.project."
"""How the names of projects begin, in events and in the tag of a project's only run."""

OWNERS = "vermilion.of."
"""How the tag begins that says whose run it is, which every run keeps."""

ENTER = "/enter"
"""The page of the project's own server that takes the secret, which stands behind `#` and is never sent, for the UI."""


class Served(BaseModel):
    """A running `vermilion serve`: its process, its Prefect server's API, what that asks for, whether it is its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pid: int
    api_url: str
    auth: str | None
    own: bool

    @property
    def alive(self) -> bool:
        """Whether the process still runs and is this user's. If not, another account may listen at its address."""
        try:
            os.kill(self.pid, 0)
        except OSError:
            return False
        return True

    @property
    def ui_url(self) -> str:
        """Where a browser finds the runs."""
        return self.api_url.removesuffix("/api")

    @property
    def login_url(self) -> str:
        """The same, and the browser is logged in; a server that was named asks for itself."""
        return f"{self.ui_url}{ENTER}#{self.auth}" if self.own else self.ui_url


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
    import httpx

    try:
        return httpx.get(f"{api_url.rstrip('/')}/health", timeout=5.0).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def admits(api_url: str, auth: str | None) -> bool:
    """Whether the server there takes these credentials, `name:secret`; None is none."""
    import httpx

    with _client(api_url, auth) as client:
        return client.get("/admin/version").status_code not in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


def _client(api_url: str, auth: str | None) -> "httpx.Client":
    import httpx

    token = base64.b64encode((auth or "").encode()).decode()
    headers = {"Authorization": f"Basic {token}"} if auth else {}
    return httpx.Client(base_url=api_url.rstrip("/"), headers=headers, timeout=20.0)


def project_resource(root: Path) -> str:
    """The project's name in events: a digest, so that a path is not told to a server that others may read."""
    return f"{PROJECTS}{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:12]}"


def owner(root: Path) -> str:
    """The tag of all runs of a project."""
    return project_resource(root).replace(PROJECTS, OWNERS)


def project_name(root: Path) -> str:
    """The project in a few words, unlike any other's, for the names of its deployments on a server that others use."""
    digest = project_resource(root).rsplit(".")[-1][:6]
    return re.sub(r"[^\w. -]", "-", f"{root.name} {digest}")  # names in Prefect hold no slashes


def on_server(root: Path) -> "tuple[httpx.Client, str] | None":
    """A client of the server that serves the project, and what its deployments' names end with; None: nobody serves.

    The client's requests may find nobody listening.
    """
    served = None if SERVER_NAMED else recorded()  # asked anew: a watcher may be older than the server
    if served and not served.alive:
        return None
    url = served.api_url if served else os.environ.get("PREFECT_API_URL")
    auth = served.auth if served else os.environ.get("PREFECT_API_AUTH_STRING")
    return (_client(url, auth), "" if served and served.own else f" {project_name(root)}") if url else None


def announce(root: Path, payload: dict[str, Any]) -> bool:
    """Tell the project's Prefect server that ratings came in; False where none answers. `payload` names nobody."""
    found = on_server(root)
    if found is None:
        return False
    import httpx

    event = {
        "id": str(uuid.uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": RATINGS_ADDED,
        "resource": {"prefect.resource.id": project_resource(root)},
        "payload": payload | {"about": _about(payload)},
    }
    try:
        with found[0] as client:
            return client.post("/events", json=[event], headers=permitted(client)).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _about(payload: dict[str, Any]) -> str:
    """What the run that follows is called: `2026-11-29-7c0b1732a7d6: 3 photographs, 6 ratings`."""
    counts = [
        (abs(number), noun, number < 0) for noun in ("photograph", "rating") if (number := payload.get(f"{noun}s"))
    ]
    parts = [f"{counted(number, noun)}{' fewer' * fewer}" for number, noun, fewer in counts]
    return ": ".join(filter(None, [str(payload.get("batch", "")), ", ".join(parts)]))


def permitted(client: "httpx.Client") -> dict[str, str]:
    """What a server that guards against forged requests wants to see with one that changes something."""
    own = str(uuid.uuid4())
    answer = client.get("/csrf-token", params={"client": own})
    return {"Prefect-Csrf-Token": answer.json()["token"], "Prefect-Csrf-Client": own} if answer.is_success else {}
