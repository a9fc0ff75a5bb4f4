import tracemalloc
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from tasks.faces.alignment import AlignmentError, align, overlay_on_original
from tasks.faces.regions import eye_centres, region_masks
from tasks.ingest.faces.landmarks import measure_face
from tests.faces.aligning import EYES, FFHQ, PUBLISHED, found, numbers
from tests.ingest.drawn import SETTINGS


def turned(image: Any, points: Any, angle: Any, scale: Any, size: Any) -> Any:
    matrix = cv2.getRotationMatrix2D(((image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2), angle, scale)
    matrix[:, 2] += (size - np.array(image.shape[1::-1])) / 2
    return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_CUBIC), cv2.transform(points[None], matrix)[0]


def apply(matrix: Any, points: Any) -> Any:
    return points @ matrix[:, :2].T + matrix[:, 2]


def centroid(picture: Any) -> Any:
    """Of the light in a picture, (2,) x, y."""
    light = picture.astype(float).reshape(*picture.shape[:2], -1).sum(axis=2)
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    return np.array([(light * x).sum(), (light * y).sum()]) / light.sum()


def spot(shape: Any, at: Any, deviation: Any) -> Any:
    """A round light on black, (H, W, 3) uint8."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    light = 250 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * deviation**2))
    return np.repeat(light[..., None], 3, axis=2).round().astype(np.uint8)


CASES = [(0, 1.0, 400), (25, 1.0, 400), (-25, 0.45, 200), (12, 3.0, 1200)]


@pytest.mark.parametrize(("angle", "scale", "size"), CASES)
def test_eyes_are_level_at_the_distance_and_height_asked_for(angle: Any, scale: Any, size: Any) -> None:
    image, points = turned(*found(), angle, scale, size)
    right, left = eye_centres(align(image, points, settings=EYES).points)
    assert left - right == pytest.approx([24, 0], abs=1e-6)
    assert (left + right) / 2 == pytest.approx([31.5, 0.40 * 64 - 0.5], abs=1e-6)


@pytest.mark.parametrize("settings", [EYES, FFHQ], ids=["eyes", "ffhq"])
@pytest.mark.parametrize(("angle", "scale", "size"), CASES)
def test_a_marked_point_goes_there_and_back(angle: Any, scale: Any, size: Any, settings: Any) -> None:
    image, points = turned(*found(), angle, scale, size)
    aligned = align(image, points, settings=settings)
    assert np.abs(apply(aligned.to_original, aligned.points) - points).max() < 1e-6
    for mark in points[[30, 8, 45]]:
        there = apply(cv2.invertAffineTransform(aligned.to_original), mark)
        assert apply(aligned.to_original, there) == pytest.approx(mark, abs=0.01)


@pytest.mark.parametrize("settings", [EYES, FFHQ, numbers(size=200, eye_distance=60)], ids=["eyes", "ffhq", "larger"])
@pytest.mark.parametrize(("angle", "scale", "size"), CASES)
def test_the_pixels_stand_where_the_points_say(angle: Any, scale: Any, size: Any, settings: Any) -> None:
    """A light at the nose's tip is found in the picture, and its place there leads back to it."""
    _, points = turned(*found(), angle, scale, size)
    photograph = spot((size, size), points[30], 0.02 * size)
    aligned = align(photograph, points, settings=numbers(settings, blur=0.0))
    assert centroid(aligned.picture) == pytest.approx(aligned.points[30], abs=0.1)


@pytest.mark.parametrize("settings", [EYES, FFHQ], ids=["eyes", "ffhq"])
@pytest.mark.parametrize(("angle", "scale", "size"), CASES)
def test_heat_is_laid_where_it_belongs(angle: Any, scale: Any, size: Any, settings: Any) -> None:
    image, points = turned(*found(), angle, scale, size)
    aligned = align(image, points, settings=settings)
    heat = spot((64, 64), aligned.points[33], 3)[..., 0] / 255
    overlay = overlay_on_original(heat, aligned.to_original, image.shape)
    assert overlay.shape == image.shape[:2] and overlay.dtype == np.float32
    step = float(np.linalg.norm(aligned.to_original[:, 0]))
    assert centroid(overlay) == pytest.approx(points[33], abs=0.1 * max(step, 1))
    assert overlay.sum() * step**-2 == pytest.approx(heat.sum(), rel=0.02)
    assert overlay.min() >= 0


