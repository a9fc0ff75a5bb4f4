"""What every training has around its steps: a bar, a look at the losses, a checkpoint now and then, those who watch.

In: how far a training is, and what it does now and then. Out: the numbers of the steps still to take. A training reads

    state = checkpoints.read(checkpoint, key_of(__name__, settings, data))
    losses = Losses("symmetry_train.learning_rate")
    for number in steps(first, total, losses=losses, every=50, keep=keep, on_progress=on_progress):
        ...  # one step
        losses.add(loss)

A step's random numbers depend on the seed and on `number` alone, so a training that is killed and goes on from its
checkpoint ends with the same bytes. Knows nothing of what is learned.
"""

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import torch
from pydantic import BaseModel
from tqdm import tqdm

from tasks.base import digests, runtime
from tasks.errors import InputError

IMPORTED_LATER = ("torch._dynamo",)
"""What an optimiser imports when it steps: imported once for all stages (flows/forks.py)."""

EXPLODED = 1000.0
"""So many times the larger of 1 and the first loss since the process began: the training has diverged."""

Progress = Callable[[int, int], None]
"""Told the steps done and the steps in all."""


class TrainingError(InputError):
    """The training cannot start or go on; the message says why and what to change."""


class Losses:
    """The losses of a training's steps, and whether they are still those of one that learns.

    `lower`: the settings that are too high where they are not, such as `symmetry_train.learning_rate`. `kept`: losses
    that belong to the next mean, of a training that goes on from a checkpoint.
    """

    def __init__(self, lower: str, kept: list[float] | None = None) -> None:
        self.lower = lower
        self.kept: list[float] = [] if kept is None else kept
        self._new: list[torch.Tensor] = []
        self._first: float | None = None

    def add(self, loss: torch.Tensor) -> None:
        """One step's loss. It stays on its device, so that nobody waits for a card."""
        self._new.append(loss.detach())

    def check(self, step: int) -> None:
        """TrainingError where a loss since the last look is no number, or beyond `EXPLODED`."""
        found = torch.stack(self._new).double().tolist() if self._new else []
        self._new.clear()
        for loss in found:
            self._first = abs(loss) if self._first is None else self._first
            if not abs(loss) <= EXPLODED * max(1.0, self._first):  # NaN is not, either
                raise TrainingError(f"the training diverged: by step {step} the loss is {loss:.3g}; lower {self.lower}")
        self.kept += found

    def check_weights(self, weights: Mapping[str, torch.Tensor], step: int) -> None:
        """TrainingError where the last step left weights or running means that are no numbers."""
        if not all_finite(weights):
            last = f"; the last loss was {self.kept[-1]:.3g}" if self.kept else ""
            raise TrainingError(
                f"the training diverged: at step {step} weights are no numbers{last}; lower {self.lower}"
            )

    def mean(self, step: int) -> float:
        """The mean since the last one; as `check`."""
        self.check(step)
        mean = float(np.mean(self.kept))
        self.kept.clear()
        return mean


def steps(
    first: int,
    total: int,
    *,
    losses: Losses,
    what: str = "training",
    every: int = 1,
    keep: Callable[[int], None] | None = None,
    on_progress: Progress | None = None,
    beside: Callable[[], str] | None = None,
) -> Iterator[int]:
    """The numbers from `first` to `total` - 1, each for one step, with a bar and the time left on standard error.

    After a step, `every` so many steps and after the last: a look at the losses, so that a training that diverged ends
    with a TrainingError and gives no result; `keep`, with the steps done. Then `on_progress`. `beside`: what the bar
    says besides. Who leaves the loop early is done.
    """
    interval = 0.5 if sys.stderr.isatty() else 20.0  # a log file need not grow by a line each second
    with tqdm(total=total, initial=first, desc=what, unit="step", mininterval=interval) as bar:
        for number in range(first, total):
            yield number
            if due(number + 1, total, every):
                losses.check(number + 1)
                if keep:
                    keep(number + 1)
            if beside:
                bar.set_postfix_str(beside(), refresh=False)
            bar.update()
            if on_progress:
                on_progress(number + 1, total)


def all_finite(weights: Mapping[str, torch.Tensor]) -> bool:
    """Whether all of a network's weights and running means are numbers."""
    return all(bool(torch.isfinite(own).all()) for own in weights.values())


def due(done: int, total: int, every: int) -> bool:
    """Whether it is time for what happens `every` so many steps, and after the last of `total`."""
    return done % every == 0 or done == total


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """The learning rate of the next step, for all weights."""
    for group in optimiser.param_groups:
        group["lr"] = rate


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
