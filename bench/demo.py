"""Seconds of every stage of the demo, from nothing: a fresh clone of this project, as `make demo` runs it.

Stages that do not need each other run at the same time, so their sum is more than the clock says. What a stage takes
includes what DVC does before and after it. "stolen" are seconds of all processors together that a
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
from pathlib import Path

import yaml

from tests.project import SMALL

PROJECT = Path(__file__).resolve().parents[1]
TINY_LAST = "ingest_images"
STEAL = 8
"""Place of stolen time in /proc/stat's first line, after the word."""


def run(folder: Path, last: str | None) -> list[tuple[str, float]]:
    """`vermilion rebuild` in the folder: the seconds of each stage, in DVC's order.

    `last`: the last one that is run, after all that it needs; None: all of them.
    """
    program = Path(sys.executable).with_name("vermilion")
    with subprocess.Popen(
        [program, "rebuild", *([last] if last else [])], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        found = [row for line in running.stdout if (row := re.match(r"(\S+) +Ran +([\d.]+) s", line))]
    if running.returncode:
        sys.exit(f"bench.demo: vermilion rebuild ended with {running.returncode} in {folder}")
    return [(row[1], float(row[2])) for row in found]


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
    """A line a stage, their sum, and what the whole took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", default="", help="stages whose names begin so are printed; all are run")
    parser.add_argument("--tiny", action="store_true", help=f"stop after {TINY_LAST}, with the tests' numbers")
    options = parser.parse_args(given)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "vermilion"
        subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(folder)], check=True)
        if options.tiny:
            make_small(folder / "params.yaml")
        began, before = time.monotonic(), stolen()
        rows = run(folder, TINY_LAST if options.tiny else None)
        took, gone = time.monotonic() - began, stolen() - before
    chosen = [(name, seconds) for name, seconds in rows if name.startswith(options.system)]
    for name, seconds in chosen:
        print(f"{name:28} {seconds:6.1f} s")
    print(f"{options.system or 'all':28} {sum(seconds for _, seconds in chosen):6.1f} s, one after the other")
    print(f"{'by the clock':28} {took:6.1f} s, all stages; {gone:.1f} s stolen; {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
