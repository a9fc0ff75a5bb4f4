"""What the pages know of a project: its photographs, their points, what every method says of them.

In: the project's folder. Out: rows and pictures, read anew where a file has changed. A part that was never computed is
absent, with a sentence that says so. Changes nothing.
"""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from tasks.anthropometry.from_people import adjustment
from tasks.anthropometry.from_people.corrections import FILE, Said, said_in
from tasks.anthropometry.names import POINTS
from tasks.base import images, tables
from tasks.errors import InputError
from tasks.evaluation.norms import FILE as NORMS
from tasks.evaluation.norms import own_norms
from tasks.ingest.ratings.forms import lacking
from tasks.ingest.tables.spelling import key
from tasks.pages.norms import Norms
from tasks.schemas.anthropometry import ANTHROPOMETRY_POINTS
from tasks.schemas.ingest import IMAGES, LANDMARKS, RATINGS

STILLS = Path("data/ingest/images")
LANDMARKS_AT = Path("data/ingest/landmarks")
RATINGS_AT = Path("data/ingest/ratings.parquet")
CORRECTIONS = Path("data/corrections")
POINTS_AT = Path("data/anthropometry/points")
NUMBERS_AT = Path("data/reports/photographs.csv")
PERSON = ("population", "gender", "age_group", "cleft_side", "notice")
THUMBNAIL, LARGEST = 96, 3000
"""Longer side of a thumbnail, and of the picture on a photograph's page, pixels."""


@dataclass(frozen=True)
class Photograph:
    """A still. `name`: its first name; `reason`: why it was refused; `opened`: whether the last run saw its pixels."""

    image_id: str
    path: Path
    name: str
    subject: str
    population: str
    gender: str | None
    age_group: str | None
    cleft_side: str | None
    notice: str | None
    reason: str | None
    opened: bool


@dataclass(frozen=True)
class Placed:
    """Points by name, pixels of the upright photograph. `row`: of ANTHROPOMETRY_POINTS; the 68, which are shown only,
    have none."""

    points: Mapping[str, tuple[float, float]]
    row: Mapping[str, Any] | None
    said: str

    @property
    def models(self) -> bool:
        """Whether these are the models' own, which may be corrected."""
        return self.row is not None


