"""The StyleGAN2 generator: latents in, faces out; plain PyTorch, any resolution from 32 to 1024, CPU and GPU.

In: z (N, z_dim) or w (N, num_ws, w_dim). Out: pictures (N, 3, R, R), about -1..1. Karras et al. 2020 (StyleGAN2),
the skip architecture with weight demodulation. A layer's weights are shared by the batch: its input is scaled by the
style and its output by the demodulation coefficient, which is the same sum in another order. Knows nothing of files
(checkpoints.py), of training and of inversion.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

Noise = Literal["stored", "none"] | Sequence[Tensor]
"""The maps a generator keeps, none, or own maps in layer order, (N or 1, 1, side, side) or (side, side)."""

FIRST_SIDE = 4
MOST_CHANNELS = 1024
MOST_WORK = 65_536
"""Feature maps times their side, at any resolution."""
EPSILON = 1e-8
GAIN = math.sqrt(2.0)
SLOPE = 0.2
TAPS = (1.0, 3.0, 3.0, 1.0)
"""The resampling filter along each axis, before it is normalised."""


class Architecture(BaseModel):
    """What a generator's weights do not say themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    resolution: int = Field(ge=32, le=1024, description="side of the picture, a power of two")
    z_dim: int = Field(ge=1, le=1024)
    w_dim: int = Field(ge=1, le=1024)
    mapping_layers: int = Field(ge=1, le=16)
    mapping_rate: float = Field(
        gt=0, allow_inf_nan=False, description="learning-rate multiplier of the mapping's layers"
    )
    channels: dict[int, int] = Field(description="feature maps by side, 4, 8, ... resolution")
    conv_clamp: float | None = Field(
        gt=0, allow_inf_nan=False, description="features and colours are clamped to this; null: not"
    )
    half_resolutions: int = Field(ge=0, le=9, description="how many of the highest resolutions were in float16")

    @model_validator(mode="after")
    def _drawable(self) -> "Architecture":
        """At most twice what the largest published networks have: a file could ask for hours of drawing."""
        widest = max((side * count for side, count in self.channels.items()), default=0)
        if self.resolution & (self.resolution - 1) or set(self.channels) != set(self.sides):
            raise ValueError("feature maps are not given for 4, 8, ... and the picture's side, a power of two")
        if widest > MOST_WORK or not all(1 <= count <= MOST_CHANNELS for count in self.channels.values()):
            raise ValueError("more feature maps than this generator draws, or none")
        return self

    @property
    def sides(self) -> tuple[int, ...]:
        """4, 8, ... resolution."""
        return tuple(2**power for power in range(2, int(math.log2(self.resolution)) + 1))

    @property
    def noise_sides(self) -> tuple[int, ...]:
        """Side of each layer's noise map, in layer order: one at 4, two at every other resolution."""
        return (FIRST_SIDE, *(side for side in self.sides[1:] for _ in range(2)))

    @property
    def num_ws(self) -> int:
        """Styles per picture: one per layer, and the last one's colours'."""
        return 2 * len(self.sides)


