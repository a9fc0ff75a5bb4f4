"""What runs when: the three deployments of the one flow `rebuild`, runs that were missed, runs that died.

In: the project's folder, its schedule, and a Prefect server named by PREFECT_API_URL. Out: deployments, an automation
and runs on that server. Knows nothing of how the server is started, nor of what a run does.
"""

import asyncio
import logging
import os
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterId,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments.runner import RunnerDeployment
from prefect.events import DeploymentEventTrigger, EventTrigger, Posture, ResourceSpecification
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound
from prefect.runner import Runner
from prefect.schedules import Cron
from prefect.server.schemas.schedules import CronSchedule
from prefect.states import Crashed
from prefect.types.entrypoint import EntrypointType

from flows.running.address import RATINGS_ADDED, TAG, project_name, project_resource
from flows.serving.names import RANDOM, made_good, night, renamed
from flows.serving.rebuild import rebuild
from flows.serving.telling import Night, tell_of

NO_HEARTBEAT = timedelta(seconds=90)
"""A run beats every 30 s (flows/__init__.py); after three missed beats it is dead."""

POLL_SECONDS = 2.0
"""How often due runs are looked for: an event's run starts in about 3 s, at Prefect's 10 s in 8."""

ALIVE = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


@dataclass(frozen=True)
class Deployed:
    """The project's deployments on a server, what runs them one after the other, and how to begin a re-evaluation.

    `name_waiting`: gives runs that wait their names; of the nights, too, where that is asked for. `made_good`: why a
    night runs now; None where none does.
    """

    runner: Runner
    ids: tuple[UUID, ...]
    reevaluate: Callable[[], None]
    name_waiting: Callable[[bool], None]
    made_good: str | None


def nightly_schedule(cron: str) -> CronSchedule:
    """The schedule, which flows.running.readiness has looked at, in this machine's time."""
    return CronSchedule(cron=cron, timezone=local_timezone())


def next_time(schedule: CronSchedule) -> datetime:
    """When it is due next."""
    [due] = asyncio.run(schedule.get_dates(1))
    return due


def local_timezone() -> str:
    """The IANA name of this machine's time zone, so that the schedule follows summer time; UTC where it has none."""
    name = os.environ.get("TZ") or str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    return name if name in zoneinfo.available_timezones() else "UTC"


def deploy(root: Path, schedule: CronSchedule, *, shared: bool) -> Deployed:
    """Bring the deployments up to date, end what an earlier process left, begin the nightly run if it was missed.

    `shared`: other projects may use the server, so the deployments' names say the project.
    """
    made = make_deployments(root, schedule, f" {project_name(root)}" if shared else "")
    logging.getLogger("prefect.runner").setLevel(logging.WARNING)  # it says every 2 s that a run waits
    runner = Runner(TAG, query_seconds=POLL_SECONDS, limit=1, pause_on_shutdown=False)
    with get_client(sync_client=True) as client:
        missed = missed_nightly(client, made[0])
        ids = asyncio.run(_apply(runner, made))
        settle_automation(client, root)
        died = crash_left_runs(ids, "its process was gone when vermilion serve started")
        for run in died:
            if run.parameters.get("publish"):
                tell_of(root, Night(run.name, state="killed"), print)
        why = _make_good(client, ids[0], missed, died)
    names = dict(zip(ids, (each.name for each in made), strict=True))
    return Deployed(runner, ids, partial(_start, ids[1]), partial(name_waiting, names), why)


def _make_good(
    client: SyncPrefectClient, nightly: UUID, missed: datetime | None, died: Sequence[FlowRun]
) -> str | None:
    """Begin the night that makes good what was missed or killed, if any was; why."""
    killed = [run.name for run in died if run.deployment_id == nightly]
    found = made_good(night(missed) if missed else None, killed)
    if found is None:
        return None
    name, why = found
    client.create_flow_run_from_deployment(nightly, name=name)
    return why


async def _apply(runner: Runner, made: Sequence[RunnerDeployment]) -> tuple[UUID, ...]:
    return tuple([await runner.aadd_deployment(deployment) for deployment in made])


def _start(deployment: UUID) -> None:
    with get_client(sync_client=True) as client:
        client.create_flow_run_from_deployment(deployment, name="reevaluation of what came while nobody served")


def name_waiting(deployments: Mapping[UUID, str], nights: bool) -> None:
    """Give the runs of these deployments that wait under a name of Prefect's the one that says what they are for.

    `deployments`: id to name, the nightly one first. Of that hundreds wait, for days; so it is asked less often.
    """
    chosen = list(deployments)[0 if nights else 1 :]
    waiting = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=chosen), state=_state(StateType.SCHEDULED))
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=waiting, sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=200):
            if RANDOM.fullmatch(run.name) and run.deployment_id:
                name = renamed(run.name, deployments[run.deployment_id], run.parameters, run.expected_start_time)
                client.update_flow_run(run.id, name=name)


