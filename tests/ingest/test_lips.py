from typing import Any

import cv2
import numpy as np
import pytest

from tasks.base.images import decode_png
from tasks.base.points68 import MIRROR
from tasks.ingest.faces.lips import LipsError, crop_lips, level, lips_table
from tasks.params.ingest import IngestLips

SETTINGS = IngestLips(
    half_size=48,
    margin_above=0.3,
    margin_below=0.15,
    margin_side=0.1,
    level_by_nose=0.0,
    split_by_nose=0.0,
    least_half=0.0,
    mirrored_half="left",
    erosion_kernel=1,
)


def uneven(face: Any) -> Any:
    """The face with a blot on its picture's left cheek and one peak higher."""
    image, landmarks = face.image.copy(), face.landmarks.copy()
    cv2.circle(image, (165, 270), 9, (40, 90, 200), -1, cv2.LINE_AA)
    landmarks[50, 1] -= 5
    return image, landmarks


def moved(
    image: Any, landmarks: Any, *, angle: Any = 0.0, scale: Any = 1.0, shift: Any = (0.0, 0.0), size: Any = 400
) -> Any:
    """The picture and its points under a similarity about the middle."""
    matrix = cv2.getRotationMatrix2D((199.5, 199.5), angle, scale)
    matrix[:, 2] += shift + np.array([(size - 400) / 2] * 2)
    turned = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return turned, cv2.transform(landmarks[None], matrix)[0]


def difference(one: Any, other: Any) -> Any:
    return np.abs(one.astype(float) - other).mean()


def test_symmetric_face_gives_equal_halves(even_face: Any) -> None:
    lips = crop_lips(even_face.image, even_face.landmarks, settings=SETTINGS)
    assert lips.left.shape == lips.right.shape == (48, 48, 3)
    assert np.abs(lips.left.astype(int) - lips.right).max() <= 2
    plain = crop_lips(
        even_face.image, even_face.landmarks, settings=SETTINGS.model_copy(update={"mirrored_half": "none"})
    )
    assert np.array_equal(plain.left[:, ::-1], lips.left)
    assert np.array_equal(plain.right, lips.right)


def test_left_is_the_patients_left(even_face: Any) -> None:
    image, landmarks = uneven(even_face)
    lips = crop_lips(image, landmarks, settings=SETTINGS)
    assert lips.right[..., 2].max() > 170 > lips.left[..., 2].max()  # the blot is on the picture's left


def test_mirrored_face_swaps_the_halves(even_face: Any) -> None:
    image, landmarks = uneven(even_face)
    lips = crop_lips(image, landmarks, settings=SETTINGS)
    mirrored = np.column_stack([399 - landmarks[:, 0], landmarks[:, 1]])[MIRROR]
    swapped = crop_lips(np.ascontiguousarray(image[:, ::-1]), mirrored, settings=SETTINGS)
    assert difference(swapped.left, lips.right) < 0.5
    assert difference(swapped.right, lips.left) < 0.5
    assert difference(swapped.right, lips.right) > 3


def test_the_noses_base_levels_as_far_as_it_is_told_to(even_face: Any) -> None:
    """Nose and mouth turned together by 6 degrees about the bow, the eyes as they were."""
    turn = np.deg2rad(6.0)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    landmarks = even_face.landmarks.copy()
    origin = landmarks[50:53].mean(axis=0)
    landmarks[31:36] = (landmarks[31:36] - origin) @ spin + origin
    landmarks[48:68] = (landmarks[48:68] - origin) @ spin + origin
    for share in (0.0, 0.5, 1.0):
        frame = level(landmarks, by_nose=share)
        corners = frame.inward(landmarks[[48, 54]])
        left_over = np.rad2deg(np.arctan2(*(corners[1] - corners[0])[::-1]))
        assert left_over == pytest.approx(6 * (1 - share), abs=0.01)
    even = crop_lips(even_face.image, even_face.landmarks, settings=SETTINGS)
    by_nose = SETTINGS.model_copy(update={"level_by_nose": 1.0})
    assert difference(crop_lips(even_face.image, even_face.landmarks, settings=by_nose).left, even.left) < 0.01


