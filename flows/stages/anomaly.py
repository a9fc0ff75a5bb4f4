"""Anomaly by StyleGAN2: aligned faces, a generator of control faces, the nearest face it draws, scores.

Reads images and landmarks, writes data/anomaly. Torch takes seconds to import, so the modules that need it are
imported by the flows that do.
"""

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from prefect import flow
from pydantic import BaseModel

from flows.buckets import Out, runtime
from flows.buckets.incremental import recall, run_buckets
from flows.buckets.training import leave, recall_or_train
from flows.buckets.work import Source, Work, provenance
from flows.stages.ingest import PIXELS
from tasks import params
from tasks.base import absence, tables
from tasks.base.digests import file_digest, table_digest
from tasks.errors import InputError
from tasks.faces import alignment
from tasks.faces.cohort import NOBODY_TRAINS, WHO, split_of
from tasks.params.anomaly import (
    AnomalyAdapt,
    AnomalyAlign,
    AnomalyGenerator,
    AnomalyInvert,
    AnomalyPerceptual,
    AnomalyScore,
)
from tasks.schemas.anomaly import (
    ADAPTATIONS,
    ANOMALY_MAPS,
    ANOMALY_SCORES,
    GENERATOR_CURVES,
    GENERATOR_FILE,
    GENERATORS,
    INVERSIONS,
)
from tasks.schemas.faces import ALIGNED
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tasks.schemas.inpainting import FILLINGS

NOBODY = (
    "nobody to score: no face of a patient, nor of a control whom the generator has not seen, could be aligned; add "
    "patients (population repaired or unrepaired in images.csv), or controls"
)
FILLED = ("image_id", "proposal", "subject_id", "photograph", "filled", "to_original", "reason")
"""What of a filling is scored."""
FACE = ("image_id", "subject_id", "picture", "reason")
"""What a latent depends on: not the way back to the original."""


@flow
def anomaly_align(images: Path, landmarks: Path, out: Out) -> None:
    """Level, scale and crop the face of every photograph, and keep the way back to the original pixels."""
    work = Work(
        stage="anomaly_align",
        compute=alignment.align_photographs,
        schema=ALIGNED,
        sources={"images": Source(images, IMAGES, PIXELS), "landmarks": Source(landmarks, LANDMARKS)},
        settings={"settings": params.load(AnomalyAlign, "anomaly_align")},
    )
    run_buckets(work, out, runtime=runtime())


@flow
def anomaly_generator(aligned: Path, weights: Path, out: Out) -> None:
    """A generator of faces without a cleft: trained on the aligned controls, or read from a file among the weights."""
    from tasks.anomaly import checkpoints, training

    absence.require(aligned)
    settings = params.load(AnomalyGenerator, "anomaly_generator")
    align = params.load(AnomalyAlign, "anomaly_align")
    record = provenance("anomaly_generator", training, GENERATORS, {"settings": settings, "align": align}, {})
    if settings.source == "controls":
        everyone = tables.read(aligned, ALIGNED)
        trained = everyone.filter(pc.equal(everyone["population"], "control"))  # a new patient trains nothing
        if reason := split_of(settings).too_few(trained):
            raise absence.Absent(reason)
        record["inputs"] = {"aligned": table_digest(trained)}
        result = recall_or_train(record, GENERATORS, partial(_train, trained, record, settings)).to_pylist()[0]
    else:
        file = _checked(weights / settings.source, settings)
        record["files"] = {settings.source: settings.sha256}
        result = recall(record, GENERATORS, lambda: _read(file, record, align.size)).to_pylist()[0]
    leave(out, {GENERATOR_FILE: result["weights"]})
    tables.write(GENERATOR_CURVES.table(result["curves"]), out / "curves.parquet", GENERATOR_CURVES, provenance=record)
    try:
        checkpoints.require_faces(checkpoints.load_generator(out / GENERATOR_FILE))
    except checkpoints.GeneratorError as error:
        if settings.source != "controls":
            raise
        if not settings.face_required:
            print(f"anomaly_generator: {error}", file=sys.stderr, flush=True)
            return
        raise absence.Absent(f"{error}; it needs more controls, or more steps (anomaly_generator: steps)") from error


def _train(
    aligned: pa.Table,
    record: dict[str, Any],
    settings: AnomalyGenerator,
    checkpoint: Path,
    report: Callable[[int, int], None],
) -> pa.Table:
    from tasks.anomaly import training

    trained = training.train(
        training.controls_of(aligned, settings=settings),
        settings=settings,
        checkpoint=checkpoint,
        provenance=record,
        on_progress=report,
    )
    return _generator(trained.weights, trained.curves)


def _read(file: Path, record: dict[str, Any], size: int) -> pa.Table:
    """The file's generator as our own; GeneratorError where it cannot be used."""
    from tasks.anomaly import checkpoints

    generator = checkpoints.load_generator(file)
    checkpoints.require_size(generator, size)
    checkpoints.require_faces(generator)
    return _generator(checkpoints.save_generator(generator, provenance=record), [])


