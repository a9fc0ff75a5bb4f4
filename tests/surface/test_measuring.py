"""Measures of a head in three dimensions: what they are, by what is known of an exactly even head and of a ball."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tasks.space.views import Point, Surface
from tasks.surface.geometry.asymmetry import asymmetry, mirrored
from tasks.surface.geometry.curves import length, thread
from tasks.surface.geometry.front_view import REACH, STEP, Front, front_of
from tasks.surface.geometry.head_frame import moved, upright
from tasks.surface.geometry.mid_plane import Plane
from tasks.surface.geometry.regions import Regions, extent
from tasks.surface.measures.catalogue import BY_NAME, MEASURES, REGIONS
from tasks.surface.measures.measure import Head
from tasks.surface.measures.measuring import Measured, _half, measured, needed
from tasks.surface.points.names import POINTS
from tests.surface.even import head, plain, without
from tests.surface.measured import ASYMMETRY
from tests.surface.measured import MEASURES as SETTINGS
from tests.surface.test_from_photographs import TRUTH, foremost

EXACT = Plane(np.array([1.0, 0, 0]), np.zeros(3), 1.0, 0.0)
MORE = {"stomion": (0, 665), "sublabiale": (0, 641), "pogonion": (0, 629), "menton": (0, 620)}
WIDE = {"alare": (17, 689), "zygion": (66, 710), "gonion": (40, 645), "tragion": (70, 715)}


def places() -> dict[str, np.ndarray]:
    found = dict(TRUTH) | {name: foremost(*place) for name, place in MORE.items()}
    for name, (x, y) in WIDE.items():
        found[f"{name}_left"], found[f"{name}_right"] = foremost(x, y), foremost(x, y) * [-1, 1, 1]
    return found


def rows(surface: Surface, known: dict[str, np.ndarray]) -> dict[str, Measured]:
    points = {name: Point(place, 1.0, 5, None) for name, place in known.items()}
    points |= {name: Point(None, None, 0, "place it by hand") for name in POINTS if name not in points}
    motion = upright(EXACT, points, lean=8.0)
    stood, own = surface.moved(*motion), moved(points, motion)
    middle = float((motion[1] @ EXACT.point + motion[2])[0])
    seen = {name: point.position for name, point in own.items() if point.position is not None}
    values = asymmetry(surface, EXACT, settings=ASYMMETRY)
    found = measured(Head(seen, middle, stood, front_of(stood), values, ASYMMETRY.least_seen), own, settings=SETTINGS)
    return {row.measure.name: row for row in found}


@pytest.fixture(scope="module")
def even() -> dict[str, Measured]:
    return rows(head({})[0], places())


def test_an_even_head_has_no_difference_of_its_sides(even: dict[str, Measured]) -> None:
    for row in even.values():
        assert row.reason is None, (row.measure.name, row.reason)
        assert row.value is not None and row.low is not None and row.high is not None
        assert row.low <= row.value <= row.high
        if row.measure.kind != "plain" or "asymmetry" in row.measure.name:
            size = max(1.0, row.left or 0.0)
            assert row.value / size < 0.02, row.measure.name


def test_distances_are_those_between_the_points(even: dict[str, Measured]) -> None:
    at = places()
    for name, one, other in (
        ("mouth_width", "cheilion_left", "cheilion_right"),
        ("face_height", "nasion", "menton"),
        ("nose_protrusion", "subnasale", "pronasale"),
    ):
        assert even[name].value == pytest.approx(np.linalg.norm(at[one] - at[other]))
    way, straight = even["lateral_lip_curve"], even["lateral_lip_length"]
    assert way.left and straight.left and straight.left < way.left < 1.2 * straight.left


def turned_round(name: str) -> str:
    """The name of a point of the other side."""
    base, _, side = name.rpartition("_")
    return base + {"left": "_right", "right": "_left"}[side] if side in ("left", "right") else name


def test_a_head_and_its_mirror_image_swap_sides_and_keep_their_numbers() -> None:
    surface, _ = head({"asym/asym-cheek-1-l": 1.0})
    known = places()
    known["cheilion_left"] = known["cheilion_left"] + [3, 2, 0]
    known["subnasale"] = known["subnasale"] + [1.5, 0, 0]
    swapped = {
        re.sub("left|right", lambda found: {"left": "right", "right": "left"}[found[0]], name): place * [-1, 1, 1]
        for name, place in known.items()
    }
    one, two = rows(surface, known), rows(mirrored(surface, EXACT), swapped)
    opposite = {"left": "right", "right": "left", None: None}
    for name, row in one.items():
        if row.value is None or name.endswith(("_curve", "_area")):
            continue  # between equally good ways and cells chance decides: a few hundredths
        assert row.value == pytest.approx(two[name].value, rel=0.01, abs=0.05), name
        if (row.value or 0) > 0.1:
            assert opposite[row.side] == two[name].side, name
    assert one["half_mouth_width"].side == "left" and one["subnasale_deviation"].side == "left"


def test_a_missing_point_is_said_with_its_reason() -> None:
    known = places()
    del known["gonion_left"]
    row = rows(head({})[0], known)["jaw_width"]
    assert row.value is None and row.reason == "no gonion left: place it by hand"


def test_a_hole_gives_no_volume_of_its_region() -> None:
    surface, _ = head({})
    found = rows(without(surface, np.linalg.norm(surface.vertices[:, :2] - [40, 690], axis=1) < 15), places())
    assert re.fullmatch(r"\d+% of it is a hole on the left", found["cheek_volume"].reason or "")
    assert found["chin_volume"].reason is None


def test_every_measure_says_what_it_is_and_where_it_is_from() -> None:
    assert len(BY_NAME) == len(MEASURES) and set(REGIONS) == {measure.region for measure in MEASURES}
    for measure in MEASURES:
        assert measure.meaning.endswith(".") and measure.source and measure.words
        assert set(needed(measure)) <= set(POINTS)


def ball(radius: float) -> Surface:
    """A ball of triangles: rings of latitude."""
    up, around = np.meshgrid(np.linspace(0, np.pi, 60), np.linspace(0, 2 * np.pi, 120, endpoint=False), indexing="ij")
    vertices = radius * np.stack([np.sin(up) * np.cos(around), np.cos(up), np.sin(up) * np.sin(around)], axis=-1)
    number = np.arange(up.size).reshape(up.shape)
    a, b = number[:-1], np.roll(number, -1, axis=1)[:-1]
    c, d = number[1:], np.roll(number, -1, axis=1)[1:]
    return plain(
        vertices.reshape(-1, 3), np.concatenate([np.stack(own, -1).reshape(-1, 3) for own in ((a, b, c), (b, d, c))])
    )


def test_a_thread_on_a_ball_is_an_arc_of_its_great_circle() -> None:
    surface = ball(30.0)
    one = np.array([30.0, 0, 0])
    other = 30 * np.array([np.cos(1.0) * np.cos(0.5), np.sin(0.5), np.sin(1.0) * np.cos(0.5)])
    arc = 30 * np.arccos(one @ other / 900)
    assert length(thread(surface, one, other)) == pytest.approx(arc, rel=0.005)


def test_a_thread_across_a_gap_says_so() -> None:
    surface = ball(30.0)
    gap = replace(surface, faces=surface.faces[np.abs(surface.vertices[surface.faces][..., 1].mean(axis=1)) > 4])
    with pytest.raises(ValueError, match="the surface has a hole between its points"):
        thread(gap, np.array([29.0, 7, 0]), np.array([29.0, -7, 0]))


def test_one_wing_that_nobody_saw_leaves_the_asymmetry_of_the_rest() -> None:
    surface = head({})[0]
    away = np.linalg.norm(surface.vertices - foremost(17, 689), axis=1)
    known = {name: place for name, place in places().items() if name not in ("alare_left", "alar_base_left")}
    found = rows(without(surface, away < 9), known)
    for name in ("nasolabial_asymmetry", "face_asymmetry", "nose_fullness", "chin_volume", "chin_fullness"):
        assert found[name].reason is None, (name, found[name].reason)
    assert found["face_asymmetry"].value == pytest.approx(0, abs=0.02)
    nose, face = found["nasolabial_seen"].value, found["face_seen"].value
    assert nose and face and 0.5 < nose < 0.95 and nose < face < 0.995
    assert found["nose_width"].reason == "no alare left: place it by hand"
    assert found["nose_volume"].reason == "no alare left: place it by hand"


def test_without_both_wings_the_face_is_still_held_against_its_mirror_image() -> None:
    known = {name: place for name, place in places().items() if "alar" not in name}
    found = rows(head({})[0], known)
    assert found["face_asymmetry"].reason is None and found["face_seen"].value == pytest.approx(1, abs=0.02)
    assert found["chin_fullness"].reason is None
    assert (found["nasolabial_asymmetry"].reason or "").startswith("no alar")


def test_less_than_the_stated_share_says_nothing() -> None:
    surface = head({})[0]
    found = rows(without(surface, surface.vertices[:, 0] > 8), places())
    assert found["face_asymmetry"].value is None
    assert re.fullmatch(r"\d+% of it were seen on both sides; 50% are needed", found["face_asymmetry"].reason or "")


def test_volumes_of_an_even_face_are_even_wherever_the_mid_plane_lies_on_the_map() -> None:
    along = np.linspace(-REACH, REACH, round(2 * REACH / STEP) + 1)
    half = np.array([(0, 25), (16.3, 25), (16.3, -25), (0, -25)], float)
    for middle in (0.0, 0.1, 0.24, 0.4):
        z = np.broadcast_to(25 - 0.8 * np.abs(along - middle), (len(along), len(along)))
        regions = Regions(middle, {"nose": (half,)}, -60.0)
        left, right = (extent(Front(z, along, -along), regions, "nose", side) for side in (1, -1))
        assert left.volume is not None and right.volume is not None
        assert left.volume == pytest.approx(right.volume, abs=0.002)  # it was up to 2 ml
        assert left.volume == pytest.approx(50 * 16.3 * (85 - 0.8 * 16.3 / 2) / 1000, rel=0.02)
        assert left.area == pytest.approx(right.area, rel=4e-3)


def test_an_edge_that_hides_what_lies_behind_is_no_area() -> None:
    along = np.linspace(-REACH, REACH, round(2 * REACH / STEP) + 1)
    z = np.broadcast_to(np.where(np.abs(along) < 10, 20.0, 0.0), (len(along), len(along)))
    regions = Regions(0.0, {"nose": (np.array([(0, 25), (20, 25), (20, -25), (0, -25)], float),)}, -60.0)
    found = extent(Front(z, along, -along), regions, "nose", 1)
    assert found.area == pytest.approx(10.0, abs=2.5)  # cm2; the step of 20 mm made it 20


def test_few_repetitions_widen_an_interval_and_the_surface_has_an_error_of_its_own() -> None:
    again = np.array([1.0, 2.0, 3.0, 4.0])
    assert _half(again, 0.0) == pytest.approx(3.182 * again.std(ddof=1), rel=1e-3)
    assert _half(np.zeros(4), 0.1) == pytest.approx(0.196, rel=1e-3)
    assert _half(np.zeros(1), 0.1) is None
