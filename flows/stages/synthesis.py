"""Synthesis after DiffusionCleft: a base model, captions, adapters by LoRA, pictures, and whether they may be shown.

Reads images and landmarks, writes data/synthesis. Torch and diffusers take seconds to import, so the modules that need
them are imported by the flows that do; what they compute is computed in the stage's own process, which opens the
networks once and holds the card if there is one.
"""

import json
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from prefect import flow
from pydantic import BaseModel

from flows.buckets.incremental import recall, run_buckets, stage_pool
from flows.buckets.store import open_store
from flows.buckets.work import Source, Work, provenance, write_parts
from flows.running.cards import card
from flows.running.progress import reporter
from flows.stages.ingest import PIXELS
from tasks import params
from tasks.base import tables
from tasks.base.digests import digest, table_digest
from tasks.params.running import Runtime
from tasks.params.synthesis import (
    SynthesisBase,
    SynthesisCache,
    SynthesisCaptions,
    SynthesisClassify,
    SynthesisGenerate,
    SynthesisIdentity,
    SynthesisMeasure,
    SynthesisPrompts,
    SynthesisScreen,
    SynthesisTrain,
)
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tasks.schemas.synthesis import (
    ADAPTER_CURVES,
    ADAPTERS,
    BASES,
    CAPTIONS,
    CLASSIFIED,
    CONDITIONS,
    EMBEDDINGS,
    FEATURES,
    GENERATED,
    IDENTITY,
    LATENTS,
    PROJECTIONS,
    PROMPT_COVERAGE,
    PROMPTS,
    SCREENED,
    TEXTS,
)

BASE = "base.json"
ADAPTER = "pytorch_lora_weights.safetensors"
LOOKED_AT = 64
"""Pictures that the Inception network gets in one call: several of its batches."""
TRIED = 32
"""Prompts, at least, that a trained adapter is tried with, called by its trigger and not."""
GROUPS = ("photographs", *CONDITIONS)
"""Folders of a table that has photographs and generated pictures."""
WHO = ("image_id", "subject_id", "condition", "split", "reason")
SAID = (*PIXELS, "names", "cleft_side", "age_group", "gender", "asymmetry", "scarring")
"""What a caption is made of."""


def _runtime() -> Runtime:
    return params.load(Runtime, "runtime")


@flow
def synthesis_base(weights: Path, out: Path) -> None:
    """The model that adapters are trained on: a registered one, checked, or a small stand-in trained on drawn faces."""
    from tasks.synthesis import base
    from tasks.synthesis.standin import build as standin

    settings = params.load(SynthesisBase, "synthesis_base")
    if settings.source != "stand_in":
        base.use_registered(settings.source, registry=weights, out=out / BASE)
        return
    record = provenance(
        "synthesis_base", standin, BASES, {"settings": settings.stand_in, "threads": settings.threads}, {}
    )
    checkpoint = open_store().checkpoint("synthesis_base", digest(record))

    def make() -> pa.Table:
        with tempfile.TemporaryDirectory() as folder, card("synthesis_base", cards=_runtime().cards):
            standin.build_stand_in(
                Path(folder),
                settings=settings.stand_in,
                threads=settings.threads,
                checkpoint=checkpoint,
                on_progress=reporter("synthesis_base"),
            )
            files = sorted(file for file in Path(folder).rglob("*") if file.is_file())
            rows = [{"path": file.relative_to(folder).as_posix(), "content": file.read_bytes()} for file in files]
        return BASES.table(rows)

    made = recall(record, BASES, make).to_pylist()
    checkpoint.unlink(missing_ok=True)
    for row in sorted(made, key=lambda row: row["path"] == BASE):  # the manifest last
        with tables.replacing(out / row["path"]) as temporary:
            temporary.write_bytes(row["content"])


@flow
def synthesis_captions(images: Path, landmarks: Path, edits: Path, out: Path) -> None:
    """Say in words what every photograph of a patient shows, and who trains an adapter."""
    from tasks.synthesis import captions

    settings = params.load(SynthesisCaptions, "synthesis_captions")
    captions.check_edits(edits, tables.read(images, IMAGES, ["image_id", "names"]))
    work = Work(
        stage="synthesis_captions",
        compute=captions.caption_photographs,
        schema=CAPTIONS,
        sources={
            "images": Source(images, IMAGES, SAID),
            "landmarks": Source(landmarks, LANDMARKS, ("image_id", "points", "reason")),
        },
        settings={"settings": settings},
        files={"edits": edits},
    )
    run_buckets(work, out, runtime=_runtime())


