"""A training that takes a second: pairs whose halves differ in a raised bar or not at all, and settings for them.

Run as a script, it trains slowly enough to be killed: `python small_training.py CHECKPOINT SECONDS_A_STEP`.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from tasks.params.symmetry import Augmentation, SymmetryTrain
from tasks.symmetry.halves import PairedHalves
from tasks.symmetry.training import Progress, Trained, train

SIZE = 32
AUGMENTATION = Augmentation(
    apart=0.7, brightness=0.1, contrast=0.2, tone=0.2, colour=0.1, lighting=0.2, shade=0.1, blur=0.01, noise=0.02,
    jpeg=0.02, flip=0.5, zoom=0.05, shift=0.03,
)  # fmt: skip
SETTINGS = SymmetryTrain(
    seed=7, threads=1, input_size=SIZE, width=0.25, embedding_dim=16, normalise_embedding=True, pooled_grid=1,
    dropout=0.1,
    initial_weights="random", frozen_blocks=0, margin=1.0, optimiser="sgd", learning_rate=0.05, momentum=0.9,
    weight_decay=1e-5,
    schedule="flat_then_linear", flat_share=0.5, final_share=0.02, warmup_steps=3, steps=12, max_epochs=100,
    batch_size=8, evaluate_every=2, patience_epochs=100, patience_from=0.0, mixed_precision=True,
    augmentation=AUGMENTATION,
)  # fmt: skip


def bars(count: int = 64, seed: int = 0) -> PairedHalves:
    """`count` pairs: a dark bar on a coloured ground, at equal heights (1) or not (0); a quarter is for validation."""
    rng = np.random.default_rng(seed)
    halves = rng.integers(90, 255, (2 * count, 1, 1, 3)).repeat(SIZE, axis=1).repeat(SIZE, axis=2)
    halves[count:] = halves[:count]
    label = np.tile(np.array([0, 1], np.int8), count // 2)
    height = rng.integers(6, 20, count)
    for pair in range(count):
        halves[pair, height[pair] : height[pair] + 5] = 20
        moved = height[pair] + (0 if label[pair] else 6)
        halves[count + pair, moved : moved + 5] = 20
    split = np.where(np.arange(count) < count * 3 // 4, "train", "validation")
    return PairedHalves(halves.astype(np.uint8), np.arange(count), np.arange(count, 2 * count), label, split)


def small_training(
    *, checkpoint: Path | None = None, on_progress: Progress | None = None, pairs: PairedHalves | None = None,
    **changes: Any,
) -> Trained:  # fmt: skip
    """Train on the bars (or `pairs`) with SETTINGS, some of them changed."""
    settings = SymmetryTrain.model_validate({**SETTINGS.model_dump(), **changes})
    return train(
        pairs or bars(), settings=settings, weights_folder=Path("nowhere"), checkpoint=checkpoint,
        provenance={"made by": "a test"}, on_progress=on_progress,
    )  # fmt: skip


if __name__ == "__main__":
    small_training(checkpoint=Path(sys.argv[1]), on_progress=lambda *_: time.sleep(float(sys.argv[2])))
