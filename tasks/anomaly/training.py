"""A generator trained on controls: aligned pictures in, weights and curves out.

In: pictures (n, S, S, 3) uint8 of people who train and of people held out, where their mouths lie, the settings. Out:
the generator as safetensors bytes, with the mean w in it, and the curves. What is drawn or scheduled is a function of
the seed and the step number, so a run that is killed and resumed ends with the same bytes. How it learns is in
reconstruction.py or adversarial.py. Patients are refused. Knows nothing of stages.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from tasks.anomaly.adversarial import Adversarial
from tasks.anomaly.augmentation import augmented
from tasks.anomaly.checkpoints import save_generator
from tasks.anomaly.reconstruction import Reconstruction
from tasks.anomaly.stylegan2 import Architecture, Generator
from tasks.base import checkpoints, images, runtime, schedules
from tasks.base.training import Losses, Progress, TrainingError, bytes_of, due, key_of, steps
from tasks.faces.cohort import split_of
from tasks.faces.regions import region_masks
from tasks.params.anomaly import AnomalyGenerator

LOWER = "anomaly_generator.learning_rate"
"""What to do where the training diverges."""
LATENTS = 10_000
"""Drawn for the mean w that is kept with the weights."""


@dataclass(frozen=True)
class Controls:
    """What a generator learns from."""

    pictures: Tensor  # (n, 3, S, S) uint8
    held_out: Tensor  # (m, 3, S, S) uint8
    mouth: Tensor  # (S, S) float 0..1, how many controls have mouth or nose there


@dataclass(frozen=True)
class Trained:
    """What a training made."""

    weights: bytes
    curves: list[dict[str, float | None]]


def controls_of(aligned: pa.Table, *, settings: AnomalyGenerator) -> Controls:
    """The controls' pictures, those held out apart. InputError: a patient in the table, or too few controls."""
    training, kept = split_of(settings).divided(aligned)
    pictures = _stacked(training)
    size = pictures.shape[-1]
    masks = [region_masks(np.reshape(row["points"], (68, 2)), size, soft_edge=0.0)["mouth"] for row in training]
    held_out = _stacked(kept) if kept else pictures[:0]
    return Controls(pictures, held_out, torch.from_numpy(np.mean(masks, axis=0, dtype=np.float32)))


def _stacked(rows: list[dict[str, Any]]) -> Tensor:
    pictures = np.stack([images.decode_png(row["picture"]) for row in rows])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()


def train(
    controls: Controls,
    *,
    settings: AnomalyGenerator,
    checkpoint: Path | None,
    provenance: Mapping[str, Any],
    on_progress: Progress | None = None,
) -> Trained:
    """Train for the steps of `settings`, coarse sides first.

    `checkpoint`: file in which the training stands at its last evaluation; a run killed after it goes on from there,
    with the same result. It is left for the caller to remove. TrainingError: sides that do not fit the pictures, a loss
    that is no longer a number.
    """
    sides = _sides(settings, controls.pictures.shape[-1])
    with runtime.settled(threads=settings.threads, seed=runtime.seed_of(settings.seed, "weights")):
        device = runtime.device()
        method = _method(controls, settings, device)
        curves: list[dict[str, float | None]] = []
        key = _key(controls, settings) if checkpoint else ""
        state = checkpoints.read(checkpoint, key)
        if state:
            method.load(state["method"])
            curves = state["curves"]
        first = int(curves[-1]["step"] or 0) if curves else 0
        losses = Losses(LOWER)

        def keep(_: int) -> None:
            checkpoints.write(checkpoint, key, {"method": method.state(), "curves": curves})

        every = settings.evaluate_every
        for number in steps(first, len(sides), losses=losses, every=every, keep=keep, on_progress=on_progress):
            losses.add(_step(method, controls, settings, sides, number, device))
            if due(number + 1, len(sides), every):
                curves.append(_row(number + 1, losses, method, controls, device))
        generator = method.result()
        losses.check_weights(generator.state_dict(), len(sides))
        _keep_mean(generator, settings)
    return Trained(save_generator(generator, provenance=provenance), curves)


