"""Everything that a started program started, found by a mark in its environment, whatever session or parent it has."""

import contextlib
import os
import signal
import subprocess
import time
import uuid
from pathlib import Path

from tests.project import environment

MARK = "VERMILION_TEST_FAMILY"


class Family:
    """A program in a project's folder, and all its descendants; its output in `log`."""

    def __init__(self, folder: Path, *command: str, **extra: str) -> None:
        self.mark = uuid.uuid4().hex
        self.log = folder.with_name(f"{folder.name}-{self.mark[:8]}.log")
        with self.log.open("w") as log:
            self.head = subprocess.Popen(
                command,
                cwd=folder,
                env=environment(folder) | extra | {MARK: self.mark},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def __enter__(self) -> "Family":
        return self

    def __exit__(self, *_: object) -> None:
        """Nobody is left behind, whatever a test found."""
        for pid in self.members():
            self.kill(pid)
        self.head.wait()

    def members(self) -> dict[int, list[str]]:
        """The living: process id to command line."""
        wanted, found = f"{MARK}={self.mark}".encode(), {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it ended while we looked
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().decode().rstrip("\0").split("\0")
        return found

    def wait(self, seconds: float = 300) -> int:
        """The head's exit code."""
        return self.head.wait(timeout=seconds)

    def kill(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def kill_group(self) -> None:
        """The head and all that share its process group, as a terminal that hangs up or a scheduler does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.head.pid, signal.SIGKILL)

    def survivors(self, seconds: float = 30) -> dict[int, list[str]]:
        """Who is still alive once everybody had `seconds` to go; whoever is left is ended then."""
        until = time.monotonic() + seconds
        while (alive := self.members()) and time.monotonic() < until:
            time.sleep(0.1)
        for pid in alive:
            self.kill(pid)
        return alive

    def said(self) -> str:
        return self.log.read_text(errors="replace")
