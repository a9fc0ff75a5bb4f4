"""What is the face is kept: around landmarks, and the largest piece that was seen."""

import numpy as np
import pytest
import trimesh

from tasks.errors import InputError
from tasks.space.views import Surface
from tasks.surface.trimming import around, largest

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