@flow
def synthesis_cache(images: Path, captions: Path, base: Path, latents: Path, texts: Path) -> None:
    """What the VAE makes of the training photographs and the text encoders of their captions, once."""
    from tasks.synthesis.adapter import latents as pictures
    from tasks.synthesis.adapter import texts as words

    settings = params.load(SynthesisCache, "synthesis_cache")
    listed = tables.read(captions, CAPTIONS)
    pictures.require_disk(listed, latents, base=base / BASE, settings=settings)
    shown = Work(
        stage="synthesis_cache",
        compute=pictures.cache_latents,
        schema=LATENTS,
        sources={
            "images": Source(images, IMAGES, PIXELS),
            "captions": Source(captions, CAPTIONS, ("image_id", "split", "frame", "reason")),
        },
        settings={"settings": settings},
        files={"base": base / BASE},
    )
    said = Work(
        stage="synthesis_cache",
        compute=words.cache_texts,
        schema=TEXTS,
        sources={"captions": Source(captions, CAPTIONS, ("image_id", "split", "prompt", "reason"))},
        settings={},
        files={"base": base / BASE},
    )
    run_buckets(shown, latents, runtime=_runtime(), here=True)
    run_buckets(said, texts, runtime=_runtime(), here=True)


@flow
def synthesis_train(
    condition: str, captions: Path, latents: Path, texts: Path, prompts: Path, base: Path, weights: Path, out: Path
) -> None:
    """Train the condition's adapter; its weights, curves, sample pictures and model card."""
    from tasks.synthesis.adapter import examples as learned
    from tasks.synthesis.adapter import model_card, training
    from tasks.synthesis.base import open_base

    stage = f"synthesis_train@{condition}"
    settings, drawing = (
        params.load(SynthesisTrain, "synthesis_train"),
        params.load(SynthesisGenerate, "synthesis_generate"),
    )
    triggers = params.load(SynthesisCaptions, "synthesis_captions").triggers
    examples = learned.examples_of(
        tables.read(captions, CAPTIONS),
        tables.read(latents, LATENTS),
        tables.read(texts, TEXTS),
        condition=condition,
    )
    asked = _first_prompts(prompts, condition, max(TRIED, settings.samples))
    record = provenance(stage, training, ADAPTERS, {"settings": settings, "drawing": drawing}, {"base": base / BASE})
    record["inputs"] = {"examples": examples.digest, "prompts": table_digest(asked)}
    checkpoint = open_store().checkpoint(stage, digest(record))

    def make() -> pa.Table:
        with card(stage, cards=_runtime().cards):
            trained = training.train(
                examples,
                asked,
                base=base / BASE,
                settings=settings,
                drawing=drawing,
                weights_folder=weights,
                checkpoint=checkpoint,
                on_progress=reporter(stage),
            )
        return ADAPTERS.table([trained.row()])

    result = recall(record, ADAPTERS, make).to_pylist()[0]
    checkpoint.unlink(missing_ok=True)
    page = model_card.card(
        condition=condition,
        base=open_base(base).manifest,
        photographs=examples.photographs,
        subjects=examples.subjects,
        trigger=getattr(triggers, condition),
        example=asked["prompt"][0].as_py(),
        settings=settings,
        drawing=drawing,
        curves=result["curves"],
        sha256=result["sha256"],
    )
    trigger = json.dumps({"called": result["called"], "left": result["left"]}) + "\n"
    files = {ADAPTER: result["weights"], "README.md": page.encode(), "trigger.json": trigger.encode()}
    files |= {f"samples/{row['step']:06d}_{row['number']}.png": row["picture"] for row in result["samples"]}
    for name, content in files.items():
        with tables.replacing(out / name) as temporary:
            temporary.write_bytes(content)
    tables.write(ADAPTER_CURVES.table(result["curves"]), out / "curves.parquet", ADAPTER_CURVES, provenance=record)


def _first_prompts(prompts: Path, condition: str, count: int) -> pa.Table:
    """The condition's first prompts, by number: drawn again and again while the adapter learns."""
    listed = tables.read(prompts, PROMPTS)
    own = listed.filter(pc.equal(listed["condition"], condition)).sort_by("number")
    return own.slice(0, count)


