"""The DVC repository as a pipeline run sees it: one process that has DVC imported, asked stage by stage.

In: requests to `flows.repository.reproduction`. Out: its answers, and what DVC and the stages print, line by line. A
stage is ended with its parent: on leaving the context by SIGTERM, when this process is killed by the closed pipe.
Imports no DVC, so that Prefect's process keeps its own logging and signals. Knows nothing of Prefect.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tasks.errors import InputError

Say = Callable[[str], None]
GRACE_SECONDS = 10.0


class RequestFailed(InputError):
    """What DVC said when it could not do what was asked, in one line."""


class Repository:
    """DVC in a process of its own; started on the first request, and again if it was killed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self.for_stages: dict[str, str] = {}
        """What stages find in their environment besides."""
        self.mark = uuid.uuid4().hex
        self.process: subprocess.Popen[str] | None = None
        self.ended = False
        """Nothing is asked any more, by no thread."""
        self._starting = threading.Lock()

    def ask(self, act: str, say: Say, **arguments: Any) -> Any:
        """Do one of `flows.repository.reproduction`'s acts; `say` takes every line printed meanwhile. RequestFailed."""
        process = self._started()
        assert process.stdin and process.stdout
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps({"act": act, "environment": self.for_stages, **arguments}) + "\n")
            process.stdin.flush()
        for line in process.stdout:
            text, marked, answer = line.rstrip("\n").partition(self.mark)
            if text.strip():
                say(text.rstrip())
            if marked:
                return _value(json.loads(answer))
        self.close()
        raise RequestFailed(f"the process that runs DVC was killed (exit code {process.returncode})")

    @property
    def pid(self) -> int:
        """The process that DVC's stages are ordered by."""
        return self._started().pid

    def _started(self) -> "subprocess.Popen[str]":
        with self._starting:
            if self.ended:
                raise RequestFailed("the run is ending")
            if self.process is None or self.process.poll() is not None:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "flows.repository.reproduction", self.mark],
                    env=self.environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                    start_new_session=True,
                )
            return self.process

    def end(self) -> None:
        """From now on nothing is asked; the process and its stage are asked to end. `close` waits for them."""
        with self._starting:
            self.ended = True
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)

    def close(self) -> None:
        """End the process and the stage that it runs: asked first, so that DVC gives its locks back."""
        if self.process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE_SECONDS)
        assert self.process.stdin and self.process.stdout
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()


def _value(answer: Mapping[str, Any]) -> Any:
    if "error" in answer:
        raise RequestFailed(answer["error"])
    return answer["value"]


def end_all(repositories: Sequence[Repository]) -> None:
    """End all processes and their stages at the same time."""
    for repository in repositories:
        repository.end()
    for repository in repositories:
        repository.close()


@contextmanager
def opened(environment: Mapping[str, str], say: Say, at_once: int = 1) -> Iterator[list[Repository]]:
    """The current folder's repository, for one pipeline run at a time; another one waits and says so.

    `at_once`: by how many processes of DVC, so many stages can run at the same time; the first one starts now.
    """
    folder = Path(".dvc")
    if not folder.is_dir():
        raise InputError(f"{Path.cwd()}: no DVC repository; run this in the project's folder")
    (folder / "tmp").mkdir(exist_ok=True)
    alone = FileLock(folder / "tmp/rebuild.lock")
    repositories = [Repository(_for_stages(environment)) for _ in range(at_once)]
    repositories[0]._started()
    try:
        try:
            alone.acquire(timeout=0)
        except Timeout:
            say("waiting: another rebuild of this project is running")
            alone.acquire()
        yield repositories
    finally:
        end_all(repositories)
        alone.release()


def _for_stages(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without Prefect's words to this one run, our `python` first in PATH."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT__")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{own.get('PATH', '')}"
    return own | {"PATH": path, "PYTHONUNBUFFERED": "1", "DVC_NO_ANALYTICS": "1"} | dict(more)
