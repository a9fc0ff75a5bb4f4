from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest

from tasks.base.images import encode_png
from tasks.base.points68 import MIRROR
from tasks.symmetry.baselines import cupids_bow_difference, measure_photographs, mirror_difference


def raised(face: Any, share: Any) -> Any:
    """The face with the patient's left peak drawn higher by a share of the mouth's width, picture and points."""
    landmarks = face.landmarks.copy()
    rise = share * face.mouth_width
    x, y = np.meshgrid(np.arange(400, dtype=np.float32), np.arange(400, dtype=np.float32))
    bump = rise * np.exp(-((x - landmarks[52, 0]) ** 2 + (y - landmarks[52, 1]) ** 2) / (2 * 8**2))
    image = cv2.remap(face.image, x, (y + bump).astype(np.float32), cv2.INTER_LINEAR)
    landmarks[52, 1] -= rise
    return image, landmarks


def turned(image: Any, landmarks: Any, angle: Any, scale: Any, size: Any) -> Any:
    matrix = cv2.getRotationMatrix2D((199.5, 199.5), angle, scale)
    matrix[:, 2] += (size - 400) / 2
    picture = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return picture, cv2.transform(landmarks[None], matrix)[0]


def mirrored(image: Any, landmarks: Any) -> Any:
    return np.ascontiguousarray(image[:, ::-1]), np.column_stack([399 - landmarks[:, 0], landmarks[:, 1]])[MIRROR]


def test_symmetric_face_scores_zero(even_face: Any) -> None:
    assert cupids_bow_difference(even_face.landmarks) == 0
    assert mirror_difference(even_face.image, even_face.landmarks) < 0.05


def test_known_rise_is_measured(even_face: Any) -> None:
    for share in (0.02, 0.05, 0.1):
        assert cupids_bow_difference(raised(even_face, share)[1]) == pytest.approx(share)


def test_both_rise_with_the_asymmetry(even_face: Any) -> None:
    faces = [raised(even_face, share) for share in (0, 0.03, 0.06, 0.12)]
    pixels = [mirror_difference(*face) for face in faces]
    assert pixels == sorted(pixels) and pixels[1] > 4 * pixels[0]


def test_mirrored_face_scores_the_same(even_face: Any) -> None:
    image, landmarks = raised(even_face, 0.08)
    other_image, other_landmarks = mirrored(image, landmarks)
    assert cupids_bow_difference(other_landmarks) == pytest.approx(cupids_bow_difference(landmarks))
    assert mirror_difference(other_image, other_landmarks) == pytest.approx(
        mirror_difference(image, landmarks), rel=0.02
    )


@pytest.mark.parametrize(("angle", "scale", "size"), [(12, 1, 400), (-7, 1, 400), (0, 2, 800), (0, 1, 500)])
def test_rotation_scale_and_shift_change_nothing(even_face: Any, angle: int, scale: int, size: int) -> None:
    image, landmarks = raised(even_face, 0.08)
    other_image, other_landmarks = turned(image, landmarks, angle, scale, size)
    assert cupids_bow_difference(other_landmarks) == pytest.approx(cupids_bow_difference(landmarks), rel=1e-9)
    assert mirror_difference(other_image, other_landmarks) == pytest.approx(
        mirror_difference(image, landmarks), rel=0.2
    )


def test_light_from_one_side_is_not_asymmetry(even_face: Any) -> None:
    ramp = np.linspace(0.7, 1.0, 400)[None, :, None]
    lit = (even_face.image * ramp).astype(np.uint8)
    uneven = mirror_difference(*raised(even_face, 0.08))
    assert mirror_difference(lit, even_face.landmarks) < 0.4 * uneven


def test_table_of_a_bucket(even_face: Any, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_png(even_face.image))
    (tmp_path / "bad.png").write_bytes(b"not a picture")
    images = pa.table({"image_id": ["a", "bad", "r"], "path": [f"{tmp_path}/{n}.png" for n in ("a", "bad", "r")]})
    points = even_face.landmarks.ravel().tolist()
    rows = [
        ("a", points, None, None),
        ("bad", points, None, None),
        ("r", None, "no face", None),
        ("f", points, None, "c"),
    ]
    landmarks = pa.Table.from_pylist(
        [{"image_id": i, "subject_id": "s", "points": p, "reason": r, "clip_id": c} for i, p, r, c in rows]
    )
    found = {row["image_id"]: row for row in measure_photographs(images, landmarks).to_pylist()}
    assert set(found) == {"a", "bad", "r"}  # frames are not measured
    assert found["a"]["cupids_bow_difference"] == 0 and found["a"]["reason"] is None
    assert found["r"]["reason"] == "no face"
    assert found["bad"]["reason"] and found["bad"]["mirror_difference"] is None
    assert found["bad"]["cupids_bow_difference"] is None
