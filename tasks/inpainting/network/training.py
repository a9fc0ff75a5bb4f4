"""The network trained on controls: aligned faces and their points in, weights and curves out (Chen et al., III.A).

In: pictures (n, S, S, 3) uint8 of people who train and of people held out, their 68 points, the settings. Out: the
network as safetensors bytes, and the curves. What is hidden or changed in a step is a function of the seed and the
step's number, so a run that is killed and resumed ends with the same bytes. Patients are refused. Knows nothing of
stages.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from tasks.base import checkpoints, images, runtime
from tasks.base.training import Losses, Progress, TrainingError, bytes_of, due, key_of, set_rate, steps
from tasks.faces.cohort import split_of
from tasks.inpainting.network import losses as loss_of
from tasks.inpainting.network import weights
from tasks.inpainting.network.augmentation import changed
from tasks.inpainting.network.discriminator import Discriminator
from tasks.inpainting.network.features import load_features
from tasks.inpainting.network.generator import Generator, LandmarkBranch, merged
from tasks.inpainting.network.hiding import hidden
from tasks.params.inpainting import InpaintingTrain

LOWER = "inpainting_train.learning_rate"
"""What to do where the training diverges."""
MOST_HELD_OUT = 64
"""Held-out photographs on which a row of the curves stands, at most."""


@dataclass(frozen=True)
class Controls:
    """What a network learns from, or is looked at by."""

    pictures: Tensor  # (n, 3, S, S) uint8
    points: Tensor  # (n, 68, 2) float32, px of the picture


@dataclass(frozen=True)
class Trained:
    """What a training made."""

    weights: bytes
    curves: list[dict[str, float | None]]


def controls_of(aligned: pa.Table, *, settings: InpaintingTrain) -> tuple[Controls, Controls]:
    """Those who train, and those held out. InputError: a patient in the table, or too few controls."""
    training, held_out = split_of(settings).divided(aligned)
    return _stacked(training), _stacked(held_out[:MOST_HELD_OUT])


def _stacked(rows: list[dict[str, Any]]) -> Controls:
    if not rows:
        return Controls(torch.empty(0, 3, 1, 1, dtype=torch.uint8), torch.empty(0, 68, 2))
    pictures = torch.from_numpy(np.stack([images.decode_png(row["picture"]) for row in rows]))
    points = np.stack([np.reshape(row["points"], (68, 2)) for row in rows]).astype(np.float32)
    return Controls(pictures.permute(0, 3, 1, 2).contiguous(), torch.from_numpy(points))


class Learning:
    """A training under way. `step` moves both networks; `state` and `load` are all that a resumed run needs."""

    def __init__(self, settings: InpaintingTrain, weights_folder: Path, device: torch.device) -> None:
        self.settings, self.device = settings, device
        self.generator = Generator(settings.network).to(device).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.generator).requires_grad_(requires_grad=False)
        self.discriminator = Discriminator(settings.discriminator_width).to(device)
        looked = settings.losses.perceptual > 0 or settings.losses.style > 0
        self.features = load_features(settings.trunk, weights_folder).to(device) if looked else None
        betas = (settings.beta_1, settings.beta_2)
        self.drawing, self.judging = (
            torch.optim.Adam(network.parameters(), lr=settings.learning_rate, betas=betas, fused=True)
            for network in (self.generator, self.discriminator)
        )

    def begin_at(self, points: np.ndarray) -> None:
        """The landmark branch begins at these points, (68, 2) shares: the mean face, not the picture's corner."""
        if self.generator.branch is not None:
            for network in (self.generator, self.average):
                branch: LandmarkBranch = network.get_submodule("branch")  # type: ignore[assignment]
                branch.points.bias.data.copy_(torch.from_numpy(points.ravel()))

    def step(self, pictures: Tensor, mask: Tensor, points: Tensor, number: int) -> Tensor:
        """(N, 3, S, S) in [0, 1], (N, 1, S, S), (N, 68, 2) in shares -> the generator's loss, equation 8."""
        settings = self.settings
        rate = settings.learning_rate * settings.decay ** (number // settings.decay_every)
        set_rate(self.drawing, rate)
        set_rate(self.judging, rate * settings.discriminator_share)
        half = settings.precision == "bfloat16" and self.device.type == "cuda"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            drawn, found = self.generator(pictures, mask)
            drawn, found = drawn.float(), None if found is None else found.float()
            if settings.losses.adversarial:
                self._judge(pictures, drawn.detach())
            loss = self._loss(pictures, drawn, mask, found, points)
        self.drawing.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.drawing.step()
        self._follow()
        return loss.detach()

    def _judge(self, pictures: Tensor, drawn: Tensor) -> None:
        """One step of the discriminator, on the picture as drawn, the part outside the mask too."""
        real, made = self.discriminator(torch.cat([pictures, drawn])).chunk(2)
        self.judging.zero_grad()
        loss_of.real_or_drawn(real, made).backward()  # type: ignore[no-untyped-call]
        self.judging.step()

    def _loss(self, pictures: Tensor, drawn: Tensor, mask: Tensor, found: Tensor | None, points: Tensor) -> Tensor:
        own = self.settings.losses
        loss = own.pixel * loss_of.pixel(drawn, pictures, mask, hole_weight=own.hole)
        if self.features is not None:
            made, real = self.features(drawn), self.features(pictures)
            if own.perceptual:
                loss = loss + own.perceptual * loss_of.perceptual(made, real)
            if own.style:
                loss = loss + own.style * loss_of.style(made, real)
        if own.variation:
            loss = loss + own.variation * loss_of.variation(merged(pictures, drawn, mask), mask)
        if own.adversarial:
            self.discriminator.requires_grad_(requires_grad=False)
            loss = loss + own.adversarial * loss_of.taken_for_real(self.discriminator(drawn))
            self.discriminator.requires_grad_(requires_grad=True)
        if own.landmarks and found is not None:
            loss = loss + own.landmarks * loss_of.landmarks(found, points)
        return loss

    @torch.no_grad()
    def _follow(self) -> None:
        """The average of weights, which is what fills."""
        for mean, own in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(own, 1 - self.settings.average)

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        networks = [network.state_dict() for network in (self.generator, self.average, self.discriminator)]
        return {"networks": networks, "optimisers": [self.drawing.state_dict(), self.judging.state_dict()]}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        networks = (self.generator, self.average, self.discriminator)
        for network, own in zip(networks, state["networks"], strict=True):
            network.load_state_dict(own)
        for optimiser, own in zip((self.drawing, self.judging), state["optimisers"], strict=True):
            optimiser.load_state_dict(own)


def train(
    training: Controls,
    held_out: Controls,
    *,
    settings: InpaintingTrain,
    weights_folder: Path,
    checkpoint: Path | None,
    provenance: Mapping[str, Any],
    on_progress: Progress | None = None,
) -> Trained:
    """Train for the steps of `settings`.

    `checkpoint`: file in which the training stands at its last evaluation; a run killed after it goes on from there,
    with the same result. It is left for the caller to remove. TrainingError: a loss that is no longer a number.
    WeightsError: the trunk's file is missing or another one.
    """
    size = training.pictures.shape[-1]
    if size % 2**settings.network.halvings:
        raise TrainingError(
            f"inpainting_align: size: {size} cannot be halved {settings.network.halvings} times "
            "(inpainting_train: network: halvings); take a multiple of 16"
        )
    with runtime.settled(threads=settings.threads, seed=runtime.seed_of(settings.seed, "weights")):
        learning = Learning(settings, weights_folder, runtime.device())
        learning.begin_at(shares(training.points.numpy(), size).mean(axis=0))
        key = _key(training, held_out, settings) if checkpoint else ""
        curves: list[dict[str, float | None]] = []
        state = checkpoints.read(checkpoint, key)
        if state:
            learning.load(state["learning"])
            curves = state["curves"]
        first = int(curves[-1]["step"] or 0) if curves else 0
        losses, every = Losses(LOWER), settings.evaluate_every

        def keep(_: int) -> None:
            checkpoints.write(checkpoint, key, {"learning": learning.state(), "curves": curves})

        for number in steps(first, settings.steps, losses=losses, every=every, keep=keep, on_progress=on_progress):
            losses.add(learning.step(*_batch(training, settings, number, learning.device), number))
            if due(number + 1, settings.steps, every):
                row: dict[str, float | None] = {"step": number + 1, "loss": losses.mean(number + 1)}
                curves.append(row | _looked(learning, held_out, settings))
        losses.check_weights(learning.average.state_dict(), settings.steps)
    return Trained(weights.save(learning.average, size=size, provenance=provenance), curves)


def _batch(
    controls: Controls, settings: InpaintingTrain, number: int, device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """The step's pictures, what is hidden of them, and their points in shares."""
    rng = np.random.default_rng(runtime.seed_of(settings.seed, "step", number))
    rows = rng.integers(len(controls.pictures), size=settings.batch_size)
    pictures, points = changed(
        controls.pictures[rows].numpy(), controls.points[rows].numpy(), settings.mirror, settings.colour, rng
    )
    side = pictures.shape[-1]
    masks = np.stack([hidden(own, side, settings=settings.masks, rng=rng) for own in points])
    as_tensors = [
        torch.from_numpy(part) for part in (pictures, masks[:, None].astype(np.float32), shares(points, side))
    ]
    return as_tensors[0].to(device), as_tensors[1].to(device), as_tensors[2].to(device)


def shares(points: np.ndarray, side: int) -> np.ndarray:
    """(..., 2) px of a picture -> shares of its side, the first pixel's outer edge being 0 (points.point_map)."""
    return ((points + 0.5) / side).astype(np.float32)


@torch.no_grad()
def _looked(learning: Learning, held_out: Controls, settings: InpaintingTrain) -> dict[str, float | None]:
    """Mean absolute difference under the mask, and the landmarks' distance, on people who do not train; grey levels
    and shares of the side. Always the same masks."""
    if not len(held_out.pictures):
        return {"held_out": None, "landmarks": None}
    side = held_out.pictures.shape[-1]
    rng = np.random.default_rng(runtime.seed_of(settings.seed, "held out masks"))
    points = held_out.points.numpy()
    masks = np.stack([hidden(own, side, settings=settings.masks, rng=rng) for own in points])
    mask = torch.from_numpy(masks[:, None].astype(np.float32)).to(learning.device)
    pictures = held_out.pictures.to(learning.device).float() / 255
    drawn, found = learning.average(pictures, mask)
    apart = 255 * float(((drawn - pictures).abs() * mask).sum() / (3 * mask.sum()))
    if found is None:
        return {"held_out": apart, "landmarks": None}
    truth = torch.from_numpy(shares(points, side)).to(learning.device)
    return {"held_out": apart, "landmarks": float((found - truth).square().sum(-1).sqrt().mean())}


def _key(training: Controls, held_out: Controls, settings: InpaintingTrain) -> str:
    """Digest of all that the weights depend on: settings, pictures, code, torch, device."""
    parts = (training.pictures, training.points, held_out.pictures, held_out.points)
    return key_of(__name__, settings, bytes_of(part.numpy() for part in parts))
