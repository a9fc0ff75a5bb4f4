"""An adapter trained: examples of one condition in, its weights, curves and sample pictures out.

In: latents and texts (examples.py), a base's transformer, the settings. Out: the adapter as safetensors bytes, the
curves, pictures drawn on the way. Rosero et al. 2025, DiffusionCleft, sections 3.1, 3.2 and 4.2: flow matching, LoRA on
the transformer, text encoders frozen (their work is in the examples). x_s = (1 - s) x_0 + s noise; the transformer says
noise - x_0. Whatever is drawn by lot hangs on the seed and the step's number, so a training that is killed and goes on
from its checkpoint ends with the same bytes. Knows nothing of stages or of faces.
"""

import hashlib
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from diffusers import FluxPipeline, FluxTransformer2DModel
from torch import Tensor, nn
from tqdm import tqdm

from tasks import checkpoints, digests, images, runtime
from tasks.errors import InputError
from tasks.params import SynthesisGenerate, SynthesisTrain
from tasks.synthesis import base as bases
from tasks.synthesis import generation, lora, memory
from tasks.synthesis.examples import Batch, Examples, batch_at, steps_of
from tasks.synthesis.latents import vae_of
from tasks.synthesis.optimisers import optimiser_of, rate_at
from tasks.synthesis.precision import compute_dtype, prepare, require_possible
from tasks.synthesis.texts import Encoded
from tasks.synthesis.timesteps import levels

ROWS = 50
"""Of the curves, at most about."""
ASSISTANT = "assistant"
"""Name of the frozen adapter that takes part in training alone."""


class TrainingError(InputError):
    """The training cannot go on; the message says why and what to change."""


@dataclass(frozen=True)
class Trained:
    """What a training made."""

    weights: bytes
    curves: list[dict[str, float]]
    samples: list[dict[str, Any]]  # step, number, prompt, picture (PNG)

    def row(self) -> dict[str, Any]:
        """As the table ADAPTERS has it."""
        sha256 = hashlib.sha256(self.weights).hexdigest()
        return {"weights": self.weights, "sha256": sha256, "curves": self.curves, "samples": self.samples}


@dataclass
class _Standing:
    """How far a training is."""

    step: int = 0
    losses: list[float] = field(default_factory=list)  # since the last row of the curves
    curves: list[dict[str, float]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)


