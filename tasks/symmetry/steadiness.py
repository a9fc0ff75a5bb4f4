"""D of photographs, and how much small changes of crop and light change it.

In: halves as they were cut, a network. Out: the table DISTANCES, in which `change` is the root mean square of what the
views (tasks.symmetry.views) change of D. Beyond the paper. A photograph's numbers depend on that photograph alone, bit
for bit, and are those that `vermilion score` finds. Knows no threshold: not which change is too much.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel

from tasks.base import runtime
from tasks.schemas.symmetry import DISTANCES
from tasks.symmetry import halves
from tasks.symmetry.distances import distances_of_photographs, over_views
from tasks.symmetry.network import SiameseNetwork, load_network
from tasks.symmetry.views import View

TOGETHER = 16
"""Photographs whose views are held at a time; it changes no number."""


class Seen(BaseModel, frozen=True):
    """The `views` that a photograph is seen in, and the half that is `mirrored` ("left", "right" or "none")."""

    views: list[View]
    mirrored: str


def steadiness_of_photographs(lips: pa.Table, *, model: Path, seen: Seen, threads: int) -> pa.Table:
    """Table DISTANCES of a bucket's stills (LIPS); frames of clips are passed over. `model`: safetensors file.

    Without views `change` is null.
    """
    table = distances_of_photographs(lips, model=model, threads=threads)
    if not seen.views:
        return table
    network = _network(model, model.stat().st_mtime_ns)
    rows = {row["image_id"]: row for row in lips.filter(pc.is_null(lips["reason"])).to_pylist()}
    found: dict[str, float] = {}
    known = [row for row in table.to_pylist() if row["distance"] is not None]
    for start in range(0, len(known), TOGETHER):
        part = known[start : start + TOGETHER]
        pairs = [(rows[row["image_id"]]["left"], rows[row["image_id"]]["right"]) for row in part]
        as_cut = np.array([row["distance"] for row in part])
        changes = np.sqrt(np.mean((_in_views(pairs, network, seen, threads) - as_cut) ** 2, axis=0))
        found |= zip((row["image_id"] for row in part), changes.tolist(), strict=True)
    return DISTANCES.table(row | {"change": found.get(row["image_id"])} for row in table.to_pylist())


def _in_views(
    pairs: Sequence[tuple[bytes, bytes]],  # PNG of the left and the right half
    network: SiameseNetwork,
    seen: Seen,
    threads: int,
) -> np.ndarray:  # (views, len(pairs)) float64
    size = network.architecture.input_size
    left, right = (halves.decoded([pair[side] for pair in pairs], size=size, threads=threads) for side in (0, 1))
    with runtime.settled(threads=threads, seed=0):
        return over_views([network], right, left, views=seen.views, mirrored=seen.mirrored)


@lru_cache(maxsize=1)
def _network(model: Path, changed: int) -> SiameseNetwork:
    """The network, opened once for many buckets; opened again when the file has `changed`."""
    return load_network(model).to(runtime.device())
