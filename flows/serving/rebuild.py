"""`dvc repro` as one flow run: every stage of DVC's as a task run, with its log, its state and its own run below it.

In: which stages, and whether trainings may run. Out: the project's outs and dvc.lock as `dvc repro` leaves them, and
in the UI tables of stages and metrics. Order and names come from DVC. States: Skipped (nothing changed), Restored
(from DVC's cache), Ran, Failed, Blocked (below a failed one), Left (a training that is stale and was not asked for).
Runs without a server too, as a plain function. Knows nothing of what stages compute.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.logging import get_run_logger
from prefect.runtime import deployment, flow_run, task_run
from pydantic import BaseModel, ConfigDict

from flows.forks import begin_process
from flows.repository.client import Repository, RequestFailed, opened
from flows.running.address import project_resource
from flows.running.logbook import noted
from flows.running.processes import die_with_server
from flows.running.progress import progress
from flows.running.readiness import require_ready
from flows.running.tracking import HOW_TO_WATCH, PARENT, cause_first, crash_nested, only_run, rename, show, tracked
from flows.serving.causes import Outcome, cause, which_failed, why_failed
from flows.serving.names import name_of, renamed
from flows.serving.publish import Published, fetch_missing, publish_results
from flows.serving.telling import Night, tell_of, told
from tasks import params
from tasks.base.words import tally
from tasks.errors import InputError
from tasks.params.running import Nightly

TYPES = {"Failed": StateType.FAILED, "Blocked": StateType.CANCELLED}
"""Every other state is a completed one."""
REPORT = Path("data/reports/index.html")


class Stage(BaseModel):
    """A stage as DVC describes it before the run."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    upstream: list[str]
    is_data: bool
    training: bool
    stale: bool
    deps: list[str]
    missing: list[str]
    in_lock: bool
    in_git: list[str]


class StagesFailed(InputError):
    """At least one stage failed; those that do not depend on it ran. The message: flows.serving.causes."""


def run_name() -> str:
    """What the UI calls a run: what it is for."""
    return renamed(str(flow_run.name), deployment.name, flow_run.parameters, flow_run.scheduled_start_time)


def tell_of_crash(flow: Any, flow_run: FlowRun, state: Any) -> None:
    """What Prefect calls where a run's process has gone without a word: a night is told of."""
    if flow_run.parameters.get("publish"):
        name = renamed(flow_run.name, "nightly", {}, flow_run.expected_start_time)
        tell_of(Path.cwd(), Night(name, state="killed"), print)


@flow(name="rebuild", flow_run_name=run_name, on_crashed=[tell_of_crash])
@cause_first
def rebuild(
    stages: list[str] | None = None,
    training: bool = True,
    force: bool = False,
    publish: bool = False,
    about: str = "",
) -> None:
    """Bring stages up to date, in DVC's order. What is up to date is skipped.

    Args:
        stages: Names of stages, as `dvc stage list` has them; what they need comes with them. Empty: all.
        training: Train what is stale. Without it networks stay as they are and everything else follows.
        force: Run the stages even where nothing changed.
        publish: First fetch what colleagues pushed; after success commit dvc.lock and the metrics, and push them.
        about: What this run is for; its name says so.
    """
    die_with_server()
    name = str(flow_run.name) if tracked() else name_of(None, {"stages": stages, "about": about}, None)
    night = Night(name)
    with told(Path.cwd(), night, say) if publish else nullcontext(), noted(Path.cwd(), "run", name) as note:
        require_ready(Path.cwd())
        with opened({}, say) as repository, only_run(project_resource(Path.cwd())):
            note.said = _rebuild(repository, night, stages, training=training, force=force, publish=publish)


