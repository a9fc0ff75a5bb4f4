"""Photographs that nobody has seen, through the trained networks: what `vermilion score` computes.

In: files, and what `dvc repro` left behind. Out: one `Scored` per file, with every system's reading, or the reason for
which the photograph was refused. Writes nothing. Knows no system: it loops over the chapters.
"""

import importlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc

from flows.photographs import faces
from tasks import params
from tasks.base import images, tables
from tasks.base.digests import file_digest
from tasks.base.escaping import visible
from tasks.base.sheets import Cell
from tasks.errors import InputError
from tasks.evaluation import chapters
from tasks.evaluation.photo_page import Measure, Photo
from tasks.evaluation.photograph import Photograph, Reader
from tasks.evaluation.verdict import Verdict, verdict
from tasks.ingest.faces.detection import NoSuchFace
from tasks.ingest.faces.lips import LipsError, crop_lips
from tasks.pages.chapter import Reading
from tasks.pages.notices import notice_of
from tasks.params.ingest import IngestLandmarks, IngestLips
from tasks.phantoms.dataset import NOTICE as DRAWN
from tasks.schemas.ingest import IMAGES

QUALITY = {
    "interocular_px": ("outer eye corners", "{:.0f} px apart", "min_interocular", "at least {:g} px"),
    "yaw_deg": ("turned to the side", "{:+.0f} degrees", "max_yaw", "at most {:g} either way"),
    "pitch_deg": ("raised or lowered", "{:+.0f} degrees", "max_pitch", "at most {:g} either way"),
    "roll_deg": ("tilted", "{:+.0f} degrees", "max_roll", "at most {:g} either way"),
    "sharpness": ("sharpness at the mouth", "{:.2f}", "min_sharpness", "at least {:g}"),
    "mouth_contrast": ("lips against skin", "{:.1f}", "min_mouth_contrast", "at least {:g}"),
}
"""Column of the landmarks table: its name, how its value is said, the limit's parameter and how that is said."""


KNOWN = "the networks know drawn faces only"
"""Why they say nothing of a photograph."""


@dataclass(frozen=True)
class Scored:
    """A photograph's result; `reason` is given when it was refused, and then there are no readings."""

    path: Path
    photo: Photo
    verdict: Verdict
    quality: Mapping[str, float] = field(default_factory=dict)  # by column of the landmarks table

    def record(self, names: Sequence[str], said: Sequence[str]) -> dict[str, Any]:
        """The result as plain values, for --json, with the notices (`said`).

        `names`: the systems asked; null for those without a reading.
        """
        found = {reading.name: dict(reading.record) for reading in self.photo.readings}
        return {
            "photograph": visible(str(self.path)),
            "image_id": self.photo.image_id,
            "verdict": self.verdict.line,
            "state": self.verdict.state,
            "stands_out": self.verdict.stands_out,
            "disagree": self.verdict.disagree,
            "reason": self.photo.reason,
            "face": self.photo.face or None,
            **{name: found.get(name) for name in names},
            "quality": dict(self.quality),
            "notices": list(said),
        }


class Readers(NamedTuple):
    """The systems that can read a photograph, by name, with their networks opened; and why others cannot."""

    readers: dict[str, Reader]
    missing: dict[str, str]


def open_readers(root: Path, without: Collection[str] = ()) -> Readers:
    """Every system's reader; `without` leaves some out.

    InputError says why where there are none, and what is accepted where a name is unknown.
    """
    able = {chapter.NAME: chapter.PHOTOGRAPH for chapter in chapters.CHAPTERS if chapter.PHOTOGRAPH}
    if unknown := sorted(set(without) - set(able)):
        raise InputError(f"--without {unknown[0]}: no such system; there are: {', '.join(able)}")
    found = Readers({}, {})
    for name, module in able.items():
        if name not in without:
            reader = importlib.import_module(module).open_reader(root)
            (found.missing if isinstance(reader, str) else found.readers)[name] = reader
    if not found.readers:
        why = "; ".join(f"{name}: {reason}" for name, reason in found.missing.items())
        raise InputError(f"{root}: no system can read a photograph ({why or 'all were left out'})")
    return found


def drawn_only(root: Path) -> frozenset[str] | None:
    """The drawn faces, where the networks have learned from nothing else: of other photographs they know nothing."""
    if _pictures(root)["controls"] != [DRAWN]:
        return None
    listed = tables.read(root / "data/ingest/images", IMAGES, ["image_id", "notice"])
    return frozenset(listed.filter(pc.equal(listed["notice"], DRAWN))["image_id"].to_pylist())


