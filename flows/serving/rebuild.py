"""`dvc repro` as one flow run: every stage of DVC's as a task run, with its log, its state and its own run below it.

In: which stages, and whether trainings may run. Out: the project's outs and dvc.lock as `dvc repro` leaves them, and
in the UI tables of stages and metrics. Order and names come from DVC; stages that do not need each other run at the
same time (flows/serving/plan.py). Runs without a server too, as a plain function. Knows nothing of what stages compute.
"""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.client.schemas.objects import FlowRun
from prefect.runtime import deployment, flow_run

from flows.forks import begin_process
from flows.repository.client import Repository, RequestFailed, opened
from flows.running.address import project_resource
from flows.running.logbook import noted
from flows.running.processes import FORKS, die_with_server
from flows.running.readiness import require_ready
from flows.running.tracking import cause_first, only_run, rename, show, tracked
from flows.serving.causes import Outcome, cause, which_failed
from flows.serving.names import name_of, renamed
from flows.serving.plan import expected, make_plan, run_plan, say
from flows.serving.publish import Published, fetch_missing, publish_results
from flows.serving.telling import Night, tell_of, told
from tasks import params
from tasks.base.words import tally
from tasks.errors import InputError
from tasks.params.running import Nightly, Runtime

REPORT = Path("data/reports/index.html")


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
        at_once = params.load(Runtime, "runtime").stages
        with opened({}, say, at_once) as repositories, only_run(project_resource(Path.cwd())):
            note.said = _rebuild(repositories, night, stages, training=training, force=force, publish=publish)


def _rebuild(
    repositories: Sequence[Repository],
    night: Night,
    stages: list[str] | None,
    *,
    training: bool,
    force: bool,
    publish: bool,
) -> str:
    """What was done, in a line; `night` learns it, too. StagesFailed: why not."""
    repository = repositories[0]
    if publish:
        _settle_batches()
        _go_before(params.load(Nightly, "nightly").before)
        fetch_missing(repository, say)
    plan = make_plan(repository, stages, training=training)
    if len(coming := expected(plan, training=training, force=force)) > 1:
        begin_process(repository.pid, coming, repository.environment)
        for other in repositories:
            other.for_stages[FORKS] = str(repository.pid)
    night.began = True
    outcomes = night.outcomes = run_plan(repositories, plan, training=training, force=force)
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
    from flows.stewards.batches.put_in_place import settled  # imports pyarrow

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
