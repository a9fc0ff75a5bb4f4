"""Records on a Prefect server of one's own lose the person: by its API, on a real server."""

import os
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.running import address
from flows.running.address import OWNERS, owner
from flows.running.elsewhere import note
from flows.stewards.traces.person import Person
from flows.stewards.withdrawal import prefect_servers
from tests.server import prefect_server

IMAGE = "ab" * 32
TRIES = 20
"""Prefect's own client asks again, too, while the server's database is locked."""
ANNA = Person(subject="anna-k", control=False, images=(IMAGE,), frames=(), names=("anna-k.png",), sizes=(1,))


def post(server: str, what: str, content: Any) -> Any:
    """As a client of the server does that has its credentials, if it asks for any; one that is busy is asked again."""
    name, _, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
    with httpx.Client(auth=(name, password) if name else None, base_url=server, timeout=30) as client:
        for _ in range(TRIES):
            answer = client.post(f"/{what}", json=content, headers=address.permitted(client))
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(1)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def made(server: str, *, tags: list[str], said: str = "", told: str = "", given: str = "") -> str:
    """A run with a line of log, an artifact and a parameter."""
    flow = post(server, "flows/", {"name": "of-test-distant"})["id"]
    run: str = post(server, "flow_runs/", {"flow_id": flow, "tags": tags, "parameters": {"about": given}})["id"]
    when = "2026-11-29T12:00:00+00:00"
    line = {"name": "a", "level": 20, "message": said or "nothing", "timestamp": when, "flow_run_id": run}
    post(server, "logs/", [line])
    post(server, "artifacts/", {"key": f"of-{run}", "type": "markdown", "data": told or "x", "flow_run_id": run})
    return run


def there(server: str, run: str) -> tuple[int, int, int]:
    """How many runs, lines of log and artifacts of it there are."""
    within = {"flow_run_id": {"any_": [run]}}
    return (
        len(post(server, "flow_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})),
        len(post(server, "logs/filter", {"logs": within})),
        len(post(server, "artifacts/filter", {"artifacts": within})),
    )


def test_runs_that_mention_the_person_go_and_the_others_stay(
    home: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefect_servers, "SERVER_NAMED", server)
    monkeypatch.setattr(address, "SERVER_NAMED", server)
    monkeypatch.setenv("PREFECT_API_URL", server)
    note(server)
    mine, other = ["vermilion", owner(home)], ["vermilion", f"{OWNERS}another"]
    go = [
        made(server, tags=mine, said="refused: anna-k.png"),
        made(server, tags=mine, told=f"| {IMAGE} |"),
        made(server, tags=["vermilion"], given="anna-k"),
        made(server, tags=other, said=f"of {IMAGE}"),
    ]
    stay = [
        made(server, tags=mine, said="annabel and anna-kate"),
        made(server, tags=other, said="another's anna-k"),
        made(server, tags=["somebody"], said="anna-k"),
    ]
    reached = prefect_servers.clean(home, ANNA)
    assert reached == prefect_servers.Reached(frozenset({f"Prefect server {server}"}), 4)
    for _ in range(100):  # the server deletes lines of logs in its own time
        if all(there(server, run) == (0, 0, 0) for run in go):
            break
        time.sleep(0.2)
    assert all(there(server, run) == (0, 0, 0) for run in go)
    assert all(there(server, run) == (1, 1, 1) for run in stay)
    assert prefect_servers.clean(home, ANNA).deleted == 0


@pytest.mark.long
def test_a_server_that_asks_for_credentials_is_cleaned_with_them(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of somebody else, with a password and CSRF tokens; without the right password the place is named."""
    with prefect_server(tmp_path, secret="us:right") as server:
        monkeypatch.setattr(prefect_servers, "SERVER_NAMED", server)
        monkeypatch.setattr(address, "SERVER_NAMED", server)
        monkeypatch.setenv("PREFECT_API_URL", server)
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", "us:right")
        note(server)
        run = made(server, tags=["vermilion", owner(home)], said="refused: anna-k.png")
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", "us:wrong")
        refused = prefect_servers.clean(home, ANNA)
        assert (refused.places, refused.deleted) == (frozenset(), 0)
        assert f"{server}: the server refuses these credentials" in refused.trouble
        assert "PREFECT_API_AUTH_STRING" in refused.trouble
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", "us:right")
        assert prefect_servers.clean(home, ANNA) == prefect_servers.Reached(frozenset({f"Prefect server {server}"}), 1)
        assert there(server, run)[0] == 0


def test_a_server_that_does_not_answer_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = "http://127.0.0.1:9/api"
    monkeypatch.setattr(prefect_servers, "SERVER_NAMED", nobody)
    monkeypatch.setattr(address, "SERVER_NAMED", nobody)
    monkeypatch.setenv("PREFECT_API_URL", nobody)
    assert prefect_servers.clean(home, ANNA) == prefect_servers.Reached()  # nothing was ever noted there
    note(nobody)
    reached = prefect_servers.clean(home, ANNA)
    assert (reached.places, reached.deleted) == (frozenset(), 0)
    assert nobody in reached.trouble
