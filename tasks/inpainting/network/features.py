"""What the perceptual and the style loss look at: the features of an ImageNet network (Johnson et al. 2016).

In: pictures (N, 3, S, S) in [0, 1]. Out: features, one tensor per layer. The trunk `random` is a stand-in for where no
ImageNet weights are at hand (tasks.base.networks.trunks). Knows nothing of losses.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from tasks.base.networks.trunks import TRUNKS, random_trunk, trained_trunk

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pictures; its networks take pictures less the one, by the other."""
ENDS = {"squeeze": (1, 4, 7, 12), "alex": (1, 4, 7, 11), "vgg": (3, 8, 15, 22)}
"""Modules whose outputs are looked at; vgg: relu1_2, relu2_2, relu3_3 and relu4_3."""


class Features(nn.Module):
    """A trunk without gradients on its weights."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, net: str, trunk: nn.Sequential) -> None:
        super().__init__()
        self.ends = ENDS[net]
        self.trunk = trunk[: self.ends[-1] + 1]
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1))
        self.requires_grad_(requires_grad=False).eval()

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """(N, 3, S, S) in [0, 1] -> one (N, C, h, w) per layer."""
        x, found = (pictures - self.mean) / self.deviation, []
        for place, module in enumerate(self.trunk):
            x = module(x)
            if place in self.ends:
                found.append(x)
        return found


def load_features(trunk: str, folder: Path) -> Features:
    """By the name of a registered trunk, or `random`. WeightsError where its file is missing or another one."""
    if trunk == "random":
        return Features("squeeze", random_trunk("squeeze"))
    net = next(net for net, name in TRUNKS.items() if name == trunk)
    return Features(net, trained_trunk(net, folder))
