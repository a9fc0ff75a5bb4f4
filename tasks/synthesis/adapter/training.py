"""An adapter trained: examples of one condition in, its weights, curves and sample pictures out.

In: latents and texts (examples.py), a base's transformer, the settings. Out: the adapter as safetensors bytes, the
curves, pictures drawn on the way. Rosero et al. 2025, DiffusionCleft, sections 3.1, 3.2 and 4.2: flow matching, LoRA on
the transformer, text encoders frozen (their work is in the examples). x_s = (1 - s) x_0 + s noise; the transformer says
noise - x_0. All random numbers depend on the seed and the step's number, so a training that is killed and goes on
from its checkpoint ends with the same bytes. Knows nothing of stages or of faces.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import torch
from diffusers import FluxTransformer2DModel
from torch import Tensor, nn

from tasks.base import checkpoints, digests, images, runtime
from tasks.base.training import Losses, Progress, due, key_of, set_rate, steps
from tasks.params.synthesis import SynthesisGenerate, SynthesisTrain
from tasks.synthesis import base as bases
from tasks.synthesis import generation, lora, memory
from tasks.synthesis.adapter.examples import Examples, batch_at, steps_of
from tasks.synthesis.adapter.matching import cells, loss_of, packed
from tasks.synthesis.adapter.optimisers import optimiser_of, rate_at
from tasks.synthesis.adapter.trigger import mouth, place, without_trigger
from tasks.synthesis.latents import vae_of
from tasks.synthesis.precision import compute_dtype, prepare, require_possible
from tasks.synthesis.texts import Encoded

ROWS = 50
"""Of the curves, at most about."""
LOWER = "synthesis_train.learning_rate, or set synthesis_train.precision: bfloat16"
"""What to do where the training diverges."""
ASSISTANT = "assistant"
"""Name of the frozen adapter that takes part in training alone."""


@dataclass(frozen=True)
class Trained:
    """What a training made."""

    weights: bytes
    curves: list[dict[str, float]]
    samples: list[dict[str, Any]]  # step, number, prompt, picture (PNG)
    called: float | None  # where pictures with the trigger lie, 0 controls .. 1 patients; None: nothing to compare with
    left: float | None  # the same without it

    def row(self) -> dict[str, Any]:
        """As the table ADAPTERS has it."""
        sha256 = hashlib.sha256(self.weights).hexdigest()
        made = {"weights": self.weights, "sha256": sha256, "curves": self.curves, "samples": self.samples}
        return made | {"called": self.called, "left": self.left}


@dataclass
class _Standing:
    """How far a training is."""

    step: int = 0
    losses: list[float] = field(default_factory=list)  # since the last row of the curves
    curves: list[dict[str, float]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)


def train(
    examples: Examples,
    asked: pa.Table,  # PROMPTS: seed and prompt of pictures to try the adapter with, the first ones for samples
    *,
    base: Path,
    settings: SynthesisTrain,
    drawing: SynthesisGenerate,
    weights_folder: Path,
    checkpoint: Path | None,
    on_progress: Progress | None = None,
) -> Trained:
    """Train for `steps_per_image` steps a photograph. `base`: its base.json; `drawing`: how samples are drawn.

    `checkpoint`: file in which the training stands every `checkpoint_every` steps; a run killed after that goes on from
    there, with the same result. It is left for the caller to remove. TrainingError: a loss that is no number;
    BaseError, LoraError, PrecisionError, RoomError: the base, the targets or the card do not allow it.
    """
    require_possible(settings.precision)
    total = steps_of(examples, settings)
    with runtime.settled(threads=settings.threads, seed=runtime.seed_of(settings.seed, "adapter")):
        shown = asked.slice(0, settings.samples)
        plain = [without_trigger(prompt) for prompt in asked["prompt"].to_pylist()]
        texts, called, left = (
            _encoded(prompts, base, settings)
            for prompts in (shown["prompt"].to_pylist(), asked["prompt"].to_pylist(), plain)
        )
        network = network_of(base, settings, weights_folder, largest=max(max(bucket) for bucket in examples.buckets))
        matrices = lora.trainable(network)
        optimiser = optimiser_of(matrices, settings)
        key = _key(examples, asked, base, settings, drawing) if checkpoint else ""
        standing = _resumed(checkpoints.read(checkpoint, key), network, optimiser)
        losses = Losses(LOWER, standing.losses)

        def keep(_: int) -> None:
            checkpoints.write(checkpoint, key, _state(network, optimiser, standing))

        for number in steps(
            standing.step, total, losses=losses, every=settings.checkpoint_every, keep=keep, on_progress=on_progress
        ):
            rate = rate_at(number, total, settings)
            losses.add(_step(network, matrices, optimiser, examples, number, rate, settings))
            standing.step = number + 1
            if due(standing.step, total, max(1, total // ROWS)):
                standing.curves.append({"step": standing.step, "loss": losses.mean(standing.step), "rate": rate})
            if due(standing.step, total, settings.sample_every):
                standing.samples += _samples(network, base, shown, texts, standing.step, settings, drawing)
        losses.check_weights(lora.state_of(network), total)
        places = [_place(network, base, asked, said, examples, settings, drawing) for said in (called, left)]
        weights = lora.save(network, rank=settings.rank, alpha=settings.alpha)
    return Trained(weights, standing.curves, standing.samples, *places)


def network_of(base: Path, settings: SynthesisTrain, weights_folder: Path, *, largest: int) -> FluxTransformer2DModel:
    """The frozen transformer on the device with a new adapter on it, and the assistant if there is one.

    `largest`: side of the largest pictures, pixels: a card that is too small is refused before anything is loaded.
    """
    opened, card = bases.open_base(base.parent), memory.card_bytes()
    if card is not None:
        config = generation.config_of_base(opened)
        memory.require_room(card, settings=settings, config=config, side=largest, text=bases.text_length(opened))
    network = prepare(bases.transformer(opened, precision=settings.precision), settings.precision)
    network.to(runtime.device())
    if settings.training_adapter is not None:
        lora.load(network, weights_folder / settings.training_adapter, name=ASSISTANT)
    lora.add(network, rank=settings.rank, alpha=settings.alpha, targets=settings.targets, seed=settings.seed)
    _use(network, settings, training=True)
    if settings.gradient_checkpointing:
        network.enable_gradient_checkpointing()
    network.train()
    return network


def _use(network: FluxTransformer2DModel, settings: SynthesisTrain, *, training: bool) -> None:
    """With the assistant while it trains, without it while it draws. Choosing adapters thaws them all: freeze again."""
    if settings.training_adapter is not None:
        network.set_adapters([ASSISTANT, lora.NAME] if training else [lora.NAME])
        lora.trainable(network)


def _step(
    network: FluxTransformer2DModel,
    matrices: list[nn.Parameter],
    optimiser: torch.optim.Optimizer,
    examples: Examples,
    step: int,
    rate: float,
    settings: SynthesisTrain,
) -> Tensor:
    set_rate(optimiser, rate)
    draws = runtime.generator(settings.seed, "noise", step)
    loss = loss_of(network, batch_at(step, examples, settings), draws, settings)
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(matrices, settings.clip_norm)
    optimiser.step()
    return loss


def _encoded(prompts: list[str], base: Path, settings: SynthesisTrain) -> Encoded | None:
    """The prompts' texts; the encoders are freed before the transformer is opened."""
    return generation.encode_prompts(prompts, base=base, precision=settings.precision) if prompts else None


