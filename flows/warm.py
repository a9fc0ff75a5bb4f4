"""Stages that start at once: in a run of the pipeline one process imports what they need, and stages are its forks.

In: `python -m flows STAGE ...` with VERMILION_WARM naming the process's socket. Out: the stage's exit code. What runs
is the same code with the same environment and the same open files; a stage starts by itself, as always, where no
such process is there, or where a source file has changed since it was imported. Imports are most of what a
stage costs that has little to compute: torch, scikit-learn and Prefect take 2 to 7 seconds.

Whoever asks and dies takes the fork with it, and so does the process that forks. Linux only; elsewhere stages start
by themselves. Knows nothing of what stages do.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from flows import PROJECT
from flows.processes import die_with_parent

ADDRESS = "VERMILION_WARM"
"""Environment variable with the path of the warm process's socket."""

REFUSED = b"refused"


@contextmanager
def stages() -> Iterator[dict[str, str]]:
    """A warm process for the length of the block, and the environment by which stages find it."""
    if not sys.platform.startswith("linux"):
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="vermilion-") as folder:  # nobody else may enter it
        path = Path(folder) / "stages"
        command = [sys.executable, "-m", "flows.warm", str(path)]
        process = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)
        try:
            yield {ADDRESS: str(path)}
        finally:
            process.kill()
            process.wait()


def run_in_fork(arguments: list[str]) -> int | None:
    """Run `python -m flows` with these arguments as a fork of the warm process; None where that cannot be."""
    path = os.environ.get(ADDRESS)
    if not path:
        return None
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(path)
            wanted = {"arguments": arguments, "folder": str(Path.cwd()), "environment": dict(os.environ)}
            content = json.dumps(wanted).encode()
            socket.send_fds(asking, [len(content).to_bytes(8, "big")], [0, 1, 2])
            asking.sendall(content)
        except OSError:
            return None
        answer = b"".join(iter(lambda: asking.recv(64), b""))
    if answer == REFUSED:
        return None
    return int(answer) if answer else 1


@dataclass(frozen=True)
class _Fork:
    """A stage that runs, and who asked for it."""

    pid: int
    asking: socket.socket


def serve(path: Path) -> None:
    """Fork for everyone who asks, until killed; import what stages need while nobody does.

    A fork imports by itself what is not there yet, so the first stages need not wait for the last ones' libraries.
    """
    die_with_parent()
    missing, seen = deque(_modules()), dict[Path, int]()
    listener = socket.socket(socket.AF_UNIX)
    _import(missing.popleft(), seen)
    listener.bind(str(path))
    listener.listen()
    waiting = selectors.DefaultSelector()
    waiting.register(listener, selectors.EVENT_READ)
    while True:
        asked = waiting.select(0 if missing else None)
        if not asked:
            _import(missing.popleft(), seen)
        for key, _ in asked:
            if key.fileobj is listener:
                asking, _ = listener.accept()
                _begin(asking, seen, waiting)
            elif key.fileobj is key.data.asking:
                _abandon(key.data, waiting)
            else:
                _finish(key.data, int(key.fd), waiting)


def _modules() -> list[str]:
    """What all stages need, then the stages' own modules in the order of dvc.yaml, then what they import late."""
    import yaml

    stages = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"] if Path("dvc.yaml").exists() else ()
    names = ["flows.incremental", *(f"flows.{stage.split('_')[0]}" for stage in stages)]
    names += [module.name for module in pkgutil.walk_packages([str(PROJECT / "tasks")], "tasks.")]
    return list(dict.fromkeys(names))


def _import(name: str, seen: dict[Path, int]) -> None:
    """Import a module of ours; `seen`: the files imported so far, with the time of their last change."""
    with suppress(ModuleNotFoundError):  # a stage of another project's dvc.yaml, which will say so
        importlib.import_module(name)
    if threading.active_count() > 1:  # idle threads of OpenBLAS and jemalloc know how to be forked, Python's do not
        sys.exit(f"flows.warm: importing {name} started a thread, so forking is not safe; stages start by themselves")
    gc.freeze()  # a fork's collector leaves alone what is there, and its pages stay shared
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    ours = [Path(file) for file in files if file and Path(file).is_relative_to(PROJECT) and "site-packages" not in file]
    seen.update({file: file.stat().st_mtime_ns for file in ours if file not in seen})


def _unchanged(seen: dict[Path, int]) -> bool:
    with suppress(OSError):
        return all(file.stat().st_mtime_ns == time for file, time in seen.items())
    return False


def _begin(asking: socket.socket, seen: dict[Path, int], waiting: selectors.BaseSelector) -> None:
    """Fork for who asks. In the fork this ends the process, in its parent it returns at once."""
    try:
        head, files, _, _ = socket.recv_fds(asking, 8, 3)
        left, content = int.from_bytes(head, "big"), b""
        while left and (part := asking.recv(left)):
            content, left = content + part, left - len(part)
        wanted = json.loads(content)
    except (OSError, ValueError):
        asking.close()
        return
    if not _unchanged(seen):
        asking.sendall(REFUSED)
        pid = 0
    elif (pid := os.fork()) == 0:
        waiting.close()
        _become(wanted, files)
    for file in files:
        os.close(file)
    if not pid:
        asking.close()
        return
    fork = _Fork(pid, asking)
    waiting.register(asking, selectors.EVENT_READ, fork)
    waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, fork)


def _become(wanted: dict[str, object], files: list[int]) -> None:
    """In the fork: be the process that asked, then run the stage and end as a process of its own would."""
    die_with_parent()
    for target, file in enumerate(files):
        os.dup2(file, target)
    os.chdir(str(wanted["folder"]))
    os.environ.clear()
    os.environ.update(wanted["environment"])  # type: ignore[call-overload]
    from flows.__main__ import run

    code: object = None
    try:
        run(wanted["arguments"])  # type: ignore[arg-type]
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
    """Who asked has died, or has its answer: then the fork has ended already."""
    waiting.unregister(fork.asking)
    fork.asking.close()
    with suppress(ProcessLookupError):
        os.kill(fork.pid, signal.SIGKILL)


def _finish(fork: _Fork, pidfd: int, waiting: selectors.BaseSelector) -> None:
    """The fork has ended: tell who asked with what exit code."""
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
    serve(Path(sys.argv[1]))
