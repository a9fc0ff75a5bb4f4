"""The 68 points agree with the drawing's truth and with themselves at any size; what cannot be measured says why."""

from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from tasks.base.images import UnreadableImage, encode_png
from tasks.ingest.faces.detection import find_face
from tasks.ingest.faces.landmarks import SEVERAL, locate, measure_face, padded_crop, place_points
from tasks.ingest.faces.pixels import loader
from tasks.phantoms.identity import identity
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import render
from tasks.phantoms.shape import NEUTRAL, Cleft, Side
from tasks.schemas.ingest import FRAMES, IMAGES, LANDMARKS
from tests.ingest.drawn import SETTINGS, covered_mouth, face, scaled

MEASURED = (
    "points",
    "box",
    "score",
    "yaw_deg",
    "pitch_deg",
    "roll_deg",
    "interocular_px",
    "sharpness",
    "mouth_contrast",
)


def points_of(row: Any) -> np.ndarray:
    return np.array(row["points"]).reshape(68, 2)


def apart(found: np.ndarray, wanted: np.ndarray, *, which: Any = slice(0, 68)) -> np.ndarray:
    """Distances of points, shares of the outer eye distance."""
    shares: np.ndarray = np.linalg.norm(found - wanted, axis=1)[which] / np.linalg.norm(wanted[45] - wanted[36])
    return shares


def limits(**changes: Any) -> Any:
    return SETTINGS.model_copy(update=changes)


@pytest.fixture(scope="session")
def base() -> dict[str, Any]:
    """The row of face 3, 300 x 300."""
    return measure_face(face().image, SETTINGS)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 5])
def test_points_are_where_they_were_drawn(seed: int) -> None:
    drawing = face(seed)
    row: dict[str, Any] = measure_face(drawing.image, SETTINGS)
    assert row["reason"] is None
    assert (row["width"], row["height"]) == (300, 300)
    error = apart(points_of(row), drawing.landmarks)
    assert error[48:].mean() < 0.03
    assert error[17:].mean() < 0.05
    left, top, right, bottom = row["box"]
    inside = drawing.landmarks[17:]
    assert left < inside[:, 0].min() < inside[:, 0].max() < right
    assert top < inside[:, 1].max() < bottom


@pytest.mark.parametrize("scale", [0.25, 0.5, 2, 3, 8])
def test_points_agree_at_any_size(base: dict[str, Any], scale: float) -> None:
    """In original pixels: 75 px is found enlarged, 2400 px is searched made smaller."""
    row = measure_face(scaled(face().image, scale), SETTINGS)
    assert (row["width"], row["height"]) == (300 * scale, 300 * scale)
    error = apart((points_of(row) + 0.5) / scale - 0.5, points_of(base))
    assert error.mean() < 0.02
    assert error.max() < 0.06
    assert row["interocular_px"] == pytest.approx(base["interocular_px"] * scale, rel=0.02)


def test_a_small_face_is_found_by_enlarging_alone() -> None:
    small = scaled(face().image, 0.25)
    assert find_face(small, limits(enlarge_to=75)) is None
    row = measure_face(small, SETTINGS)
    assert str(row["reason"]).startswith("face too small, 21 px between the outer eye corners (at least 40)")
    assert measure_face(small, limits(min_interocular=10))["reason"] is None


def test_points_are_finer_than_pixels(base: dict[str, Any]) -> None:
    fractions = points_of(base) % 1
    assert len(np.unique(fractions.round(3))) > 30
    shifted = measure_face(
        cv2.resize(np.roll(scaled(face().image, 4), 2, axis=1), (300, 300), None, 0, 0, cv2.INTER_AREA), SETTINGS
    )
    move = (points_of(shifted) - points_of(base))[17:]
    assert move[:, 0].mean() == pytest.approx(0.5, abs=0.35)
    assert abs(move[:, 1].mean()) < 0.35


def test_a_face_that_touches_the_border_is_measured(base: dict[str, Any]) -> None:
    """The picture ends where the face box does: outside, its edge is repeated."""
    left, top, right, bottom = (int(round(side)) for side in base["box"])
    inside = face().image[top - 12 : bottom + 8, left - 6 : right + 6]
    row = measure_face(np.ascontiguousarray(inside), SETTINGS)
    assert row["reason"] is None
    assert apart(points_of(row) + [left - 6, top - 12], points_of(base), which=slice(17, 68)).mean() < 0.03


def test_a_mouth_cut_by_the_border_is_refused(base: dict[str, Any]) -> None:
    lips = points_of(base)[48:]
    cut = face().image[: int(lips[:, 1].mean())]
    row = measure_face(np.ascontiguousarray(cut), limits(min_score=-1.0))
    assert row["reason"] == "mouth not whole in the picture"
    assert all(row[name] is not None for name in MEASURED)


