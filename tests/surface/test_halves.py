"""A surface cut at a plane loses nothing of its side and gains nothing of the other."""

import numpy as np
import pytest

from tasks.space.views import Surface
from tasks.surface.geometry.halves import cut, doubled
from tests.surface.drawn import ellipsoid

ACROSS, ZERO = np.array([1.0, 0.0, 0.0]), np.zeros(3)


def area(surface: Surface) -> float:
    a, b, c = (surface.vertices[surface.faces[:, corner]] for corner in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def outwards(surface: Surface) -> np.ndarray:
    """Of each face, whether it is seen counter-clockwise from outside an ellipsoid."""
    a, b, c = (surface.vertices[surface.faces[:, corner]] for corner in range(3))
    return np.asarray((np.cross(b - a, c - a) * (a + b + c)).sum(axis=1) > 0)


@pytest.mark.parametrize("normal", [ACROSS, np.array([0.8, 0.3, 0.1])])
def test_two_halves_are_the_whole(normal: np.ndarray) -> None:
    surface, _ = ellipsoid(across=30)
    origin = np.array([3.0, 1.0, 0.0])
    sides = [cut(surface, sign * normal, origin) for sign in (1, -1)]
    assert sum(area(side) for side in sides) == pytest.approx(area(surface), rel=1e-9)
    for sign, side in zip((1, -1), sides, strict=True):
        height = sign * (side.vertices - origin) @ normal
        assert height.min() == pytest.approx(0, abs=1e-9)
        assert outwards(side).all()
        assert len(side.vertices) == len(side.colours) == len(side.seen) == side.faces.max() + 1


def test_a_half_doubled_is_even_and_faces_outwards() -> None:
    surface, _ = ellipsoid(across=31)
    both = doubled(surface, ACROSS, ZERO)
    mirrored = both.vertices * [-1, 1, 1]
    assert np.abs(np.sort(both.vertices, axis=0) - np.sort(mirrored, axis=0)).max() < 1e-9
    assert outwards(both).all()
    assert area(both) == pytest.approx(2 * area(cut(surface, ACROSS, ZERO)))
    assert set(map(tuple, both.colours)) == set(map(tuple, cut(surface, ACROSS, ZERO).colours))


def test_what_lies_on_one_side_alone_stays_or_goes_whole() -> None:
    surface, _ = ellipsoid(across=10)
    far = np.array([500.0, 0.0, 0.0])
    assert len(cut(surface, -ACROSS, far).faces) == len(surface.faces)
    assert len(cut(surface, ACROSS, far).faces) == 0
