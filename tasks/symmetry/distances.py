"""D of pairs and of photographs, by a trained network.

In: halves and a network in evaluation mode. Out: Euclidean distances, as tables. A half's embedding
depends on that half alone, bit for bit: halves go through the network in batches of one fixed size,
filled up with black ones, so scoring one photograph today and a thousand tomorrow gives equal numbers.
Rosero et al. 2025, section "Contrastive Learning". Knows nothing of thresholds, grades or training.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch

from tasks.base import runtime
from tasks.base.training import TrainingError
from tasks.schemas.symmetry import DISTANCES, PAIR_DISTANCES
from tasks.symmetry import halves as half_pictures
from tasks.symmetry.halves import PairedHalves
from tasks.symmetry.network import SiameseNetwork, load_network
from tasks.symmetry.views import View, seen_as

BATCH = 32
"""Halves a pass. A constant and no parameter: another number may change the last bits of every D."""

SAME = 1e-6
"""Share of the highest D. Pairs whose D differ by no more tell a network that has collapsed."""


def embedded(network: SiameseNetwork, halves: np.ndarray) -> np.ndarray:
    """(N, S, S, 3) uint8 RGB, S the network's input size -> (N, embedding_dim) float32.

    The network is used where it lies (CPU or GPU), in evaluation mode, and left in the mode it was in.
    """
    size = network.architecture.input_size
    if halves.shape[1:] != (size, size, 3):
        raise ValueError(f"halves are {halves.shape[1:]}, the network takes {(size, size, 3)}")
    trained, network = network.training, network.eval()
    parts = [_embedded_batch(network, halves[start : start + BATCH]) for start in range(0, len(halves), BATCH)]
    network.train(trained)
    return np.concatenate(parts) if parts else np.empty((0, network.architecture.embedding_dim), np.float32)


@torch.inference_mode()
def _embedded_batch(network: SiameseNetwork, halves: np.ndarray) -> np.ndarray:
    full = np.zeros((BATCH, *halves.shape[1:]), np.uint8)
    full[: len(halves)] = halves
    batch = torch.from_numpy(full).to(network.mean.device).permute(0, 3, 1, 2).float() / 255
    result: np.ndarray = network(batch)[: len(halves)].cpu().numpy()
    return result


def between(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """D of embeddings, (N, dim) and (N, dim) -> (N,) float64; exactly 0 for equal halves."""
    difference = left.astype(np.float64) - right.astype(np.float64)
    result: np.ndarray = np.sqrt(np.square(difference).sum(axis=1))
    return result


def all_alike(found: np.ndarray) -> bool:
    """Whether D (N,) of different pairs are one number: then the network says nothing of any face."""
    return bool(np.ptp(found) <= SAME * found.max())


def over_views(
    networks: Sequence[SiameseNetwork],
    right: np.ndarray,  # (N, S, S, 3) uint8 RGB, S the networks' input size
    left: np.ndarray,  # (N, S, S, 3) uint8 RGB
    *,
    views: Sequence[View],
    mirrored: str,
) -> np.ndarray:  # (networks * views, N) float64
    """D of the pairs by each network in each view (tasks.symmetry.views); the mean over both is steadier than one."""
    seen = [seen_as(right, left, view, mirrored=mirrored) for view in views]
    halves = np.concatenate([pair[side] for side in (0, 1) for pair in seen])
    found = [between(*np.split(embedded(one, halves), 2)).reshape(len(views), -1) for one in networks]
    return np.concatenate(found)


def of_pairs(network: SiameseNetwork, pairs: PairedHalves) -> np.ndarray:
    """D of every pair, (P,) float64; each half is embedded once however many pairs it is in."""
    embeddings = embedded(network, pairs.halves)
    return between(embeddings[pairs.left], embeddings[pairs.right])


def distances_of_pairs(
    pairs: pa.Table, parts: Iterable[pa.Table], network: SiameseNetwork, *, threads: int, folder: Path | None = None
) -> pa.Table:
    """Table PAIR_DISTANCES for a table of pairs; `parts` and `folder` as in `halves.paired`.

    TrainingError where all pairs have the same D: no results are made of a network that says nothing.
    """
    size = network.architecture.input_size
    decoded = half_pictures.paired(pairs, parts, size=size, threads=threads, folder=folder)
    with runtime.settled(threads=threads, seed=0):
        found = of_pairs(network, decoded)
    if len(found) > 1 and all_alike(found):
        said = f"the network gives all {len(found)} pairs the same D ({found[0]:.3g}) and so says nothing of any face"
        raise TrainingError(f"{said}; train it again with a lower symmetry_train.learning_rate")
    rows = pairs.select(["pair_id", "split", "label"]).to_pylist()
    return PAIR_DISTANCES.table(
        row | {"distance": distance} for row, distance in zip(rows, found.tolist(), strict=True)
    )


def distances_of_lips(lips: pa.Table, network: SiameseNetwork, *, threads: int) -> pa.Table:
    """Table DISTANCES, one row for each row of LIPS; a refused row stays refused, with its reason.

    A row without a reason has both halves (LIPS says so), so its D is never null.
    """
    rows = lips.select(["image_id", "subject_id", "left", "right", "reason"]).to_pylist()
    good = [row for row in rows if row["reason"] is None]
    size = network.architecture.input_size
    pngs = [row[side] for side in ("left", "right") for row in good]
    with runtime.settled(threads=threads, seed=0):
        embeddings = embedded(network, half_pictures.decoded(pngs, size=size, threads=threads))
    found = dict(zip((row["image_id"] for row in good), between(*np.split(embeddings, 2)).tolist(), strict=True))
    return DISTANCES.table(
        {
            "image_id": row["image_id"],
            "subject_id": row["subject_id"],
            "distance": found.get(row["image_id"]),
            "reason": row["reason"],
        }
        for row in rows
    )


def distances_of_photographs(lips: pa.Table, *, model: Path, threads: int) -> pa.Table:
    """Table DISTANCES of a bucket's stills; frames of clips are passed over. `model`: safetensors file."""
    stills = lips.filter(pc.is_null(lips["clip_id"]))
    return distances_of_lips(stills, _network(model, model.stat().st_mtime_ns), threads=threads)


@lru_cache(maxsize=1)
def _network(model: Path, changed: int) -> SiameseNetwork:
    """The network, opened once for many buckets; opened again when the file has `changed`."""
    return load_network(model).to(runtime.device())


def in_views(
    left: bytes, right: bytes, network: SiameseNetwork, *, views: Sequence[View], mirrored: str, threads: int
) -> list[float]:
    """D of one photograph's halves (PNG bytes as in LIPS) in each view."""
    pictures = half_pictures.decoded([left, right], size=network.architecture.input_size, threads=1)
    with runtime.settled(threads=threads, seed=0):
        found = over_views([network], pictures[1:], pictures[:1], views=views, mirrored=mirrored)
    return [float(value) for value in found[:, 0]]


def distance_of_halves(left: bytes, right: bytes, network: SiameseNetwork, *, threads: int) -> float:
    """D of one photograph's halves (PNG bytes as in LIPS): what `distances_of_photographs` would say of it."""
    pictures = half_pictures.decoded([left, right], size=network.architecture.input_size, threads=1)
    with runtime.settled(threads=threads, seed=0):
        embeddings = embedded(network, pictures)
    return float(between(embeddings[:1], embeddings[1:])[0])
