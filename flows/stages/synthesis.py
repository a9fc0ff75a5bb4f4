"""Synthesis after DiffusionCleft: a base model, captions, adapters by LoRA, pictures, and whether they may be shown.

Reads images and landmarks, writes data/synthesis. Torch and diffusers take seconds to import, so the modules that need
them are imported by the flows that do; what they compute is computed in the stage's own process, which opens the
networks once and holds the card if there is one.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from prefect import flow

from flows.buckets import Out, runtime
from flows.buckets.incremental import run_buckets
from flows.buckets.training import leave, recall_or_train
from flows.buckets.work import Source, Work, provenance, write_parts
from flows.stages.ingest import PIXELS
from tasks import params
from tasks.base import absence, tables
from tasks.base.digests import table_digest
from tasks.params.synthesis import (
    SynthesisBase,
    SynthesisCache,
    SynthesisCaptions,
    SynthesisGenerate,
    SynthesisPrompts,
    SynthesisTrain,
)
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tasks.schemas.synthesis import (
    ADAPTER_CURVES,
    ADAPTERS,
    BASES,
    CAPTIONS,
    CONDITIONS,
    GENERATED,
    LATENTS,
    PROMPT_COVERAGE,
    PROMPTS,
    TEXTS,
)

BASE = "base.json"
ADAPTER = "pytorch_lora_weights.safetensors"
NO_PATIENTS = (
    "no usable photograph of a patient to learn from: add patients before repair (population unrepaired in images.csv) "
    "or after it (repaired)"
)
TRIED = 32
"""Prompts, at least, that a trained adapter is tried with, called by its trigger and not."""
SAID = (*PIXELS, "names", "cleft_side", "age_group", "gender", "asymmetry", "scarring")
"""What a caption is made of."""


@flow
def synthesis_base(weights: Path, out: Out) -> None:
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

    def make(checkpoint: Path, report: Callable[[int, int], None]) -> pa.Table:
        with tempfile.TemporaryDirectory() as folder:
            standin.build_stand_in(
                Path(folder),
                settings=settings.stand_in,
                threads=settings.threads,
                checkpoint=checkpoint,
                on_progress=report,
            )
            files = sorted(file for file in Path(folder).rglob("*") if file.is_file())
            rows = [{"path": file.relative_to(folder).as_posix(), "content": file.read_bytes()} for file in files]
        return BASES.table(rows)

    made = recall_or_train(record, BASES, make).to_pylist()
    manifest_last = sorted(made, key=lambda row: row["path"] == BASE)
    leave(out, {row["path"]: row["content"] for row in manifest_last})


@flow
def synthesis_captions(images: Path, landmarks: Path, edits: Path, out: Out) -> None:
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
    run_buckets(work, out, runtime=runtime())
    said = tables.read(out, CAPTIONS, ["condition", "reason"]).to_pylist()
    if not [row for row in said if row["condition"] in CONDITIONS and row["reason"] is None]:
        raise absence.Absent(NO_PATIENTS)


@flow
def synthesis_cache(images: Path, captions: Path, base: Path, latents: Out, texts: Out) -> None:
    """What the VAE makes of the training photographs and the text encoders of their captions, once."""
    from tasks.synthesis import latents as pictures
    from tasks.synthesis import texts as words

    absence.require(captions, base)
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
    run_buckets(shown, latents, runtime=runtime(), here=True)
    run_buckets(said, texts, runtime=runtime(), here=True)


@flow
def synthesis_train(
    condition: str, captions: Path, latents: Path, texts: Path, prompts: Path, base: Path, weights: Path, out: Out
) -> None:
    """Train the condition's adapter; its weights, curves, sample pictures and model card."""
    from tasks.synthesis.adapter import examples as learned
    from tasks.synthesis.adapter import model_card, training
    from tasks.synthesis.base import open_base

    absence.require(captions, latents, texts, prompts, base)
    stage = f"synthesis_train@{condition}"
    settings = params.load(SynthesisTrain, "synthesis_train")
    drawing = params.load(SynthesisGenerate, "synthesis_generate")
    triggers = params.load(SynthesisCaptions, "synthesis_captions").triggers
    examples = learned.examples_of(
        tables.read(captions, CAPTIONS), tables.read(latents, LATENTS), tables.read(texts, TEXTS), condition=condition
    )
    asked = _first_prompts(prompts, condition, max(TRIED, settings.samples))
    inputs = {"examples": examples.digest, "prompts": table_digest(asked)}
    numbers = {"settings": settings, "drawing": drawing}
    record = provenance(stage, training, ADAPTERS, numbers, {"base": base / BASE}, inputs)

    def make(checkpoint: Path, report: Callable[[int, int], None]) -> pa.Table:
        trained = training.train(
            examples,
            asked,
            base=base / BASE,
            settings=settings,
            drawing=drawing,
            weights_folder=weights,
            checkpoint=checkpoint,
            on_progress=report,
        )
        return ADAPTERS.table([trained.row()])

    result = recall_or_train(record, ADAPTERS, make).to_pylist()[0]
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
    leave(out, {**_files(result), "README.md": page.encode()})
    tables.write(ADAPTER_CURVES.table(result["curves"]), out / "curves.parquet", ADAPTER_CURVES, provenance=record)


def _files(adapter: Mapping[str, Any]) -> dict[str, bytes]:
    """What a row of the table ADAPTERS is as files: the weights, how it hears its trigger, the sample pictures."""
    trigger = json.dumps({"called": adapter["called"], "left": adapter["left"]}) + "\n"
    samples = {f"samples/{row['step']:06d}_{row['number']}.png": row["picture"] for row in adapter["samples"]}
    return {ADAPTER: adapter["weights"], "trigger.json": trigger.encode(), **samples}


def _first_prompts(prompts: Path, condition: str, count: int) -> pa.Table:
    """The condition's first prompts, by number: drawn again and again while the adapter learns."""
    listed = tables.read(prompts, PROMPTS)
    own = listed.filter(pc.equal(listed["condition"], condition)).sort_by("number")
    return own.slice(0, count)


@flow
def synthesis_prompts(out: Out, coverage: Out) -> None:
    """Which pictures are asked for, each with its words and its seed, and how evenly attributes were drawn."""
    from tasks.synthesis import prompts

    settings = params.load(SynthesisPrompts, "synthesis_prompts")
    triggers = params.load(SynthesisCaptions, "synthesis_captions").triggers
    numbers = {"settings": settings.model_dump(mode="json"), "triggers": triggers.model_dump()}
    made = {"stage": "synthesis_prompts", "parameters": numbers}
    planned = pa.concat_tables(
        prompts.plan_prompts(condition=condition, triggers=triggers, settings=settings) for condition in CONDITIONS
    )
    write_parts(planned, out, PROMPTS, made, buckets=runtime().buckets)
    tables.write(prompts.coverage(planned), coverage, PROMPT_COVERAGE, provenance=made)


@flow
def synthesis_generate(condition: str, prompts: Path, base: Path, adapter: Path, out: Out) -> None:
    """Draw the condition's pictures, each from its own prompt and seed."""
    from tasks.synthesis import generation

    absence.require(prompts, base, adapter)
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
    run_buckets(work, out, runtime=runtime(), here=True)
    over = tables.read(out, GENERATED, ["clip_over", "t5_over"]).to_pandas().gt(0).any(axis=1).sum()
    if over:
        said = f"{over} of {len(own)} prompts are longer than a text encoder reads; what is too long is not seen"
        print(f"synthesis_generate@{condition}: {said}", file=sys.stderr, flush=True)
