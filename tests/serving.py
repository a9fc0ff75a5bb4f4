"""A tiny project whose stage waits when told to, and the `vermilion serve` of the moment in it."""

import sqlite3
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.family import Family
from tests.project import run
from tests.server import free_port

GATED = """
import time
from pathlib import Path

from prefect import flow


@flow
def gated_count(added: Path, out: Path) -> None:
    Path("reached").touch()
    while Path("hold").exists():
        time.sleep(0.1)
    out.write_text(str(len(list(added.glob("batch*")))))
"""
STAGES = """
stages:
  trained:
    cmd: cp seed model
    deps: [seed]
    outs: [model]
    meta: {training: true}
  gated_count:
    cmd: python -m flows gated_count --added data/added --out counted
    deps: [data/added, model]
    outs: [counted]
"""


class Project:
    """A project, the port it is served on, and the `vermilion serve` of the moment."""

    def __init__(self, folder: Path, processes: ExitStack) -> None:
        self.folder = folder
        self.processes = processes
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.serve = self.begin()

    def begin(self) -> Family:
        self.headers: dict[str, str] = {}
        return self.processes.enter_context(Family(self.folder, "vermilion", "serve", "--port", str(self.port)))

    def restart(self) -> None:
        self.serve = self.begin()
        self.wait(self.ready)

    def ready(self) -> bool:
        return "Ctrl-C" in self.serve.said()

    def wait(self, arrived: Callable[[], Any]) -> Any:
        until = time.monotonic() + 180
        while time.monotonic() < until:
            if found := arrived():
                return found
            time.sleep(0.2)
        raise AssertionError(f"nothing came of it; serve said:\n{self.serve.said()[-5000:]}")

    def ask(self, what: str, **body: Any) -> Any:
        return self.post(f"{what}/filter", **body)

    def runs(self, deployment: str, *states: str) -> list[dict[str, Any]]:
        query = {"deployments": {"name": {"any_": [deployment]}}, "sort": "EXPECTED_START_TIME_DESC"}
        return [own for own in self.ask("flow_runs", **query) if not states or own["state_name"] in states]

    def state(self, run_id: str) -> dict[str, Any]:
        [own] = self.ask("flow_runs", flow_runs={"id": {"any_": [run_id]}})
        return dict(own["state"])

    def stages(self, run_id: str) -> dict[str, str]:
        """Stage to state."""
        tasks = self.ask("task_runs", flow_runs={"id": {"any_": [run_id]}})
        return {own["name"]: own["state_name"] for own in tasks}

    def come_to(self, run_id: str, states: dict[str, str]) -> bool:
        """Whether the run's stages come to these states; the server notes the last ones after the run has ended."""
        return bool(self.wait(lambda: self.stages(run_id) == states))

    def orphan(self, *tags: str) -> str:
        """A run that gave one sign of life and has no process; its id."""
        flow = self.post("flows/", name="orphan")["id"]
        run = self.post("flow_runs/", flow_id=flow, tags=tags, state={"type": "RUNNING", "name": "Running"})["id"]
        event = {
            "id": str(uuid.uuid4()),
            "occurred": datetime.now(UTC).isoformat(),
            "event": "prefect.flow-run.heartbeat",
            "resource": {"prefect.resource.id": f"prefect.flow-run.{run}"},
            "related": [{"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"} for tag in tags],
        }
        self.send("events", [event])
        return str(run)

    def post(self, what: str, **body: Any) -> Any:
        return self.send(what, body).json()

    def send(self, what: str, body: Any) -> httpx.Response:
        """As the project's own programs do: with its secret, and a token against forged requests, one per server."""
        name, _, secret = self.secret().partition(":")
        with httpx.Client(base_url=f"{self.url}/api", auth=(name, secret), timeout=60, verify=False) as client:
            if not self.headers:
                own = str(uuid.uuid4())
                token = client.get("/csrf-token", params={"client": own}).raise_for_status().json()["token"]
                self.headers = {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": own}
            for wait in (1, 2, 4, 8, 16):  # as Prefect's client does: 503 says that the database was busy
                answer = client.post(f"/{what}", json=body, headers=self.headers)
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
                time.sleep(wait)
            return answer.raise_for_status()

    def secret(self) -> str:
        return (self.folder / ".prefect/secret").read_text()

    def add(self, name: str) -> None:
        """A batch comes in, and the event that `vermilion ratings add` sends."""
        (self.folder / f"data/added/batch {name}").write_text(name)
        self.announce(name)

    def announce(self, name: str) -> None:
        """The event alone."""
        told = f"sys.exit(not announce(pathlib.Path(), {{'batch': {name!r}, 'photographs': 3, 'ratings': 1}}))"
        code = f"import pathlib, sys; from flows.running.address import announce; {told}"
        run(self.folder, "python", "-c", code)

    def hold_a_run(self, name: str) -> str:
        """Add a batch and wait until the re-evaluation that follows is in the middle of its stage."""
        (self.folder / "reached").unlink(missing_ok=True)
        (self.folder / "hold").touch()
        self.add(name)
        self.wait((self.folder / "reached").exists)
        [active] = self.wait(lambda: self.runs("reevaluate", "Running"))
        assert len(self.serve.members()) > 4  # serve, server, run, DVC, stage
        return str(active["id"])

    def counted(self, batches: str) -> str | None:
        """The re-evaluation that has counted so many, once nothing runs any more."""
        waiting = [own for own in self.runs("reevaluate") if own["state_type"] not in ("COMPLETED", "CRASHED")]
        out = self.folder / "counted"  # DVC removes it before the stage runs
        if not waiting and out.exists() and out.read_text() == batches:
            for own in self.runs("reevaluate", "Completed"):
                if self.stages(own["id"])["gated_count"] == "Ran":
                    return str(own["id"])
        return None

    def unfinished(self) -> list[str]:
        """Runs and tasks that the database holds for alive, while no server runs."""
        with closing(sqlite3.connect(self.folder / ".prefect/prefect.db")) as database:
            query = "SELECT name FROM {} WHERE state_type IN ('PENDING', 'RUNNING', 'CANCELLING')"
            return [name for table in ("flow_run", "task_run") for (name,) in database.execute(query.format(table))]
