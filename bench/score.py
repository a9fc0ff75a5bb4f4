"""What one photograph's score costs, and how long commands take to begin.

    python -m bench.score [--project FOLDER] [--times 5] [--tiny]

In a project that has run (the current folder, or --project): `vermilion score` of its first photograph, by the symmetry
network alone and with the anomaly's generator, `vermilion results`, `vermilion --help`; beside them the least that a
program with torch can cost, which is to import it. Medians after one run that fills the file cache. --tiny: once each,
none before it, without the anomaly.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.spent import spent
from tasks.base import tables
from tasks.errors import InputError
from tasks.evaluation.chapters import CHAPTERS
from tasks.schemas.ingest import IMAGES

VERMILION = str(Path(sys.executable).with_name("vermilion"))
ALONE, SECOND = "symmetry", "anomaly"


def commands(photograph: Path, *, tiny: bool) -> dict[str, list[str]]:
    """By what each row says."""
    score = [VERMILION, "score", str(photograph)]
    found = {
        "vermilion score, symmetry alone": [*score, *_without({ALONE})],
        "vermilion score, symmetry and anomaly": [*score, *_without({ALONE, SECOND})],
        "vermilion results": [VERMILION, "results"],
        "vermilion --help": [VERMILION, "--help"],
        "import torch (the least)": [sys.executable, "-c", "import torch"],
    }
    if tiny:
        del found["vermilion score, symmetry and anomaly"]
    return found


def _without(kept: set[str]) -> list[str]:
    able = [chapter.NAME for chapter in CHAPTERS if chapter.PHOTOGRAPH]
    return [word for name in able if name not in kept for word in ("--without", name)]


def first_photograph(project: Path) -> Path:
    """A repaired patient's. InputError where the project has none."""
    rows = tables.read(project / "data/ingest/images", IMAGES, ["path", "population"]).to_pylist()
    found = [Path(row["path"]) for row in rows if row["population"] == "repaired"]
    if not found:
        raise InputError(f"{project}: no photograph of a repaired patient; run `vermilion rebuild` first")
    return project / found[0]


def measure(project: Path, words: Sequence[str], times: int, *, before: int) -> tuple[float, float]:
    """Median wall and CPU seconds of so many runs, after others that do not count."""
    with tempfile.TemporaryDirectory() as name:
        found = [spent(words, project, os.environ, Path(name) / "answer") for _ in range(before + times)][before:]
    return statistics.median(own.wall for own in found), statistics.median(own.cpu for own in found)


def main(given: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=Path())
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args(given)
    project = options.project.resolve()
    for name, words in commands(first_photograph(project), tiny=options.tiny).items():
        times, before = (1, 0) if options.tiny else (options.times, 1)
        wall, cpu = measure(project, words, times, before=before)
        print(f"{name:38} {wall:5.1f} s {cpu:6.1f} CPU s", flush=True)


if __name__ == "__main__":
    main()
