"""Seconds of every stage of the demo, from nothing: a fresh clone of this project, `dvc repro`, stage after stage.

What a stage takes includes what DVC does before and after it. "stolen" are seconds of all processors together that a
virtual machine's host gave to others meanwhile (/proc/stat; Linux): a busy host makes stages slower than they are.

    python -m bench.demo [--system synthesis]
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
STEAL = 8
"""Place of stolen time in /proc/stat's first line, after the word."""


def stages(folder: Path) -> Iterator[tuple[str, float, float]]:
    """When each stage of `dvc repro` began: its name, seconds on a clock, seconds stolen so far; at the end, ''."""
    dvc = [sys.executable, "-m", "dvc", "repro"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with subprocess.Popen(dvc, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if found := re.match(r"Running stage '(.+)'", line):
                yield found[1], time.monotonic(), stolen()
    if running.returncode:
        sys.exit(f"bench.demo: dvc repro ended with {running.returncode} in {folder}")
    yield "", time.monotonic(), stolen()


def stolen() -> float:
    """Seconds of all processors since the machine started; 0 where nobody counts."""
    counts = Path("/proc/stat")
    return int(counts.read_text().split()[STEAL]) / os.sysconf("SC_CLK_TCK") if counts.exists() else 0.0


def main() -> None:
    """A line a stage, and the sum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", default="", help="stages whose names begin so are printed; all are run")
    asked = parser.parse_args().system
    total = [0.0, 0.0]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "vermilion"
        subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(folder)], check=True)
        for (name, began, before), (_, ended, after) in pairwise(stages(folder)):
            if name.startswith(asked):
                print(f"{name:28} {ended - began:6.1f} s {after - before:6.1f} s stolen", flush=True)
                total = [total[0] + ended - began, total[1] + after - before]
    print(f"{asked or 'all':28} {total[0]:6.1f} s {total[1]:6.1f} s stolen; {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
