"""Own data: a part of the drawn photographs, clips and ratings, laid out as a user would have them; and all stages.

In: a small project whose drawn data set is there. Out: a copy of it whose raw folder is that part, and what its stages
print. The stages run one after the other in this process, in the order of dvc.yaml, without DVC.
"""

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.here import stages


def own_project(drawn: Path, folder: Path, keep: Callable[[dict[str, str]], bool], *, rated: bool = True) -> Path:
    """A project in `folder` whose raw data are the lines of `drawn`'s images.csv that `keep` takes; nothing has run."""
    folder.mkdir(parents=True)
    for name in ("flows", "tasks", "params.yaml", "dvc.yaml"):
        source = drawn / name
        target = folder / name
        target.symlink_to(source.resolve()) if source.is_dir() else shutil.copy(source, target)
    shutil.copytree(drawn / "data/.artifacts", folder / "data/.artifacts", copy_function=os.link)
    for known in drawn.glob(".prefect/code.json"):  # the digests of the code, which it would parse anew
        (folder / ".prefect").mkdir(mode=0o700)
        shutil.copy(known, folder / ".prefect")
    for name in ("exemplars", "added", "captions", "votes", "repeats"):
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
    names = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]
    return stages(folder, *(name for name in names if name != "phantoms_draw"))
