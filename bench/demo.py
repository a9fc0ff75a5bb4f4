"""Seconds of every stage of the demo, from nothing: a fresh clone of this project, as `make demo` runs it.

What a stage takes includes what DVC does before and after it. "stolen" are seconds of all processors together that a
virtual machine's host gave to others meanwhile (/proc/stat; Linux): a busy host makes stages slower than they are.

    python -m bench.demo [--system synthesis]
    python -m bench.demo --tiny                 a small project's first stages alone
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

import yaml

from tests.project import SMALL

PROJECT = Path(__file__).resolve().parents[1]
TINY_LAST = "ingest_images"
STEAL = 8
"""Place of stolen time in /proc/stat's first line, after the word."""


def stages(folder: Path, last: str | None) -> Iterator[tuple[str, float, float]]:
    """When each stage of `dvc repro` began: its name, seconds on a clock, seconds stolen so far; at the end, ''.

    `last`: the last one that is run, after all that it needs; None: all of them.
    """
    dvc = [sys.executable, "-m", "flows.repository", "repro", *([last] if last else [])]
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


def make_small(file: Path) -> None:
    """The numbers of the tests' small project in place of the demo's."""
    numbers = yaml.safe_load(file.read_text())
    for block, values in SMALL.items():
        numbers[block] |= values
    file.write_text(yaml.safe_dump(numbers, sort_keys=False))


def main(given: list[str] | None = None) -> None:
    """A line a stage, and the sum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", default="", help="stages whose names begin so are printed; all are run")
    parser.add_argument("--tiny", action="store_true", help=f"stop after {TINY_LAST}, with the tests' numbers")
    options = parser.parse_args(given)
    asked = options.system
    total = [0.0, 0.0]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "vermilion"
        subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(folder)], check=True)
        if options.tiny:
            make_small(folder / "params.yaml")
        for (name, began, before), (_, ended, after) in pairwise(stages(folder, TINY_LAST if options.tiny else None)):
            if name.startswith(asked):
                print(f"{name:28} {ended - began:6.1f} s {after - before:6.1f} s stolen", flush=True)
                total = [total[0] + ended - began, total[1] + after - before]
    print(f"{asked or 'all':28} {total[0]:6.1f} s {total[1]:6.1f} s stolen; {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
