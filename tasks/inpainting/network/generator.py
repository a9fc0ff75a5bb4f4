"""The generator: a masked picture in, a whole picture and 68 landmarks out (Chen et al., section II).

The picture is halved `halvings` times by gated convolutions, goes through dilated residual blocks and a short-long
attention, and is enlarged again; F1 and F3 bring in what the encoder saw outside the mask, F2 the landmarks (equation
3). The landmarks come from the deep feature and, through a gate that begins at zero, from F1 (equations 4 and 5). What
the paper leaves open is decided in docs/inpainting.md. Knows nothing of masks' shapes, losses or files.
"""

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.inpainting.network.landmark_maps import POINTS, point_map
from tasks.params.inpainting import Network

ADDED = 4
"""How many times more channels the branch's first layer has than the deep feature (the published code: 256 to 1280)."""


class _Elu(torch.autograd.Function):
    """F.elu in whole-array steps: torch's own takes ten times as long on a CPU (torch 2.15), for the same numbers."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Of any shape."""
        y = x.clamp(max=0).exp_().sub_(1).add_(x.clamp(min=0))
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """1 above zero, the exponential below it."""
        (y,) = ctx.saved_tensors
        found: Tensor = y.clamp(max=0).add_(1).mul_(gradient)
        return found


def elu(x: Tensor) -> Tensor:
    """x above zero, exp(x) - 1 below it."""
    y: Tensor = _Elu.apply(x)
    return y


