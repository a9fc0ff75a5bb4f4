"""A pipeline run over DVC's stages, with real DVC, real stages, and a real Prefect server that is asked what it saw."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from flows.repository.client import opened
from flows.running.logbook import units
from flows.serving import rebuild as pipeline
from tasks.errors import InputError
from tests.family import Family
from tests.flows.toys import make_toys
from tests.project import environment, make_project, run, set_number


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, server: str) -> tuple[Path, dict[str, Any]]:
    """The toys after their first run, committed, and that run as the server has it."""
    folder = make_toys(tmp_path_factory.mktemp("rebuild") / "project")
    run(folder, "vermilion", "rebuild", PREFECT_API_URL=server)
    run(folder, "git", "add", ".")
    run(folder, "git", "commit", "-qm", "first run")
    return folder, newest(server)


@pytest.fixture
def project(first: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of the toys, up to date."""
    shutil.copytree(first[0], tmp_path / "project", symlinks=True)
    return tmp_path / "project"


T = TypeVar("T")


def until(seen: Callable[[], T], seconds: float = 120) -> T:
    end = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return found


def ask(server: str, what: str, **query: object) -> list[dict[str, Any]]:
    answer = httpx.post(f"{server}/{what}/filter", json=query, timeout=30).raise_for_status()
    rows: list[dict[str, Any]] = answer.json()
    return rows


def newest(server: str) -> dict[str, Any]:
    """The last rebuild, once it and all its task runs are final."""
    [found] = ask(server, "flow_runs", flow_runs={"name": {"like_": "rebuild"}}, sort="START_TIME_DESC", limit=1)
    until(lambda: all(task["state_type"] not in ("PENDING", "RUNNING") for task in stages(server, found)))
    return found


def stages(server: str, flow_run: dict[str, Any]) -> list[dict[str, Any]]:
    """Its task runs in the order in which they began."""
    rows = ask(server, "task_runs", flow_runs={"id": {"any_": [flow_run["id"]]}})
    return sorted(rows, key=lambda row: row["start_time"] or row["expected_start_time"])


def states(server: str, flow_run: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["state_name"] for row in stages(server, flow_run)}


def nested(server: str, task: dict[str, Any]) -> list[dict[str, Any]]:
    return ask(server, "flow_runs", flow_runs={"parent_task_run_id": {"any_": [task["id"]]}})


def printed(text: str) -> dict[str, str]:
    """Stage to state, from the table at the end of a run's output."""
    names = {"first", "fragile", "below", "trained", "scored", "toy_stage", "headline"}
    rows = [line.rpartition(" - ")[2].split() for line in text.splitlines()]
    return {row[0]: row[1] for row in rows if len(row) >= 4 and row[0] in names and row[3] == "s"}


def rebuild(folder: Path, *options: str, code: int = 0, **extra: str) -> subprocess.CompletedProcess[str]:
    done = run(folder, "vermilion", "rebuild", *options, check=False, **extra)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """A run without a server, in this process, which spares its imports; what it printed."""

    def run_here(folder: Path = project, **options: Any) -> str:
        monkeypatch.chdir(folder)
        for name, value in environment(folder).items():
            monkeypatch.setenv(name, value)
        pipeline.rebuild.fn(**options)
        return capsys.readouterr().out

    return run_here


def test_every_stage_is_a_run_of_its_own_after_those_that_it_reads_from(
    first: tuple[Path, dict[str, Any]], server: str
) -> None:
    folder, flow_run = first
    graph = run(folder, "dvc", "repro", "--dry", "--force").stdout
    order = [line.split("'")[1] for line in graph.splitlines() if line.startswith("Running stage")]
    assert flow_run["state_type"] == "COMPLETED"
    times = {row["name"]: (row["start_time"], row["end_time"]) for row in stages(server, flow_run)}
    assert sorted(times) == sorted(order)
    for above, below in [("first", "trained"), ("trained", "scored"), ("scored", "headline"), ("fragile", "below")]:
        assert times[above][1] <= times[below][0]
    assert set(states(server, flow_run).values()) == {"Ran"}
    assert len(order) == 7


