"""StyleGAN2's discriminator: pictures in, one number per picture out; higher is more like a control's photograph.

Karras et al. 2020: residual blocks, blurred halving, the batch's spread as one more feature map. Needed while a
generator trains, never after. Knows nothing of losses.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.anomaly.stylegan2 import EPSILON, FIRST_SIDE, GAIN, SLOPE, Architecture, Linear, blurred

GROUP = 4
"""Pictures over which the spread is taken."""


class Conv(nn.Module):
    """Convolution with equalised learning rate, halving by a blur and every second pixel if asked."""

    def __init__(self, inputs: int, outputs: int, side: int, *, down: bool, active: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, side, side))
        self.bias = nn.Parameter(torch.zeros(outputs)) if active else None
        self.gain = 1 / math.sqrt(inputs * side * side)
        self.down = down

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, H) -> (N, outputs, H, H), or half of H."""
        padding = self.weight.shape[-1] // 2
        if self.down:
            x = F.conv2d(blurred(F.pad(x, [padding] * 4), gain=1.0), self.weight * self.gain, stride=2)
        else:
            x = F.conv2d(x, self.weight * self.gain, padding=padding)
        if self.bias is None:
            return x
        return F.leaky_relu(x + self.bias[:, None, None], SLOPE) * GAIN


class Residual(nn.Module):
    """Two convolutions beside a plain one; half the side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = Conv(inputs, inputs, 3, down=False, active=True)
        self.second = Conv(inputs, outputs, 3, down=True, active=True)
        self.skip = Conv(inputs, outputs, 1, down=True, active=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, H) -> (N, outputs, H/2, H/2)."""
        y: Tensor = self.second(self.first(x)) + self.skip(x)
        return y / math.sqrt(2)


class Discriminator(nn.Module):
    """As many feature maps as the generator has at each side."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        channels, sides = architecture.channels, architecture.sides[::-1]
        self.colours = Conv(3, channels[sides[0]], 1, down=False, active=True)
        self.blocks = nn.Sequential(
            *(Residual(channels[a], channels[b]) for a, b in zip(sides, sides[1:], strict=False))
        )
        last = channels[FIRST_SIDE]
        self.last = Conv(last + 1, last, 3, down=False, active=True)
        self.hidden = Linear(last * FIRST_SIDE**2, last, bias=0.0, rate=1.0)
        self.verdict = Linear(last, 1, bias=0.0, rate=1.0)

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, 3, R, R) -> (N,)."""
        x = self.blocks(self.colours(pictures))
        x = self.last(torch.cat([x, _spread(x)], 1))
        x = F.leaky_relu(self.hidden(x.flatten(1)), SLOPE) * GAIN
        verdict: Tensor = self.verdict(x)
        return verdict[:, 0]


def _spread(x: Tensor) -> Tensor:
    """(N, C, H, H) -> (N, 1, H, H): the mean deviation over groups of pictures, the same at every pixel."""
    count, group = len(x), min(GROUP, len(x))
    while count % group:
        group -= 1
    grouped = x.reshape(group, count // group, *x.shape[1:])
    deviation: Tensor = (grouped.var(0, unbiased=False) + EPSILON).sqrt().mean((1, 2, 3))
    return deviation.repeat(group)[:, None, None, None].expand(-1, 1, *x.shape[2:])
