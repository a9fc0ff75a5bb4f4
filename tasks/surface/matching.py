"""Which features of two photographs show the same place, and which features of a photograph lie on the head.

In: features of photographs. Out: pairs of their numbers. The head is known where a face was found; from there it is
followed to photographs in which none was (profiles), through the features that match: what lies elsewhere, a wall, a
window, shoulders that do not turn with the head, is left out.
"""

from collections.abc import Mapping

import numpy as np

from tasks.params.surface import SurfaceCameras
from tasks.surface.features import Features

UNIT = 512.0
"""Length of a descriptor as COLMAP stores it."""

HEAD = np.array([-0.45, -0.75, 0.45, 0.35])
"""By which a face's box (brows to chin, cheek to cheek) is widened to the head's, of its size."""

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
    there, back = _nearest(alike, settings.ratio), _nearest(alike.T, settings.ratio)
    own = np.flatnonzero(there >= 0)
    return np.asarray(np.column_stack([own, there[own]])[back[there[own]] == own])


def _nearest(alike: np.ndarray, ratio: float) -> np.ndarray:
    """The most alike column of each row, (N,); -1 where the second is nearly as alike."""
    best = alike.argmax(axis=1)
    rows = np.arange(len(alike))
    first = alike[rows, best]
    others = alike.copy()
    others[rows, best] = 0
    second = others.max(axis=1)
    angles = np.arccos(np.minimum(np.stack([first, second]) / UNIT**2, 1.0))
    return np.where(angles[0] < ratio * angles[1], best, -1)


def all_matches(seen: Mapping[str, Features], *, settings: SurfaceCameras) -> dict[tuple[str, str], np.ndarray]:
    """Matches of every pair, names in order. One pair's takes some ten milliseconds and does not know the others."""
    names = sorted(seen)
    return {
        (one, other): matches_of(seen[one], seen[other], settings=settings)
        for number, one in enumerate(names)
        for other in names[number + 1 :]
    }


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
    """A pair's matches: numbers in `one` and in `other`."""
    if one < other:
        return pairs[one, other][:, 0], pairs[one, other][:, 1]
    return pairs[other, one][:, 1], pairs[other, one][:, 0]
