"""The stand-in's autoencoder: diffusers' AutoencoderKL, small, trained on drawn faces in seconds.

In: pictures and the settings. Out: the network with shift and scaling factor such that its latents have mean 0 and
standard deviation 1, as FLUX's have. The encoder is set in closed form (standin_codec.py) and stays; the decoder is
trained, on the mean absolute difference of pixels and of their neighbours' differences. Steps are functions of the
seed and their number, so a killed training goes on with the same result. Knows nothing of text and of files.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import Tensor
from tqdm import tqdm

from tasks import runtime
from tasks.params import StandIn
from tasks.synthesis import standin_codec

GROUPS = 1
CLOSE_LOOK = 1.0
"""Weight of differences between neighbouring pixels, for edges."""
SAMPLE = 256
"""Pictures that the closed form looks at."""
KEEP_EVERY = 50
"""Steps after which the training's state is kept."""
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
) -> AutoencoderKL:
    """The trained network, eval and frozen; goes on from `state`, and hands its state to `keep` now and then."""
    vae = autoencoder(settings)
    standin_codec.settle_encoder(vae, floats(pictures[:SAMPLE]))
    standin_codec.settle_decoder(vae, floats(pictures[:SAMPLE]))
    vae.to(memory_format=torch.channels_last).requires_grad_(False).decoder.requires_grad_(True)
    optimiser = torch.optim.AdamW(vae.decoder.parameters(), lr=settings.vae_rate, betas=(0.9, 0.99), weight_decay=0.0)
    first = 0
    if state:
        vae.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    vae.train()
    for number in steps_shown(first, settings.vae_steps, "autoencoder"):
        draws = runtime.generator(settings.seed, "vae", number)
        for group in optimiser.param_groups:
            group["lr"] = settings.vae_rate * share(number, settings.vae_steps)
        rows = torch.randint(len(pictures), (settings.vae_batch,), generator=draws)
        batch = mirrored(floats(pictures[rows]), draws).contiguous(memory_format=torch.channels_last)
        loss = _loss(vae, batch, draws)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(vae.decoder.parameters(), 1.0)
        optimiser.step()
        if (number + 1) % KEEP_EVERY == 0:
            keep({"network": vae.state_dict(), "optimiser": optimiser.state_dict(), "step": number + 1})
        on_step()
    vae.requires_grad_(False).eval()
    _settle(vae, pictures)
    return vae


def steps_shown(first: int, total: int, what: str) -> Iterator[int]:
    """The numbers of the steps still to take, with a bar and the time left on standard error."""
    interval = 0.5 if sys.stderr.isatty() else 20.0
    with tqdm(total=total, initial=first, desc=what, unit="step", mininterval=interval) as bar:
        for number in range(first, total):
            yield number
            bar.update()


def share(number: int, total: int) -> float:
    """Share of the highest rate at step `number` of `total`: a short rise, then flat, then down to a fiftieth."""
    rise = min(1.0, (number + 1) / (0.03 * total + 1))
    return rise * min(1.0, 0.02 + 0.98 * 2 * (1 - number / total))


def floats(pictures: Tensor) -> Tensor:
    """uint8 to -1..1."""
    return pictures.float() / 127.5 - 1


def mirrored(pictures: Tensor, draws: torch.Generator) -> Tensor:
    """Every second picture, by chance, as in a mirror."""
    flips = torch.rand(len(pictures), generator=draws) < 0.5
    return torch.where(flips[:, None, None, None], pictures.flip(3), pictures)


@torch.no_grad()
def latents_of(vae: AutoencoderKL, pictures: Tensor, *, together: int = 32) -> Tensor:
    """(n, 3, S, S) uint8 to (n, C, h, w): the means, shifted and scaled by the network's factors."""
    found = [vae.encode(floats(batch)).latent_dist.mean for batch in torch.split(pictures, together)]
    latents: Tensor = (torch.cat(found) - vae.config.shift_factor) * vae.config.scaling_factor
    return latents


def _loss(vae: AutoencoderKL, pictures: Tensor, draws: torch.Generator) -> Tensor:
    found = vae.encode(pictures).latent_dist
    noise = torch.randn(found.mean.shape, generator=draws)
    apart = vae.decode(found.mean + found.std * noise).sample - pictures
    edges = apart.diff(dim=2).abs().mean() + apart.diff(dim=3).abs().mean()
    loss: Tensor = apart.abs().mean() + CLOSE_LOOK * edges
    return loss


def _settle(vae: AutoencoderKL, pictures: Tensor) -> None:
    """The factors that give the latents mean 0 and deviation 1, in the network's configuration."""
    vae.register_to_config(shift_factor=0.0, scaling_factor=1.0)
    latents = latents_of(vae, pictures).double()
    vae.register_to_config(shift_factor=float(latents.mean()), scaling_factor=float(1 / latents.std()))
