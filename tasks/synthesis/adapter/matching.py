"""The loss of an adapter's training: how far the transformer's velocity is from noise - picture.

In: a transformer, a batch of examples, the settings. Out: the mean squared error at random noise levels, with gradients
to whatever of the transformer is not frozen. x_s = (1 - s) x_0 + s noise (Lipman et al. 2022); Rosero et al. 2025,
DiffusionCleft, section 3.1. Knows nothing of adapters, optimisers and files.
"""

import math

import torch
from diffusers import FluxPipeline, FluxTransformer2DModel
from torch import Tensor

from tasks.base import runtime
from tasks.params.synthesis import SynthesisTrain
from tasks.synthesis.adapter.examples import Batch
from tasks.synthesis.adapter.timesteps import levels
from tasks.synthesis.precision import compute_dtype


def loss_of(
    network: FluxTransformer2DModel, batch: Batch, draws: torch.Generator, settings: SynthesisTrain
) -> Tensor:  # ()
    """Mean squared error of the velocity that the transformer says, at random noise levels."""
    channels = network.config.in_channels // 4
    clean = cells(batch.latents, channels, batch.height / batch.width)
    level = levels(len(clean), draws, settings.timesteps)
    noise = torch.randn(clean.shape, generator=draws)
    beside = level[:, None, None, None]
    noisy = (1 - beside) * clean + beside * noise
    said = velocity(network, noisy, level, batch, dtype=compute_dtype(settings.precision))
    wanted = packed(noise - clean).to(said.device)
    return (said.float() - wanted).square().mean()


def cells(latents: Tensor, channels: int, aspect: float) -> Tensor:
    """(n, C * h * w) as (n, C, h, w), h by the bucket's height over its width."""
    count = latents.shape[1] // channels
    height = round(math.sqrt(count * aspect))
    return latents.reshape(len(latents), channels, height, count // height)


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
        hidden_states=packed(noisy).to(device, dtype),
        timestep=level.to(device, dtype),
        guidance=guidance,
        pooled_projections=batch.pooled.to(device, dtype),
        encoder_hidden_states=tokens,
        txt_ids=torch.zeros(tokens.shape[1], 3, device=device, dtype=dtype),
        img_ids=FluxPipeline._prepare_latent_image_ids(1, height, width, device, dtype),
        return_dict=False,
    )[0]
    return found


def packed(latents: Tensor) -> Tensor:
    """(n, C, h, w) as FLUX's tokens of 2 x 2: (n, h / 2 * w / 2, 4 C)."""
    found: Tensor = FluxPipeline._pack_latents(latents, *latents.shape)
    return found