def ffhq_quad(points: Any) -> Any:
    """The corners of FFHQ's crop after its public recipe: upper left, lower left, lower right, upper right."""
    eye_left, eye_right = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    eye_avg, eye_to_eye = (eye_left + eye_right) / 2, eye_right - eye_left
    eye_to_mouth = (points[48] + points[54]) / 2 - eye_avg
    x = eye_to_eye - eye_to_mouth[::-1] * [-1, 1]
    x = x / np.hypot(*x) * max(np.hypot(*eye_to_eye) * 2.0, np.hypot(*eye_to_mouth) * 1.8)
    y = x[::-1] * [-1, 1]
    c = eye_avg + eye_to_mouth * 0.1
    return np.stack([c - x - y, c - x + y, c + x + y, c + x - y])


@pytest.mark.parametrize(("angle", "scale", "size"), CASES)
def test_ffhqs_crop_is_that_of_its_recipe(angle: Any, scale: Any, size: Any) -> None:
    image, points = turned(*found(11), angle, scale, size)
    to_original = align(image, points, settings=numbers(FFHQ, max_outside=1.0)).to_original
    corners = np.array([[-0.5, -0.5], [-0.5, 63.5], [63.5, 63.5], [63.5, -0.5]])
    assert np.abs(apply(to_original, corners) - ffhq_quad(points)).max() < 1e-6


def test_ffhqs_pixels_are_those_of_its_recipe() -> None:
    """At about the photograph's own scale, against Pillow's transformation, of which the recipe makes use."""
    image, points = found(7)
    size = 360
    ours = align(image, points, settings=numbers(FFHQ, size=size)).picture
    quad = tuple((ffhq_quad(points) + 0.5).ravel())
    method = Image.Transform.QUAD
    theirs = np.asarray(Image.fromarray(image).transform((size, size), method, quad, Image.Resampling.BILINEAR))
    difference = np.abs(ours.astype(int) - theirs)[4:-4, 4:-4]
    moved = np.abs(ours[:, 1:].astype(int) - theirs[:, :-1])[4:-4, 4:-4]
    assert difference.mean() < 1.0 < 2 * difference.mean() + 1 < moved.mean() + 1


@pytest.mark.parametrize("settings", [EYES, numbers(FFHQ, max_outside=1.0)], ids=["eyes", "ffhq"])
def test_roll_and_scale_of_the_photograph_do_not_show(settings: Any) -> None:
    level = align(*found(), settings=settings)
    for angle, scale, size in [(10, 1.0, 500), (-25, 2.0, 1100)]:
        other = align(*turned(*found(), angle, scale, size), settings=settings)
        mask = region_masks(level.points, 64, soft_edge=0)["face"] > 0
        assert np.abs(level.picture.astype(int) - other.picture)[mask].mean() < 2


def test_dlib_finds_the_points_where_the_picture_has_them() -> None:
    for seed, roll in [(3, 0.0), (5, 25.0), (7, -15.0)]:
        aligned = align(*found(seed, roll=roll), settings=numbers(FFHQ, size=256))
        again = np.reshape(np.array(measure_face(aligned.picture, SETTINGS)["points"]), (68, 2))
        distance = np.hypot(*np.subtract(*eye_centres(aligned.points)))
        assert np.hypot(*(again - aligned.points).T).mean() < 0.05 * distance


def crop_face(image: Any, points: Any, margin: Any) -> Any:
    """The photograph cut to the face's points and some pixels more."""
    low, high = (points.min(axis=0) - margin).astype(int), (points.max(axis=0) + margin).astype(int)
    low = np.maximum(low, 0)
    return np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0]]), points - low


def test_a_photograph_smaller_than_the_crop_is_filled_and_blurred_around_a_sharp_face() -> None:
    image, points = crop_face(*found(), 25)
    settings = numbers(FFHQ, size=256, max_outside=0.9)
    plain = align(image, points, settings=numbers(settings, blur=0.0))
    blurred = align(image, points, settings=settings)
    assert 0.2 < plain.outside_share < 0.7 and blurred.outside_share == plain.outside_share
    back = cv2.invertAffineTransform(plain.to_original)
    photographed = overlay_on_original(np.ones(image.shape[:2]), back, (256, 256)) > 0
    face = (region_masks(plain.points, 256, soft_edge=0)["face"] > 0) & photographed
    change = np.abs(plain.picture.astype(int) - blurred.picture).max(axis=2)
    assert change[face].mean() < 0.5 and change[face].max() < 16
    assert change[~face].mean() > 2
    corner = slice(0, 40)
    detail = [cv2.Laplacian(a.picture[corner, corner].astype(np.float32), -1).std() for a in (plain, blurred)]
    assert detail[1] < 0.4 * detail[0]  # what is left is the rounding to 8 bits


