"""Another program, run to its end or to a limit of time or words. What it left in the background is not waited for.

In: a command, its folder, what it gets as input. Out: how it ended and what it said. At the limit, and when we are
stopped, it ends with all its children. No shell, no terminal. Knows nothing of what programs are for.
"""

import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import psutil

from tasks.base.escaping import said
from tasks.errors import InputError

GRACE = 2.0
"""Seconds in which a program that is stopped can tidy up: git takes its locks away."""

MOST_SAID = 64 * 2**20
"""Bytes that a program may say; one that says more is stopped, before it fills the disk."""

LOOK = 0.1
"""Seconds after which it is looked at how much it has said."""

COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Ended:
    """How a program ended, and what it said."""

    code: int
    out: str
    err: str


def run_within(
    limit: float, command: Sequence[str], root: Path, *, text: str = "", environment: Mapping[str, str] | None = None
) -> Ended:
    """Run the command; `text` is its input. subprocess.TimeoutExpired: it took longer than `limit` seconds.

    InputError: it said more than anybody reads.

    Files take what it says: a pipe would stay open for as long as a child in the background lives.
    """
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(text.encode())
        given.seek(0)
        process = subprocess.Popen(command, cwd=root, env=environment, stdin=given, stdout=out, stderr=err)
        try:
            code = _wait(process, limit, (out, err))
        except BaseException:
            _stop(process)
            raise
        out.seek(0)
        err.seek(0)
        return Ended(code, out.read().decode(errors="replace"), err.read().decode(errors="replace"))


def _wait(process: subprocess.Popen[bytes], limit: float, said: Sequence[IO[bytes]]) -> int:
    """Its exit code. As `run_within` says: both errors."""
    until = time.monotonic() + limit
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(min(LOOK, max(0.0, until - time.monotonic())))
        if max(os.fstat(file.fileno()).st_size for file in said) > MOST_SAID:
            raise InputError(f"it said more than {MOST_SAID // 2**20} MiB and was stopped")
        if process.returncode is not None:
            return process.returncode
        if time.monotonic() >= until:
            raise subprocess.TimeoutExpired(process.args, limit)


def last_words(*texts: str) -> str:
    """The last line that shows something, of the first text that has one; without colours, fit for a log."""
    for text in texts:
        for line in reversed(COLOURS.sub("", text).splitlines()):
            if any(letter.isprintable() and not letter.isspace() for letter in line):
                return said(line)
    return ""


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the program and its children: first asked, then by force.

    No process group of their own: whoever ends ours by a signal must reach a git that is half way, too.
    """
    try:
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        family = []
    for one in family:
        with suppress(psutil.NoSuchProcess):
            one.terminate()
    for one in psutil.wait_procs(family, GRACE)[1]:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait()
