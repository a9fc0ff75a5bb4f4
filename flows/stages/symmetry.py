"""Siamese lip symmetry: warped controls, pairs, training, distances. Reads lips, writes data/symmetry.

Torch takes seconds to import, so the modules that need it are imported by the flows that do.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from prefect import flow

from flows.buckets import Out, runtime
from flows.buckets.incremental import run_buckets
from flows.buckets.store import STORE
from flows.buckets.training import leave, recall_or_train
from flows.buckets.work import Source, Work, provenance
from flows.stages.ingest import PIXELS
from tasks import params
from tasks.base import absence, tables
from tasks.base.digests import table_digest
from tasks.base.words import counted
from tasks.params.evaluation import Score
from tasks.params.ingest import IngestLandmarks, IngestLips
from tasks.params.symmetry import SymmetryPairs, SymmetryTrain, SymmetryWarp
from tasks.schemas.ingest import IMAGES, LANDMARKS, LIPS
from tasks.schemas.symmetry import BASELINES, CURVES, DISTANCES, HALVES, PAIR_DISTANCES, PAIRS, TRAINED, WARPS
from tasks.symmetry import baselines, controls
from tasks.symmetry import pairs as pairing


@flow
def symmetry_warp(images: Path, landmarks: Path, exemplars: Path, out: Out) -> None:
    """Warp the controls: one side like a repaired cleft, both sides alike, or not at all."""
    kinds = tables.read(images, IMAGES, ["kind", "population"]).to_pylist()
    if {"kind": "still", "population": "control"} not in kinds:
        raise absence.Absent("no photographs of controls: add some (population control in images.csv)")
    detection = params.load(IngestLandmarks, "ingest_landmarks")
    work = Work(
        stage="symmetry_warp",
        compute=controls.warp_controls,
        schema=WARPS,
        sources={"images": Source(images, IMAGES, PIXELS), "landmarks": Source(landmarks, LANDMARKS)},
        settings={
            "settings": params.load(SymmetryWarp, "symmetry_warp"),
            "lips": params.load(IngestLips, "ingest_lips"),
            "model": detection.model,
            "predict_side": detection.predict_side,
        },
        files={"exemplars": exemplars},
    )
    run_buckets(work, out, runtime=runtime())


@flow
def symmetry_pairs(strategy: str, warps: Path, lips: Path, out: Out) -> None:
    """Pair the halves, split by subject, and put the paired halves beside the pairs."""
    settings = params.load(SymmetryPairs, "symmetry_pairs")
    if strategy == "clp":
        absence.require(warps)
        source, schema, key = warps, WARPS, "warp_id"
        columns = [key, "subject_id", "population", "symmetric", "kind", "severity_applied", "reason"]
        pairs = pairing.clp_pairs(tables.read(warps, WARPS, columns).to_pylist(), settings=settings)
    else:
        source, schema, key = lips, LIPS, "image_id"
        columns = [key, "clip_id", "subject_id", "population", "frame_index", "reason"]
        pairs, barren = pairing.temporal_pairs(tables.read(lips, LIPS, columns).to_pylist(), settings=settings)
        for line in barren:
            print(f"symmetry_pairs@{strategy}: {line}", file=sys.stderr, flush=True)
    if reason := pairing.too_few(pairs, strategy):
        raise absence.Absent(reason)
    made = {"stage": f"symmetry_pairs@{strategy}", "parameters": settings.model_dump(mode="json")}
    tables.write(pairs, out / "pairs.parquet", PAIRS, provenance=made)
    _write_halves(pairs, source, schema, key, out / "halves", made)
    print(f"symmetry_pairs@{strategy}: {counted(pairs.num_rows, 'pair')}", flush=True)


def _write_halves(
    pairs: pa.Table, source: Path, schema: tables.Schema, key: str, out: Path, made: Mapping[str, Any]
) -> None:
    """The halves that pairs name, part by part as in their source."""
    used = pa.array(sorted({*pairs["left_from"].to_pylist(), *pairs["right_from"].to_pylist()}))
    out.mkdir(parents=True, exist_ok=True)
    for file in tables.parts(source):
        part = tables.read(file, schema, [key, "left", "right"])
        part = part.filter(pc.is_in(part[key], used)).rename_columns(["half_of", "left", "right"])
        if part.num_rows:
            tables.write(part, out / file.name, HALVES, provenance=made)


def _halves(pairs: Path) -> Iterable[pa.Table]:
    return tables.read_each(pairs / "halves", HALVES)


def _digests(table: pa.Table, pairs: Path) -> dict[str, Any]:
    """Of the pairs and of their halves."""
    return {"pairs": table_digest(table), "halves": [table_digest(part) for part in _halves(pairs)]}


@flow
def symmetry_train(strategy: str, pairs: Path, weights: Path, out: Out) -> None:
    """Train the Siamese network on the pairs; the best weights on validation are kept."""
    from tasks.symmetry import halves, training

    absence.require(pairs)
    stage = f"symmetry_train@{strategy}"
    settings = params.load(SymmetryTrain, "symmetry_train")
    table = tables.read(pairs / "pairs.parquet", PAIRS)
    record = provenance(stage, training, TRAINED, {"settings": settings}, {}, _digests(table, pairs))

    def make(checkpoint: Path, report: Callable[[int, int], None]) -> pa.Table:
        size, threads = settings.input_size, settings.threads
        trained = training.train(
            halves.paired(table, _halves(pairs), size=size, threads=threads, folder=STORE),
            settings=settings,
            weights_folder=weights,
            checkpoint=checkpoint,
            provenance=record,
            on_progress=lambda step, total, _: report(step, total),
        )
        row = {"weights": trained.weights, "best_step": trained.best_step, "steps": trained.steps}
        return TRAINED.table([row | {"curves": trained.curves.to_pylist()}])

    result = recall_or_train(record, TRAINED, make).to_pylist()[0]
    leave(out, {"model.safetensors": result["weights"]})
    tables.write(CURVES.table(result["curves"]), out / "curves.parquet", CURVES, provenance=record)


@flow
def symmetry_distances(strategy: str, pairs: Path, lips: Path, model: Path, out: Out) -> None:
    """D of every pair and of every photograph, and how much crop and light change a photograph's."""
    from tasks.symmetry import distances, network, steadiness

    absence.require(pairs, model)
    stage = f"symmetry_distances@{strategy}"
    file = model / "model.safetensors"
    threads = params.load(SymmetryTrain, "symmetry_train").threads
    table = tables.read(pairs / "pairs.parquet", PAIRS)
    record = provenance(stage, distances, PAIR_DISTANCES, {}, {"model": file}, _digests(table, pairs))

    def make(*_: object) -> pa.Table:
        loaded = network.load_network(file)
        return distances.distances_of_pairs(table, _halves(pairs), loaded, threads=threads, folder=STORE)

    mirrored = params.load(IngestLips, "ingest_lips").mirrored_half
    seen = steadiness.Seen(views=params.load(Score, "score").views, mirrored=mirrored)
    found = recall_or_train(record, PAIR_DISTANCES, make)
    tables.write(found, out / "pairs.parquet", PAIR_DISTANCES, provenance=record)
    work = Work(
        stage=stage,
        compute=steadiness.steadiness_of_photographs,
        schema=DISTANCES,
        sources={"lips": Source(lips, LIPS)},
        settings={"threads": threads, "seen": seen},
        files={"model": file},
    )
    run_buckets(work, out / "photographs", runtime=runtime(), here=True)


@flow
def symmetry_baselines(images: Path, landmarks: Path, out: Out) -> None:
    """The two plain measures that a network has to beat: from landmarks and from mirrored pixels."""
    work = Work(
        stage="symmetry_baselines",
        compute=baselines.measure_photographs,
        schema=BASELINES,
        sources={"images": Source(images, IMAGES, PIXELS), "landmarks": Source(landmarks, LANDMARKS)},
        settings={},
    )
    run_buckets(work, out, runtime=runtime())
