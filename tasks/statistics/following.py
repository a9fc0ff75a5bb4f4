"""How much scores follow what they must not follow: Spearman's rho, plainly or within bands of severity.

In: scores and traits (numbers, or 1 in a group and 0 outside it) and perhaps a severity, each by image_id, and whose
the images are. Out: rho of every score with every trait, with an interval over people, and what it stands for beside a
limit. Rho with a group's 0 and 1 is a rank statistic of two samples in the same unit. The people are drawn once for all
pairs. Knows nothing of what is measured.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from tasks.base.words import counted
from tasks.params.evaluation import Evaluate
from tasks.statistics.bootstrap import Estimate, bootstrap, from_draws, midranks, missing, pearson

Standing = Literal["follows", "perhaps", "within", "unknown"]
"""`follows`: above the limit, and the interval excludes zero; `perhaps`: above it, by chance perhaps."""
SMALLEST_BAND = 10
"""Photographs below which a band says nothing: there are fewer bands then."""
MOST_BYTES = 2**28
"""Of resamples' ranks that are kept for the next pair."""


class _Pair(NamedTuple):
    """A score and a trait of the images that have both: their places among all images, by band, and their values."""

    score: str
    trait: str
    bands: Sequence[np.ndarray]  # of places
    x: np.ndarray  # (images,) of all, NaN where not known
    y: np.ndarray
    n_images: int
    n_subjects: int

    def rho(self, ranked: "_Ranked") -> np.ndarray:  # (B,)
        """Spearman's rho within each band, averaged by the bands' sizes."""
        found = []
        for own in self.bands:
            x, y = ranked.of(f"score {self.score}", self.x, own), ranked.of(f"trait {self.trait}", self.y, own)
            found.append((pearson(ranked.weights(own), x, y), ranked.weights(own).sum(1)))
        rhos = np.stack([rho for rho, _ in found])
        sizes = np.stack([size for _, size in found]) * np.isfinite(rhos)
        total = sizes.sum(0)
        mean: np.ndarray = np.where(total > 0, (np.nan_to_num(rhos) * sizes).sum(0) / np.maximum(total, 1), np.nan)
        return mean


class _Ranked:
    """Resamples (B, images): the weights and mid-ranks of bands, each made once for all pairs that have them."""

    def __init__(self, weights: np.ndarray) -> None:
        self._whole = weights
        self._weights: dict[bytes, np.ndarray] = {}
        self._ranks: dict[tuple[str, bytes], np.ndarray] = {}

    def weights(self, band: np.ndarray) -> np.ndarray:
        """Of the images of a band."""
        name = band.tobytes()
        if name not in self._weights:
            self._weights[name] = self._whole[:, band]
        return self._weights[name]

    def of(self, name: str, values: np.ndarray, band: np.ndarray) -> np.ndarray:
        """Mid-ranks of values within a band; `name` tells values apart."""
        place = name, band.tobytes()
        if sum(kept.nbytes for kept in (*self._ranks.values(), *self._weights.values())) > MOST_BYTES:
            self._ranks.clear()
            self._weights.clear()
        if place not in self._ranks:
            self._ranks[place] = midranks(self.weights(band), values[band])
        return self._ranks[place]


def following(
    scores: pd.DataFrame,  # image_id by score; null where unknown
    traits: pd.DataFrame,  # image_id by trait; null where unknown
    subjects: pd.Series,  # by image_id
    settings: Evaluate,
    *,
    least: int,
    severity: pd.Series | None = None,
    bands: int = 1,
) -> dict[str, dict[str, Estimate]]:
    """[trait][score]: Spearman's rho. `least`: fewest people; of a trait of 0 and 1, on either side.

    With a severity: within bands of equally many photographs of like severity, ten at least, averaged by their sizes.
    Images without one are left out.
    """
    images = scores.index.intersection(traits.index)
    images = images if severity is None else images.intersection(severity.dropna().index)
    images = images.sort_values()
    whose = subjects.reindex(images).to_numpy(str)
    order = np.arange(len(images)) if severity is None else severity.reindex(images).to_numpy(float)
    found: dict[str, dict[str, Estimate]] = {str(trait): {} for trait in traits.columns}
    pairs: list[_Pair] = []
    for trait in traits.columns:
        y = traits[trait].reindex(images).to_numpy(float)
        for score in scores.columns:
            x = scores[score].reindex(images).to_numpy(float)
            known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
            if refused := _refused(whose[known], x[known], y[known], least):
                found[str(trait)][str(score)] = refused
                continue
            ranked = known[np.argsort(order[known], kind="stable")]
            parts = np.array_split(ranked, max(1, min(bands, len(ranked) // SMALLEST_BAND)))
            people = len(np.unique(whose[known]))
            pairs.append(_Pair(str(score), str(trait), parts, x, y, len(known), people))
    if pairs:
        for pair, own in zip(pairs, _estimates(pairs, whose, settings), strict=True):
            found[pair.trait][pair.score] = own
    return found


def _estimates(pairs: Sequence[_Pair], whose: np.ndarray, settings: Evaluate) -> list[Estimate]:
    """Every pair's rho with its interval."""

    def every(weights: np.ndarray) -> np.ndarray:  # (B, images) -> (B, pairs)
        ranked = _Ranked(weights)
        return np.stack([pair.rho(ranked) for pair in pairs], axis=1)

    values = every(np.ones((1, len(whose))))[0]
    draws = bootstrap(every, whose, resamples=settings.resamples, seed=settings.seed)
    return [
        from_draws(
            float(value), own, confidence=settings.confidence, n_images=pair.n_images, n_subjects=pair.n_subjects
        )
        if np.isfinite(value)
        else missing("the same for every photograph of a band", n_images=pair.n_images, n_subjects=pair.n_subjects)
        for pair, value, own in zip(pairs, values, draws.T, strict=True)
    ]


def standing(found: Estimate, *, limit: float) -> Standing:
    """What an estimate stands for beside the limit of its size."""
    if found["value"] is None:
        return "unknown"
    if abs(found["value"]) <= limit:
        return "within"
    sure = found["low"] is not None and (found["low"] > 0 or found["high"] < 0)
    return "follows" if sure else "perhaps"


def _refused(whose: np.ndarray, x: np.ndarray, y: np.ndarray, least: int) -> Estimate | None:
    """Why there is no rho, where there is none."""
    size = {"n_images": len(x), "n_subjects": len(np.unique(whose))}
    if size["n_subjects"] < least:
        return missing(f"{counted(size['n_subjects'], 'person', 'people')}, {least} needed", **size)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return missing("one side is the same for every photograph", **size)
    if set(y) == {0.0, 1.0}:
        sides = [len(np.unique(whose[y == side])) for side in (1, 0)]
        if min(sides) < least:
            return missing(f"{sides[0]} people in the group and {sides[1]} outside it, {least} needed", **size)
    return None
