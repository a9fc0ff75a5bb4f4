"""`vermilion serve` as people meet it: real processes, a real server, a tiny project whose stages wait when told to.

The tests of one `serve` run in order and leave the project as the next one wants it.
"""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from flows import deployments, serving
from flows.served import RATINGS_ADDED, project_resource
from tests.project import connections, environment, make_project, run
from tests.server import free_port, prefect_server

GATED = """
import time
from pathlib import Path

from prefect import flow


@flow
def gated_count(added: Path, out: Path) -> None:
    Path("reached").touch()
    while Path("hold").exists():
        time.sleep(0.1)
    out.write_text(str(len(list(added.iterdir()))))
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
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Serving:
    """A project and the `vermilion serve` of the moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.home = folder / ".prefect"
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def begin(self, **extra: str) -> "subprocess.Popen[str]":
        log = (self.folder.parent / "serve.log").open("a")
        command = ["vermilion", "serve", "--port", str(self.port)]
        with log:
            return subprocess.Popen(
                command, cwd=self.folder, env=environment(self.folder) | extra, stdout=log, stderr=log, text=True
            )

    def start(self) -> None:
        (self.folder.parent / "serve.log").write_text("")
        self.process = self.begin()
        self.wait(lambda: "Ctrl-C" in self.log())

    def log(self) -> str:
        return (self.folder.parent / "serve.log").read_text()

    def family(self) -> list[psutil.Process]:
        assert self.process
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def wait(self, arrived: Callable[[], Any], seconds: float = 120) -> Any:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := arrived():
                return found
            assert self.process is None or self.process.poll() is None or "Ctrl-C" in self.log(), self.log()
            time.sleep(0.2)
        raise AssertionError(f"nothing came of it within {seconds} s; serve said:\n{self.log()[-3000:]}")

    def ask(self, what: str, **body: Any) -> Any:
        return httpx.post(f"{self.url}/api/{what}/filter", json=body, timeout=60).json()

    def deployments(self) -> dict[str, dict[str, Any]]:
        return {own["name"]: own for own in self.ask("deployments")}

    def runs(self, deployment: str, *states: str) -> list[dict[str, Any]]:
        named = {"deployments": {"name": {"any_": [deployment]}}, "sort": "EXPECTED_START_TIME_DESC"}
        return [own for own in self.ask("flow_runs", **named) if not states or own["state_name"] in states]

    def begin_run(self, deployment: str) -> str:
        made = httpx.post(
            f"{self.url}/api/deployments/{self.deployments()[deployment]['id']}/create_flow_run", json={}, timeout=60
        )
        return str(made.json()["id"])

    def add(self, name: str) -> None:
        (self.folder / "data/added" / name).write_text(name)

    def tell(self) -> None:
        """As the stewards' command does."""
        code = "import pathlib, sys; from flows.served import announce; sys.exit(not announce(pathlib.Path(), {}))"
        run(self.folder, "python", "-c", code)

    def hold_a_run(self, name: str) -> str:
        """Add a file and wait until the re-evaluation that follows is in the middle of its stage."""
        (self.folder / "reached").unlink(missing_ok=True)
        (self.folder / "hold").touch()
        self.add(name)
        self.tell()
        self.wait((self.folder / "reached").exists)
        [active] = self.runs("reevaluate", "Running")
        (self.folder / "hold").unlink()  # read by nobody before the process is gone
        return str(active["id"])