def _samples(
    network: FluxTransformer2DModel,
    base: Path,
    shown: pa.Table,
    texts: Encoded | None,
    step: int,
    settings: SynthesisTrain,
    drawing: SynthesisGenerate,
) -> list[dict[str, Any]]:
    """Pictures of the sample prompts, by the adapter as it is now."""
    if texts is None:
        return []
    drawn = _draw(network, base, texts, shown, settings, drawing, output="pt")
    pictures = generation.to_pixels(drawn)
    return [
        {"step": step, "number": number, "prompt": prompt, "picture": images.encode_png(picture)}
        for number, (prompt, picture) in enumerate(zip(shown["prompt"].to_pylist(), pictures, strict=True))
    ]


def _place(
    network: FluxTransformer2DModel,
    base: Path,
    asked: pa.Table,
    texts: Encoded | None,
    examples: Examples,
    settings: SynthesisTrain,
    drawing: SynthesisGenerate,
) -> float | None:
    """Where the prompts' pictures lie between the examples' controls and patients of their size, as latents.

    By the mouth alone where pictures are framed: children's faces are not a cleft.
    """
    alike = [row for row, bucket in enumerate(examples.buckets) if bucket == (drawing.side, drawing.side)]
    patients = [examples.latents[row] for row in alike if row < examples.own]
    controls = [examples.latents[row] for row in alike if row >= examples.own]
    if texts is None or not patients or not controls:
        return None
    drawn = _draw(network, base, texts, asked, settings, drawing, output="latent").flatten(1)
    channels = network.config.in_channels // 4
    shown = [cells(torch.stack(rows), channels, 1.0) for rows in (patients, controls)]
    height, width = shown[0].shape[-2:]
    where = mouth(height, width) if examples.framed else torch.ones(height, width, dtype=torch.bool)
    looked_at = packed(where.expand(1, channels, height, width)).flatten()
    return place(drawn[:, looked_at], *(packed(side).flatten(1)[:, looked_at] for side in shown))


@torch.no_grad()
def _draw(
    network: FluxTransformer2DModel,
    base: Path,
    texts: Encoded,
    asked: pa.Table,
    settings: SynthesisTrain,
    drawing: SynthesisGenerate,
    *,
    output: Literal["pt", "latent"],
) -> Tensor:
    """Pictures or packed latents of the prompts, by the adapter alone."""
    _use(network, settings, training=False)
    network.eval()
    vae = vae_of(base, tiling=drawing.tiling, dtype=compute_dtype(settings.precision))
    found = generation.drawn(
        generation.pipeline_of(network, vae, bases.scheduler(bases.open_base(base.parent))),
        texts, asked["seed"].to_pylist(), side=drawing.side, steps=drawing.steps, guidance=drawing.guidance,
        together=min(drawing.together, asked.num_rows), output=output,
    )  # fmt: skip
    network.train()
    _use(network, settings, training=True)
    return found


def _resumed(
    state: Mapping[str, Any] | None, network: FluxTransformer2DModel, optimiser: torch.optim.Optimizer
) -> _Standing:
    if state is None:
        return _Standing()
    lora.put_state(network, state["adapter"])
    optimiser.load_state_dict(state["optimiser"])
    return _Standing(**state["standing"])


def _state(network: FluxTransformer2DModel, optimiser: torch.optim.Optimizer, standing: _Standing) -> dict[str, Any]:
    return {"adapter": lora.state_of(network), "optimiser": optimiser.state_dict(), "standing": vars(standing)}


def _key(examples: Examples, asked: pa.Table, base: Path, settings: SynthesisTrain, drawing: SynthesisGenerate) -> str:
    """Digest of all that the adapter and its samples depend on: data, base, settings, code, torch, device."""
    data = [examples.digest, digests.table_digest(asked), digests.file_digest(base)]
    return key_of(__name__, settings, drawing, data)