class Linear(nn.Module):
    """A layer whose weights are stored at unit scale and scaled when used (equalised learning rate)."""

    def __init__(self, inputs: int, outputs: int, *, bias: float, rate: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.gain = rate / math.sqrt(inputs)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs) -> (N, outputs)."""
        return F.linear(x, self.weight * self.gain, self.bias * self.rate)


class Mapping(nn.Module):
    """z to w: the latent normalised, then layers of leaky ReLUs."""

    w_mean: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        widths = [architecture.z_dim] + [architecture.w_dim] * architecture.mapping_layers
        rate = architecture.mapping_rate
        self.layers = nn.ModuleList(
            Linear(inputs, outputs, bias=0.0, rate=rate) for inputs, outputs in zip(widths, widths[1:], strict=False)
        )
        self.register_buffer("w_mean", torch.zeros(architecture.w_dim))

    def forward(self, z: Tensor) -> Tensor:
        """(N, z_dim) -> (N, w_dim)."""
        x = z * (z.square().mean(1, keepdim=True) + EPSILON).rsqrt()
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE) * GAIN
        return x


class ModulatedConv(nn.Module):
    """A convolution whose weights are scaled by a style, and normalised again (demodulated) if asked."""

    def __init__(self, inputs: int, outputs: int, w_dim: int, *, side: int, up: bool, demodulate: bool) -> None:
        super().__init__()
        self.affine = Linear(w_dim, inputs, bias=1.0, rate=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, side, side))
        self.up = up
        self.demodulate = demodulate
        self.style_gain = 1.0 if demodulate else 1.0 / math.sqrt(inputs * side * side)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(N, inputs, H, H), (N, w_dim) -> (N, outputs, H, H), or 2H with `up`."""
        styles = self.affine(w) * self.style_gain
        weight: Tensor = self.weight
        if self.demodulate and x.dtype == torch.float16:  # keeps products in range; demodulation takes it back
            weight = weight / weight.abs().amax((1, 2, 3), keepdim=True) / math.sqrt(weight[0].numel())
            styles = styles / styles.abs().amax(1, keepdim=True)
        scale = None
        if self.demodulate:
            power = weight.square().sum((2, 3))
            scale = (styles.square() @ power.t() + EPSILON).rsqrt()[:, :, None, None].to(x.dtype)
        x = x * styles[:, :, None, None].to(x.dtype)
        weight = weight.to(x.dtype)
        if self.up:
            x = blurred(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), gain=4.0)
        else:
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        return x if scale is None else x * scale


class Layer(nn.Module):
    """Modulated convolution, noise, bias, leaky ReLU."""

    noise: Tensor

    def __init__(self, inputs: int, outputs: int, architecture: Architecture, *, side: int, up: bool) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, outputs, architecture.w_dim, side=3, up=up, demodulate=True)
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("noise", torch.randn(side, side))
        self.clamp = architecture.conv_clamp

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """`noise`: (N or 1, 1, side, side) or (side, side)."""
        x = self.conv(x, w)
        if noise is not None:
            x = x + (noise * self.noise_strength).to(x.dtype)
        x = F.leaky_relu(x + self.bias.to(x.dtype)[:, None, None], SLOPE) * GAIN
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