def train(
    examples: Examples,
    shown: pa.Table,  # PROMPTS: seed and prompt of the sample pictures
    *,
    base: Path,
    settings: SynthesisTrain,
    drawing: SynthesisGenerate,
    weights_folder: Path,
    checkpoint: Path | None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Trained:
    """Train for `steps_per_image` steps a photograph. `base`: its base.json; `drawing`: how samples are drawn.

    `checkpoint`: file in which the training stands every `checkpoint_every` steps; a run killed after that goes on from
    there, with the same result. It is left for the caller to remove. TrainingError: a loss that is no number;
    BaseError, LoraError, PrecisionError, RoomError: the base, the targets or the card do not allow it.
    """
    require_possible(settings.precision)
    total = steps_of(examples, settings)
    with runtime.settled(threads=settings.threads, seed=runtime.seed_of(settings.seed, "adapter")):
        texts = _sample_texts(shown, base, settings)
        network = network_of(base, settings, weights_folder, largest=max(max(bucket) for bucket in examples.buckets))
        matrices = lora.trainable(network)
        optimiser = optimiser_of(matrices, settings)
        key = _key(examples, shown, base, settings, drawing) if checkpoint else ""
        standing = _resumed(checkpoint, key, network, optimiser)
        interval = 0.5 if sys.stderr.isatty() else 20.0
        every = max(1, total // ROWS)
        with tqdm(total=total, initial=standing.step, desc="training", unit="step", mininterval=interval) as bar:
            while standing.step < total:
                standing.losses.append(_step(network, matrices, optimiser, examples, standing.step, settings))
                standing.step += 1
                if standing.step % every == 0 or standing.step == total:
                    _add_row(standing, settings)
                if standing.step % settings.sample_every == 0 or standing.step == total:
                    standing.samples += _samples(network, base, shown, texts, standing.step, settings, drawing)
                if checkpoint and standing.step % settings.checkpoint_every == 0:
                    _keep(checkpoint, key, network, optimiser, standing)
                bar.update()
                if on_progress:
                    on_progress(standing.step, total)
        weights = lora.save(network, rank=settings.rank, alpha=settings.alpha)
    return Trained(weights, standing.curves, standing.samples)


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
    settings: SynthesisTrain,
) -> float:
    for group in optimiser.param_groups:
        group["lr"] = rate_at(step, settings)
    draws = runtime.generator(settings.seed, "noise", step)
    loss = loss_of(network, batch_at(step, examples, settings), draws, settings)
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(matrices, settings.clip_norm)
    optimiser.step()
    return float(loss.detach())


def loss_of(
    network: FluxTransformer2DModel, batch: Batch, draws: torch.Generator, settings: SynthesisTrain
) -> Tensor:  # ()
    """Mean squared error of the velocity that the transformer says, at random noise levels."""
    channels = network.config.in_channels // 4
    clean = _shaped(batch, channels)
    level = levels(len(clean), draws, settings.timesteps)
    noise = torch.randn(clean.shape, generator=draws)
    beside = level[:, None, None, None]
    noisy = (1 - beside) * clean + beside * noise
    said = velocity(network, noisy, level, batch, dtype=compute_dtype(settings.precision))
    wanted = _packed(noise - clean).to(said.device)
    return (said.float() - wanted).square().mean()


def _shaped(batch: Batch, channels: int) -> Tensor:
    """(n, C, h, w), by the channels and the bucket's shape."""
    cells = batch.latents.shape[1] // channels
    height = math.isqrt(cells * batch.height // batch.width)
    return batch.latents.reshape(len(batch.latents), channels, height, cells // height)


def velocity(
    network: FluxTransformer2DModel,
    noisy: Tensor,  # (n, C, h, w)
    level: Tensor,  # (n,)
    batch: Batch,
    *,
    dtype: torch.dtype,
) -> Tensor:  # (n, h / 2 * w / 2, 4 C)
    """What the transformer makes of noisy latents, packed as FLUX packs."""
    device = runtime.device()
    count, height, width = len(noisy), noisy.shape[-2] // 2, noisy.shape[-1] // 2
    tokens = batch.tokens.reshape(count, -1, network.config.joint_attention_dim).to(device, dtype)
    guidance = torch.ones(count, device=device) if network.config.guidance_embeds else None
    found: Tensor = network(
        hidden_states=_packed(noisy).to(device, dtype),
        timestep=level.to(device, dtype),
        guidance=guidance,
        pooled_projections=batch.pooled.to(device, dtype),
        encoder_hidden_states=tokens,
        txt_ids=torch.zeros(tokens.shape[1], 3, device=device, dtype=dtype),
        img_ids=FluxPipeline._prepare_latent_image_ids(1, height, width, device, dtype),
        return_dict=False,
    )[0]
    return found


def _packed(latents: Tensor) -> Tensor:
    found: Tensor = FluxPipeline._pack_latents(latents, *latents.shape)
    return found


def _add_row(standing: _Standing, settings: SynthesisTrain) -> None:
    loss = float(np.mean(standing.losses))
    if not math.isfinite(loss):
        raise TrainingError(
            f"the loss is no longer a number at step {standing.step}: lower synthesis_train: learning_rate"
        )
    standing.curves.append({"step": standing.step, "loss": loss, "rate": rate_at(standing.step - 1, settings)})
    standing.losses.clear()


def _sample_texts(shown: pa.Table, base: Path, settings: SynthesisTrain) -> Encoded | None:
    """The sample prompts' texts; the encoders are freed before the transformer is opened."""
    prompts = shown["prompt"].to_pylist()
    return generation.encode_prompts(prompts, base=base, precision=settings.precision) if prompts else None


@torch.no_grad()
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
    _use(network, settings, training=False)
    network.eval()
    vae = vae_of(base, tiling=drawing.tiling, dtype=compute_dtype(settings.precision))
    pictures = generation.draw(
        generation.pipeline_of(network, vae, bases.scheduler(bases.open_base(base.parent))),
        texts, shown["seed"].to_pylist(), side=drawing.side, steps=drawing.steps, guidance=drawing.guidance,
        together=min(drawing.together, shown.num_rows),
    )  # fmt: skip
    network.train()
    _use(network, settings, training=True)
    return [
        {"step": step, "number": number, "prompt": prompt, "picture": images.encode_png(picture)}
        for number, (prompt, picture) in enumerate(zip(shown["prompt"].to_pylist(), pictures, strict=True))
    ]


def _resumed(
    checkpoint: Path | None, key: str, network: FluxTransformer2DModel, optimiser: torch.optim.Optimizer
) -> _Standing:
    state = checkpoints.read(checkpoint, key) if checkpoint else None
    if state is None:
        return _Standing()
    lora.put_state(network, state["adapter"])
    optimiser.load_state_dict(state["optimiser"])
    return _Standing(**state["standing"])


def _keep(
    checkpoint: Path, key: str, network: FluxTransformer2DModel, optimiser: torch.optim.Optimizer, standing: _Standing
) -> None:
    state = {"adapter": lora.state_of(network), "optimiser": optimiser.state_dict(), "standing": vars(standing)}
    checkpoints.write(checkpoint, key, state)


def _key(examples: Examples, shown: pa.Table, base: Path, settings: SynthesisTrain, drawing: SynthesisGenerate) -> str:
    """Digest of all that the adapter and its samples depend on: data, base, settings, code, torch, device."""
    code = digests.code_digest(sys.modules[__name__])
    numbers: Mapping[str, Any] = {"train": settings.model_dump(mode="json"), "draw": drawing.model_dump(mode="json")}
    data = [examples.digest, digests.table_digest(shown), digests.file_digest(base)]
    return digests.digest([numbers, data, code, torch.__version__, str(runtime.device())])
