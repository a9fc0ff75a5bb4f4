"""The discriminator: pictures in, a map of verdicts out, one per patch (Chen et al. do not describe theirs).

Five spectral-normalised convolutions (Miyato et al. 2018; Isola et al. 2017 for patches). Needed while a generator
trains, never after. Knows nothing of losses, nor of masks.
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class Discriminator(nn.Module):
    """Three halvings, then two layers at that size; a verdict sees 70 pixels a side."""

    def __init__(self, width: int) -> None:
        super().__init__()
        channels = [3, width, 2 * width, 4 * width, 8 * width, 1]
        layers: list[nn.Module] = []
        for place, (inputs, outputs) in enumerate(pairwise(channels)):
            layers.append(spectral_norm(nn.Conv2d(inputs, outputs, 4, 2 if place < 3 else 1, 1)))
            if outputs > 1:
                layers.append(nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(*layers)

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, 3, S, S) in [0, 1] -> (N, 1, S / 8 - 2, S / 8 - 2), higher is more like a photograph."""
        verdicts: Tensor = self.layers(pictures * 2 - 1)
        return verdicts
