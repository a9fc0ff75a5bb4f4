"""Pictures from prompts: a base, an adapter on its transformer, and noise that depends on each picture's seed.

In: rows of the table of prompts, base.json, an adapter in diffusers' own format. Out: the table GENERATED. Rosero et
al. 2025, DiffusionCleft, section 4.2: 4 steps, guidance 1. diffusers' FluxPipeline draws, so that whoever loads the
adapter there gets the same picture. Pictures go through the transformer in batches of one size, filled up with the last
one: on a CPU none depends on who is drawn with it. The encoders are freed before the transformer is opened. Knows
nothing of grammars or faces.
"""

import gc
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
from torch import Tensor

from tasks.base import images, runtime
from tasks.errors import InputError
from tasks.params.synthesis import Precision, SynthesisGenerate
from tasks.schemas.synthesis import GENERATED
from tasks.synthesis import base as bases
from tasks.synthesis import lora
from tasks.synthesis.latents import vae_of
from tasks.synthesis.memory import card_bytes, encoding_bytes, require_room_to_draw
from tasks.synthesis.precision import compute_dtype, prepare, require_possible
from tasks.synthesis.texts import Encoded, encode

ADAPTER = "trained"
"""The adapter's name in the transformer."""


def generate_pictures(
    prompts: pa.Table,  # PROMPTS: image_id, condition, number, seed, prompt
    *,
    base: Path,
    adapter: Path | None,
    settings: SynthesisGenerate,
) -> pa.Table:
    """GENERATED, one row per prompt. `base`: its base.json; `adapter`: its safetensors file, None for the bare base.

    Tokens that an encoder does not see are counted. A picture whose numbers are not finite is refused with a reason.
    BaseError, LoraError, PrecisionError: base, adapter or precision cannot be used.
    """
    require_possible(settings.precision)
    rows = prompts.select(["image_id", "condition", "number", "seed", "prompt"]).to_pylist()
    if not rows:
        return GENERATED.table([])
    with runtime.settled(threads=settings.threads, seed=0):
        encoded = encode_prompts([row["prompt"] for row in rows], base=base, precision=settings.precision)
        pictures = drawn(
            pipeline_at(base, adapter, settings), encoded, [row["seed"] for row in rows], side=settings.side,
            steps=settings.steps, guidance=settings.guidance, together=settings.together,
        )  # fmt: skip
    return GENERATED.table(_row(row, encoded, place, pictures[place]) for place, row in enumerate(rows))


def _row(row: dict[str, Any], encoded: Encoded, place: int, picture: Tensor) -> dict[str, Any]:
    found = {name: row[name] for name in ("image_id", "condition", "number")}
    found |= {"clip_over": int(encoded.clip_over[place]), "t5_over": int(encoded.t5_over[place])}
    if not picture.isfinite().all():
        return found | {"reason": "the networks' numbers are not finite"}
    return found | {"picture": images.encode_png(to_pixels(picture))}


def encode_prompts(prompts: list[str], *, base: Path, precision: Precision) -> Encoded:
    """Both encoders' view of the prompts, computed as FluxPipeline would in this precision. The encoders are freed.

    On a GPU without room for them beside a transformer that is still there, that one goes first, and comes back later.
    """
    device = runtime.device()
    if device.type == "cuda" and torch.cuda.mem_get_info()[0] < encoding_bytes(precision):
        _pipeline.cache_clear()
        _free()
    opened = bases.open_base(base.parent)
    encoders = bases.text_encoders(opened, dtype=compute_dtype(precision))
    encoders.clip.to(device)
    encoders.t5.to(device)
    found = encode(encoders, prompts, length=bases.text_length(opened))
    del encoders
    _free()
    return found


def _free() -> None:
    if torch.cuda.is_available():
        gc.collect()
        torch.cuda.empty_cache()


def pipeline_at(base: Path, adapter: Path | None, settings: SynthesisGenerate) -> FluxPipeline:
    """Base and adapter, on the device, opened once for many calls; opened again when a file has changed."""
    files = [base, *([adapter] if adapter is not None else [])]
    changed = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
    return _pipeline(base, adapter, changed, settings)


