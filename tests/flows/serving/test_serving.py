"""`vermilion serve` as people meet it: real processes, a real server, a tiny project whose stage waits when told to.

The tests of one `serve` run in order, and each leaves the project as the next one wants it.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from cronsim import CronSim
from prefect.server.schemas.schedules import CronSchedule

from flows.running.address import RATINGS_ADDED, project_name, project_resource
from flows.running.readiness import no_schedule
from flows.serving import deployments
from flows.serving import serve as serving
from tests.family import Family
from tests.project import connections, make_project, run, set_number, started
from tests.server import free_port, prefect_server
from tests.serving import GATED, STAGES, Project

SILENT = 60
"""Seconds without a heartbeat until a run counts as crashed; a run beats every 30. Users have 90."""

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def wait_less(module: Path, as_users_have_it: str, here: str) -> None:
    code = module.read_text()
    assert code.count(as_users_have_it) == 1
    module.write_text(code.replace(as_users_have_it, here))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Two started at the same moment in a project that was never run: one of them serves."""
    folder = make_project(tmp_path_factory.mktemp("serving") / "project", {}, copy_code=True)
    (folder / "flows/stages/gated.py").write_text(GATED)
    wait_less(
        folder / "flows/serving/deployments.py",
        "NO_HEARTBEAT = timedelta(seconds=90)",
        f"NO_HEARTBEAT = timedelta(seconds={SILENT})",
    )
    wait_less(folder / "flows/serving/serve.py", "NIGHTS_EVERY = 30", "NIGHTS_EVERY = 1")
    (folder / "dvc.yaml").write_text(STAGES)
    (folder / "seed").write_text("1")
    with ExitStack() as processes:
        own = Project(folder, processes)
        other = own.begin()
        own.wait(lambda: own.ready() or "Ctrl-C" in other.said())
        if not own.ready():
            own.serve, other = other, own.serve
        assert other.wait(60) == 0
        assert f"already runs here (process {own.serve.head.pid}): {own.url}" in other.said()
        yield own


def test_it_says_where_and_a_second_start_says_that_it_runs(project: Project) -> None:
    assert project.url in project.serve.said()
    assert "next nightly rebuild" in project.serve.said()
    again = started(project.folder, "vermilion", "serve")
    assert f"already runs here (process {project.serve.head.pid}): {project.url}" in again.stdout


def test_it_listens_on_loopback_alone_and_tells_a_stranger_nothing(project: Project) -> None:
    """Beside the server there is the socket on which Prefect's runner hears its own runs, each by its own token."""
    sockets = [own for pid in project.serve.members() for own in psutil.Process(pid).net_connections("inet")]
    listening = {tuple(own.laddr) for own in sockets if own.status == psutil.CONN_LISTEN}
    assert not [own for own in sockets if own.type == socket.SOCK_DGRAM]
    assert ("127.0.0.1", project.port) in listening
    others = listening - {("127.0.0.1", project.port)}
    assert len(others) <= 1
    for address in others:
        assert address[0] == "127.0.0.1"
        with socket.create_connection(address, 10) as stranger:
            stranger.sendall(b"0" * 32)
            stranger.shutdown(socket.SHUT_WR)
            assert stranger.recv(1) == b""


def test_the_deployments_are_what_the_project_says(project: Project) -> None:
    made = {own["name"]: own for own in project.ask("deployments")}
    assert set(made) == {"nightly", "reevaluate", "rebuild"}
    [schedule] = made["nightly"]["schedules"]
    assert schedule["schedule"]["cron"] == "0 2 * * *"
    assert schedule["schedule"]["timezone"] == deployments.local_timezone()
    assert made["nightly"]["parameters"] == {"training": True, "publish": True}
    assert made["reevaluate"]["parameters"] == {"training": False, "publish": False}
    form = made["rebuild"]["parameter_openapi_schema"]["properties"]
    assert set(form) == {"stages", "training", "force", "publish", "about"}
    assert all(own["description"] for own in form.values())


@pytest.fixture(scope="module")
def orphans(project: Project) -> dict[str, str]:
    """Made early, since it takes a minute until they are found."""
    return {"ours": project.orphan("vermilion"), "another": project.orphan("else")}


