"""Points come from rays that most photographs agree upon, lie on the surface, and say why where they are not there."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tasks.space.rings import camera_around
from tasks.space.views import Point, Surface
from tasks.surface.geometry.nearest_points import hits
from tasks.surface.points.from_photographs import Look, placed_on, points_of
from tasks.surface.points.meeting_rays import intersect
from tests.surface.even import head, without
from tests.surface.measured import DETECTION, PLANE, POINTS

SURFACE, _ = head({})
MIDDLE = np.array([0, 690.0, 100])
PLACES = {  # x and y on the head from the front, mm of its file
    "glabella": (0, 756),
    "nasion": (0, 737),  # the deepest of its root
    "pronasale": (0, 690.9),
    "subnasale": (0, 678.5),
    "labiale_superius": (0, 668),
    "labiale_inferius": (0, 649),
    "exocanthion_right": (-47, 729),
    "exocanthion_left": (47, 729),
    "endocanthion_right": (-16, 730),
    "endocanthion_left": (16, 730),
    "alar_base_right": (-13, 683),
    "alar_base_left": (13, 683),
    "crista_philtri_right": (-6, 668),
    "crista_philtri_left": (6, 668),
    "cheilion_right": (-27, 662),
    "cheilion_left": (27, 662),
}
DEFINED = ("nasion", "pronasale", "subnasale")


def foremost(x: float, y: float) -> np.ndarray:
    return np.array([x, y, hits(SURFACE, np.array([x + 1e-3, y, 0]), np.array([0.0, 0, 1]))[-1]])


TRUTH = {name: foremost(*place) for name, place in PLACES.items()}


def looks(yaws: Sequence[float], noise: float = 1.0, wrong: float = 0.0) -> list[Look]:
    """What photographs from these sides show; every fifth one shows everything `wrong` px aside."""
    rng, found = np.random.default_rng(3), []
    for number, yaw in enumerate(yaws):
        camera = camera_around(yaw, 0, centre=MIDDLE, distance=700, focal=1500, width=720, height=900)
        seen = {
            name: camera.project(place[None]) + noise * rng.standard_normal((1, 2)) for name, place in TRUTH.items()
        }
        places = {name: own + wrong * (number % 5 == 2) for name, own in seen.items()}
        found.append(Look(camera, places, str(number), np.zeros((478, 2))))
    return found


RING = (-40, -30, -20, -10, 0, 10, 20, 30, 40)


def found_in(seen: Sequence[Look], surface: Surface = SURFACE, **placed: np.ndarray) -> dict[str, Point]:
    return placed_on(seen, surface, settings=POINTS, plane=PLANE, placed=placed)


def away(point: Point, name: str) -> float:
    assert point.position is not None, point.reason
    return float(np.linalg.norm(point.position - TRUTH[name]))


def test_points_are_found_within_a_millimetre_though_photographs_are_wrong() -> None:
    points = found_in(looks(RING, wrong=25))
    for name in TRUTH:
        assert away(points[name], name) < (1.5 if name in DEFINED else 1.0), name
        assert points[name].views >= 3 and points[name].reason is None
        assert away(points[name], name) < 1.3 * (points[name].interval or 0)
    assert points["tragion_left"].reason == "no model of landmarks has this point; place it by hand"


def test_a_point_of_one_side_is_not_taken_from_photographs_of_the_other() -> None:
    seen = looks(RING, noise=0.2)
    wrong = [
        look._replace(places={**look.places, "cheilion_left": look.places["cheilion_left"] + [9, 9]})
        for look in seen[:2]
    ]
    assert away(found_in([*wrong, *seen[2:]])["cheilion_left"], "cheilion_left") < 0.5


def test_where_the_surface_has_a_hole_there_is_no_point() -> None:
    holed = without(SURFACE, np.linalg.norm(SURFACE.vertices - TRUTH["cheilion_left"], axis=1) < 7)
    points = found_in(looks(RING), holed)
    assert points["cheilion_left"].position is None
    assert points["cheilion_left"].reason == "the surface has a hole there; place it by hand"
    assert away(points["cheilion_right"], "cheilion_right") < 1


def test_where_the_surface_was_closed_without_being_seen_there_is_no_point() -> None:
    corner = TRUTH["cheilion_left"]
    unseen = np.linalg.norm(SURFACE.vertices - corner, axis=1) < 12
    points = found_in(
        looks(RING, noise=0.2), replace(SURFACE, seen=~unseen), exocanthion_left=TRUTH["exocanthion_left"]
    )
    assert points["cheilion_left"] == Point(
        None, None, points["cheilion_left"].views, "no photograph saw the surface there"
    )
    assert points["cheilion_right"].position is not None
    by_hand = found_in(looks(RING, noise=0.2), replace(SURFACE, seen=~unseen), cheilion_left=corner)
    assert by_hand["cheilion_left"].position is not None


def test_too_few_photographs_are_said() -> None:
    points = found_in(looks((0,)))
    assert points["nasion"] == Point(None, None, 1, "seen in 1 photograph; place it by hand")
    apart = [
        look._replace(places={"nasion": np.array([[100.0 * number, 300]])}) for number, look in enumerate(looks(RING))
    ]
    assert (found_in(apart)["nasion"].reason or "").endswith("; place it by hand")


def test_points_placed_by_hand_are_kept_as_they_are() -> None:
    hand = np.array([0.5, 693, 168])
    points = found_in(looks(RING), pronasale=hand, gonion_left=np.array([50, 640, 80.0]))
    np.testing.assert_array_equal(points["pronasale"].position, hand)
    assert points["gonion_left"].interval == POINTS.hand
    with pytest.raises(ValueError, match="nose: no point has this name; there are: glabella"):
        points_of([], SURFACE, settings=POINTS, plane=PLANE, detection=DETECTION, placed={"nose": hand})


def test_rays_of_one_direction_meet_nowhere() -> None:
    rays = np.tile([0.0, 0, 1], (4, 1))
    assert intersect(np.eye(4)[:, :3], rays, gate=1, least_angle=5, noise=0.1) is None


def test_an_interval_holds_what_is_between_its_ends() -> None:
    """Of many draws of noise, the point lies within its 95 % interval nearly always."""
    centres = np.array([look.camera.centre for look in looks(RING)])
    rng, kept = np.random.default_rng(0), 0
    for _ in range(200):
        aimed = TRUTH["cheilion_left"] + rng.standard_normal(centres.shape)
        rays = aimed - centres
        met = intersect(centres, rays / np.linalg.norm(rays, axis=1, keepdims=True), gate=4, least_angle=8, noise=0.5)
        assert met
        off = met.place - TRUTH["cheilion_left"]
        kept += bool(off @ np.linalg.solve(met.covariance, off) < 7.81)  # 95 % of three squared deviations
    assert kept >= 180
