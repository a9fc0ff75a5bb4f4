"""What is the face is kept: around landmarks, and the largest piece that was seen."""

import numpy as np
import pytest
import trimesh

from tasks.errors import InputError
from tasks.space.views import Surface
from tasks.surface.dense.trimming import around, between_the_ears, largest

CORNERS = np.array([[x, y, z] for x in (-20.0, 20.0) for y in (-20.0, 20.0) for z in (-20.0, 20.0)])


def balls(*places: float, seen: tuple[bool, ...]) -> Surface:
    """Balls of radius 30 side by side."""
    made = [trimesh.creation.icosphere(subdivisions=3, radius=30).apply_translation([x, 0, 0]) for x in places]
    whole = trimesh.util.concatenate(made)
    count = len(made[0].vertices)
    colours = np.zeros((len(whole.vertices), 3), np.uint8)
    return Surface(np.asarray(whole.vertices), np.asarray(whole.faces, np.int32), colours, np.repeat(seen, count))


def test_the_piece_that_was_seen_most_is_kept() -> None:
    kept = largest(balls(0, 100, seen=(False, True)))
    assert kept.vertices[:, 0].min() > 69
    assert kept.seen.all()
    assert kept.faces.max() == len(kept.vertices) - 1


def test_nothing_seen_is_refused() -> None:
    with pytest.raises(InputError, match="no part of the surface was seen"):
        largest(balls(0, seen=(False,)))


def test_what_lies_beyond_the_margin_of_the_landmarks_is_cut_away() -> None:
    kept = around(balls(0, 100, seen=(True, True)), CORNERS, margin=5)
    assert np.abs(kept.vertices).max() <= 25
    assert len(kept.faces) > 100


def test_landmarks_where_no_surface_is_are_refused() -> None:
    with pytest.raises(InputError, match="no surface within 5 mm of the landmarks"):
        around(balls(0, seen=(True,)), CORNERS + 500, margin=5)


def test_cheeks_and_ears_are_kept_and_neck_and_forehead_are_not() -> None:
    head = trimesh.creation.icosphere(subdivisions=5, radius=1).apply_transform(np.diag([75.0, 120, 100, 1]))
    vertices = np.asarray(head.vertices)
    colours = np.full((len(vertices), 3), 180, np.uint8)
    whole = Surface(vertices, np.asarray(head.faces, np.int32), colours, np.ones(len(vertices), bool))
    points = np.array(
        [[-40.0, 40, 80], [40, 40, 80], [0, 45, 95], [0, 0, 115], [-25, -30, 85], [25, -30, 85], [0, -60, 85]]
    )
    kept = between_the_ears(whole, points, margin=25, aside=70).vertices
    assert kept[:, 0].max() > 70  # the ears' places
    assert kept[:, 2].min() < 20
    assert kept[:, 1].min() > -85.1
    assert kept[:, 1].max() < 70.1
    assert around(whole, points, margin=25).vertices[:, 0].max() < 65