@lru_cache(maxsize=1)
def _pipeline(base: Path, adapter: Path | None, changed: tuple[int, ...], settings: SynthesisGenerate) -> FluxPipeline:
    opened, precision, card = bases.open_base(base.parent), settings.precision, card_bytes()
    if card is not None:
        text = bases.text_length(opened)
        require_room_to_draw(card, settings=settings, config=config_of_base(opened), text=text)
    transformer = prepare(bases.transformer(opened, precision=precision), precision)
    if adapter is not None:
        lora.load(transformer, adapter, name=ADAPTER)
        transformer.set_adapters([ADAPTER], [settings.adapter_scale])
        transformer.requires_grad_(requires_grad=False)
    vae = vae_of(base, tiling=settings.tiling, dtype=compute_dtype(precision))
    return pipeline_of(transformer.to(runtime.device()), vae, bases.scheduler(opened))


def config_of_base(base: bases.Base) -> dict[str, Any]:
    """Its transformer's configuration, as memory.network takes it; no weights are opened."""
    written: dict[str, Any] = json.loads((base.folder / "transformer" / "config.json").read_text())
    return {name: value for name, value in written.items() if not name.startswith("_")}


def pipeline_of(
    transformer: FluxTransformer2DModel, vae: AutoencoderKL, scheduler: FlowMatchEulerDiscreteScheduler
) -> FluxPipeline:
    """What `draw` needs, of networks that are there; they are shared, not copied. Texts come encoded."""
    vae.enable_slicing()  # the decoder takes pictures one by one
    pipeline = FluxPipeline(
        scheduler=scheduler, vae=vae, transformer=transformer, text_encoder=None, tokenizer=None, text_encoder_2=None,
        tokenizer_2=None,
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw(
    pipeline: FluxPipeline, encoded: Encoded, seeds: list[int], *, side: int, steps: int, guidance: float, together: int
) -> np.ndarray:  # (n, side, side, 3) uint8 RGB
    """One picture per prompt, with its own seed; see `drawn`. Numbers that are not finite become black."""
    return to_pixels(drawn(pipeline, encoded, seeds, side=side, steps=steps, guidance=guidance, together=together))


def drawn(
    pipeline: FluxPipeline,
    encoded: Encoded,
    seeds: list[int],
    *,
    side: int,
    steps: int,
    guidance: float,
    together: int,
    output: Literal["pt", "latent"] = "pt",
) -> Tensor:  # (n, 3, side, side) in 0..1, or packed latents (n, tokens, 4 C), on the CPU
    """Batches of `together` pictures, the last one filled up: a picture is the same whoever is drawn with it.

    `side`: a multiple of 16. Noise comes from torch.Generator("cpu").manual_seed(seed), in float32, whatever the
    device and the precision: FluxPipeline's own, but that some versions of torch draw other numbers in bfloat16.
    """
    if side % 16:
        raise InputError(f"synthesis_generate: side {side} is no multiple of 16")
    dtype = pipeline.vae.dtype
    found = []
    for start in range(0, len(seeds), together):
        places = [min(place, len(seeds) - 1) for place in range(start, start + together)]
        noise = torch.cat([_noise(pipeline, seeds[place], side) for place in places])
        pictures = pipeline(
            prompt_embeds=encoded.tokens[places].to(pipeline.device, dtype),
            pooled_prompt_embeds=encoded.pooled[places].to(pipeline.device, dtype),
            latents=noise.to(pipeline.device, dtype), height=side, width=side, num_inference_steps=steps,
            guidance_scale=guidance, output_type=output,
        ).images  # fmt: skip
        found.append(pictures[: len(seeds) - start].float().cpu())
    return torch.cat(found)


def _noise(pipeline: FluxPipeline, seed: int, side: int) -> Tensor:  # packed: (1, tokens, 4 C)
    places, channels = 2 * (side // (2 * pipeline.vae_scale_factor)), pipeline.transformer.config.in_channels // 4
    noise = torch.randn(1, channels, places, places, generator=torch.Generator("cpu").manual_seed(seed))
    packed: Tensor = pipeline._pack_latents(noise, 1, channels, places, places)
    return packed


def to_pixels(
    pictures: Tensor,  # (..., 3, H, W) in 0..1
) -> np.ndarray:  # (..., H, W, 3) uint8 RGB
    """Rounded as diffusers does for PIL."""
    values = pictures.nan_to_num(0, 1, 0).movedim(-3, -1).numpy()
    return (values * 255).round().astype(np.uint8)
