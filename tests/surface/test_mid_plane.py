"""The mid-plane is where it was set, whatever a cleft, noise, holes or a missing cheek do."""

from collections.abc import Mapping

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tasks.space.views import Point, Surface
from tasks.surface.geometry.mid_plane import between, midsagittal
from tests.surface.even import corners, head, without
from tests.surface.measured import PLANE

TURN = Rotation.from_euler("xyz", [10, -20, 15], degrees=True).as_matrix()
SHIFT = np.array([5.0, -40.0, 300.0])
CLEFT = {"asym/asym-nose-1-l": 1.5, "asym/asym-mouth-2-l": 1.5}  # up to 8 mm at nose and lip
MIDDLE = np.array([0, 690.0, 120])  # of the face, on the set plane


def turned(surface: Surface, points: Mapping[str, Point]) -> tuple[Surface, dict[str, Point]]:
    """As a camera's frame has them: neither upright nor at the origin."""
    moved = {}
    for name, point in points.items():
        assert point.position is not None
        moved[name] = Point(TURN @ point.position + SHIFT, point.interval, point.views, None)
    return surface.moved(1, TURN, SHIFT), moved


@pytest.mark.parametrize("missing", [0.0, 45.0], ids=["whole", "half of the left cheek missing"])
@pytest.mark.parametrize("weights", [{}, CLEFT, {"asym/asym-jaw-1-r": 1.0}], ids=["even", "nose and lip", "jaw"])
def test_the_plane_is_found_within_half_a_degree_and_half_a_millimetre(
    weights: dict[str, float], missing: float
) -> None:
    surface, partner = head(weights)
    points = corners(surface, partner)
    noisy = surface.vertices + 0.3 * np.random.default_rng(0).standard_normal(surface.vertices.shape)
    surface = Surface(noisy, surface.faces, surface.colours, surface.seen)
    surface = without(surface, np.linalg.norm(surface.vertices - [62, 690, 90], axis=1) < missing)
    surface = without(surface, np.linalg.norm(surface.vertices - [-20, 760, 110], axis=1) < 8)
    surface, points = turned(surface, points)
    start, _ = between(points)
    plane = midsagittal(surface, points, settings=PLANE)
    angle = np.degrees(np.arccos(plane.normal @ TURN[:, 0]))
    assert angle < 0.25 < 5 < np.degrees(np.arccos(start.normal @ TURN[:, 0]))  # the points alone are far off
    assert abs(plane.beyond(TURN @ MIDDLE + SHIFT)) < 0.25


def test_a_mirrored_head_has_the_mirrored_plane() -> None:
    surface, partner = head(CLEFT)
    points = corners(surface, partner)
    flip = np.array([-1, 1, 1])
    other = Surface(surface.vertices * flip, surface.faces[:, ::-1], surface.colours, surface.seen)
    swapped = {"left": "right", "right": "left"}
    named = {}
    for name, point in points.items():
        assert point.position is not None
        base, _, side = name.rpartition("_")
        named[f"{base}_{swapped[side]}"] = Point(point.position * flip, 1.0, 1, None)
    one, two = midsagittal(surface, points, settings=PLANE), midsagittal(other, named, settings=PLANE)
    near = PLANE.settled / 100  # where a search ends: its rounds differ in the last digits from processor to processor
    np.testing.assert_allclose(one.normal * [1, -1, -1], two.normal, rtol=0, atol=near)
    assert one.beyond(MIDDLE) == pytest.approx(-two.beyond(MIDDLE), abs=1e-4)


def test_points_of_one_side_alone_say_what_is_missing() -> None:
    surface, partner = head({})
    points = {name: point for name, point in corners(surface, partner).items() if name.endswith("_left")}
    with pytest.raises(ValueError, match="no point is known on both sides; place both cheilia"):
        midsagittal(surface, points, settings=PLANE)


def test_too_little_of_a_face_gives_no_plane() -> None:
    surface, partner = head({})
    points = corners(surface, partner)
    half = without(surface, surface.vertices[:, 0] > -5)
    with pytest.raises(ValueError, match=r"of the surface fits its mirror image; 30% needed"):
        midsagittal(half, points, settings=PLANE)
    few = without(surface, surface.vertices[:, 1] > 620)
    with pytest.raises(ValueError, match=r"the surface has \d+ vertices within 110 mm of the face's points"):
        midsagittal(few, points, settings=PLANE)