def test_no_face() -> None:
    for image in (
        np.full((200, 300, 3), 128, np.uint8),
        np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8),
    ):
        row = measure_face(image, SETTINGS)
        assert row == {"width": image.shape[1], "height": image.shape[0], "reason": "no face found"}


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1), (2, 40_000), (30, 30)])
def test_a_picture_too_thin_to_hold_a_face_is_no_crash(shape: Any) -> None:
    assert measure_face(np.full((*shape, 3), 99, np.uint8), SETTINGS)["reason"] == "no face found"


@pytest.mark.parametrize("count", [2, 3])
def test_several_faces_are_refused_with_their_number(count: int) -> None:
    image = np.hstack([face(seed).image for seed in range(3, 3 + count)])
    row = measure_face(image, SETTINGS)
    assert row["reason"] == SEVERAL.format(count)
    assert "ingest_landmarks.several: largest" in SEVERAL
    assert all(row[name] is not None for name in MEASURED)
    assert measure_face(image, limits(second_face_score=99.0))["reason"] is None


def test_of_several_faces_the_largest_is_measured_where_that_is_asked_for() -> None:
    """It may stand anywhere, and need not be the one that the detector is surest of."""
    small = np.full((450, 300, 3), 128, np.uint8)
    small[:300] = face(3).image
    for image, at in ((scaled(face(4).image, 1.5), 0), (scaled(face(4).image, 1.5), 300)):
        both = np.hstack([image, small] if at == 0 else [small, image])
        assert measure_face(both, SETTINGS)["reason"] == SEVERAL.format(2)
        row = measure_face(both, limits(several="largest"))
        assert row["reason"] is None
        alone = points_of(measure_face(image, SETTINGS)) + [at, 0]
        assert apart(points_of(row), alone).mean() < 0.03
    one = face(3).image
    assert measure_face(one, limits(several="largest")) == measure_face(one, SETTINGS)


@pytest.mark.parametrize(
    ("image", "changes", "reason"),
    [
        (lambda: cv2.GaussianBlur(face().image, (0, 0), 4), {}, "blurred, sharpness 0.1"),
        (lambda: covered_mouth(face()), {}, "mouth covered or lips not to be told from skin, contrast 0."),
        (lambda: face(roll=15.0).image, {"max_roll": 10.0}, "head tilted 16 degrees (at most 10)"),
        (lambda: face(yaw=-10.0).image, {"max_yaw": 4.0}, "head turned 8 degrees to the side (at most 4)"),
        (lambda: face(pitch=-8.0).image, {"max_pitch": 5.0}, "head raised or lowered 10 degrees (at most 5)"),
        (
            lambda: face().image,
            {"min_interocular": 90.0},
            "face too small, 83 px between the outer eye corners (at least 90)",
        ),
    ],
    ids=["blur", "covered", "roll", "yaw", "pitch", "small"],
)
def test_the_gate_refuses_and_keeps_what_was_measured(image: Any, changes: Any, reason: str) -> None:
    row: dict[str, Any] = measure_face(image(), limits(**changes))
    assert str(row["reason"]).startswith(reason)
    assert all(row[name] is not None for name in MEASURED)
    assert len(row["points"]) == 136


def test_the_same_picture_gives_the_same_row(base: dict[str, Any]) -> None:
    assert measure_face(face().image.copy(), SETTINGS) == base


def test_a_crop_beyond_the_picture_repeats_its_edge() -> None:
    image = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    crop = padded_crop(image, np.array([-2, 1]), np.array([7, 6]))
    assert crop.shape == (5, 9, 3)
    assert np.array_equal(crop[:3, 2:7], image[1:])
    assert (crop[:3, :2] == image[1:, :1]).all()
    assert (crop[3:, 2:7] == image[3]).all()


