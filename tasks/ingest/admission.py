"""Whether a batch may come in: held against what is there already, and its pictures opened.

In: a batch as read, what is known (raw folder and earlier batches), the limits of the stages that will measure it.
Out: every problem, and the ratings as rows. A photograph that comes in is measured later as it was here: the same
functions decide. Knows neither DVC nor where batches are kept.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa

from tasks.base import images as pictures
from tasks.base.images import UnreadableImage
from tasks.ingest.batch import Batch, Photograph, Problem
from tasks.ingest.frames import read_frames
from tasks.ingest.landmarks import measure_face
from tasks.ingest.ratings import RATING_COLUMNS, generated_id, rating_row, reference_row
from tasks.ingest.raw import Line
from tasks.params.ingest import IngestFrames, IngestLandmarks, Scale

BATCH_ID = r"\d{4}-\d\d-\d\d-[0-9a-f]{12}"
"""Day, and the beginning of the digest of what was brought."""

Inspect = Callable[[Path], str | None]
"""A photograph to the reason for which it cannot be measured, or None."""

Each = Callable[[Inspect, Sequence[Path]], Iterable[str | None]]
"""`map`, or something that does the same faster and shows how far it is."""


@dataclass(frozen=True)
class Known:
    """What is there: images by id, their names, what was rated and known of them, and each rater's role.

    `called`: the full names (batch and path) of earlier batches' photographs by their name in their own batch.
    """

    images: Mapping[str, Mapping[str, object]]
    names: Mapping[str, str]
    ratings: frozenset[tuple[object, ...]]
    references: frozenset[tuple[object, ...]]
    roles: Mapping[str, str]
    called: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Admission:
    """What a batch would bring. `ratings` are rows of that table; `means`: a line's path and the name it stands for."""

    problems: Sequence[Problem]
    ratings: Sequence[Mapping[str, object]]
    references: int
    means: Mapping[str, str]


def known(images: pa.Table, ratings: pa.Table, references: pa.Table) -> Known:
    """What is there, from the tables images, ratings and references."""
    rows = {str(row["image_id"]): row for row in images.to_pylist()}
    said = ratings.to_pylist()
    return Known(
        images=rows,
        names={name: image_id for image_id, row in rows.items() for name in row["names"]},
        ratings=frozenset((row["image_id"], row["rater_id"], row["scale"]) for row in said),
        references=frozenset((row["image_id"], row["measure"]) for row in references.to_pylist()),
        roles={row["rater_id"]: row["rater_role"] for row in said},
        called=_short_names(name for row in rows.values() for name in row["names"]),
    )


def _short_names(names: Iterable[str]) -> dict[str, list[str]]:
    short: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        batch, _, inside = name.partition("/")
        if re.fullmatch(BATCH_ID, batch):
            short[inside].append(name)
    return dict(short)


def admit(batch: Batch, there: Known, *, scales: Mapping[str, Scale], inspect: Inspect, each: Each) -> Admission:
    """Every problem of the batch (none: it may come in), in the order of its files and lines."""
    refused = list(_conflicts(batch.photographs, there))
    wrong = {row["path"] for row in refused}
    fine = [photograph for photograph in batch.photographs if photograph.name not in wrong]
    for photograph, reason in zip(fine, each(inspect, [photograph.file for photograph in fine]), strict=True):
        if reason:
            refused.append(photograph.refused(reason))
    own = {photograph.name: photograph.image_id for photograph in batch.photographs}
    means: dict[str, str] = {}
    ratings, bad_ratings = _ratings(batch.lines.get("ratings", ()), own, there, scales, means)
    references, bad_references = _references(batch.lines.get("references", ()), own, there, means)
    problems = [*batch.problems, *refused, *bad_ratings, *bad_references]
    problems.sort(key=lambda row: (str(row["source"]), int(str(row["line"])), str(row["path"])))
    return Admission(problems, ratings, references, means)


def unfit(file: Path, *, clip_suffixes: Sequence[str], frames: IngestFrames, landmarks: IngestLandmarks) -> str | None:
    """Why a still or clip could not be measured: unreadable, or what ingest_landmarks would say of it."""
    if file.suffix.lower() in clip_suffixes:
        return None if next(read_frames(file, frames), None) else "no frame of this clip could be decoded"
    try:
        reason = measure_face(pictures.read(file), landmarks)["reason"]
    except UnreadableImage as error:
        return str(error)
    return str(reason) if reason else None


