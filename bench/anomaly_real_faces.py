"""Photographs of people whom a generator has not seen, untouched and changed by known amounts: bench/anomaly_real.py.

In: landmarks rows of London's photographs, who is held out, the numbers. Out: the first photograph of each person in
every change of `CHANGES`, found and aligned anew as the stages do it, what was done to it, and the same crop of the
untouched photograph: the answer of a generator that knows the person without the change.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from bench import unseen
from bench.anomaly_real_training import Numbers, aligned_row
from bench.rephotography import photographed_anew
from tasks.base import images
from tasks.faces.alignment import align
from tasks.faces.cohort import split_of
from tasks.fairness.appearance import appearance
from tasks.ingest.faces.landmarks import measure_face
from tasks.params.symmetry import SymmetryWarp
from tasks.schemas.faces import ALIGNED
from tasks.symmetry.plans import make_plan
from tasks.symmetry.warp import warp_face

UNTOUCHED = "untouched"
SERIES = "clp"
"""The kind of change whose severities make a series."""


class Change(NamedTuple):
    """What is done to a photograph: a deformation of tasks/symmetry/warp, on one side or both, or what is harmless."""

    kind: str
    severity: float
    both: bool = False

    @property
    def title(self) -> str:
        """As it is printed."""
        return f"{self.kind}{', both sides' * self.both}{f', {self.severity:g}' if self.severity else ''}"


PLAIN, SMILING = Change(UNTOUCHED, 0), Change("the same person smiling, untouched", 0)
ANEW, DARKER = Change("untouched, photographed anew", 0), Change("one side darker by 18 %", 0)
HARMLESS = (SMILING, ANEW, DARKER)
WARPS = (
    *(Change(SERIES, severity) for severity in (0.5, 1.0, 2.0)),
    Change(SERIES, 2.0, both=True),
    *(Change("commissure", severity) for severity in (1.0, 2.0)),
    Change("lateral", 2.0),
    Change("scar", 2.0),
)
CHANGES = (PLAIN, *WARPS, *HARMLESS)


@dataclass(frozen=True)
class Tried:
    """The photographs that are scored. `truth` by image_id: subject_id, title, severity as made, L* of the skin."""

    aligned: pa.Table
    truth: pd.DataFrame
    known: Mapping[str, np.ndarray]  # image_id -> (S, S, 3) uint8 RGB, the untouched photograph in the same crop
    refused: int


def held_out(rows: list[dict[str, Any]], numbers: Numbers, people: int | None) -> dict[str, list[dict[str, Any]]]:
    """Landmarks rows of the people who do not train, by name; the first so many people."""
    split = split_of(numbers.generator)
    who = sorted({row["subject_id"] for row in rows if not split.trains(row["subject_id"], "control")})
    return {name: [row for row in rows if row["subject_id"] == name] for name in who[:people]}


def tried(people: Mapping[str, list[dict[str, Any]]], numbers: Numbers) -> Tried:
    """Every change of everybody. A photograph that landmarks or alignment refuse is counted and left out."""
    found, truth, known, refused = [], {}, {}, 0
    for name, own in people.items():
        first = images.read(own[0]["path"])
        skin = appearance(first, np.reshape(own[0]["points"], (68, 2))).skin_lightness
        for change, photograph, made in changed(first, own, numbers):
            seen: dict[str, Any] = measure_face(photograph, numbers.london.landmarks)
            image_id = hashlib.sha256(f"{own[0]['image_id']} {change.title}".encode()).hexdigest()
            names = {"image_id": image_id, "subject_id": name, "population": "control"}
            row = seen if seen["reason"] else aligned_row({**seen, **names}, photograph, numbers.align)
            if row.get("reason"):
                refused += 1
                continue
            found.append(row)
            truth[image_id] = {"subject_id": name, "title": change.title, "severity": made, "skin": skin}
            if change in (PLAIN, *WARPS):
                known[image_id] = align(first, np.reshape(seen["points"], (68, 2)), settings=numbers.align).picture
    return Tried(ALIGNED.table(found), pd.DataFrame.from_dict(truth, orient="index"), known, refused)


def changed(
    image: np.ndarray,  # (H, W, 3) uint8 RGB, of own[0]
    own: list[dict[str, Any]],  # the person's landmarks rows
    numbers: Numbers,
) -> Iterator[tuple[Change, np.ndarray, float]]:
    """Every change that the person's photographs allow, the changed photograph, and the severity as made."""
    points, identity = np.reshape(own[0]["points"], (68, 2)), int(own[0]["image_id"], 16)
    side = 1 if np.random.default_rng(identity).random() < 0.5 else -1
    yield PLAIN, image, 0.0
    for number, change in enumerate(WARPS):
        yield (
            change,
            *_warped(image, points, change, side, np.random.default_rng([identity, number]), numbers.london.warp),
        )
    if len(own) > 1:
        yield SMILING, images.read(own[1]["path"]), 0.0
    yield ANEW, photographed_anew(image, np.random.default_rng([identity, 1])), 0.0
    yield DARKER, unseen.darker(0.18)(image, points, (side,)), 0.0


def _warped(
    image: np.ndarray, points: np.ndarray, change: Change, side: int, rng: np.random.Generator, settings: SymmetryWarp
) -> tuple[np.ndarray, float]:
    """The change as bench/london.py makes it: by the mesh, every point moved as planned."""
    fixed = {"severity_low": change.severity, "severity_high": change.severity, "smooth_share": 0.0, "jitter": 0.0}
    own = settings.model_copy(update=fixed)
    where = None if change.both else "left" if side > 0 else "right"
    made = warp_face(image, points, make_plan(change.kind, where, rng, settings=own, exemplars=None), settings=own)
    return made.image, made.severity
