"""Inpainting: aligned faces, a network that never saw a cleft, faces with lips and nose filled, measures (Chen et al.).

Reads images and landmarks, writes data/inpainting. Torch takes seconds to import, so the modules that need it are
imported by the flows that do.
"""

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from prefect import flow

from flows.buckets import Out, runtime
from flows.buckets.incremental import recall, run_buckets
from flows.buckets.training import leave, recall_or_train
from flows.buckets.work import Source, Work, provenance, write_parts
from flows.stages.ingest import PIXELS
from tasks import params
from tasks.base import absence, tables
from tasks.base.digests import file_digest, table_digest
from tasks.faces import alignment
from tasks.faces.cohort import WHO, split_of
from tasks.ingest.ratings.answers import AGAIN
from tasks.params.inpainting import (
    InpaintingAlign,
    InpaintingControls,
    InpaintingFill,
    InpaintingMeasure,
    InpaintingTrain,
)
from tasks.params.running import Data
from tasks.schemas.faces import ALIGNED
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tasks.schemas.inpainting import (
    AFTER,
    FILLING_DISTANCES,
    FILLINGS,
    INPAINTING_CURVES,
    INPAINTING_JUDGED,
    INPAINTING_MEASURES,
    INPAINTING_NETWORKS,
    NEARNESS,
    NETWORK_FILE,
)
from tasks.schemas.inpainting_scores import INPAINTING_SCORED

NOBODY = (
    "nobody to fill: there is no photograph of a patient, nor of a control whom the network has not seen; add patients "
    "(population unrepaired or repaired in images.csv), or controls"
)
NOBODY_UNSEEN = (
    "no photograph of a control whom the network has not seen; add controls, or raise inpainting_train: held_out"
)
NOT_JUDGED = (
    "nobody has judged the fillings; make a sheet for each surgeon with `vermilion inpainting sheet`, and bring the "
    "forms in with `vermilion inpainting votes`; or judge and rate them in `vermilion review`"
)


@flow
def inpainting_align(images: Path, landmarks: Path, out: Out) -> None:
    """Level, scale and crop the face of every photograph to the network's size."""
    work = Work(
        stage="inpainting_align",
        compute=alignment.align_photographs,
        schema=ALIGNED,
        sources={"images": Source(images, IMAGES, PIXELS), "landmarks": Source(landmarks, LANDMARKS)},
        settings={"settings": params.load(InpaintingAlign, "inpainting_align")},
    )
    run_buckets(work, out, runtime=runtime())


@flow
def inpainting_train(aligned: Path, weights: Path, out: Out) -> None:
    """A network that fills what is hidden of a face, trained on the aligned controls alone."""
    from tasks.inpainting.network import training

    absence.require(aligned)
    settings = params.load(InpaintingTrain, "inpainting_train")
    everyone = tables.read(aligned, ALIGNED)
    controls = everyone.filter(pc.equal(everyone["population"], "control"))  # a new patient trains nothing
    if reason := split_of(settings).too_few(controls):
        raise absence.Absent(reason)
    align = params.load(InpaintingAlign, "inpainting_align")
    record = provenance(
        "inpainting_train",
        training,
        INPAINTING_NETWORKS,
        {"settings": settings, "align": align},
        {},
        {"aligned": table_digest(controls)},
    )
    made = partial(_train, controls, record, settings, weights)
    result = recall_or_train(record, INPAINTING_NETWORKS, made).to_pylist()[0]
    leave(out, {NETWORK_FILE: result["weights"]})
    curves = INPAINTING_CURVES.table(result["curves"])
    tables.write(curves, out / "curves.parquet", INPAINTING_CURVES, provenance=record)


def _train(
    controls: pa.Table,
    record: dict[str, Any],
    settings: InpaintingTrain,
    weights: Path,
    checkpoint: Path,
    report: Callable[[int, int], None],
) -> pa.Table:
    from tasks.inpainting.network import training

    trained = training.train(
        *training.controls_of(controls, settings=settings),
        settings=settings,
        weights_folder=weights,
        checkpoint=checkpoint,
        provenance=record,
        on_progress=report,
    )
    digest = hashlib.sha256(trained.weights).hexdigest()
    return INPAINTING_NETWORKS.table([{"weights": trained.weights, "sha256": digest, "curves": trained.curves}])


@flow
def inpainting_fill(images: Path, landmarks: Path, model: Path, out: Out) -> None:
    """Lips and nose of patients, and of controls who trained nothing, filled under masks from their landmarks."""
    from tasks.inpainting import fillings

    absence.require(model)
    settings = params.load(InpaintingFill, "inpainting_fill")
    ids = filled_ids(tables.read(images, IMAGES, WHO), settings, params.load(InpaintingTrain, "inpainting_train"))
    if not ids:
        raise absence.Absent(NOBODY)
    work = Work(
        stage="inpainting_fill",
        compute=fillings.fill_photographs,
        schema=FILLINGS,
        sources={
            "images": Source(images, IMAGES, (*PIXELS, "cleft_side"), ids),
            "landmarks": Source(
                landmarks, LANDMARKS, ("image_id", "subject_id", "population", "points", "reason"), ids
            ),
        },
        settings={"settings": settings, "align": params.load(InpaintingAlign, "inpainting_align")},
        files={"network": model / NETWORK_FILE},
        together=TOGETHER,
    )
    run_buckets(work, out, runtime=runtime(), here=_on_a_card())


TOGETHER = 8
"""Photographs that one call fills; a photograph's result does not depend on it."""


def filled_ids(images: pa.Table, settings: InpaintingFill, train: InpaintingTrain) -> frozenset[str]:
    """Photographs of the populations that are filled, controls from whom the network learned left out."""
    return frozenset(row["image_id"] for row in split_of(train).unseen(images, settings.populations))