@flow
def synthesis_prompts(out: Path, coverage: Path) -> None:
    """Which pictures are asked for, each with its words and its seed, and how evenly attributes were drawn."""
    from tasks.synthesis import prompts

    settings = params.load(SynthesisPrompts, "synthesis_prompts")
    triggers = params.load(SynthesisCaptions, "synthesis_captions").triggers
    numbers = {"settings": settings.model_dump(mode="json"), "triggers": triggers.model_dump()}
    made = {"stage": "synthesis_prompts", "parameters": numbers}
    planned = pa.concat_tables(
        prompts.plan_prompts(condition=condition, triggers=triggers, settings=settings) for condition in CONDITIONS
    )
    write_parts(planned, out, PROMPTS, made, buckets=_runtime().buckets)
    tables.write(prompts.coverage(planned), coverage, PROMPT_COVERAGE, provenance=made)


@flow
def synthesis_generate(condition: str, prompts: Path, base: Path, adapter: Path, out: Path) -> None:
    """Draw the condition's pictures, each from its own prompt and seed."""
    from tasks.synthesis import generation

    settings = params.load(SynthesisGenerate, "synthesis_generate")
    listed = tables.read(prompts, PROMPTS, ["image_id", "condition"])
    own = frozenset(listed.filter(pc.equal(listed["condition"], condition))["image_id"].to_pylist())
    asked = ("image_id", "condition", "number", "seed", "prompt")
    work = Work(
        stage=f"synthesis_generate@{condition}",
        compute=generation.generate_pictures,
        schema=GENERATED,
        sources={"prompts": Source(prompts, PROMPTS, asked, own)},
        settings={"settings": settings},
        files={"base": base / BASE, "adapter": adapter / ADAPTER},
        together=settings.together,
    )
    run_buckets(work, out, runtime=_runtime(), here=True)
    over = tables.read(out, GENERATED, ["clip_over", "t5_over"]).to_pandas().gt(0).any(axis=1).sum()
    if over:
        said = f"{over} of {len(own)} prompts are longer than a text encoder reads; what is too long is not seen"
        print(f"synthesis_generate@{condition}: {said}", file=sys.stderr, flush=True)


@flow
def synthesis_screen(prompts: Path, pre: Path, post: Path, out: Path) -> None:
    """Look at every picture: one whole frontal face, nothing over it, sharp, and as it was asked for?"""
    from tasks.synthesis.gate import screening

    settings = params.load(SynthesisScreen, "synthesis_screen")
    with stage_pool(_runtime().workers, screening.screen_pictures) as pool:
        for condition, generated in zip(CONDITIONS, (pre, post), strict=True):
            work = Work(
                stage="synthesis_screen",
                compute=screening.screen_pictures,
                schema=SCREENED,
                sources={"generated": Source(generated, GENERATED), "prompts": Source(prompts, PROMPTS)},
                settings={"settings": settings},
            )
            run_buckets(work, out / condition, runtime=_runtime(), pool=pool)


@flow
def synthesis_identity(
    images: Path, captions: Path, pre: Path, post: Path, weights: Path, embeddings: Path, out: Path
) -> None:
    """Is a generated face somebody's? Face embeddings, and each picture's nearest training photograph."""
    from tasks.synthesis.gate import identity

    settings = params.load(SynthesisIdentity, "synthesis_identity")
    numbers: dict[str, BaseModel | int | str] = {"settings": settings, "weights": str(weights)}
    work = Work(
        stage="synthesis_identity",
        compute=identity.embed_photographs,
        schema=EMBEDDINGS,
        sources={"images": Source(images, IMAGES, PIXELS), "captions": Source(captions, CAPTIONS, WHO)},
        settings=numbers,
    )
    with stage_pool(_runtime().workers, work.compute) as pool:
        run_buckets(work, embeddings / "photographs", runtime=_runtime(), pool=pool)
        for condition, generated in zip(CONDITIONS, (pre, post), strict=True):
            drawn = Work(
                stage="synthesis_identity",
                compute=identity.embed_generated,
                schema=EMBEDDINGS,
                sources={"generated": Source(generated, GENERATED)},
                settings=numbers,
            )
            run_buckets(drawn, embeddings / condition, runtime=_runtime(), pool=pool)
    found = identity.compare(_embeddings(embeddings), settings=settings)
    record = provenance("synthesis_identity", identity, IDENTITY, numbers, {})
    tables.write(found, out, IDENTITY, provenance=record)
    kept = pc.sum(found["quarantined"]).as_py() or 0
    print(f"synthesis_identity: {kept} of {found.num_rows} pictures quarantined", flush=True)


