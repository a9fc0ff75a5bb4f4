"""What fits on a card: bytes that training, drawing and caching need, computed before anything is loaded.

In: the settings, a FLUX transformer's configuration, a picture's side. Out: bytes; a table over precisions, sides and
cards; a refusal where a card is too small. Weights are counted exactly, on a model without memory (torch's meta
device). What autograd keeps is a count per token, measured (tests/synthesis/test_memory.py measures it again):

    with checkpointing:     blocks * B * tokens * width * bytes  +  one block's
    without:                all blocks'
    a block's:              B * tokens * width * KEPT  (+ its weights widened to 16 bits for fp8 and int8)
    tokens:                 (side / 16)**2 pictures' patches + the text's

KEPT holds where all linear layers of the blocks are adapted, attention keeps no matrix of scores (torch's fused one),
and adapters are float32. IN_FLIGHT and CONTEXT are estimates. The encoders take part in neither training nor drawing:
they are freed before. Rosero et al. 2025 do not say on what they trained. Knows nothing of files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd
import torch
from diffusers import FluxTransformer2DModel
from torch import nn

from tasks.errors import InputError
from tasks.params.synthesis import Precision, SynthesisGenerate, SynthesisTrain

SCHNELL: Mapping[str, Any] = {
    "patch_size": 1,
    "in_channels": 64,
    "num_layers": 19,
    "num_single_layers": 38,
    "attention_head_dim": 128,
    "num_attention_heads": 24,
    "joint_attention_dim": 4096,
    "pooled_projection_dim": 768,
    "guidance_embeds": False,
    "axes_dims_rope": (16, 56, 56),
}
"""FLUX.1-schnell's transformer."""
SCHNELL_TEXT = 256
"""Tokens that schnell's T5 reads."""
ENCODERS = 4_762_310_656 + 123_060_480
"""Parameters of T5 XXL's encoder and of CLIP ViT-L's text part."""
VAE = 83_819_683
"""Parameters of FLUX's VAE."""
VAE_MAPS = 6
"""Feature maps of 128 channels at full size that the VAE holds at a time; an estimate."""

KEPT = {"double": {2: 64.6, 4: 72.7}, "single": {2: 62.6, 4: 68.6}}
"""Bytes that autograd keeps of a block, a token and feature of its width, by the bytes a number is computed in."""
IN_FLIGHT = 1.0
"""Gradients on their way through one block, as a share of what is kept of it."""
DRAWN = 40
"""Bytes a token and feature while drawing: one block's intermediate results."""
CONTEXT = 700_000_000
"""What CUDA and its libraries take."""
PRECISIONS: tuple[Precision, ...] = ("bfloat16", "fp8", "int8", "nf4")
SIDES = (256, 512, 768, 1024)
CARDS = (24, 40, 80)
"""Gigabytes (10**9 bytes)."""
NF4_BLOCK = 64
STATE_BLOCK = 256


class RoomError(InputError):
    """The card is too small for what is asked; the message says how much is needed, and what would fit."""


@dataclass(frozen=True)
class Network:
    """What is counted of a transformer."""

    numbers: int
    linear: Mapping[str, tuple[int, int]]
    """Inputs and outputs of the linear layers by name; all have a bias."""
    width: int
    doubles: int
    singles: int

    @property
    def blocks(self) -> int:
        """Of both kinds."""
        return self.doubles + self.singles


def network(config: Mapping[str, Any]) -> Network:
    """The counts of a configuration; no memory is taken."""
    return _network(tuple((name, tuple(v) if isinstance(v, list) else v) for name, v in sorted(config.items())))


@lru_cache
def _network(config: tuple[tuple[str, Any], ...]) -> Network:
    with torch.device("meta"):
        model = FluxTransformer2DModel(**dict(config))
    linear = {
        name: (layer.in_features, layer.out_features)
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear)
    }
    numbers = sum(weight.numel() for weight in model.parameters())
    blocks = len(model.transformer_blocks), len(model.single_transformer_blocks)
    return Network(numbers, linear, model.inner_dim, *blocks)


