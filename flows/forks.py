"""Stages that start at once: one process of a DVC run imports what stages need, and stages are its forks.

In: `python -m flows STAGE ...`, ordered by DVC. Out: the stage's exit code. The first stage of a `dvc repro` leaves
such a process behind, the second one wakes it, and from the third on stages are forks. A run of one stage pays nothing.
`vermilion rebuild` knows its stages and begins the process before the first of them. What a stage needs
(flows/needs.py) is imported before it is forked, so that what several stages need is imported once: torch, diffusers
and Prefect take 2 to 10 seconds. What runs is the same code with the same environment and the same open files; a stage
runs by itself where a source file has changed since it was imported.

A fork ends when DVC or the process that asked for it ends. Linux only; elsewhere stages start by themselves. Nobody but
the user reaches the process: it listens on a socket in a folder that no other account may enter. Knows nothing of what
stages do.
"""

import atexit
import gc
import importlib
import json
import os
import select
import selectors
import shutil
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from flows.running.sockets import address_of, is_ours, is_taken, socket_of, tidy
from tasks.base.processes import die_with, die_with_parent

REFUSED = b"refused"

SECONDS_TO_ASK = 10.0
"""Who has connected and not said within this what it wants is not waited for."""


def run_in_fork(arguments: list[str], dvc: int) -> int | None:
    """Run `python -m flows` with these arguments as a fork of the process that belongs to a DVC process.

    None where that cannot be yet: then the stage runs by itself, and the next ones have a process to ask.
    """
    if not sys.platform.startswith("linux"):
        return None
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            with address_of(dvc) as address:
                asking.connect(address)
            if not is_ours(asking):
                return None
            wanted = {"arguments": arguments, "folder": str(Path.cwd()), "environment": dict(os.environ)}
            content = json.dumps(wanted).encode()
            socket.send_fds(asking, [len(content).to_bytes(8, "big")], [0, 1, 2])
            asking.sendall(content)
        except (FileNotFoundError, ConnectionRefusedError):
            begin_process(dvc, [], os.environ)
            return None
        except OSError:
            return None
        try:
            answer = b"".join(iter(lambda: asking.recv(64), b""))
        except ConnectionResetError:  # it ended before it read the question
            return None
    if answer == REFUSED:
        return None
    return int(answer) if answer else 1


def begin_process(dvc: int, stages: Sequence[str], environment: Mapping[str, str]) -> None:
    """Leave the process behind. Nobody waits for it, so it has none of our files open.

    `stages`: what will be asked for, as far as that is known; what they need is imported at once, in their order, and
    the process can be asked when this returns.
    """
    if not sys.platform.startswith("linux"):
        return
    python = shutil.which("python", path=environment.get("PATH")) or sys.executable  # which is what dvc.yaml calls
    command = [python, "-m", "flows.forks", str(dvc), *stages]
    files: list[tuple[Any, ...]] = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    ready, told = os.pipe()
    try:
        if stages:
            files[1] = (os.POSIX_SPAWN_DUP2, told, 1)
        os.posix_spawn(python, command, environment, file_actions=files, setsid=True)
        os.close(told)
        select.select([ready], [], [], SECONDS_TO_ASK)  # it closes its output, or has ended
    finally:
        os.close(ready)


@dataclass(frozen=True)
class _Fork:
    """A stage that runs, and the process that asked for it."""

    pid: int
    asking: socket.socket