@flow
def synthesis_measure(
    images: Path,
    captions: Path,
    pre: Path,
    post: Path,
    embeddings: Path,
    weights: Path,
    features: Path,
    projections: Path,
    out: Path,
) -> None:
    """Are the pictures faithful, and do they differ from each other? FIR, FID, KID, LPIPS, and where faces lie."""
    from tasks.synthesis.measures import fidelity
    from tasks.synthesis.measures import together as measures

    settings, recognised = (
        params.load(SynthesisMeasure, "synthesis_measure"),
        params.load(SynthesisIdentity, "synthesis_identity"),
    )
    side = params.load(SynthesisGenerate, "synthesis_generate").side
    numbers: dict[str, BaseModel | int | str] = {"settings": settings, "weights": str(weights)}
    listed = tables.read(captions, CAPTIONS, ["image_id", "condition", "split", "reason"]).to_pylist()
    learned = frozenset(
        row["image_id"]
        for row in listed
        if row["split"] == "train" and row["condition"] in CONDITIONS and not row["reason"]
    )
    work = Work(
        stage="synthesis_measure",
        compute=fidelity.photograph_features,
        schema=FEATURES,
        sources={
            "images": Source(images, IMAGES, PIXELS, learned),
            "captions": Source(captions, CAPTIONS, (*WHO, "frame"), learned),
        },
        settings=numbers | {"side": side},
        together=LOOKED_AT,
    )
    run_buckets(work, features / "photographs", runtime=_runtime(), here=True)
    for condition, generated in zip(CONDITIONS, (pre, post), strict=True):
        drawn = Work(
            stage="synthesis_measure",
            compute=fidelity.generated_features,
            schema=FEATURES,
            sources={"generated": Source(generated, GENERATED)},
            settings=numbers,
            together=LOOKED_AT,
        )
        run_buckets(drawn, features / condition, runtime=_runtime(), here=True)
    faces = _embeddings(embeddings)
    found = measures.measure(
        _both(pre, post),
        faces,
        pa.concat_tables(tables.read(features / name, FEATURES) for name in GROUPS),
        identity=recognised,
        settings=settings,
        weights=str(weights),
    )
    with tables.replacing(out) as temporary:
        temporary.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    record = provenance("synthesis_measure", measures, PROJECTIONS, numbers, {})
    tables.write(measures.project(faces), projections, PROJECTIONS, provenance=record)


@flow
def synthesis_classify(
    images: Path,
    landmarks: Path,
    captions: Path,
    pre: Path,
    post: Path,
    screened: Path,
    identity: Path,
    weights: Path,
    out: Path,
) -> None:
    """Are the pictures of use? Networks that learn clefts from them alone, asked about photographs."""
    from tasks.synthesis.measures import classifiers

    settings = params.load(SynthesisClassify, "synthesis_classify")
    side = params.load(SynthesisGenerate, "synthesis_generate").side
    record = provenance("synthesis_classify", classifiers, CLASSIFIED, {"settings": settings, "side": side}, {})
    given = {
        "pre": tables.read(pre, GENERATED),
        "post": tables.read(post, GENERATED),
        "landmarks": tables.read(landmarks, LANDMARKS, ["image_id", "points", "reason"]),
        "captions": tables.read(captions, CAPTIONS),
        "screened": _screened(screened),
        "identity": tables.read(identity, IDENTITY),
    }
    record["inputs"] = {name: table_digest(table) for name, table in given.items()}
    listed = tables.read(images, IMAGES)

    def make() -> pa.Table:
        with card("synthesis_classify", cards=_runtime().cards):
            return classifiers.classify(
                **given,
                images=listed,
                side=side,
                settings=settings,
                weights=str(weights),
                on_progress=reporter("synthesis_classify"),
            )

    tables.write(recall(record, CLASSIFIED, make), out, CLASSIFIED, provenance=record)


@flow
def synthesis_release(prompts: Path, pre: Path, post: Path, screened: Path, identity: Path, out: Path) -> None:
    """Put the pictures that may be shown into a folder: not flagged by screening, and nobody's face."""
    from tasks.synthesis.gate import release

    count = release.release(
        _both(pre, post), tables.read(prompts, PROMPTS), _screened(screened), tables.read(identity, IDENTITY), out=out
    )
    print(f"synthesis_release: {count} pictures released", flush=True)


def _both(pre: Path, post: Path) -> pa.Table:
    return pa.concat_tables([tables.read(pre, GENERATED), tables.read(post, GENERATED)])


def _screened(folder: Path) -> pa.Table:
    return pa.concat_tables(tables.read(folder / condition, SCREENED) for condition in CONDITIONS)


def _embeddings(folder: Path) -> pa.Table:
    return pa.concat_tables(tables.read(folder / name, EMBEDDINGS) for name in GROUPS)