def base_bytes(of: Network, precision: Precision) -> int:
    """The frozen weights as `precision.prepare` holds them."""
    if precision in ("float32", "bfloat16"):
        return of.numbers * _computed(precision)
    kept = [sides for name, sides in of.linear.items() if precision != "fp8" or not _wide_in_fp8(name)]
    weights, outputs = sum(i * o for i, o in kept), sum(o for _, o in kept)
    if precision == "fp8":  # biases too
        return weights + outputs + 2 * (of.numbers - weights - outputs)
    small = weights + 5 * outputs if precision == "int8" else weights // 2 + _nf4_scales(weights)
    return small + 2 * (of.numbers - weights)


def _nf4_scales(weights: int) -> int:
    """A byte every 64 numbers, and 4 bytes every 256 of those."""
    return weights // NF4_BLOCK + 4 * weights // (NF4_BLOCK * STATE_BLOCK)


def _wide_in_fp8(name: str) -> bool:
    """Layers that diffusers leaves in 16 bits: modulation, and the last one."""
    return "norm" in name or name == "proj_out"


def adapter_sizes(of: Network, settings: SynthesisTrain) -> list[int]:
    """Numbers of every tensor of the adapter: two for a block's linear layer whose name ends with a target."""
    blocks = [(name, sides) for name, sides in of.linear.items() if "transformer_blocks." in name]
    found = [sides for name, sides in blocks if any(name.endswith(f".{end}") for end in settings.targets)]
    return [settings.rank * side for sides in found for side in sides]


