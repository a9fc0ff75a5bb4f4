"""Processes that end when the one that started them ends, and the one pool of worker processes.

In: how many workers, and whose end is theirs. Out: a pool whose workers go when this process does, however it ends: a
killed stage leaves nobody behind that writes or holds memory. SIGKILL is enough, since results appear by rename alone.
Linux; elsewhere workers may stay. Knows nothing of what they compute, nor of stages.
"""

import ctypes
import multiprocessing
import os
import select
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import Any

PR_SET_PDEATHSIG = 1


def worker_pool(workers: int, *imported: str) -> ProcessPoolExecutor:
    """Worker processes, each on one thread. Their parent is a fork server, which ends after the last of them.

    `imported`: modules that the fork server imports first, once for all workers and pools of this process. They start
    no threads. A later pool's modules are imported by each of its workers.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(imported))
    pool = _Pool(workers, mp_context=context, initializer=_settle_worker)
    # All workers before the first piece of work: one that is killed while another starts hung the pool for ever.
    pool._safe_to_dynamically_spawn_children = False  # type: ignore[attr-defined]
    return pool


class _Pool(ProcessPoolExecutor):
    """After Ctrl-C nobody waits for the work that is under way."""

    def __exit__(self, kind: type[BaseException] | None, *rest: Any) -> bool | None:
        if kind is None or not issubclass(kind, KeyboardInterrupt):
            return super().__exit__(kind, *rest)
        for worker in list((self._processes or {}).values()):
            worker.kill()
        self.shutdown(wait=False, cancel_futures=True)
        return None


def _settle_worker() -> None:
    die_with_parent()  # the fork server
    stage = multiprocessing.parent_process()
    if stage is not None:
        threading.Thread(target=_outlive_not, args=(stage.sentinel,), daemon=True).start()
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def die_with_parent(parent: int | None = None) -> None:
    """Ask the kernel for SIGKILL when this process's parent ends; `parent`: its id, as it may have ended already.

    Call it in the main thread: Linux forgets the wish of a thread that ends.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = parent or os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        die()


def die_with(pid: int) -> None:
    """End this process when another one ends or has ended."""
    try:
        threading.Thread(target=_outlive_not, args=(os.pidfd_open(pid),), daemon=True).start()
    except ProcessLookupError:
        die()


def _outlive_not(sentinel: int) -> None:
    """Wait for the end of the process that a file descriptor stands for."""
    select.select([sentinel], [], [])
    die()


def die() -> None:
    """End this process at once, as a kill does."""
    os.kill(os.getpid(), signal.SIGKILL)
