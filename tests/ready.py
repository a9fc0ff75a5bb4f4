"""A process that has imported what programs of a project import, and forks: a fork is a program that starts at once.

In: a command, its folder, its environment, its open files. Out: its exit code, negative where a signal ended it.
Prefect takes 1 s to import, what all stages need 10 s. Only other people's packages are imported before the fork. The
project's code, which may be a copy that a test changed, and what it reads of the environment, the fork imports itself.
So it is what a new process is, but for the seed of hashes and for /proc, which has another environment for it. Where
the process is the subject a test starts one (`started` in tests/project.py, tests/family.py). One process for all of
pytest's workers; it ends with pytest. Linux.

`python -m flows.forks`, which a run leaves behind, is such a fork too where the folder `programs` is first on the path.
"""

import atexit
import ctypes
import gc
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

PLACE = "VERMILION_TEST_READY"
"""Names the folder of the socket in the environment of pytest's workers."""
MODULES = ("python -m flows", "python -m flows.repository")
FORKS = ["-m", "flows.forks"]
LISTENER = 3
PYTHON = """#!/bin/sh
case "$1 $2" in "{forks}") exec {python} {here} "$@" ;; esac
exec {python} "$@"
"""
PROJECT = Path(__file__).resolve().parents[1]
_COMMANDS = """
prefect.main prefect.client.orchestration prefect.flow_engine prefect.task_engine prefect.artifacts prefect.runtime
prefect.logging.handlers prefect.cache_policies prefect.futures prefect.task_runners
typer rich.console rich.table tqdm pydantic filelock psutil jinja2 httpx PIL.Image numpy pandas pyarrow.parquet cv2
dvc.cli dvc.repo dvc.repo.reproduce dvc.repo.status dvc.commands.repro dvc.commands.status dvc.commands.dag
"""
_STAGES = """
scipy.stats scipy.ndimage scipy.optimize scipy.spatial sklearn.metrics matplotlib.figure torch torchvision
transformers diffusers peft safetensors.torch onnxruntime dlib
"""
COMMANDS, STAGES = _COMMANDS.split(), _STAGES.split()
"""What commands import, and what stages do beside that, taken together."""


def begin() -> None:
    """Start the process, which ends with this one, and name it in the environment. Elsewhere than on Linux: nothing."""
    if not sys.platform.startswith("linux"):
        return
    folder = Path(tempfile.mkdtemp(prefix="vermilion-ready-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "programs").mkdir()
    (folder / "programs/python").write_text(
        PYTHON.format(forks=" ".join(FORKS), python=sys.executable, here=f"-E {__file__}")
    )
    (folder / "programs/python").chmod(0o700)
    os.environ[PLACE] = str(folder)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "DVC", "PYTHONPATH"))}
    own |= {"OMP_NUM_THREADS": "1", "PREFECT_HOME": str(folder / "prefect")}
    files: list[tuple[Any, ...]] = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
        listener.listen(64)
        files.append((os.POSIX_SPAWN_DUP2, listener.fileno(), LISTENER))
        os.posix_spawn(sys.executable, [sys.executable, __file__], own, file_actions=files)


def answers(command: Sequence[str]) -> bool:
    """Whether the process is there, and the command is one of the project's.

    `dvc` itself has no Prefect, which would have its log show tracebacks.
    """
    ours = command[0] == "vermilion" or " ".join(command[:3]) in MODULES
    return ours and PLACE in os.environ


def programs() -> str:
    """The folder that has to be first on the path so that the project's own process of forks is a fork, too."""
    return str(Path(os.environ[PLACE]) / "programs")


class Fork:
    """A program that runs, with these files as 0, 1 and 2; its process id. `large`: it imports torch or its like.

    ConnectionError: nobody answers.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], files: Sequence[int], large: bool
    ) -> None:
        wanted = {"command": command, "folder": str(folder), "environment": dict(environment), "large": large}
        content = json.dumps(wanted).encode()
        self._asking = socket.socket(socket.AF_UNIX)
        self._asking.connect(str(Path(os.environ[PLACE]) / "socket"))
        socket.send_fds(self._asking, [len(content).to_bytes(8, "big")], list(files))
        self._asking.sendall(content)
        self.pid = int.from_bytes(self._asking.recv(8), "big")
        self._code: int | None = None

    def wait(self, seconds: float | None = None) -> int:
        """Its exit code. TimeoutError: it still runs."""
        if self._code is None:
            self._asking.settimeout(seconds)
            answer = b"".join(iter(lambda: self._asking.recv(64), b""))
            if not answer:
                raise ConnectionError(f"the process of {__file__} has ended")
            self._code = int(answer)
            self._asking.close()
        return self._code

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        with suppress(TimeoutError, BlockingIOError):
            return self.wait(0)
        return None

    def kill(self) -> None:
        """End it at once."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Nobody asks any more: it is ended if it still runs."""
        self._asking.close()