@pytest.mark.usefixtures("orphans")
def test_the_nights_are_scheduled(project: Project) -> None:
    nights = project.wait(lambda: project.runs("nightly", "Scheduled"))
    first = min(datetime.fromisoformat(own["expected_start_time"]) for own in nights)
    assert first - datetime.now(UTC) < timedelta(days=1)
    assert len(nights) < 10
    project.wait(lambda: all(own["name"].startswith("night ") for own in project.runs("nightly", "Scheduled")))
    for own in project.runs("nightly", "Scheduled"):
        due = datetime.fromisoformat(own["expected_start_time"]).astimezone()
        assert own["name"] == f"night {due:%Y-%m-%d}"


def test_automations_are_this_projects(project: Project, orphans: dict[str, str]) -> None:
    zombies, added = sorted(project.ask("automations"), key=lambda own: own["name"])
    assert zombies["trigger"]["within"] == SILENT
    assert zombies["trigger"]["match_related"] == {"prefect.resource.id": "prefect.tag.vermilion"}
    assert zombies["actions"][0]["state"] == "CRASHED"
    assert added["trigger"]["expect"] == [RATINGS_ADDED]
    assert added["trigger"]["match"] == {"prefect.resource.id": project_resource(project.folder)}


@pytest.fixture(scope="module")
def rebuilt(project: Project) -> str:
    """The run that the form on the UI's page begins."""
    [made] = [own for own in project.ask("deployments") if own["name"] == "rebuild"]
    project.post(f"deployments/{made['id']}/create_flow_run")
    [done] = project.wait(lambda: project.runs("rebuild", "Completed"))
    return str(done["id"])


@pytest.fixture(scope="module")
def reevaluated(project: Project, rebuilt: str) -> str:
    """The run that follows the news of ratings; a training is stale meanwhile."""
    (project.folder / "seed").write_text("2")
    project.add("first")
    done = project.wait(lambda: project.counted("1"))
    (project.folder / "seed").write_text("1")
    return str(done)


def test_a_rebuild_by_the_form_runs_every_stage(project: Project, rebuilt: str) -> None:
    assert project.come_to(rebuilt, {"trained": "Ran", "gated_count": "Ran"})


def test_news_of_ratings_starts_a_reevaluation_that_trains_nothing(project: Project, reevaluated: str) -> None:
    assert project.come_to(reevaluated, {"trained": "Left", "gated_count": "Ran"})
    [own] = project.ask("flow_runs", flow_runs={"id": {"any_": [reevaluated]}})
    assert own["name"] == "reevaluation first: 3 photographs, 1 rating"


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="no Chromium")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_runs_page_names_stages_and_states_and_asks_nobody_else(
    project: Project, reevaluated: str, tmp_path: Path
) -> None:
    """VERMILION_SCREENSHOT names a file to keep the picture in."""
    playwright = pytest.importorskip("playwright.sync_api")
    strangers: list[str] = []

    def only_ours(route: Any) -> None:
        if route.request.url.startswith((project.url, "data:", "blob:")):
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1800})  # a log holds only the lines that show
        page.route("**/*", only_ours)
        page.goto(run(project.folder, "vermilion", "runs").stdout.strip())  # logs in
        page.get_by_text("Dashboard").first.wait_for(timeout=120_000)
        assert project.secret() not in page.url
        page.goto(f"{project.url}/deployments")
        page.get_by_text("reevaluate").first.wait_for(timeout=120_000)
        page.goto(project.url)
        page.get_by_text("Dashboard").first.wait_for(timeout=120_000)
        page.goto(f"{project.url}/runs/flow-run/{reevaluated}")
        for state in ("Left", "Ran"):
            page.get_by_text(f"Finished in state {state}").first.wait_for(timeout=120_000)
        page.screenshot(path=os.environ.get("VERMILION_SCREENSHOT", tmp_path / "run.png"))
        page.get_by_text("Task Runs").first.click()
        page.get_by_text("Left", exact=True).first.wait_for(timeout=120_000)
        text = page.inner_text("body")
        page.get_by_text("Subflow Runs").first.click()
        page.get_by_text("gated_count").first.wait_for(timeout=120_000)
        browser.close()
    assert "V2 UI" not in text  # it would ask strangers
    assert "trained\nLeft" in text
    assert strangers == []