def test_a_stages_log_and_its_own_flow_run_are_below_it(first: tuple[Path, dict[str, Any]], server: str) -> None:
    rows = {row["name"]: row for row in stages(server, first[1])}
    said = {
        name: until(partial(ask, server, "logs", logs={"task_run_id": {"any_": [row["id"]]}}))
        for name, row in rows.items()
        if name in ("fragile", "toy_stage")
    }
    assert any("made of b1" in line["message"] for line in said["fragile"])
    assert any("1 buckets computed (c1)" in line["message"] for line in said["toy_stage"])
    [own] = nested(server, rows["toy_stage"])
    assert (own["name"], own["state_type"]) == ("toy_stage", "COMPLETED")
    made = ask(server, "artifacts", flow_runs={"id": {"any_": [own["id"]]}}, artifacts={"type": {"any_": ["table"]}})
    assert [row["key"] for row in made] == ["toy-stage-clp-buckets"]
    assert rows["toy_stage"]["total_run_time"] > 0.5
    assert nested(server, rows["fragile"]) == []


def test_the_run_ends_with_tables_of_stages_and_metrics_and_the_reports_place(
    first: tuple[Path, dict[str, Any]], server: str
) -> None:
    found = {row["key"]: row for row in ask(server, "artifacts", flow_runs={"id": {"any_": [first[1]["id"]]}})}
    rows = {row["stage"]: row for row in json.loads(found["rebuild-stages"]["data"])}
    assert rows["toy_stage"]["state"] == "Ran"
    assert rows["toy_stage"]["said"] == "1 buckets computed (c1)"
    metrics = [{"metric": "length", "before": None, "now": 5, "change": None}]
    assert json.loads(found["rebuild-metrics"]["data"]) == metrics
    assert str(first[0] / "data/reports/index.html") in found["rebuild-report"]["data"]
    assert found["rebuild"]["data"] == 100


def test_with_nothing_to_do_no_stage_starts(project: Path, server: str) -> None:
    (project / "ran.log").unlink()
    rebuild(project, PREFECT_API_URL=server)
    flow_run = newest(server)
    assert set(states(server, flow_run).values()) == {"Skipped"}
    assert not (project / "ran.log").exists()
    assert not [run for task in stages(server, flow_run) for run in nested(server, task)]


def test_a_failed_stage_blocks_what_is_below_it_alone_and_the_next_run_resumes(
    project: Path, server: str, here: Callable[..., str]
) -> None:
    (project / "b.txt").write_text("broken")
    (project / "a.txt").write_text("a2")
    done = rebuild(project, code=1, PREFECT_API_URL=server)
    first_line, advice, blocked = done.stderr.splitlines()[-3:]
    assert first_line == "vermilion: fragile: work: the input is broken"
    assert advice.startswith("Put that right, then `vermilion rebuild`")
    assert blocked == "Not run because of that: below."
    flow_run = newest(server)
    expected = dict.fromkeys(("first", "trained", "scored", "headline"), "Ran")
    expected |= {"fragile": "Failed", "below": "Blocked", "toy_stage": "Skipped"}
    assert states(server, flow_run) == expected
    assert (flow_run["state_type"], flow_run["name"]) == ("FAILED", "rebuild: fragile failed")  # on top of its page
    assert flow_run["state"]["message"].splitlines()[0] == "fragile: work: the input is broken"
    [said] = ask(
        server, "artifacts", flow_runs={"id": {"any_": [flow_run["id"]]}}, artifacts={"key": {"any_": [FAILED]}}
    )
    assert said["data"].startswith("fragile: work: the input is broken\n\nPut that right, ")
    log = until(lambda: logged(server, flow_run, "Finished in state Failed"))
    assert "fragile: work: the input is broken" in log
    assert "Traceback" not in log
    (project / "b.txt").write_text("b2")
    resumed = printed(here())
    assert [name for name, state in resumed.items() if state == "Ran"] == ["fragile", "below"]
    assert json.loads(run(project, "dvc", "status", "--json").stdout) == {}


