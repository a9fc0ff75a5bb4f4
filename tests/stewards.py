"""A small project with a drawn photograph in its raw folder, and batches for stewards to bring."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from tasks.base.images import encode_png
from tests.ingest.drawn import face
from tests.project import make_project

IMAGES = ("path", "subject_id", "population", "consent")
RATINGS = ("path", "rater_id", "rater_role", "scale", "score")


PICTURE = encode_png(np.zeros((1, 1, 3), np.uint8))
"""A file that begins as a picture; what follows it makes it another one."""


def draw(path: Path, seed: int = 3, **pose: float) -> Path:
    """A drawn face as a file; another seed is another person."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(face(seed, size=256, **pose).image, cv2.COLOR_RGB2BGR))
    return path


def table(path: Path, header: Sequence[str], rows: Sequence[str | Mapping[str, str]]) -> Path:
    """A CSV file; rows are lines as they stand."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([",".join(header), *map(str, rows)]) + "\n", encoding="utf-8")
    return path


def project(folder: Path) -> Path:
    """A project whose raw folder holds one rated photograph; nothing was run in it."""
    made = make_project(folder, {"data": {"raw": "data/raw/mine"}, "runtime": {"workers": 1}})
    raw = made / "data/raw/mine"
    draw(raw / "first.png", seed=1)
    table(raw / "images.csv", IMAGES, ["first.png,s1,repaired,research"])
    table(raw / "ratings.csv", RATINGS, ["first.png,surgeon,medical,CARS,2"])
    return made


def batch(folder: Path, seed: int = 3) -> Path:
    """A folder with one new photograph and two ratings of it."""
    draw(folder / f"p{seed}.png", seed=seed)
    table(folder / "images.csv", IMAGES, [f"p{seed}.png,s{seed},repaired,research"])
    lines = [f"p{seed}.png,surgeon,medical,CARS,2", f"p{seed}.png,lay_1,lay,CARS,3.5"]
    table(folder / "ratings.csv", RATINGS, lines)
    return folder