def _rebuild(
    repository: Repository, night: Night, stages: list[str] | None, *, training: bool, force: bool, publish: bool
) -> str:
    """What was done, in a line; `night` learns it, too. StagesFailed: why not."""
    if publish:
        _settle_batches()
        _go_before(params.load(Nightly, "nightly").before)
        fetch_missing(repository, say)
    plan = make_plan(repository, stages, training=training)
    if len(coming := expected(plan, training=training, force=force)) > 1:
        begin_process(repository.pid, coming, repository.environment)
    night.began = True
    outcomes = night.outcomes = run_plan(repository, plan, training=training, force=force)
    failed = cause(outcomes)
    changes = _metrics(repository)
    published = Published([], [])
    if publish and not failed:
        kept = {path for stage in plan for path in stage.in_git}
        deps = {path for stage in plan for path in stage.deps}
        published = publish_results(repository, say, kept, deps, changes, params.load(Nightly, "nightly"))
    night.trouble = bool(published.trouble)
    show_results(outcomes, changes, failed, published)
    if failed:
        raise StagesFailed(failed)
    return "; ".join([tally(outcome.state.lower() for outcome in outcomes), *published.trouble])


def _settle_batches() -> None:
    """Finish what a steward's interrupted `vermilion ratings add` left, so that it is in tonight's results."""
    from flows.stewards.batches import settled  # imports pyarrow

    settled(Path.cwd(), say)


def _go_before(commands: Sequence[str]) -> None:
    """What `nightly.before` wants done first, one command of `vermilion` after the other."""
    program = Path(sys.executable).with_name("vermilion")
    for words in commands:
        done = subprocess.run([program, *words.split()], check=False, capture_output=True, text=True)
        for line in (done.stdout + done.stderr if done.returncode else done.stdout).splitlines():
            say(line)
        if done.returncode:
            say(f"`vermilion {words}` failed (nightly.before); the night goes on")


def make_plan(repository: Repository, targets: list[str] | None, *, training: bool) -> list[Stage]:
    """The stages to look at, in DVC's order. InputError: a training is to be left that has never run."""
    plan = [Stage.model_validate(row) for row in repository.ask("plan", say, targets=targets)]
    for stage in plan:
        if stage.training and stage.missing and not training:
            raise InputError(
                f"{stage.name}: nothing trained yet ({', '.join(stage.missing)} is missing); run the full rebuild "
                "first (`vermilion rebuild`), or fetch a colleague's result (`dvc pull`)"
            )
    return [stage for stage in plan if not stage.is_data]


def expected(plan: Sequence[Stage], *, training: bool, force: bool) -> list[str]:
    """The stages that will run, as far as can be said before: what is stale, and what follows from it."""
    found: list[str] = []
    for stage in plan:
        stale = stage.stale or force or bool(set(stage.upstream) & set(found))
        if stale and (training or not stage.training):
            found.append(stage.name)
    return found


def run_plan(repository: Repository, plan: Sequence[Stage], *, training: bool, force: bool) -> list[Outcome]:
    """Every stage in turn. What is up to date, and below nothing that ran, starts nothing."""
    outcomes: dict[str, Outcome] = {}
    with progress(len(plan), "rebuild", "stage") as advance:
        for stage in plan:
            above = {outcomes[name].state for name in stage.upstream if name in outcomes}
            outcomes[stage.name] = _run_stage(repository, stage, above, training=training, force=force)
            advance(1)
    return list(outcomes.values())


def _run_stage(repository: Repository, stage: Stage, above: set[str], *, training: bool, force: bool) -> Outcome:
    """One stage as a task run; `above`: the states of the stages that it reads from."""
    stale = stage.stale or force or bool(above & {"Ran", "Restored"})
    if above & {"Failed", "Blocked"}:
        return as_task_run(stage, lambda: _settle(stage, "Blocked", "a stage above it failed"))
    if not stale:
        return as_task_run(stage, lambda: _settle(stage, "Skipped", ""))
    if stage.training and not training:
        return as_task_run(stage, lambda: _settle(stage, "Left", "not trained again; the model stays as it is"))
    return as_task_run(stage, lambda: _reproduce(repository, stage, force=force))


