"""Training of the Siamese network: pairs of halves in, weights and curves out.

In: `PairedHalves` with training and validation pairs, and the settings block. Out: the *best* weights by
validation loss (never the last) as safetensors bytes, and the curves. Rosero et al. 2025, sections
"Contrastive Learning" and "Experiments": contrastive loss, ImageNet start, stop after three passes without
improvement on validation. Learning rate, optimiser, batch size and augmentation are not published.

Whatever is drawn or scheduled is a function of the seed and the step number, so a run that is killed and
resumed ends with the same bytes. The validation metric is the loss itself, on unaugmented halves: accuracy
needs a threshold, which is chosen later (evaluation). Knows nothing of how pairs are made, and never sees
a patient (the table of pairs holds controls only).
"""

import copy
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from sklearn.metrics import roc_auc_score

from tasks.base import checkpoints, runtime, schedules, weights
from tasks.base.training import Losses, TrainingError, all_finite, bytes_of, due, key_of, set_rate, steps
from tasks.params.symmetry import SymmetryTrain
from tasks.schemas.symmetry import CURVES
from tasks.symmetry import distances
from tasks.symmetry.augmentation import augmented
from tasks.symmetry.halves import PairedHalves
from tasks.symmetry.network import (
    Architecture,
    SiameseNetwork,
    build,
    contrastive_loss,
    save_network,
)

log = logging.getLogger(__name__)

LOWER = "symmetry_train.learning_rate, or raise symmetry_train.warmup_steps"
"""What to do where the training diverges."""

Progress = Callable[[int, int, Mapping[str, float]], None]
"""Called after each step with the step, the total and the newest metrics (curve columns; at first none)."""


@dataclass(frozen=True)
class Trained:
    """What a training made."""

    weights: bytes
    curves: pa.Table
    best_step: int
    steps: int
    """Steps taken: fewer than planned when training stopped early."""


@dataclass
class _Run:
    """A training under way; what `state` names is all that a resumed run needs."""

    network: SiameseNetwork
    optimiser: torch.optim.Optimizer
    settings: SymmetryTrain
    pairs: PairedHalves
    training: np.ndarray  # (P,) int64, places of the training pairs
    per_epoch: int
    total: int
    step: int = 0
    best_step: int = 0
    best_loss: float = math.inf
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    curves: list[dict[str, float]] = field(default_factory=list)
    losses: Losses = field(default_factory=lambda: Losses(LOWER))
    order: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))


def train(
    pairs: PairedHalves,
    *,
    settings: SymmetryTrain,
    weights_folder: Path,
    checkpoint: Path | None,
    provenance: Mapping[str, Any],
    on_progress: Progress | None = None,
) -> Trained:
    """Train on the "train" pairs, keep the weights that are best on the "validation" pairs.

    `checkpoint`: file in which the training stands at its last evaluation; a run killed after it goes on
    from there, with the same result. None: nothing is kept. It is left for the caller to remove, once the
    result is safe. `provenance` goes into the weights' header.
    TrainingError: no pairs of either class, or a training that diverged: a loss that is no longer a number, or a
    network that gives every pair the same D. WeightsError: see weights.
    """
    _refuse_unusable(pairs, settings)
    with runtime.settled(threads=settings.threads, seed=runtime.seed_of(settings.seed, "weights")):
        run = _start(pairs, settings, weights_folder)
        key = _key(pairs, settings) if checkpoint else ""
        _resume(run, checkpoints.read(checkpoint, key))

        def keep(_: int) -> None:
            checkpoints.write(checkpoint, key, _state(run))

        def tell(step: int, total: int) -> None:
            if on_progress is not None:
                on_progress(step, total, run.curves[-1] if run.curves else {})

        every, beside = settings.evaluate_every, partial(_newest, run)
        for _ in steps(run.step, run.total, losses=run.losses, every=every, keep=keep, on_progress=tell, beside=beside):
            if _stops(run):
                break
            _advance(run)
            if due(run.step, run.total, every):
                _evaluate(run)
    return _result(run, provenance)


