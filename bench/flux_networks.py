"""FLUX's networks with random weights, at full size and tiny, an adapter on them, and a step of training.

For bench/synthesis_gpu.py: neither time nor memory depends on the weights. Knows no clock and no recipe.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import FluxPipeline, FluxTransformer2DModel
from torch import Tensor, nn

from tasks.base import runtime
from tasks.params.synthesis import Precision
from tasks.synthesis import lora, memory, precision

SEED = 1
RANK, ALPHA = 16, 32
TARGETS = (
    *("attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0", "attn.add_q_proj", "attn.add_k_proj"),
    *("attn.add_v_proj", "attn.to_add_out", "ff.net.0.proj", "ff.net.2", "ff_context.net.0.proj", "ff_context.net.2"),
)


@dataclass(frozen=True)
class Size:
    """Configurations of all networks."""

    transformer: Mapping[str, Any]
    vae: Mapping[str, Any]
    t5: Mapping[str, Any]
    clip: Mapping[str, Any]
    text: int
    """Tokens that T5 reads."""


VAE: dict[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
    "latent_channels": 16, "use_quant_conv": False, "use_post_quant_conv": False,
    "scaling_factor": 0.3611, "shift_factor": 0.1159,
}  # fmt: skip
T5 = {"vocab_size": 32128, "d_kv": 64, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}
FULL = Size(
    transformer=memory.SCHNELL,
    vae=VAE | {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2},
    t5=T5 | {"d_model": 4096, "d_ff": 10240, "num_layers": 24, "num_heads": 64},
    clip={"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12},
    text=memory.SCHNELL_TEXT,
)
TINY = Size(
    transformer=dict(memory.SCHNELL) | {
        "num_layers": 1, "num_single_layers": 1, "attention_head_dim": 32, "num_attention_heads": 2,
        "joint_attention_dim": 32, "pooled_projection_dim": 32, "axes_dims_rope": (8, 12, 12),
    },
    vae=VAE | {"block_out_channels": (8, 8, 8, 8), "layers_per_block": 1, "norm_num_groups": 4},
    t5=T5 | {"d_model": 32, "d_ff": 64, "num_layers": 1, "num_heads": 2},
    clip={"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2},
    text=16,
)  # fmt: skip


def made(build: Callable[[], Any], dtype: torch.dtype, device: torch.device) -> Any:
    """A frozen network of small random numbers on the device: built without memory, then filled, never in float32."""
    with torch.device("meta"):
        network = build()
    network = nn.Module.to(network, dtype).to_empty(device=device)
    seeded = torch.Generator(device).manual_seed(SEED)
    for weight in network.parameters():
        weight.data.normal_(0, 0.02, generator=seeded)
    for name, buffer in network.named_buffers():  # CLIP's position_ids are the one buffer, and count up
        buffer.copy_(torch.arange(buffer.numel(), device=device).view_as(buffer)) if "ids" in name else buffer.zero_()
    return network.requires_grad_(requires_grad=False).eval()


def transformer(size: Size, kind: Precision, device: torch.device) -> FluxTransformer2DModel:
    """The base in a precision; float8 and 8 bits are made of bfloat16 weights on the device."""
    wide = precision.compute_dtype(kind)
    return precision.prepare(made(lambda: FluxTransformer2DModel(**size.transformer), wide, device), kind)


def learning(network: FluxTransformer2DModel) -> list[nn.Parameter]:
    """Its new adapter's matrices; gradient checkpointing on."""
    own = lora.add(network, rank=RANK, alpha=ALPHA, targets=TARGETS, seed=SEED)
    network.enable_gradient_checkpointing()
    network.train()
    return own


@dataclass(frozen=True)
class Inputs:
    """A picture's latent and its caption, encoded."""

    latent: Tensor  # (1, C, h, w)
    tokens: Tensor  # (1, L, D)
    pooled: Tensor  # (1, P)


def kept(size: Size, side: int, device: torch.device) -> Inputs:
    """What our caches hold, at random."""
    shapes = {
        "latent": (1, 16, side // 8, side // 8),
        "tokens": (1, size.text, size.transformer["joint_attention_dim"]),
        "pooled": (1, size.transformer["pooled_projection_dim"]),
    }
    seeded = runtime.generator(SEED, "inputs", side)
    return Inputs(**{n: torch.randn(s, generator=seeded).to(device, torch.bfloat16) for n, s in shapes.items()})


def step(network: FluxTransformer2DModel, own: list[nn.Parameter], optimiser: Any, inputs: Inputs) -> None:
    """One of flow matching, as diffusers' script takes it."""
    latent, device = inputs.latent, inputs.latent.device
    noise, sigma = torch.randn_like(latent), torch.rand(1, device=device, dtype=latent.dtype)
    _, channels, height, width = latent.shape
    packed = FluxPipeline._pack_latents((1 - sigma) * latent + sigma * noise, 1, channels, height, width)
    velocity = network(
        hidden_states=packed, timestep=sigma, guidance=None, pooled_projections=inputs.pooled,
        encoder_hidden_states=inputs.tokens, txt_ids=torch.zeros(inputs.tokens.shape[1], 3, device=device),
        img_ids=FluxPipeline._prepare_latent_image_ids(1, height // 2, width // 2, device, latent.dtype),
        return_dict=False,
    )[0]  # fmt: skip
    target = FluxPipeline._pack_latents(noise - latent, 1, channels, height, width)
    (velocity.float() - target.float()).square().mean().backward()
    torch.nn.utils.clip_grad_norm_(own, 1.0)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
