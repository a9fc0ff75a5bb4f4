"""How different generated pictures are from one another: LPIPS over random pairs, by the package lpips itself.

In: pictures of one size. Out: the mean over pairs and its interval. Rosero et al. 2025, DiffusionCleft, section 4.3.3:
2,000 random pairs per condition. Knows nothing of conditions and tables.
"""

import warnings as python_warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tasks.base import runtime, weights
from tasks.base.networks.trunks import TRUNKS, random_trunk, trained_trunk
from tasks.base.weights import WeightsError
from tasks.params.synthesis import SynthesisMeasure

BATCH = 16
RESAMPLES = 1000
CONFIDENCE = 0.95


@cache
def network_of(net: str, trunk: str, folder: str) -> Any:
    """The package's LPIPS on a trunk of ours, with its own heads. WeightsError: the trunk is not the net's."""
    if trunk not in ("random", TRUNKS[net]):
        raise WeightsError(f"synthesis_measure: net {net!r} takes the trunk {TRUNKS[net]} or random, not {trunk}")
    weights.verified(f"lpips_{net}", Path(folder))
    loaded = random_trunk(net) if trunk == "random" else trained_trunk(net, Path(folder))
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")  # it calls torchvision in a deprecated way
        import lpips

        network = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    for number in range(network.net.N_slices):
        for place, module in getattr(network.net, f"slice{number + 1}").named_children():
            module.load_state_dict(loaded[int(place)].state_dict(), strict=True)
    return network.requires_grad_(requires_grad=False).eval()


def random_pairs(count: int, *, pairs: int, seed: int) -> np.ndarray:
    """(P, 2) numbers of different pictures among `count`, no pair twice; all there are where that is no more."""
    total = count * (count - 1) // 2
    rng = np.random.default_rng(runtime.seed_of(seed, "pairs"))
    chosen = np.arange(total) if total <= pairs else np.sort(rng.choice(total, pairs, replace=False))
    ends = np.cumsum(np.arange(count))  # pairs (i, j), j < i, are numbered ends[i - 1] + j
    larger = np.searchsorted(ends, chosen, side="right")
    return np.stack([chosen - ends[larger - 1], larger], 1) if len(chosen) else np.zeros((0, 2), int)


def distances(
    shown: Sequence[np.ndarray],  # (H, W, 3) uint8 RGB, of one size
    pairs: np.ndarray,  # (P, 2)
    *,
    settings: SynthesisMeasure,
    weights: str,
) -> np.ndarray:
    """LPIPS of each pair, (P,), 0 or more; pictures at their own size in [-1, 1]. `weights`: a folder."""
    place, found = runtime.device(), []
    with runtime.settled(threads=settings.threads, seed=settings.seed), torch.inference_mode():
        network = network_of(settings.lpips_net, settings.lpips_trunk, weights).to(place)
        for start in range(0, len(pairs), BATCH):
            part = pairs[start : start + BATCH]
            a, b = (torch.cat([_scaled(shown[n]) for n in part[:, side]]).to(place) for side in (0, 1))
            found.append(network(a, b).flatten().cpu().numpy())
    return np.concatenate(found) if found else np.zeros(0)


def _scaled(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(picture.transpose(2, 0, 1).copy()).float()[None] / 127.5 - 1


def spread(
    values: np.ndarray,  # (P,) of the pairs
    pairs: np.ndarray,  # (P, 2)
    *,
    count: int,
    seed: int,
) -> dict[str, float | int]:
    """The mean, and its 95 % interval when pictures (not pairs, which share pictures) are drawn anew 1,000 times."""
    rng = np.random.default_rng(runtime.seed_of(seed, "spread"))
    times = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)  # (R, count)
    each = times[:, pairs[:, 0]] * times[:, pairs[:, 1]]
    each = each[each.sum(1) > 0]
    means = (each @ values) / each.sum(1) if len(each) else np.array([values.mean()])
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return {"lpips": float(values.mean()), "low": float(low), "high": float(high), "pairs": len(values)}
