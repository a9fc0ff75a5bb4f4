"""Pose, sharpness and mouth contrast: known truths are recovered, and each number moves with what it is about."""

from typing import Any

import cv2
import numpy as np
import pytest

from tasks.ingest.faces.quality import POSE_MODEL, POSE_POINTS, interocular, mouth_contrast, pose_degrees, sharpness
from tests.ingest.drawn import NUMBERS, covered_mouth, face, scaled


def turned(axis: tuple[float, float, float], degrees: float) -> np.ndarray:
    matrix: np.ndarray = cv2.Rodrigues(np.radians(degrees) * np.array(axis))[0]
    return matrix


def seen(
    yaw: float, pitch: float, roll: float, *, size: Any = (640, 480), shift: Any = (0.0, 0.0), noise: float = 0.0
) -> np.ndarray:
    """Where a camera sees the average face's points, (68, 2) px; points that pose does not use lie at 0.

    The face's middle lies on the camera's axis, or is shifted from there.
    """
    rotation = turned((0, 1, 0), -yaw) @ turned((1, 0, 0), -pitch) @ turned((0, 0, 1), roll)
    x, y, z = ((POSE_MODEL - POSE_MODEL.mean(axis=0)) @ rotation.T + [*shift, 6.0]).T
    points = np.zeros((68, 2))
    focal = max(size)
    points[list(POSE_POINTS)] = np.column_stack([focal * x / z + size[0] / 2, focal * y / z + size[1] / 2])
    points[list(POSE_POINTS)] += np.random.default_rng(0).normal(0, noise, (len(POSE_POINTS), 2)) if noise else 0
    return points


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (2400, 2400)])
@pytest.mark.parametrize(
    ("yaw", "pitch", "roll"),
    [(0, 0, 0), (20, 0, 0), (-20, 0, 0), (0, 15, 0), (0, -15, 0), (0, 0, 30), (0, 0, -30), (12, -9, 0), (-35, 20, 0)],
)
def test_known_rotations_are_recovered(yaw: int, pitch: int, roll: int, size: Any) -> None:
    found = pose_degrees(seen(yaw, pitch, roll, size=size), *size)
    assert found[:2] == pytest.approx((yaw, pitch), abs=0.1)
    assert found[2] == pytest.approx(roll, abs=0.1 if yaw == pitch == 0 else 6)


def test_a_face_away_from_the_middle_is_seen_from_its_side() -> None:
    """Who looks ahead, right of the camera's axis and above it, is seen from the left and from below."""
    beside, above = np.degrees(np.arctan([1.5 / 6, 1 / 6]))
    found = pose_degrees(seen(10, 5, 0, shift=(1.5, -1.0)), 640, 480)[:2]
    assert found == pytest.approx((10 + beside, 5 + above), abs=1.5)


@pytest.mark.parametrize("more", [400, 1600])
def test_a_wall_beside_a_face_does_not_turn_it(more: int) -> None:
    """The same pixels in a wider picture: beside somebody else, or not yet cut out."""
    plain = pose_degrees(seen(3, -4, 0), 640, 480)
    for left in (0, more):
        assert pose_degrees(seen(3, -4, 0) + [left, 0], 640 + more, 480) == pytest.approx(plain, abs=1.5)


def test_pose_bears_points_that_are_off_by_a_hundredth_of_the_face() -> None:
    assert pose_degrees(seen(15, -10, 0, noise=1.0), 640, 480)[:2] == pytest.approx((15, -10), abs=5)


def test_a_cleft_does_not_turn_the_head() -> None:
    points = face().landmarks.copy()
    before = pose_degrees(points, 300, 300)
    points[[31, 32, 50, 51, 61]] += (3, -6)
    assert pose_degrees(points, 300, 300) == before


@pytest.mark.parametrize("name", ["yaw", "pitch", "roll"])
def test_drawn_heads_turn_the_way_they_were_drawn(name: str) -> None:
    index = ("yaw", "pitch", "roll").index(name)
    low, high = (pose_degrees(face(**{name: degrees}).landmarks, 300, 300)[index] for degrees in (-8.0, 8.0))
    assert high - low > (14 if name == "roll" else 4)