class Resampling(nn.Module):
    """A convolution where the size changes: gated (Yu et al. 2019) or plain; by 2 down, by 2 up, or not."""

    def __init__(self, inputs: int, outputs: int, side: int, *, gated: bool, down: bool = False, up: bool = False):
        super().__init__()
        self.up = up
        self.gated = gated
        self.conv = nn.Conv2d(inputs, outputs * (2 if gated else 1), side, 2 if down else 1, (side - 1) // 2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H, W), half or twice of it."""
        if self.up:
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        x = self.conv(x)
        if not self.gated:
            return elu(x)
        value, gate = x.chunk(2, 1)
        return elu(value) * torch.sigmoid(gate)


class Residual(nn.Module):
    """Two convolutions, the first one dilated, beside the input."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation),
            nn.InstanceNorm2d(channels, affine=True),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.InstanceNorm2d(channels, affine=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W), the same out."""
        y: Tensor = x + self.body(x)
        return y


class ShortLongAttention(nn.Module):
    """Every place looks at the places like it: in the deep feature (short), and in the encoder's (long).

    Zheng et al. 2019, "Pluralistic Image Completion", section 3.3: one attention map for both; inside the mask the
    encoder's feature is what attention brings, outside it stays. Both gates begin at zero.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, max(channels // 4, 1), 1)
        self.short = nn.Parameter(torch.zeros(()))
        self.long = nn.Parameter(torch.zeros(()))
        self.joined = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, deep: Tensor, encoded: Tensor, mask: Tensor) -> Tensor:
        """(N, C, h, w) twice and (N, 1, h, w), 1 where nothing was seen -> (N, C, h, w)."""
        query = self.query(deep).flatten(2)
        share = torch.softmax(query.transpose(1, 2) @ query / query.shape[1] ** 0.5, 2).transpose(1, 2)
        brought = [(feature.flatten(2) @ share).view_as(feature) for feature in (deep, encoded)]
        short = deep + self.short * brought[0]
        long = (1 - mask) * encoded + mask * self.long * brought[1]
        joined: Tensor = self.joined(torch.cat([short, long], 1))
        return joined


class Fusion(nn.Module):
    """F1, F2, F3 (equation 3): two features joined into one."""

    def __init__(self, first: int, second: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(first + second, outputs, 3, padding=1)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """(N, first, H, W) and (N, second, H, W) -> (N, outputs, H, W)."""
        return elu(self.conv(torch.cat([first, second], 1)))


class LandmarkBranch(nn.Module):
    """68 points from the deep feature, and from F1 through a gate (section II.C, equations 4 and 5).

    P2 looks at the deep feature itself, P3 and P4 at P1's, which has more channels. The three vectors' lengths are a
    quarter, a half and a quarter of F1's channels, so that equation 5 can add them.
    """

    def __init__(self, deep: int, joined: int) -> None:
        super().__init__()
        quarter, wide = joined // 4, deep * ADDED
        self.p1 = nn.Sequential(nn.Conv2d(deep, wide, 1), nn.ReLU6())
        self.p2 = _reduced(deep, quarter)
        self.p3 = nn.Sequential(_reduced(wide, joined - 2 * quarter), nn.PReLU())
        self.p4 = _reduced(wide, quarter)
        self.gate = nn.Parameter(torch.zeros(()))
        self.points = nn.Linear(joined, POINTS * 2)

    def forward(self, deep: Tensor, joined: Tensor) -> Tensor:
        """(N, deep, h, w) and F1's (N, joined, H, W) -> points (N, 68, 2) x, y as shares of the side."""
        wide = self.p1(deep)
        found = torch.cat([self.p2(deep), self.p3(wide), self.p4(wide)], 1)
        found = found + self.gate * joined.mean((2, 3))
        points: Tensor = self.points(found)
        return points.view(-1, POINTS, 2)


def _reduced(inputs: int, outputs: int) -> nn.Sequential:
    """Fewer channels at half the size, then one number per channel."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, 2, 1), nn.LeakyReLU(0.2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )  # fmt: skip


class Generator(nn.Module):
    """G of equation 1. Pictures are RGB in [0, 1]; holes are zero."""

    def __init__(self, settings: Network) -> None:
        super().__init__()
        own, self.settings = settings, settings
        channels = [own.width * 2**place for place in range(own.halvings + 1)]
        full, half, deep = channels[0], channels[1], channels[-1]
        gated = own.gated
        self.first = Resampling(4 if own.mask_channel else 3, full, 5, gated=gated)
        self.down = nn.ModuleList(Resampling(a, b, 3, gated=gated, down=True) for a, b in pairwise(channels))
        self.blocks = nn.Sequential(*(Residual(deep, own.dilation) for _ in range(own.blocks)))
        self.attention = ShortLongAttention(deep)
        back = channels[:0:-1]
        self.up = nn.ModuleList(Resampling(a, b, 3, gated=gated, up=True) for a, b in pairwise(back))
        self.f1 = Fusion(half, half, half)
        self.branch = LandmarkBranch(deep, half) if own.landmarks else None
        self.f2 = Fusion(half, POINTS, half) if own.landmarks else None
        self.last = Resampling(half, full, 3, gated=gated, up=True)
        self.f3 = Fusion(full, full, full)
        self.colours = nn.Conv2d(full, 3, 3, padding=1)

    def forward(self, pictures: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None]:
        """(N, 3, S, S) in [0, 1] and (N, 1, S, S), 1 to fill -> pictures in [0, 1], points (N, 68, 2) in shares.

        What lies under the mask is not looked at. The points are None without the branch.
        """
        seen = pictures * (1 - mask)
        x = self.first(torch.cat([seen, mask], 1) if self.settings.mask_channel else seen)
        features, masks = [x], [mask]
        for down in self.down:
            features.append(down(features[-1]))
            masks.append(F.max_pool2d(masks[-1], 2))
        deep = self.attention(self.blocks(features[-1]), features[-1], masks[-1])
        x = deep
        for up in self.up:
            x = up(x)
        x = self.f1(features[1] * (1 - masks[1]), x)
        points = None
        if self.branch is not None and self.f2 is not None:
            points = self.branch(deep, x)
            x = self.f2(x, point_map(points, x.shape[-1], self.settings.spread))
        x = self.f3(features[0] * (1 - mask), self.last(x))
        return torch.sigmoid(self.colours(x)), points


def merged(pictures: Tensor, drawn: Tensor, mask: Tensor) -> Tensor:
    """What was drawn under the mask, the picture elsewhere."""
    return pictures * (1 - mask) + drawn * mask
