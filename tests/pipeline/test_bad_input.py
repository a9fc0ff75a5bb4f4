"""What a careless raw folder holds, through the whole DAG: every bad photograph is a row with its reason, no crash."""

import csv
import math
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tasks.base import tables
from tasks.schemas.evaluation import SCORES
from tasks.schemas.ingest import IMAGES, LANDMARKS, RATINGS, REFUSALS
from tests.here import stages
from tests.ingest.drawn import face
from tests.own_data import everything
from tests.project import copy_project, set_number

RAW = "data/raw/careless"


def header_bomb() -> bytes:
    """A PNG of a few bytes that says it is 20,000 pixels wide and 15,000 high."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 20_000, 15_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def encoded(suffix: str, image: np.ndarray) -> bytes:
    return cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


def two_faces() -> np.ndarray:
    return np.hstack([face(3).image, face(4).image])


FILES: dict[str, Callable[[], bytes]] = {
    "cut_off.jpg": lambda: encoded(".jpg", face(5).image)[:3000],
    "empty.jpg": lambda: b"",
    "text.jpg": lambda: b"no picture\n",
    "bomb.png": header_bomb,
    "two.png": lambda: encoded(".png", two_faces()),
    "wall.png": lambda: encoded(".png", np.full((300, 300, 3), 120, np.uint8)),
    "profile.png": lambda: encoded(".png", face(6, yaw=75).image),
}
"""Each is refused as a photograph."""

GOOD = "good.png"
GIVEN = [
    (GOOD, "surgeon", "medical", "CARS", "nan"),
    (GOOD, "lay_1", "lay", "CARS", "3"),
    (GOOD, "lay_1", "lay", "CARS", "4"),
    (GOOD, "lay_2", "expert", "CARS", "3"),
    ("nowhere.png", "lay_2", "lay", "CARS", "3"),
]
"""All lines but the second are refused."""


@pytest.fixture(scope="module")
def careless(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built project, its raw folder with all of this added, after all stages have run again."""
    folder = copy_project(built, tmp_path_factory.mktemp("careless") / "project")
    raw = folder / RAW
    shutil.copytree(folder / "data/raw/phantoms", raw)
    rows = list(csv.DictReader((raw / "images.csv").read_text().splitlines()))
    like = next(row for row in rows if row["population"] == "repaired")
    new = {name: f"person_{number}" for number, name in enumerate([*FILES, GOOD, "missing.png"])}
    for name, make in FILES.items():
        (raw / name).write_bytes(make())
    (raw / GOOD).write_bytes(encoded(".png", face(7).image))
    (raw / "twice.png").write_bytes(encoded(".png", face(8).image))
    lines = [*new.items(), ("twice.png", "one"), ("twice.png", "another")]
    with (raw / "images.csv").open("a", newline="") as file:
        csv.DictWriter(file, list(like)).writerows(like | {"path": path, "subject_id": who} for path, who in lines)
    with (raw / "ratings.csv").open("a", newline="") as file:
        csv.writer(file).writerows(GIVEN)
    set_number(folder, "data", "raw", RAW)
    everything(folder)
    return folder


def test_every_bad_photograph_is_a_row_with_its_reason(careless: Path) -> None:
    images = tables.read(careless / "data/ingest/images", IMAGES).to_pylist()
    ids = {Path(row["path"]).name: row["image_id"] for row in images}
    rows = tables.read(careless / "data/ingest/landmarks", LANDMARKS).to_pylist()
    reasons = {row["image_id"]: row["reason"] for row in rows}
    assert set(FILES) <= set(ids)
    silent = [name for name in FILES if not reasons[ids[name]]]
    assert not silent
    assert reasons[ids[GOOD]] is None
    scores = tables.read(careless / "data/evaluation/scores.parquet", SCORES).to_pylist()
    scored = {row["image_id"] for row in scores if row["score"] is not None}
    assert ids[GOOD] in scored
    assert not scored & {ids[name] for name in FILES}


def test_every_bad_line_is_a_row_with_its_number_and_reason(careless: Path) -> None:
    refused = tables.read(careless / "data/ingest/images_refused.parquet", REFUSALS).to_pylist()
    assert len(refused) == 3
    assert all(row["reason"] for row in refused)
    refused = tables.read(careless / "data/ingest/ratings_refused.parquet", REFUSALS).to_pylist()
    assert len(refused) == len(GIVEN) - 1
    ratings = tables.read(careless / "data/ingest/ratings.parquet", RATINGS).to_pylist()
    assert all(math.isfinite(row["score"]) for row in ratings)


def test_the_report_counts_what_was_refused(careless: Path) -> None:
    page = (careless / "data/reports/index.html").read_text()
    for reason in ("damaged picture", "empty file", "too large", "2 faces found", "no face found"):
        assert f"<td>{reason}" in page


@pytest.mark.parametrize(("file", "accepted"), [("images.csv", "cleft_side"), ("ratings.csv", "rater_role")])
def test_wrong_columns_stop_with_one_line(careless: Path, tmp_path: Path, file: str, accepted: str) -> None:
    folder = copy_project(careless, tmp_path / "copy")
    lines = (folder / RAW / file).read_text().splitlines()
    (folder / RAW / file).write_text("\n".join([lines[0].replace("path", "file"), *lines[1:]]))
    with pytest.raises(SystemExit) as refused:
        stages(folder, f"ingest_{file.removesuffix('.csv')}")
    said = str(refused.value)
    assert said.count("\n") == 0
    assert file in said
    assert accepted in said
