"""The generator of bench/anomaly_real.py: London's training people aligned as the stage does it, and the network, kept.

In: the folder of photographs, the numbers (bench/anomaly_real.yaml), a folder to keep things in. Out: the table ALIGNED
of everybody, and the generator's file with what its training cost; a training that was stopped goes on. People are held
out by name, as the stage holds them out.
"""

import json
import resource
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bench import london_faces
from tasks import params
from tasks.anomaly import training
from tasks.base import images
from tasks.base.digests import table_digest
from tasks.base.training import key_of
from tasks.faces.alignment import AlignmentError, align
from tasks.params.anomaly import (
    AnomalyAdapt,
    AnomalyAlign,
    AnomalyGenerator,
    AnomalyInvert,
    AnomalyPerceptual,
    AnomalyScore,
)
from tasks.schemas.faces import ALIGNED

NUMBERS = Path(__file__).with_name("anomaly_real.yaml")


@dataclass(frozen=True)
class Numbers:
    """Every block of bench/anomaly_real.yaml for one method and size, and bench/london.yaml's faces and warps."""

    london: london_faces.Numbers
    align: AnomalyAlign
    generator: AnomalyGenerator
    perceptual: AnomalyPerceptual
    invert: AnomalyInvert
    adapt: AnomalyAdapt
    score: AnomalyScore


@dataclass(frozen=True)
class Made:
    """A generator's file, its curves, and what it cost: seconds by the clock and of CPU."""

    file: Path
    curves: list[dict[str, float | None]]
    wall: float
    cpu: float


def usual(method: str, size: int) -> Numbers:
    """The recipe as docs/anomaly.md quotes it."""
    crop = params.load(AnomalyAlign, "anomaly_align", NUMBERS)
    scaled = {"size": size, "eye_distance": crop.eye_distance * size / crop.size}
    return Numbers(
        london=london_faces.usual(),
        align=crop.model_copy(update=scaled),
        generator=params.load(AnomalyGenerator, f"{method}_{size}", NUMBERS),
        perceptual=params.load(AnomalyPerceptual, "anomaly_perceptual", NUMBERS),
        invert=params.load(AnomalyInvert, "anomaly_invert", NUMBERS),
        adapt=params.load(AnomalyAdapt, "anomaly_adapt", NUMBERS),
        score=params.load(AnomalyScore, "anomaly_score", NUMBERS),
    )


def stretched(numbers: Numbers, steps: int) -> Numbers:
    """The same with so many steps in all, shared out over the sides as they were."""
    own = numbers.generator.steps
    share = steps / sum(own.values())
    fewer = {side: max(1, round(count * share)) for side, count in own.items()}
    return replace(numbers, generator=numbers.generator.model_copy(update={"steps": fewer}))


def aligned_row(row: Mapping[str, Any], image: np.ndarray, settings: AnomalyAlign) -> dict[str, Any]:
    """A row of ALIGNED of one photograph (a landmarks row with its names), as the stage anomaly_align makes it."""
    known = {name: row[name] for name in ("image_id", "subject_id", "population")}
    try:
        face = align(image, np.reshape(row["points"], (68, 2)), settings=settings)
    except AlignmentError as error:
        return known | {"reason": str(error)}
    return known | {
        "picture": images.encode_png(face.picture),
        "to_original": face.to_original.ravel().tolist(),
        "points": face.points.ravel().round(6).tolist(),
        "face_share": face.face_share,
        "outside_share": face.outside_share,
    }


def aligned_of(rows: Iterable[Mapping[str, Any]], settings: AnomalyAlign) -> pa.Table:
    """ALIGNED of the set's photographs."""
    return ALIGNED.table(aligned_row(row, images.read(row["path"]), settings) for row in rows)


def trained(aligned: pa.Table, numbers: Numbers, kept: Path) -> Made:
    """The generator, trained or found in `kept`."""
    settings, size = numbers.generator, numbers.align.size
    key = key_of(training.__name__, settings, table_digest(aligned))[:16]
    file = kept / f"{settings.method}-{size}-{key}.safetensors"
    told, standing = file.with_suffix(".json"), file.with_suffix(".standing")
    if not told.exists():
        kept.mkdir(parents=True, exist_ok=True)
        began, before = time.monotonic(), cpu_seconds()
        made = training.train(
            training.controls_of(aligned, settings=settings),
            settings=settings,
            checkpoint=standing,
            provenance={"recipe": NUMBERS.name},
        )
        file.write_bytes(made.weights)
        cost = {"wall": time.monotonic() - began, "cpu": cpu_seconds() - before}
        told.write_text(json.dumps({"curves": made.curves, **cost}))
        standing.unlink(missing_ok=True)
    return Made(file, **json.loads(told.read_text()))


def cpu_seconds() -> float:
    """This process's, so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