FAILED = "rebuild-failed"


def logged(server: str, flow_run: dict[str, Any], last: str) -> str:
    """The run's own log, once it has come to its last line; empty until then."""
    rows = ask(server, "logs", logs={"flow_run_id": {"any_": [flow_run["id"]]}})
    text = "\n".join(row["message"] for row in rows)
    return text if last in text else ""


def test_a_run_that_cannot_begin_says_why_first_and_its_stage_too(project: Path, server: str) -> None:
    numbers = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(numbers.replace("margin:", "margn:", 1))
    done = rebuild(project, "toy_stage", code=2, PREFECT_API_URL=server)
    assert done.stderr.splitlines()[-1].startswith("vermilion: params.yaml: line ")
    flow_run = newest(server)
    assert (flow_run["name"], flow_run["state_type"]) == ("rebuild: toy_stage", "FAILED")
    assert flow_run["state"]["message"].startswith("params.yaml: line ")
    assert "margn: no such key; did you mean `margin`?" in flow_run["state"]["message"]
    assert "Traceback" not in until(lambda: logged(server, flow_run, "Finished in state Failed"))
    (project / "params.yaml").write_text(numbers)
    (project / "c.txt").write_text("refuse")
    done = rebuild(project, "toy_stage", code=1, PREFECT_API_URL=server)
    assert done.stderr.splitlines()[-2] == "vermilion: toy_stage: c.txt: refused; write another word", done.stderr
    task = next(row for row in stages(server, newest(server)) if row["name"] == "toy_stage")
    [own] = nested(server, task)
    assert own["state"]["message"] == "c.txt: refused; write another word"
    assert "Traceback" not in until(lambda: logged(server, own, "Finished in state Failed"))


MEETING = """
import sys, time
from pathlib import Path
own, other = sys.argv[1:]
Path(own).touch()
end = time.monotonic() + PATIENCE
while not Path(other).exists():
    if time.monotonic() > end:
        sys.exit("nobody came")
    time.sleep(0.01)
print("met by", other, flush=True)
"""


def test_stages_that_do_not_need_each_other_run_at_the_same_time(project: Path, here: Callable[..., str]) -> None:
    (project / "meet.py").write_text(MEETING.replace("PATIENCE", "60"))
    stage = "  {0}:\n    cmd: python meet.py data/{0} data/{1}\n    deps: [data/first.txt]\n    outs: [data/{0}]\n"
    with (project / "dvc.yaml").open("a") as file:
        file.write(stage.format("left", "right") + stage.format("right", "left"))
    said = here(stages=["left", "right"])
    assert {"left: met by data/right", "right: met by data/left"} <= set(said.splitlines())
    (project / "meet.py").write_text(MEETING.replace("PATIENCE", "0.5"))
    (project / "a.txt").write_text("another first word")
    for name in ("left", "right"):
        (project / f"data/{name}").unlink()
    set_number(project, "runtime", "stages", 1)
    with pytest.raises(InputError, match="^(left|right): nobody came"):  # DVC orders equals as it likes
        here(stages=["left", "right"])


def test_without_trainings_the_model_stays_and_what_is_below_it_runs(project: Path, here: Callable[..., str]) -> None:
    (project / "a.txt").write_text("a2")
    expected = dict.fromkeys(("first", "fragile", "below", "trained", "scored", "toy_stage", "headline"), "Skipped")
    expected |= {"first": "Ran", "trained": "Left", "scored": "Ran", "headline": "Ran"}
    assert printed(here(training=False)) == expected
    assert (project / "data/scored.txt").read_text() == "a1 a2"
    (project / "data/trained.txt").unlink()
    with pytest.raises(InputError, match="trained: nothing trained yet .data/trained.txt is missing.; run the full"):
        here(training=False)
    full = printed(here(stages=["headline"]))
    assert full == {"first": "Skipped", "trained": "Ran", "scored": "Ran", "headline": "Ran"}


