"""Whether a batch may come in: held against what is there already, and its pictures opened.

In: a batch as read, what is known (raw folder and earlier batches), the limits of the stages that will measure it.
Out: every problem, and the ratings as rows. A photograph that comes in is measured later as it was here: the same
functions decide. Knows neither DVC nor where batches are kept.
"""

import csv
import io
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from tasks.base import images as pictures
from tasks.base.images import UnreadableImage
from tasks.base.words import counted
from tasks.ingest.clips.display import UnshownClip
from tasks.ingest.clips.frames import check_take
from tasks.ingest.faces.detection import NO_FACE
from tasks.ingest.faces.landmarks import measure_face
from tasks.ingest.faces.views import VIEWED, unfit_profile, without_face
from tasks.ingest.images.photograph_meant import Photographs
from tasks.ingest.images.withdrawn import REASON, SAME, Withdrawn
from tasks.ingest.ratings.reading import RATING_COLUMNS, rating_row, reference_row
from tasks.ingest.raw_folders.batch import Batch, Photograph, Problem
from tasks.ingest.tables.raw_layout import Line
from tasks.ingest.tables.spelling import Spellings, key, lookalikes
from tasks.params.ingest import IngestFrames, IngestLandmarks, Scale
from tasks.schemas.columns import AROUND

BATCH_ID = r"\d{4}-\d\d-\d\d-[0-9a-f]{12}"
"""Day, and the beginning of the digest of what was brought."""

DROPPED = "; in a drop folder, write {} into a file new.txt there"
"""What to do besides about a name that is new though it looks like another's."""

Inspect = Callable[[Photograph], str | None]
"""A photograph to the reason for which it cannot be measured, or None."""

Each = Callable[[Inspect, Sequence[Photograph]], Iterable[str | None]]
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
    withdrawn: Container[str] = ()


@dataclass(frozen=True)
class Admission:
    """What a batch would bring. `ratings` are rows of that table; `means`: a line's path and the name it stands for."""

    problems: Sequence[Problem]
    ratings: Sequence[Mapping[str, object]]
    references: int
    means: Mapping[str, str]


def known(images: pa.Table, ratings: pa.Table, references: pa.Table, withdrawn: Container[str] = ()) -> Known:
    """What is there, from the tables images, ratings and references, and the photographs that may not come in."""
    rows = {str(row["image_id"]): row for row in images.to_pylist()}
    said = ratings.to_pylist()
    return Known(
        images=rows,
        names={name: image_id for image_id, row in rows.items() for name in row["names"]},
        ratings=frozenset((row["image_id"], row["rater_id"], row["scale"]) for row in said),
        references=frozenset((row["image_id"], row["measure"]) for row in references.to_pylist()),
        roles={row["rater_id"]: row["rater_role"] for row in said},
        called=_short_names(name for row in rows.values() for name in row["names"]),
        withdrawn=withdrawn,
    )


def _short_names(names: Iterable[str]) -> dict[str, list[str]]:
    short: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        batch, _, inside = name.partition("/")
        if re.fullmatch(BATCH_ID, batch):
            short[inside].append(name)
    return dict(short)


def admit(
    batch: Batch,
    there: Known,
    *,
    scales: Mapping[str, Scale],
    inspect: Inspect,
    each: Each,
    new: Sequence[str] = (),
) -> Admission:
    """Every problem of the batch (none: it may come in), in the order of its files and lines.

    `new`: names of raters and subjects that are new, though they look like others.
    """
    batch = replace(batch, photographs=_as_known(batch.photographs, there))
    refused = [*_conflicts(batch.photographs, there), *_new_subjects(batch.photographs, there, new)]
    wrong = {row["path"] for row in refused}
    fine = [photograph for photograph in batch.photographs if photograph.name not in wrong]
    for photograph, reason in zip(fine, each(inspect, fine), strict=True):
        if reason:
            refused.append(photograph.refused(reason))
    own = {photograph.name: photograph.image_id for photograph in batch.photographs}
    names = Photographs(own, there.names, there.called, batch.told)
    ratings, bad_ratings = _ratings(batch.lines.get("ratings", ()), names, there, scales)
    bad_ratings += _new_raters(batch.lines.get("ratings", ()), there, new)
    references, bad_references = _references(batch.lines.get("references", ()), names, there)
    problems = [*batch.problems, *refused, *bad_ratings, *bad_references]
    problems.sort(key=lambda row: (str(row["source"]), int(str(row["line"])), str(row["path"])))
    return Admission(problems, ratings, references, names.means)


def unfit(
    photograph: Photograph,
    *,
    clip_suffixes: Sequence[str],
    frames: IngestFrames,
    landmarks: IngestLandmarks,
    withdrawn: Withdrawn,
) -> str | None:
    """Why a still or clip could not be measured: unreadable, or what ingest_landmarks would say of it.

    Or why it may not be: it shows a picture whose consent was withdrawn.
    """
    file = photograph.file
    if file.suffix.lower() in clip_suffixes:
        try:
            check_take(file, frames)
        except UnshownClip as error:
            return str(error)
        return None
    try:
        image = pictures.read(file)
        if withdrawn.shows(image):
            return SAME
        said = photograph.line.cells.get("view", "")
        if said == AROUND:
            return None  # whether a set will do is asked of the whole of it
        if view := VIEWED.get(said):
            return unfit_profile(image, view, landmarks)
        reason = measure_face(image, landmarks)["reason"]
        reason = without_face(image, landmarks) if reason == NO_FACE else reason
    except UnreadableImage as error:
        return str(error)
    return str(reason) if reason else None


