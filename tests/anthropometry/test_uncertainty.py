"""Intervals: against random disturbance of the points, and against the spread of several photographs."""

import numpy as np
import pytest

from tasks.anthropometry.frame import levelled
from tasks.anthropometry.measures.catalogue import BY_NAME
from tasks.anthropometry.measures.measure import both, side_of, value_of
from tasks.anthropometry.names import Face
from tasks.anthropometry.uncertainty import folded, over_photographs, quantile_of, standard_errors
from tests.anthropometry.template import moved, template, uneven

TRIES = 4000


def error_of(name: str, face: Face) -> float:
    """The standard error by the module under test."""
    outlines = {own: line[None] for own, line in face.outlines.items()}
    measure = BY_NAME[name]
    side = side_of(measure.kind, both(measure, levelled(face.points[None], outlines)), np.zeros(1, int))
    return float(standard_errors(measure, face.points[None], outlines, face.errors[None], side)[0])


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