def test_force_runs_and_dvcs_cache_restores(project: Path, here: Callable[..., str]) -> None:
    assert printed(here(stages=["first"], force=True)) == {"first": "Ran"}
    (project / "data/first.txt").unlink()
    assert printed(here(stages=["first"])) == {"first": "Restored"}
    with pytest.raises(InputError, match="frist"):
        here(stages=["frist"])


def hanging(project: Path, *options: str, **extra: str) -> Family:
    """A run whose flow stage hangs."""
    (project / "c.txt").write_text("hang")
    (project / "hanging").unlink(missing_ok=True)
    family = Family(project, "vermilion", "rebuild", *options, **extra)
    until((project / "hanging").exists)
    return family


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_whoever_ends_the_run_ends_dvc_and_the_stage(project: Path, number: Any) -> None:
    with hanging(project) as family:
        assert len(family.members()) >= 3
        os.kill(family.head.pid, number)
        assert family.wait(60) != 0
        assert not family.survivors(), family.said()


@pytest.mark.long
def test_a_killed_run_does_not_stay_running_once_the_next_one_starts(project: Path, server: str) -> None:
    with hanging(project, PREFECT_API_URL=server) as family:
        os.kill(family.head.pid, signal.SIGKILL)
        assert not family.survivors(), family.said()
    [killed] = ask(server, "flow_runs", flow_runs={"name": {"any_": ["rebuild"]}}, sort="START_TIME_DESC", limit=1)
    assert killed["state_name"] == "Running"
    (project / "c.txt").write_text("c2")
    assert printed(rebuild(project, "toy_stage", PREFECT_API_URL=server).stderr) == {"toy_stage": "Ran"}
    dead = {"id": {"any_": [killed["id"]]}}, {"parent_flow_run_id": {"any_": [killed["id"]]}}
    assert [run["state_name"] for which in dead for run in ask(server, "flow_runs", flow_runs=which)] == ["Crashed"] * 2
    assert newest(server)["state_name"] == "Completed"


@pytest.mark.long
def test_a_killed_stage_leaves_no_run_running(project: Path, server: str) -> None:
    with hanging(project, PREFECT_API_URL=server) as family:
        [stage] = [pid for pid, words in family.members().items() if "toy_stage" in words and "python" in words[0]]
        family.kill(stage)
        assert family.wait() == 1, family.said()
    flow_run = newest(server)
    task = next(row for row in stages(server, flow_run) if row["name"] == "toy_stage")
    [own] = nested(server, task)
    assert (task["state_name"], own["state_name"]) == ("Failed", "Crashed")
    assert "toy_stage: killed (exit code " in flow_run["state"]["message"]
    assert states(server, flow_run)["headline"] == "Skipped"


def test_a_second_run_waits_for_the_first(project: Path) -> None:
    with hanging(project, "toy_stage") as family:
        by_hand = run(project, "dvc", "repro", "toy_stage", check=False)
        assert by_hand.returncode != 0
        assert "vermilion rebuild" in by_hand.stderr
        with Family(project, "vermilion", "rebuild", "first") as second:
            until(lambda: "waiting: another rebuild of this project is running" in second.said())
            assert second.head.poll() is None
            os.kill(family.head.pid, signal.SIGKILL)
            assert second.wait() == 0
            assert printed(second.said()) == {"first": "Skipped"}


def test_a_process_of_dvcs_that_was_ended_is_not_begun_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    with opened(environment(project), print, 2) as repositories:
        for repository in repositories:
            repository.end()
            with pytest.raises(InputError, match="the run is ending"):
                repository.ask("plan", print, targets=None)
        assert repositories[1].process is None


HOLDER = "import time; print('held', flush=True); time.sleep(3600)"