def _conflicts(photographs: Sequence[Photograph], there: Known) -> Iterator[Problem]:
    """Photographs that are there already, and subjects who would be both control and patient."""
    sides: dict[str, set[bool]] = defaultdict(set)
    for row in there.images.values():
        sides[str(row["subject_id"])].add(row["population"] == "control")
    for photograph in photographs:
        sides[photograph.subject_id].add(photograph.line.cells["population"] == "control")
    for photograph in photographs:
        if twin := there.images.get(photograph.image_id):
            names = twin["names"]
            other = "" if twin["subject_id"] == photograph.subject_id else ", as a photograph of another subject"
            yield photograph.refused(f"there already as {', '.join(names if isinstance(names, list) else [])}{other}")
        elif len(sides[photograph.subject_id]) > 1:
            yield photograph.refused(f"subject {photograph.subject_id} would be both control and patient")


def _ratings(
    lines: Sequence[Line], own: Mapping[str, str], there: Known, scales: Mapping[str, Scale], means: dict[str, str]
) -> tuple[list[Mapping[str, object]], list[Problem]]:
    """The batch's ratings as rows, and the lines that cannot be one. Fills `means`."""
    rows: dict[tuple[object, ...], Mapping[str, object]] = {}
    roles = dict(there.roles)
    problems: list[Problem] = []
    for line in lines:
        generated = generated_id(line)
        image_id, reason = (generated, None) if generated else _meant(line, own, there, means)
        row, wrong = rating_row(line, image_id, scales)
        key = (image_id, row["rater_id"], row["scale"])
        rater, role = line.cells["rater_id"], line.cells["rater_role"]
        reason = reason or wrong
        if reason is None and roles.setdefault(rater, role) != role:
            reason = f"rater {rater} is {roles[rater]} elsewhere; a rater has one role"
        if reason is None and key in there.ratings:
            reason = f"rater {rater} has rated this photograph before on {row['scale']}: it stands already"
        if reason is None and key in rows:
            reason = f"rater {rater} rates this photograph twice in this batch on {row['scale']}"
        if reason is None:
            rows[key] = row
        else:
            problems.append(line.refused(reason))
    return list(rows.values()), problems


def _references(
    lines: Sequence[Line], own: Mapping[str, str], there: Known, means: dict[str, str]
) -> tuple[int, list[Problem]]:
    """How many references the batch holds, and the lines that cannot be one. Fills `means`."""
    seen: set[tuple[object, ...]] = set()
    problems: list[Problem] = []
    for line in lines:
        image_id, reason = _meant(line, own, there, means)
        row, wrong = reference_row(line, image_id)
        key = (image_id, row["measure"])
        reason = reason or wrong
        if reason is None and key in there.references | seen:
            reason = f"{row['measure']} of this photograph stands already"
        seen.add(key)
        if reason is not None:
            problems.append(line.refused(reason))
    return len(seen), problems


def _meant(line: Line, own: Mapping[str, str], there: Known, means: dict[str, str]) -> tuple[str | None, str | None]:
    """The photograph a line means: of its own batch, else by its name, else the one of an earlier batch called so."""
    name = PurePosixPath(line.cells["path"]).as_posix()
    if image_id := own.get(name, there.names.get(name)):
        return image_id, None
    called = there.called.get(name, ())
    if len(called) > 1:
        return None, f"several photographs are called so: write {' or '.join(called)}"
    if not called:
        return None, "no such photograph in this batch, in the raw folder or in an earlier batch"
    means[line.cells["path"]] = called[0]
    return there.names[called[0]], None


def spelt_out(lines: Sequence[Line], means: Mapping[str, str]) -> bytes:
    """A CSV file with its lines' paths replaced by the full names that they mean."""
    text = io.StringIO()
    header = list(lines[0].cells) if lines else list(RATING_COLUMNS)
    writer = csv.DictWriter(text, header)
    writer.writeheader()
    for line in lines:
        writer.writerow(line.cells | {"path": means.get(line.cells["path"], line.cells["path"])})
    return text.getvalue().encode()
