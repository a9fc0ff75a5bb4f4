"""What photographs of a set share: pairs that match, how the camera turned between them, points that several show.

In: shots. Out: by pair the matched places that one rigid scene explains, and the rotation between the two; tracks, that
is, points with the photographs that show them. Places that did not move between two photographs belong to a wall
behind a turned chair, or to dirt on the lens, and count for nothing. Knows nothing of faces.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np

from tasks.params.capture import Capture
from tasks.surface.capture.shot import Shot

RATIO = 0.8
"""Of a match's distance to the second-best one's (Lowe 2004)."""
SAME = 0.004
"""Of the longer side: a place that moved less stands still."""
SURE = 0.999
Pair = tuple[int, int]


@dataclass(frozen=True)
class Match:
    """Of two photographs: the numbers of the places that belong together, and the turn from the first to the second."""

    one: np.ndarray  # (m,) int
    other: np.ndarray  # (m,) int
    rotation: np.ndarray  # (3, 3), from the first camera's axes to the second's

    @property
    def angle(self) -> float:
        """Degrees by which the camera turned."""
        return angle_of(self.rotation)


def angle_of(rotation: np.ndarray) -> float:
    """Degrees of a rotation (3, 3)."""
    return float(np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))))


def matches(
    shots: Sequence[Shot],
    focals: Sequence[float],  # px of each shot's picture
    *,
    settings: Capture,
    progress: Callable[[Sequence[Pair]], Iterable[Pair]],
) -> dict[Pair, Match]:
    """The pairs that match. `progress` goes round the loop over pairs."""
    found: dict[Pair, Match] = {}
    usable = [number for number, shot in enumerate(shots) if shot.reason is None]
    for one, other in progress(list(combinations(usable, 2))):
        pairs = _nearest(shots[one], shots[other], settings)
        if len(pairs) < settings.least_matches:
            continue
        match = _rigid(shots[one], shots[other], pairs, (focals[one], focals[other]), settings)
        if match is not None:
            found[one, other] = match
    return found


def turned_anew(
    shots: Sequence[Shot], found: Mapping[Pair, Match], focals: Sequence[float], *, settings: Capture
) -> dict[Pair, Match]:
    """The same pairs with other focal lengths: only the turns, and who fits, change."""
    anew = {}
    for (one, other), match in found.items():
        pairs = np.column_stack([match.one, match.other])
        again = _rigid(shots[one], shots[other], pairs, (focals[one], focals[other]), settings)
        if again is not None:
            anew[one, other] = again
    return anew


def _nearest(one: Shot, other: Shot, settings: Capture) -> np.ndarray:
    """Numbers of places, (m, 2), that are each other's nearest by far and did not stand still."""
    if min(len(one.places), len(other.places)) < settings.least_matches:
        return np.empty((0, 2), int)
    alike = one.features @ other.features.T
    best = alike.argmax(axis=1)
    rows = np.arange(len(best))
    first = alike[rows, best]
    alike[rows, best] = -1
    second = alike.max(axis=1)
    alike[rows, best] = first
    mutual = alike.argmax(axis=0)[best] == rows
    clear = (1 - first) < RATIO**2 * (1 - second)  # squared distances of vectors of length 1 are 2 (1 - cosine)
    moved = np.linalg.norm(one.places - other.places[best], axis=1) > SAME * settings.side
    return np.asarray(np.column_stack([rows, best])[mutual & clear & moved])


def _rigid(one: Shot, other: Shot, pairs: np.ndarray, focals: tuple[float, float], settings: Capture) -> Match | None:
    """The match by the essential matrix that most pairs fit; None where too few do."""
    rays = [_rays(shot, pairs[:, side], focals[side]) for side, shot in enumerate((one, other))]
    limit = settings.error / float(np.mean(focals))
    cv2.setRNGSeed(0)
    essential, fits = cv2.findEssentialMat(rays[0], rays[1], np.eye(3), cv2.USAC_MAGSAC, SURE, limit)
    if essential is None or essential.shape != (3, 3) or np.count_nonzero(fits) < settings.least_matches:
        return None
    number, rotation, _, fits = cv2.recoverPose(essential, rays[0], rays[1], np.eye(3), mask=fits)
    if number < settings.least_matches:
        return None
    kept = pairs[fits.ravel() > 0]
    return Match(kept[:, 0], kept[:, 1], rotation)


def _rays(shot: Shot, numbers: np.ndarray, focal: float) -> np.ndarray:
    middle = (np.array(shot.size) * shot.scale - 1) / 2
    return np.ascontiguousarray((shot.places[numbers] - middle) / focal)


def tracks(found: Mapping[Pair, Match]) -> list[frozenset[int]]:
    """The photographs of every point that three or more show; a point twice in one photograph is none."""
    parent: dict[Pair, Pair] = {}

    def root(node: Pair) -> Pair:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for (one, other), match in found.items():
        for a, b in zip(match.one.tolist(), match.other.tolist(), strict=True):
            parent[root((one, a))] = root((other, b))
    points: dict[Pair, list[int]] = {}
    for node in list(parent):
        points.setdefault(root(node), []).append(node[0])
    return [frozenset(own) for own in points.values() if 3 <= len(own) == len(set(own))]


def held(number: int, points: Sequence[frozenset[int]], found: Mapping[Pair, Match], *, settings: Capture) -> set[int]:
    """The largest group of `number` photographs that would find together, as structure from motion puts them together.

    From two that match, one after the other comes in that shows `least_shared` points or more which two of those that
    are in show, too. On renders this is the group that COLMAP registers (docs/capture.md).
    """
    seeds = sorted(found, key=lambda pair: -len(found[pair].one))
    best: set[int] = set()
    for seed in seeds:
        if not set(seed) <= best:
            best = max(best, _grown(set(seed), number, points, settings.least_shared), key=len)
    return best


def _grown(group: set[int], number: int, points: Sequence[frozenset[int]], least: int) -> set[int]:
    while len(group) < number:
        shared = dict.fromkeys(set(range(number)) - group, 0)
        for point in points:
            if len(point & group) >= 2:
                for one in point - group:
                    shared[one] += 1
        best = max(shared, key=lambda one: shared[one])
        if shared[best] < least:
            break
        group.add(best)
    return group
