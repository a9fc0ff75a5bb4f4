"""A lens that somebody calibrated is read with every mistake told, scaled to the photographs, and held or refined."""

from pathlib import Path

import numpy as np
import openpyxl
import pytest

from tasks.errors import InputError
from tasks.space.views import Camera
from tasks.surface.cameras.calibration import (
    Lens,
    cells_of,
    doubts_in,
    lenses_in,
    of_photograph,
    pinhole,
    read_calibration,
    told_in,
    words,
)
from tasks.surface.cameras.colmap import pycolmap
from tasks.surface.cameras.distortion import bent, straight
from tasks.surface.cameras.features import features_of
from tasks.surface.cameras.solution import Observations, Solved, view_of
from tasks.surface.cameras.solving import solved_of
from tests.surface.balls import RING, SETTINGS, SIZE, camera, face, picture
from tests.surface.test_solving import wrong

HEAD = "files,model,width,height,params\n"
NOTHING = Observations(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2)), np.zeros(0))
LENS = Lens("OPENCV", *SIZE, (640.0, 610.0, 171.0, 194.0, -0.2, 0.08, 0.002, -0.003))


def read(folder: Path, *lines: str, names: tuple[str, ...] = ("a.jpg", "b.jpg", "c.png")) -> dict[str, Lens]:
    (folder / "cameras.csv").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return read_calibration(folder, names)


def test_names_and_patterns_share_the_photographs_out(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "*.jpg,SIMPLE_RADIAL,4000,3000,3100.5 2000 1490 -2e-02",
        "c.png,opencv,4000,3000,3100 3090 2000 1500 -0.1 0.05 1e-3 0",
    )
    assert found["a.jpg"] == found["b.jpg"] == Lens("SIMPLE_RADIAL", 4000, 3000, (3100.5, 2000, 1490, -0.02))
    assert found["c.png"].focal == (3100, 3090)
    assert found["c.png"].bend == (-0.1, 0.05, 0.001, 0)
    assert read_calibration(tmp_path / "elsewhere", ["a.jpg"]) == {}


LINE = "*.jpg,SIMPLE_RADIAL,4000,3000,3100 2000 1500 0\n"


@pytest.mark.parametrize("name", ["Cameras.csv", "CAMERAS.CSV", "camera.csv", "cameras.csv.txt", "cameras (1).csv"])
def test_a_table_that_is_nearly_named_so_counts(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(HEAD + LINE, encoding="utf-8")
    assert set(read_calibration(tmp_path, ["a.jpg"])) == {"a.jpg"}
    (tmp_path / name).write_text(HEAD + LINE.replace("RADIAL", "FISH"), encoding="utf-8")
    with pytest.raises(InputError, match="line 2: there is no model") as error:
        read_calibration(tmp_path, ["a.jpg"])
    assert str(error.value).startswith(name)


def test_a_workbook_and_a_table_with_tabs_count(tmp_path: Path) -> None:
    rows = [line.split(",") for line in (HEAD + LINE).splitlines()]
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(tmp_path / "cameras.xlsx")
    assert set(read_calibration(tmp_path, ["a.jpg"])) == {"a.jpg"}
    (tmp_path / "cameras.xlsx").rename(tmp_path / "other.xlsx")
    assert read_calibration(tmp_path, ["a.jpg"]) == {}
    (tmp_path / "cameras.tsv").write_text((HEAD + LINE).replace(",", "\t"), encoding="utf-8")
    assert set(read_calibration(tmp_path, ["a.jpg"])) == {"a.jpg"}


def test_a_table_in_a_folder_below_speaks_of_the_photographs_beside_it(tmp_path: Path) -> None:
    for place, focal in ((".", "3100"), ("second", "2900")):
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / "cameras.csv").write_text(HEAD + LINE.replace("3100", focal), encoding="utf-8")
    names = ["a.jpg", "second/a.jpg", "third/a.jpg"]
    found = {name: lens.focal[0] for name, lens in read_calibration(tmp_path, names).items()}
    assert found == {"a.jpg": 3100, "second/a.jpg": 2900, "third/a.jpg": 3100}
    (tmp_path / "cameras.csv").unlink()
    assert set(read_calibration(tmp_path, names)) == {"second/a.jpg"}
    (tmp_path / "second" / "cameras.csv").write_text(HEAD + LINE.replace("RADIAL", "FISH"), encoding="utf-8")
    with pytest.raises(InputError, match="^second/cameras.csv, line 2: there is no model"):
        read_calibration(tmp_path, names)