@dataclass
class Project:
    """The project at `root`."""

    root: Path
    _read: dict[str, tuple[object, Any]] = field(default_factory=dict)

    def photographs(self) -> dict[str, Photograph]:
        """Every still by its id, in the order of names. InputError before the first run."""
        if not (self.root / STILLS).exists():
            raise InputError(f"{STILLS}: not there yet; run `dvc repro` first")
        found: dict[str, Photograph] = self.fresh("stills", [STILLS, LANDMARKS_AT], self._stills)
        return found

    def seen(self) -> set[str]:
        """Ids of the stills that people can be shown: all but those that neither the last run nor we can read."""
        closed: set[str] = self.fresh("closed", [STILLS, LANDMARKS_AT], self._closed)
        return self.photographs().keys() - closed

    def said(self) -> list[Said]:
        """Every line that people wrote about points."""
        found: list[Said] = self.fresh("said", [CORRECTIONS / FILE], lambda: said_in(self.root / CORRECTIONS))
        return found

    def lacking(self, *, rater: str, role: str, scale: str, controls: bool) -> set[str]:
        """The stills that the rater has not rated on the scale, as far as the last run knows."""
        images, ratings = self.fresh("ratings", [STILLS, RATINGS_AT], self._rated)
        wanted = {
            row["path"] for row in lacking(images, ratings, rater=rater, role=role, scale=scale, controls=controls)
        }
        return {one.image_id for one in self.photographs().values() if one.name in wanted}

    def roles(self) -> dict[str, str]:
        """Each rater's role in the project's ratings, by the name's key."""
        return {key(row["rater_id"]): row["rater_role"] for row in self.ratings().to_pylist()}

    def ratings(self) -> pa.Table:
        """The project's ratings, as far as the last run knows."""
        found: pa.Table = self.fresh("ratings", [STILLS, RATINGS_AT], self._rated)[1]
        return found

    def numbers(self) -> tuple[Sequence[str], dict[str, dict[str, str]]]:
        """Columns of the report's table of photographs, and its rows by image_id; none before the first report."""
        found: tuple[Sequence[str], dict[str, dict[str, str]]]
        found = self.fresh("numbers", [NUMBERS_AT], self._numbers)
        return found

    def norms(self) -> Norms:
        """Those of the project's own controls."""
        folder = self.root / POINTS_AT.parent
        found: Norms = self.fresh("norms", [POINTS_AT.parent / NORMS], lambda: own_norms(folder))
        return found

    def placed(self, image_id: str) -> Placed:
        """The photograph's points; none, and why, where it has none."""
        models = self.fresh("points", [POINTS_AT, CORRECTIONS / adjustment.FILE], self._points)
        if image_id in models:
            row = models[image_id]
            return Placed(_pairs(row["points"], POINTS), row, row["reason"] or "Drag a point to where it belongs.")
        dlib = self.fresh("landmarks", [LANDMARKS_AT], self._landmarks)
        if image_id not in dlib:
            return Placed({}, None, "No points were found in this photograph, so there is nothing to correct.")
        said = "These are the 68 points of `ingest_landmarks`, to look at: `anthropometry_points` has not run yet."
        return Placed(dlib[image_id], None, said)

    def picture(self, image_id: str) -> tuple[bytes, tuple[int, int]]:
        """The photograph upright, as JPEG without any metadata, and the size of the original. KeyError: unreadable."""
        path = self.photographs()[image_id].path
        try:
            return _whole(path, path.stat().st_mtime_ns)
        except (OSError, ValueError) as error:
            raise KeyError(image_id) from error

    def thumbnail(self, image_id: str) -> bytes:
        """The same, small."""
        path = self.photographs()[image_id].path
        try:
            return _thumbnail(path, path.stat().st_mtime_ns)
        except (OSError, ValueError) as error:
            raise KeyError(image_id) from error

    def fresh(self, name: str, paths: Sequence[Path], read: Callable[[], Any]) -> Any:
        """What `read` gives, as long as the files are what they were."""
        files = [file for path in paths for file in _files(self.root / path)]
        now = [(str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files]
        if name not in self._read or self._read[name][0] != now:
            self._read[name] = (now, read())
        return self._read[name][1]

    def _stills(self) -> dict[str, Photograph]:
        columns = ["image_id", "path", "names", "kind", "subject_id", *PERSON]
        rows = tables.read(self.root / STILLS, IMAGES, columns).to_pylist()
        looked: dict[str, dict[str, Any]] = {}
        if (self.root / LANDMARKS_AT).exists():
            found = tables.read(self.root / LANDMARKS_AT, LANDMARKS, ["image_id", "width", "reason"])
            looked = {row["image_id"]: row for row in found.to_pylist()}
        stills = [
            Photograph(
                image_id=row["image_id"],
                path=self.root / row["path"],
                name=row["names"][0],
                subject=row["subject_id"],
                reason=looked.get(row["image_id"], {}).get("reason"),
                opened=looked.get(row["image_id"], {}).get("width") is not None,
                **{name: row[name] for name in PERSON},
            )
            for row in rows
            if row["kind"] == "still"
        ]
        return {one.image_id: one for one in sorted(stills, key=lambda one: (one.name, one.image_id))}

    def _closed(self) -> set[str]:
        closed = set()
        for one in self.photographs().values():
            if one.reason and not one.opened:  # those in profile are not opened either
                try:
                    self.thumbnail(one.image_id)
                except KeyError:
                    closed.add(one.image_id)
        return closed

    def _rated(self) -> tuple[pa.Table, pa.Table]:
        file = self.root / RATINGS_AT
        ratings = tables.read(file, RATINGS) if file.exists() else RATINGS.table([])
        return tables.read(self.root / STILLS, IMAGES), ratings

    def _numbers(self) -> tuple[Sequence[str], dict[str, dict[str, str]]]:
        if not (self.root / NUMBERS_AT).exists():
            return (), {}
        text = (self.root / NUMBERS_AT).read_text(encoding="utf-8-sig")
        rows = csv.DictReader(io.StringIO(text, newline=""))
        return tuple(rows.fieldnames or ()), {row["image_id"]: row for row in rows}

    def _points(self) -> dict[str, dict[str, Any]]:
        if not (self.root / POINTS_AT).exists():
            return {}
        points = tables.read(self.root / POINTS_AT, ANTHROPOMETRY_POINTS)
        rows = adjustment.adjusted(points, adjustment.of_project(self.root)).to_pylist()
        return {row["image_id"]: row for row in rows}

    def _landmarks(self) -> dict[str, dict[str, tuple[float, float]]]:
        if not (self.root / LANDMARKS_AT).exists():
            return {}
        rows = tables.read(self.root / LANDMARKS_AT, LANDMARKS, ["image_id", "points"]).to_pylist()
        names = [str(number) for number in range(68)]
        return {row["image_id"]: _pairs(row["points"], names) for row in rows if row["points"]}


def _pairs(values: Sequence[float | None] | None, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Points by name; one that was not seen has none."""
    seen = [math.nan if value is None else value for value in values or ()]
    pairs = zip(names, np.reshape(seen, (-1, 2)), strict=False)
    return {name: (float(x), float(y)) for name, (x, y) in pairs if math.isfinite(x) and math.isfinite(y)}


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.parquet")) if path.is_dir() else [path] if path.exists() else []


def _jpeg(path: Path, side: int) -> tuple[bytes, tuple[int, int]]:
    """A new picture of the pixels alone, and the size of the whole."""
    pixels = images.read(path)
    picture = Image.fromarray(pixels)
    if max(picture.size) > side:
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=93 if side > THUMBNAIL else 82, subsampling=0)
    return made.getvalue(), (pixels.shape[1], pixels.shape[0])


@lru_cache(maxsize=8)
def _whole(path: Path, _modified: int) -> tuple[bytes, tuple[int, int]]:
    return _jpeg(path, LARGEST)


@lru_cache(maxsize=2000)
def _thumbnail(path: Path, _modified: int) -> bytes:
    return _jpeg(path, THUMBNAIL)[0]
