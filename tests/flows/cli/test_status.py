"""`vermilion status`: what is current, what ran, what failed and why, what waits. With real DVC and git, no server.

What waits on a server is asked in test_serving.
"""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from flows.cli import status
from flows.repository.currency import Change, Currency, currency, not_current, told_meanwhile, told_of
from flows.running import logbook
from flows.running.logbook import Entry, units
from flows.running.waiting import Waiting
from tasks import params
from tasks.errors import InputError
from tasks.params.running import Data
from tests.project import copy_project, environment, make_project, run, set_number

STAGES = """
stages:
  ingest_ratings:
    cmd: ls data/added > data/ingest/ratings.parquet
    deps: [data/added]
    outs: [data/ingest/ratings.parquet]
  symmetry_train:
    cmd: echo a network > data/network
    meta: {training: true}
    params: [symmetry_train.margin]
    deps: [data/ingest/ratings.parquet, tasks/symmetry/network.py]
    outs: [data/network]
  other:
    cmd: date > data/other
    params: [runtime.buckets]
    outs: [data/other]
  evaluate:
    cmd: cp data/network data/evaluated
    deps: [data/network, data/ingest/ratings.parquet]
    outs: [data/evaluated]
  report:
    cmd: cp data/evaluated data/reports/index.html
    deps: [data/evaluated]
    outs: [data/reports/index.html]
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project after its first run."""
    folder = make_project(tmp_path_factory.mktemp("status") / "project", {}, copy_code=True)
    (folder / "dvc.yaml").write_text(STAGES)
    for name in ("data/ingest", "data/reports"):
        (folder / name).mkdir()
    run(folder, "dvc", "repro", "-q")
    return folder