@flow
def inpainting_measure(
    images: Path,
    landmarks: Path,
    fillings: Path,
    uncleft: Path,
    weights: Path,
    distances: Out,
    after: Out,
    nearness: Out,
) -> None:
    """How far fillings are from their photographs, and how near to the same person without the cleft."""
    from tasks.inpainting import nearness as measuring

    absence.require(fillings)
    numbers = _measure_numbers(weights)
    filled, compared = Source(fillings, FILLINGS), numbers | {"brightness": _brightness()}
    run_buckets(
        Work("inpainting_measure", measuring.measure_distances, FILLING_DISTANCES, {"fillings": filled}, compared),
        distances,
        runtime=runtime(),
        here=_on_a_card(),
    )
    _lay_after(images, landmarks, fillings, uncleft, after)
    run_buckets(
        Work(
            "inpainting_measure",
            measuring.measure_nearness,
            NEARNESS,
            {"fillings": filled, "after": Source(after, AFTER)},
            numbers,
        ),
        nearness,
        runtime=runtime(),
        here=_on_a_card(),
    )


@flow
def inpainting_judge(votes: Path, fillings: Path, out: Out, scored: Out) -> None:
    """Surgeons' votes, what raters gave on scales, and which of both are about the present fillings."""
    from tasks.inpainting.judging import present_fillings, scores
    from tasks.inpainting.judging.votes import kept

    absence.require(fillings)
    first, again = ((kept(folder), scores.kept(folder)) for folder in (votes, votes / AGAIN))
    asked = {name for said in first for name in said["image_id"].to_pylist()}
    if not asked:
        raise absence.Absent(NOT_JUDGED)
    parts = tables.read_each(fillings, FILLINGS)
    rows = [row for part in parts for row in part.to_pylist() if row["image_id"] in asked]
    into = ((present_fillings.judged, INPAINTING_JUDGED, out), (present_fillings.scored, INPAINTING_SCORED, scored))
    for said, second, (marked, schema, path) in zip(first, again, into, strict=True):
        read = {"said": table_digest(said), "again": table_digest(second)}
        record = provenance("inpainting_judge", present_fillings, schema, {}, {}, read)
        tables.write(marked(said, second, rows), path, schema, provenance=record)


def _measure_numbers(weights: Path) -> dict[str, Any]:
    settings = params.load(InpaintingMeasure, "inpainting_measure")
    return {"perceptual": settings.perceptual, "threads": settings.threads, "weights": str(weights)}


def _brightness() -> str:
    return params.load(InpaintingMeasure, "inpainting_measure").brightness


def _lay_after(images: Path, landmarks: Path, fillings: Path, uncleft: Path, out: Path) -> None:
    """The table AFTER, in the fillings' buckets."""
    from tasks.inpainting import after

    align, fill = params.load(InpaintingAlign, "inpainting_align"), params.load(InpaintingFill, "inpainting_fill")
    known = tables.read(images, IMAGES, [*WHO, "path"])
    truths = _truths(known, uncleft)
    columns = ["image_id", "proposal", "subject_id", "population", "to_original", "reason"]
    crops, faces = tables.read(fillings, FILLINGS, columns), tables.read(landmarks, LANDMARKS)
    patients = crops.filter(pc.equal(crops["population"], "unrepaired"))
    own = faces.filter(pc.is_in(faces["subject_id"], pc.unique(patients["subject_id"])))
    record = provenance(
        "inpainting_measure",
        after,
        AFTER,
        {"align": align, "kept_side": fill.kept_side},
        {},
        {
            "fillings": table_digest(patients),
            "landmarks": table_digest(own),
            "truths": {name: file_digest(path) for name, path in sorted(truths.items())},
        },
    )
    laid = partial(after.lay, patients, known, own, truths=truths, settings=align, kept_side=fill.kept_side)
    write_parts(recall(record, AFTER, laid), out, AFTER, record, buckets=runtime().buckets)


def _truths(images: pa.Table, uncleft: Path) -> dict[str, Path]:
    """The drawn faces without the cleft, by the photograph's image_id; none beside a raw folder of one's own."""
    raw = params.load(Data, "data").raw
    found = {}
    for row in images.to_pylist():
        path = Path(row["path"])
        if path.is_relative_to(raw) and (truth := uncleft / path.relative_to(raw)).is_file():
            found[row["image_id"]] = truth
    return found


@flow
def inpainting_controls(aligned: Path, model: Path, weights: Path, out: Out) -> None:
    """How well faces are filled that the network never saw, beside OpenCV's own inpainting (Tables III and IV)."""
    from tasks.inpainting import measuring

    absence.require(aligned, model)
    settings = params.load(InpaintingControls, "inpainting_controls")
    train = params.load(InpaintingTrain, "inpainting_train")
    ids = measuring.held_out(tables.read(aligned, ALIGNED, WHO), settings=settings, train=train)
    if not ids:
        raise absence.Absent(NOBODY_UNSEEN)
    work = Work(
        stage="inpainting_controls",
        compute=measuring.measure_photographs,
        schema=INPAINTING_MEASURES,
        sources={"aligned": Source(aligned, ALIGNED, only=ids)},
        settings={
            "settings": settings,
            "perceptual": params.load(InpaintingMeasure, "inpainting_measure").perceptual,
            "around": params.load(InpaintingFill, "inpainting_fill").around,
            "weights": str(weights),
        },
        files={"network": model / NETWORK_FILE},
        together=TOGETHER,
    )
    run_buckets(work, out, runtime=runtime(), here=_on_a_card())


def _on_a_card() -> bool:
    """Whether a GPU computes: then in this process, which holds it."""
    import torch

    return torch.cuda.is_available()