def _pictures(root: Path) -> dict[str, list[str]]:
    """What is known of the pictures that the networks were trained and compared on; InputError where nothing is.

    By the last evaluation: the tables of ingest may have other photographs since.
    """
    file = root / "data/evaluation/scores.parquet"
    found: dict[str, list[str]] | None = tables.provenance_of(file).get("pictures")
    if found is None:
        raise InputError(f"{file}: of another version of Vermilion; run `dvc repro`")
    return found


def score(
    path: Path,
    readers: Mapping[str, Reader],
    root: Path,
    *,
    drawn: frozenset[str] | None,  # of `drawn_only`
    which: faces.Which = None,
    advance: Callable[[int], None],
) -> Scored:
    """One photograph's result. A file that cannot be measured gives a reason, never an exception."""
    photo, quality = _measured(path, readers, root, which, advance)
    foreign = drawn is not None and photo.image_id not in drawn
    return Scored(path, photo, verdict(photo, foreign=KNOWN if foreign else None), quality)


def _measured(
    path: Path, readers: Mapping[str, Reader], root: Path, which: faces.Which, advance: Callable[[int], None]
) -> tuple[Photo, dict[str, float]]:
    points = params.load(IngestLandmarks, "ingest_landmarks", root / "params.yaml")
    cut = params.load(IngestLips, "ingest_lips", root / "params.yaml")
    image_id = ""
    try:
        images.check_size(path)
        image_id = file_digest(path)
        image = images.read(path)
    except OSError as error:
        return Photo(path.name, "", reason=f"cannot be read: {error.strerror}"), {}
    except images.UnreadableImage as error:
        return Photo(path.name, image_id, reason=str(error)), {}
    try:
        face, said = faces.find(image, points, which)
    except NoSuchFace as error:
        return Photo(path.name, image_id, reason=str(error)), {}
    photo = Photo(path.name, image_id, measures=_measures(face, points), face=said)
    quality = {name: float(str(face[name])) for name in QUALITY if face.get(name) is not None}
    if face["reason"]:
        return replace(photo, reason=str(face["reason"])), quality
    landmarks = np.reshape(np.array(face["points"], float), (68, 2))
    try:
        lips = crop_lips(image, landmarks, settings=cut)
    except LipsError as error:
        return replace(photo, reason=str(error)), quality
    seen = Photograph(image_id, image, landmarks, lips)
    return _photo(photo, seen, cut, [reader.read(seen, advance) for reader in readers.values()]), quality


def lines(reading: Reading) -> list[tuple[str, str]]:
    """A reading's measures and their values, or why it has none."""
    if reading.reason:
        return [(reading.title, f"none: {reading.reason}")]
    if reading.said:
        return [(own.name, own.value) for own in reading.said]
    return [(name, f"{value:.3g}" if isinstance(value, float) else str(value)) for name, value in reading.cells.items()]


def _photo(photo: Photo, seen: Photograph, cut: IngestLips, readings: Sequence[Any]) -> Photo:
    lips = seen.lips
    return replace(
        photo,
        region=images.encode_png(lips.region),
        left=images.encode_png(lips.left),
        right=images.encode_png(lips.right),
        points=lips.points,
        midline_x=lips.midline_x,
        mirrored=None if cut.mirrored_half == "none" else cut.mirrored_half,
        readings=readings,
    )


def _measures(face: Mapping[str, object], limits: IngestLandmarks) -> list[Measure]:
    return [
        Measure(name, said.format(face[column]), limit.format(getattr(limits, parameter)))
        for column, (name, said, parameter, limit) in QUALITY.items()
        if face.get(column) is not None
    ]


def notices(root: Path, opened: Readers) -> list[str]:
    """What a reader must know of the networks: on what they were trained, what stood in, and which cannot read."""
    trained = [f"Trained and compared on these pictures: {line}" for line in _pictures(root)["notices"]]
    absent = [notice_of(reason).after(f"{name} was not read: ") for name, reason in opened.missing.items()]
    return [*trained, *(line for reader in opened.readers.values() for line in reader.notices), *absent]


def table(results: Sequence[Scored], said: Sequence[str]) -> tuple[list[str], list[list[Cell]]]:
    """All results as one table: columns, and a row per photograph. `said`: the notices, which go with them."""
    cells = [{name: value for own in result.photo.readings for name, value in own.cells.items()} for result in results]
    measures = list(dict.fromkeys(name for own in cells for name in own))
    columns = ["photograph", "verdict", "state", "stands out", "measures disagree", *measures, *QUALITY]
    rows = [
        [
            str(result.path),
            result.verdict.line,
            result.verdict.state,
            result.verdict.stands_out,
            result.verdict.disagree,
            *(own.get(name) for name in measures),
            *(result.quality.get(name) for name in QUALITY),
            result.photo.image_id,
            " ".join(said),
        ]
        for result, own in zip(results, cells, strict=True)
    ]
    return [*columns, "image_id", "notices"], rows