@pytest.fixture(scope="module")
def serving_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Two started at once in a project that was never run: one of them serves."""
    folder = make_project(tmp_path_factory.mktemp("serving") / "project", {}, copy_code=True)
    (folder / "flows/gated.py").write_text(GATED)
    (folder / "dvc.yaml").write_text(STAGES)
    (folder / "seed").write_text("1")
    (folder / "data/added").mkdir(parents=True)
    own = Serving(folder)
    own.add("README.md")
    (folder.parent / "serve.log").touch()
    both = [own.begin(), own.begin()]
    own.wait(lambda: any(process.poll() is not None for process in both) and "Ctrl-C" in own.log())
    own.process, other = sorted(both, key=lambda process: process.poll() is not None)
    assert other.returncode == 0
    try:
        yield own
    finally:
        if own.process and own.process.poll() is None:
            own.process.terminate()
            own.process.wait(60)


def gone(family: list[psutil.Process]) -> bool:
    return not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_two_starts_at_once_make_one_and_a_third_says_where(serving_project):
    assert serving_project.log().count("already runs here") == 1
    again = run(serving_project.folder, "vermilion", "serve")
    assert f"already runs here (process {serving_project.process.pid}): {serving_project.url}" in again.stdout
    assert serving_project.url in serving_project.log()
    assert "next nightly rebuild" in serving_project.log()


def test_the_deployments_are_what_the_project_says(serving_project):
    made = serving_project.deployments()
    assert set(made) == {"nightly", "reevaluate", "rebuild"}
    [schedule] = made["nightly"]["schedules"]
    assert schedule["schedule"]["cron"] == "0 2 * * *"
    assert schedule["schedule"]["timezone"] == deployments.local_timezone()
    assert made["nightly"]["parameters"] == {"training": True, "publish": True}
    assert made["reevaluate"]["parameters"] == {"training": False, "publish": False}
    form = made["rebuild"]["parameter_openapi_schema"]["properties"]
    assert all(own["description"] for own in form.values())
    assert set(form) == {"stages", "training", "force", "publish"}


def test_cron_gives_scheduled_runs(serving_project):
    runs = serving_project.wait(lambda: serving_project.runs("nightly", "Scheduled"))
    assert all(own["auto_scheduled"] for own in runs)
    first = min(datetime.fromisoformat(own["expected_start_time"]) for own in runs)
    assert first - datetime.now(UTC) < timedelta(days=1)


def test_automations_are_this_projects_and_made_once(serving_project):
    automations = serving_project.ask("automations")
    assert len(automations) == 2
    zombies, added = sorted(automations, key=lambda own: own["name"])
    assert zombies["trigger"]["within"] == 90
    assert zombies["actions"][0]["state"] == "CRASHED"
    assert added["trigger"]["expect"] == [RATINGS_ADDED]
    assert added["trigger"]["match"] == {"prefect.resource.id": project_resource(serving_project.folder)}


def test_a_rebuild_by_the_form_runs_every_stage(serving_project):
    run_id = serving_project.begin_run("rebuild")
    serving_project.wait(lambda: serving_project.runs("rebuild", "Completed"))
    tasks = serving_project.ask("task_runs", flow_runs={"id": {"any_": [run_id]}})
    assert {(own["name"], own["state_name"]) for own in tasks} == {("trained", "Ran"), ("gated_count", "Ran")}
    assert (serving_project.folder / "counted").read_text() == "1"


def test_news_of_ratings_starts_a_reevaluation_that_trains_nothing(serving_project):
    (serving_project.folder / "seed").write_text("2")
    serving_project.add("batch")
    serving_project.tell()
    [done] = serving_project.wait(lambda: serving_project.runs("reevaluate", "Completed"))
    tasks = serving_project.ask("task_runs", flow_runs={"id": {"any_": [done["id"]]}})
    assert {(own["name"], own["state_name"]) for own in tasks} == {("trained", "Left"), ("gated_count", "Ran")}
    assert (serving_project.folder / "counted").read_text() == "2"
    [stage] = [own for own in serving_project.ask("flow_runs") if own["parent_task_run_id"]][:1]
    assert "vermilion" in stage["tags"]


def test_a_stage_run_by_hand_is_seen_too(serving_project):
    (serving_project.folder / "seed").write_text("1")
    done = run(serving_project.folder, "dvc", "repro", "--force", "--single-item", "gated_count")
    assert "untracked" not in done.stdout
    assert [
        own for own in serving_project.ask("flow_runs") if own["name"] == "gated_count" and not own["deployment_id"]
    ]


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="no Chromium")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_runs_page_names_stages_and_states_and_asks_nobody_else(serving_project, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    [done] = serving_project.runs("reevaluate", "Completed")
    strangers: list[str] = []

    def only_ours(route: Any) -> None:
        if route.request.url.startswith((serving_project.url, "data:", "blob:")):
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.route("**/*", only_ours)
        page.goto(f"{serving_project.url}/runs/flow-run/{done['id']}")
        page.get_by_text("gated_count").first.wait_for(timeout=90_000)
        page.screenshot(path=os.environ.get("VERMILION_SCREENSHOT", tmp_path / "run.png"))
        text = page.inner_text("body")
        browser.close()
    assert "Left" in text
    assert "Ran" in text
    assert strangers == []


def test_killed_in_the_middle_nothing_survives_and_the_next_start_settles_it(serving_project):
    active = serving_project.hold_a_run("killed")
    family = serving_project.family()
    assert len(family) > 4, family  # serve, server, run, DVC, stage
    family[0].kill()
    serving_project.wait(lambda: gone(family), 30)
    assert (serving_project.home / "serve.json").exists()
    serving_project.start()
    states = {own["id"]: own for own in serving_project.runs("reevaluate")}
    assert states[active]["state_name"] == "Crashed"
    assert "process was gone" in states[active]["state"]["message"]
    serving_project.wait(lambda: len(serving_project.runs("reevaluate", "Completed")) == 2)
    assert (serving_project.folder / "counted").read_text() == "3"
    assert not [own for own in serving_project.ask("flow_runs") if own["state_type"] in ("RUNNING", "PENDING")]
    inside = serving_project.ask("task_runs", flow_runs={"id": {"any_": [active]}})
    assert {own["state_type"] for own in inside} <= {"CRASHED", "COMPLETED"}
    assert len(serving_project.ask("automations")) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_nothing_survives_and_a_missed_night_is_made_good(serving_project, number):
    active = serving_project.hold_a_run(f"stopped by {number}")
    family = serving_project.family()
    serving_project.wait(lambda: serving_project.runs("nightly", "Scheduled"))
    nights = len(serving_project.runs("nightly", "Completed"))
    serving_project.process.send_signal(number)
    assert serving_project.process.wait(60) == 0
    assert gone(family)
    assert not (serving_project.home / "serve.json").exists()
    with closing(sqlite3.connect(serving_project.home / "prefect.db")) as database, database:
        slept = database.execute("UPDATE flow_run SET expected_start_time = '2026-01-01 02:00:00' WHERE auto_scheduled")
        assert slept.rowcount
    serving_project.start()
    states = {own["id"]: own["state_name"] for own in serving_project.runs("reevaluate")}
    assert states[active] in ("Cancelled", "Crashed")
    serving_project.wait(lambda: len(serving_project.runs("nightly", "Completed")) == nights + 1)
    assert not [own for own in serving_project.ask("flow_runs") if own["state_type"] in ("RUNNING", "PENDING")]


def test_nothing_left_this_machine(serving_project):
    lines = connections(serving_project.folder).read_text().splitlines()
    assert lines
    strangers = [line for line in lines if not any(own in line for own in ("127.0.0.1", "localhost", "'/", "'::1'"))]
    assert not strangers, strangers[:5]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", {})


def test_a_taken_port_is_named(project):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = str(other.getsockname()[1])
        done = run(project, "vermilion", "serve", "--port", port, check=False)
    assert done.returncode == 2
    assert f"port {port}" in done.stderr
    assert "--port" in done.stderr
    assert not (project / ".prefect/serve.json").exists()


def test_a_damaged_database_is_named(project):
    (project / ".prefect").mkdir()
    (project / ".prefect/prefect.db").write_bytes(b"no database" * 1000)
    done = run(project, "vermilion", "serve", "--port", str(free_port()), check=False)
    assert done.returncode == 2
    assert "prefect.db: is damaged" in done.stderr
    assert "move it away" in done.stderr


def test_another_prefects_database_is_named(project):
    (project / ".prefect").mkdir()
    with closing(sqlite3.connect(project / ".prefect/prefect.db")) as database, database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('ffffffffffff')")
    done = run(project, "vermilion", "serve", "--port", str(free_port()), check=False)
    assert done.returncode == 2
    assert "another version of Prefect; move it away" in done.stderr


def test_a_schedule_that_is_none_is_named(project):
    text = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(text.replace("cron: 0 2 * * *", "cron: every night"))
    done = run(project, "vermilion", "serve", "--port", str(free_port()), check=False)
    assert done.returncode == 2
    assert "nightly.cron: 'every night' is no schedule" in done.stderr


def test_a_named_server_that_does_not_answer_is_named(project):
    url = f"http://127.0.0.1:{free_port()}/api"
    done = run(project, "vermilion", "serve", check=False, PREFECT_API_URL=url)
    assert done.returncode == 2
    assert f"PREFECT_API_URL={url}" in done.stderr


def test_a_named_server_is_used_and_left_running(project, tmp_path):
    (tmp_path / "home").mkdir()
    with prefect_server(tmp_path / "home") as url:
        own = Serving(project)
        own.process = own.begin(PREFECT_API_URL=url)
        own.wait(lambda: "Ctrl-C" in own.log())
        assert url.removesuffix("/api") in own.log()
        made = httpx.post(f"{url}/deployments/filter", json={}, timeout=60).json()
        assert {own["name"] for own in made} == {
            f"{name} {deployments.named(project)}" for name in ("nightly", "reevaluate", "rebuild")
        }
        own.process.terminate()
        assert own.process.wait(60) == 0
        assert httpx.get(f"{url}/health", timeout=60).is_success


@pytest.mark.parametrize(
    ("changed", "waiting"),
    [
        ({"data/added/batches": "modified"}, True),
        ({"data/added": "modified"}, True),
        ({"data/added": "deleted"}, False),
        ({"data/raw": "modified"}, False),
        ({"data/added-not": "modified"}, False),
    ],
)
def test_ratings_wait_where_a_stage_has_not_read_them(changed, waiting):
    status = {"some_stage": [{"changed deps": changed}, "changed command"], "other": [{"changed outs": {"x": "new"}}]}
    assert serving.ratings_waiting(status, Path("data/added")) is waiting


def test_the_schedule_follows_this_machines_clock(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Lisbon")
    due = deployments.next_time(deployments.nightly_schedule("30 2 * * *"))
    assert (due.hour, due.minute) == (2, 30)
    assert due.utcoffset() in (timedelta(0), timedelta(hours=1))
    monkeypatch.setenv("TZ", "no such place")
    assert deployments.local_timezone() == "UTC"