class Colours(nn.Module):
    """Features to red, green and blue."""

    def __init__(self, inputs: int, architecture: Architecture) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, 3, architecture.w_dim, side=1, up=False, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(3))
        self.clamp = architecture.conv_clamp

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(N, inputs, H, H) -> (N, 3, H, H)."""
        x = self.conv(x, w) + self.bias.to(x.dtype)[:, None, None]
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


class Block(nn.Module):
    """One resolution: its layers and its colours."""

    first: "Layer | None"

    def __init__(self, side: int, architecture: Architecture) -> None:
        super().__init__()
        outputs = architecture.channels[side]
        self.first = None
        if side > FIRST_SIDE:
            self.first = Layer(architecture.channels[side // 2], outputs, architecture, side=side, up=True)
        self.second = Layer(outputs, outputs, architecture, side=side, up=False)
        self.colours = Colours(outputs, architecture)


class Generator(nn.Module):
    """Mapping and synthesis. Parameters carry gradients unless the caller switches them off."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.mapper = Mapping(architecture)
        first = architecture.channels[FIRST_SIDE]
        self.constant = nn.Parameter(torch.randn(first, FIRST_SIDE, FIRST_SIDE))
        self.blocks = nn.ModuleList(Block(side, architecture) for side in architecture.sides)
        self.half_precision = False
        """Compute the highest `half_resolutions` in float16, as the file's authors did on a GPU."""

    @property
    def resolution(self) -> int:
        """Side of the picture, pixels."""
        return self.architecture.resolution

    @property
    def num_ws(self) -> int:
        """Styles per picture."""
        return self.architecture.num_ws

    @property
    def w_dim(self) -> int:
        """Numbers in a style."""
        return self.architecture.w_dim

    @property
    def layers(self) -> list[Layer]:
        """The layers that take noise, in order."""
        return [layer for block in self._blocks() for layer in (block.first, block.second) if layer is not None]

    def _blocks(self) -> list[Block]:
        return [block for block in self.blocks if isinstance(block, Block)]

    def mapping(self, z: Tensor) -> Tensor:
        """(N, z_dim) -> (N, num_ws, w_dim), one w for every style."""
        w: Tensor = self.mapper(z)
        return w[:, None].expand(-1, self.num_ws, -1)

    def forward(self, z: Tensor) -> Tensor:
        """One picture per latent, with the stored noise."""
        return self.synthesise(self.mapping(z), noise="stored")

    def synthesise(self, w: Tensor, noise: Noise, side: int | None = None) -> Tensor:
        """(N, num_ws, w_dim) -> (N, 3, R, R) float32, about -1..1; (N, 3, side, side) from the coarse blocks alone.

        `noise`: see `Noise`. ValueError where `w` or the maps do not fit this generator.
        """
        if w.ndim != 3 or w.shape[1:] != (self.num_ws, self.w_dim):
            raise ValueError(f"w is {tuple(w.shape)}, this generator takes (N, {self.num_ws}, {self.w_dim})")
        maps = self._maps(noise)
        x = self.constant.expand(len(w), -1, -1, -1)
        picture: Tensor | None = None
        styles, number = iter(w.unbind(1)), 0
        floats = len(self.blocks) - (self.architecture.half_resolutions if self.half_precision else 0)
        for place, block in enumerate(self._blocks()):
            x = x.to(torch.float16 if place >= floats else torch.float32)
            for layer in (block.first, block.second):
                if layer is not None:
                    x = layer(x, next(styles), maps[number])
                    number += 1
            # A resolution's colours take the style that the next one's first layer takes too.
            colours = block.colours(x, w[:, number]).float()
            picture = colours if picture is None else doubled(picture) + colours
            if picture.shape[-1] == side:
                break
        assert picture is not None
        return picture

    def _maps(self, noise: Noise) -> list[Tensor | None]:
        layers = self.layers
        if isinstance(noise, str):
            if noise not in ("stored", "none"):
                raise ValueError(f"noise is {noise!r}; 'stored', 'none' or a list of maps is accepted")
            return [layer.noise if noise == "stored" else None for layer in layers]
        sides = self.architecture.noise_sides
        if len(noise) != len(layers) or any(
            own.shape[-2:] != (side, side) for own, side in zip(noise, sides, strict=True)
        ):
            raise ValueError(f"noise maps have sides {[list(o.shape[-2:]) for o in noise]}, {list(sides)} are taken")
        return list(noise)


def blurred(x: Tensor, *, gain: float) -> Tensor:
    """The resampling filter over (N, C, H, W), one pixel added on each side: (N, C, H - 1, W - 1)."""
    return F.conv2d(x, _filter(x.device, x.dtype, gain).expand(x.shape[1], 1, -1, -1), padding=1, groups=x.shape[1])


def doubled(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, 2H, 2W), by zeros between the pixels and the resampling filter."""
    kernel = _filter(x.device, x.dtype, 4.0).expand(x.shape[1], 1, -1, -1)
    return F.conv_transpose2d(x, kernel, stride=2, padding=1, groups=x.shape[1])


@lru_cache
def _filter(device: torch.device, dtype: torch.dtype, gain: float) -> Tensor:
    """Made once: a GPU would have to wait for every copy."""
    with torch.inference_mode(mode=False):
        taps = torch.tensor(TAPS, device=device)
        return (torch.outer(taps, taps) * (gain / taps.sum() ** 2)).to(dtype)
