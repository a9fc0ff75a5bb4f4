"""The locked versions work together: what broke silently with others (docs/decisions.md)."""

import time
import urllib.request
from pathlib import Path
from typing import Any

import httpx


def test_the_servers_module_imports(server: str) -> None:
    """In the server's own process, which would not have started otherwise."""
    assert httpx.get(f"{server}/health", timeout=30).json() is True


def test_filters_take_explicit_nulls(server: str) -> None:
    for what in ("flows", "flow_runs", "logs"):
        answer = httpx.post(f"{server}/{what}/filter", json={"limit": None}, timeout=30)
        assert answer.status_code == httpx.codes.OK, answer.text


def test_a_cron_deployment_gets_scheduled_runs(server: str) -> None:
    flow = httpx.post(f"{server}/flows/", json={"name": "nightly"}, timeout=30).json()
    deployment = {"name": "nightly", "flow_id": flow["id"], "schedules": [{"schedule": {"cron": "0 2 * * *"}}]}
    made = httpx.post(f"{server}/deployments/", json=deployment, timeout=30)
    assert made.status_code in (httpx.codes.OK, httpx.codes.CREATED), made.text
    query = {"deployments": {"id": {"any_": [made.json()["id"]]}}}
    until = time.monotonic() + 60
    runs: list[dict[str, Any]] = []
    while not runs and time.monotonic() < until:
        runs = httpx.post(f"{server}/flow_runs/filter", json=query, timeout=30).json()
        time.sleep(0.5)
    assert runs
    assert all(run["state_type"] == "SCHEDULED" for run in runs)


def test_the_ui_is_served_from_this_machine_alone(server: str) -> None:
    with urllib.request.urlopen(server.removesuffix("/api"), timeout=30) as page:
        text = page.read().decode()
    assert "https://" not in text.replace("https://www.w3.org", "")


def test_the_lock_names_no_registry_and_has_hashes() -> None:
    lock = (Path(__file__).parents[2] / "requirements.lock").read_text()
    assert "--index-url" not in lock
    assert "://" not in lock
    pinned = [line for line in lock.splitlines() if line and line[0] not in " #"]
    assert all("==" in line and line.endswith("\\") for line in pinned)
    assert lock.count("--hash=sha256:") >= len(pinned)