def test_interocular_is_between_the_outer_eye_corners() -> None:
    points = np.zeros((68, 2))
    points[36], points[45] = (10, 20), (40, 60)
    assert interocular(points) == 50


def test_sharpness_falls_with_blur() -> None:
    drawing = face()
    values = [
        sharpness(drawing.image if s == 0 else cv2.GaussianBlur(drawing.image, (0, 0), s), drawing.landmarks)
        for s in (0, 1, 2, 4, 8)
    ]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.4
    assert values[-1] < 0.15


def test_sharpness_does_not_depend_on_the_camera() -> None:
    drawing = face(size=600)
    values = [sharpness(scaled(drawing.image, s), drawing.landmarks * s) for s in (0.5, 1, 2, 4)]
    assert max(values) - min(values) < 0.1


def test_sharpness_is_a_share_even_where_there_is_nothing() -> None:
    points = face().landmarks
    assert sharpness(np.full((300, 300, 3), 90, np.uint8), points) == 0
    assert sharpness(face().image[:100], points) == 0
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    assert 0.5 < sharpness(noise, points) <= 1


def test_mouth_contrast_tells_lips_from_a_cover() -> None:
    for seed in (0, 2, 3, 5):
        drawing = face(seed)
        assert mouth_contrast(drawing.image, drawing.landmarks) > 1
        assert mouth_contrast(covered_mouth(drawing), drawing.landmarks) < 0.1


def test_fingers_over_the_lips_are_told_from_whole_mouths_by_the_limit() -> None:
    for seed in (0, 2, 3, 5):
        drawing = face(seed)
        for degrees in (60, 90, 120):
            assert mouth_contrast(fingers(drawing, degrees), drawing.landmarks) < NUMBERS.min_mouth_contrast
        assert mouth_contrast(drawing.image, drawing.landmarks) > 2 * NUMBERS.min_mouth_contrast


def fingers(drawing: Any, degrees: float) -> np.ndarray:
    """Four fingers of the cheek's colour, darker towards their edges, side by side over both lips."""
    points, image = drawing.landmarks, drawing.image.astype(float)
    middle, width = points[48:60].mean(axis=0), np.hypot(*(points[54] - points[48]))
    turn = np.radians(degrees)
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    x, y = ((points[2] + points[31]) / 2).astype(int)
    skin = image[y - 3 : y + 4, x - 3 : x + 4].mean(axis=(0, 1))
    rows, columns = np.indices(image.shape[:2])
    offset = np.stack([columns - middle[0], rows - middle[1]], axis=-1)
    beside = offset @ across / (0.31 * width)
    hand = (np.abs(beside) < 2) & (np.abs(offset @ along) < 0.9 * width)
    shade = 1 - 0.22 * (2 * (beside % 1) - 1) ** 2
    image[hand] = (skin * shade[..., None])[hand]
    return np.asarray(np.clip(image, 0, 255).astype(np.uint8))


def test_mouth_contrast_is_of_the_lips_and_not_of_the_open_mouth() -> None:
    image, points = face().image.copy(), face().landmarks.copy()
    lips = points[48:60]
    centre = lips.mean(axis=0)
    points[60:68] = centre + (lips[[0, 2, 3, 4, 6, 8, 9, 10]] - centre) * 0.6
    before = mouth_contrast(image, points)
    cv2.fillPoly(image, [np.rint(points[60:68]).astype(np.int32)], (0, 255, 0))
    assert mouth_contrast(image, points) == before


def test_mouth_contrast_does_not_depend_on_the_camera() -> None:
    drawing = face(size=600)
    values = [mouth_contrast(scaled(drawing.image, s), drawing.landmarks * s) for s in (0.5, 1, 2)]
    assert max(values) / min(values) < 1.25


def test_mouth_contrast_is_zero_where_no_mouth_can_be_seen() -> None:
    drawing = face()
    assert mouth_contrast(drawing.image[:100], drawing.landmarks) == 0
    assert mouth_contrast(drawing.image, drawing.landmarks * 0.02) == 0
