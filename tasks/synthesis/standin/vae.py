"""The stand-in's autoencoder: diffusers' AutoencoderKL, small, trained on drawn faces in seconds.

In: pictures and the settings. Out: the network with shift and scaling factor such that its latents have mean 0 and
standard deviation 1, as FLUX's have. The encoder is set in closed form (codec.py) and stays; the decoder is
trained, on the mean absolute difference of pixels and of their neighbours' differences. Steps are functions of the
seed and their number, so a killed training goes on with the same result. Knows nothing of text and of files.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import Tensor

from tasks.base import runtime
from tasks.base.schedules import rise_and_fall
from tasks.base.training import Losses, set_rate, steps
from tasks.params.synthesis import StandIn
from tasks.synthesis.standin import codec as standin_codec

GROUPS = 1
CLOSE_LOOK = 1.0
"""Weight of differences between neighbouring pixels, for edges."""
SAMPLE = 256
"""Pictures that the closed form looks at."""
DEVIATION = math.exp(standin_codec.LOG_VARIANCE / 2)
"""Standard deviation of the latents' noise."""
KEEP_EVERY = 50
"""Steps after which the training's state is kept."""
LAST = 0.02
"""Share of the highest rate at the last step."""
State = dict[str, Any]


def autoencoder(settings: StandIn) -> AutoencoderKL:
    """Untrained, from torch's global generator."""
    levels = len(settings.vae_channels)
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=settings.vae_channels,
        layers_per_block=1,
        latent_channels=settings.latent_channels,
        norm_num_groups=GROUPS,
        sample_size=settings.size,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )


def train(
    pictures: Tensor,  # (n, 3, S, S) uint8
    *,
    settings: StandIn,
    state: State | None,
    keep: Callable[[State], None],
    on_step: Callable[[], None],
) -> tuple[AutoencoderKL, Tensor]:
    """The trained network, eval and frozen, and the pictures' latents (n, C, h, w), of mean 0 and deviation 1.

    Goes on from `state`, and hands its state to `keep` now and then. The encoder looks at each picture once.
    """
    vae = autoencoder(settings)
    standin_codec.settle_encoder(vae, floats(pictures[:SAMPLE]))
    standin_codec.settle_decoder(vae, floats(pictures[:SAMPLE]))
    means = means_of(vae, pictures)
    vae.to(memory_format=torch.channels_last).requires_grad_(False).decoder.requires_grad_(True)
    optimiser = torch.optim.AdamW(vae.decoder.parameters(), lr=settings.vae_rate, betas=(0.9, 0.99), weight_decay=0.0)
    first = 0
    if state:
        vae.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    vae.train()

    def stand(done: int) -> None:
        keep({"network": vae.state_dict(), "optimiser": optimiser.state_dict(), "step": done})

    total, told, losses = settings.vae_steps, lambda *_: on_step(), Losses("synthesis_base.stand_in.vae_rate")
    for number in steps(
        first, total, losses=losses, what="autoencoder", every=KEEP_EVERY, keep=stand, on_progress=told
    ):
        draws = runtime.generator(settings.seed, "vae", number)
        set_rate(optimiser, settings.vae_rate * rate_share(number, total))
        rows = torch.randint(len(pictures), (settings.vae_batch,), generator=draws)
        loss = _loss(vae, means[rows], floats(pictures[rows]), draws)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(vae.decoder.parameters(), 1.0)
        optimiser.step()
        losses.add(loss)
    losses.check_weights(vae.state_dict(), total)
    middle, spread = float(means.double().mean()), float(means.double().std())
    vae.register_to_config(shift_factor=middle, scaling_factor=1 / spread)
    return vae.requires_grad_(False).eval(), (means - middle) / spread


def rate_share(number: int, total: int) -> float:
    """Share of the highest rate at step `number` of `total`: a short rise, flat for half of the steps, a fall."""
    return rise_and_fall(number, total, warmup=0.03 * total, flat=0.5, last=LAST)


def floats(pictures: Tensor) -> Tensor:
    """uint8 to -1..1."""
    return pictures.float() / 127.5 - 1


@torch.no_grad()
def means_of(vae: AutoencoderKL, pictures: Tensor, *, together: int = 32) -> Tensor:
    """(n, 3, S, S) uint8 to (n, C, h, w): what the encoder says, not yet shifted and scaled."""
    return torch.cat([vae.encode(floats(batch)).latent_dist.mean for batch in torch.split(pictures, together)])


def _loss(vae: AutoencoderKL, means: Tensor, pictures: Tensor, draws: torch.Generator) -> Tensor:
    latents = means + DEVIATION * torch.randn(means.shape, generator=draws)
    apart = vae.decode(latents.contiguous(memory_format=torch.channels_last)).sample - pictures
    edges = apart.diff(dim=2).abs().mean() + apart.diff(dim=3).abs().mean()
    loss: Tensor = apart.abs().mean() + CLOSE_LOOK * edges
    return loss
