"""Which features of two photographs show the same place, and which features of a photograph lie on the head.

In: features of photographs. Out: pairs of their numbers. In a large set each photograph is matched with those alone
that show most of the same, so that seconds grow with the number of photographs and not with its square. The head is
known where a face was found; from there it is followed to photographs in which none was (profiles), through the
features that match: what lies elsewhere, a wall, a window, shoulders that do not turn with the head, is left out.
"""

import itertools
from collections.abc import Mapping

import numpy as np

from tasks.params.surface import SurfaceCameras
from tasks.surface.cameras.features import Features

UNIT = 512.0
"""Length of a descriptor as COLMAP stores it."""

HEAD = np.array([-0.45, -0.75, 0.45, 0.35])
"""By which a face's box (brows to chin, cheek to cheek) is widened to the head's, of its size."""

LARGEST, BESIDE, STILL = 500, 1, 0.004
"""In a large set: features by which photographs are held to be alike; how far apart in order of names they are matched
anyhow; of the picture's sides, how far a feature must have moved to count."""

LEAST_SEEDS = 8
"""Matches with what lies on the head, by which the head is found in the next photograph."""

Pairs = Mapping[tuple[str, str], np.ndarray]
"""(M, 2) int of each pair of names: the number of a feature in the first and in the second."""


def matches_of(first: Features, second: Features, *, settings: SurfaceCameras) -> np.ndarray:
    """Features that are each other's nearest, and nearer than the second nearest by `ratio`: (M, 2) int.

    Integers in float32 below 2 ** 24 add up exactly, so no order of summing changes a bit.
    """
    if not len(first.descriptors) or not len(second.descriptors):
        return np.zeros((0, 2), np.int64)
    alike = first.descriptors.astype(np.float32) @ second.descriptors.astype(np.float32).T
    rows, columns = np.arange(len(alike)), alike.argmax(axis=1)
    best = alike[rows, columns]
    mutual = best == alike.max(axis=0)[columns]
    mutual &= (np.bincount(columns[mutual], minlength=alike.shape[1]) == 1)[columns]  # of equals neither is nearer
    alike[rows, columns] = 0
    kept = mutual & _nearer(best, alike.max(axis=1), settings.ratio)
    alike[rows[~mutual], columns[~mutual]] = best[~mutual]
    kept &= _nearer(best, alike.max(axis=0)[columns], settings.ratio)
    return np.asarray(np.column_stack([rows, columns])[kept])


def _nearer(best: np.ndarray, second: np.ndarray, ratio: float) -> np.ndarray:
    """Where the best is nearer than the second best by `ratio`, both as cosines times UNIT squared."""
    angles = np.arccos(np.minimum(np.stack([best, second]) / UNIT**2, 1.0))
    return np.asarray(angles[0] < ratio * angles[1])


def all_matches(seen: Mapping[str, Features], *, settings: SurfaceCameras) -> dict[tuple[str, str], np.ndarray]:
    """Matches of the pairs that are worth it (`pairs_of`), names in order. One pair's takes some 0.1 s."""
    return {
        (one, other): matches_of(seen[one], seen[other], settings=settings)
        for one, other in pairs_of(seen, settings=settings)
    }


def pairs_of(seen: Mapping[str, Features], *, settings: SurfaceCameras) -> list[tuple[str, str]]:
    """Every pair of a set of up to `all_pairs` photographs. In a larger one each photograph goes with `partners`.

    Those are the ones with which most of its largest features match, and its neighbours in order of names. A match that
    stays in its place does not count: a wall before which the head turns would make all photographs alike.
    """
    names = sorted(seen)
    every = list(itertools.combinations(names, 2))
    if len(names) <= settings.all_pairs:
        return every
    largest = {name: _largest(seen[name]) for name in names}
    alike = np.zeros((len(names), len(names)))
    for (one, first), (two, second) in itertools.combinations(enumerate(names), 2):
        alike[one, two] = alike[two, one] = _alike(largest[first], largest[second], settings)
    beside = np.abs(np.subtract.outer(np.arange(len(names)), np.arange(len(names))))
    alike += np.where(beside <= BESIDE, LARGEST, 0)
    taken = np.zeros(alike.shape, bool)
    for one, row in enumerate(alike):
        best = [other for other in np.argsort(-row, kind="stable") if other != one][: settings.partners]
        taken[one, best] = taken[best, one] = True
    return [pair for pair in every if taken[names.index(pair[0]), names.index(pair[1])]]


