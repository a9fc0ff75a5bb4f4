"""Intervals: against random disturbance of the points, and against the spread of several photographs."""

from pathlib import Path

import numpy as np
import pytest

from tasks.anthropometry import errors
from tasks.anthropometry.frame import levelled
from tasks.anthropometry.measures.catalogue import BY_NAME
from tasks.anthropometry.measures.measure import both, side_of, value_of
from tasks.anthropometry.names import INDEX, MIRROR, POINTS, Face
from tasks.anthropometry.uncertainty import folded, over_photographs, quantile_of, standard_errors
from tests.anthropometry.template import moved, template, uneven

TRIES = 4000
UNKNOWN = np.full((2 * len(POINTS), 2 * len(POINTS)), np.nan)
"""Errors of models that nobody measured."""


def error_of(name: str, face: Face, joint: np.ndarray = UNKNOWN) -> float:
    """The standard error by the module under test."""
    measure, frame = (
        BY_NAME[name],
        levelled(face.points[None], {own: line[None] for own, line in face.outlines.items()}),
    )
    side = side_of(measure.kind, both(measure, frame), np.zeros(1, int))
    return float(standard_errors(measure, frame, face.errors[None], joint, side)[0])


def spread(name: str, face: Face) -> float:
    """The standard deviation of the measure when every point is disturbed at random by its error."""
    measure, rng = BY_NAME[name], np.random.default_rng(0)
    points = face.points + rng.normal(size=(TRIES, *face.points.shape)) * face.errors[:, None]
    outlines = {own: np.broadcast_to(line, (TRIES, *line.shape)) for own, line in face.outlines.items()}
    side = side_of(
        measure.kind,
        both(measure, levelled(face.points[None], {k: v[:1] for k, v in outlines.items()})),
        np.zeros(1, int),
    )
    return float(value_of(measure.kind, both(measure, levelled(points, outlines)), np.repeat(side, TRIES)).std())


@pytest.mark.parametrize(
    "name",
    [
        "peak_height_difference",
        "lateral_lip_height_ratio",
        "subnasale_deviation",
        "canthal_tilt",
        "mouth_cant",
        "nose_width_to_intercanthal",
        "face_symmetry",
        "peak_to_midline_height",
        "pupil_distance",
        "jaw_angle_difference",
    ],
)
def test_the_error_is_that_of_disturbed_points(name: str) -> None:
    face = uneven(3)._replace(errors=np.linspace(0.3, 0.9, len(template().errors)))
    assert error_of(name, face) == pytest.approx(spread(name, face), rel=0.12)


def test_a_point_without_a_known_error_leaves_none_to_what_reads_it() -> None:
    face = template()
    errors = face.errors.copy()
    errors[-1] = np.nan
    assert np.isnan(error_of("jaw_to_face_width", face._replace(errors=errors)))
    assert error_of("mouth_width", face._replace(errors=errors)) > 0


def test_a_mismatch_of_zero_is_not_certain() -> None:
    assert error_of("lip_mismatch", template(1.0)) > 0
    assert error_of("nostril_mismatch", template(2.0)) > error_of("nostril_mismatch", template(1.0))
    assert error_of("nose_mismatch", template(0.0)) == 0


def test_larger_faces_are_measured_with_less_error() -> None:
    face = template()
    large = face._replace(points=face.points * 2)
    assert error_of("mouth_width", large) == pytest.approx(error_of("mouth_width", face) / 2, rel=1e-3)


def test_a_size_is_never_below_zero() -> None:
    assert folded(0.1, 0.3) == (0.1, 0.0, 0.4)
    assert folded(-0.1, 0.3) == (0.1, 0.0, 0.4)
    assert folded(-0.5, 0.2) == pytest.approx((0.5, 0.3, 0.7))


def test_several_photographs_of_a_visit_narrow_the_interval_by_their_spread() -> None:
    values = np.array([0.1, 0.2, 0.3, np.nan])
    found = over_photographs(values, confidence=0.95)
    assert found.value == pytest.approx(0.2)
    assert found.high == pytest.approx(0.2 + 4.302653 * 0.1 / np.sqrt(3))  # Student's t, two degrees of freedom
    assert over_photographs(values[:1], confidence=0.95) == (0.1, None, None)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    truth, rng = moved(template(0.5), crista_philtri_left=(0, -12.0)), np.random.default_rng(1)
    measure, held = BY_NAME["peak_height_difference"], 0
    for _ in range(400):
        seen = truth._replace(points=truth.points + rng.normal(0, 0.5, truth.points.shape))
        frame = levelled(seen.points[None], {})
        value = float(value_of(measure.kind, both(measure, frame), np.ones(1, int))[0])
        reach = quantile_of(0.95) * error_of(measure.name, seen)
        held += abs(value - 12 / 192) <= reach
    assert 0.92 <= held / 400 <= 0.98


