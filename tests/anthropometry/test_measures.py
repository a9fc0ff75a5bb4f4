"""What every measure owes: mirroring swaps sides, symmetry is zero, where and how large a face is changes nothing."""

from typing import Any

import numpy as np
import pytest

from tasks.anthropometry.frame import levelled, to_pixels
from tasks.anthropometry.measures.catalogue import BY_NAME, MEASURES, REGIONS
from tasks.anthropometry.measures.measure import DEGREES, INTEROCULAR, KINDS, PERCENT, RATIO, both, side_of, value_of
from tasks.anthropometry.names import INDEX, POINTS, Face
from tests.anthropometry.template import mirrored, moved, template, uneven

NAMES = [measure.name for measure in MEASURES]
OTHER = {1: -1, -1: 1, 0: 0}


def found(name: str, face: Face) -> tuple[float, int]:
    """A measure's value and side on one face."""
    measure = BY_NAME[name]
    frame = levelled(face.points[None], {own: line[None] for own, line in face.outlines.items()})
    numbers = both(measure, frame)
    side = side_of(measure.kind, numbers, np.zeros(1, int))
    return float(value_of(measure.kind, numbers, side)[0]), int(side[0])


@pytest.mark.parametrize("name", NAMES)
def test_an_exactly_symmetric_face_is_exactly_even(name: str) -> None:
    measure, (value, side) = BY_NAME[name], found(name, template())
    assert np.isfinite(value)
    if measure.kind in ("difference", "deviation") or name.endswith("mismatch"):
        assert value == 0
        assert side == 0
    if measure.kind == "ratio":
        assert value == 1
    if measure.region == "symmetry":
        assert value == 100


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", NAMES)
def test_a_mirrored_photograph_swaps_sides_and_keeps_the_size(name: str, seed: int) -> None:
    face = uneven(seed)
    (value, side), (other, other_side) = found(name, face), found(name, mirrored(face))
    if BY_NAME[name].outlines:  # sums over an outline run the other way round
        assert other == pytest.approx(value, rel=1e-12)
    else:
        assert other == value
    assert other_side == OTHER[side]


@pytest.mark.parametrize("name", NAMES)
def test_place_size_and_turn_of_the_photograph_change_nothing(name: str) -> None:
    face = uneven(7)
    angle = np.radians(23)
    turn = 1.7 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def other(where: np.ndarray) -> np.ndarray:
        return np.asarray(where @ turn.T + (-310.5, 1234.25))

    elsewhere = Face(other(face.points), {own: other(line) for own, line in face.outlines.items()}, face.errors)
    (value, side), (there, other_side) = found(name, face), found(name, elsewhere)
    assert there == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert other_side == side


@pytest.mark.parametrize("name", NAMES)
def test_a_measure_reads_the_points_that_it_names_and_no_others(name: str) -> None:
    measure, face = BY_NAME[name], uneven(3)
    value, _ = found(name, face)
    blind = face.points.copy()
    blind[[index for index in range(len(POINTS)) if index not in measure.needed]] = np.nan
    lines = {own: face.outlines[own] for own in measure.outlines}
    assert found(name, Face(blind, lines, face.errors))[0] == value
    for index in measure.needed:
        gap = face.points.copy()
        gap[index] = np.nan
        assert np.isnan(found(name, face._replace(points=gap))[0]), POINTS[index]


def test_the_jaw_is_never_taken_for_brows() -> None:
    """A published tool pairs jaw points with brows; here each region's symmetry moves with its own points alone."""
    for name, own in {"gonion_left": "jaw_symmetry", "superciliare_left": "brow_symmetry"}.items():
        for region in ("jaw_symmetry", "brow_symmetry", "eye_symmetry", "nose_symmetry", "mouth_symmetry"):
            value, _ = found(region, moved(template(), **{name: (9.0, 5.0)}))
            assert (value < 100) == (region == own)