def test_a_stage_run_by_hand_is_seen_too(project: Project, reevaluated: str) -> None:
    done = run(project.folder, "dvc", "repro", "--force", "--single-item", "gated_count")
    assert "untracked" not in done.stdout
    by_hand = [
        own for own in project.ask("flow_runs") if own["name"] == "gated_count" and not own["parent_task_run_id"]
    ]
    assert [own["state_name"] for own in by_hand] == ["Completed"]


@pytest.mark.long
def test_a_run_that_is_killed_is_not_running_any_more(project: Project, reevaluated: str) -> None:
    active = project.hold_a_run("run killed")
    [engine] = [pid for pid, command in project.serve.members().items() if "prefect.engine" in command]
    project.serve.kill(engine)
    project.wait(lambda: active in [own["id"] for own in project.runs("reevaluate", "Crashed")])
    project.wait(lambda: len(project.serve.members()) == 2)  # serve, server
    (project.folder / "hold").unlink()


@pytest.mark.long
def test_a_night_that_is_killed_is_told(project: Project, reevaluated: str) -> None:
    """By the process that serves: the night's own cannot any more."""
    numbers = (project.folder / "params.yaml").read_text()
    keep = "import pathlib, sys; pathlib.Path('told').write_text(sys.stdin.read())"
    command = [sys.executable, "-c", keep]
    tell = {"when": "failure", "name": "Study", "command": command, "webhook": None, "mail": None}
    set_number(project.folder, "nightly", "tell", tell)
    (project.folder / "reached").unlink(missing_ok=True)
    (project.folder / "hold").touch()
    [made] = [own for own in project.ask("deployments") if own["name"] == "nightly"]
    project.post(f"deployments/{made['id']}/create_flow_run")
    project.wait((project.folder / "reached").exists)
    [engine] = [pid for pid, command in project.serve.members().items() if "prefect.engine" in command]
    project.serve.kill(engine)
    said = project.wait(lambda: (project.folder / "told").exists() and (project.folder / "told").read_text())
    assert said.splitlines()[0] == f"Study: night {datetime.now():%Y-%m-%d} was killed"
    project.wait(lambda: len(project.serve.members()) == 2)  # serve, server
    (project.folder / "hold").unlink()
    (project.folder / "params.yaml").write_text(numbers)
    failed = json.loads(run(project.folder, "vermilion", "status", "--json", check=False).stdout)["failed"]
    assert (failed["state"], failed["name"][:6]) == ("killed", "night ")


def test_status_says_what_is_running_and_what_waits(project: Project, reevaluated: str) -> None:
    record = json.loads(run(project.folder, "vermilion", "status", "--json", check=False).stdout)
    assert record["served"] == project.url
    assert [own["name"][:6] for own in record["waiting"]] == ["night "]
    assert {"name": "reevaluation first: 3 photographs, 1 rating", "state": "done"}.items() <= {
        own["name"]: own for own in record["runs"]
    }["reevaluation first: 3 photographs, 1 rating"].items()


@pytest.mark.long
def test_killed_in_the_middle_nothing_survives_and_the_next_start_settles_it(project: Project) -> None:
    active = project.hold_a_run("serve killed")
    project.serve.kill(project.serve.head.pid)
    assert not project.serve.survivors()
    assert (project.folder / ".prefect/serve.json").exists()
    (project.folder / "hold").unlink()
    project.restart()
    [left] = [own for own in project.runs("reevaluate") if own["id"] == active]
    assert left["state_name"] == "Crashed"
    assert "process was gone" in left["state"]["message"]
    assert not {"Running", "Pending"} & set(project.stages(active).values())
    assert project.wait(lambda: project.counted("3"))  # DVC knew that ratings waited
    assert len(project.ask("automations")) == 2


@pytest.mark.long  # half a minute of silence
def test_a_run_without_a_sign_of_life_crashes_and_others_are_left_alone(
    project: Project, orphans: dict[str, str]
) -> None:
    project.wait(lambda: project.state(orphans["ours"])["type"] == "CRASHED")
    assert f"no heartbeat for {SILENT} s" in project.state(orphans["ours"])["message"]
    assert project.state(orphans["another"])["type"] == "RUNNING"
    project.post(f"flow_runs/{orphans['another']}/set_state", state={"type": "COMPLETED"}, force=True)


