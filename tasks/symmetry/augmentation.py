"""Changes to a batch of training halves that leave the lips' symmetry as it is.

In and out: pairs of halves as float RGB. Light, colour, sharpness, noise and compression may differ
between the halves of a pair (`apart`), because D must not answer to them; position never does: mirroring,
zoom and vertical shift move both halves alike. Beyond the paper, which names no augmentation.
Every draw is a function of the generator, so a training resumed at a step draws what it would have drawn.
Does not know labels.
"""

import functools
import math

import torch

from tasks.params.symmetry import Augmentation

JPEG_BLOCK = 8


def augmented(
    halves: torch.Tensor,  # (2N, 3, S, S) float RGB in [0, 1]: N left halves, then their N right halves
    settings: Augmentation,
    generator: torch.Generator,  # on the CPU: the same draws on every device
) -> torch.Tensor:
    """The changed halves, same shape and range, on the same device."""
    halves = _resampled(halves, settings, generator)
    halves = _relit(halves, settings, generator)
    if settings.jpeg:
        halves = _compressed(halves, _draw(len(halves), settings.apart, generator).to(halves.device) * settings.jpeg)
    if settings.noise:
        grain = torch.randn(halves.shape, generator=generator).to(halves.device)
        deviation = _draw(len(halves), settings.apart, generator).abs().view(-1, 1, 1, 1) * settings.noise
        halves = halves + grain * deviation.to(halves.device)
    return halves.clamp(0, 1)


def _draw(count: int, apart: float, generator: torch.Generator, width: int = 1) -> torch.Tensor:
    """(count, width) draws from -1 to 1; of each pair's two, a share `apart` is its own, the rest in common."""
    own = torch.rand(count, width, generator=generator) * 2 - 1
    common = (torch.rand(count // 2, width, generator=generator) * 2 - 1).repeat(2, 1)
    return apart * own + (1 - apart) * common


def _resampled(halves: torch.Tensor, settings: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """Mirroring, zoom, shift (alike for a pair) and Gaussian blur (by half), as one matrix per axis and half."""
    count, size = len(halves), halves.shape[-1]
    pairs = count // 2
    flip = torch.rand(pairs, 1, generator=generator) < settings.flip
    scale = 1 + settings.zoom * (torch.rand(pairs, 1, generator=generator) * 2 - 1)
    shift = settings.shift * size * (torch.rand(pairs, 1, generator=generator) * 2 - 1)
    blur = _draw(count, settings.apart, generator).clamp(min=0) * settings.blur * size
    middle = (size - 1) / 2
    offset = (torch.arange(size) - middle).expand(pairs, size) * scale
    columns = _interpolation(middle + torch.where(flip, -offset, offset)).repeat(2, 1, 1)
    rows = _interpolation(middle + offset + shift).repeat(2, 1, 1)
    spread = _gaussian(blur, size)
    across = (spread @ columns).to(halves.device)
    down = (spread @ rows).to(halves.device)
    wide = torch.bmm(halves.reshape(count, 3 * size, size), across.transpose(1, 2))
    return torch.matmul(down.unsqueeze(1), wide.view(count, 3, size, size))


def _interpolation(positions: torch.Tensor) -> torch.Tensor:
    """(N, S) sampling positions -> (N, S, S) linear interpolation matrices; beyond the edge the edge's value."""
    size = positions.shape[1]
    inside = positions.clamp(0, size - 1).unsqueeze(2)
    return (1 - (inside - torch.arange(size)).abs()).clamp(min=0)


def _gaussian(deviation: torch.Tensor, size: int) -> torch.Tensor:
    """(N, 1) deviations in pixels -> (N, S, S) blurring matrices, rows sum to 1; deviation 0 is the identity."""
    places = torch.arange(size, dtype=torch.float32)
    squared = (places[:, None] - places[None, :]).square()
    weights = torch.exp(-squared / (2 * deviation.clamp(min=0.05).square().unsqueeze(2)))
    return weights / weights.sum(2, keepdim=True)


def _relit(halves: torch.Tensor, settings: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """Colour cast, a fall of light, shade on a half, contrast, brightness and a bent tone curve, each drawn by half."""
    count, size, apart = len(halves), halves.shape[-1], settings.apart
    cast = 1 + settings.colour * _draw(count, apart, generator, 3).view(count, 3, 1, 1)
    slope = settings.lighting / 2 * _draw(count, apart, generator, 2)
    ramp = torch.linspace(-1, 1, size)
    light = 1 + slope[:, :1, None] * ramp.view(1, 1, size) + slope[:, 1:, None] * ramp.view(1, size, 1)
    contrast = 1 + settings.contrast * _draw(count, apart, generator).view(count, 1, 1, 1)
    brightness = settings.brightness * _draw(count, apart, generator).view(count, 1, 1, 1)
    tone = settings.tone * _draw(count, apart, generator).view(count, 1, 1, 1)
    cast, light, contrast, brightness, tone = (
        t.to(halves.device) for t in (cast, light.unsqueeze(1), contrast, brightness, tone)
    )
    if settings.shade:
        own = torch.rand(count, 2, generator=generator)
        dark = 1 - settings.shade * own[:, :1] * (own[:, 1:] < 0.5)
        light = light * dark.view(-1, 1, 1, 1).to(halves.device)
    halves = halves * cast * light
    mean = halves.mean((1, 2, 3), keepdim=True)
    halves = (halves * contrast + (mean * (1 - contrast) + brightness)).clamp(0, 1)
    return halves + tone * halves * (1 - halves)


def _compressed(halves: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    """JPEG-like loss: block cosine coefficients rounded to multiples of a step that grows with frequency.

    `step` (2N, 1), share of full scale at frequency 0; halves whose step is not positive stay as they are.
    """
    chosen = step.view(-1) > 0
    basis, frequency = (t.to(halves.device) for t in _cosines(halves.shape[-1]))
    steps = step[chosen].view(-1, 1, 1, 1) * (1 + frequency[:, None] + frequency[None, :])
    coefficients = basis @ halves[chosen] @ basis.T
    result = halves.clone()
    result[chosen] = basis.T @ ((coefficients / steps).round() * steps) @ basis
    return result


@functools.cache
def _cosines(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Orthonormal cosine transform in blocks of 8 as one (S, S) matrix (the last block may be smaller), and
    each row's frequency within its block, (S,)."""
    basis, frequency = torch.zeros(size, size), torch.zeros(size)
    for start in range(0, size, JPEG_BLOCK):
        length = min(JPEG_BLOCK, size - start)
        k, x = torch.arange(length)[:, None], torch.arange(length)[None, :]
        block = torch.cos(math.pi * (x + 0.5) * k / length) * math.sqrt(2 / length)
        block[0] /= math.sqrt(2)
        basis[start : start + length, start : start + length] = block
        frequency[start : start + length] = torch.arange(length)
    return basis, frequency
