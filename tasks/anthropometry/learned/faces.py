"""The faces that the network learns from and is judged by: labelled files, and the project's own photographs.

In: files of labels (tasks.anthropometry.learned.labels); the project's images, landmarks, measures and what people said
of findings. Out: cropped faces with labels and split; what could not be used, and why. Of the project's photographs
controls alone train, labelled by the rules, or by people where they said something; a person's last word counts.
Patients' photographs, where people judged findings in them, only judge the network (law 7).
"""

import hashlib
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tasks.anthropometry.from_people.judgements import Judgement
from tasks.anthropometry.learned.labels import PROJECT, Labelled, split_of
from tasks.anthropometry.learned.network import ALIGNED, crop
from tasks.anthropometry.learned.training import Face
from tasks.anthropometry.measures.catalogue import BY_NAME
from tasks.base import images as pictures
from tasks.errors import InputError
from tasks.findings.rules import Rule, findings
from tasks.ingest.faces.landmarks import measure_face
from tasks.params.ingest import IngestLandmarks

TRUTH = {"accepted": True, "added": True, "rejected": False}
WHO = ("population", "gender", "age_group")


@dataclass(frozen=True)
class Wanted:
    """A photograph that is to be cropped. `points68`: dlib's; None: they are looked for, unless it is aligned."""

    path: Path
    subject: str
    split: str
    labels: Mapping[str, bool]
    judged: bool = False
    control: bool = True
    points68: Sequence[float] | None = None


def labelled(found: Iterable[Labelled]) -> list[Wanted]:
    """Files of labels as photographs that are wanted."""
    return [Wanted(one.path, one.subject, one.split, one.labels) for one in found]


def of_project(
    images: Iterable[Mapping[str, Any]],  # IMAGES rows: image_id, path, kind, subject_id, WHO
    points68: Mapping[str, Sequence[float]],  # by image_id
    measures: Mapping[str, Sequence[Mapping[str, Any]]],  # by image_id, ANTHROPOMETRY_MEASURES rows
    said: Iterable[Judgement],
    rules: Sequence[Rule],
) -> list[Wanted]:
    """Controls with what rules find in them and what people say, and whatever else people judged."""
    words: dict[str, dict[str, bool | None]] = {}
    names = {
        f"{rule.finding} ({BY_NAME[rule.measure].words})": rule.finding for rule in rules if rule.measure in BY_NAME
    }
    for one in said:
        if one.finding:  # a note has none; `taken back` is no word any more
            words.setdefault(one.image_id, {})[names.get(one.finding, one.finding)] = TRUTH.get(one.judgement)
    found = []
    for row in images:
        points, own = points68.get(row["image_id"]), words.get(row["image_id"], {})
        judged = {name: value for name, value in own.items() if value is not None}
        control = row["population"] == "control"
        if row["kind"] != "still" or points is None or not (control or judged):
            continue
        by_rules = _by_rules(row, measures.get(row["image_id"], ()), rules) if control else {}
        split = split_of(f"{PROJECT}{row['subject_id']}") if control else "test"
        labels = judged if judged and split == "test" else by_rules | judged
        wanted = Wanted(
            Path(row["path"]), f"{PROJECT}{row['subject_id']}", split, labels, bool(judged), control, points
        )
        found += [wanted] if labels else []
    return found


def _by_rules(row: Mapping[str, Any], measures: Sequence[Mapping[str, Any]], rules: Sequence[Rule]) -> dict[str, bool]:
    """What rules without norms say of a photograph that is measured; a measure that is null says nothing."""
    person = {name: row[name] for name in WHO}
    known = {one["measure"] for one in measures if one["reason"] is None}
    meant = [rule for rule in rules if rule.measure in known and rule.how != "beyond_sd"]
    meant = [rule for rule in meant if all(getattr(rule, name) in (None, own) for name, own in person.items())]
    there = {one.finding for one in findings(measures, meant, norms=[], **person)}
    return {rule.finding: rule.finding in there for rule in meant}


def cropped(
    wanted: Sequence[Wanted],
    *,
    size: int,
    landmarks: IngestLandmarks,
    folder: Path,
    advance: Callable[[int], None] = lambda done: None,
) -> tuple[list[Face], list[str], list[str]]:
    """Faces; sha256 of the files they are from; why files could not be used.

    `folder`: has room for all the crops, as one file that is gone as soon as nobody uses it.
    """
    crops = _room(folder, (max(1, len(wanted)), size, size, 3))
    faces, digests, refused = list[Face](), list[str](), list[str]()
    for number, one in enumerate(wanted):
        try:
            content = pictures.read(one.path)
            crops[number] = crop(content, _points(content, one, landmarks), size=size)
        except OSError as error:
            refused.append(f"{one.path}: cannot be read: {error.strerror}")
        except ValueError as error:
            refused.append(f"{one.path}: {error}")
        else:
            faces.append(Face(one.subject, one.split, crops[number], one.labels, one.judged, one.control))
            digests.append(hashlib.sha256(one.path.read_bytes()).hexdigest())
        advance(number + 1)
    return faces, digests, refused


def _room(folder: Path, shape: tuple[int, ...]) -> np.ndarray:
    """An array that lies on the disk, with all the room that it needs. InputError where there is not so much."""
    file = folder / f"crops-{os.getpid()}.tmp"
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as opened:
        file.unlink()
        try:
            os.posix_fallocate(opened.fileno(), 0, math.prod(shape))
        except OSError as error:
            raise InputError(f"{folder}: {math.prod(shape):,} bytes for cropped faces: {error.strerror}") from error
        return np.memmap(opened, np.uint8, "r+", shape=shape)


def _points(image: np.ndarray, one: Wanted, landmarks: IngestLandmarks) -> np.ndarray | None:
    if one.points68 is not None:
        return np.reshape(np.asarray(one.points68, float), (68, 2))
    if image.shape[:2] == ALIGNED:
        return None
    found = measure_face(image, landmarks)
    if found["reason"]:
        raise InputError(str(found["reason"]))
    return np.reshape(np.asarray(found["points"], float), (68, 2))
