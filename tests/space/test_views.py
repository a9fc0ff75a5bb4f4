"""Cameras: pixels, rays, other sizes and other worlds agree with each other."""

import numpy as np
import pytest

from tasks.space.views import Camera, Surface


def a_turn(angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]) @ np.diag([1.0, -1.0, -1.0])


@pytest.fixture
def camera() -> Camera:
    matrix = np.array([[900.0, 0, 359.5], [0, 900.0, 449.5], [0, 0, 1]])
    return Camera(matrix, a_turn(0.4), np.array([3.0, -2.0, 600.0]), 720, 900)


POINTS = np.random.default_rng(0).normal(scale=60, size=(50, 3))


def test_a_ray_goes_through_the_point_that_it_shows(camera: Camera) -> None:
    towards = POINTS - camera.centre
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    assert np.allclose(camera.rays(camera.project(POINTS)), towards)


def test_what_is_behind_the_camera_has_no_pixel(camera: Camera) -> None:
    behind = camera.centre - camera.rotation[2] * 10
    assert np.isnan(camera.project(behind[None])).all()


def test_a_picture_of_half_the_size_keeps_corners_at_corners(camera: Camera) -> None:
    half = camera.resized(360, 450)
    assert np.allclose(half.project(POINTS), (camera.project(POINTS) + 0.5) / 2 - 0.5)


def test_a_moved_world_gives_the_same_picture(camera: Camera) -> None:
    turn, shift = a_turn(-0.7), np.array([5.0, 6.0, 7.0])
    surface = Surface(POINTS, np.zeros((0, 3), np.int32), np.zeros((50, 3), np.uint8), np.ones(50, bool))
    moved = surface.moved(2.5, turn, shift)
    assert np.allclose(camera.moved(2.5, turn, shift).project(moved.vertices), camera.project(POINTS))