def _newest(run: _Run) -> str:
    return f"validation_loss={run.curves[-1]['validation_loss']:.4f}" if run.curves else ""


def learning_rate(step: int, total: int, settings: SymmetryTrain) -> float:
    """The rate of step number `step` (from 0) of `total`: linear warm-up, flat, then the schedule's fall."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / (settings.warmup_steps + 1)
    flat_until = max(settings.warmup_steps, settings.flat_share * total)
    if settings.schedule == "constant" or step < flat_until:
        return settings.learning_rate
    done = min(1.0, (step - flat_until) / max(1.0, total - 1 - flat_until))
    falling = 1 - done if settings.schedule == "flat_then_linear" else schedules.cosine_fall(done)
    return settings.learning_rate * (settings.final_share + (1 - settings.final_share) * falling)


def steps_per_epoch(training_pairs: int, batch_size: int) -> int:
    """Whole batches in one pass; the few pairs left over differ from epoch to epoch."""
    return max(1, training_pairs // batch_size)


def _refuse_unusable(pairs: PairedHalves, settings: SymmetryTrain) -> None:
    size = settings.input_size
    if pairs.halves.shape[1:] != (size, size, 3):
        raise TrainingError(f"halves are {pairs.halves.shape[1:]}, input_size wants {(size, size, 3)}")
    for split in ("train", "validation"):
        labels = set(pairs.label[pairs.where(split)].tolist())
        if labels != {0, 1}:
            raise TrainingError(f"the {split} pairs have labels {sorted(labels)}; both 0 and 1 are needed")


def _start(pairs: PairedHalves, settings: SymmetryTrain, weights_folder: Path) -> _Run:
    random = settings.initial_weights == "random"
    imagenet = None if random else weights.state_dict(settings.initial_weights, weights_folder)
    fields = set(Architecture.model_fields)
    network = build(Architecture(**settings.model_dump(include=fields)), imagenet).to(runtime.device()).train()
    network.freeze(settings.frozen_blocks)
    training = pairs.where("train")
    per_epoch = steps_per_epoch(len(training), settings.batch_size)
    total = min(settings.steps, settings.max_epochs * per_epoch)
    run = _Run(network, _optimiser(network, settings), settings, pairs, training, per_epoch, total)
    if settings.mixed_precision and runtime.device().type == "cuda":
        run.losses.lower += ", or set symmetry_train.mixed_precision: false"
    return run


def _optimiser(network: SiameseNetwork, settings: SymmetryTrain) -> torch.optim.Optimizer:
    rate, decay = settings.learning_rate, settings.weight_decay
    learning = [weights for weights in network.parameters() if weights.requires_grad]
    if settings.optimiser == "adam":
        return torch.optim.Adam(learning, lr=rate, weight_decay=decay, fused=True)
    return torch.optim.SGD(
        learning,
        lr=rate,
        momentum=settings.momentum,
        nesterov=settings.momentum > 0,
        weight_decay=decay,
        fused=True,
    )


def _advance(run: _Run) -> None:
    """One optimiser step."""
    settings, device = run.settings, run.network.mean.device
    rate = learning_rate(run.step, run.total, settings)
    set_rate(run.optimiser, rate)
    torch.manual_seed(runtime.seed_of(settings.seed, "dropout", run.step))
    rows = _rows(run)
    halves = _batch(run.pairs, rows, device)
    halves = augmented(halves, settings.augmentation, runtime.generator(settings.seed, "augmentation", run.step))
    half_precision = settings.mixed_precision and device.type == "cuda" and torch.cuda.is_bf16_supported()
    with torch.autocast(device.type, torch.bfloat16, enabled=half_precision):
        left, right = run.network(halves).chunk(2)
    label = torch.from_numpy(run.pairs.label[rows]).to(device)
    loss = contrastive_loss(left, right, label, margin=settings.margin)
    run.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    run.optimiser.step()
    run.losses.add(loss)
    run.step += 1


def _rows(run: _Run) -> np.ndarray:  # (B,) int64, places of pairs
    """The step's pairs: each epoch is a permutation of its own, drawn from the seed and the epoch."""
    count = len(run.training)
    size = min(run.settings.batch_size, count)
    epoch, number = divmod(run.step, run.per_epoch)
    if run.order[0] != epoch:
        drawn = torch.randperm(count, generator=runtime.generator(run.settings.seed, "order", epoch))
        run.order = (epoch, run.training[drawn.numpy()])
    return run.order[1][number * size : (number + 1) * size]