def test_the_noses_base_splits_as_far_as_it_is_told_to(even_face: Any) -> None:
    """The bow and the corners 12 pixels to the picture's right, eyes and nose as they were."""
    landmarks = even_face.landmarks.copy()
    landmarks[48:68, 0] += 12
    for share in (0.0, 0.5, 1.0):
        frame = level(landmarks, split_by_nose=share)
        assert frame.inward(landmarks[50:53]).mean(axis=0) == pytest.approx([12 * share, 0], abs=1e-9)
        assert frame.inward(landmarks[[31, 35]])[:, 0].mean() == pytest.approx(12 * (share - 1), abs=1e-9)


def test_a_shifted_mouth_shows_in_the_noses_frame_and_not_in_its_own(even_face: Any) -> None:
    image, landmarks = even_face.image.copy(), even_face.landmarks.copy()
    image[255:] = np.roll(image[255:], 8, axis=1)
    landmarks[48:68, 0] += 8
    own, by_nose = SETTINGS, SETTINGS.model_copy(update={"split_by_nose": 1.0})
    followed = crop_lips(image, landmarks, settings=own)
    kept = crop_lips(image, landmarks, settings=by_nose)
    assert difference(kept.left[-30:], kept.right[-30:]) > 3 * difference(followed.left[-30:], followed.right[-30:])


def test_a_corner_drawn_outwards_scales_no_crop_that_is_wide_enough(even_face: Any) -> None:
    wide = SETTINGS.model_copy(update={"least_half": 0.8})
    landmarks = even_face.landmarks.copy()
    landmarks[54, 0] += 10
    untouched = [crop_lips(even_face.image, even_face.landmarks, settings=own) for own in (SETTINGS, wide)]
    drawn = [crop_lips(even_face.image, landmarks, settings=own) for own in (SETTINGS, wide)]
    scales = [[lips.transform[0, 0] for lips in pair] for pair in (untouched, drawn)]
    assert scales[1][0] < 0.95 * scales[0][0]
    assert scales[1][1] == pytest.approx(scales[0][1], rel=0.02)  # the margin is in mouth widths
    eyes = even_face.landmarks[42:48].mean(axis=0) - even_face.landmarks[36:42].mean(axis=0)
    reach = 0.8 * np.hypot(*eyes) + wide.margin_side * even_face.mouth_width
    assert scales[0][1] == pytest.approx(wide.half_size / reach)


def test_a_least_half_below_the_mouths_changes_nothing(even_face: Any) -> None:
    narrow = SETTINGS.model_copy(update={"least_half": 0.2})
    image, landmarks = uneven(even_face)
    own, same = (crop_lips(image, landmarks, settings=settings) for settings in (SETTINGS, narrow))
    assert np.array_equal(own.left, same.left)
    assert np.array_equal(own.right, same.right)


def test_a_nose_without_width_is_refused_where_it_levels(even_face: Any) -> None:
    landmarks = even_face.landmarks.copy()
    landmarks[35] = landmarks[31]
    assert level(landmarks).width > 0
    with pytest.raises(LipsError, match="nose narrower"):
        level(landmarks, by_nose=0.5)


@pytest.mark.parametrize("angle", [-20.0, 7.0])
@pytest.mark.parametrize("mirrored_half", ["left", "right", "none"])
def test_rotation_in_the_picture_changes_little(even_face: Any, angle: float, mirrored_half: str) -> None:
    settings = SETTINGS.model_copy(update={"mirrored_half": mirrored_half})
    lips = crop_lips(*uneven(even_face), settings=settings)
    turned = crop_lips(*moved(*uneven(even_face), angle=angle), settings=settings)
    assert difference(turned.left, lips.left) < 3
    assert difference(turned.right, lips.right) < 3


