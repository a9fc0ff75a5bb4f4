"""How much of a face the generator cannot draw: the anomaly score, of every heatmap, processing and region.

In: aligned photographs, and what the generator drew of each at the adaptation steps that were kept. Out: tables
ANOMALY_SCORES (every combination at every step: 48 scores at step 0 and the published number of iterations) and
ANOMALY_MAPS (the headline heatmap with its pictures). Hayajneh et al., section 1.6, equation 6.
Knows nothing of raters, and nothing of how the pictures were found.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pyarrow as pa

from tasks.base import runtime
from tasks.base.images import PNG_LEVEL, encode_png
from tasks.errors import InputError
from tasks.faces.brightness import even
from tasks.faces.heatmaps import Name, heatmaps, processed
from tasks.faces.perceptual import Perceptual, load_perceptual
from tasks.faces.pictures import decode
from tasks.faces.regions import region_masks
from tasks.params.anomaly import AnomalyPerceptual, AnomalyScore
from tasks.schemas.anomaly import ANOMALY_MAPS, ANOMALY_SCORES, HEATMAPS, PROCESSINGS, REGIONS

NAMES = cast("tuple[Name, ...]", HEATMAPS)
FLOOR = 1e-16
"""The least norm a pixel that is told from none, so equal pictures score 36.84: at 1024 x 1024 one pixel that differs
by one 16-bit level in one channel is over it."""


def anomaly_score(
    heat: np.ndarray,  # (H, W) or (H, W, C) float, 0 or more
    mask: np.ndarray,  # (H, W) float 0..1
) -> float:
    """S, equation 6: -log(norm_per_pixel); higher is nearer. -log(FLOOR) = 36.84 for equal pictures."""
    return -math.log(max(norm_per_pixel(heat, mask), FLOOR))


def norm_per_pixel(heat: np.ndarray, mask: np.ndarray) -> float:
    """||heat inside the mask||_F / N, N the mask's sum. InputError where the mask is empty."""
    pixels = float(mask.sum(dtype=np.float64))
    if pixels == 0:
        raise InputError("a region to be scored lies outside the picture")
    weight = mask if heat.ndim == mask.ndim else mask[..., None]
    return float(np.linalg.norm((heat * weight).ravel())) / pixels


