"""What waits on the server that serves the project, and what it is running.

In: the project's folder. Out: its runs that are not over, each with its name and when it is due. Asks over HTTP, so
that no Prefect is imported. Knows nothing of what a run does.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flows.running.address import on_server, permitted

DEPLOYMENTS = ("nightly", "reevaluate", "rebuild")
NIGHTS = 1
"""So many of the nights that wait are told; the next ones are like it."""


@dataclass(frozen=True)
class Waiting:
    """A run that is not over. `state` as Prefect calls it: Scheduled, Late (due, behind another run), Running, ..."""

    name: str
    state: str
    due: datetime


def waiting(root: Path) -> list[Waiting] | None:
    """The project's runs that are not over, the next one first; None where nobody serves the project."""
    found = on_server(root)
    if found is None:
        return None
    import httpx

    client, suffix = found
    wanted = {
        "deployments": {"name": {"any_": [f"{name}{suffix}" for name in DEPLOYMENTS]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING"]}}},
        "sort": "EXPECTED_START_TIME_ASC",
        "limit": 200,
    }
    try:
        with client:
            rows = client.post("/flow_runs/filter", json=wanted, headers=permitted(client)).raise_for_status().json()
    except (httpx.HTTPError, httpx.InvalidURL):
        return None
    runs, nights = [], 0
    for row in rows:
        planned = row["auto_scheduled"] and row["state_type"] == "SCHEDULED"
        nights += planned
        if not planned or nights <= NIGHTS:
            runs.append(Waiting(row["name"], row["state_name"], datetime.fromisoformat(row["expected_start_time"])))
    return runs