@pytest.mark.parametrize(
    ("name", "by", "value", "side"),
    [
        ("peak_height_difference", {"crista_philtri_left": (0, -9.6)}, 0.05, 1),
        ("peak_height_difference", {"crista_philtri_right": (0, -9.6)}, 0.05, -1),
        ("subnasale_deviation", {"subnasale": (-19.2, 0)}, 0.1, -1),
        ("chin_deviation", {"menton": (19.2, 0)}, 0.1, 1),
        ("alar_base_height_difference", {"alar_base_right": (0, 19.2)}, 0.1, 1),
        ("lateral_lip_height_ratio", {"crista_philtri_right": (-19, -42)}, 0.0, -1),
        ("nostril_width_ratio", {"nostril_outer_left": (16, 2), "nostril_inner_left": (0, 0)}, None, -1),
        ("bow_width_ratio", {"crista_philtri_left": (13, 0)}, 0.5, -1),
        ("mouth_cant", {"cheilion_left": (0, -108)}, 45.0, 1),
        ("canthal_tilt_difference", {"palpebrale_superius_left": (0, 0)}, 0.0, 0),
        ("upper_lid_difference", {"palpebrale_superius_left": (0, 4.8)}, 0.025, -1),
        ("columellar_angle", {"pronasale": (-36, 0)}, 45.0, -1),
        ("philtral_angle", {"subnasale": (44, 0)}, 45.0, 1),
        ("peak_to_midline_height", {"crista_philtri_left": (0, 15)}, 0.5, 1),
    ],
)
def test_a_measure_tells_what_was_moved_and_on_which_side(
    name: str, by: dict[str, tuple[float, float]], value: float | None, side: int
) -> None:
    got, where = found(name, moved(template(), **by))
    assert where == side
    if value is not None:
        assert got == pytest.approx(value, abs=1e-9)


def test_interocular_is_the_distance_of_the_outer_corners() -> None:
    assert found("intercanthal_distance", template())[0] == pytest.approx(72 / 192.041662, rel=0.01)
    assert found("pupil_distance", template())[0] == 132 / 192


def test_a_mismatch_is_the_share_that_one_alone_covers() -> None:
    """A rectangle from 10 left of the midline to 30 right of it: 10 of 30 are covered by both."""
    face = template()
    box = np.array([(MIDDLE_X - 10, 600.0), (MIDDLE_X + 30, 600.0), (MIDDLE_X + 30, 640.0), (MIDDLE_X - 10, 640.0)])
    outlines = face.outlines | {"upper_vermilion": box[:2], "lower_vermilion": box[:1:-1]}
    assert found("lip_mismatch", face._replace(outlines=outlines))[0] == pytest.approx(100 * 20 / 30)
    ratio, side = found("vermilion_area_ratio", face._replace(outlines=outlines))
    assert ratio == pytest.approx(1 / 3)
    assert side == -1


MIDDLE_X = float(template().points[INDEX["nasion"]][0])


def test_the_frame_goes_back_to_pixels() -> None:
    face = uneven(2)
    frame = levelled(face.points, {})
    assert to_pixels(frame.points, face.points) == pytest.approx(face.points)
    assert frame.points[INDEX["exocanthion_left"]][0] > 0 > frame.points[INDEX["menton"]][1]


def test_the_list_is_whole() -> None:
    assert len(BY_NAME) == len(MEASURES) >= 60
    for measure in MEASURES:
        assert measure.region in REGIONS
        assert measure.kind in KINDS
        assert measure.unit in (INTEROCULAR, DEGREES, PERCENT, RATIO)
        assert measure.meaning.endswith("."), measure.name
        assert measure.source, measure.name
        assert measure.direction
        assert measure.words
        assert set(measure.suffers) <= {"yaw", "smile", "opening"}


def test_words_are_told_apart() -> None:
    words: list[Any] = [measure.words for measure in MEASURES]
    assert len(set(words)) == len(words)
