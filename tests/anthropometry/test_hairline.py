"""The hairline: found where hair begins above skin, at any size and tilt; not told where it is covered, bald or cut."""

import os
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from bench.anthropometry_faces import HAND_HAIRLINE, photographs
from flows import PROJECT
from tasks import params
from tasks.anthropometry.frame import levelled
from tasks.anthropometry.locating.hairline import hairline
from tasks.anthropometry.locating.locate import PointsError, find
from tasks.anthropometry.measures.face import forehead_height, upper_to_middle_third
from tasks.anthropometry.measuring import measure_face
from tasks.anthropometry.names import MIRROR
from tasks.base import tables
from tasks.params.anthropometry import AnthropometryPoints
from tasks.schemas.anthropometry import ANTHROPOMETRY_POINTS
from tests.anthropometry.template import MIDDLE, SETTINGS, template

POINTS = params.load(AnthropometryPoints, "anthropometry_points", PROJECT / "params.yaml")
UNIT, LEVEL = 192.0, 402.0
"""Of the template: the distance of the outer eye corners, and how low the inner ones lie, pixels."""
SKIN, DARK, WALL = (205, 160, 140), (60, 45, 40), (190, 200, 200)


def painted(height: float, hair: tuple[int, int, int] = DARK, *, grain: float = 4.0, top: float = 1.5) -> np.ndarray:
    """Skin, hair from `height` to `top` above the eyes (interocular units), a wall above it; with noise."""
    rng = np.random.default_rng(0)
    picture = np.full((1024, 1024, 3), SKIN, float)
    begins, ends = (round(LEVEL - own * UNIT) for own in (height, top))
    picture[:begins] = hair
    picture[:begins] += rng.normal(0, grain, (begins, 1024, 1)).repeat(3, axis=2)
    picture[: max(ends, 0)] = WALL
    return np.asarray(np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8))


def height_of(picture: np.ndarray, points: np.ndarray | None = None) -> float | None:
    points = template().points if points is None else points
    found = hairline(picture, points, settings=POINTS.hairline)
    if found is None:
        return None
    return float(levelled(points, {"hairline": found}).outlines["hairline"][:, 1].mean())


@pytest.mark.parametrize("height", [0.7, 0.88, 1.1])
@pytest.mark.parametrize("hair", [DARK, (110, 70, 50)])
def test_it_is_where_hair_begins(height: float, hair: tuple[int, int, int]) -> None:
    assert height_of(painted(height, hair)) == pytest.approx(height, abs=0.02)


def test_fair_hair_is_known_by_its_grain() -> None:
    fair = (225, 190, 150)
    assert height_of(painted(0.9, fair, grain=30)) == pytest.approx(0.9, abs=0.02)
    assert height_of(painted(0.9, (250, 225, 215), grain=0)) is None  # a shine


@pytest.mark.parametrize(
    "picture",
    [
        painted(0.5),  # hair over the forehead
        painted(1.3),
        painted(1.12, (235, 215, 205), grain=0, top=1.13),  # bald: the head ends, a wall begins
        np.full((1024, 1024, 3), SKIN, np.uint8),
    ],
)
def test_what_is_no_hairline_is_none(picture: np.ndarray) -> None:
    assert height_of(picture) is None


@pytest.mark.parametrize("side", [-1, 1])
def test_a_lock_across_the_forehead_is_no_hairline(side: int) -> None:
    """Skin lies below a hairline beside the midline, too; a strand alone does not matter."""
    for width, told in ((0.04, True), (0.16, False)):
        lock = painted(0.9)
        ends = sorted(round(MIDDLE + side * own * UNIT) for own in (0.17, 0.17 + width))
        lock[: round(LEVEL - 0.5 * UNIT), slice(*ends)] = DARK
        assert (height_of(lock) is not None) == told
        mirrored = (template().points * [-1, 1] + [1023, 0])[MIRROR]
        assert (height_of(np.ascontiguousarray(lock[:, ::-1]), mirrored) is not None) == told


