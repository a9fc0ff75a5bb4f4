from typing import Any

import cv2
import numpy as np
import pytest

from tasks.faces.alignment import align
from tasks.faces.regions import eye_centres, face_outline, region_masks
from tests.faces.aligning import EYES, FFHQ, found, numbers


def masks(seed: Any = 3, settings: Any = FFHQ, soft_edge: Any = 0.0) -> Any:
    aligned = align(*found(seed), settings=settings)
    return region_masks(aligned.points, settings.size, soft_edge=soft_edge), aligned.points


def at(mask: Any, points: Any) -> Any:
    """The mask's values at points in the picture."""
    x, y = np.rint(points).astype(int).T
    return mask[y, x]


@pytest.mark.parametrize("size", [64, 256, 1024])
@pytest.mark.parametrize("seed", [3, 7, 11])
def test_regions_hold_what_they_are_named_after(seed: int, size: int) -> None:
    found_masks, points = masks(seed, numbers(FFHQ, size=size))
    mouth, face = found_masks["mouth"], found_masks["face"]
    assert mouth.shape == face.shape == (size, size) and mouth.dtype == face.dtype == np.float32
    assert set(np.unique(mouth)) == set(np.unique(face)) == {0, 1}
    assert at(mouth, points[27:36]).all() and at(mouth, points[48:68]).all()
    assert not at(mouth, points[:27]).any() and not at(mouth, points[36:48]).any()
    assert at(face, points[:36]).all() and at(face, points[48:68]).all()  # jaw, brows, nose and mouth
    assert not at(face, points[36:48]).any() and not at(face, eye_centres(points)).any()
    assert 0.05 < mouth.mean() / face.mean() < 0.5
    assert (face[mouth > 0] == 1).all()


def test_the_wings_of_the_nose_are_in() -> None:
    """They lie beyond the points of its base, about as far as the inner eye corners."""
    found_masks, points = masks(settings=numbers(FFHQ, size=512))
    right, left = eye_centres(points)
    base = points[33]
    wings = base + np.outer([-0.27, 0.27], left - right) - 0.08 * (base - points[27])
    assert at(found_masks["mouth"], wings).all()


def test_regions_do_not_depend_on_size_or_roll() -> None:
    small, _ = masks(settings=numbers(EYES, size=128, eye_distance=40))
    large, _ = masks(settings=numbers(EYES, size=512, eye_distance=160))
    for name in small:
        assert np.abs(cv2.resize(large[name], (128, 128), interpolation=cv2.INTER_AREA) - small[name]).mean() < 0.02
    points = found(3)[1]
    turned = cv2.transform(points[None], cv2.getRotationMatrix2D((200, 200), 25, 1))[0]
    for name, mask in region_masks(points, 400, soft_edge=0).items():
        assert region_masks(turned, 400, soft_edge=0)[name].sum() == pytest.approx(mask.sum(), rel=0.02)


def test_the_forehead_is_as_high_as_the_middle_of_the_face() -> None:
    _, points = masks(settings=numbers(EYES, size=256, eye_distance=40))
    outline, brows = face_outline(points), points[17:27, 1].mean()
    assert brows - outline[:, 1].min() == pytest.approx(points[33, 1] - brows, rel=0.05)
    assert np.ptp(outline[:, 0]) == pytest.approx(np.ptp(points[:, 0]), rel=0.1)


def test_a_soft_edge_leaves_the_area_and_the_inside() -> None:
    hard, points = masks(settings=numbers(FFHQ, size=256))
    soft, _ = masks(settings=numbers(FFHQ, size=256), soft_edge=0.01)
    for name in hard:
        assert soft[name].min() >= 0 and soft[name].max() <= 1
        assert soft[name].sum() == pytest.approx(hard[name].sum(), rel=0.01)
        inside = cv2.erode(hard[name], np.ones((17, 17), np.uint8)) > 0
        assert (soft[name][inside] > 0.99).all()
        assert len(np.unique(soft[name])) > 50


@pytest.mark.parametrize("soft_edge", [0.0, 0.05])
def test_a_region_that_leaves_the_picture_is_cut_off_and_stays_full(soft_edge: float) -> None:
    settings = numbers(EYES, eye_distance=30)
    found_masks, points = masks(settings=settings, soft_edge=soft_edge)
    assert points[8, 1] > 70  # the chin is below the picture
    assert found_masks["face"][-1, 28:36] == pytest.approx(1, abs=1e-3)
    assert all(mask.shape == (64, 64) and mask.max() <= 1 for mask in found_masks.values())


@pytest.mark.parametrize("settings", [EYES, FFHQ, numbers(EYES, size=32, eye_distance=3)])
def test_no_region_is_empty(settings: Any) -> None:
    for seed in (3, 5, 7, 11):
        assert all(mask.any() for mask in masks(seed, numbers(settings, max_outside=1.0))[0].values())
