"""Photographs of a large set are matched with those that show the same, whatever their names; equals match nothing."""

import numpy as np
import pytest

from tasks.surface.cameras.features import Features
from tasks.surface.cameras.matching import all_matches, heads, matches_of, pairs_of
from tests.surface.balls import SETTINGS

POINTS, SEEN, WALL = 900, 40.0, 200  # of an egg; degrees from the front of each within which it is seen; on a wall


def descriptors(count: int, seed: int) -> np.ndarray:  # (count, 128) uint8
    """Unlike each other."""
    found = np.abs(np.random.default_rng(seed).normal(size=(count, 128)))
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(np.rint(unit * 512).clip(0, 255).astype(np.uint8))


def photograph(yaw: float) -> Features:
    """Of a turning head's points, each in its own direction, before a wall that stays and whose points are larger."""
    random = np.random.default_rng(1)
    turns, heights = random.uniform(-120, 120, POINTS), random.uniform(100, 500, POINTS)
    shown = np.abs(turns - yaw) < SEEN
    own = np.column_stack([240 + 200 * np.sin(np.radians(turns - yaw)), heights])[shown]
    wall = np.random.default_rng(2).uniform(0, 480, (WALL, 2))
    scale = np.concatenate([np.full(len(own), 4.0), np.full(WALL, 9.0)])
    keypoints = np.column_stack([np.concatenate([own, wall]), scale, np.zeros(len(scale))]).astype(np.float32)
    told = np.concatenate([descriptors(POINTS, 3)[shown], descriptors(WALL, 4)])
    return Features(keypoints, told, 480, 600, None, 0.5)


@pytest.fixture(scope="module")
def seen() -> dict[str, Features]:
    """Thirty photographs, six degrees apart, under names in another order."""
    names = np.random.default_rng(0).permutation(30)
    return {f"{name:02d}": photograph(-87.0 + 6 * number) for number, name in enumerate(names)}


def test_each_goes_with_its_neighbours(seen: dict[str, Features]) -> None:
    pairs = pairs_of(seen, settings=SETTINGS)
    assert len(pairs) <= SETTINGS.partners * len(seen) < len(seen) * (len(seen) - 1) / 2
    around = list(seen)
    for step in (1, 2, 3):
        assert {tuple(sorted(two)) for two in zip(around, around[step:], strict=False)} <= set(pairs)


def test_a_small_set_is_matched_all_with_all(seen: dict[str, Features]) -> None:
    few = dict(list(seen.items())[: SETTINGS.all_pairs])
    assert len(pairs_of(few, settings=SETTINGS)) == len(few) * (len(few) - 1) // 2


def test_the_head_is_followed_where_not_all_were_matched(seen: dict[str, Features]) -> None:
    middle = list(seen)[15]
    face = np.array([140.0, 100.0, 340.0, 500.0])
    found = heads(seen | {middle: seen[middle]._replace(face=face)}, all_matches(seen, settings=SETTINGS))
    assert set(found) == set(seen)


def test_of_equals_none_is_nearer() -> None:
    told = descriptors(50, 5)
    one, other = (Features(np.zeros((50, 4), np.float32), own, 100, 100, None, 0.5) for own in (told, told[::-1]))
    assert len(matches_of(one, other, settings=SETTINGS)) == 50
    twice = told.copy()
    twice[7] = twice[8]
    kept = matches_of(one._replace(descriptors=twice), other, settings=SETTINGS)
    assert not {7, 8} & set(kept[:, 0].tolist())
    assert len(kept) == 48
    none = one._replace(keypoints=np.zeros((0, 4), np.float32), descriptors=np.zeros((0, 128), np.uint8))
    assert matches_of(none, other, settings=SETTINGS).shape == (0, 2)
