"""Processes that end when the one that started them ends, so that a killed `dvc repro` leaves nobody writing.

SIGKILL is enough: a stage has nothing to tidy, since results appear by rename alone. Linux; elsewhere nothing happens.
"""

import ctypes
import multiprocessing
import os
import select
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

PR_SET_PDEATHSIG = 1

SERVER_PID = "VERMILION_SERVER_PID"
"""Environment variable naming the `vermilion serve` that started a run; the run ends with it."""


def die_with_server() -> None:
    """A run that `vermilion serve` started ends when that is killed. Elsewhere nothing happens."""
    if server := os.environ.pop(SERVER_PID, None):
        die_with_parent(int(server))


def die_with_parent(parent: int | None = None) -> None:
    """Ask the kernel for SIGKILL when this process's parent ends; `parent`: its id, as it may have ended already.

    Call it in the main thread: Linux forgets the wish of a thread that ends.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = parent or os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        _die()


def die_with_dvc() -> int | None:
    """End this stage when the DVC that ordered it ends or has ended, also where a shell (cron's) stands between.

    Returns DVC's process id. Call it first of all: importing takes longer than DVC may live. Without DVC it is
    `die_with_parent`, and None.
    """
    die_with_parent()
    if not sys.platform.startswith("linux") or "DVC_STAGE" not in os.environ:
        return None
    runner = os.getppid()
    while _is_of_the_stage(runner):
        runner = int(Path(f"/proc/{runner}/stat").read_text().rpartition(")")[2].split()[1])
    try:
        if os.getsid(runner) != os.getsid(0):  # DVC shares our session; who adopts orphans does not
            _die()
    except ProcessLookupError:
        _die()
    if runner != os.getppid():
        die_with(runner)
    return runner


def die_with(pid: int) -> None:
    """End this process when another one ends or has ended."""
    try:
        threading.Thread(target=_outlive_not, args=(os.pidfd_open(pid),), daemon=True).start()
    except ProcessLookupError:
        _die()


def _is_of_the_stage(pid: int) -> bool:
    """Whether a process is the stage's shell: DVC gives DVC_STAGE to its children and has none itself."""
    try:
        return b"\0DVC_STAGE=" in b"\0" + Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def _outlive_not(sentinel: int) -> None:
    """Wait for the end of the process that a file descriptor stands for."""
    select.select([sentinel], [], [])
    _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def worker_pool(workers: int, *imported: str) -> ProcessPoolExecutor:
    """Worker processes, each on one thread. Their parent is a fork server, which ends after the last of them.

    `imported`: modules that the fork server imports first, once for all workers and pools of this process. They start
    no threads. A later pool's modules are imported by each of its workers.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(imported))
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_settle_worker)
    # All workers before the first piece of work: one that is killed while another starts hung the pool for ever.
    pool._safe_to_dynamically_spawn_children = False  # type: ignore[attr-defined]
    return pool


def _settle_worker() -> None:
    die_with_parent()  # the fork server
    stage = multiprocessing.parent_process()
    if stage is not None:
        threading.Thread(target=_outlive_not, args=(stage.sentinel,), daemon=True).start()
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