def test_subpixel_shift_and_scale_change_little(even_face: Any) -> None:
    lips = crop_lips(*uneven(even_face), settings=SETTINGS)
    for change in ({"shift": (0.37, -0.61)}, {"scale": 2.0, "size": 800}, {"scale": 0.8}):
        other = crop_lips(*moved(*uneven(even_face), **change), settings=SETTINGS)
        assert difference(other.left, lips.left) < 3, change
        assert difference(other.right, lips.right) < 3, change


def test_shrinking_averages_instead_of_skipping(even_face: Any) -> None:
    """Fine stripes turn grey, they do not alias."""
    stripes = np.zeros_like(even_face.image)
    stripes[:, ::2] = 255
    big = cv2.resize(stripes, (1600, 1600), interpolation=cv2.INTER_NEAREST)
    big[:] = np.where(np.arange(1600)[None, :, None] % 2, 255, 0)
    points = (even_face.landmarks + 0.5) * 4 - 0.5
    lips = crop_lips(big, points, settings=SETTINGS.model_copy(update={"half_size": 32}))
    assert np.abs(lips.left.astype(float) - 127.5).max() < 32


def test_region_points_and_transform_agree(even_face: Any) -> None:
    image, landmarks = moved(*uneven(even_face), angle=9)
    lips = crop_lips(image, landmarks, settings=SETTINGS)
    assert np.allclose(cv2.transform(landmarks[None], lips.transform)[0], lips.points)
    bow = lips.points[50:53].mean(axis=0)
    assert bow[0] == pytest.approx(lips.midline_x)
    assert lips.points[45, 1] == pytest.approx(lips.points[36, 1], abs=0.2)  # the eyes are level
    high, wide = lips.region.shape[:2]
    assert wide == 2 * SETTINGS.half_size
    assert (lips.points[48:] > 0).all() and (lips.points[48:] < [wide, high]).all()


def test_erosion_darkens_and_one_changes_nothing(even_face: Any) -> None:
    lips = crop_lips(even_face.image, even_face.landmarks, settings=SETTINGS)
    eroded = crop_lips(even_face.image, even_face.landmarks, settings=SETTINGS.model_copy(update={"erosion_kernel": 3}))
    assert (eroded.left <= lips.left).all() and (eroded.left < lips.left).any()
    assert np.array_equal(eroded.region, lips.region)


def test_refusals(even_face: Any) -> None:
    with pytest.raises(LipsError, match="leaves the picture"):
        crop_lips(even_face.image, even_face.landmarks + [250, 0], settings=SETTINGS)
    with pytest.raises(LipsError, match="finite"):
        level(np.full((68, 2), np.nan))
    with pytest.raises(LipsError, match="narrower"):
        level(np.zeros((68, 2)))


def test_table_keeps_reasons_and_one_bad_photograph_costs_itself(even_face: Any) -> None:
    names = {"clip_id": None, "subject_id": "s", "population": "control", "frame_index": None}
    points = even_face.landmarks.ravel().tolist()

    def load(image_id: Any) -> Any:
        if image_id == "broken":
            raise ValueError("not a picture")
        return even_face.image

    rows = [
        {**names, "image_id": "good", "points": points, "reason": None},
        {**names, "image_id": "refused", "points": None, "reason": "no face"},
        {**names, "image_id": "broken", "points": points, "reason": None},
        {**names, "image_id": "outside", "points": [5000.0] * 2 + points[2:135] + [5000.0], "reason": None},
    ]
    table = {row["image_id"]: row for row in lips_table(rows, load, settings=SETTINGS).to_pylist()}
    assert {key: row["reason"] for key, row in table.items()} == {
        "good": None,
        "refused": "no face",
        "broken": "not a picture",
        "outside": "the mouth leaves the picture",
    }
    assert decode_png(table["good"]["left"]).shape == (48, 48, 3)
    assert table["refused"]["left"] is None