def test_mirrored_eyes_above_a_cut_forehead_are_blurred() -> None:
    """The estimated forehead reaches into the copy, but what is no photograph does not stay sharp."""
    image, points = found()
    brows = int(points[17:27, 1].min()) - 12
    image, points = np.ascontiguousarray(image[brows:]), points - [0, brows]
    settings = numbers(FFHQ, size=256)
    plain, blurred = (align(image, points, settings=numbers(settings, blur=blur)) for blur in (0.0, 0.03))
    edge = apply(cv2.invertAffineTransform(plain.to_original), np.array([200.0, -0.5]))[1]
    around = eye_centres(plain.points).round().astype(int)
    mirrored = [slice(int(2 * edge - y) - 6, int(2 * edge - y) + 6) for y in around[:, 1]]
    for rows, x in zip(mirrored, around[:, 0], strict=True):
        change = plain.picture[rows, x - 10 : x + 10].astype(float) - blurred.picture[rows, x - 10 : x + 10]
        assert np.abs(change).mean() > 8


def test_a_face_at_the_photographs_border_is_completed_by_its_mirror_image() -> None:
    image, points = found()
    cut = int(points[:, 0].min()) + 3
    aligned = align(
        np.ascontiguousarray(image[:, cut:]), points - [cut, 0], settings=numbers(size=128, eye_distance=40, blur=0.0)
    )
    assert 0 < aligned.outside_share < 0.3
    edge = apply(cv2.invertAffineTransform(aligned.to_original), np.array([-0.5, 100.0]))[0]
    column = int(np.floor(edge))
    left, right = aligned.picture[:, column - 4 : column + 1][:, ::-1], aligned.picture[:, column + 1 : column + 6]
    assert np.abs(left.astype(int) - right).mean() < 12


def test_a_picture_within_the_photograph_is_left_alone() -> None:
    image, points = found()
    a, b = (align(image, points, settings=numbers(blur=blur)) for blur in (0.0, 0.2))
    assert a.outside_share == 0 and (a.picture == b.picture).all()


def test_face_share_is_the_faces_area() -> None:
    image, points = found()
    small, large = (align(image, points, settings=numbers(size=256, eye_distance=d)) for d in (40, 60))
    assert large.face_share == pytest.approx(small.face_share * 1.5**2, rel=0.05)


def test_the_published_distance_gives_a_face_of_a_few_per_cent() -> None:
    image, points = found()
    assert align(image, points, settings=PUBLISHED).face_share == pytest.approx(0.06, abs=0.02)


def test_a_very_large_photograph_costs_little_memory() -> None:
    photograph = np.zeros((6000, 6000, 3), np.uint8)
    points = found()[1] * 15
    tracemalloc.start()
    align(photograph, points, settings=EYES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6


def test_the_same_face_gives_the_same_bytes() -> None:
    image, points = found(5, roll=25.0)
    assert (align(image, points, settings=FFHQ).picture == align(image.copy(), points, settings=FFHQ).picture).all()


POINTS = found()[1]
UPSIDE_DOWN = POINTS * [1, -1] + [0, 400]


@pytest.mark.parametrize(
    ("points", "settings", "reason"),
    [
        (POINTS[:67], EYES, "68 finite"),
        (np.where(np.arange(136).reshape(68, 2) == 7, np.nan, POINTS), EYES, "68 finite"),
        (np.full((68, 2), 9.0), EYES, r"too small, 0\.0 px between the eye centres \(at least 20\)"),
        (POINTS, numbers(min_eye_distance=200), r"too small, \d+\.\d px .*\(at least 200\)"),
        (np.full((68, 2), 9.0), numbers(min_eye_distance=0), r"too small, .*\(at least 1\)"),
        (UPSIDE_DOWN, EYES, "mouth does not lie below"),
        (POINTS, numbers(PUBLISHED, max_outside=0.5), r"[5-9]\d% of the picture would lie outside .*\(at most 50%\)"),
        (POINTS + 5000, numbers(max_outside=0.99), "100% of the picture"),
    ],
)
def test_what_cannot_be_aligned_is_refused_with_a_reason(points: Any, settings: Any, reason: str) -> None:
    with pytest.raises(AlignmentError, match=reason):
        align(found()[0], points, settings=settings)


@pytest.mark.parametrize("settings", [EYES, FFHQ], ids=["eyes", "ffhq"])
def test_a_photograph_on_its_head_is_turned(settings: Any) -> None:
    image, points = found()
    over = np.ascontiguousarray(image[::-1, ::-1])
    aligned = align(over, 399 - points, settings=settings)
    upright = align(image, points, settings=settings)
    assert np.abs(aligned.picture.astype(int) - upright.picture).mean() < 1
