"""`python -m flows.repository.reproduction MARK`: imports DVC once and answers a pipeline run's requests.

In: requests on stdin, one JSON object per line. Out, on stdout: what DVC and the stages print, and after each request
a line of MARK and its answer as JSON. Ends, with the stage that runs, on SIGTERM and when stdin closes, which it
does however the parent ended. Knows DVC's stages and nothing of Prefect.
"""

import json
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import dvc.lock
from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
from dvc.rwlock import RWLockFileCorruptedError, RWLockFileFormatError
from dvc.stage import Stage
from dvc.utils.serialize import YAMLFileCorruptedError
from dvc.utils.strictyaml import YAMLValidationError

from flows.repository import folder_lists, lockfile, parsing, regular
from flows.repository.locks import mend_lockfile, recover_damaged, release_recycled
from flows.repository.looking import at_once
from tasks.errors import InputError

T = TypeVar("T")
GRACE_SECONDS = 5.0
"""How long DVC has, after the stage was ended, to give its locks back."""
POLLED_FOR = 0.3
"""Seconds in which DVC asks six times for a lock (its own: 3): where two stages run, one has it for moments."""
UNTOLD = 2.0
"""Seconds for which a lock is waited for without a word."""


def plan(targets: list[str] | None) -> list[dict[str, Any]]:
    """The stages in DVC's order, each with what it needs and how its inputs and outs differ from dvc.lock."""

    def act(repo: Repo) -> list[dict[str, Any]]:
        with at_once():
            changed = repo.status()
            graph = get_active_graph(repo.index.graph)
            order = plan_repro(graph, collect_stages(repo, targets) if targets else None)
            return [_describe(stage, graph.successors(stage), changed) for stage in order]

    return _with_repo(act)


def _describe(stage: Stage, upstream: Any, changed: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": stage.addressing,
        "upstream": [other.addressing for other in upstream],
        "is_data": stage.is_data_source,
        "training": bool((stage.meta or {}).get("training")),
        "early": bool((stage.meta or {}).get("early")),
        "stale": stage.addressing in changed,
        "deps": [str(dep) for dep in stage.deps],
        "missing": [str(out) for out in stage.outs if not out.exists],
        "in_lock": any(out.hash_info for out in stage.outs),
        "in_git": [str(out) for out in stage.outs if not out.use_cache],
    }


def reproduce(stage: str, *, force: bool) -> str:
    """`dvc repro --single-item`: the stage `Ran`, was `Restored` from DVC's cache, or `Skipped`."""
    ran = _Notices("Running stage '%s':")
    logging.getLogger("dvc").addHandler(ran)
    try:
        done = _with_repo(lambda repo: repo.reproduce(stage, single_item=True, force=force))
    finally:
        logging.getLogger("dvc").removeHandler(ran)
    return "Ran" if ran.seen else "Restored" if done else "Skipped"


class _Notices(logging.Handler):
    """Whether DVC logged a message of this template."""

    def __init__(self, template: str) -> None:
        super().__init__()
        self.template, self.seen = template, False

    def emit(self, record: logging.LogRecord) -> None:
        self.seen = self.seen or record.msg == self.template


def metrics() -> dict[str, dict[str, dict[str, float]]]:
    """By metrics file and name: `old` at the last commit, `new` now, and `diff` where both are numbers."""
    found = _with_repo(lambda repo: repo.metrics.diff(all=True))
    return {path: dict(own) for path, own in found.get("diff", {}).items()}


def remote() -> str | None:
    """The name of DVC's default remote."""
    with Repo() as repo:
        name = repo.config["core"].get("remote")
        return str(name) if name else None


def pull(targets: list[str]) -> int:
    """Fetch these stages' outs from the remote; how many files came."""
    return int(_with_repo(lambda repo: repo.pull(targets))["stats"]["fetched"])


def push() -> int:
    """Send what the remote lacks; how many files went."""
    return int(_with_repo(lambda repo: repo.push()))


def _with_repo(act: Callable[[Repo], T]) -> T:
    """`act(repo)` with DVC's locks; while a living process holds one, wait for it, saying so once."""
    began, said = time.monotonic(), False
    while True:
        try:
            with Repo() as repo, lock_repo(repo):
                repo.lock._wait = True  # a stage that is done must not fail because the repository is busy
                repo.scm_context.quiet = True  # no hints about `git add` after every stage
                return act(repo)
        except DvcException as error:
            tell = not said and time.monotonic() - began > UNTOLD
            if not _passes(error, tell):
                raise
            said = said or tell
        time.sleep(min(2.0, 0.1 + (time.monotonic() - began) / 10))  # to ask costs a tenth of a second of a core


def _passes(error: BaseException, tell: bool) -> bool:
    """Whether to try again after a lock's error; a lock that no process holds is removed."""
    chain = _causes(error)
    if any(isinstance(cause, RWLockFileCorruptedError | RWLockFileFormatError) for cause in chain):
        recover_damaged()
        return True
    if any(isinstance(cause, YAMLFileCorruptedError | YAMLValidationError) for cause in chain):
        return mend_lockfile()
    locks = [cause for cause in chain if isinstance(cause, LockError)]
    if locks and not release_recycled() and tell:
        print(f"waiting: {str(locks[0]).split('If there are no')[0].strip()}", flush=True)
    return bool(locks)


def _causes(error: BaseException | None) -> list[BaseException]:
    return [error, *_causes(error.__cause__)] if error else []


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer, or what went wrong in one line."""
    os.environ.update(request.pop("environment"))
    act = {f.__name__: f for f in (plan, reproduce, metrics, remote, pull, push)}[request.pop("act")]
    try:
        return {"value": act(**request)}
    except (DvcException, InputError, OSError) as error:
        return {"error": ": ".join(str(cause) for cause in _causes(error))}


def _read(requests: "queue.Queue[dict[str, Any]]", stdin: int) -> None:
    """Take requests until the parent has ended; then end the stage, and this process if it does not by itself."""
    with os.fdopen(stdin) as lines:
        for line in lines:
            requests.put(json.loads(line))
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Serve one parent, in a process group of its own."""
    mark, ending, idle = sys.argv[1], False, True
    dvc.lock.DEFAULT_TIMEOUT = POLLED_FOR
    sys.argv = ["vermilion rebuild"]  # how DVC names the holder of its locks
    lockfile.use()
    parsing.use()
    regular.use()
    folder_lists.use()

    def end(*_: Any) -> None:
        nonlocal ending
        ending = True
        if idle:
            sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    requests: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_read, args=(requests, os.dup(0)), daemon=True).start()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # a stage shall not read our requests
    while not ending:
        idle = True
        request = requests.get()
        idle = False
        answer = _answer(request)
        print(f"{mark}{json.dumps(answer)}", flush=True)


if __name__ == "__main__":
    main()