@pytest.mark.long
def test_stopped_in_the_middle_nothing_survives_and_no_run_is_left_running(project: Project) -> None:
    """By Ctrl-C, which every process of the terminal's group hears."""
    project.hold_a_run("ctrl-c")
    project.announce("next")
    name = "reevaluation next: 3 photographs, 1 rating"
    waiting = {"name": {"any_": [name]}, "state": {"type": {"any_": ["SCHEDULED"]}}}
    [next_one] = project.wait(lambda: project.ask("flow_runs", flow_runs=waiting))
    project.post(f"flow_runs/{next_one['id']}/set_state", state={"type": "CANCELLED"}, force=True)
    project.wait(lambda: project.runs("nightly", "Scheduled"))
    os.killpg(project.serve.head.pid, signal.SIGINT)
    assert project.serve.wait(120) == 0
    assert not project.serve.survivors(0)
    assert not (project.folder / ".prefect/serve.json").exists()
    assert project.unfinished() == []
    (project.folder / "hold").unlink()


@pytest.mark.long  # the one before has stopped it
def test_a_missed_night_is_made_good_at_the_next_start(project: Project) -> None:
    with closing(sqlite3.connect(project.folder / ".prefect/prefect.db")) as database, database:
        slept = database.execute("UPDATE flow_run SET expected_start_time = '2026-01-01 02:00:00' WHERE auto_scheduled")
    assert slept.rowcount
    project.restart()
    [night] = project.wait(lambda: project.runs("nightly", "Completed"))
    assert project.come_to(night["id"], {"trained": "Skipped", "gated_count": "Ran"})
    assert night["name"] == "night 2026-01-01, made good"


@pytest.mark.long
def test_a_night_that_died_with_serve_goes_on_at_the_next_start(project: Project) -> None:
    (project.folder / "data/added/batch by night").write_text("new")
    (project.folder / "reached").unlink()
    (project.folder / "hold").touch()
    [made] = [own for own in project.ask("deployments") if own["name"] == "nightly"]
    project.post(f"deployments/{made['id']}/create_flow_run")
    project.wait((project.folder / "reached").exists)
    project.serve.kill(project.serve.head.pid)
    (project.folder / "hold").unlink()
    project.restart()
    name = f"night {datetime.now():%Y-%m-%d}"
    project.wait(lambda: f"{name} was killed: it goes on now" in project.serve.said())
    [night] = project.wait(
        lambda: [own for own in project.runs("nightly", "Completed") if own["name"] == f"{name}, made good"]
    )
    assert project.come_to(night["id"], {"trained": "Skipped", "gated_count": "Ran"})


@pytest.mark.long
def test_when_its_server_dies_it_ends_and_says_so(project: Project) -> None:
    [server] = [pid for pid, command in project.serve.members().items() if "flows.serving.guarded" in command]
    project.serve.kill(server)
    assert project.serve.wait(120) == 2
    assert "the Prefect server ended" in project.serve.said()
    assert not project.serve.survivors(0)
    assert not (project.folder / ".prefect/serve.json").exists()


