"""Stages end with the `dvc repro` that ordered them, and runs with the `vermilion serve` that started them.

In: the environment that DVC and the server give. Out: this process ends when they do. Linux; elsewhere nothing happens.
How a process is tied to another is in tasks/base/processes.py.
"""

import os
import sys
from pathlib import Path

from tasks.base.processes import die, die_with, die_with_parent

FORKS = "VERMILION_FORKS"
"""Environment variable naming the DVC process whose forks a stage may be: of several that run stages, the first."""
SERVER_PID = "VERMILION_SERVER_PID"
"""Environment variable naming the `vermilion serve` that started a run; the run ends with it."""


def die_with_server() -> None:
    """A run that `vermilion serve` started ends when that is killed. Elsewhere nothing happens."""
    if server := os.environ.pop(SERVER_PID, None):
        die_with_parent(int(server))


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
            die()
    except ProcessLookupError:
        die()
    if runner != os.getppid():
        die_with(runner)
    return runner


def _is_of_the_stage(pid: int) -> bool:
    """Whether a process is the stage's shell: DVC gives DVC_STAGE to its children and has none itself."""
    try:
        return b"\0DVC_STAGE=" in b"\0" + Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