def test_points_do_not_depend_on_the_size_at_which_they_are_placed(base: dict[str, Any]) -> None:
    for side in (256, 1024):
        points = place_points(face().image, np.array(base["box"]), model="dlib", predict_side=side)
        assert apart(points, points_of(base)).mean() < 0.01


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Images and frames tables with a good still, a turned one, a missing, a text and a clip with two frames."""
    raw = tmp_path_factory.mktemp("raw")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(face().image).save(raw / "good.png")
    Image.fromarray(np.rot90(face().image)).save(raw / "turned.png", exif=exif)
    (raw / "text.jpg").write_text("no picture")
    fixed = {"subject_id": "s", "population": "control", "size_bytes": 1}
    stills = [
        {"kind": "still", "image_id": name, "path": str(raw / name)}
        for name in ("good.png", "turned.png", "gone.jpg", "text.jpg")
    ]
    clips = [{"kind": "clip", "image_id": "clip", "path": str(raw / "clip.avi")}]
    images = IMAGES.table(fixed | row | {"names": [row["path"]]} for row in stills + clips)
    frame = {"clip_id": "clip", "subject_id": "s", "population": "control"}
    frames = FRAMES.table(
        [
            frame | {"image_id": "f0", "frame_index": 0, "time_s": 0.0, "png": encode_png(face().image)},
            frame | {"image_id": "f-1", "reason": "no frame of this clip could be decoded"},
        ]
    )
    return images, frames


def test_a_bucket_gives_a_row_for_every_still_and_frame(bucket: Any, base: dict[str, Any]) -> None:
    images, frames = bucket
    table = locate(images, frames, settings=SETTINGS)
    assert table.schema.equals(LANDMARKS.arrow)
    rows = {row["image_id"]: row for row in table.to_pylist()}
    assert set(rows) == {"good.png", "turned.png", "gone.jpg", "text.jpg", "f0", "f-1"}
    for name in ("good.png", "turned.png", "f0"):
        assert rows[name]["reason"] is None
        assert rows[name]["points"] == base["points"]
    assert (rows["f0"]["clip_id"], rows["f0"]["frame_index"]) == ("clip", 0)
    assert (rows["good.png"]["clip_id"], rows["good.png"]["frame_index"]) == (None, None)
    assert rows["gone.jpg"]["reason"] == "cannot be read: No such file or directory"
    assert rows["text.jpg"]["reason"].startswith("not a picture")
    assert rows["f-1"]["reason"] == "no frame of this clip could be decoded"
    for name in ("gone.jpg", "text.jpg", "f-1"):
        assert rows[name]["points"] is None
        assert (rows[name]["subject_id"], rows[name]["population"]) == ("s", "control")


def test_empty_tables_give_an_empty_table() -> None:
    assert locate(IMAGES.table([]), FRAMES.table([]), settings=SETTINGS).num_rows == 0


def test_pixels_come_from_files_and_frames(bucket: Any) -> None:
    images, frames = bucket
    load = loader(images, frames)
    for name in ("good.png", "turned.png", "f0"):
        assert np.array_equal(load(name), face().image)
    with pytest.raises(UnreadableImage):
        load("gone.jpg")


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        (1, "the head lies on its side: turn the photograph by a quarter, clockwise"),
        (2, "the head is upside down: turn the photograph the right way up"),
        (3, "the head lies on its side: turn the photograph by a quarter, anticlockwise"),
    ],
)
@pytest.mark.parametrize("seed", [0, 3, 5])
def test_a_head_that_is_not_the_right_way_up_is_refused_with_what_to_do(seed: int, turns: int, said: str) -> None:
    image = np.ascontiguousarray(np.rot90(face(seed).image, turns))  # anticlockwise
    assert measure_face(image, SETTINGS)["reason"] == said
    upright = np.ascontiguousarray(np.rot90(image, -turns))
    assert measure_face(upright, SETTINGS)["reason"] is None


def test_unrepaired_patients_are_the_right_way_up_and_only_so() -> None:
    """The detector is less sure of them than of some faces upside down, so no limit on its score alone would do."""
    sure = []
    sides: list[tuple[int, Side]] = [(11, "left"), (12, "both"), (13, "right"), (14, "both")]
    for seed, side in sides:
        drawn = render(
            identity(seed), size=300, expression=NEUTRAL, pose=FRONTAL, cleft=Cleft(1.0, side, repaired=False), frame=0
        )
        row = measure_face(drawn.image, SETTINGS)
        assert "head" not in str(row["reason"])
        sure.append(float(str(row["score"])))
        over = measure_face(np.ascontiguousarray(drawn.image[::-1, ::-1]), SETTINGS)
        assert "upside down" in str(over["reason"])
    assert min(sure) < 2


def test_a_face_that_is_unsure_because_its_mouth_is_cut_off_is_told_so() -> None:
    image = face(3).image
    whole = np.reshape(np.asarray(measure_face(image, SETTINGS)["points"], float), (68, 2))
    cut = np.ascontiguousarray(image[: int(whole[62, 1])])
    for limit in (SETTINGS, limits(sure_score=99.0, min_lead=99.0)):
        assert measure_face(cut, limit)["reason"] == "mouth not whole in the picture"


def test_a_face_not_surer_than_its_turns_is_refused() -> None:
    doubtful = limits(sure_score=99.0, min_lead=99.0)
    image = np.ascontiguousarray(np.vstack([face(3).image, face(3).image[::-1, ::-1]]))
    assert "which way up" in str(measure_face(image, doubtful)["reason"])


def test_photographs_of_a_set_from_several_sides_have_no_row(tmp_path: Any) -> None:
    row: dict[str, Any] = {
        "image_id": "0" * 64,
        "path": str(tmp_path / "gone.jpg"),
        "names": ["gone.jpg"],
        "kind": "still",
    }
    row |= {"subject_id": "ann", "population": "control", "view": "around", "visit": "first", "size_bytes": 1}
    assert locate(IMAGES.table([row]), FRAMES.table([]), settings=SETTINGS).num_rows == 0
