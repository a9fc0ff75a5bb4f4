"""One rated photograph more: what is computed again, and the time against re-evaluating everything.

    python -m bench.reevaluation [--photographs 1000] [--served] [--tiny] [--project FOLDER]

Draws the photographs and their raters, trains a network (briefly: its quality is of no interest here), then measures
a re-evaluation from nothing (the peer: what every run would cost without the store) and one after
`vermilion ratings add` of one photograph. Nothing trains in either. --served: with a Prefect server that records both.
--project: with a copy of a project that has run and is committed, which spares the drawing and the training.
"""

import argparse
import contextlib
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.ingest import VARIATION
from bench.spent import Spent, spent
from tasks.phantoms.dataset import draw_faces
from tests.project import SMALL, copy_project, environment, make_project, run
from tests.server import prefect_server

VERMILION = str(Path(sys.executable).with_name("vermilion"))
STILLS = 3
"""Photographs a patient."""

RATERS = [{"rater_id": f"rater_{n}", "role": "lay", "bias": 0, "noise": 0.5, "random_share": 0} for n in range(5)]


def changes(photographs: int) -> dict[str, dict[str, Any]]:
    """The demo's numbers with few controls, a short training, and this many rated photographs."""
    patients = {"repaired_subjects": max(photographs // STILLS, 1), "stills_per_repaired": STILLS, "raters": RATERS}
    return {
        "runtime": {"buckets": 256},
        "phantoms_draw": SMALL["phantoms_draw"] | patients,
        "ingest_frames": SMALL["ingest_frames"],
        "ingest_landmarks": {"min_interocular": 20},
        "symmetry_pairs": SMALL["symmetry_pairs"],
        "symmetry_train": {"steps": 8, "batch_size": 8, "evaluate_every": 4},
    }


def make_trained(folder: Path, changed: dict[str, dict[str, Any]]) -> None:
    """A project with these numbers after its first run, committed."""
    make_project(folder, changed)
    run(folder, "vermilion", "rebuild")
    run(folder, "git", "add", ".")
    run(folder, "git", "commit", "-qm", "first run")


def forget(folder: Path) -> None:
    """Remove what a re-evaluation makes: outs, the store, DVC's copies and memory of runs. Models and pairs stay."""
    kept = {"warps", "pairs", "model"}
    made = [folder / "data" / name for name in (".artifacts", "ingest", "evaluation", "reports")]
    made += [path for path in folder.glob("data/symmetry/*/*") if path.is_dir() and path.name not in kept]
    made += [folder / "data/symmetry/baselines", folder / ".dvc/cache"]
    for path in made:
        shutil.rmtree(path, ignore_errors=True)


Started = Callable[..., Spent]
"""`vermilion` with these words, run in the project."""


def rebuild(started: Started) -> tuple[Spent, list[str]]:
    """Re-evaluate: what it cost, and the run's table of stages: state, seconds, buckets reused and computed."""
    found = started("rebuild", "--no-training")
    return found, re.findall(r"^\S+ +Ran .*$", found.said, re.MULTILINE)


def costs(own: Spent) -> str:
    """Wall and CPU seconds, in words."""
    return f"{own.wall:.1f} s ({own.cpu:.1f} CPU s)"


def batch(folder: Path) -> Path:
    """A folder with one photograph and one rating, as a steward would bring it."""
    (picture,) = draw_faces(folder, 1, seed=99, image_size=256, variation=VARIATION, workers=1)
    name = picture.relative_to(folder)
    (folder / "images.csv").write_text(f"path,subject_id,population,consent\n{name},new,repaired,drawn\n")
    (folder / "ratings.csv").write_text(f"path,rater_id,rater_role,scale,score\n{name},rater_0,lay,CARS,2\n")
    return folder


def main(given: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=int, default=1000)
    parser.add_argument("--served", action="store_true")
    parser.add_argument("--tiny", action="store_true", help="a project as small as those of the tests")
    parser.add_argument("--project", type=Path, help="one that has run and is committed; it is copied")
    options = parser.parse_args(given)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name) / "project"
        if options.project:
            copy_project(options.project, folder)
        else:
            make_trained(folder, SMALL if options.tiny else changes(options.photographs))
        (Path(name) / "server").mkdir()
        around = environment(folder) | {"OMP_NUM_THREADS": "2"}
        if options.served:
            around["PREFECT_API_URL"] = stack.enter_context(prefect_server(Path(name) / "server"))

        def started(*words: str) -> Spent:
            return spent([VERMILION, *words], folder, around, Path(name) / "answer")

        forget(folder)
        full, said = rebuild(started)
        rated = "few" if options.tiny or options.project else options.photographs
        print(f"re-evaluation of everything, {rated} rated photographs: {costs(full)}", *said, sep="\n")
        added = started("ratings", "add", str(batch(Path(name) / "batch")), "--no-run")
        print(f"\nvermilion ratings add, one photograph: {costs(added)}")
        one, said = rebuild(started)
        share = f"{100 * one.cpu / full.cpu:.1f} % of everything's CPU s"
        print(f"re-evaluation after it: {costs(one)}, {share}", *said, sep="\n")
        idle, _ = rebuild(started)
        print(f"re-evaluation with nothing to do: {costs(idle)}")


if __name__ == "__main__":
    main()
