"""What every training has around its steps: a bar, a checkpoint now and then, a key, and those who watch.

In: how far a training is, and what it does now and then. Out: the numbers of the steps still to take. A training reads

    state = checkpoints.read(checkpoint, key_of(__name__, settings, data))
    for number in steps(first, total, every=50, keep=keep, on_progress=on_progress):
        ...  # one step

A step's random numbers depend on the seed and on `number` alone, so a training that is killed and goes on from its
checkpoint ends with the same bytes. Knows nothing of what is learned.
"""

import hashlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from pydantic import BaseModel
from tqdm import tqdm

from tasks.base import digests, runtime
from tasks.errors import InputError

Progress = Callable[[int, int], None]
"""Told the steps done and the steps in all."""


class TrainingError(InputError):
    """The training cannot start or go on; the message says why and what to change."""


def steps(
    first: int,
    total: int,
    *,
    what: str = "training",
    every: int = 1,
    keep: Callable[[int], None] | None = None,
    on_progress: Progress | None = None,
    beside: Callable[[], str] | None = None,
) -> Iterator[int]:
    """The numbers from `first` to `total` - 1, each for one step, with a bar and the time left on standard error.

    After a step: `keep`, with the steps done, `every` so many steps and after the last; then `on_progress`. `beside`:
    what the bar says besides. Who leaves the loop early is done.
    """
    interval = 0.5 if sys.stderr.isatty() else 20.0  # a log file need not grow by a line each second
    with tqdm(total=total, initial=first, desc=what, unit="step", mininterval=interval) as bar:
        for number in range(first, total):
            yield number
            if keep and due(number + 1, total, every):
                keep(number + 1)
            if beside:
                bar.set_postfix_str(beside(), refresh=False)
            bar.update()
            if on_progress:
                on_progress(number + 1, total)


def due(done: int, total: int, every: int) -> bool:
    """Whether it is time for what happens `every` so many steps, and after the last of `total`."""
    return done % every == 0 or done == total


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """The learning rate of the next step, for all weights."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def mean_loss(losses: Sequence[float], *, step: int, lower: str) -> float:
    """The mean. TrainingError where it is no number; `lower`: the setting that is too high."""
    loss = float(np.mean(losses))
    if not math.isfinite(loss):
        raise TrainingError(f"the loss is no longer a number at step {step}: lower {lower}")
    return loss


def key_of(module: str, *parts: object) -> str:
    """Digest of all that a result depends on: settings and data (`parts`), the code of `module`, torch, the device."""
    numbers = [part.model_dump(mode="json") if isinstance(part, BaseModel) else part for part in parts]
    code = digests.code_digest(sys.modules[module])
    return digests.digest([*numbers, code, torch.__version__, str(runtime.device())])


def bytes_of(arrays: Iterable[np.ndarray]) -> str:
    """sha256 of the arrays' bytes, one after the other."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
