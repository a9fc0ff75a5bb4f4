"""How near generated pictures are to photographs as a whole: FID and KID on Inception's features.

In: photographs with captions, generated pictures. Out: the features table, and the distances of two sets of features.
Rosero et al. 2025, DiffusionCleft, section 4.3.2, by pytorch-fid; KID (Binkowski et al. 2018) because FID is biased
when pictures are few. Photographs are cut as adapters saw them and reduced to the generated pictures' side
first: else the distance would measure resolution. Knows nothing of conditions beyond their names.

The network `random` is a stand-in for where pytorch-fid's file is not at hand: the same layers, He-initialised.
"""

import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
import torch.nn.functional as F
from pytorch_fid import inception as published
from torch import Tensor, nn
from torchvision import models

from tasks.base import images as pictures
from tasks.base import runtime, weights
from tasks.base.images import UnreadableImage
from tasks.base.weights import WeightsError
from tasks.params.synthesis import SynthesisMeasure
from tasks.schemas.synthesis import CONDITIONS, FEATURES
from tasks.synthesis.framing import framed
from tasks.synthesis.resolutions import Bucket, fitted

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


def photograph_features(
    images: pa.Table,  # image_id, path
    captions: pa.Table,  # image_id, condition, split, frame, reason
    *,
    side: int,
    settings: SynthesisMeasure,
    weights: str,
) -> pa.Table:
    """A features row for every photograph that an adapter learnt from. `side`: of the generated pictures, pixels."""
    paths = dict(zip(images["image_id"].to_pylist(), images["path"].to_pylist(), strict=True))
    rows, read = [], []
    for told in captions.select(["image_id", "condition", "split", "frame", "reason"]).to_pylist():
        if told["reason"] is None and told["split"] == "train" and told["condition"] in CONDITIONS:
            rows.append({"image_id": told["image_id"], "condition": told["condition"], "origin": "real"})
            read.append(_photograph(paths[told["image_id"]], told["frame"], side))
    return _featured(rows, read, settings, weights)


def generated_features(
    generated: pa.Table,  # image_id, condition, picture, reason
    *,
    settings: SynthesisMeasure,
    weights: str,
) -> pa.Table:
    """A features row for every generated picture, with a reason where it was not drawn. `weights`: a folder."""
    rows, read = [], []
    for row in generated.to_pylist():
        rows.append({"image_id": row["image_id"], "condition": row["condition"], "origin": "generated"})
        read.append(row["reason"] or pictures.decode_png(row["picture"]))
    return _featured(rows, read, settings, weights)


def _photograph(path: str, frame: list[float] | None, side: int) -> np.ndarray | str:
    """The picture or why there is none."""
    try:
        return square(framed(pictures.read(Path(path)), frame), side)
    except UnreadableImage as error:
        return str(error)


def square(
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
    side: int,
) -> np.ndarray:
    """The middle square, reduced to `side` pixels where it is larger: (S, S, 3) uint8 RGB, S at most `side`."""
    least = min(side, *picture.shape[:2])
    return fitted(picture, Bucket(least, least))


def _featured(
    rows: list[dict[str, Any]], read: list[np.ndarray | str], settings: SynthesisMeasure, folder: str
) -> pa.Table:
    shown = [one for one in read if not isinstance(one, str)]
    found = iter(inception_features(shown, settings=settings, weights=folder))
    return FEATURES.table(
        row | ({"features": None, "reason": one} if isinstance(one, str) else {"features": next(found).tolist()})
        for row, one in zip(rows, read, strict=True)
    )


def inception_features(
    shown: list[np.ndarray],  # (H, W, 3) uint8 RGB each, of any size
    *,
    settings: SynthesisMeasure,
    weights: str,
) -> np.ndarray:
    """(N, dims) float32, as pytorch-fid's: bilinear to 299 x 299 pixels, values in [-1, 1], mean over the map.

    Incomplete batches are filled up, so a picture's features do not depend on how many came with it.
    """
    if not shown:
        return np.zeros((0, settings.dims), np.float32)
    network, place = network_of(settings.inception, settings.dims, weights), runtime.device()
    found = []
    with runtime.settled(threads=settings.threads, seed=settings.seed), torch.inference_mode():
        for start in range(0, len(shown), BATCH):
            part = shown[start : start + BATCH]
            batch = torch.cat([prepared(one) for one in part + part[-1:] * (BATCH - len(part))])
            x = network.to(place)(batch.to(place).contiguous(memory_format=torch.channels_last))
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
    with torch.device("meta"):
        network: nn.Module = models.inception_v3(num_classes=1008, aux_logits=False, weights=None, init_weights=False)
        for name, inside, pooled in (("5b", 192, 32), ("5c", 256, 64), ("5d", 288, 64)):
            setattr(network, f"Mixed_{name}", published.FIDInceptionA(inside, pool_features=pooled))
        for name, channels in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
            setattr(network, f"Mixed_{name}", published.FIDInceptionC(768, channels_7x7=channels))
        network.Mixed_7b = published.FIDInceptionE_1(1280)
        network.Mixed_7c = published.FIDInceptionE_2(2048)
    return network


def frechet_distance(
    a: np.ndarray,  # (n, D) features, n 2 or more
    b: np.ndarray,  # (m, D)
) -> float:
    """FID: the distance of the normal distributions with the sets' means and (unbiased) covariances.

    The trace of the root of the covariances' product is the nuclear norm of the product of the centred sets.
    """
    if min(len(a), len(b)) < 2:
        raise ValueError(f"FID needs two pictures or more on either side, not {len(a)} and {len(b)}")
    a, b = a.astype(np.float64), b.astype(np.float64)
    x, y = (_rooted(one) for one in (a, b))
    shared = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + (x**2).sum() + (y**2).sum() - 2 * shared)


def _rooted(values: np.ndarray) -> np.ndarray:
    """A matrix r with r' r the covariance: (n or D, D)."""
    centred = (values - values.mean(0)) / math.sqrt(len(values) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r")) if len(centred) > centred.shape[1] else centred


def kernel_distance(
    a: np.ndarray,  # (n, D) features
    b: np.ndarray,  # (m, D)
    *,
    subsets: int,
    subset_size: int,
    seed: int,
) -> tuple[float, float]:
    """KID: unbiased squared MMD, kernel (x'y / D + 1)^3, mean and standard deviation over random subsets.

    Subsets are no larger than either set. It may be negative. ValueError: fewer than two pictures on a side.
    """
    size = min(subset_size, len(a), len(b))
    if size < 2:
        raise ValueError(f"KID needs two pictures or more on either side, not {len(a)} and {len(b)}")
    rng = np.random.default_rng(runtime.seed_of(seed, "kid"))
    a, b = a.astype(np.float64), b.astype(np.float64)
    found = [
        _mmd(a[rng.choice(len(a), size, replace=False)], b[rng.choice(len(b), size, replace=False)])
        for _ in range(subsets)
    ]
    return float(np.mean(found)), float(np.std(found))


def _mmd(a: np.ndarray, b: np.ndarray) -> float:
    """Of equally many, (n, D) each."""
    n, dims = a.shape
    aa, bb, ab = ((x @ y.T / dims + 1) ** 3 for x, y in ((a, a), (b, b), (a, b)))
    own = aa.sum() - np.trace(aa) + bb.sum() - np.trace(bb)
    return float(own / (n * (n - 1)) - 2 * ab.mean())