def _generator(weights: bytes, curves: Sequence[Mapping[str, float | None]]) -> pa.Table:
    return GENERATORS.table([{"weights": weights, "sha256": hashlib.sha256(weights).hexdigest(), "curves": curves}])


def _checked(file: Path, settings: AnomalyGenerator) -> Path:
    """The file, if it is the one that params.yaml means; InputError else."""
    if not file.exists():
        raise InputError(f"{file}: not there; put the generator there, or set anomaly_generator: source: controls")
    if (found := file_digest(file)) != settings.sha256:
        meant = "names none" if settings.sha256 is None else f"says {settings.sha256}"
        raise InputError(
            f"{file} has sha256 {found}, params.yaml (anomaly_generator: sha256) {meant}; it was not opened. Write "
            "its sha256 there if this is the file you mean"
        )
    return file


@flow
def anomaly_invert(aligned: Path, generator: Path, weights: Path, out: Out) -> None:
    """The nearest face that the generator draws, for each photograph of patients and controls who did not train it."""
    from tasks.anomaly import inversion

    absence.require(aligned, generator)
    settings = params.load(AnomalyInvert, "anomaly_invert")
    trained = params.load(AnomalyGenerator, "anomaly_generator")
    split = split_of(trained) if trained.source == "controls" else NOBODY_TRAINS
    unseen = split.unseen(tables.read(aligned, ALIGNED, WHO), settings.populations)
    if not unseen:
        raise absence.Absent(NOBODY)
    ids = frozenset(row["image_id"] for row in unseen)
    work = Work(
        stage="anomaly_invert",
        compute=inversion.invert_photographs,
        schema=INVERSIONS,
        sources={"aligned": Source(aligned, ALIGNED, FACE, ids)},
        settings={"settings": settings, "perceptual": _perceptual(), "weights": str(weights)},
        files={"generator": generator / GENERATOR_FILE},
        together=settings.together,
        resumable=True,
    )
    run_buckets(work, out, runtime=runtime(), here=_on_a_card())


@flow
def anomaly_adapt(aligned: Path, inversions: Path, generator: Path, weights: Path, out: Out) -> None:
    """The generator fitted a little to each face, its latent frozen; pictures kept on the way."""
    from tasks.anomaly import adaptation

    absence.require(inversions, generator)
    settings = params.load(AnomalyAdapt, "anomaly_adapt")
    ids = frozenset(tables.read(inversions, INVERSIONS, ["image_id"])["image_id"].to_pylist())
    work = Work(
        stage="anomaly_adapt",
        compute=adaptation.adapt_photographs,
        schema=ADAPTATIONS,
        sources={"aligned": Source(aligned, ALIGNED, FACE, ids), "inversions": Source(inversions, INVERSIONS)},
        settings={"settings": settings, "perceptual": _perceptual(), "weights": str(weights)},
        files={"generator": generator / GENERATOR_FILE},
        together=settings.together,
    )
    run_buckets(work, out, runtime=runtime(), here=_on_a_card())


@flow
def anomaly_score(aligned: Path, inversions: Path, weights: Path, out: Out, maps: Out) -> None:
    """Heatmaps, and all 48 scores of every photograph at every adaptation step that was kept; or against its filling.

    Which of both is `anomaly_score: normal`: the folder of the faces that photographs are held against, which is read
    besides. dvc.yaml names it among the dependencies by that number.
    """
    from tasks.anomaly import filled, scores

    settings = params.load(AnomalyScore, "anomaly_score")
    normal = Path(settings.normal)
    numbers: dict[str, BaseModel | int | str] = {"settings": settings, "perceptual": _perceptual()}
    numbers["weights"] = str(weights)
    if settings.filled:
        absence.require(aligned, normal)
        pictures = {"aligned": Source(aligned, ALIGNED), "fillings": Source(normal, FILLINGS, FILLED)}
        scoring = Work("anomaly_score", filled.score_fillings, ANOMALY_SCORES, pictures, numbers)
        mapping = Work("anomaly_score", filled.map_fillings, ANOMALY_MAPS, pictures, numbers)
    else:
        absence.require(inversions, normal)
        numbers["iterations"] = params.load(AnomalyAdapt, "anomaly_adapt").iterations
        pictures = {"aligned": Source(aligned, ALIGNED), "adaptations": Source(normal, ADAPTATIONS)}
        scoring = Work("anomaly_score", scores.score_photographs, ANOMALY_SCORES, pictures, numbers)
        mapped = {**pictures, "inversions": Source(inversions, INVERSIONS)}
        mapping = Work("anomaly_score", scores.map_photographs, ANOMALY_MAPS, mapped, numbers)
    run_buckets(scoring, out, runtime=runtime(), here=_on_a_card())
    run_buckets(mapping, maps, runtime=runtime(), here=_on_a_card())


def _perceptual() -> AnomalyPerceptual:
    return params.load(AnomalyPerceptual, "anomaly_perceptual")


def _on_a_card() -> bool:
    """Whether a GPU computes: then in this process, which holds it."""
    import torch

    return torch.cuda.is_available()