def adapter_bytes(of: Network, settings: SynthesisTrain) -> int:
    """Weights and gradients in float32, and AdamW's two moments in 32 or 8 bits (with a scale every 256 numbers)."""
    small = settings.optimiser == "adamw8bit"
    total = 0
    for size in adapter_sizes(of, settings):
        state = 2 * (size + 4 * -(-size // STATE_BLOCK)) if small and size >= settings.smallest_8bit else 8 * size
        total += 8 * size + state
    return total


def kept_bytes(of: Network, *, tokens: int, batch: int, precision: Precision, checkpointing: bool) -> int:
    """What a forward pass leaves for the backward pass, and that pass's own gradients in one block."""
    computed = _computed(precision)
    features = batch * tokens * of.width
    double = features * KEPT["double"][computed] + _widened(of, "transformer_blocks.0.", precision)
    single = features * KEPT["single"][computed] + _widened(of, "single_transformer_blocks.0.", precision)
    largest = max(double, single)
    if checkpointing:
        return round(of.blocks * features * computed + largest * (1 + IN_FLIGHT))
    return round(of.doubles * double + of.singles * single + largest * IN_FLIGHT)


def _widened(of: Network, block: str, precision: Precision) -> int:
    """8-bit weights of a block as they stand in 16 bits until its backward pass; its modulation needs none."""
    if precision not in ("fp8", "int8"):
        return 0
    return 2 * sum(i * o for name, (i, o) in of.linear.items() if name.startswith(block) and "norm" not in name)


def training_bytes(
    of: Network, *, settings: SynthesisTrain, side: int, text: int, precision: Precision, checkpointing: bool
) -> int:
    """A training step's highest use at pictures of side**2 pixels; `text`: tokens of the text."""
    kept = kept_bytes(
        of, tokens=_tokens(side, text), batch=settings.batch_size, precision=precision, checkpointing=checkpointing
    )
    return base_bytes(of, precision) + adapter_bytes(of, settings) + kept + CONTEXT


def drawing_bytes(of: Network, *, side: int, text: int, together: int, precision: Precision) -> int:
    """While pictures are drawn: transformer and VAE, and what one block or the decoder holds."""
    computed = _computed(precision)
    block = round(together * _tokens(side, text) * of.width * DRAWN * computed / 2)
    return base_bytes(of, precision) + VAE * computed + max(block, vae_bytes(side, computed) * together) + CONTEXT


def vae_bytes(side: int, each: int) -> int:
    """What the VAE holds of one picture besides its weights."""
    return VAE_MAPS * 128 * side * side * each


def caching_bytes(side: int) -> int:
    """While latents are made, in float32: the VAE and one picture."""
    return VAE * 4 + vae_bytes(side, 4) + CONTEXT


def encoding_bytes(precision: Precision) -> int:
    """While prompts are encoded: T5 and CLIP; what they hold besides their weights is small."""
    return ENCODERS * _computed(precision) + CONTEXT


def _tokens(side: int, text: int) -> int:
    return (side // 16) ** 2 + text


def _computed(precision: Precision) -> int:
    return 4 if precision == "float32" else 2


def what_fits(settings: SynthesisTrain) -> pd.DataFrame:
    """FLUX.1-schnell by work, precision, side: gigabytes (10**9), and the cards that take it (one column per card)."""
    schnell, rows = network(SCHNELL), []
    for precision in PRECISIONS:
        for side in SIDES:
            where = {"precision": precision, "side": side}
            for checkpointing in (True, False):
                needed = training_bytes(
                    schnell, settings=settings, side=side, text=SCHNELL_TEXT, precision=precision,
                    checkpointing=checkpointing,
                )  # fmt: skip
                work = "train, checkpointing" if checkpointing else "train"
                rows.append({"work": work, **where, "gb": needed / 1e9})
            drawn = drawing_bytes(schnell, side=side, text=SCHNELL_TEXT, together=1, precision=precision)
            rows.append({"work": "draw", **where, "gb": drawn / 1e9})
    rows += [
        {"work": "latents", "precision": "float32", "side": side, "gb": caching_bytes(side) / 1e9} for side in SIDES
    ]
    rows.append({"work": "encode prompts", "precision": "bfloat16", "side": 0, "gb": encoding_bytes("bfloat16") / 1e9})
    frame = pd.DataFrame(rows)
    return frame.assign(**{f"{card} GB": frame["gb"] <= card for card in CARDS})


def render(frame: pd.DataFrame) -> str:
    """The table of `what_fits` in Markdown: one row per work and precision, GB by side, cards that take all sides."""
    lines = ["| work | precision | " + " | ".join(f"{side} px" for side in SIDES) + " | cards for all of it |"]
    lines.append("|---" * (len(SIDES) + 3) + "|")
    for (work, precision), rows in frame.groupby(["work", "precision"], sort=False):
        by_side = dict(zip(rows["side"], rows["gb"], strict=True))
        cells = [f"{by_side.get(side, by_side.get(0)):.1f} GB" for side in SIDES]
        cards = [str(card) for card in CARDS if rows[f"{card} GB"].all()]
        lines.append(f"| {work} | {precision} | {' | '.join(cells)} | {', '.join(cards) or 'none'} |")
    return "\n".join(lines)


def require_room_to_draw(card: int, *, settings: SynthesisGenerate, config: Mapping[str, Any], text: int) -> None:
    """RoomError where drawing does not fit a card of so many bytes; it names what fewer take."""
    needed = drawing_bytes(
        network(config), side=settings.side, text=text, together=settings.together, precision=settings.precision
    )
    if needed > card:
        raise RoomError(
            f"drawing {settings.together} pictures of {settings.side} px together in {settings.precision} needs about "
            f"{needed / 1e9:.1f} GB and the card has {card / 1e9:.1f}; set together, side or precision lower "
            f"({', '.join(PRECISIONS)})"
        )


def card_bytes() -> int | None:
    """What the first GPU has in all; None on a machine without one."""
    return int(torch.cuda.get_device_properties(0).total_memory) if torch.cuda.is_available() else None


def require_room(
    card: int,
    *,
    settings: SynthesisTrain,
    config: Mapping[str, Any] = SCHNELL,
    side: int = SIDES[-1],
    text: int = SCHNELL_TEXT,
) -> None:
    """RoomError where a training step does not fit a card of so many bytes; it names the precisions that would fit."""
    of = network(config)
    needed = {
        (precision, checkpointing): training_bytes(
            of, settings=settings, side=side, text=text, precision=precision, checkpointing=checkpointing
        )
        for precision in ("float32", *PRECISIONS)
        for checkpointing in (False, True)
    }
    asked = needed[settings.precision, settings.gradient_checkpointing]
    if asked <= card:
        return
    fitting = [
        f"{precision}{' with gradient_checkpointing' if checkpointing else ''} ({size / 1e9:.1f} GB)"
        for (precision, checkpointing), size in needed.items()
        if size <= card
    ]
    raise RoomError(
        f"training at {side} px in {settings.precision} needs about {asked / 1e9:.1f} GB and the card has "
        f"{card / 1e9:.1f}; what fits: {', '.join(fitting) or 'nothing at this side and batch_size'}"
    )