def python(*words: str, output: int | None = None, **extra: str) -> "Fork | subprocess.Popen[bytes]":
    """`python WORDS` on the project's code, as a fork that has torch and its like; `output`: where it prints to.

    It is a process of its own, which can be killed.
    """
    own = os.environ | {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"} | extra
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - a file that is read and written
        files = [nothing.fileno(), nothing.fileno() if output is None else output, nothing.fileno()]
        if PLACE in os.environ:
            return Fork(["python", *words], PROJECT, own, files, large=True)
        command = [sys.executable, *words]
        return subprocess.Popen(command, cwd=PROJECT, env=own, stdin=files[0], stdout=files[1], stderr=files[2])


def serve() -> None:
    """Fork for everyone who asks, until pytest ends."""
    pytest = os.getppid()
    ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)  # PR_SET_PDEATHSIG
    if os.getppid() != pytest:
        return
    told = sys.excepthook
    runpy.run_path(str(PROJECT / "flows/__init__.py"))  # what it settles is settled before packages are imported
    sys.excepthook = told
    listener = socket.socket(fileno=LISTENER)
    waiting = selectors.DefaultSelector()
    waiting.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            if key.fileobj is listener:
                _begin(listener.accept()[0], waiting)
            elif isinstance(key.fileobj, socket.socket):  # who asked has gone; when the fork ends, it is seen to below
                waiting.unregister(key.fileobj)
                key.fileobj.close()
                os.kill(key.data, signal.SIGKILL)
            else:
                _finish(int(key.fd), key.data, waiting)


def _import(names: list[str]) -> None:
    for name in names:
        with suppress(ImportError):
            importlib.import_module(name)
    if threading.active_count() > 1:
        sys.exit(f"{names[0]} ...: importing them started a thread, so forking is not safe")
    gc.freeze()


def _begin(asking: socket.socket, waiting: selectors.BaseSelector) -> None:
    """Fork for who asks."""
    head, files, _, _ = socket.recv_fds(asking, 8, 3)
    size, content = int.from_bytes(head, "big"), b""
    while len(content) < size and (part := asking.recv(size - len(content))):
        content += part
    wanted = json.loads(content)
    _import(COMMANDS)
    if wanted["large"]:
        _import(STAGES)
    left = wanted["command"][1:3] == FORKS
    if (pid := os.fork()) == 0:
        waiting.close()
        asking.close()
        if left:
            os.setsid()
        _become(wanted, files)
    for file in files:
        os.close(file)
    with suppress(OSError):
        asking.sendall(pid.to_bytes(8, "big"))
    if left:  # nobody waits for it
        asking.close()
    else:
        waiting.register(asking, selectors.EVENT_READ, pid)
    waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, asking))


def _finish(ended: int, fork: tuple[int, socket.socket], waiting: selectors.BaseSelector) -> None:
    """Tell who asked how the fork ended."""
    pid, asking = fork
    waiting.unregister(ended)
    os.close(ended)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if asking.fileno() >= 0:
        waiting.unregister(asking)
        with suppress(OSError):
            asking.sendall(str(code).encode())
        asking.close()


def _become(wanted: dict[str, Any], files: list[int]) -> NoReturn:
    """In the fork: be a new process, run the command, end as Python does but take nothing apart."""
    for target, file in enumerate(files):
        os.dup2(file, target)
    os.closerange(LISTENER, 256)
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    code: object = None
    try:
        _settle()
        _run(wanted["command"])
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _settle() -> None:
    """What packages read when they were imported, and Python when it started, is read again."""
    import multiprocessing.process

    import numpy as np
    from prefect import context
    from prefect.logging.configuration import setup_logging

    multiprocessing.process.ORIGINAL_DIR = str(Path.cwd())  # type: ignore[attr-defined]
    sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    np.random.seed()
    context.refresh_global_settings_context()
    setup_logging()
    with suppress(ImportError):
        importlib.import_module("sitecustomize")


def _run(command: list[str]) -> None:
    """What Python does with its command line: `-m MODULE`, a script, or a program on the path."""
    name, *words = command
    if name == "python" and words[0] in ("-m", "-c"):
        sys.path.insert(0, str(Path.cwd()))
        sys.argv = [words[0], *words[2:]]
        if words[0] == "-m":
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.modules["__main__"] = main = types.ModuleType("__main__")
            exec(words[1], main.__dict__)
        return
    script, *given = words if name == "python" else [str(shutil.which(name)), *words]
    sys.path.insert(0, str(Path(script).parent))
    sys.argv = [script, *given]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file, in which other modules have names of packages
    if sys.argv[1:]:
        Fork(["python", *sys.argv[1:]], Path.cwd(), os.environ, [0, 1, 2], large=True)
    else:
        serve()
