"""`vermilion serve`: a Prefect server, the project's deployments and what runs them, as one process tree.

In: the project's folder and a port. Out: runs, until SIGINT or SIGTERM; then nothing of it is left. If the process
is killed, its children die with it (tasks.base.processes). Knows nothing of what a run does.
"""

import asyncio
import itertools
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import yaml
from filelock import FileLock, Timeout

from flows import SERVER_NAMED
from flows.running.address import Served, admits, answers, record, recorded
from flows.running.elsewhere import note
from flows.running.processes import SERVER_PID
from flows.running.readiness import require_ready
from flows.serving.server import LOG, api_url, own_secret, own_server
from tasks import params
from tasks.base.processes import die_with_parent
from tasks.errors import InputError
from tasks.params.running import Data, Nightly

if TYPE_CHECKING:
    from prefect.runner import Runner

    from flows.serving.deployments import Deployed

GRACE_SECONDS = 10.0
"""What a run gets to end by itself when `vermilion serve` is stopped."""

NAMES_SECONDS = 2.0
"""How often runs that wait are given names."""

NIGHTS_EVERY = 30
"""... and every so many times the nights are, too: Prefect makes them days before, at first soon after the start."""


def serve(root: Path, port: int) -> None:
    """Serve the project until stopped. If it is served already, say so and return.

    InputError: the port, the database, the schedule or the server named by PREFECT_API_URL cannot be used.
    """
    require_ready(root)
    nightly = params.load(Nightly, "nightly", root / "params.yaml")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.chdir(root)
    # Stages are started as `python -m flows ...`: by this Python, whatever else is in PATH.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    os.environ[SERVER_PID] = str(os.getpid())
    with suppress(KeyboardInterrupt), _alone() as alone:
        if alone:
            _serve(root, nightly.cron, port)


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether this process may serve the project; while another one is starting, wait for what becomes of it."""
    record().parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(record().with_name("serve.lock"))
    while True:
        try:
            lock.acquire(timeout=0.2)
            break
        except Timeout:
            if (other := recorded()) and psutil.pid_exists(other.pid):
                print(f"vermilion serve already runs here (process {other.pid}): {other.ui_url}", flush=True)
                yield False
                return
    try:
        record().unlink(missing_ok=True)  # stale: left by one that was killed
        yield True
    finally:
        record().unlink(missing_ok=True)
        lock.release()


def _serve(root: Path, cron: str, port: int) -> None:
    """Make the deployments, settle what an earlier process left, and run what is due until stopped."""
    os.environ["PREFECT_API_URL"] = url = SERVER_NAMED or api_url(port)
    auth = os.environ.get("PREFECT_API_AUTH_STRING") if SERVER_NAMED else own_secret()
    if auth:
        os.environ["PREFECT_API_AUTH_STRING"] = auth
    from flows.serving import deployments  # imports Prefect, which reads the address but once

    schedule = deployments.nightly_schedule(cron)
    with nullcontext(lambda: True) if SERVER_NAMED or not auth else own_server(port, auth) as alive:
        if SERVER_NAMED and not answers(url):
            raise InputError(f"PREFECT_API_URL={url}: no Prefect server answers there; start it, or unset the variable")
        if SERVER_NAMED and not admits(url, auth):
            wanted = "set PREFECT_API_AUTH_STRING to its name:password"
            raise InputError(f"PREFECT_API_URL={url}: the server refuses these credentials; {wanted}")
        note(SERVER_NAMED)
        deployed = deployments.deploy(root, schedule, shared=SERVER_NAMED is not None)
        try:
            _write_record(Served(pid=os.getpid(), api_url=url, auth=auth, own=not SERVER_NAMED))
            _say(cron, url, deployments.next_time(schedule))
            besides = (partial(_catch_up, deployed), partial(_name_waiting, deployed.name_waiting))
            asyncio.run(_until_stopped(deployed.runner, alive, besides))
        finally:
            with suppress(Exception):  # it may be the server that failed
                deployments.crash_left_runs(deployed.ids, "vermilion serve was stopped")


def _write_record(served: Served) -> None:
    temporary = record().with_name(f"serve.{os.getpid()}.json")
    temporary.touch(mode=0o600)
    temporary.write_text(served.model_dump_json())
    temporary.replace(record())


def _say(cron: str, url: str, due: datetime) -> None:
    print("runs in the browser    vermilion runs")
    print(f"                       (it logs in; {url.removesuffix('/api')} by itself says how to get in)")
    print(f"next nightly rebuild   {due:%Y-%m-%d %H:%M} ({cron}, {due.tzname()})")
    print("add ratings            vermilion ratings add PATH   (re-evaluation follows by itself)")
    print(f"stop                   Ctrl-C, or kill {os.getpid()}", flush=True)


async def _until_stopped(
    runner: "Runner", alive: Callable[[], bool], besides: Sequence[Callable[[], Coroutine[Any, Any, None]]]
) -> None:
    """Run what is due, and what is to be done besides, until SIGINT or SIGTERM; then end the runs.

    InputError: the server ended.
    """
    stop, others = asyncio.Event(), set(psutil.Process().children(recursive=True))
    polling = asyncio.create_task(runner.start())
    await asyncio.sleep(0)  # the runner has set its own handler of SIGTERM: ours goes over it
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    others_too = [asyncio.create_task(each()) for each in besides]
    while not stop.is_set() and not polling.done() and alive():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.5)
    print("stopping ...", flush=True)
    for each in others_too:
        each.cancel()
    await asyncio.wait(others_too)
    await _end_runs(runner, polling, [p for p in psutil.Process().children(recursive=True) if p not in others])
    if not stop.is_set():
        raise InputError(f"the Prefect server ended or cannot be reached any more; see {record().with_name(LOG)}")


async def _end_runs(runner: "Runner", polling: "asyncio.Task[None]", processes: list[psutil.Process]) -> None:
    """Ask the runs to end, then make sure of it."""
    try:
        await asyncio.wait_for(runner.astop(), GRACE_SECONDS)
    except Exception:  # not begun yet, without a server, or too slow
        polling.cancel()
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    await asyncio.wait([polling], timeout=GRACE_SECONDS)


async def _name_waiting(name: Callable[[bool], None]) -> None:
    """Have runs that wait say what they are for: re-evaluations soon after they came, nights once a minute."""
    for number in itertools.count():
        with suppress(Exception):  # a name; the run gives it to itself when it begins
            await asyncio.to_thread(name, number < NIGHTS_EVERY or number % NIGHTS_EVERY == 0)
        await asyncio.sleep(NAMES_SECONDS)


async def _catch_up(deployed: "Deployed") -> None:
    """Begin a re-evaluation if ratings came while nobody served: DVC knows. A night that is made good has them."""
    if deployed.made_good:
        print(deployed.made_good, flush=True)
        return
    command = [sys.executable, "-m", "dvc", "status", "--json"]
    asking = await asyncio.create_subprocess_exec(
        *command, stdout=PIPE, stderr=DEVNULL, preexec_fn=partial(die_with_parent, os.getpid())
    )
    try:
        said, _ = await asking.communicate()
        ran = set(yaml.safe_load(Path("dvc.lock").read_text())["stages"]) if Path("dvc.lock").exists() else set()
        if asking.returncode == 0 and ratings_waiting(json.loads(said), ran, params.load(Data, "data").added):
            print("ratings were added meanwhile: re-evaluating", flush=True)
            deployed.reevaluate()
    except asyncio.CancelledError:
        asking.kill()
        await asking.wait()
    except Exception as error:  # the next night makes it good
        print(f"whether ratings wait could not be found out: {error}", flush=True)


def ratings_waiting(status: Mapping[str, Sequence[Any]], ran: Set[str], added: Path) -> bool:
    """Whether a stage of those that `ran` (they are in dvc.lock) has not read the stewards' batches as they are now.

    `status`: what `dvc status --json` says. False where none of what they made is there: nothing was ever run.
    """
    there, waiting = set(ran), False
    for stage in ran & set(status):
        for change in (change for change in status[stage] if isinstance(change, dict)):
            if "deleted" in change.get("changed outs", {}).values():
                there.discard(stage)
            waiting |= any(added in (Path(path), *Path(path).parents) for path in change.get("changed deps", {}))
    return waiting and bool(there)
