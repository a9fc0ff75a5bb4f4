"""A template fills a hole of a head that it does not know, and no more than the hole; nothing is measured there."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest

from tasks import params
from tasks.params.surface import SurfaceReconstruct
from tasks.phantoms.heads.asymmetry import surface_of
from tasks.phantoms.heads.points import places
from tasks.phantoms.heads.template import shape
from tasks.space.views import Point, Surface
from tasks.surface.dense.filling import filled
from tasks.surface.dense.trimming import cut
from tasks.surface.geometry.front_view import front_of
from tasks.surface.geometry.joining import joined, parted
from tasks.surface.geometry.nearest_points import Finder
from tasks.surface.measuring_faces import map_of, measures_of
from tasks.surface.reconstructing import Face, columns_of, face_in
from tasks.surface.review_corrections import with_hand
from tests.surface.measured import MEASURING, NUMBERS, POINTS

SETTINGS = params.load(SurfaceReconstruct, "surface_reconstruct", NUMBERS).filling
CHEEK = np.array([32.0, 8.0, 0.0])


@cache
def head() -> tuple[Surface, Mapping[str, Point]]:
    """A mixture of shapes with a cheek that none of them has, and what is found on it."""
    vertices = shape({"asian_male_young": 0.7, "african_female_young": 0.3, "nose_hump_incr": 0.4})
    bump = 3 * np.exp(-(((vertices - [45, -10, -10]) / 25) ** 2).sum(axis=1))
    vertices = vertices + bump[:, None] * [0.7, 0, 0.7]
    known = places(vertices).items()
    points = {name: Point(at, 1.0, 9, None) for name, at in known if not name.startswith(("gonion", "tragion"))}
    return cut(surface_of(vertices), (vertices[:, 2] > -80) & (np.abs(vertices[:, 1]) < 120)), points


def holed(radius: float) -> tuple[Surface, np.ndarray, Mapping[str, Point]]:
    """The head with a hole in the left cheek, where it is, and the points."""
    whole, points = head()
    middle = whole.vertices[np.linalg.norm(whole.vertices - CHEEK, axis=1).argmin()]
    return cut(whole, np.linalg.norm(whole.vertices - middle, axis=1) > radius), middle, points


def longest_edge(surface: Surface) -> float:
    """Of the triangles, mm."""
    corners = surface.vertices[surface.faces]
    return float(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max())


def test_a_hole_is_filled_near_the_truth_and_nothing_else_is() -> None:
    surface, middle, points = holed(14)
    found = filled(surface, points, settings=SETTINGS)
    assert found is not None
    away = np.linalg.norm(found.vertices - middle, axis=1)
    assert away.max() < 14 + 2 * longest_edge(
        found
    )  # triangles that reach over the rim are whole, and a ring lies around
    true = np.linalg.norm(found.vertices - Finder(head()[0]).nearest(found.vertices).places, axis=1)
    assert np.median(true) < 0.5
    assert true.max() < 2
    near = np.linalg.norm(head()[0].vertices - middle, axis=1) < 12
    hole = head()[0].vertices[near & front_of(head()[0]).shows(head()[0].vertices)]  # not the mouth behind it
    assert len(hole) > 50
    assert np.linalg.norm(hole - Finder(joined(surface, found)).nearest(hole).places, axis=1).max() < 2
    assert not found.seen.any()


def test_without_a_hole_without_points_or_switched_off_nothing_is_filled() -> None:
    surface, _, points = holed(14)
    assert filled(head()[0], points, settings=SETTINGS) is None
    assert filled(surface, dict(list(points.items())[:5]), settings=SETTINGS) is None
    assert filled(surface, points, settings=SETTINGS.model_copy(update={"use": False})) is None


@pytest.mark.long
def test_what_was_filled_is_no_part_of_any_measure_and_no_point_lies_on_it() -> None:
    surface, middle, points = holed(14)
    face = Face(surface, dict(points), 0.0, [], "by 90 mm", 0.01, filled(surface, points, settings=SETTINGS))
    values = map_of(face, settings=MEASURING)
    assert len(values) == len(surface.vertices)
    measured = measures_of(face, values, settings=MEASURING)
    bare = measures_of(face._replace(filled=None), values, settings=MEASURING)
    assert [one.value for one in measured] == [one.value for one in bare]
    placed = with_hand(face, {"zygion_left": middle, "zygion_right": middle * [-1, 1, 1]}, settings=POINTS)
    assert placed.points["zygion_left"].position is None
    assert "a model of heads filled it" in str(placed.points["zygion_left"].reason)
    assert placed.points["zygion_right"].position is not None


def test_a_table_keeps_what_was_filled_apart() -> None:
    surface, _, points = holed(14)
    face = Face(surface, dict(points), 0.0, [], "by 90 mm", 0.01, filled(surface, points, settings=SETTINGS))
    again = face_in(columns_of(face))
    assert again.filled is not None
    assert face.filled is not None
    assert again.filled.faces.tolist() == face.filled.faces.tolist()
    assert again.filled.vertices == pytest.approx(face.filled.vertices, abs=1e-4)
    assert again.surface.faces.tolist() == surface.faces.tolist()
    assert again.surface.seen.all()
    assert not again.filled.seen.any()
    assert parted(surface, len(surface.vertices)) == (surface, None)
