"""A training of an adapter that takes seconds: drawn faces in a tiny base's latents.

Run as a script, it trains slowly enough to be killed: `python small_adapter.py BASE CHECKPOINT OPTIMISER SECONDS`.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from tasks.params.synthesis import SynthesisGenerate, SynthesisTrain
from tasks.schemas.synthesis import CAPTIONS, LATENTS, PROMPTS, TEXTS
from tasks.synthesis.adapter.examples import Examples, examples_of
from tasks.synthesis.adapter.training import Trained, train

SETTINGS = SynthesisTrain.model_validate(
    {
        "seed": 3, "threads": 1, "rank": 4, "alpha": 8, "targets": ["attn.to_q", "attn.to_k", "proj_mlp", "proj_out"],
        "steps_per_image": 4, "batch_size": 2, "learning_rate": 0.01, "warmup_steps": 2, "flat_share": 0.5,
        "weight_decay": 0.01, "optimiser": "adamw8bit", "smallest_8bit": 1, "clip_norm": 1.0,
        "timesteps": {"kind": "uniform", "mean": 0.0, "deviation": 1.0, "shift": 3.0}, "precision": "float32",
        "gradient_checkpointing": False, "preservation": 0.25, "training_adapter": None, "checkpoint_every": 2,
        "sample_every": 6, "samples": 1,
    }
)  # fmt: skip
DRAWING = SynthesisGenerate(
    threads=1, side=32, steps=2, guidance=1, together=2, precision="float32", adapter_scale=1, tiling=False
)
LATENT, TOKENS, WIDTH = 4 * 8 * 8, 48, 32


def tables(*, people: int = 4, controls: int = 2) -> tuple[pa.Table, pa.Table, pa.Table]:
    """CAPTIONS, LATENTS and TEXTS of patients before repair (the last one kept for tests) and of controls."""
    rng = np.random.default_rng(0)
    who = [(f"{n:064x}", f"patient-{n}", "pre", "test" if n == people - 1 else "train") for n in range(people)]
    who += [(f"{100 + n:064x}", f"control-{n}", "control", "train") for n in range(controls)]
    captions = [
        {"image_id": i, "subject_id": s, "condition": c, "split": p, "prompt": f"{c} {i[-3:]}", "edited": False}
        for i, s, c, p in who
    ]
    latents = [
        {"image_id": i, "flipped": f, "width": 32, "height": 32, "latent": rng.normal(size=LATENT).astype(np.float32)}
        for i, *_ in who
        for f in (False, True)
    ]
    texts = [
        {
            "image_id": row["image_id"], "prompt": row["prompt"], "clip_over": 0, "t5_over": 0,
            "pooled": rng.normal(size=WIDTH).astype(np.float32),
            "tokens": rng.normal(size=TOKENS * WIDTH).astype(np.float32),
        }
        for row in captions
    ]  # fmt: skip
    return CAPTIONS.table(captions), LATENTS.table(latents), TEXTS.table(texts)


def small_examples(**counts: int) -> Examples:
    """What the adapter learns from."""
    return examples_of(*tables(**counts), condition="pre")


def shown() -> pa.Table:
    """One sample prompt."""
    words = dict.fromkeys(("person", "skin_tone", "hair", "eyes", "cleft", "status"), "x")
    row = {"image_id": "a" * 64, "condition": "pre", "number": 0, "seed": 5, "prompt": "[CLP] A girl's whole face."}
    return PROMPTS.table([row | words])


def small_training(base: Path, *, checkpoint: Path | None = None, on_progress: Any = None, **changes: Any) -> Trained:
    """Train with SETTINGS, some of them changed."""
    settings = SynthesisTrain.model_validate({**SETTINGS.model_dump(), **changes})
    return train(
        small_examples(), shown(), base=base, settings=settings, drawing=DRAWING, weights_folder=base.parent,
        checkpoint=checkpoint, on_progress=on_progress,
    )  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    small_training(
        Path(sys.argv[1]), checkpoint=Path(sys.argv[2]), optimiser=sys.argv[3],
        on_progress=lambda *_: time.sleep(float(sys.argv[4])),
    )  # fmt: skip
