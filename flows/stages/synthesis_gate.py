"""Synthesis, the second half: may a generated picture be shown, and how good are the pictures?

Reads the pictures that `flows.stages.synthesis` had drawn, writes data/synthesis. Torch takes seconds to import, so the
modules that need it are imported by the flows that do.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from prefect import flow
from pydantic import BaseModel

from flows.buckets import Out, runtime
from flows.buckets.incremental import recall, run_buckets, stage_pool
from flows.buckets.training import recall_or_train
from flows.buckets.work import Source, Work, provenance
from flows.stages.ingest import PIXELS
from tasks import params
from tasks.base import absence, tables
from tasks.base.digests import table_digest
from tasks.base.words import counted
from tasks.params.ingest import IngestLandmarks, LandmarkModel
from tasks.params.synthesis import (
    SynthesisClassify,
    SynthesisGenerate,
    SynthesisIdentity,
    SynthesisMeasure,
    SynthesisScreen,
)
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tasks.schemas.synthesis import (
    CAPTIONS,
    CLASSIFIED,
    CONDITIONS,
    DIFFERENCES,
    EMBEDDINGS,
    FEATURES,
    GENERATED,
    IDENTITY,
    PROJECTIONS,
    PROMPTS,
    SCREENED,
)

LOOKED_AT = 64
"""Pictures that the Inception network gets in one call: several of its batches."""
GROUPS = ("photographs", *CONDITIONS)
"""Folders of a table that has photographs and generated pictures."""
WHO = ("image_id", "subject_id", "condition", "split", "reason")


@flow
def synthesis_screen(prompts: Path, pre: Path, post: Path, out: Out) -> None:
    """Look at every picture: one whole frontal face, nothing over it, sharp, and as it was asked for?"""
    absence.require_any((pre, post))
    from tasks.synthesis.gate import screening

    settings = params.load(SynthesisScreen, "synthesis_screen")
    with stage_pool(runtime().workers, screening.screen_pictures) as pool:
        for condition, generated in zip(CONDITIONS, (pre, post), strict=True):
            work = Work(
                stage="synthesis_screen",
                compute=screening.screen_pictures,
                schema=SCREENED,
                sources={"generated": Source(generated, GENERATED), "prompts": Source(prompts, PROMPTS)},
                settings={"settings": settings, "model": _model()},
            )
            run_buckets(work, out / condition, runtime=runtime(), pool=pool)


@flow
def synthesis_identity(
    images: Path, captions: Path, pre: Path, post: Path, weights: Path, embeddings: Out, out: Out
) -> None:
    """Is a generated face somebody's? Face embeddings, and each picture's nearest training photograph."""
    absence.require_any((pre, post))
    from tasks.synthesis.gate import identity

    settings = params.load(SynthesisIdentity, "synthesis_identity")
    numbers: dict[str, BaseModel | int | str] = {"settings": settings, "weights": str(weights), "model": _model()}
    work = Work(
        stage="synthesis_identity",
        compute=identity.embed_photographs,
        schema=EMBEDDINGS,
        sources={"images": Source(images, IMAGES, PIXELS), "captions": Source(captions, CAPTIONS, WHO)},
        settings=numbers,
    )
    with stage_pool(runtime().workers, work.compute) as pool:
        run_buckets(work, embeddings / "photographs", runtime=runtime(), pool=pool)
        for condition, generated in zip(CONDITIONS, (pre, post), strict=True):
            drawn = Work(
                stage="synthesis_identity",
                compute=identity.embed_generated,
                schema=EMBEDDINGS,
                sources={"generated": Source(generated, GENERATED)},
                settings=numbers,
            )
            run_buckets(drawn, embeddings / condition, runtime=runtime(), pool=pool)
    found = identity.compare(_embeddings(embeddings), settings=settings)
    record = provenance("synthesis_identity", identity, IDENTITY, numbers, {})
    tables.write(found, out, IDENTITY, provenance=record)
    kept = pc.sum(found["quarantined"]).as_py() or 0
    print(f"synthesis_identity: {kept} of {counted(found.num_rows, 'picture')} quarantined", flush=True)


@flow
def synthesis_measure(
    images: Path,
    captions: Path,
    pre: Path,
    post: Path,
    embeddings: Path,
    weights: Path,
    features: Out,
    projections: Out,
    out: Out,
) -> None:
    """Are the pictures faithful, and do they differ from each other? FIR, FID, KID, LPIPS, and where faces lie."""
    absence.require_any((pre, post))
    from tasks.synthesis.measures import fidelity
    from tasks.synthesis.measures import together as measures

    settings = params.load(SynthesisMeasure, "synthesis_measure")
    recognised = params.load(SynthesisIdentity, "synthesis_identity")
    numbers: dict[str, BaseModel | int | str] = {"settings": settings, "weights": str(weights)}
    run_buckets(_photographs(images, captions, numbers), features / "photographs", runtime=runtime(), here=True)
    for condition, generated in zip(CONDITIONS, (pre, post), strict=True):
        drawn = Work(
            stage="synthesis_measure",
            compute=fidelity.generated_features,
            schema=FEATURES,
            sources={"generated": Source(generated, GENERATED)},
            settings=numbers,
            together=LOOKED_AT,
        )
        run_buckets(drawn, features / condition, runtime=runtime(), here=True)
    faces, pictures = _embeddings(embeddings), _both(pre, post)
    of = provenance("synthesis_measure", measures, DIFFERENCES, numbers, {}, {"generated": table_digest(pictures)})
    apart = recall(of, DIFFERENCES, lambda: measures.differences(pictures, settings=settings, weights=str(weights)))
    seen = pa.concat_tables(tables.read(features / name, FEATURES) for name in GROUPS)
    found = measures.measure(pictures, faces, seen, apart, identity=recognised, settings=settings)
    with tables.replacing(out) as temporary:
        temporary.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    record = provenance("synthesis_measure", measures, PROJECTIONS, numbers, {})
    tables.write(measures.project(faces), projections, PROJECTIONS, provenance=record)


def _photographs(images: Path, captions: Path, numbers: Mapping[str, BaseModel | int | str]) -> Work:
    """What the Inception network sees in the photographs that trained an adapter."""
    from tasks.synthesis.measures import fidelity

    side = params.load(SynthesisGenerate, "synthesis_generate").side
    listed = tables.read(captions, CAPTIONS, ["image_id", "condition", "split", "reason"]).to_pylist()
    learned = frozenset(
        row["image_id"]
        for row in listed
        if row["split"] == "train" and row["condition"] in CONDITIONS and not row["reason"]
    )
    return Work(
        stage="synthesis_measure",
        compute=fidelity.photograph_features,
        schema=FEATURES,
        sources={
            "images": Source(images, IMAGES, PIXELS, learned),
            "captions": Source(captions, CAPTIONS, (*WHO, "frame"), learned),
        },
        settings={**numbers, "side": side},
        together=LOOKED_AT,
    )


@flow
def synthesis_classify(
    images: Path,
    landmarks: Path,
    captions: Path,
    pre: Path,
    post: Path,
    screened: Path,
    identity: Path,
    base: Path,
    weights: Path,
    out: Out,
) -> None:
    """Are the pictures of use? Classifiers that learn clefts from them alone, asked about photographs."""
    absence.require_any((pre, post))
    absence.require(base)
    from tasks.synthesis.manifest import MANIFEST
    from tasks.synthesis.measures import classifiers

    settings = params.load(SynthesisClassify, "synthesis_classify")
    side = params.load(SynthesisGenerate, "synthesis_generate").side
    given = {
        "pre": tables.read(pre, GENERATED),
        "post": tables.read(post, GENERATED),
        "landmarks": tables.read(landmarks, LANDMARKS, ["image_id", "points", "reason"]),
        "captions": tables.read(captions, CAPTIONS),
        "screened": _screened(screened),
        "identity": tables.read(identity, IDENTITY),
    }
    inputs = {name: table_digest(table) for name, table in given.items()}
    model = _model()
    numbers: dict[str, BaseModel | int | str] = {"settings": settings, "side": side, "model": model}
    record = provenance("synthesis_classify", classifiers, CLASSIFIED, numbers, {"base": base / MANIFEST}, inputs)
    listed = tables.read(images, IMAGES)

    def make(_: Path, report: Callable[[int, int], None]) -> pa.Table:
        return classifiers.classify(
            **given,
            images=listed,
            base=base / MANIFEST,
            side=side,
            settings=settings,
            model=model,
            weights=str(weights),
            on_progress=report,
        )

    tables.write(recall_or_train(record, CLASSIFIED, make), out, CLASSIFIED, provenance=record)


@flow
def synthesis_release(prompts: Path, pre: Path, post: Path, screened: Path, identity: Path, out: Out) -> None:
    """Put the pictures that may be shown into a folder: not flagged by screening, and nobody's face."""
    absence.require_any((pre, post))
    from tasks.synthesis.gate import release

    count = release.release(
        _both(pre, post), tables.read(prompts, PROMPTS), _screened(screened), tables.read(identity, IDENTITY), out=out
    )
    print(f"synthesis_release: {counted(count, 'picture')} released", flush=True)


def _model() -> LandmarkModel:
    """Whose 68 points."""
    return params.load(IngestLandmarks, "ingest_landmarks").model


def _both(pre: Path, post: Path) -> pa.Table:
    return pa.concat_tables([tables.read(pre, GENERATED), tables.read(post, GENERATED)])


def _screened(folder: Path) -> pa.Table:
    return pa.concat_tables(tables.read(folder / condition, SCREENED) for condition in CONDITIONS)


def _embeddings(folder: Path) -> pa.Table:
    return pa.concat_tables(tables.read(folder / name, EMBEDDINGS) for name in GROUPS)