@pytest.fixture
def project(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = copy_project(ran, tmp_path / "project")
    for name, value in environment(folder).items():
        if name.startswith(("DVC", "PREFECT")):
            monkeypatch.setenv(name, value)
    return folder


def test_what_is_current_is_said_to_be(project: Path) -> None:
    assert currency(project) == Currency()
    assert not_current(project) is None
    set_number(project, "runtime", "buckets", 3)  # nothing that people read depends on it
    assert currency(project).current


def test_what_changed_is_named_with_all_that_follows(project: Path) -> None:
    set_number(project, "symmetry_train", "margin", 3.5)
    (project / "tasks/symmetry/network.py").write_text("changed = True")
    (project / "data/added/new.csv").write_text("new")
    (project / "data/reports/index.html").unlink()
    (project / "data/evaluated").write_text("by hand")
    found = currency(project)
    assert set(found.changes) == {
        Change("data", "data/added"),
        Change("parameter", "symmetry_train.margin", "was 1.0 and is 3.5 now"),
        Change("code", "tasks/symmetry/network.py"),
        Change("missing", "data/reports/index.html", "is not there"),
        Change("result", "data/evaluated"),
    }
    assert found.stale == ("ingest_ratings", "symmetry_train", "evaluate", "report")
    told = "data/added, symmetry_train.margin, the programs and 2 more changed since"
    assert f"they are of an earlier run: {told}" in str(not_current(project))


def test_a_stage_that_dvc_knows_nothing_of_is_named_not_its_numbers_one_by_one(project: Path) -> None:
    """As after a withdrawal, which takes its entries out of dvc.lock, or in a project that has never run."""
    lock = yaml.safe_load((project / "dvc.lock").read_text())
    del lock["stages"]["symmetry_train"]
    (project / "dvc.lock").write_text(yaml.safe_dump(lock))
    assert (
        Change("unknown", "symmetry_train", "has not run here, or what it did was forgotten")
        in currency(project).changes
    )
    assert {change.kind for change in currency(project).changes} <= {"unknown", "result"}
    told = " ".join(line for line in status.lines(status.look(project)))
    assert "never run here, or forgotten (a withdrawal does that): symmetry_train" in " ".join(told.split())


def test_what_another_process_tells_is_the_same(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with told_meanwhile(project) as told:
        assert told() == []
    set_number(project, "symmetry_train", "margin", 3.5)
    with told_meanwhile(project) as told:
        said = told()
    assert said == told_of(project) and "symmetry_train" in said[0]
    assert [(line.shown, line.advice) for line in said] == [(line.shown, line.advice) for line in told_of(project)]
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with told_meanwhile(project) as told:
        assert told() == said


def test_what_follows_a_change_is_stale_too(project: Path) -> None:
    set_number(project, "symmetry_train", "margin", 3.5)
    found = currency(project)
    assert found.changed == ("symmetry_train",)
    assert found.stale == ("symmetry_train", "evaluate", "report")


def test_after_a_run_without_trainings_only_the_networks_are_earlier_ones(project: Path) -> None:
    (project / "data/added/new.csv").write_text("new")
    assert "they are of an earlier run: data/added changed since" in str(not_current(project))
    run(project, "vermilion", "rebuild", "--no-training")
    found = currency(project)
    assert (found.changed, found.untrained, found.but_networks) == (("symmetry_train",), ("symmetry_train",), True)
    said = str(not_current(project))
    assert "of the present photographs and ratings, by networks of an earlier run (symmetry_train)" in said
    assert "current but for networks, which are of an earlier run (computed" in told(project, code=1)
    assert json.loads(told(project, "--json", code=1))["current_but_for_networks"] is True
    run(project, "dvc", "repro", "-q")
    assert currency(project) == Currency()


def test_a_project_that_dvc_cannot_read_is_not_said_to_be_current(project: Path) -> None:
    (project / "dvc.yaml").write_text("stages: [")
    found = currency(project)
    assert not found.current
    assert "DVC cannot say" in str(found.unknown)


def told(project: Path, *options: str, code: int = 0) -> str:
    done = run(project, "vermilion", "status", *options, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert all(len(line) <= 80 for line in done.stdout.splitlines()) or options
    return done.stdout


def test_the_command_says_so_in_80_columns_and_for_programs(project: Path) -> None:
    assert "current: of the present data, numbers and code (" in told(project)
    set_number(project, "symmetry_train", "margin", 3.5)
    batch = project / "data/added/batches/2026-11-29-7c0b1732a7d6"
    batch.mkdir(parents=True)
    (batch / "ratings.csv").write_text("path,rater_id,rater_role,scale,score\np1.jpg,a,lay,CARS,2\n")
    later = batch.with_name("2026-11-30-0123456789ab")
    later.mkdir()
    header = "path,rater_id,rater_role,scale,score,was,corrected\n"
    (later / "corrections.csv").write_text(f"{header}p1.jpg,a,lay,CARS,3,2,2026-11-30T10:00:00+00:00\n")
    said = told(project, code=1)
    assert "NOT current" in said
    assert "changed parameters: symmetry_train.margin was 1.0 and is 3.5 now" in said
    assert "stale stages: ingest 1, symmetry 1, evaluate 1, report 1" in said
    waiting = " ".join(said.split())
    assert "not evaluated yet: batch 2026-11-29-7c0b1732a7d6, 1 rating not evaluated" in waiting
    assert "batch 2026-11-30-0123456789ab, 1 corrected score nobody serves" in waiting
    assert "nobody serves this project" in said
    record = json.loads(told(project, "--json", code=1))
    assert record["stale"] == ["ingest_ratings", "symmetry_train", "evaluate", "report"]
    assert record["batches"][0]["batch"] == "2026-11-29-7c0b1732a7d6"
    assert (record["current"], record["waiting"], record["served"]) == (False, None, None)


def test_the_help_teaches(project: Path) -> None:
    said = run(project, "vermilion", "status", "--help").stdout
    assert all(word in said for word in ("Current", "vermilion rebuild", "Exit code 0"))


def test_dvc_repro_is_in_it_with_its_failed_stage(project: Path) -> None:
    text = (project / "dvc.yaml").read_text()
    stage = "python -m flows ingest_frames --images nowhere --out data/evaluated"
    (project / "dvc.yaml").write_text(text.replace("cp data/network data/evaluated", stage))
    set_number(project, "symmetry_train", "width", "wide")
    assert run(project, "dvc", "repro", check=False).returncode
    said = told(project, code=1)
    assert "failed last" in said
    assert "evaluate: params.yaml: line " in said
    last = units(project)[-1]
    assert (last.name, last.state) == ("dvc repro", "failed")


@pytest.mark.parametrize("text", ["nightly: [", "words", ""])
def test_with_a_params_yaml_that_cannot_be_read_it_still_says_what_ran(project: Path, text: str) -> None:
    with logbook.noted(project, "run", "night 2026-11-29"):
        pass
    (project / "params.yaml").write_text(text)
    said = "\n".join(status.lines(status.look(project)))
    assert "night 2026-11-29  went well after" in said
    with pytest.raises(InputError) as refused:
        params.load(Data, "data", project / "params.yaml")
    assert len(str(refused.value).splitlines()) == 1


NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)


def entry(name: str, state: logbook.State, said: str = "", hours: float = 0) -> Entry:
    began = NOW + timedelta(hours=hours)
    return Entry("run", name, began, None if state in ("running", "killed") else began, state, said)


def shown(**changes: object) -> str:
    base: dict[str, object] = {
        "currency": Currency(),
        "computed": NOW,
        "runs": [],
        "failed": None,
        "waiting": [],
        "batches": [],
        "url": "http://127.0.0.1:4200",
    }
    lines = list(status.lines(status.Status(**(base | changes))))  # type: ignore[arg-type]
    assert all(len(line) <= 80 for line in lines)
    return "\n".join(lines)


def test_a_failure_is_three_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    failed = entry("night 2026-11-29", "failed", "evaluate: no ratings\nPut that right; then go on.\nNot run: report.")
    later = entry("rebuild", "done", "2 ran, 3 skipped", hours=1)
    said = shown(runs=[failed, later], failed=failed)
    assert said.splitlines()[1:] == [
        "runs         2026-11-29 03:00  rebuild  went well after 0 s: 2 ran, 3 skipped",
        "             2026-11-29 02:00  night 2026-11-29  FAILED after 0 s",
        "failed last  2026-11-29 02:00  night 2026-11-29; since then a run went well",
        "             evaluate: no ratings",
        "             Put that right; then go on.",
        "waiting      served at http://127.0.0.1:4200 (`vermilion runs` opens it)",
    ]


def test_runs_that_wait_say_why() -> None:
    runs = [
        Waiting("reevaluation 2026-11-29-7c0b1732a7d6: 3 photographs, 6 ratings", "Late", NOW),
        Waiting("night 2026-11-30", "Scheduled", NOW),
        Waiting("night 2026-11-29", "Running", NOW),
    ]
    said = shown(waiting=runs)
    assert "waits for the run before it" in said.replace("\n               ", " ")
    assert "night 2026-11-30: waits for its time" in said
    assert "night 2026-11-29: running" in said
    assert "night runs (`vermilion serve`)" in shown(waiting=None, url=None)


def test_a_clock_that_was_set_back_gives_no_negative_time() -> None:
    early = Entry("run", "rebuild", NOW, NOW - timedelta(hours=1), "done", "2 ran")
    assert "rebuild  went well: 2 ran" in shown(runs=[early])


def test_long_lists_are_cut() -> None:
    changes = tuple(Change("parameter", f"symmetry_train.number_{number}") for number in range(9))
    said = shown(currency=Currency(changes, ("symmetry_train",), ("symmetry_train", "symmetry_distances", "report")))
    assert "and 3 more" in said
    assert "stale stages: symmetry 2, report 1" in said


def test_a_misspelt_stage_is_asked_about(project: Path) -> None:
    for named, meant in (("evalute", "did you mean evaluate? "), ("xyz", "")):
        done = run(project, "vermilion", "rebuild", named, check=False)
        told = f"vermilion: no stage is called {named}; {meant}`dvc stage list --name-only` has them all"
        assert (done.returncode, done.stderr.splitlines()[-1]) == (2, told)