@dataclass(frozen=True)
class Photograph:
    """One aligned photograph and what was drawn of it."""

    row: Mapping[str, Any]  # of ALIGNED
    steps: tuple[int, ...]  # rising
    drawn: tuple[bytes | None, ...]  # 16-bit PNG by step
    reason: str | None

    @property
    def names(self) -> dict[str, Any]:
        """The columns by which every table names it."""
        return {name: self.row[name] for name in ("image_id", "subject_id", "population")}

    def compared(self, settings: AnomalyScore) -> tuple[np.ndarray, list[np.ndarray]]:
        """The pictures as they are compared: as they are, or with their brightness evened (`even`)."""
        original, drawn = self.pictures()
        if settings.brightness == "as_is":
            return original, drawn
        factor = even(original, self.masks(settings)["mouth"])
        return original * factor, [picture * factor for picture in drawn]

    def pictures(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """The photograph and what was drawn at each step, (H, W, 3) float RGB in [0, 1]. InputError: sizes differ."""
        original, drawn = decode(self.row["picture"]), [decode(png) for png in self.drawn if png is not None]
        for picture in drawn:
            if picture.shape != original.shape:
                raise InputError(f"drawn at {len(picture)} px a side, aligned at {len(original)}")
        return original, drawn

    def masks(self, settings: AnomalyScore) -> dict[str, np.ndarray]:
        """The regions, (H, W) float 0..1 each."""
        points = np.reshape(np.asarray(self.row["points"], float), (68, 2))
        side = len(decode(self.row["picture"]))
        return region_masks(points, side, soft_edge=settings.soft_edge)


def photographs(aligned: pa.Table, adaptations: pa.Table) -> Iterator[Photograph]:
    """The aligned photographs that ADAPTATIONS has rows of, by image_id; the order of rows does not matter."""
    of: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(adaptations.to_pylist(), key=lambda row: row["step"]):
        of.setdefault(row["image_id"], []).append(row)
    for row in sorted(aligned.to_pylist(), key=lambda row: str(row["image_id"])):
        if drawn := of.get(row["image_id"]):
            reasons = [row["reason"], *(each["reason"] for each in drawn)]
            yield Photograph(
                row=row,
                steps=tuple(each["step"] for each in drawn),
                drawn=tuple(each["picture"] for each in drawn),
                reason=next((reason for reason in reasons if reason is not None), None),
            )


def score_photographs(
    aligned: pa.Table,
    adaptations: pa.Table,
    *,
    weights: str,
    settings: AnomalyScore,
    perceptual: AnomalyPerceptual,
    iterations: int,
) -> pa.Table:
    """ANOMALY_SCORES of every step kept; a refused photograph has its reason at steps 0 and `iterations`.

    `weights`: the folder of weights; `iterations`: the step that the paper scores (AnomalyAdapt.iterations).
    """
    rows: list[dict[str, Any]] = []
    with runtime.settled(threads=settings.threads, seed=0):
        network = _network(weights, perceptual)
        for photograph in photographs(aligned, adaptations):
            rows += _score_rows(photograph, network, settings, iterations)
    return ANOMALY_SCORES.table(rows)


def _score_rows(
    photograph: Photograph, network: Perceptual, settings: AnomalyScore, iterations: int
) -> list[dict[str, Any]]:
    reason = photograph.reason
    if reason is None:
        try:
            scores = scores_of(
                *photograph.compared(settings), photograph.masks(settings), network, erosion=settings.erosion
            )
        except InputError as error:
            reason = str(error)
    steps = photograph.steps if reason is None else tuple(sorted({0, iterations}))
    return [
        photograph.names
        | {"step": step, "heatmap": name, "processing": processing, "region": region, "reason": reason}
        | {"score": None if reason is not None else scores[name, processing, region][place]}
        for place, step in enumerate(steps)
        for name in HEATMAPS
        for processing in PROCESSINGS
        for region in REGIONS
    ]


def scores_of(
    original: np.ndarray,  # (H, W, 3) float RGB in [0, 1]
    drawn: Sequence[np.ndarray],  # the same, one per step
    masks: Mapping[str, np.ndarray],
    network: Perceptual,
    *,
    erosion: int,
) -> dict[tuple[str, str, str], list[float]]:
    """The scores of every step by (heatmap, processing, region). InputError where a mask is empty."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for processing in PROCESSINGS:
        a, *others = (_processed(picture, processing, erosion) for picture in (original, *drawn))
        for name in NAMES:
            heats = heatmaps(a, others, name=name, perceptual=network)
            for region in REGIONS:
                found[name, processing, region] = [anomaly_score(heat, masks[region]) for heat in heats]
    return found


def _processed(picture: np.ndarray, processing: str, erosion: int) -> np.ndarray:
    return processed(
        picture, ycbcr=processing in ("ycbcr", "both"), erosion=erosion if processing in ("erosion", "both") else None
    )


def map_photographs(
    aligned: pa.Table,
    inversions: pa.Table,
    adaptations: pa.Table,
    *,
    weights: str,
    settings: AnomalyScore,
    perceptual: AnomalyPerceptual,
    iterations: int,
) -> pa.Table:
    """ANOMALY_MAPS: pictures and headline heatmap at step `iterations`. InputError where that step was not kept."""
    curves = dict(zip(inversions["image_id"].to_pylist(), inversions["curve"].to_pylist(), strict=True))
    rows = []
    with runtime.settled(threads=settings.threads, seed=0):
        network = _network(weights, perceptual)
        for photograph in photographs(aligned, adaptations):
            known = {name: photograph.row[name] for name in ("picture", "to_original")}
            known |= photograph.names | {"curve": curves.get(photograph.row["image_id"]), "reason": photograph.reason}
            rows.append(known | (_mapped(photograph, network, settings, iterations) if not photograph.reason else {}))
    return ANOMALY_MAPS.table(rows)


def _mapped(photograph: Photograph, network: Perceptual, settings: AnomalyScore, iterations: int) -> dict[str, Any]:
    if iterations not in photograph.steps:
        raise InputError(
            f"adaptation kept the steps {photograph.steps}; the heatmap's, {iterations}, is not among them"
        )
    try:
        _, drawn = photograph.pictures()
        original, compared = photograph.compared(settings)
        mask = photograph.masks(settings)[settings.region]
        a, *others = (_processed(each, settings.processing, settings.erosion) for each in (original, *compared))
        heats = heatmaps(a, others, name=settings.heatmap, perceptual=network)
        norms = [norm_per_pixel(heat, mask) for heat in heats]
    except InputError as error:
        return {"reason": str(error)}
    at = photograph.steps.index(iterations)
    heat, high = _heat_png(heats[at] * mask)
    return {
        "inverted": _shown(drawn[0]),
        "normalised": _shown(drawn[at]),
        "heat": heat,
        "heat_high": high,
        "steps_to_half": steps_to_half(photograph.steps, norms),
    }


def steps_to_half(steps: Sequence[int], norms: Sequence[float]) -> float | None:
    """The first step at which the norm has fallen to half its value at the first one, linear between steps kept.

    None where it does not come to that, or was 0 from the start.
    """
    half = norms[0] / 2
    for place in range(1, len(steps)):
        before, now = norms[place - 1], norms[place]
        if now <= half < before:
            return steps[place - 1] + (steps[place] - steps[place - 1]) * (before - half) / (before - now)
    return None


def _heat_png(heat: np.ndarray) -> tuple[bytes, float]:
    """A heatmap as 16-bit PNG whose white is its highest value, and that value."""
    high = float(heat.max())
    deep = np.rint(heat / (high or 1.0) * 65535).astype(np.uint16)
    done, data = cv2.imencode(".png", deep, [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    if not done:
        raise ValueError(f"no PNG can be made of an array {deep.shape}")
    return bytes(data), high


def _shown(picture: np.ndarray) -> bytes:
    """(H, W, 3) float RGB in [0, 1] as 8-bit PNG, to look at."""
    return encode_png(np.rint(picture * 255).astype(np.uint8))


@lru_cache(maxsize=1)
def _network(weights: str, perceptual: AnomalyPerceptual) -> Perceptual:
    """LPIPS, opened once for many buckets."""
    return load_perceptual(perceptual, Path(weights)).to(runtime.device())
