"""A project with photographs to review and rate: drawn faces, the tables that stages would make, the real server."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasks.anthropometry.names import INDEX, POINTS
from tasks.base import tables
from tasks.base.digests import file_digest
from tasks.base.sheets import as_csv
from tasks.schemas.anthropometry import ANTHROPOMETRY_POINTS
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tests.ingest.drawn import face
from tests.project import environment, make_project

SIZE = 360
PHOTOGRAPHS = 22
CONTROL, REFUSED = 20, 21
"""Numbers of the controls' photographs."""
FROM_68 = {
    "exocanthion_right": 36,
    "endocanthion_right": 39,
    "endocanthion_left": 42,
    "exocanthion_left": 45,
    "pronasale": 30,
    "subnasale": 33,
    "alare_right": 31,
    "alare_left": 35,
    "cheilion_right": 48,
    "crista_philtri_right": 50,
    "labiale_superius": 51,
    "crista_philtri_left": 52,
    "cheilion_left": 54,
    "labiale_inferius": 57,
    "menton": 8,
}
"""Points that both models have; the others are not seen."""


def make(folder: Path) -> Path:
    """The project: 20 patients' photographs, two controls', of which one was refused; the first lies on its side."""
    project = make_project(folder, {"data": {"raw": "data/raw/mine"}})
    raw = project / "data/raw/mine"
    raw.mkdir(parents=True)
    names = [f"face_{number:02}.{'jpg' if number == 0 else 'png'}" for number in range(PHOTOGRAPHS)]
    for number, name in enumerate(names):
        _write(raw / name, number)
    people = [
        (f"s{number:02}", "control" if number in (CONTROL, REFUSED) else "repaired") for number in range(PHOTOGRAPHS)
    ]
    rows = [(name, *person) for name, person in zip(names, people, strict=True)]
    (raw / "images.csv").write_bytes(as_csv(("path", "subject_id", "population"), rows))
    images = [_image(project, raw / name, *person) for name, person in zip(names, people, strict=True)]
    drawn = face(size=SIZE).landmarks
    made = {"provenance": {"stage": "test"}}
    tables.write(IMAGES.table(images), project / "data/ingest/images/00.parquet", IMAGES, **made)
    landmarks = LANDMARKS.table(_landmarks(row, number, drawn) for number, row in enumerate(images))
    tables.write(landmarks, project / "data/ingest/landmarks/00.parquet", LANDMARKS, **made)
    points = ANTHROPOMETRY_POINTS.table(_points(row, number, drawn) for number, row in enumerate(images))
    tables.write(points, project / "data/anthropometry/points/00.parquet", ANTHROPOMETRY_POINTS, **made)
    return project


def image_id(project: Path, number: int) -> str:
    """The id of a photograph by its number."""
    return file_digest(next((project / "data/raw/mine").glob(f"face_{number:02}.*")))


def _write(path: Path, number: int) -> None:
    picture = Image.fromarray(np.clip(face(size=SIZE).image.astype(int) + number, 0, 255).astype(np.uint8))
    if number == 0:
        exif = Image.Exif()
        exif[0x0112], exif[0x010E] = 6, "taken at home"  # turned by a quarter; a description
        picture.transpose(Image.Transpose.ROTATE_90).save(path, quality=97, exif=exif)
    else:
        picture.save(path)


def _image(project: Path, path: Path, subject: str, population: str) -> dict[str, Any]:
    row = {"image_id": file_digest(path), "path": str(path.relative_to(project)), "names": [path.name], "kind": "still"}
    return row | {"subject_id": subject, "population": population, "size_bytes": path.stat().st_size}


def _landmarks(row: dict[str, Any], number: int, drawn: np.ndarray) -> dict[str, Any]:
    own = {name: row[name] for name in ("image_id", "subject_id", "population")}
    if number == REFUSED:
        return own | {"reason": "two faces"}
    return own | {"points": drawn.ravel().tolist(), "width": SIZE, "height": SIZE}


def _points(row: dict[str, Any], number: int, drawn: np.ndarray) -> dict[str, Any]:
    own = {name: row[name] for name in ("image_id", "subject_id", "population")}
    if number == REFUSED:
        return own | {"reason": "two faces"}
    points: list[float | None] = [None] * (2 * len(POINTS))
    for name, at in FROM_68.items():
        points[2 * INDEX[name] : 2 * INDEX[name] + 2] = drawn[at].tolist()
    zeros = [0.0] * len(POINTS)
    far = float(np.hypot(*(drawn[45] - drawn[36])))
    return own | {"points": points, "errors": zeros, "refined": zeros, "interocular_px": far, "source": "a test's"}


@contextmanager
def served(project: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """`vermilion review` as a process of its own: its address, with the token, and the process."""
    command = [str(Path(sys.executable).with_name("vermilion")), "review", "--no-open"]
    server = subprocess.Popen(
        command, cwd=project, env=environment(project), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout
        line = server.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{40,}", line), server.stderr
        yield line, server
    finally:
        if server.poll() is None:
            os.kill(server.pid, signal.SIGKILL)
        server.communicate()
