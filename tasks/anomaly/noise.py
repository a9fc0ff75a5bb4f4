"""The noise maps of several faces, and what keeps them noise.

In: maps (N, 1, side, side) in layer order. Out: the regulariser of Hayajneh et al.'s Algorithm 1, which is the
StyleGAN2 projector's, and maps renewed. Every face's numbers are its own, whoever else is in the batch.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from tasks.anomaly.stylegan2 import Architecture


def shapes(architecture: Architecture) -> list[tuple[int, int, int]]:
    """Of one face's maps, in layer order."""
    return [(1, side, side) for side in architecture.noise_sides]


def regulariser(maps: Sequence[Tensor], *, smallest: int) -> Tensor:
    """How far each face's maps are from noise, (N,): products of neighbours, averaged, squared and added up.

    Neighbours are taken with wrap-around along both axes, of every map and of every half of it down to `smallest`
    pixels. Maps and halves of one side are taken together, so that it takes as many steps as there are sides.
    """
    total = torch.zeros(())
    halved: list[Tensor] = []
    for side in sorted({own.shape[-1] for own in maps}, reverse=True):
        here = torch.cat([*halved, *(own for own in maps if own.shape[-1] == side)], dim=1)
        for axis in (-1, -2):
            total = total + (here * here.roll(1, axis)).mean((-1, -2)).square().sum(1)
        halved = [F.avg_pool2d(here, 2)] if side > smallest else []
    return total


@torch.no_grad()
def renew(maps: Sequence[Tensor]) -> None:
    """Give every map mean 0 and variance 1, in place."""
    for own in maps:
        own -= own.mean((-1, -2), keepdim=True)
        own *= own.square().mean((-1, -2), keepdim=True).rsqrt()
