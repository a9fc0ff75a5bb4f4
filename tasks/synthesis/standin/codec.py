"""Where the stand-in's autoencoder starts: an encoder in closed form, and a decoder that already draws a blurred face.

In: diffusers' AutoencoderKL as it was made, and pictures. Out: the same network with other weights. From nothing it
would need many minutes to learn that pictures have colours. The encoder's residual branches are switched off; its
halving convolutions keep the main components of each 2 x 2 block, so a latent is a patch in its principal components.
The decoder's direct path draws each patch's mean colour, smoothly; training adds the rest. Channels in pairs of both
signs pass SiLU unchanged (silu(x) - silu(-x) = x), and two constant channels hold the last norm's scale still.
Knows nothing of training.
"""

from typing import Any

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor, nn

STILL, TRAINED = 100.0, 10.0
"""Of the constant channels, large beside the signal: in the encoder, and in the decoder, which is trained on."""
LOG_VARIANCE = -4.5
"""Of the latents' noise: a standard deviation of 0.1."""
COLOURS = 3
FEWEST = 2 * COLOURS + 2
"""Channels of the first level."""
SMOOTH = torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]) / 16


@torch.no_grad()
def settle_encoder(vae: AutoencoderKL, pictures: Tensor) -> None:
    """Set the encoder for these pictures, (n, 3, S, S) in -1..1. Each level has more channels than the one before."""
    encoder: Any = vae.encoder
    _switch_off(encoder)
    _clear(encoder.conv_in)
    for colour in range(COLOURS):
        encoder.conv_in.weight[colour, colour, 1, 1] = 1.0
    found, carried = pictures, COLOURS
    for number, block in enumerate(encoder.down_blocks):
        last = number == len(encoder.down_blocks) - 1
        shortcut = block.resnets[0].conv_shortcut
        if last:
            carried = min(carried, shortcut.out_channels // 2 - 1)
            _pair(shortcut, carried, anchor=STILL)
            found = found[:, :carried]
        else:
            if shortcut is not None:
                _clear(shortcut)
                shortcut.weight[:carried, :carried, 0, 0] = torch.eye(carried)
            found, carried = _halve(block.downsamplers[0].conv, found)
    _anchor(encoder.conv_norm_out, STILL)
    _project(encoder.conv_out, found, carried, vae.config.latent_channels)


@torch.no_grad()
def settle_decoder(vae: AutoencoderKL, pictures: Tensor) -> None:
    """Set the decoder's direct path: each latent's mean colour (least squares), enlarged smoothly."""
    decoder: Any = vae.decoder
    _switch_off(decoder)
    latents = vae.encode(pictures).latent_dist.mean
    colours = (
        F.adaptive_avg_pool2d(pictures, (latents.shape[-2], latents.shape[-1])).movedim(1, -1).reshape(-1, COLOURS)
    )
    flat = latents.movedim(1, -1).reshape(-1, latents.shape[1])
    known = torch.cat([flat, torch.ones(len(flat), 1)], 1)
    fit = torch.linalg.lstsq(known.double(), colours.double()).solution.float()
    decoder.conv_in.weight[:COLOURS] = 0.0
    decoder.conv_in.weight[:COLOURS, :, 1, 1] = fit[:-1].t()
    decoder.conv_in.bias[:COLOURS] = fit[-1]
    for number, block in enumerate(decoder.up_blocks):
        shortcut = block.resnets[0].conv_shortcut
        if number == len(decoder.up_blocks) - 1:
            _pair(shortcut, COLOURS, anchor=TRAINED, rest=True)
        elif shortcut is not None:
            _same(shortcut, torch.ones(1, 1))
        if block.upsamplers is not None:
            _same(block.upsamplers[0].conv, SMOOTH)
    _anchor(decoder.conv_norm_out, TRAINED)
    weight = decoder.conv_out.weight
    weight.mul_(0.1)
    decoder.conv_out.bias.zero_()
    weight[:, : 2 * COLOURS + 2] = 0.0
    for colour in range(COLOURS):
        weight[colour, colour, 1, 1], weight[colour, COLOURS + colour, 1, 1] = 1.0, -1.0


def _switch_off(network: nn.Module) -> None:
    """Residual branches and attention add nothing."""
    for name, module in network.named_modules():
        if name.endswith((".conv2", ".to_out.0")):
            _clear(module)


def _clear(layer: Any) -> None:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)


def _same(layer: Any, kernel: Tensor) -> None:
    """The colours pass through, blurred by the kernel; the layer's other channels stay as they were drawn."""
    layer.weight[:COLOURS] = 0.0
    layer.bias[:COLOURS] = 0.0
    for colour in range(COLOURS):
        layer.weight[colour, colour] = kernel


def _pair(layer: Any, count: int, *, anchor: float, rest: bool = False) -> None:
    """The first `count` channels once with each sign, then +anchor and -anchor; `rest`: other channels stay."""
    kept = slice(0, 2 * count + 2) if rest else slice(None)
    layer.weight[kept] = 0.0
    layer.bias[kept] = 0.0
    layer.weight[:count, :count, 0, 0] = torch.eye(count)
    layer.weight[count : 2 * count, :count, 0, 0] = -torch.eye(count)
    layer.bias[2 * count], layer.bias[2 * count + 1] = anchor, -anchor


def _anchor(norm: Any, anchor: float) -> None:
    """A norm over all channels that leaves them as they are, for the constant channels outweigh the rest."""
    norm.weight.fill_(anchor * (2 / norm.num_channels) ** 0.5)
    norm.bias.zero_()


def _halve(layer: Any, found: Tensor) -> tuple[Tensor, int]:
    """The main components of each 2 x 2 block, as many as the layer has channels for."""
    blocks = F.pixel_unshuffle(found, 2).movedim(1, -1)  # (n, h, w, 4 k): channel, row, column
    main = _components(blocks.reshape(-1, blocks.shape[-1]))[:, : layer.out_channels]
    count, channels = main.shape[1], found.shape[1]
    _clear(layer)
    layer.weight[:count, :channels, :2, :2] = main.t().reshape(count, channels, 2, 2)
    return (blocks @ main).movedim(-1, 1), count


def _components(rows: Tensor) -> Tensor:
    """Main directions as columns, the strongest first; signs such that each column sums to something positive."""
    axes = torch.linalg.eigh((rows.t() @ rows).double() / len(rows))[1].flip(1)
    axes = axes * torch.where(axes.sum(0) < 0, -1.0, 1.0)
    found: Tensor = axes.float()
    return found


def _project(layer: Any, found: Tensor, carried: int, channels: int) -> None:
    """Latents: principal components of the patches, scaled by the root of their deviation, so that none is lost."""
    rows = found.movedim(1, -1).reshape(-1, carried)
    mean = rows.mean(0)
    main = _components(rows - mean)[:, :channels]
    count = main.shape[1]
    main = main / ((rows - mean) @ main).std(0).clamp(min=1e-3).sqrt()
    _clear(layer)
    layer.weight[:count, :carried, 1, 1] = main.t()
    layer.weight[:count, carried : 2 * carried, 1, 1] = -main.t()
    layer.bias[:count] = -(mean @ main)
    layer.bias[channels:] = LOG_VARIANCE