def architecture_of(size: int, settings: AnomalyGenerator) -> Architecture:
    """The network for pictures of `size` pixels; a side has channel_base / side feature maps, at most channel_max."""
    sides = [2**power for power in range(2, int(math.log2(size)) + 1)]
    return Architecture(
        resolution=size,
        z_dim=settings.z_dim,
        w_dim=settings.w_dim,
        mapping_layers=settings.mapping_layers,
        mapping_rate=settings.mapping_rate,
        channels={side: min(settings.channel_base // side, settings.channel_max) for side in sides},
        conv_clamp=None,
        half_resolutions=0,
    )


def rate_share(number: int, total: int, settings: AnomalyGenerator) -> float:
    """Share of the highest rate at step `number` (from 0) of `total`: linear rise, flat, linear fall."""
    left = 1 - schedules.fallen(number, total, settings.flat_share)
    return schedules.rise(number, settings.warmup_steps) * max(settings.final_share, left)


def _sides(settings: AnomalyGenerator, size: int) -> list[int]:
    """The side of every step."""
    if size & (size - 1) or max(settings.steps) != size or any(side not in _powers(size) for side in settings.steps):
        raise TrainingError(
            f"anomaly_generator: steps: sides {sorted(settings.steps)}; powers of two from 4 to {size} are accepted, "
            f"and {size}, the pictures' side (anomaly_align: size), must be there"
        )
    if settings.method == "adversarial":
        return [size] * sum(settings.steps.values())
    return [side for side, steps in sorted(settings.steps.items()) for _ in range(steps)]


def _powers(size: int) -> set[int]:
    return {2**power for power in range(2, int(math.log2(size)) + 1)}


def _method(controls: Controls, settings: AnomalyGenerator, device: torch.device) -> Reconstruction | Adversarial:
    generator = Generator(architecture_of(controls.pictures.shape[-1], settings)).to(device)
    kind = Reconstruction if settings.method == "reconstruction" else Adversarial
    return kind(generator, controls.mouth.to(device), settings)


def _step(
    method: Reconstruction | Adversarial,
    controls: Controls,
    settings: AnomalyGenerator,
    sides: list[int],
    number: int,
    device: torch.device,
) -> Tensor:
    draws = runtime.generator(settings.seed, "step", number)
    rows = torch.randint(len(controls.pictures), (settings.batch_size,), generator=draws)
    pictures = augmented(_floats(controls.pictures[rows]).to(device), settings.augmentation, draws)
    share = rate_share(number, len(sides), settings)
    return method.step(pictures, side=sides[number], share=share, draws=draws, number=number)


def _row(
    step: int, losses: Losses, method: Reconstruction | Adversarial, controls: Controls, device: torch.device
) -> dict[str, float | None]:
    loss = losses.mean(step)
    held_out = method.held_out(_floats(controls.held_out).to(device)) if len(controls.held_out) else None
    return {"step": step, "loss": loss, "held_out": held_out}


def _keep_mean(generator: Generator, settings: AnomalyGenerator) -> None:
    """The mean w beside the weights, as StyleGAN2's files have it; the noise maps are drawn anew from the seed."""
    draws = runtime.generator(settings.seed, "mean w")
    with torch.no_grad():
        z = torch.randn(LATENTS, settings.z_dim, generator=draws).to(generator.constant.device)
        generator.mapper.w_mean.copy_(generator.mapper(z).mean(0))


def _floats(pictures: Tensor) -> Tensor:
    return pictures.float() / 127.5 - 1


def _key(controls: Controls, settings: AnomalyGenerator) -> str:
    """Digest of all that the weights depend on: settings, pictures, code, torch, device."""
    data = [bytes_of([part.numpy()]) for part in (controls.pictures, controls.held_out, controls.mouth)]
    return key_of(__name__, settings, data)
