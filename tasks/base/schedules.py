"""How a learning rate, or noise, goes over a training: the shapes that trainings put together.

In: a step (from 0) or the share of steps that are done. Out: a share in [0, 1] of the highest value. Every training
names its own numbers. Knows nothing of optimisers, nor of settings.
"""

import math


def rise(step: int, warmup: float) -> float:
    """A line up to 1 over `warmup` steps; the first step is above 0."""
    return min(1.0, (step + 1) / (warmup + 1))


def fallen(step: int, total: int, flat: float) -> float:
    """How much of a straight fall is done: 0 for the share `flat` of all steps, then in a line towards 1 at the end."""
    return max(0.0, (step / total - flat) / (1 - flat)) if flat < 1 else 0.0


def rise_and_fall(step: int, total: int, *, warmup: float, flat: float, last: float) -> float:
    """A line up over `warmup` steps, and after the share `flat` of all steps a line down to `last`."""
    return rise(step, warmup) * (1 - (1 - last) * fallen(step, total, flat))


def cosine_fall(done: float) -> float:
    """Half a cosine from 1 at the start to 0 at the end."""
    return (1 + math.cos(math.pi * done)) / 2


def ramp_up(done: float, over: float) -> float:
    """A line from 0 to 1 over the first share `over`; 1 throughout where that is 0."""
    return min(1.0, done / over) if over else 1.0


def ramp_down(done: float, over: float) -> float:
    """1, and half a cosine down to 0 over the last share `over`; 1 throughout where that is 0."""
    left = min(1.0, (1.0 - done) / over) if over else 1.0
    return 0.5 - 0.5 * math.cos(left * math.pi)


def squared_fall(done: float, *, until: float) -> float:
    """With the square from 1 down to 0 at the share `until`; 0 throughout where that is 0."""
    left = max(0.0, 1.0 - done / until) if until else 0.0
    return left**2
