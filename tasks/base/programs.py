"""Another program, run to its end or to a limit of time. What it left in the background is not waited for.

In: a command, its folder, what it gets as input. Out: how it ended and what it said. At the limit, and when we are
stopped, it ends with all its children. No shell, no terminal. Knows nothing of what programs are for.
"""

import re
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import psutil

from tasks.base.escaping import said

GRACE = 2.0
"""Seconds in which a program that is stopped can tidy up: git takes its locks away."""

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

    Files take what it says: a pipe would stay open for as long as a child in the background lives.
    """
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(text.encode())
        given.seek(0)
        process = subprocess.Popen(command, cwd=root, env=environment, stdin=given, stdout=out, stderr=err)
        try:
            code = process.wait(limit)
        except BaseException:
            _stop(process)
            raise
        out.seek(0)
        err.seek(0)
        return Ended(code, out.read().decode(errors="replace"), err.read().decode(errors="replace"))


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
