"""What is said of sets of photographs: those that will do, and each reason for which one will not."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tasks.surface.cameras.calibration import Lens
from tasks.surface.capture.check import calibrated, verdict_of
from tasks.surface.capture.gaps import nearest
from tasks.surface.capture.shot import Shot
from tasks.surface.capture.verdict import Verdict, with_reasons
from tests.surface.balls import SETTINGS as CAMERAS
from tests.surface.capture.shots import FOCAL, SETTINGS, raised, ring, shot, silent


def said(shots: Sequence[Shot]) -> Verdict:
    return verdict_of(with_reasons(shots, settings=SETTINGS), lambda number: None, SETTINGS, silent)


def yaws(verdict: Verdict) -> list[float]:
    return [row.angle.yaw if row.angle else np.nan for row in verdict.rows]


def test_a_ring_of_fifteen_degrees_will_do() -> None:
    verdict = said(ring(15) + raised())
    assert verdict.fits
    assert verdict.line.startswith("This set will do: 19 of 19 photographs, between ")
    assert all(row.held for row in verdict.rows)
    true = [*range(-90, 91, 15), -40, -40, 0, 0, 40, 40]
    assert np.abs(np.subtract(yaws(verdict), true)).max() < 5  # no EXIF: the faces tell the focal length


def test_exif_counts_before_the_guess() -> None:
    verdict = said([shot(yaw, focal=FOCAL) for yaw in range(-90, 91, 15)])
    off = np.abs(np.subtract(yaws(verdict), range(-90, 91, 15)))
    assert np.median(off) < 1
    assert off.max() < 8  # some turns from neighbour to neighbour are less exact
    assert not any("EXIF" in note for note in verdict.notes)


def test_a_calibration_counts_before_exif() -> None:
    plain = [shot(yaw) for yaw in range(-90, 91, 15)]
    width, height = plain[0].size
    lens = Lens("SIMPLE_RADIAL", 2 * width, 2 * height, (2 * FOCAL, width, height, 0.0))
    known = [calibrated(replace(one, name=str(number)), {"3": lens}) for number, one in enumerate(plain)]
    assert [one.lens.focal for one in known] == [plain[0].lens.focal] * 3 + [FOCAL] + [plain[0].lens.focal] * 9


def test_a_ring_without_views_from_above_and_below_is_told_so() -> None:
    assert [note.split(":")[0] for note in said(ring(15)).notes][:2] == ["nothing from above", "nothing from below"]


def test_a_ring_of_thirty_degrees_will_not_do() -> None:
    verdict = said(ring(30))
    assert not verdict.fits
    assert "neighbours are up to" in verdict.line
    assert "one every 15 degrees" in verdict.line


def test_a_missing_side_is_named() -> None:
    verdict = said([shot(yaw) for yaw in range(-90, 16, 15)])
    assert "nothing beyond 15 degrees on the patient's left: take three more there, at 30, 45, 60" in verdict.line


def test_a_hole_is_named() -> None:
    verdict = said([shot(yaw, focal=FOCAL) for yaw in (*range(-90, 31, 15), 75, 90)])
    assert verdict.faults[0] == "nothing between 30 and 75 degrees on the patient's left: take two more there"
    assert [round(place) for place in verdict.gaps[0].places(15)] == [45, 60]


def test_one_photograph_has_no_depth() -> None:
    assert said([shot(0)]).line == (
        "This set will not do: one photograph alone has no depth: take a ring of them around the face."
    )


def test_no_photograph_at_all_can_be_used() -> None:
    assert said([Shot("a.jpg", "empty file")]).faults == ["no photograph can be used"]


def test_heads_without_a_face_are_nowhere() -> None:
    verdict = said([shot(80), shot(90)])
    assert verdict.faults == ["no face is found in any photograph, so it is not known from where they were taken"]


def test_blurred_dark_and_burnt_ones_are_left_out() -> None:
    one = shot(0)
    poor = [replace(one, sharpness=0.2), replace(one, light=40.0), replace(one, burnt=0.3)]
    verdict = said([*ring(15), *poor])
    assert [row.reason.split(":")[0] for row in verdict.rows if row.reason] == ["blurred", "too dark", "burnt out"]
    assert verdict.fits  # the rest suffices
    assert any(note.startswith("3 photographs left out") for note in verdict.notes)


def test_a_blurred_set_will_not_do() -> None:
    first, second = said([replace(one, sharpness=0.1) for one in ring(15)]).faults
    assert (
        first.startswith("13 of 13 photographs are blurred: take them again") and second == "no photograph can be used"
    )


def test_a_set_that_blur_spoils_is_told_so_first() -> None:
    soft = [replace(one, sharpness=0.149) if n % 2 else one for n, one in enumerate(ring(15) + raised())]
    verdict = said(soft)
    assert "will not do: 9 of 19 photographs are blurred: take them again" in verdict.line
    assert verdict.rows[1].reason == "blurred: sharpness 0.14 (at least 0.15)"


def test_neighbours_too_far_apart_for_a_face_will_not_do() -> None:
    with_few_above = [shot(yaw) for yaw in range(-90, 91, 30)] + [shot(0, 30)]
    assert SETTINGS.nearest_gap == CAMERAS.widest_gap
    assert not verdict_of(with_few_above, lambda number: None, SETTINGS, silent).fits
    assert nearest([(0, 0), (20, 0), (0, 30)]) == pytest.approx(20)


def test_two_people_will_not_do() -> None:
    verdict = said([*ring(15), *(shot(yaw, person=1) for yaw in (-15, 0, 15))])
    assert verdict.faults[0].startswith("two people: 1-015+00.jpg, 1+000+00.jpg, 1+015+00.jpg show somebody else")


def test_people_whose_faces_are_alike_are_told_by_what_neighbours_share() -> None:
    shots = ring(10)
    mixed = [
        replace(shot(yaw, person=1), head=own.head) if n % 2 else own
        for n, (yaw, own) in enumerate(zip(range(-90, 91, 10), shots, strict=True))
    ]
    told = said(mixed).line
    assert told.startswith("This set will not do: two people, two visits, or a head that moved: ")
    assert "share too little with the photographs beside them" in told


def test_two_expressions_will_not_do_and_a_slip_is_left_out() -> None:
    half = [shot(yaw, gap=0.1 * (yaw > 0)) for yaw in range(-90, 91, 15)]
    assert said(half).faults[0].startswith("two expressions: ")
    slip = said([*ring(15), shot(2, gap=0.1)])
    assert slip.fits
    assert slip.rows[-1].reason == "another expression: the lips are further apart than in most"


def test_a_photograph_upside_down_is_told_by_its_neighbours() -> None:
    verdict = said([*ring(15)[:-1], shot(90, roll=180), shot(75, roll=90)])
    assert verdict.rows[-2].reason == "the head is upside down: turn the photograph the right way up"
    assert str(verdict.rows[-1].reason).startswith("the head leans by 9")


@pytest.mark.parametrize("still", [0, 300])
def test_what_stands_still_behind_a_turning_head_counts_for_nothing(still: int) -> None:
    """A patterned wall: the same places with the same features in every photograph."""
    random = np.random.default_rng(1)
    places = random.uniform(0, 800, size=(still, 2))
    features = np.abs(random.normal(size=(still, 128))).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    shots = [
        replace(one, places=np.vstack([one.places, places]), features=np.vstack([one.features, features]))
        for one in ring(15)
    ]
    assert said(shots).fits
    assert np.abs(np.subtract(yaws(said(shots)), range(-90, 91, 15))).max() < 8


def test_zoom_and_cameras_are_noted() -> None:
    shots = ring(15)
    shots[0] = replace(shots[0], lens=shots[0].lens._replace(camera="another\x1b[31m", focal=900.0))
    shots[1] = replace(shots[1], lens=shots[1].lens._replace(focal=FOCAL))
    notes = " ".join(said(shots).notes)
    assert "2 cameras: a camera, another\\x1b[31m" in notes
    assert "zoomed" in notes
