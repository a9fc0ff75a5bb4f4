"""How far a filling is from the photograph, and how near to the same person without the cleft (Chen et al., III.B).

In: FILLINGS rows; of patients before repair the same person's face without the cleft, or after repair, in the same
crop. Out: one row of distances per photograph; rows of nearness per patient and method, the photograph itself and
OpenCV's inpainting among the methods. All is measured under the mask. The heatmaps are those of
tasks.faces.heatmaps, which other systems use too. Knows nothing of how faces are found.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.base import runtime
from tasks.base.images import decode_png
from tasks.faces.brightness import even
from tasks.faces.heatmaps import heatmaps, processed
from tasks.faces.perceptual import Perceptual, load_perceptual
from tasks.inpainting.baselines import opencv_filled
from tasks.inpainting.quality import decibels
from tasks.params.faces import PerceptualNet
from tasks.schemas.inpainting import AFTER_METHODS, FILLING_DISTANCES, HEATMAPS, NEARNESS

WHITE = 255.0


def measure_distances(
    fillings: pa.Table, *, perceptual: PerceptualNet, weights: str, threads: int, brightness: str
) -> pa.Table:
    """FILLING_DISTANCES of a bucket: each photograph against its first filling. `brightness`: as_is or evened."""
    with runtime.settled(threads=threads, seed=0):
        network = load_perceptual(perceptual, Path(weights)).to(runtime.device())
        rows = [row for row in fillings.to_pylist() if row["proposal"] == 0]
        return FILLING_DISTANCES.table([_distances(row, network, brightness) for row in rows])


def _distances(row: Mapping[str, Any], network: Perceptual, brightness: str) -> dict[str, Any]:
    names = {name: row[name] for name in ("image_id", "subject_id", "population", "reason")}
    if row["reason"] is not None:
        return names
    photograph, filled, mask = _pictures(row)
    factor = even(photograph / WHITE, mask.astype(float)) if brightness == "evened" else 1.0
    heats = _heat(factor * photograph, [factor * filled], network, HEATMAPS)[0]
    return names | {name: float(heat[mask].mean()) for name, heat in heats.items()}


def measure_nearness(
    fillings: pa.Table, after: pa.Table, *, perceptual: PerceptualNet, weights: str, threads: int
) -> pa.Table:
    """NEARNESS of a bucket's patients before repair whose face without the cleft is known."""
    with runtime.settled(threads=threads, seed=0):
        network = load_perceptual(perceptual, Path(weights)).to(runtime.device())
        known = {row["image_id"]: row for row in after.to_pylist()}
        rows = [row for row in fillings.to_pylist() if row["proposal"] == 0 and row["image_id"] in known]
        return NEARNESS.table([made for row in rows for made in _nearness(row, known[row["image_id"]], network)])


def _nearness(row: Mapping[str, Any], known: Mapping[str, Any], network: Perceptual) -> Iterator[dict[str, Any]]:
    names = {name: row[name] for name in ("image_id", "subject_id", "reason")} | {"against": known["against"]}
    if row["reason"] is not None:
        yield from (names | {"method": method} for method in AFTER_METHODS)
        return
    photograph, filled, mask = _pictures(row)
    truth = decode_png(known["picture"])
    made = {"input": photograph, "network": filled}
    made |= {name: opencv_filled(photograph, mask, name) for name in ("telea", "ns")}
    heats = _heat(truth, list(made.values()), network, ("lpips",))
    for (method, picture), heat in zip(made.items(), heats, strict=True):
        yield names | {
            "method": method,
            "psnr": psnr(truth[mask], picture[mask]),
            "lpips": float(heat["lpips"][mask].mean()),
        }


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Of two arrays of grey levels 0..255, decibels, at most `ALIKE` (tasks.schemas)."""
    return decibels(float(np.square((a.astype(float) - b.astype(float)) / WHITE).mean()), share=1.0)


def _pictures(row: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The photograph and the filling, (S, S, 3) uint8, and the mask, (S, S) bool."""
    photograph, filled, mask = (decode_png(row[name]) for name in ("photograph", "filled", "mask"))
    return photograph, filled, mask[..., 0] > 0


def _heat(
    one: np.ndarray, others: list[np.ndarray], network: Perceptual, names: tuple[str, ...]
) -> list[dict[str, np.ndarray]]:
    """Each other picture's heatmaps by name, (S, S), no erosion, RGB."""
    a, rest = (processed(one / WHITE, ycbcr=False, erosion=None), [other / WHITE for other in others])
    found: list[dict[str, np.ndarray]] = [{} for _ in others]
    for name in names:
        for own, heat in zip(found, heatmaps(a, rest, name=name, perceptual=network), strict=True):  # type: ignore[arg-type]
            own[name] = heat
    return found