def asked(project: Path, monkeypatch: pytest.MonkeyPatch, act: str, **arguments: object) -> tuple[object, list[str]]:
    """What DVC's process answers in the project, and what it printed."""
    monkeypatch.chdir(project)
    said: list[str] = []
    with opened(environment(project), said.append) as [repository]:
        return repository.ask(act, said.append, **arguments), said


def lock(project: Path, pid: int) -> Path:
    """DVC's lock file as if a process of this number were writing first.txt."""
    path = project / ".dvc/tmp/rwlock"
    path.write_text(json.dumps({"write": {str(project / "data/first.txt"): {"pid": pid, "cmd": "dvc repro"}}}))
    return path


def test_a_stage_that_is_in_use_is_waited_for(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE) as holder:
        assert holder.stdout and holder.stdout.readline()
        lock(project, holder.pid)
        monkeypatch.chdir(project)
        said: list[str] = []

        def hear(line: str) -> None:
            said.append(line)
            holder.kill()
            holder.wait()

        with opened(environment(project), hear) as [repository]:
            assert repository.ask("reproduce", hear, stage="first", force=False) == "Skipped"
    assert sum(line.startswith("waiting: ") for line in said) == 1
    assert any(f"(PID {holder.pid}): dvc repro" in line for line in said)


def test_a_lock_whose_process_number_was_given_to_another_is_taken_away(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE) as other:
        assert other.stdout and other.stdout.readline()
        path = lock(project, other.pid)
        os.utime(path, (time.time() - 3600, time.time() - 3600))
        answer, said = asked(project, monkeypatch, "reproduce", stage="first", force=False)
        other.kill()
    assert answer == "Skipped"
    assert any("left by a process that was killed" in line for line in said)


