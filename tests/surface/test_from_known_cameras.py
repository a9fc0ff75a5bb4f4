"""Photographs from known places to a surface: as near as claimed, the same each time, refused with the reason."""

from dataclasses import replace

import cv2
import numpy as np
import pycolmap
import pytest

from tasks.errors import InputError
from tasks.space.render import normals
from tasks.space.views import Surface
from tasks.surface.dense.disparities import disparities
from tasks.surface.dense.from_known_cameras import made_by, surface_of
from tasks.surface.dense.stereo import BEHIND, middle
from tasks.surface.dense.texture import evened
from tests.surface.eggs import AXES, DENSE, beyond, colour, views

NONE = np.zeros((0, 3))


@pytest.fixture(scope="module")
def surface() -> Surface:
    return surface_of(views(), NONE, settings=DENSE)


def in_front(points: np.ndarray) -> np.ndarray:
    return np.asarray(points[:, 2] > 0.3 * AXES[2])


def test_the_surface_lies_where_the_egg_is(surface: Surface) -> None:
    off = np.abs(beyond(surface.vertices[surface.seen]))
    assert np.median(off) < 0.3
    assert np.quantile(off, 0.95) < 1.0


def test_the_front_has_no_hole(surface: Surface) -> None:
    random = np.random.default_rng(0)
    skin = random.normal(size=(500, 3))
    skin = skin / np.linalg.norm(skin, axis=1, keepdims=True) * AXES
    apart = np.linalg.norm(skin[in_front(skin), None] - surface.vertices[None], axis=2).min(axis=1)
    assert apart.max() < 4


def test_triangles_look_outwards(surface: Surface) -> None:
    outwards = (normals(surface) * surface.vertices / AXES**2).sum(axis=1)
    assert (outwards[in_front(surface.vertices)] > 0).all()


def test_colours_are_those_of_the_egg(surface: Surface) -> None:
    front = in_front(surface.vertices) & surface.seen
    off = surface.colours[front].astype(float) - colour(surface.vertices[front])
    assert np.abs(off).mean() < 10  # of waves of 36 levels, photographed at 1 mm per pixel


def test_the_same_photographs_give_the_same_bytes(surface: Surface) -> None:
    again = surface_of(views(), NONE, settings=DENSE)
    for name in ("vertices", "faces", "colours", "seen"):
        assert getattr(again, name).tobytes() == getattr(surface, name).tobytes()


def test_exposures_are_evened_out() -> None:
    random = np.random.default_rng(0)
    true, gains = random.uniform(60, 150, (400, 3)), np.exp(random.normal(scale=0.1, size=(5, 1, 3)))
    weights = random.uniform(size=(5, 400)) * (random.uniform(size=(5, 400)) < 0.6)
    even = evened((true * gains).astype(np.float32), weights.astype(np.float32))
    ratio = (even / true)[weights > 0]
    assert np.std(ratio / ratio.mean(axis=0), axis=0).max() < 0.005  # 0.1 were the gains


def test_nothing_was_seen_from_behind(surface: Surface) -> None:
    assert not surface.seen[surface.vertices[:, 2] < -0.5 * AXES[2]].any()
    assert len(surface.vertices) > 1000


def test_patch_match_is_refused_without_cuda() -> None:
    if pycolmap.has_cuda:
        pytest.skip("this pycolmap has CUDA")
    with pytest.raises(InputError, match="needs a GPU and a pycolmap built with CUDA"):
        surface_of(views(), NONE, settings=DENSE.model_copy(update={"dense": "patch_match"}))


def test_auto_is_pairs_where_there_is_no_cuda_and_says_so(surface: Surface) -> None:
    if pycolmap.has_cuda:
        pytest.skip("this pycolmap has CUDA")
    auto = DENSE.model_copy(update={"dense": "auto"})
    assert surface_of(views(), NONE, settings=auto).vertices.tobytes() == surface.vertices.tobytes()
    assert made_by(auto) == "stereo pairs on the processor, for this pycolmap has no CUDA, which patch-match needs"
    assert made_by(DENSE) == "stereo pairs on the processor"


def test_one_view_makes_no_surface() -> None:
    with pytest.raises(InputError, match=r"1 photograph\(s\) with a known camera"):
        surface_of(views()[:1], NONE, settings=DENSE)


def test_views_too_far_apart_are_refused() -> None:
    with pytest.raises(InputError, match="no two of 2 photographs look from 8 to 35 degrees apart"):
        surface_of([views()[0], views()[6]], NONE, settings=DENSE)


def test_a_picture_of_another_size_than_its_cameras_is_refused() -> None:
    odd = replace(views()[0], image=views()[0].image[:100])
    with pytest.raises(InputError, match=r"0\.jpg: \(100, 200, 3\) uint8, but its camera takes 200 x 240 px"):
        surface_of([odd, views()[1]], NONE, settings=DENSE)


def test_pictures_that_do_not_belong_together_make_no_surface() -> None:
    random = np.random.default_rng(0)
    noise = [replace(view, image=random.integers(0, 256, view.image.shape, dtype=np.uint8)) for view in views()]
    with pytest.raises(InputError, match="no surface on which 3 pairs agree|make no surface|no part"):
        surface_of(noise, NONE, settings=DENSE)


def test_the_middle_lies_behind_that_of_the_faces_points_where_there_are_enough() -> None:
    face = np.random.default_rng(0).normal(scale=30, size=(28, 3)) + [5, 0, 90]
    away = middle(views(), face) - np.median(face, axis=0)
    assert np.linalg.norm(away) == pytest.approx(BEHIND)
    assert all(away @ (view.camera.centre - np.median(face, axis=0)) < 0 for view in views())
    assert np.linalg.norm(middle(views(), face[:9])) < 1  # where the cameras' axes meet


def test_a_slope_becomes_no_stairs() -> None:
    """A plane that leans: its disparities grow by a pixel every ten, and are told with half the error by `again`."""
    random = np.random.default_rng(1)
    height, width = 120, 200
    columns = np.arange(width, dtype=np.float32)
    painted = random.normal(size=(height, 3 * width)).cumsum(axis=1)
    painted = 128 + 4 * (painted - cv2.GaussianBlur(painted, (0, 0), 8))
    true = 20 + columns / 10
    left = cv2.GaussianBlur(painted, (0, 0), 1.0)[:, width : 2 * width]
    inverse = np.broadcast_to(
        (columns + 20) / 0.9 + width, (height, width)
    )  # x of `left` is x - 20 - x / 10 of `right`
    rows = np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], (height, width))
    right = cv2.remap(cv2.GaussianBlur(painted, (0, 0), 1.0).astype(np.float32), inverse, rows, cv2.INTER_CUBIC)
    pair = [np.clip(np.rint(one), 0, 255).astype(np.uint8) for one in (left, right)]
    off = {}
    for again in (0, 3):
        found = disparities(pair[0], pair[1], 0, 64, settings=DENSE.model_copy(update={"again": again}))
        known = np.isfinite(found[:, 60:-20])
        assert known.mean() > 0.8
        off[again] = float(np.sqrt(np.mean((found[:, 60:-20] - true[60:-20])[known] ** 2)))
    assert off[3] < 0.5 * off[0]
