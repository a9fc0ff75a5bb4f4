"""What pytorch-fid's Inception sees in pictures: the features that FID and KID compare (tasks.base.networks.distances).

In: pictures. Out: features, (N, dims). Knows nothing of what is shown, nor of distances.

The network `random` is a stand-in for where pytorch-fid's file is not at hand: the same layers, He-initialised.
"""

import math
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.base import runtime, weights
from tasks.base.weights import WeightsError

FILE = "pt_inception_fid"
SEED = 0
SIDE = 299
BATCH = 16
BLOCKS: dict[int, tuple[str, ...]] = {
    64: ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "pool"),
    192: ("Conv2d_3b_1x1", "Conv2d_4a_3x3", "pool"),
    768: tuple(f"Mixed_{name}" for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e")),
    2048: ("Mixed_7a", "Mixed_7b", "Mixed_7c"),
}
"""Layers that lead to so many features, each block after the one before."""


def inception_features(
    shown: list[np.ndarray],  # (H, W, 3) uint8 RGB each, of any size
    *,
    network: str,
    dims: int,
    threads: int,
    weights: str,
) -> np.ndarray:
    """(N, dims) float32, as pytorch-fid's: bilinear to 299 x 299 pixels, values in [-1, 1], mean over the map.

    `network`: `random` or the name of pytorch-fid's file; `weights`: the folder in which it lies. Incomplete batches
    are filled up, so a picture's features do not depend on how many came with it.
    """
    if not shown:
        return np.zeros((0, dims), np.float32)
    layers, place = network_of(network, dims, weights), runtime.device()
    found = []
    with runtime.settled(threads=threads, seed=SEED), torch.inference_mode():
        for start in range(0, len(shown), BATCH):
            part = shown[start : start + BATCH]
            batch = torch.cat([prepared(one) for one in part + part[-1:] * (BATCH - len(part))])
            x = layers.to(place)(batch.to(place).contiguous(memory_format=torch.channels_last))
            found.append(x.mean((2, 3)).cpu().numpy()[: len(part)])
    return np.concatenate(found)


def prepared(picture: np.ndarray) -> Tensor:
    """(H, W, 3) uint8 RGB -> (1, 3, 299, 299) in [-1, 1]."""
    x = torch.from_numpy(picture.transpose(2, 0, 1).copy()).float().div(255)[None]
    return 2 * F.interpolate(x, size=(SIDE, SIDE), mode="bilinear", align_corners=False) - 1


@cache
def network_of(name: str, dims: int, folder: str) -> nn.Sequential:
    """Inception up to `dims` features, (N, 3, 299, 299) -> (N, dims, h, w). WeightsError where its file is not it."""
    whole = stand_in() if name == "random" else _trained(Path(folder))
    layers: list[nn.Module] = []
    for size, names in BLOCKS.items():
        layers += [nn.MaxPool2d(3, 2) if one == "pool" else getattr(whole, one) for one in names]
        if size == dims:
            break
    found = nn.Sequential(*layers).to(memory_format=torch.channels_last)
    return found.requires_grad_(requires_grad=False).eval()


def _trained(folder: Path) -> nn.Module:
    network = _shape()
    try:
        network.load_state_dict(weights.state_dict(FILE, folder), strict=True, assign=True)
    except RuntimeError as error:
        raise WeightsError(f"{FILE}: not pytorch-fid's Inception: {str(error).splitlines()[1].strip()}") from error
    return network


def stand_in() -> nn.Module:
    """The whole network, He-initialised by a fixed seed; batch norms do nothing."""
    network = _shape().to_empty(device="cpu")
    generator = runtime.generator(SEED, "inception")
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            deviation = math.sqrt(2.0 / module.weight[0].numel())
            nn.init.normal_(module.weight, 0.0, deviation, generator=generator)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
        elif isinstance(module, nn.Linear):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
    return network


def _shape() -> nn.Module:
    """pytorch-fid's network without numbers: its own function fetches weights from the net."""
    from pytorch_fid import inception as published  # both take seconds to import
    from torchvision import models

    with torch.device("meta"):
        network: nn.Module = models.inception_v3(num_classes=1008, aux_logits=False, weights=None, init_weights=False)
        for name, inside, pooled in (("5b", 192, 32), ("5c", 256, 64), ("5d", 288, 64)):
            setattr(network, f"Mixed_{name}", published.FIDInceptionA(inside, pool_features=pooled))
        for name, channels in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
            setattr(network, f"Mixed_{name}", published.FIDInceptionC(768, channels_7x7=channels))
        network.Mixed_7b = published.FIDInceptionE_1(1280)
        network.Mixed_7c = published.FIDInceptionE_2(2048)
    return network
