"""Which noise levels a training looks at. In: how many, the settings. Out: levels in 0..1, 1 being noise alone.

The paper (Rosero et al. 2025, DiffusionCleft) does not say; docs/synthesis.md does, and why. Knows nothing of networks.
"""

import torch
from torch import Tensor

from tasks.params.synthesis import Timesteps


def levels(count: int, draws: torch.Generator, settings: Timesteps) -> Tensor:
    """(count,) levels: uniform; the logistic function of a normal number (Esser et al. 2024, section 3.1); or uniform
    ones moved towards noise, s -> shift s / (1 + (shift - 1) s) (ibid., equation 23).
    """
    if settings.kind == "logit_normal":
        return torch.sigmoid(settings.mean + settings.deviation * torch.randn(count, generator=draws))
    even = torch.rand(count, generator=draws)
    if settings.kind == "uniform":
        return even
    return settings.shift * even / (1 + (settings.shift - 1) * even)
