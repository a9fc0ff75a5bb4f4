"""A process with limits that opens files: who takes too long or too much memory has failed.

`opened(folder)` opens every file of `folder`/files in a process of its own whose memory is limited to what the file may
cost; it says of each what came out, the seconds and the megabytes.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from flows import PROJECT

SECONDS = 10.0
"""That one file may take, on a busy machine; most take milliseconds."""
SPARE = 192
"""Megabytes that a reader may take besides, for itself."""
TIMES = 16
"""How many times its own size a file may take besides."""

OPENER = """
import json, os, resource, sys, time
from pathlib import Path
os.chdir(sys.argv[1])
import torch
from tests.opening import OPENERS
from tasks.errors import InputError
warm = torch.zeros(8) @ torch.zeros(8, 8)
if Path("base").exists():
    OPENERS["folder"](Path("base"))

def status(name):
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[name].split()[0]) // 1024

for path in sorted(Path("files").iterdir()):
    kind, _, _ = path.name.partition("-")
    size = path.stat().st_size >> 20
    room = SPARE + TIMES * min(size, 1024)
    Path("/proc/self/clear_refs").write_text("5")
    before, limit = status("VmRSS"), (status("VmSize") + room + 256) << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    print(json.dumps({"begins": path.name}), flush=True)
    start = time.perf_counter()
    try:
        OPENERS[kind](path)
        outcome = "opened"
    except InputError as error:
        outcome = f"refused: {error}"
    except BaseException as error:
        outcome = f"{type(error).__name__}: {error}"
    seconds, grown = time.perf_counter() - start, status("VmHWM") - before
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    said = {"name": path.name, "outcome": outcome, "seconds": seconds, "megabytes": grown, "room": room}
    print(json.dumps(said), flush=True)
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    name: str
    outcome: str
    seconds: float
    megabytes: int
    room: int

    def flaw(self) -> str | None:
        """What is wrong with how the file was treated; None if it was opened, or refused in one line, and cheaply."""
        if self.seconds > SECONDS or self.megabytes > self.room:
            return f"{self.seconds:.1f} s, {self.megabytes} MB: {self.outcome}"
        if self.outcome == "opened":
            return None
        plain = self.outcome.startswith("refused: ") and self.outcome.isprintable() and len(self.outcome) < 1500
        scarce = any(word in self.outcome.lower() for word in ("memory", "alloc", "recursion"))
        return self.outcome if not plain or scarce else None


def opened(folder: Path, *, seconds: float = 240) -> dict[str, Outcome]:
    """Outcomes of the files in `folder`/files, by name; a file's name says how it is opened: KIND-..."""
    script = OPENER.replace("SPARE", str(SPARE)).replace("TIMES", str(TIMES))
    command = [sys.executable, "-c", script, str(folder)]
    try:
        done = subprocess.run(
            command, cwd=PROJECT, text=True, capture_output=True, timeout=seconds, check=False, env=_environment()
        )
        output, ended = done.stdout, done.stderr[-2000:]
    except subprocess.TimeoutExpired as error:
        output, ended = (error.stdout or b"").decode(), "it never ended"
    said = [json.loads(line) for line in output.splitlines()]
    found = {one["name"]: Outcome(**one) for one in said if "name" in one}
    begun = [one["begins"] for one in said if "begins" in one]
    for name in begun:
        found.setdefault(name, Outcome(name, f"the process ended: {ended}", seconds, 0, 0))
    return found


def _environment() -> dict[str, str]:
    return dict(os.environ) | {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
