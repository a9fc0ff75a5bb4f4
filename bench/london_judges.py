"""The judges that bench/london.py tries: one network as the pipeline trains it, or several, each of other people.

In: faces as warped for training, and the numbers. Out: networks, their views and a threshold, as one `Judge`. With one
network the threshold comes from the validation pairs, as in the pipeline, and so with several of the same people. With
several that are cross-fitted, whoever is no test person is left out by one of them; a threshold then rests on
everybody's D as told by the network that has not seen them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from pydantic import Field

from bench.london_faces import Numbers
from tasks.params import Block
from tasks.statistics.grading import choose_threshold
from tasks.symmetry import distances, halves, pairs, training
from tasks.symmetry.network import SiameseNetwork, load_network
from tasks.symmetry.views import View


class Judging(Block):
    """How D and its threshold come about in bench/london.py."""

    networks: int = Field(ge=1, description="trained apart; D is the mean")
    cross_fitted: bool = Field(description="each without other people, so that a threshold rests on all of them")
    views: list[View] = Field(min_length=1, description="D is the mean over them (tasks.symmetry.views)")
    shaken: list[View] = Field(min_length=1, description="views of the interval, as `score.views`")
    flagged: float | None = Field(ge=0, lt=1, description="share of untouched faces above the threshold; null: best")


@dataclass(frozen=True)
class Judge:
    """What gives D, and from where on a face is flagged."""

    networks: Sequence[SiameseNetwork]
    views: Sequence[View]
    mirrored: str
    threshold: float

    def measure(self, right: np.ndarray, left: np.ndarray) -> np.ndarray:
        """D (N,): the mean over networks and views."""
        found = distances.over_views(self.networks, right, left, views=self.views, mirrored=self.mirrored)
        return np.asarray(found.mean(axis=0))

    def in_views(self, right: np.ndarray, left: np.ndarray, views: Sequence[View]) -> np.ndarray:
        """D (views, N): the mean over networks."""
        found = distances.over_views(self.networks, right, left, views=views, mirrored=self.mirrored)
        return np.asarray(found.reshape(len(self.networks), len(views), -1).mean(axis=0))


@dataclass(frozen=True)
class Taught:
    """A judge, whom it learned from, and its own pairs."""

    judge: Judge
    split: dict[str, str]
    pairs: halves.PairedHalves
    kinds: np.ndarray
    steps: float


def teach(made: Sequence[pa.Table], *, seed: int, numbers: Numbers, judging: Judging, weights: Path) -> Taught:
    """Split the people by the seed, train, choose the threshold."""
    rows = (row for part in made for row in part.to_pylist())
    table = pairs.clp_pairs(rows, settings=numbers.pairs.model_copy(update={"seed": seed}))
    settings = numbers.train.model_copy(update={"seed": seed})
    paired = halves.paired(table, made, size=settings.input_size, threads=settings.threads)
    subjects = np.array(table["subject_id"].to_pylist())
    kinds = np.array(table["kind"].to_pylist())
    networks, steps = [], []
    own = np.full((judging.networks, len(subjects)), np.nan)
    views, mirrored = judging.views, numbers.lips.mirrored_half
    for number, split in enumerate(_splits(paired.split, subjects, judging)):
        parts = replace(paired, split=split)
        ours = settings.model_copy(update={"seed": 1000 * number + seed})
        trained = training.train(parts, settings=ours, weights_folder=weights, checkpoint=None, provenance={})
        networks.append(load_network(trained.weights))
        steps.append(trained.best_step)
        unseen = parts.where("validation")
        right, left = paired.halves[paired.right[unseen]], paired.halves[paired.left[unseen]]
        own[number, unseen] = distances.over_views(networks[-1:], right, left, views=views, mirrored=mirrored).mean(
            axis=0
        )
    threshold = _threshold(_mean(own), paired.label, kinds, judging.flagged)
    judge = Judge(networks, views, mirrored, threshold)
    return Taught(judge, dict(zip(subjects, paired.split, strict=True)), paired, kinds, float(np.mean(steps)))


def _mean(own: np.ndarray) -> np.ndarray:
    """(networks, P) -> (P,): the mean of those networks that have not seen a pair's person; NaN where all have."""
    known = np.isfinite(own)
    count = known.sum(axis=0)
    return np.where(count, np.where(known, own, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _splits(split: np.ndarray, subjects: np.ndarray, judging: Judging) -> list[np.ndarray]:
    """For each network the split of every pair: as it is, or cross-fitted: each person is one network's validation."""
    networks = judging.networks
    if networks == 1 or not judging.cross_fitted:
        return [split] * networks
    people = list(dict.fromkeys(subjects[split != "test"]))
    fold = {person: number % networks for number, person in enumerate(sorted(people))}
    left_out = np.array([fold.get(subject, -1) for subject in subjects])
    return [
        np.where(split == "test", "test", np.where(left_out == number, "validation", "train"))
        for number in range(networks)
    ]


def _threshold(own: np.ndarray, label: np.ndarray, kinds: np.ndarray, flagged: float | None) -> float:
    """The best one on the pairs of people a network has not seen, or the one that flags a share of untouched faces."""
    known = np.isfinite(own)
    if flagged is None:
        return choose_threshold(own[known], label[known])
    return float(np.quantile(own[known & (kinds == "untouched")], 1 - flagged))