def test_a_lock_file_that_was_cut_off_is_removed_unless_somebody_works_here(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / ".dvc/tmp/rwlock"
    path.write_text('{"write": {')
    stage = [sys.executable, "-c", HOLDER]
    env = os.environ | {"DVC_STAGE": "other"}
    with subprocess.Popen(stage, cwd=project, env=env, stdout=subprocess.PIPE) as other:
        assert other.stdout and other.stdout.readline()
        with pytest.raises(ValueError, match=f"damaged, and process {other.pid} "):
            asked(project, monkeypatch, "plan", targets=None)
        other.kill()
    answer, said = asked(project, monkeypatch, "reproduce", stage="first", force=False)
    assert answer == "Skipped"
    assert any("damaged" in line and "removed" in line for line in said)


def git(folder: Path, *words: str) -> str:
    return run(folder, "git", *words).stdout.strip()


def md5s(folder: Path) -> list[str]:
    lines = (folder / "dvc.lock").read_text().splitlines()
    return [line.strip() for line in lines if "md5" in line]


@pytest.fixture
def shared(project: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The project that pushes its nights, and a colleague's clone; both follow a bare repository and a DVC remote."""
    set_number(project, "nightly", "push", True)
    run(project, "dvc", "remote", "add", "--default", "store", str(tmp_path / "store"))
    git(tmp_path, "init", "-q", "--bare", "origin.git")
    git(project, "remote", "add", "origin", str(tmp_path / "origin.git"))
    (project / "a.txt").write_text("a-longer")
    git(project, "commit", "-qam", "new input")
    git(project, "push", "-q", "--set-upstream", "origin", "HEAD")
    git(tmp_path, "clone", "-q", str(tmp_path / "origin.git"), "colleague")
    git(tmp_path / "colleague", "config", "user.name", "Colleague")
    git(tmp_path / "colleague", "config", "user.email", "colleague@localhost")
    return project, tmp_path / "colleague"


def test_a_published_run_is_what_a_colleague_gets(shared: tuple[Path, Path], here: Callable[..., str]) -> None:
    project, colleague = shared
    done = here(publish=True)
    assert printed(done)["headline"] == "Ran"
    assert git(project, "log", "-1", "--format=%B") == "Nightly: 1 of 1 metrics changed\n\nlength: 5 -> 17"
    assert git(project, "show", "--format=", "--name-only").split() == ["data/reports/summary.json", "dvc.lock"]
    assert "files sent to DVC's remote" in done
    assert "git: 1 commit pushed to origin/" in done
    git(colleague, "pull", "-q")
    run(colleague, "dvc", "pull")
    assert md5s(colleague) == md5s(project)
    assert (colleague / "data/scored.txt").read_text() == "a-longer a-longer"
    assert "Data and pipelines are up to date" in run(colleague, "dvc", "repro").stdout
    shutil.rmtree(colleague / ".dvc/cache")
    shutil.rmtree(colleague / "data")
    git(colleague, "checkout", "--", "data")
    again = here(colleague, publish=True)
    assert "files fetched from the remote" in again
    assert set(printed(again).values()) == {"Skipped"}
    assert "nothing to commit" in again
    assert "has everything already" in again


def test_a_night_that_comes_second_says_what_to_do_and_that_does_it(
    shared: tuple[Path, Path], here: Callable[..., str]
) -> None:
    """Both rebuilt, with different inputs: dvc.lock and the metrics of the two meet."""
    project, colleague = shared
    (colleague / "c.txt").write_text("c-of-the-colleague")
    git(colleague, "commit", "-qam", "another input")
    assert "pushed to origin/" in here(colleague, publish=True)
    (project / "b.txt").write_text("b-longer")
    git(project, "commit", "-qam", "one more input")
    done = here(publish=True)
    assert "warning: not pushed to git: somebody else pushed there first. Nothing is lost" in done
    assert git(project, "log", "-1", "--format=%s").startswith("Nightly: ")
    assert "somebody else pushed there first" in units(project)[-1].said
    pull, again = [command for command in done.split("Nothing is lost")[1].split("`")[1::2] if " " in command][:2]
    run(project, *pull.split())
    run(project, *again.split())
    git(colleague, "pull", "-q")
    run(colleague, "dvc", "pull")
    assert "Data and pipelines are up to date" in run(colleague, "dvc", "repro").stdout
    assert (colleague / "data/toy.txt").read_text() == "c-of-the-colleague"
    assert (colleague / "data/below.txt").read_text() == "b-longer"


def test_a_remote_that_fails_and_changes_of_ones_own_are_told(
    shared: tuple[Path, Path], tmp_path: Path, here: Callable[..., str]
) -> None:
    project, _ = shared
    (tmp_path / "store").write_text("no folder")
    done = here(publish=True)
    assert "warning: DVC's remote took nothing" in done
    assert "Nothing was pushed to git either" in done
    assert git(project, "log", "@{upstream}..", "--format=%s").startswith("Nightly: ")
    (project / "b.txt").write_text("b2")
    before = git(project, "rev-parse", "HEAD")
    done = here(publish=True)
    assert "warning: not committed: first commit or undo your own changes of b.txt" in done
    assert "warning: not pushed: the result is not committed" in done
    assert git(project, "rev-parse", "HEAD") == before


def test_a_night_that_is_to_be_pushed_nowhere_says_so(project: Path, here: Callable[..., str]) -> None:
    set_number(project, "nightly", "push", True)
    git(project, "commit", "-qam", "push")
    done = here(publish=True)
    assert "warning: no data were sent: there is no DVC remote; `dvc remote add --default NAME ADDRESS`" in done
    assert "warning: not pushed to git: there is no git remote; `git remote add origin ADDRESS`" in done


def test_what_comes_before_a_night_may_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_project(tmp_path / "project", {})
    monkeypatch.chdir(tmp_path / "project")
    pipeline._go_before(["anthropometry nonsense", "anthropometry learn --due"])
    said = capsys.readouterr().out
    assert "No such command 'nonsense'" in said
    assert said.rstrip().endswith("`vermilion anthropometry nonsense` failed (nightly.before); the night goes on")