def _largest(features: Features) -> Features:
    """The largest features of a photograph alone."""
    best = np.argsort(-features.keypoints[:, 2], kind="stable")[:LARGEST]
    return features._replace(keypoints=features.keypoints[best], descriptors=features.descriptors[best])


def _alike(one: Features, other: Features, settings: SurfaceCameras) -> int:
    """How many features match and lie elsewhere in the other photograph."""
    matches = matches_of(one, other, settings=settings)
    sizes = np.array([[one.width, one.height], [other.width, other.height]], float)
    there = [features.keypoints[matches[:, side], :2] / sizes[side] for side, features in enumerate((one, other))]
    return int((np.linalg.norm(there[0] - there[1], axis=1) > STILL).sum())


def heads(seen: Mapping[str, Features], pairs: Pairs) -> dict[str, np.ndarray]:
    """The head's box (4,) px in every photograph in which it is found; empty where no face was found in any."""
    boxes = {name: head_of(features.face) for name, features in seen.items() if features.face is not None}
    waiting = sorted(set(seen) - set(boxes))
    while boxes and waiting:
        seeds = {name: _seeds(name, seen, pairs, boxes) for name in waiting}
        best = max(waiting, key=lambda name: len(seeds[name]))
        if len(seeds[best]) < LEAST_SEEDS:
            break
        boxes[best] = _followed(seeds[best])
        waiting.remove(best)
    return boxes


def head_of(face: np.ndarray) -> np.ndarray:
    """The head's box about a face's, (4,) px."""
    size = np.tile(face[2:] - face[:2], 2)
    return np.asarray(face + HEAD * size)


def within(features: Features, box: np.ndarray | None) -> np.ndarray:
    """Which features lie in the box, (N,) bool; all where there is none."""
    if box is None:
        return np.ones(len(features.keypoints), bool)
    at = features.keypoints[:, :2]
    return np.asarray(((at >= box[:2]) & (at <= box[2:])).all(axis=1))


def _seeds(name: str, seen: Mapping[str, Features], pairs: Pairs, boxes: Mapping[str, np.ndarray]) -> np.ndarray:
    """Where matches with other photographs' heads lie in this one, and the head's size there: (S, 4) x, y, w, h."""
    found = [np.zeros((0, 4))]
    for other, box in boxes.items():
        own, theirs = _ordered(pairs, name, other)
        on = within(seen[other], box)[theirs]
        here, there = seen[name].keypoints[own[on]], seen[other].keypoints[theirs[on]]
        larger = float(np.median(here[:, 2] / there[:, 2])) if len(here) else 1.0
        found.append(np.column_stack([here[:, :2], np.tile((box[2:] - box[:2]) * larger, (len(here), 1))]))
    return np.concatenate(found)


def _followed(seeds: np.ndarray) -> np.ndarray:
    centre, size = np.median(seeds[:, :2], axis=0), np.median(seeds[:, 2:], axis=0)
    return np.concatenate([centre - size / 2, centre + size / 2])


def _ordered(pairs: Pairs, one: str, other: str) -> tuple[np.ndarray, np.ndarray]:
    """A pair's matches: numbers in `one` and in `other`; none where the two were not matched."""
    if (one, other) in pairs:
        return pairs[one, other][:, 0], pairs[one, other][:, 1]
    matches = pairs.get((other, one), np.zeros((0, 2), np.int64))
    return matches[:, 1], matches[:, 0]
