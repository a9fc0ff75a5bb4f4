"""Cameras come out of photographs, the same ones every time; a wall takes nothing over; a lens is straightened."""

from functools import cache

import numpy as np
import pytest

from tasks.space.views import Camera
from tasks.surface.cameras.distortion import Bend, bent, straight
from tasks.surface.cameras.features import features_of
from tasks.surface.cameras.refusals import RefusedSet
from tasks.surface.cameras.solution import Solved
from tasks.surface.cameras.solving import solve, solved_of
from tests.surface.balls import FOCAL, RING, SETTINGS, camera, face, paint, picture

TRUE = {f"{number:02d}": camera(*place) for number, place in enumerate(RING)}
FACES = {name: face(seen) for name, seen in TRUE.items()}
KNOWN = dict.fromkeys(TRUE, FOCAL)


@cache
def drawn() -> dict[str, np.ndarray]:
    """The pictures, not to be changed in place."""
    return {name: picture(seen) for name, seen in TRUE.items()}


def wrong(solved: Solved, true: dict[str, Camera] = TRUE) -> np.ndarray:
    """How far each camera stands from where it was, mm, in the frame that suits all of them best."""
    found = np.array([solved.cameras[name].centre for name in solved.names])
    there = np.array([true[name].centre for name in solved.names])
    ours, theirs = found - found.mean(axis=0), there - there.mean(axis=0)
    left, sizes, right = np.linalg.svd(theirs.T @ ours)
    flip = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    scale = (sizes * flip).sum() / (ours**2).sum()
    return np.asarray(np.linalg.norm(scale * ours @ ((left * flip) @ right).T - theirs, axis=1))


def test_every_photograph_gets_its_camera_and_the_same_one_again() -> None:
    solved, views = solve(drawn(), KNOWN, FACES, settings=SETTINGS)
    assert [view.name for view in views] == sorted(TRUE)
    assert not solved.refused
    assert wrong(solved).max() < 6  # of 600 mm
    seen = solved.observations
    assert np.median(seen.error) < 0.5
    for number, view in enumerate(views):
        own = seen.view == number
        off = np.linalg.norm(view.camera.project(solved.points[seen.point[own]]) - seen.pixel[own], axis=1)
        assert np.median(off) == pytest.approx(solved.table[number].residual_px, abs=0.1)
        assert solved.table[number].points == own.sum() > 40
    again, _ = solve(drawn(), KNOWN, FACES, settings=SETTINGS)
    assert again.points.tobytes() == solved.points.tobytes()
    assert again.table == solved.table
    for name in TRUE:
        assert again.cameras[name].translation.tobytes() == solved.cameras[name].translation.tobytes()


@pytest.mark.long
def test_a_second_camera_held_on_its_side_and_without_exif() -> None:
    true, pictures = dict(TRUE), dict(drawn())
    for name in ("02", "05", "07"):
        true[name] = camera(*RING[int(name)], size=(400, 320), focal=540)
        pictures[name] = picture(true[name])
    faces = {name: face(seen) for name, seen in true.items()}
    focals = {name: FOCAL if seen.width == 320 else None for name, seen in true.items()}
    solved, _ = solve(pictures, focals, faces, settings=SETTINGS)
    assert not solved.refused
    assert wrong(solved, true).max() < 40  # of 600 mm: a focal length and a distance are hard to tell apart
    widths = {solved.cameras[name].width: solved.cameras[name].matrix[0, 0] for name in true}
    assert widths[400] == pytest.approx(540, rel=0.15)
    assert widths[320] == pytest.approx(FOCAL, rel=0.15)


@pytest.mark.long
def test_a_wall_that_stays_while_the_head_turns_takes_nothing_over() -> None:
    pictures = {name: picture(seen, wall=5) for name, seen in TRUE.items()}
    faces = {name: box if name in ("03", "04", "05") else None for name, box in FACES.items()}
    seen = {name: features_of(image, faces[name], settings=SETTINGS) for name, image in pictures.items()}
    solved = solved_of(seen, KNOWN, settings=SETTINGS)
    assert len(solved.names) >= 9
    assert wrong(solved).max() < 8


@pytest.mark.long
def test_a_wall_that_moves_with_the_photographs_makes_no_false_head() -> None:
    random = np.random.default_rng(3)
    wall = np.clip(paint(5) * 30 + 128, 0, 255).astype(np.uint8)  # (512, 1024): each photograph shows a part of it
    seen = {}
    for name, image in drawn().items():
        down, across = random.integers(0, [112, 700])
        own = np.where(image == 0, wall[down : down + 400, across : across + 320, None], image)
        seen[name] = features_of(own, FACES[name], settings=SETTINGS)
    try:
        solved = solved_of(seen, KNOWN, settings=SETTINGS)
    except RefusedSet as refused:
        assert "plain wall" in str(refused)
    else:
        assert wrong(solved).max() < 8


def test_a_lens_bends_and_is_straightened() -> None:
    seen = camera(10)
    pixels = np.random.default_rng(0).uniform(0, 300, size=(100, 2))
    for bend in (Bend(-0.2), Bend(0.15), Bend(0.1, -0.05, 0.01, -0.02)):
        assert np.abs(bent(pixels, seen, bend) - pixels).max() > 1
        assert np.allclose(straight(bent(pixels, seen, bend), seen, bend), pixels, atol=1e-3)