def nobody() -> np.ndarray:
    return np.full(len(POINTS), np.nan)


def test_what_both_sides_err_alike_costs_a_difference_nothing() -> None:
    face, both_peaks = template(), np.zeros((len(POINTS), 2))
    both_peaks[[INDEX["crista_philtri_right"], INDEX["crista_philtri_left"]]] = [0, 0.01]
    alike = np.outer(both_peaks, both_peaks)
    apart = np.diag(np.diag(alike))
    models = face._replace(errors=nobody())
    assert error_of("peak_height_difference", models, alike) == pytest.approx(0, abs=1e-9)
    assert error_of("peak_height_difference", models, apart) == pytest.approx(0.01 * np.sqrt(2))
    assert error_of("upper_lip_height_ratio", models, alike) < error_of("upper_lip_height_ratio", models, apart)


@pytest.mark.parametrize("name", ["photographs", "drawn"])
def test_intervals_by_the_joint_errors_hold_the_truth_as_often_as_they_say(name: str) -> None:
    joint, truth, rng = errors.read(errors.table(name)), uneven(5, 3.0), np.random.default_rng(2)
    known = np.isfinite(np.diag(joint))
    sizes, axes = np.linalg.eigh(joint[np.ix_(known, known)])
    away = np.zeros((400, 2 * len(POINTS)))
    away[:, known] = rng.normal(size=(400, known.sum())) @ (axes * np.sqrt(np.maximum(sizes, 0))).T
    unit = levelled(truth.points[None], {}).unit[0]
    seen = levelled(truth.points + unit * away.reshape(400, -1, 2), {})
    for measure in (BY_NAME[own] for own in ("peak_height_difference", "mouth_cant", "chin_deviation", "mouth_width")):
        side = side_of(measure.kind, both(measure, seen), np.zeros(400, int))
        true = value_of(measure.kind, both(measure, levelled(np.repeat(truth.points[None], 400, 0), {})), side)
        placed = np.full((400, len(POINTS)), np.nan)
        reach = quantile_of(0.95) * standard_errors(measure, seen, placed, joint, side)
        held = np.abs(value_of(measure.kind, both(measure, seen), side) - true) <= reach
        assert 0.9 <= held.mean() <= 0.99, measure.name


def test_a_point_that_a_person_placed_narrows_the_interval() -> None:
    joint, face = errors.read(errors.table("photographs")), template()
    models = face._replace(errors=nobody())
    corrected = nobody()
    corrected[[INDEX["crista_philtri_right"], INDEX["crista_philtri_left"]]] = 0.2  # px
    by_hand = error_of("peak_height_difference", face._replace(errors=corrected), joint)
    assert 0 < by_hand < error_of("peak_height_difference", models, joint) / 2


def test_errors_are_those_of_both_sides_and_come_back_from_their_table(tmp_path: Path) -> None:
    truth, rng = np.repeat(uneven(1).points[None], 30, 0), np.random.default_rng(0)
    found = truth + rng.normal(0, [[[3.0, 1.0]]], truth.shape)
    found[:, INDEX["menton"]] = np.nan
    found[:15, INDEX["nasion"]] = np.nan  # too few are left
    measured = errors.moments(found, truth)
    errors.write(measured, tmp_path / "errors.csv")
    back = errors.read(tmp_path / "errors.csv")
    assert np.allclose(back, measured, rtol=0, atol=2e-3 * np.nanmax(measured), equal_nan=True)
    sizes = np.sqrt(np.diag(back)).reshape(-1, 2)
    assert np.isnan(sizes[[INDEX["menton"], INDEX["nasion"]]]).all()
    assert np.allclose(sizes, sizes[MIRROR], equal_nan=True)
    assert np.nanmedian(sizes, axis=0) * 192 == pytest.approx([3, 1], rel=0.2)