def test_a_photograph_that_ends_below_it_has_none() -> None:
    cut = painted(0.9)[round(LEVEL - 0.8 * UNIT) :]
    points = template().points - [0, round(LEVEL - 0.8 * UNIT)]
    assert height_of(np.ascontiguousarray(cut), points) is None


@pytest.mark.parametrize(("degrees", "scale"), [(0, 0.4), (15, 1.0), (-20, 0.7)])
def test_size_and_tilt_change_nothing(degrees: float, scale: float) -> None:
    turn = cv2.getRotationMatrix2D((MIDDLE, MIDDLE), degrees, scale)
    moved = cv2.warpAffine(painted(0.9), turn, (1024, 1024), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    points = cv2.transform(template().points[None], turn)[0]
    assert height_of(moved, points) == pytest.approx(0.9, abs=0.03)


def test_a_mirrored_photograph_has_the_same_height() -> None:
    slanted = painted(0.9)
    slanted[: round(LEVEL - 0.86 * UNIT), : round(MIDDLE)] = DARK  # one side grows further down
    points = template().points
    mirrored = (points * [-1, 1] + [1023, 0])[MIRROR]
    assert height_of(slanted) is not None
    assert height_of(np.ascontiguousarray(slanted[:, ::-1]), mirrored) == height_of(slanted)


def test_thirds_are_measured_with_intervals_or_say_why_not() -> None:
    def rows(face: object) -> dict[str, dict[str, object]]:
        found = measure_face(face, settings=SETTINGS, disturbances={}, cleft_side=None, known_scale=None)  # type: ignore[arg-type]
        return {str(row["measure"]): row for row in found}

    face = template()
    own = rows(face)["upper_to_middle_third"]
    assert own["value"] == pytest.approx((360 - 232) / (560 - 360))
    forehead = rows(face)["forehead_height"]
    low, high, value = (float(str(forehead[name])) for name in ("low", "high", "value"))
    assert high - value == pytest.approx(value - low) and value - low > 1.96 * 0.05
    bare = face._replace(outlines={name: line for name, line in face.outlines.items() if name != "hairline"})
    for name in ("forehead_height", "upper_to_middle_third"):
        assert rows(bare)[name]["value"] is None
        assert str(rows(bare)[name]["reason"]).startswith("no hairline to be told: hair over the forehead")
    frame = levelled(face.points[None], {"hairline": face.outlines["hairline"][None]})
    assert upper_to_middle_third(frame.left) == upper_to_middle_third(frame.right)
    assert forehead_height(frame.left) == pytest.approx(128 / UNIT)


def test_points_that_were_placed_before_there_was_a_hairline_are_read(tmp_path: Path) -> None:
    made = ANTHROPOMETRY_POINTS.table([{"image_id": "0" * 64, "subject_id": "s", "population": "control"}])
    tables.write(made, tmp_path / "points.parquet", ANTHROPOMETRY_POINTS, provenance={})
    whole = pq.read_table(tmp_path / "points.parquet")
    pq.write_table(whole.drop_columns(["hairline"]), tmp_path / "points.parquet")
    assert tables.read(tmp_path / "points.parquet", ANTHROPOMETRY_POINTS)["hairline"].to_pylist() == [None]


@pytest.mark.real
def test_londons_hand_placed_hairlines_are_met() -> None:
    away = []
    for face in photographs(Path(os.environ["VERMILION_REAL"])):
        try:
            found = find(face.image, face.points68, settings=POINTS).face
        except PointsError:
            continue
        if "hairline" in found.outlines:
            lines = {"found": found.outlines["hairline"], "placed": face.placed[HAND_HAIRLINE][None]}
            frame = levelled(found.points, lines)
            away.append(frame.outlines["found"][:, 1].mean() - frame.outlines["placed"][0, 1])
    assert len(away) >= 70
    assert np.median(np.abs(away)) < 0.03 and abs(np.median(away)) < 0.02
    assert np.sqrt(np.mean(np.square(away))) < 0.05  # OWN_ERROR of tasks.anthropometry.uncertainty