def make_deployments(root: Path, schedule: CronSchedule, suffix: str) -> list[RunnerDeployment]:
    """`nightly`, `reevaluate` and `rebuild`; `suffix` tells projects apart that share a server."""
    common: dict[str, Any] = {"tags": [TAG], "entrypoint_type": EntrypointType.MODULE_PATH}
    added = DeploymentEventTrigger(
        name=f"ratings added: {project_name(root)}",
        expect={RATINGS_ADDED},
        match=ResourceSpecification({"prefect.resource.id": project_resource(root)}),
        parameters={"about": "{{ event.payload.about }}"},
    )
    return [
        RunnerDeployment.from_flow(
            rebuild,
            f"nightly{suffix}",
            schedule=Cron(schedule.cron, timezone=schedule.timezone),
            parameters={"training": True, "publish": True},
            description="Every stage that is stale, every night; then the result is committed and pushed.",
            **common,
        ),
        RunnerDeployment.from_flow(
            rebuild,
            f"reevaluate{suffix}",
            triggers=[added],
            parameters={"training": False, "publish": False},
            description="What new photographs and ratings touch, as soon as they are added. Nothing is trained.",
            **common,
        ),
        RunnerDeployment.from_flow(
            rebuild,
            f"rebuild{suffix}",
            description="On demand: every stage that is stale, or the ones you name.",
            **common,
        ),
    ]


def missed_nightly(client: SyncPrefectClient, deployment: RunnerDeployment) -> datetime | None:
    """When the last scheduled run that did not begin, as nobody served, was due. Ask before the deployment is applied
    anew."""
    try:
        known = client.read_deployment_by_name(deployment.full_name)
    except ObjectNotFound:
        return None
    waiting = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[known.id]), state=_state(StateType.SCHEDULED))
    runs = [run for run in client.read_flow_runs(flow_run_filter=waiting) if run.auto_scheduled]
    due = [run.expected_start_time for run in runs if run.expected_start_time]
    return max((time for time in due if time < datetime.now(UTC)), default=None)


def crash_left_runs(deployments: Sequence[UUID], message: str) -> list[FlowRun]:
    """Runs of these deployments whose process is gone, their stages' runs and their tasks become Crashed. The runs.

    Only the process that serves the project may ask: it knows that no such process can be alive.
    """
    ours = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=list(deployments)))
    state: State[None] = Crashed(message=message)
    with get_client(sync_client=True) as client:
        latest = client.read_flow_runs(flow_run_filter=ours, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=200)
        if not latest:
            return []
        nested = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run.id for run in latest]))
        own, inner = (whose.model_copy(update={"state": _state(*ALIVE)}) for whose in (ours, nested))
        left = client.read_flow_runs(flow_run_filter=own)
        for run in left + client.read_flow_runs(flow_run_filter=inner):
            client.set_flow_run_state(run.id, state, force=True)
            within = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
            alive = TaskRunFilter(state=TaskRunFilterState(type=TaskRunFilterStateType(any_=ALIVE)))
            for task in client.read_task_runs(flow_run_filter=within, task_run_filter=alive):
                client.set_task_run_state(task.id, state, force=True)
        return left


def _state(*types: StateType) -> FlowRunFilterState:
    return FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types)))


def settle_automation(client: SyncPrefectClient, root: Path) -> None:
    """The one automation that ends runs without a heartbeat: made once, changed where we changed it."""
    beat = "prefect.flow-run.heartbeat"
    ends = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}
    wanted = AutomationCore(
        name=f"no heartbeat: {project_name(root)}",
        description="A run whose process was killed does not stay Running.",
        trigger=EventTrigger(
            after={beat},
            expect={beat} | ends,
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification({"prefect.resource.id": f"prefect.tag.{TAG}"}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=NO_HEARTBEAT,
        ),
        actions=[
            ChangeFlowRunState(
                name="Crashed",
                state=StateType.CRASHED,
                force=False,
                message=f"no heartbeat for {NO_HEARTBEAT.seconds} s: its process is gone",
            )
        ],
    )
    known = client.read_automations_by_name(wanted.name)
    if not known:
        client.create_automation(wanted)
    elif _content(known[0]) != _content(wanted):  # an update would forget the runs that it counts the seconds of
        client.update_automation(known[0].id, wanted)


def _content(automation: AutomationCore) -> Any:
    return automation.trigger.model_dump(exclude={"id"}), automation.actions, automation.description