def test_nothing_left_this_machine(project: Project) -> None:
    lines = connections(project.folder).read_text().splitlines()
    assert lines
    assert not [line for line in lines if not any(own in line for own in ("127.0.0.1", "localhost", "'::1'"))]


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that nobody serves."""
    return make_project(tmp_path_factory.mktemp("idle") / "project", {})


def refused(idle: Path, home: Path, port: int, **extra: str) -> str:
    done = started(idle, "vermilion", "serve", "--port", str(port), check=False, PREFECT_HOME=str(home), **extra)
    assert done.returncode == 2
    assert not (home / "serve.json").exists()
    assert done.stderr.startswith("vermilion: ")
    return done.stderr


def test_a_taken_port_is_named(idle: Path, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        assert f"port {port}: Address already in use; choose another with --port" in refused(idle, tmp_path, port)


def test_a_damaged_database_is_named(idle: Path, tmp_path: Path) -> None:
    (tmp_path / "prefect.db").write_bytes(b"no database" * 1000)
    said = refused(idle, tmp_path, free_port())
    assert "prefect.db: is damaged" in said
    assert "move it away" in said


def test_another_prefects_database_is_named(idle: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "prefect.db")) as database, database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('ffffffffffff')")
    assert "another version of Prefect; move it away" in refused(idle, tmp_path, free_port())


def test_a_schedule_that_is_none_is_named(idle: Path, tmp_path: Path) -> None:
    text = (idle / "params.yaml").read_text()
    (idle / "params.yaml").write_text(text.replace("cron: 0 2 * * *", "cron: every night"))
    said = refused(idle, tmp_path, free_port())
    (idle / "params.yaml").write_text(text)
    assert "nightly.cron: 'every night' is no schedule" in said


def test_a_named_server_that_does_not_answer_is_named(idle: Path, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/api"
    assert f"PREFECT_API_URL={url}" in refused(idle, tmp_path, free_port(), PREFECT_API_URL=url)


def test_a_named_server_is_used_under_the_projects_name_and_left_running(idle: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with prefect_server(tmp_path / "home") as url:
        with Family(idle, "vermilion", "serve", PREFECT_API_URL=url, PREFECT_HOME=str(tmp_path)) as serve:
            until = time.monotonic() + 120
            while "Ctrl-C" not in serve.said() and time.monotonic() < until:
                time.sleep(0.2)
            assert url.removesuffix("/api") in serve.said()
            made = httpx.post(f"{url}/deployments/filter", json={}, timeout=60).json()
            own = project_name(idle)
            assert {each["name"] for each in made} == {f"nightly {own}", f"reevaluate {own}", f"rebuild {own}"}
            serve.head.terminate()
            assert serve.wait(60) == 0
            assert not serve.survivors(0)
        assert httpx.get(f"{url}/health", timeout=60).is_success


READ = {"changed deps": {"data/added": "modified"}}
GONE = {"changed outs": {"out": "deleted"}}


@pytest.mark.parametrize(
    ("status", "ran", "waiting"),
    [
        ({"reader": [READ, "changed command"]}, {"reader"}, True),
        ({"reader": [{"changed deps": {"data/added/batches": "modified"}}]}, {"reader"}, True),
        ({"reader": [{"changed deps": {"data/added-not": "modified"}}]}, {"reader"}, False),
        ({"reader": [{"changed deps": {"data/raw": "modified"}}]}, {"reader"}, False),
        ({"reader": [READ, GONE]}, {"reader", "other"}, True),  # stopped in the middle
        ({"reader": [READ, GONE], "other": [GONE]}, {"reader", "other"}, False),  # a fresh clone
        ({"reader": [READ]}, set(), False),  # never run
        ({}, {"reader"}, False),
    ],
)
def test_ratings_wait_where_a_stage_that_ran_has_not_read_them(status: Any, ran: Any, waiting: bool) -> None:
    assert serving.ratings_waiting(status, ran, Path("data/added")) is waiting


@pytest.mark.parametrize(
    "cron", ["0 2 * * *", "0 2 * * 7", "*/90 2-22 * * MON-FRI,SUN", "30 23 1,15 JAN-MAR *", "0 1-12,13-15/2 31 * *"]
)
def test_prefect_reads_a_schedule_that_passed_as_it_was_read_there(cron: str) -> None:
    assert no_schedule(cron) is None
    start = datetime(2026, 11, 29, 0, 0, 1)
    due = asyncio.run(CronSchedule(cron=cron, timezone="UTC").get_dates(5, start=start.replace(tzinfo=UTC)))
    assert [f"{time:%F %T}" for time in due] == [f"{time:%F %T}" for time in islice(CronSim(cron, start), 5)]


def test_the_schedule_follows_this_machines_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Lisbon")
    due = deployments.next_time(deployments.nightly_schedule("30 2 * * *"))
    assert (due.hour, due.minute) == (2, 30)
    monkeypatch.setenv("TZ", "no such place")
    assert deployments.local_timezone() == "UTC"


def test_names_of_projects_fit_into_prefects(tmp_path: Path) -> None:
    assert project_name(tmp_path / "a%b&c").startswith("a-b-c ")
