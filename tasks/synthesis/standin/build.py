"""A FLUX small enough to be made by the pipeline: the real one's classes, pretrained on drawn faces of controls.

In: the settings and a folder. Out: a FluxPipeline folder as diffusers writes and reads it (transformer, autoencoder,
CLIP, T5, their tokenisers, schnell's scheduler) and base.json. It stands in for FLUX.1-schnell (Rosero et al. 2025,
section 3.1), which no machine may fetch unasked. It has seen no cleft, and the triggers mean nothing to it. A build
that is killed goes on from `checkpoint` with the same bytes. Knows nothing of stages.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxPipeline
from torch import Tensor

from tasks.base import checkpoints, runtime
from tasks.base.training import Progress, key_of
from tasks.errors import InputError
from tasks.params.synthesis import StandIn
from tasks.synthesis.base import MANIFEST, Manifest, TextEncoders, digested, write_manifest
from tasks.synthesis.standin import codec as standin_codec
from tasks.synthesis.standin import faces as standin_faces
from tasks.synthesis.standin import flow as standin_flow
from tasks.synthesis.standin import vae as standin_vae
from tasks.synthesis.standin.text import clip_encoder, clip_tokenizer, t5_encoder, t5_tokenizer
from tasks.synthesis.texts import encode

NAME = "stand_in"
LICENCE = "Apache-2.0 (made by this project from drawn faces)"
CAPTIONS = 4
"""Captions a face: all that is true of it, and random parts of that."""


class StandInError(InputError):
    """The stand-in cannot be made with these settings; the message says which and why."""


def build_stand_in(
    out: Path,
    *,
    settings: StandIn,
    threads: int,
    checkpoint: Path | None,
    on_progress: Progress | None = None,
) -> None:
    """Draw the faces, train the networks and write the folder, base.json last.

    `checkpoint`: file in which the training stands; left for the caller to remove. StandInError: settings that do not
    fit together.
    """
    _check(settings)
    with runtime.settled(threads=threads, seed=runtime.seed_of(settings.seed, "weights")):
        standing = _Standing(checkpoint, key_of(__name__, settings, threads), settings, on_progress)
        drawn, said = standin_faces.draw_faces(settings, workers=threads)
        standing.passed(settings.faces)
        plain = torch.from_numpy(drawn).permute(0, 3, 1, 2)
        pictures = torch.cat([plain, plain.flip(3)])
        torch.manual_seed(runtime.seed_of(settings.seed, "autoencoder"))
        vae, latents = standin_vae.train(
            pictures, settings=settings, state=standing.of("vae"), keep=standing.keeper("vae"), on_step=standing.step
        )
        encoders = encoders_of(settings)
        lessons = lessons_of(latents, [*said, *said], encoders, settings=settings)
        torch.manual_seed(runtime.seed_of(settings.seed, "transformer"))
        network = standin_flow.train(
            lessons, settings=settings, state=standing.of("flow"), keep=standing.keeper("flow"), on_step=standing.step
        )
        _write(out, vae, encoders, network, settings)


def encoders_of(settings: StandIn) -> TextEncoders:
    """Tokenisers and encoders with the words of prompts; frozen."""
    clip_words, t5_words = clip_tokenizer(), t5_tokenizer(length=settings.text_length)
    return TextEncoders(clip_words, clip_encoder(clip_words, settings), t5_words, t5_encoder(t5_words, settings))


def lessons_of(
    latents: Tensor,  # (n, C, h, w)
    said: list[standin_faces.Said],  # n
    encoders: TextEncoders,
    *,
    settings: StandIn,
) -> standin_flow.Lessons:
    """Every face with CAPTIONS captions of its own."""
    rng = np.random.default_rng([settings.seed, len(said)])
    captions = [
        standin_faces.caption(face, rng, kept=1.0 if number == 0 else 0.6)
        for face in said
        for number in range(CAPTIONS)
    ]
    unique = sorted(set(captions))
    row_of = {text: row for row, text in enumerate(unique)}
    encoded = encode(encoders, unique, length=settings.text_length)
    rows = torch.tensor([row_of[text] for text in captions])
    faces = torch.arange(len(latents)).repeat_interleave(CAPTIONS)
    return standin_flow.Lessons(latents, faces, captions, encoded.pooled[rows], encoded.tokens[rows])


class _Standing:
    """How far a build is, on disk and to those who watch."""

    def __init__(self, path: Path | None, key: str, settings: StandIn, on_progress: Progress | None) -> None:
        self.path, self.key, self.on_progress = path, key, on_progress
        self.state: dict[str, Any] = checkpoints.read(path, key) or {}
        self.total = settings.faces + settings.vae_steps + settings.steps
        self.done = sum(part["step"] for part in self.state.values())

    def of(self, part: str) -> standin_vae.State | None:
        return self.state.get(part)

    def keeper(self, part: str) -> Callable[[standin_vae.State], None]:
        def keep(state: standin_vae.State) -> None:
            self.state[part] = state
            checkpoints.write(self.path, self.key, self.state)

        return keep

    def passed(self, count: int) -> None:
        self.done += count
        if self.on_progress:
            self.on_progress(self.done, self.total)

    def step(self) -> None:
        self.passed(1)


def _write(out: Path, vae: AutoencoderKL, encoders: TextEncoders, network: Any, settings: StandIn) -> None:
    scheduler = FlowMatchEulerDiscreteScheduler(shift=1.0, use_dynamic_shifting=False)
    FluxPipeline(
        scheduler=scheduler,
        vae=vae,
        text_encoder=encoders.clip,
        tokenizer=encoders.clip_tokenizer,
        text_encoder_2=encoders.t5,
        tokenizer_2=encoders.t5_tokenizer,
        transformer=network,
    ).save_pretrained(out)
    names = sorted(file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file())
    manifest = Manifest(
        name=NAME,
        folder=".",
        licence=LICENCE,
        accepted=None,
        stand_in=True,
        text_length=settings.text_length,
        files={name: digested(out / name) for name in names if name != MANIFEST},
    )
    write_manifest(manifest, out / MANIFEST)


def _check(settings: StandIn) -> None:
    """StandInError where a number does not fit the networks."""
    halvings = 2 ** (len(settings.vae_channels) - 1)
    if settings.size % (2 * halvings):
        raise StandInError(
            f"synthesis_base: size {settings.size} with {len(settings.vae_channels)} vae_channels; "
            f"a multiple of {2 * halvings} is accepted"
        )
    if settings.width % standin_flow.HEAD:
        raise StandInError(f"synthesis_base: width {settings.width}; a multiple of {standin_flow.HEAD} is accepted")
    channels = settings.vae_channels
    if len(channels) < 2 or channels[0] < standin_codec.FEWEST or sorted(set(channels)) != list(channels):
        raise StandInError(
            f"synthesis_base: vae_channels {list(channels)}; two levels or more are accepted, each with more channels "
            f"than the one before, the first with {standin_codec.FEWEST} or more"
        )
