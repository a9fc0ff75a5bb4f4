"""bench/inpainting.py --speed: pictures a second in training and in filling, beside the same network written plainly.

Plain: torch's own ELU, its usual memory layout, Adam as it is by default. Both take turns in one process on one thread,
and seconds are the processor's own, so that a busy machine matters little; the median of the rounds counts.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tasks.base import runtime
from tasks.inpainting.network import generator
from tasks.inpainting.network.training import Learning
from tasks.params.inpainting import InpaintingTrain

Given = tuple[Tensor, Tensor, Tensor]


def measure(settings: InpaintingTrain, size: int, *, rounds: int) -> str:
    """Lines to print: pictures a second of both, and how many times the plain one's ours are."""
    with runtime.settled(threads=1, seed=1):
        ours, plain = Learning(settings, Path(), torch.device("cpu")), plainly(settings)
        given = batch(settings.batch_size, size)
        ways = {
            "training": (lambda: _step(ours, given), lambda: _step(plain, given)),
            "filling": (lambda: _fill(ours, given), lambda: _fill(plain, given)),
        }
        return "\n".join(_line(name, *way, settings.batch_size, rounds) for name, way in ways.items())


def plainly(settings: InpaintingTrain) -> Learning:
    """The same training with the usual layout and the usual Adam. ELU is changed where it runs."""
    made = Learning(settings, Path(), torch.device("cpu"))
    for own in (made.generator, made.average):
        own.to(memory_format=torch.contiguous_format)
    betas = (settings.beta_1, settings.beta_2)
    made.drawing = torch.optim.Adam(made.generator.parameters(), lr=settings.learning_rate, betas=betas)
    return made


def batch(count: int, size: int) -> Given:
    """Pictures, masks and points of no face: the time does not depend on them."""
    mask = torch.zeros(count, 1, size, size)
    mask[..., size // 2 :, size // 4 : 3 * size // 4] = 1
    return torch.rand(count, 3, size, size), mask, torch.rand(count, 68, 2)


def _step(learning: Learning, given: Given) -> None:
    learning.step(*given, 0)


@torch.inference_mode()
def _fill(learning: Learning, given: Given) -> None:
    """One by one, as photographs are filled."""
    for picture, mask in zip(*given[:2], strict=True):
        learning.average(picture[None], mask[None])


def _line(name: str, ours: Callable[[], None], plain: Callable[[], None], count: int, rounds: int) -> str:
    """Rounds of both in turn; the first of each is not counted."""
    taken: list[tuple[float, float]] = []
    for _ in range(rounds + 1):
        usual = patch.object(generator, "elu", F.elu)
        taken.append((_seconds(ours, nullcontext()), _seconds(plain, usual)))
    own, other = count / np.median(taken[1:], axis=0)
    return f"{name:9} {own:7.1f} pictures per CPU second, plain {other:7.1f}: {own / other:.2f} times"


def _seconds(work: Callable[[], None], during: AbstractContextManager[object]) -> float:
    with during:
        began = time.process_time()
        work()
        return time.process_time() - began
