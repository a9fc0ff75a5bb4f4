"""One stage as one flow run when a Prefect server answers, as a plain function when none does.

In: a flow and its parameters. The work is the same either way, and a monitor that fails or dies never fails a
stage whose work is done. Knows nothing of what stages compute.
"""

import functools
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterParentTaskRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import TERMINAL_STATES, FlowRun
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectHTTPStatusError
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, get_current_settings, temporary_settings
from prefect.states import Crashed, Failed, Pending

from flows.running.address import TAG, answers, owner
from flows.running.elsewhere import note
from tasks.errors import InputError

PARENT = "VERMILION_PARENT_TASK_RUN"
"""Environment variable naming the task run under which a stage's flow run nests."""

HOW_TO_WATCH = "to watch: `vermilion serve` elsewhere"


def cause_first(body: Callable[..., Any]) -> Callable[..., Any]:
    """The body of a flow; an error that a user can put right becomes the run's state, with its words and no traceback.

    Without a server it is raised as it is. With one, Prefect raises it once the state is recorded.
    """

    @functools.wraps(body)
    def told(*given: Any, **named: Any) -> Any:
        try:
            return body(*given, **named)
        except (InputError, OSError) as error:
            if not tracked():
                raise
            logging.getLogger("prefect.flow_runs").addFilter(_no_second_telling)
            return Failed(message=str(error), data=error)

    return told


def _no_second_telling(record: logging.LogRecord) -> bool:
    """Prefect's runner logs the error that a failed state holds once more, with a traceback of wrappers: not so."""
    return not (record.exc_info and isinstance(record.exc_info[1], InputError | OSError))


def run_stage(flow: Flow[..., None], stage: str, **parameters: Any) -> None:
    """Run the stage's flow, tracked if the server named by PREFECT_API_URL answers."""
    url = get_current_settings().api.url
    if not url or not answers(url):
        where = f"no Prefect server at {url}" if url else "no Prefect server"
        print(f"{stage}: {where}, running untracked ({HOW_TO_WATCH})", flush=True)
        flow.fn(**parameters)
        return
    note(url)
    finished = False
    body = flow.fn

    @functools.wraps(body)
    def remembering(**given: Any) -> Any:
        nonlocal finished
        state = cause_first(body)(**given)
        finished = state is None
        return state

    flow.fn = remembering
    try:
        with _watched_by_parent() if PARENT in os.environ else nullcontext():
            run_flow(flow, flow_run=_create_run(flow, stage, parameters), parameters=parameters)
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        if not finished:
            print(f"{stage}: the Prefect server failed ({error}); running untracked", file=sys.stderr, flush=True)
            body(**parameters)
        else:
            print(f"{stage}: done; the Prefect server could not record it ({error})", file=sys.stderr, flush=True)
    finally:
        flow.fn = body


def _watched_by_parent() -> AbstractContextManager[object]:
    """A nested run needs no heartbeat, which costs a second at its end: its parent says if it was killed."""
    return temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})


def _create_run(flow: Flow[..., None], stage: str, parameters: dict[str, Any]) -> FlowRun:
    """The flow run, nested under the caller's task run. That is recorded late: until then the server answers 409."""
    parent = os.environ.pop(PARENT, None)
    with get_client(sync_client=True) as client:
        for left in range(25, -1, -1):
            try:
                return _create(client, flow, stage, parameters, UUID(parent) if parent and left else None)
            except PrefectHTTPStatusError as error:
                if error.response.status_code != httpx.codes.CONFLICT or not left:
                    raise
                time.sleep(0.2)
    raise AssertionError("the last attempt returns or raises")


def _create(
    client: SyncPrefectClient, flow: Flow[..., None], stage: str, parameters: dict[str, Any], parent: UUID | None
) -> FlowRun:
    return client.create_flow_run(
        flow,
        name=stage,
        parameters=flow.serialize_parameters(parameters),
        state=Pending(),
        parent_task_run_id=parent,
        tags=[TAG, f"dvc:{stage}", owner(Path())],
    )


def tracked() -> bool:
    """Whether this code runs inside a flow run that a server records."""
    return FlowRunContext.get() is not None


def show(make: Callable[[], Any]) -> None:
    """Create an artifact in the UI if this run is tracked; whatever goes wrong costs the artifact, not the stage."""
    if not tracked():
        return
    try:
        make()
    except Exception as error:
        print(f"no artifact in the UI: {error}", file=sys.stderr, flush=True)


def rename(name: str) -> None:
    """Give this run another name."""
    if (context := FlowRunContext.get()) and context.flow_run:
        with get_client(sync_client=True) as client:
            client.update_flow_run(context.flow_run.id, name=name)


def artifact_key(name: str) -> str:
    """A name as Prefect wants an artifact's key: `a_stage@item` has to be `a-stage-item`."""
    return re.sub("[^a-z0-9]+", "-", name.lower())


def crash_nested(task_run: str) -> None:
    """Set flow runs below a task run that are not final to Crashed: their process has ended without a word."""
    _crash(FlowRunFilter(parent_task_run_id=FlowRunFilterParentTaskRunId(any_=[UUID(task_run)])))


@contextmanager
def only_run(project: str) -> Iterator[None]:
    """While this is the only run of its project (the caller holds a lock), it carries the project's name as a tag.

    It gives the tag back at its end, so an earlier run that has it and seems to run was killed: it is set to Crashed.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        yield
        return
    _crash(FlowRunFilter(tags=FlowRunFilterTags(all_=[project])))
    _tag(context.flow_run, {*context.flow_run.tags, project})
    try:
        yield
    finally:
        _tag(context.flow_run, context.flow_run.tags)


def _tag(run: FlowRun, tags: Iterable[str]) -> None:
    with suppress(httpx.HTTPError, PrefectHTTPStatusError), get_client(sync_client=True) as client:
        client.update_flow_run(run.id, tags=set(tags))


def _crash(chosen: FlowRunFilter) -> None:
    """Set the chosen runs that are not final, and those below them, to Crashed."""
    living = FlowRunFilterState(type=FlowRunFilterStateType(not_any_=sorted(TERMINAL_STATES)))
    try:
        with get_client(sync_client=True) as client:
            for run in client.read_flow_runs(flow_run_filter=chosen.model_copy(update={"state": living})):
                _crash(FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run.id])))
                client.set_flow_run_state(run.id, Crashed(message="its process was killed"), force=True)
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        print(f"the Prefect server could not be told of a killed run: {error}", file=sys.stderr, flush=True)