def _settle(stage: Stage, state: str, why: str) -> Outcome:
    say(f"{stage.name}: {state.lower()}{f' ({why})' if why else ''}")
    return Outcome(stage.name, state, 0.0, why)


def _reproduce(repository: Repository, stage: Stage, *, force: bool) -> Outcome:
    """Have DVC run the stage; its flow run nests below this task run."""
    began, lines, state = time.monotonic(), list[str](), "Failed"
    own = stage.name.split("@")[0]

    def hear(line: str) -> None:
        say(line)
        lines.append(line)

    nested = {PARENT: str(task_run.id)} if tracked() else {}
    repository.for_stages.update(nested)
    try:
        state = repository.ask("reproduce", hear, stage=stage.name, force=force)
        said = _last_word(own, lines)
    except RequestFailed as error:
        said = why_failed(own, lines, str(error))
        say(f"{stage.name}: {error}")
    finally:
        if state == "Failed" and nested:
            crash_nested(nested[PARENT])
    return Outcome(stage.name, state, round(time.monotonic() - began, 1), said)


def _last_word(own: str, lines: Sequence[str]) -> str:
    """What the stage last said under its own name."""
    told = [line for line in lines if line.startswith(own) and HOW_TO_WATCH not in line]
    return told[-1].partition(": ")[2] if told else ""


def as_task_run(stage: Stage, work: Callable[[], Outcome]) -> Outcome:
    """`work()` as a task run that ends in the outcome's state, if a server records this run."""
    if not tracked():
        return work()
    done: list[Outcome] = []

    def run() -> State[Any]:
        outcome = work()
        done.append(outcome)
        kind = TYPES.get(outcome.state, StateType.COMPLETED)
        return State(type=kind, name=outcome.state, message=outcome.said or None)

    tracked_run = task(name="stage", task_run_name=stage.name, cache_policy=NO_CACHE, persist_result=False)(run)
    state = tracked_run(return_state=True)
    if not done:
        state.result()  # raises what stopped it
    return done[0]


def say(line: str) -> None:
    """A line into the log of the task run or flow run, or on the terminal."""
    if tracked():
        get_run_logger().info(line)
    else:
        print(line, flush=True)


def _metrics(repository: Repository) -> list[dict[str, Any]]:
    """A row for each headline number: before (at the last commit), now, and the change."""
    try:
        found = repository.ask("metrics", say)
    except RequestFailed as error:
        say(f"no comparison of metrics: {error}")
        return []
    return [
        {"metric": name, "before": own.get("old"), "now": own.get("new"), "change": own.get("diff")}
        for rows in found.values()
        for name, own in sorted(rows.items())
    ]


def show_results(outcomes: Sequence[Outcome], changes: list[dict[str, Any]], failed: str, published: Published) -> None:
    """The run at a glance: why it failed, its stages, the metrics, where the report is."""
    width = max((len(outcome.stage) for outcome in outcomes), default=0)
    for outcome in outcomes:
        say(f"{outcome.stage:{width}}  {outcome.state:8}  {outcome.seconds:7.1f} s  {outcome.said}".rstrip())
    rows = [vars(outcome) for outcome in outcomes]
    show(lambda: create_table_artifact(rows, key="rebuild-stages", description="every stage of this run"))
    show(lambda: create_table_artifact(changes, key="rebuild-metrics", description="metrics against the last commit"))
    for line in (f"report: {REPORT.resolve()}", *published.lines):
        say(line)
    link = f"[Report]({REPORT.resolve().as_uri()}); if the browser follows no link to a file: `{REPORT.resolve()}`"
    text = "\n\n".join([*(f"**{line}**" for line in published.trouble), link, *published.lines])
    show(lambda: create_markdown_artifact(text, key="rebuild-report", description="where the report is"))
    if failed:
        paragraphs = "\n\n".join(failed.splitlines())
        show(lambda: create_markdown_artifact(paragraphs, key="rebuild-failed", description="why it failed"))
        show(lambda: rename(" ".join([f"{flow_run.name}:", which_failed(outcomes)])))