def _as_known(photographs: Sequence[Photograph], there: Known) -> list[Photograph]:
    """The photographs, their subjects under the spelling that is known, else the batch's first."""
    subjects = Spellings(str(row["subject_id"]) for row in there.images.values())
    return [replace(photograph, subject_id=subjects.of(photograph.subject_id)) for photograph in photographs]


def _new_subjects(photographs: Sequence[Photograph], there: Known, new: Sequence[str]) -> Iterator[Problem]:
    """The first photograph of every new subject whose name looks like another's."""
    count = Counter(str(row["subject_id"]) for row in there.images.values())
    first: dict[str, Photograph] = {}
    for photograph in photographs:
        first.setdefault(photograph.subject_id, photograph)
    for subject, reason in asked(first, count, new, "subject", "photograph"):
        yield first[subject].refused(reason + DROPPED.format(subject))


def _new_raters(lines: Sequence[Line], there: Known, new: Sequence[str]) -> Iterator[Problem]:
    """The first line of every new rater whose name looks like another's."""
    raters = Spellings(there.roles)
    first: dict[str, Line] = {}
    for line in lines:
        first.setdefault(raters.of(line.cells["rater_id"]), line)
    count = Counter(str(rater) for _, rater, _ in there.ratings)
    for rater, reason in asked([name for name in first if name], count, new, "rater", "rating"):
        yield first[rater].refused(reason + DROPPED.format(rater))


def asked(
    names: Iterable[str], count: Mapping[str, int], new: Sequence[str], what: str, of: str
) -> Iterator[tuple[str, str]]:
    """Names that nobody had so far and that look like another's, and the question that this raises.

    `count`: how much there is of each known name; `new`: names that are known to be new.
    """
    allowed = {key(name) for name in new}
    strangers = [name for name in names if name not in count and key(name) not in allowed]
    near: dict[str, str] = {}
    for name, other in lookalikes(strangers, count):
        near.setdefault(name, other)
    for name, other in near.items():
        much = f"has {counted(count[other], of)}" if other in count else "is new, too"
        yield (
            name,
            f"{what} {name} is new; {other} {much}: did you mean {other}? "
            f"If {name} is somebody else: --new-{what} {shlex.quote(name)}",
        )


def _conflicts(photographs: Sequence[Photograph], there: Known) -> Iterator[Problem]:
    """Photographs that are there already, and subjects who would be both control and patient."""
    sides: dict[str, set[bool]] = defaultdict(set)
    for row in there.images.values():
        sides[str(row["subject_id"])].add(row["population"] == "control")
    for photograph in photographs:
        sides[photograph.subject_id].add(photograph.line.cells["population"] == "control")
    for photograph in photographs:
        if photograph.image_id in there.withdrawn:
            yield photograph.refused(REASON)
        elif twin := there.images.get(photograph.image_id):
            names = twin["names"]
            other = "" if twin["subject_id"] == photograph.subject_id else ", as a photograph of another subject"
            yield photograph.refused(f"there already as {', '.join(names if isinstance(names, list) else [])}{other}")
        elif len(sides[photograph.subject_id]) > 1:
            yield photograph.refused(f"subject {photograph.subject_id} would be both control and patient")


def _ratings(
    lines: Sequence[Line], names: Photographs, there: Known, scales: Mapping[str, Scale]
) -> tuple[list[Mapping[str, object]], list[Problem]]:
    """The batch's ratings as rows, and the lines that cannot be one."""
    rows: dict[tuple[object, ...], Mapping[str, object]] = {}
    roles: dict[str, object] = dict(there.roles)
    raters = Spellings(there.roles)
    problems: list[Problem] = []
    for line in lines:
        row, reason = rating_row(line, names.meant, scales)
        rater, role = raters.of(str(row["rater_id"])), row["rater_role"]
        row["rater_id"] = rater
        about = (row["image_id"], rater, row["scale"])
        if reason is None and roles.setdefault(rater, role) != role:
            reason = f"rater {rater} is {roles[rater]} elsewhere; a rater has one role"
        if reason is None and about in there.ratings:
            reason = f"rater {rater} has rated this photograph before on {row['scale']}: it stands already "
            reason += "(`vermilion ratings correct` replaces a score)"
        if reason is None and about in rows:
            reason = f"rater {rater} rates this photograph twice in this batch on {row['scale']}"
        if reason is None:
            rows[about] = row
        else:
            problems.append(line.refused(reason))
    return list(rows.values()), problems


def _references(lines: Sequence[Line], names: Photographs, there: Known) -> tuple[int, list[Problem]]:
    """How many references the batch holds, and the lines that cannot be one."""
    seen: set[tuple[object, ...]] = set()
    measures = Spellings(str(measure) for _, measure in there.references)
    problems: list[Problem] = []
    for line in lines:
        row, reason = reference_row(line, names.meant)
        row["measure"] = measures.of(str(row["measure"]))
        about = (row["image_id"], row["measure"])
        if reason is None and about in there.references | seen:
            reason = f"{row['measure']} of this photograph stands already"
        seen.add(about)
        if reason is not None:
            problems.append(line.refused(reason))
    return len(seen), problems


def spelt_out(lines: Sequence[Line], means: Mapping[str, str]) -> bytes:
    """A CSV file with its lines' paths replaced by the full names that they mean; a decimal comma stays one."""
    text = io.StringIO()
    header = list(lines[0].cells) if lines else list(RATING_COLUMNS)
    writer = csv.DictWriter(text, header, delimiter=";" if lines and lines[0].decimal_comma else ",")
    writer.writeheader()
    for line in lines:
        writer.writerow(line.cells | {"path": means.get(line.cells["path"], line.cells["path"])})
    return text.getvalue().encode()
