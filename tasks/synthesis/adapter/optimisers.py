"""The optimiser of an adapter: AdamW with its state in 8 bits (bitsandbytes) or torch's own.

In: matrices to train, the settings. Out: the optimiser and its learning rate by step. Rosero et al. 2025,
DiffusionCleft, section 4.2: AdamW8bit at 1e-4. Knows nothing of what is trained.
"""

from collections.abc import Sequence

import torch
from torch import nn

from tasks.base.schedules import rise_and_fall
from tasks.params.synthesis import SynthesisTrain

LAST = 0.02
"""Share of the highest rate at the end of a training whose rate falls."""


def optimiser_of(weights: Sequence[nn.Parameter], settings: SynthesisTrain) -> torch.optim.Optimizer:
    """Of all the weights, at the highest rate. bitsandbytes works on a CPU too; small tensors keep 32 bits."""
    if settings.optimiser == "adamw":
        return torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    import bitsandbytes  # seconds to import

    made: torch.optim.Optimizer = bitsandbytes.optim.AdamW8bit(
        list(weights),
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        min_8bit_size=settings.smallest_8bit,
    )
    return made


def rate_at(step: int, total: int, settings: SynthesisTrain) -> float:
    """The learning rate of step `step` (from 0) of `total`. The paper names the rate alone (section 4.2)."""
    warmup, flat = settings.warmup_steps, settings.flat_share
    return settings.learning_rate * rise_and_fall(step, total, warmup=warmup, flat=flat, last=LAST)
