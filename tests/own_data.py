"""Own data: a part of the drawn photographs, clips and ratings, laid out as a user would have them; and all stages.

In: a small project whose drawn data set is there. Out: a copy of it whose raw folder is that part, and what its stages
print. The stages run one after the other in one process, in the order of dvc.yaml, without DVC.
"""

import csv
import itertools
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from flows import PROJECT
from tests.project import run

RUNNER = "from tests.own_data import run_stages; run_stages()"


def own_project(drawn: Path, folder: Path, keep: Callable[[dict[str, str]], bool], *, rated: bool = True) -> Path:
    """A project in `folder` whose raw data are the lines of `drawn`'s images.csv that `keep` takes; nothing has run."""
    folder.mkdir(parents=True)
    for name in ("flows", "tasks", "params.yaml", "dvc.yaml"):
        source = drawn / name
        target = folder / name
        target.symlink_to(source.resolve()) if source.is_dir() else shutil.copy(source, target)
    shutil.copytree(drawn / "data/.artifacts", folder / "data/.artifacts", copy_function=os.link)
    for name in ("exemplars", "added", "captions"):
        shutil.copytree(drawn / "data" / name, folder / "data" / name)
    raw, mine = drawn / "data/raw/phantoms", folder / "data/raw/mine"
    rows = _read(raw / "images.csv")
    kept = [row for row in rows if keep(row)]
    for row in kept:
        (mine / row["path"]).parent.mkdir(parents=True, exist_ok=True)
        os.link(raw / row["path"], mine / row["path"])
    mine.mkdir(parents=True, exist_ok=True)
    _write(mine / "images.csv", list(rows[0]), kept)
    paths = {row["path"] for row in kept}
    for name in ("ratings.csv", "references.csv") if rated else ():
        found = _read(raw / name)
        _write(mine / name, list(found[0]), [row for row in found if row["path"] in paths])
    numbers = yaml.safe_load((folder / "params.yaml").read_text())
    numbers["data"]["raw"] = "data/raw/mine"
    (folder / "params.yaml").write_text(yaml.safe_dump(numbers, sort_keys=False))
    return folder


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, names: list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def everything(folder: Path) -> str:
    """Run every stage but the drawing; what they print. Fails where one does."""
    return run(folder, sys.executable, "-c", RUNNER, PYTHONPATH=f"{folder}{os.pathsep}{PROJECT}").stdout


def run_stages() -> None:
    """In the project's folder: every stage but the drawing, in the order of dvc.yaml."""
    from flows.launch import launch

    numbers = yaml.safe_load(Path("params.yaml").read_text())
    for name, stage in yaml.safe_load(Path("dvc.yaml").read_text())["stages"].items():
        if name != "phantoms_draw":
            for command in commands(stage, numbers):
                sys.stdout.write(f"> {command[0]}\n")
                launch(command)


def commands(stage: dict[str, Any], numbers: dict[str, Any]) -> list[list[str]]:
    """A stage's command lines, without `python -m flows`: one per value of its matrix."""
    matrix = stage.get("matrix", {})
    found = []
    for values in itertools.product(*matrix.values()):
        known = {f"item.{key}": str(value) for key, value in zip(matrix, values, strict=True)}
        known |= {f"data.{key}": str(value) for key, value in numbers["data"].items()}
        found.append(_filled(stage["cmd"], known).split()[3:])
    return found


def _filled(command: str, known: dict[str, str]) -> str:
    return re.sub(r"\$\{([\w.]+)\}", lambda match: known[match[1]], command)
