"""Where task runs happen: in threads of this process, on a Dask cluster, or on Ray.

In: a function of a module and what to call it with, by name. Out: what it gave, by name. Each call is a task run
of its own when the stage is tracked. Knows nothing of buckets, stores or what is computed.
"""

import logging
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from concurrent import futures
from typing import Any, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import as_completed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.running.tracking import tracked
from tasks.errors import InputError
from tasks.params.running import Runtime

T = TypeVar("T")
Calls = Mapping[str, Mapping[str, Any]]
"""The name of each task run, and the arguments of its call."""


def run_here(
    stage: str, function: Callable[..., T], calls: Calls, width: int, advance: Callable[[int], None]
) -> dict[str, T]:
    """Call the function `width` at a time in threads of this process; results in the order of `calls`.

    One at a time is called in this very thread: torch's own threads are slower by half under a second one, since
    OpenMP then counts more threads than cores, and those that wait for each other go to sleep.
    """
    if width == 1:
        return _one_by_one(stage, function, calls, advance)
    if tracked():
        return _run(ThreadPoolTaskRunner(max_workers=width), stage, function, calls, advance)
    with futures.ThreadPoolExecutor(width) as threads:
        running = {name: threads.submit(function, **given) for name, given in calls.items()}
        try:
            for done in futures.as_completed(running.values()):
                done.result()
                advance(1)
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return {name: future.result() for name, future in running.items()}


def _one_by_one(stage: str, function: Callable[..., T], calls: Calls, advance: Callable[[int], None]) -> dict[str, T]:
    found = {}
    for name, given in calls.items():
        found[name] = _named(stage, function, name)(**given) if tracked() else function(**given)
        advance(1)
    return found


def run_far(
    stage: str, function: Callable[..., T], calls: Calls, runtime: Runtime, advance: Callable[[int], None]
) -> dict[str, T]:
    """Call the function on the workers of a cluster; arguments and results travel as pickles.

    InputError where workers died of a call again and again; OSError where no cluster answers.
    """
    with tempfile.TemporaryDirectory(prefix="vermilion-") as scratch:
        runner, lost = (_dask if runtime.runner == "dask" else _ray)(runtime, scratch)
        try:
            return _run(runner, stage, function, calls, advance)
        except lost as error:
            raise InputError(
                f"the {runtime.runner} cluster lost workers ({error}); their log says why, most often memory. "
                "What was finished is kept: run it again"
            ) from error


def _run(
    runner: TaskRunner[Any], stage: str, function: Callable[..., T], calls: Calls, advance: Callable[[int], None]
) -> dict[str, T]:
    """Task runs named like their calls."""
    with runner:
        running = {name: runner.submit(_named(stage, function, name), dict(given)) for name, given in calls.items()}
        for done in as_completed(list(running.values())):
            done.result()
            advance(1)
        return {name: future.result() for name, future in running.items()}


def _named(stage: str, function: Callable[..., T], name: str) -> Task[..., T]:
    """A task of that name. Prefect caches nothing: the store does."""
    return task(name=stage, task_run_name=name, cache_policy=NO_CACHE, persist_result=False)(function)


Lost = tuple[type[Exception], ...]
"""What a cluster raises when the process that ran a call is gone for good."""


def _dask(runtime: Runtime, scratch: str) -> tuple[TaskRunner[Any], Lost]:
    """Dask's scheduler at `runtime.cluster`, or one on loopback with `runtime.workers` processes and its own keys."""
    import dask
    from distributed import KilledWorker, LocalCluster
    from prefect_dask.task_runners import DaskTaskRunner

    for talkative in ("distributed", "prefect.task_runner.dask"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    if runtime.cluster:
        return DaskTaskRunner(address=runtime.cluster), (KilledWorker,)
    dask.config.set({"distributed.scheduler.http.routes": []})  # no dashboard
    own = {
        "n_workers": runtime.workers,
        "threads_per_worker": 1,
        "host": "127.0.0.1",
        "protocol": "tls",
        "security": True,
        "dashboard_address": "127.0.0.1:0",
        "scheduler_kwargs": {"dashboard": False},
        "memory_limit": 0,
        "local_directory": scratch,
    }
    return DaskTaskRunner(cluster_class=LocalCluster, cluster_kwargs=own), (KilledWorker,)


def _ray(runtime: Runtime, scratch: str) -> tuple[TaskRunner[Any], Lost]:
    """Ray at `runtime.cluster`, or one on loopback with `runtime.workers` processes."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray
    from prefect_ray.task_runners import RayTaskRunner

    lost = (ray.exceptions.RayError,)
    if runtime.cluster:
        return RayTaskRunner(address=runtime.cluster), lost
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # else one in the home folder
    own = {
        "num_cpus": runtime.workers,
        "include_dashboard": False,
        "_node_ip_address": "127.0.0.1",
        "_temp_dir": scratch,
        "object_store_memory": 100 * 2**20,
        "log_to_driver": False,
    }
    return RayTaskRunner(init_kwargs=own), lost
