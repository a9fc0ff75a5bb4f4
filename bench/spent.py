"""What a program costs: wall seconds, and CPU seconds of all its processes, those too that it leaves behind.

In: a command. Out: `Spent`. The processes that stages are forked from belong to nobody who waits for them, so a small
program adopts them and waits until the last has ended. Linux only. Knows nothing of what is run.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_ADOPTING = """
import ctypes, json, os, resource, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
code = subprocess.call(sys.argv[2:])
try:
    while os.wait():
        pass
except ChildProcessError:
    pass
used = resource.getrusage(resource.RUSAGE_CHILDREN)
open(sys.argv[1], "w").write(json.dumps(used.ru_utime + used.ru_stime))
sys.exit(code)
"""
"""36: PR_SET_CHILD_SUBREAPER. The first argument is the file for the answer."""


class Spent(NamedTuple):
    """Seconds by the clock until the program ended, CPU seconds of all processes, and what it printed."""

    wall: float
    cpu: float
    said: str


def spent(command: Sequence[str], folder: Path, environment: Mapping[str, str], answer: Path) -> Spent:
    """Run the command in the folder; `answer`: a file that may be overwritten. RuntimeError where it fails."""
    words = [sys.executable, "-c", _ADOPTING, str(answer), *command]
    begun = time.perf_counter()
    done = subprocess.run(words, cwd=folder, env=environment, text=True, capture_output=True, check=False)
    wall = time.perf_counter() - begun
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} exited {done.returncode}:\n{done.stdout}{done.stderr}")
    return Spent(wall, json.loads(answer.read_text()), done.stdout + done.stderr)