def serve(dvc: int, stages: Sequence[str]) -> None:
    """Fork for everyone who asks, until DVC ends. What `stages` need is imported while nobody asks."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        end = os.pidfd_open(dvc)
        with address_of(dvc) as address:
            if is_taken(address):
                return
            Path(address).unlink(missing_ok=True)  # left by a process that was killed
            listener.bind(address)
            listener.listen()
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)  # whoever began it may ask now
        own = socket_of(dvc)
        tidy()
    except OSError:  # DVC has ended, or the folder is no place for sockets
        return
    try:
        _answer(dvc, end, listener, stages)
    finally:  # a fork never comes here
        own.unlink(missing_ok=True)


def _answer(dvc: int, end: int, listener: socket.socket, stages: Sequence[str]) -> None:
    """Fork for everyone who asks, until `end` says that DVC has ended."""
    from flows.needs import needs  # which imports much that who asks does not need

    missing, seen = deque(dict.fromkeys(name for stage in stages for name in needs(stage))), dict[Path, int]()
    if missing:
        _import(missing.popleft(), seen)
    waiting = selectors.DefaultSelector()
    waiting.register(listener, selectors.EVENT_READ)
    waiting.register(end, selectors.EVENT_READ)
    while True:
        asked = waiting.select(0 if missing else None)
        if not asked:
            _import(missing.popleft(), seen)
        for key, _ in asked:
            if key.fileobj == end:
                return
            if key.fileobj is listener:
                asking, _ = listener.accept()
                wanted = _begin(asking, seen, waiting, dvc)
                if wanted and not seen:
                    missing.extend(needs(wanted))
            elif key.fileobj is key.data.asking:
                _abandon(key.data, waiting)
            else:
                _finish(key.data, int(key.fd), waiting)


def _import(name: str, seen: dict[Path, int]) -> None:
    """Import a module of ours, and what modules of ours name (`IMPORTED_LATER`) as imported by their functions.

    `seen`: the files imported so far, with the time of their last change.
    """
    with suppress(ModuleNotFoundError):  # a stage of another project's dvc.yaml, which will say so
        importlib.import_module(name)
    ours = [own for own in list(sys.modules) if own.partition(".")[0] in ("__main__", "flows", "tasks")]
    for later in [later for own in ours for later in getattr(sys.modules[own], "IMPORTED_LATER", ())]:
        with suppress(ImportError):  # whoever needs it will say so
            importlib.import_module(later)
    if threading.active_count() > 1:  # idle threads of OpenBLAS and jemalloc know how to be forked, Python's do not
        sys.exit(f"flows.forks: importing {name} started a thread, so forking is not safe; stages start by themselves")
    gc.freeze()  # a fork's collector leaves alone what is there, and its pages stay shared
    files = [Path(file) for own in ours if (file := getattr(sys.modules[own], "__file__", None))]
    seen.update({file: file.stat().st_mtime_ns for file in files if file not in seen})


def _unchanged(seen: dict[Path, int]) -> bool:
    with suppress(OSError):
        return all(file.stat().st_mtime_ns == time for file, time in seen.items())
    return False


def _settle(stage: str, seen: dict[Path, int]) -> None:
    """Import what the stage needs, and read the numbers: a fork has both from here."""
    from flows.needs import needs
    from flows.running.readiness import numbers
    from tasks.errors import InputError
    from tasks.params import load
    from tasks.params.running import Systems

    for name in needs(stage):
        if name not in sys.modules:
            _import(name, seen)
    numbers(Path())
    with suppress(InputError):  # the stage will say so
        load(Systems, "systems")


def _begin(asking: socket.socket, seen: dict[Path, int], waiting: selectors.BaseSelector, dvc: int) -> str | None:
    """Fork for the process that asks. In the fork this ends the process, in its parent it returns at once.

    The name of the stage that was asked for; None where nothing can be made of the question.
    """
    files: list[int] = []
    try:
        asking.settimeout(SECONDS_TO_ASK)
        if not is_ours(asking):
            raise PermissionError
        head, files, _, _ = socket.recv_fds(asking, 8, 3)
        left, content = int.from_bytes(head, "big"), b""
        while left and (part := asking.recv(left)):
            content, left = content + part, left - len(part)
        wanted = json.loads(content)
        asking.settimeout(None)
    except (OSError, ValueError):
        for file in files:
            os.close(file)
        asking.close()
        return None
    stage, pid = str((wanted["arguments"] or [""])[0]), 0
    try:
        ready = bool(seen) and _unchanged(seen)
        if ready:
            _settle(stage, seen)
    except BaseException:
        _refuse(asking)
        raise
    if not ready:
        _refuse(asking)
    elif (pid := os.fork()) == 0:
        waiting.close()
        _become(wanted, files, dvc)
    for file in files:
        os.close(file)
    if not pid:
        asking.close()
        return stage
    fork = _Fork(pid, asking)
    waiting.register(asking, selectors.EVENT_READ, fork)
    waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, fork)
    return stage


def _refuse(asking: socket.socket) -> None:
    """Say that the stage has to start by itself."""
    with suppress(OSError):
        asking.sendall(REFUSED)


def _become(wanted: dict[str, object], files: list[int], dvc: int) -> None:
    """In the fork: be the process that asked, then run the stage and end as a process of its own would."""
    die_with_parent()
    die_with(dvc)
    for target, file in enumerate(files):
        os.dup2(file, target)
    os.chdir(str(wanted["folder"]))
    os.environ.clear()
    os.environ.update(wanted["environment"])  # type: ignore[call-overload]
    from flows.launch import launch

    code: object = None
    try:
        launch(wanted["arguments"])  # type: ignore[arg-type]
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    _leave(code)


def _leave(code: object) -> NoReturn:
    """End as Python does, but without taking apart everything that was imported: that costs a fork 2 s of a core."""
    if isinstance(code, str):
        print(code, file=sys.stderr)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _abandon(fork: _Fork, waiting: selectors.BaseSelector) -> None:
    """The process that asked has died, or has its answer: the fork has ended already."""
    waiting.unregister(fork.asking)
    fork.asking.close()
    with suppress(ProcessLookupError):
        os.kill(fork.pid, signal.SIGKILL)


def _finish(fork: _Fork, pidfd: int, waiting: selectors.BaseSelector) -> None:
    """The fork has ended: tell the process that asked its exit code."""
    waiting.unregister(pidfd)
    os.close(pidfd)
    _, status = os.waitpid(fork.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if fork.asking.fileno() >= 0:
        waiting.unregister(fork.asking)
        with suppress(OSError):
            fork.asking.sendall(str(code if code >= 0 else 128 - code).encode())
        fork.asking.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2:])