def _batch(pairs: PairedHalves, rows: np.ndarray, device: torch.device) -> torch.Tensor:
    """(2B, 3, S, S) float RGB in [0, 1]: left halves, then right halves, one batch for the shared branch."""
    chosen = torch.from_numpy(pairs.halves[np.concatenate((pairs.left[rows], pairs.right[rows]))])
    if device.type == "cuda":
        chosen = chosen.pin_memory().to(device, non_blocking=True)
    return chosen.permute(0, 3, 1, 2).contiguous().float() / 255


def _evaluate(run: _Run) -> None:
    """A row of the curves, and the best weights so far."""
    rows = run.pairs.where("validation")
    places, inverse = np.unique(np.concatenate((run.pairs.left[rows], run.pairs.right[rows])), return_inverse=True)
    left, right = np.split(distances.embedded(run.network, run.pairs.halves[places])[inverse], 2)
    label = run.pairs.label[rows]
    validation = contrastive_loss(
        torch.from_numpy(left), torch.from_numpy(right), torch.from_numpy(label), margin=run.settings.margin
    ).item()
    apart = distances.between(left, right)
    train_loss = run.losses.mean(run.step)
    if not math.isfinite(validation):
        raise TrainingError(
            f"the training diverged: the validation loss is {validation} at step {run.step}; lower {run.losses.lower}"
        )
    run.curves.append(
        {
            "step": run.step,
            "train_loss": train_loss,
            "validation_loss": validation,
            "validation_auc": float(roc_auc_score(label == 0, apart)),
            "learning_rate": learning_rate(run.step, run.total, run.settings),
        }
    )
    if validation < run.best_loss and not distances.all_alike(apart) and all_finite(run.network.state_dict()):
        run.best_loss, run.best_step = validation, run.step
        run.best = copy.deepcopy(run.network.state_dict())


def _stops(run: _Run) -> bool:
    """No better validation loss for `patience_epochs` passes, counted from the best one."""
    since = run.step - max(run.best_step, run.settings.patience_from * run.total)
    return since >= run.settings.patience_epochs * run.per_epoch


def _state(run: _Run) -> dict[str, Any]:
    return {
        "step": run.step,
        "network": run.network.state_dict(),
        "optimiser": run.optimiser.state_dict(),
        "best_step": run.best_step,
        "best_loss": run.best_loss,
        "best": run.best,
        "curves": run.curves,
    }


def _resume(run: _Run, state: dict[str, Any] | None) -> None:
    if state is None:
        return
    run.network.load_state_dict(state["network"])
    run.optimiser.load_state_dict(state["optimiser"])
    run.step, run.best_step, run.best_loss = state["step"], state["best_step"], state["best_loss"]
    run.best, run.curves = state["best"], state["curves"]
    log.info("training goes on from step %d", run.step)


def _key(pairs: PairedHalves, settings: SymmetryTrain) -> str:
    """Digest of all that the final weights depend on: settings, pairs, pictures, code, torch, device."""
    columns = (pairs.left, pairs.right, pairs.label, pairs.split == "train", pairs.split == "validation")
    halves = (pairs.halves[start : start + 4096] for start in range(0, len(pairs.halves), 4096))
    return key_of(__name__, settings, bytes_of(columns), bytes_of(halves))


def _result(run: _Run, provenance: Mapping[str, Any]) -> Trained:
    if not run.best:
        raise TrainingError(
            f"the training diverged: after {run.step} steps the network gives every validation pair the same D, or "
            f"numbers that are none; its last loss is {run.curves[-1]['train_loss']:.3g}; lower {run.losses.lower}"
        )
    run.network.load_state_dict(run.best)
    return Trained(save_network(run.network, provenance), CURVES.table(run.curves), run.best_step, run.step)