def test_what_can_mean_nothing_else_and_cannot_be_read_is_told(tmp_path: Path) -> None:
    def told(name: str, text: str | None) -> str:
        path = tmp_path / name
        if text is None:
            path.symlink_to(tmp_path / "gone.csv")
        else:
            path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError) as error:
            read_calibration(tmp_path, ["a.jpg"])
        path.unlink()
        return str(error.value)

    assert told("cameras.csv", HEAD) == (
        "cameras.csv: a header and no line below it; write one per camera, or take the file away"
    )
    for name in ("cameras.csv", "Camera.csv"):
        assert told(name, None) == f"{name}: a link that leads nowhere"
    assert "no column model" in told("camera.csv", "files,lens\n*.jpg,wide\n")
    assert "cameras.ods" in told("cameras.ods", "")
    (tmp_path / "camera settings.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "camera.jpg").write_bytes(b"")
    assert read_calibration(tmp_path, ["a.jpg"]) == {}
    for name in ("Cameras.csv", "CAMERAS.csv"):
        (tmp_path / name).write_text(HEAD + LINE, encoding="utf-8")
    with pytest.raises(InputError, match="could both be the table of cameras"):
        read_calibration(tmp_path, ["a.jpg"])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("d.jpg,SIMPLE_RADIAL,4000,3000,3100 2000 1500 0", "line 2: there is no photograph 'd.jpg'; did you mean"),
        ("*.jpg,FISHEYE,4000,3000,3100 2000 1500 0", "no model 'FISHEYE'; there are SIMPLE_RADIAL, OPENCV"),
        ("*.jpg,OPENCV,4000,3000,3100 2000 1500 0", "4 params; OPENCV has 8: fx fy cx cy k1 k2 p1 p2"),
        ("*.jpg,SIMPLE_RADIAL,4000,3000,nan 2000 1500 0", "f 'nan' is not a number"),
        ("*.jpg,SIMPLE_RADIAL,4000,0,3100 2000 1500 0", "whole numbers above 0 expected"),
        ("*.jpg,SIMPLE_RADIAL,4000,3000,26 2000 1500 0", "a focal length of 26 px .* in pixels, 1200 to 80000"),
        ("*.jpg,SIMPLE_RADIAL,4000,3000,3100 20 1500 0", "cx 20 px is not near the middle of 4000 px"),
        ("*.jpg,SIMPLE_RADIAL,4000,3000,3100 2000 1500 -0.9", "folds the picture"),
        (
            "*.jpg,SIMPLE_RADIAL,4000,3000,3100 2000 1500 0\na.jpg,SIMPLE_RADIAL,4,3,3 2 1 0",
            "a.jpg has its lens by line 2",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(line: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=told):
        read(tmp_path, *line.splitlines())


def test_a_lens_is_scaled_to_the_photograph_and_another_shape_is_refused() -> None:
    half = of_photograph("a.jpg", LENS, SIZE[0] // 2, SIZE[1] // 2)
    assert half.params == (320, 305, 85.5, 97, *LENS.params[4:])
    with pytest.raises(InputError, match=r"a\.jpg: 400 x 320 px, but cameras\.csv .* 320 x 400; a camera held upright"):
        of_photograph("a.jpg", LENS, 400, 320)
    with pytest.raises(InputError, match=r"400 x 400 px, but cameras\.csv has its lens for 320 x 400$"):
        of_photograph("a.jpg", LENS, 400, 400)


def test_stages_keep_it_in_cells_and_a_bad_file_refuses_its_set(tmp_path: Path) -> None:
    read(tmp_path, "*.jpg,OPENCV,320,400," + " ".join(map(str, LENS.params)))
    ids = {"a.jpg": "a" * 64, "c.png": "c" * 64}
    cells = cells_of(tmp_path, ids)
    assert lenses_in(["exocanthion_right exocanthion_left 92", *cells]) == {"a" * 64: LENS}
    row = {"photograph": "a" * 64, "width": 320, "height": 400, "focal_px": 500.0, "known": cells}
    assert told_in([row, row | {"photograph": "c" * 64}]) == {"a" * 64: LENS, "c" * 64: 500.0}
    (tmp_path / "cameras.csv").write_text(HEAD + "*.jpg,PINHOLE,3,2,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="no model 'PINHOLE'"):
        lenses_in(cells_of(tmp_path, ids))


def seen_through() -> tuple[dict[str, Camera], dict[str, np.ndarray]]:
    """The ball of test_cameras through a lens that bends and is not in the middle; cameras and pictures by name."""
    true, pictures = {}, {}
    for number, place in enumerate(RING):
        plain = camera(*place)
        own = pinhole(LENS, plain.rotation, plain.translation)
        true[f"{number:02d}"] = own
        pictures[f"{number:02d}"] = picture(own, bend=LENS.bend)
    return true, pictures


def scale_off(solved: Solved, true: dict[str, Camera]) -> float:
    """By how much the scale depends on which distance is known: of all distances between two cameras, as a share."""
    found, there = (np.array([cameras[name].centre for name in sorted(true)]) for cameras in (solved.cameras, true))
    one, other = np.triu_indices(len(found), 1)
    lengths = [np.linalg.norm(own[one] - own[other], axis=1) for own in (found, there)]
    ratio = lengths[1] / lengths[0]
    return float(np.abs(ratio / np.median(ratio) - 1).max())


def test_a_calibrated_lens_is_held_and_places_cameras_better_than_a_guess() -> None:
    true, pictures = seen_through()
    seen = {name: features_of(image, face(true[name]), settings=SETTINGS) for name, image in pictures.items()}
    held = solved_of(seen, dict.fromkeys(seen, LENS), settings=SETTINGS)
    guessed = solved_of(seen, dict.fromkeys(seen), settings=SETTINGS)
    assert sorted(held.names) == sorted(true)
    for name in true:
        assert np.allclose(held.cameras[name].matrix, true[name].matrix, atol=1e-9)
        assert held.bends[name] == LENS.bend
    assert wrong(held, true).max() < 6  # of 600 mm
    assert np.median(wrong(held, true)) < np.median(wrong(guessed, true))
    assert scale_off(held, true) < min(0.015, scale_off(guessed, true))
    assert held.doubts == guessed.doubts == {}
    wrongly = LENS._replace(params=(*(0.8 * own for own in LENS.focal), *LENS.params[2:]))
    doubted = solved_of(seen, dict.fromkeys(seen, wrongly), settings=SETTINGS).doubts
    assert sorted(doubted) == sorted(true)
    assert doubted["00"].given == pytest.approx(np.mean(wrongly.focal))
    assert doubted["00"].fitted == pytest.approx(np.mean(LENS.focal), rel=0.1)
    freed = solved_of(seen, dict.fromkeys(seen, LENS), settings=SETTINGS.model_copy(update={"hold_calibrated": False}))
    found = freed.cameras["00"].matrix
    assert not np.allclose(found, LENS.focal[0])
    assert np.allclose([found[0, 0], found[1, 1]], LENS.focal, rtol=0.1)  # a bare ball hardly tells it


def test_a_photograph_through_it_is_straightened() -> None:
    own = pinhole(LENS, np.eye(3), np.zeros(3))
    solved = Solved({"a": own}, {"a": LENS.bend}, np.zeros((0, 3)), NOTHING, [], {})
    columns, rows = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    pixels = np.column_stack([columns.ravel(), rows.ravel()]).astype(float)

    def painted(at: np.ndarray) -> np.ndarray:
        grey = 128 + 60 * np.sin(at[:, 0] / 15) * np.cos(at[:, 1] / 15)
        return np.repeat(np.rint(grey).astype(np.uint8).reshape(*SIZE[::-1], 1), 3, axis=2)

    shown = painted(straight(pixels, own, LENS.bend))
    off = [
        np.abs(image.astype(float) - painted(pixels))[10:-10, 10:-10]
        for image in (shown, view_of("a", shown, solved).image)
    ]
    assert off[0].max() > 10
    assert off[1].max() < 2  # grey levels


def test_where_a_lens_comes_from_is_told() -> None:
    assert words(LENS, held=True) == "calibrated, held"
    assert words(LENS, held=False) == "calibrated, refined"
    doubted = words(LENS, held=True, doubt=(500.0, 640.2, 1.84))
    better = "a focal length of 640 px fits the photographs 1.8 times better than its 500 px"
    assert doubted == f"calibrated, held, but {better}"
    (told,) = doubts_in([doubted, words(LENS, held=True), None, doubted])
    assert told.startswith(f"Lens {doubted}: is cameras.csv of this camera")
    assert [words(told, held=True) for told in (500.0, None)] == [
        "found, from EXIF's focal length on",
        "found, without EXIF",
    ]


def test_bending_and_straightening_are_colmaps() -> None:
    theirs = pycolmap.Camera(camera_id=1, model="OPENCV", width=SIZE[0], height=SIZE[1], params=list(LENS.params))
    rays = np.random.default_rng(0).uniform(-0.25, 0.25, (50, 2))
    flat = pinhole(LENS, np.eye(3), np.zeros(3))
    ours = bent(flat.project(np.column_stack([rays, np.ones(50)])), flat, LENS.bend)
    shown = theirs.img_from_cam(np.column_stack([rays, np.ones(50)]))
    assert shown is not None
    assert np.allclose(shown - 0.5, ours, atol=1e-9)
