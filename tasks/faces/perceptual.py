"""LPIPS: how different two pictures look to a network trained on ImageNet.

In: pictures (N, 3, R, R) in [-1, 1]. Out: features, made so that their plain squared differences are the terms of
Hayajneh et al.'s equation 1 (Zhang et al. 2018, version 0.1); the distance; the map of where it comes from. Gradients
flow to the pictures, none to the weights. Features of a target can be kept. Knows nothing of faces or of heatmaps.

The trunk `random` is a stand-in for where no ImageNet weights are at hand: He-initialised by a fixed seed, each
channel weighted alike, by the mean of the layer's trained weights (see docs/faces.md).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.base import weights
from tasks.base.networks.trunks import TRUNKS, random_trunk, trained_trunk
from tasks.base.weights import WeightsError
from tasks.params.faces import PerceptualNet

ENDS = {"squeeze": (1, 4, 7, 9, 10, 11, 12), "alex": (1, 4, 7, 9, 11), "vgg": (3, 8, 15, 22, 29)}
"""Modules of the trunk whose outputs are compared."""
SMALLEST = {"squeeze": 17, "alex": 31, "vgg": 16}
"""Smallest side that leaves a pixel in every layer."""
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
EPSILON = 1e-10


class Perceptual(nn.Module):
    """A trunk without gradients on its weights, and the weight of every channel."""

    shift: Tensor
    scale: Tensor

    def __init__(self, trunk: nn.Sequential, heads: Sequence[Tensor], *, ends: Sequence[int], size: int) -> None:
        """`heads`: a layer's channel weights, (C,) 0 or more; `ends`: modules after which to look, as many."""
        super().__init__()
        self.trunk = trunk
        self.ends = tuple(ends)
        self.size = size
        self.register_buffer("shift", torch.tensor(SHIFT).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(SCALE).view(1, 3, 1, 1))
        for layer, head in enumerate(heads):
            self.register_buffer(f"root_{layer}", head.sqrt().view(1, -1, 1, 1))
        self.to(memory_format=torch.channels_last)
        self.requires_grad_(requires_grad=False).eval()

    def features(self, x: Tensor) -> list[Tensor]:
        """(N, 3, H, W) in [-1, 1] -> (N, C, h, w) per layer: channels of length 1, times their weight's root."""
        x = (averaged(x, self.size) - self.shift) / self.scale
        x = x.contiguous(memory_format=torch.channels_last)
        found: list[Tensor] = []
        for place, module in enumerate(self.trunk[: self.ends[-1] + 1]):
            x = module(x)
            if place in self.ends:
                length = torch.linalg.vector_norm(x, dim=1, keepdim=True)  # its gradient at 0 is 0, not NaN
                found.append(x / (length + EPSILON) * self.get_buffer(f"root_{len(found)}"))
        return found

    def distance(self, a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
        """LPIPS of features and features, (N,), 0 or more; either may be of one picture, held against all."""
        return torch.stack([(x - y).square().sum(1).mean((1, 2)) for x, y in zip(a, b, strict=True)]).sum(0)

    def spatial(self, a: Sequence[Tensor], b: Sequence[Tensor], size: int) -> Tensor:
        """Where it comes from, (N, size, size): the layers' maps, enlarged bilinearly, added up."""
        maps = [(x - y).square().sum(1, keepdim=True) for x, y in zip(a, b, strict=True)]
        large = [F.interpolate(layer, size=(size, size), mode="bilinear", align_corners=False) for layer in maps]
        return torch.cat(large, 1).sum(1)


def averaged(x: Tensor, size: int) -> Tensor:
    """Each side larger than `size` averaged down to it, every pixel the mean of the area that it covers.

    Written as products, because torch's own area interpolation has no deterministic gradient on a GPU.
    """
    if x.shape[2] > size:
        x = _shares(x.shape[2], size, x) @ x
    if x.shape[3] > size:
        x = x @ _shares(x.shape[3], size, x).T
    return x


def _shares(side: int, size: int, like: Tensor) -> Tensor:
    """(size, side): the share of each old pixel in each new one; rows add up to 1. Made where the pictures lie."""
    edges = torch.arange(size + 1, device=like.device) * (side / size)
    old = torch.arange(side, device=like.device)
    overlap = torch.minimum(edges[1:, None], old + 1.0) - torch.maximum(edges[:-1, None], old.float())
    return (overlap.clamp(min=0) * (size / side)).to(like.dtype)


def load_perceptual(settings: PerceptualNet, weights_folder: Path) -> Perceptual:
    """LPIPS by the settings, on the CPU. WeightsError where the trunk is not the net's, or its file is not there."""
    net, name = settings.net, settings.trunk
    if name not in ("random", TRUNKS[net]):
        raise WeightsError(f"perceptual: net {net!r} takes the trunk {TRUNKS[net]} or random, not {name}")
    if settings.size < SMALLEST[net]:
        raise WeightsError(f"perceptual: net {net!r} takes size {SMALLEST[net]} or more, not {settings.size}")
    trunk = random_trunk(net) if name == "random" else trained_trunk(net, weights_folder)
    heads = [head.flatten() for _, head in sorted(weights.state_dict(f"lpips_{net}", weights_folder).items())]
    if name == "random":  # a random channel has no meaning that a weight of its own could fit
        heads = [head.mean().expand_as(head) for head in heads]
    return Perceptual(trunk, heads, ends=ENDS[net], size=settings.size)
