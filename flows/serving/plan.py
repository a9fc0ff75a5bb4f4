"""The stages of a run: which there are, which will run, and each as a task run, several at a time.

In: DVC's processes (flows/repository/client.py). Out: an `Outcome` for each stage, in DVC's order. A stage starts once
the stages that it reads from are done and a process is free. States: Skipped (nothing changed), Restored (from DVC's
cache), Ran, Failed, Blocked (below a failed one), Left (a training that is stale and was not asked for). Knows nothing
of what stages compute.
"""

import re
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import partial
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType
from prefect.logging import get_run_logger
from prefect.runtime import task_run
from pydantic import BaseModel, ConfigDict
from tqdm import tqdm

from flows.repository.client import Repository, RequestFailed, end_all
from flows.running.progress import progress
from flows.running.tracking import HOW_TO_WATCH, PARENT, crash_nested, tracked
from flows.serving.causes import Outcome, why_failed
from tasks.errors import InputError

TYPES = {"Failed": StateType.FAILED, "Blocked": StateType.CANCELLED}
"""Every other state is a completed one."""
BY_DVC = ("Running stage", "Stage '", "Updating lock file", "waiting: ")
"""How lines begin that are not the stage's own; its own say whose they are, since another stage may run beside it."""
BAR = re.compile(r"\d%\|")
"""In a line: a progress bar, as it stands after each step."""
BAR_EVERY = 20.0
"""Seconds between two lines of a stage's bar: with two stages at a time the terminal has the run's own bar alone."""
WHY = {"Blocked": "a stage above it failed", "Left": "not trained again; the model stays as it is"}
"""What is said of a stage that did not run."""


class Stage(BaseModel):
    """A stage as DVC describes it before the run."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    upstream: list[str]
    is_data: bool
    training: bool
    early: bool
    stale: bool
    deps: list[str]
    missing: list[str]
    in_lock: bool
    in_git: list[str]


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


def run_plan(
    repositories: Sequence[Repository], plan: Sequence[Stage], *, training: bool, force: bool
) -> list[Outcome]:
    """Every stage, in DVC's order as far as those above it are done; as many at a time as there are repositories.

    What is up to date, and below nothing that ran, starts nothing. Nothing overtakes a stage whose outs are to be there
    early (`meta: early` in dvc.yaml) and are not there yet.
    """
    outcomes, early = dict[str, Outcome](), {stage.name for stage in plan if stage.early and stage.missing}
    waiting, running, free = list(plan), dict[Future[Outcome], Repository](), list(repositories)
    with progress(len(plan), "rebuild", "stage") as advance, ThreadPoolExecutor(len(repositories)) as threads:
        try:
            while waiting or running:
                unsettled = {stage.name for stage in plan} - outcomes.keys()
                may = _until_early(waiting) if early & unsettled else waiting
                stage = next((stage for stage in may if not unsettled & set(stage.upstream)), None)
                if stage is None or not free:
                    done = list(wait(running, return_when=FIRST_COMPLETED).done)
                    free = sorted(
                        [*free, *map(running.pop, done)], key=repositories.index
                    )  # the first ones run already
                    found = [future.result() for future in done]
                else:
                    waiting.remove(stage)
                    above = {outcomes[name].state for name in stage.upstream if name in outcomes}
                    if state := _not_run(stage, above, training=training, force=force):
                        found = [as_task_run(stage, partial(_settle, stage, state))]
                    else:
                        work = partial(as_task_run, stage, partial(_reproduce, free[0], stage, force=force))
                        running[threads.submit(copy_context().run, work)] = free.pop(0)
                        found = []
                outcomes |= {outcome.stage: outcome for outcome in found}
                advance(len(found))
        except BaseException:
            end_all(repositories)  # else the threads wait for their stages
            raise
    return [outcomes[stage.name] for stage in plan]


def _until_early(waiting: Sequence[Stage]) -> Sequence[Stage]:
    """The stages up to the one that is to be early; all that wait where it runs already."""
    at = next((number for number, stage in enumerate(waiting) if stage.early), len(waiting))
    return waiting[: at + 1]


def _not_run(stage: Stage, above: set[str], *, training: bool, force: bool) -> str | None:
    """The state of a stage that is not run, None where it is; `above`: the states of the stages that it reads from."""
    if above & {"Failed", "Blocked"}:
        return "Blocked"
    if not (stage.stale or force or above & {"Ran", "Restored"}):
        return "Skipped"
    return "Left" if stage.training and not training else None


def _settle(stage: Stage, state: str) -> Outcome:
    why = WHY.get(state, "")
    say(f"{stage.name}: {state.lower()}{f' ({why})' if why else ''}")
    return Outcome(stage.name, state, 0.0, why)


def _reproduce(repository: Repository, stage: Stage, *, force: bool) -> Outcome:
    """Have DVC run the stage; its flow run nests below this task run."""
    began, lines, state = time.monotonic(), list[str](), "Failed"
    own = stage.name.split("@")[0]
    hear = _heard(stage.name, lines)
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


def _heard(name: str, lines: list[str]) -> Callable[[str], None]:
    """Takes what a stage prints, line by line, shows what is worth it and keeps it in `lines`."""
    shown, own = 0.0, name.partition("@")[0]

    def hear(line: str) -> None:
        nonlocal shown
        bar = BAR.search(line) is not None
        if HOW_TO_WATCH in line or line.startswith("> ") or bar and time.monotonic() - shown < BAR_EVERY:
            return
        say(line if line.startswith((own, *BY_DVC)) else f"{name}: {line}")
        if bar:
            shown = time.monotonic()
        else:
            lines.append(line)

    return hear


def _last_word(own: str, lines: Sequence[str]) -> str:
    """What the stage last said under its own name."""
    told = [line for line in lines if line.startswith(own)]
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
        tqdm.write(line)  # above the bar
        sys.stdout.flush()
