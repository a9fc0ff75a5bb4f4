"""How long a millimetre is: several known distances are combined, held against each other, and named."""

import numpy as np
import pytest

from tasks.errors import InputError
from tasks.space.views import Point
from tasks.surface.scale.known_distances import Known, check_any_found, checked, expected, known_of, size_of
from tasks.surface.scale.millimetres import Factor
from tests.surface.balls import SCALE

PLACES = {
    "exocanthion_right": (-45.0, 30.0, 0.0),
    "exocanthion_left": (45.0, 30.0, 0.0),
    "cheilion_right": (-25.0, -30.0, 5.0),
    "cheilion_left": (25.0, -30.0, 5.0),
    "nasion": (0.0, 40.0, 10.0),
    "menton": (0.0, -70.0, 5.0),
}
POINTS = {name: Point(np.array(at), 1.96, 9, None) for name, at in PLACES.items()}
EYES = Known("exocanthion_right", "exocanthion_left", 99.0)  # the face has to grow by a tenth
MOUTH = Known("cheilion_right", "cheilion_left", 55.0)
SURE = SCALE.model_copy(update={"calliper_mm": 1e-3})
IRISES = Factor(2.0, 1.7, 2.4, "estimated by irises")


def test_one_distance_says_its_own_size_and_interval() -> None:
    found = size_of([EYES], POINTS, IRISES, None, settings=SCALE)
    assert found.value == pytest.approx(1.1)
    assert found.high / found.value - 1 == pytest.approx(1.96 * np.hypot(np.sqrt(3.2) / 90, 0.5 / 99), rel=0.05)
    assert found.words == "by 99 mm from exocanthion right to exocanthion left"


def test_several_are_combined_and_the_surer_one_counts_more() -> None:
    longer = MOUTH._replace(mm=56.0)
    alone = [size_of([one], POINTS, IRISES, None, settings=SCALE) for one in (EYES, longer)]
    found = size_of([EYES, longer], POINTS, IRISES, None, settings=SCALE)
    assert alone[0].value < found.value < alone[1].value
    assert found.value - alone[0].value < alone[1].value - found.value
    assert found.high / found.low < alone[0].high / alone[0].low
    told = found.words
    assert "99 mm from exocanthion right to exocanthion left (on the face +" in told
    assert "56 mm from cheilion right to cheilion left (on the face -" in told


def test_the_same_distance_twice_is_hardly_surer_than_once() -> None:
    once = size_of([EYES], POINTS, IRISES, None, settings=SCALE)
    twice = size_of([EYES, EYES._replace(mm=99.2)], POINTS, IRISES, None, settings=SCALE)
    assert twice.high / twice.low - 1 > 0.85 * (once.high / once.low - 1)


def test_models_err_on_both_sides_alike_so_the_other_side_adds_little() -> None:
    right, left = (Known(f"exocanthion_{side}", "menton", 110 * 1.1) for side in ("right", "left"))
    alone, both = (size_of(own, POINTS, IRISES, None, settings=SURE) for own in ([right], [right, left]))
    reach = [found.high / found.value - 1 for found in (alone, both)]
    assert 0.85 < reach[1] / reach[0] < 0.97  # 0.71 if they erred each for itself
    other = Known("cheilion_right", "nasion", float(np.hypot(25, np.hypot(70, 5))) * 1.1)
    together = size_of([right, other], POINTS, IRISES, None, settings=SURE)
    assert together.high / together.value - 1 < 0.9 * reach[0]


def test_what_a_distance_will_tell_is_said_before_it_is_used() -> None:
    eyes = expected(Known("exocanthion_right", "exocanthion_left", 90), settings=SCALE)
    lips = expected(Known("exocanthion_right", "stomion", 80), settings=SCALE)
    read = np.sqrt(3.2) * SCALE.read["exocanthion"]
    assert eyes == pytest.approx(1.96 * np.hypot(read, SCALE.calliper_mm) / 90, rel=1e-3)
    assert lips is not None and eyes is not None and lips < eyes < 0.05
    assert expected(Known("zygion_right", "zygion_left", 130), settings=SCALE) is None


def test_two_that_contradict_each_other_are_told_with_both_numbers() -> None:
    wrong = MOUTH._replace(mm=80.0)
    with pytest.raises(InputError, match=r"contradict each other: by 80 mm .* the face is 46% larger than by 121 mm"):
        size_of([Known("nasion", "menton", 121), EYES, wrong], POINTS, IRISES, None, settings=SCALE)
    with pytest.raises(InputError, match="by 99 mm from exocanthion .* 6% larger than by 93 mm from exocanthion"):
        size_of([EYES, EYES._replace(mm=93.0)], POINTS, IRISES, None, settings=SCALE)


def test_a_ruler_counts_beside_known_distances_by_its_own_interval() -> None:
    ruler = Factor(2.24, 2.235, 2.245, "by 50 mm on a ruler, clicked in 3 photographs")
    found = size_of([EYES], POINTS, IRISES, ruler, settings=SCALE)
    assert found.value == pytest.approx(1.12, abs=0.001)
    assert "50 mm on a ruler, clicked in 3 photographs (it alone makes the face" in found.words
    with pytest.raises(InputError, match="on a ruler"):
        size_of([EYES._replace(mm=80)], POINTS, IRISES, ruler, settings=SCALE)


def test_where_nothing_that_was_given_can_be_used_no_size_passes_for_it() -> None:
    points = {**POINTS, "menton": Point(None, None, 0, "the surface has a hole there")}
    far = Known("nasion", "menton", 120)
    with pytest.raises(InputError, match="no length that was given can be used; 120 mm .* says nothing, for a point"):
        size_of([far], points, IRISES, None, settings=SCALE)
    near = {**POINTS, "menton": Point(np.array([0.0, 41, 10]), 1.96, 9, None)}
    with pytest.raises(InputError, match="too near to each other"):
        size_of([far], near, IRISES, None, settings=SCALE)
    assert "says nothing" in size_of([far, EYES], points, IRISES, None, settings=SCALE).words
    found = size_of([], points, IRISES, None, settings=SCALE)
    assert (found.value, found.low, found.high) == pytest.approx((1, 0.85, 1.2))
    assert found.words == "estimated by irises"


def test_a_size_that_the_irises_do_not_bear_out_is_told() -> None:
    found = size_of([EYES._replace(mm=70.0)], POINTS, IRISES, None, settings=SCALE)
    assert found.words.endswith("; by the irises all would be 29% larger: look again")
    assert "irises" not in size_of([EYES], POINTS, IRISES, None, settings=SCALE).words


def test_what_contradicts_the_irises_grossly_is_refused_with_what_to_look_at() -> None:
    typo = r"by 8.4 mm from exocanthion .* 10.7 times smaller than by its irises.*: is 8.4 in millimetres.* it is 90$"
    with pytest.raises(InputError, match=typo):
        size_of([EYES._replace(mm=8.4)], POINTS, IRISES, None, settings=SCALE)
    ruler = Factor(6.8, 6.7, 6.9, "by 50 mm on a ruler, clicked in 3 photographs")
    with pytest.raises(InputError, match=r"50 mm on a ruler.* 3.4 times larger .*are the two ends exchanged in a line"):
        size_of([], POINTS, IRISES, ruler, settings=SCALE)
    for mm in (90 / 1.58, 90 * 1.58):
        size_of([EYES._replace(mm=mm)], POINTS, IRISES, None, settings=SCALE)
    for mm in (90 / 1.62, 90 * 1.62):
        with pytest.raises(InputError, match="1.6 times"):
            size_of([EYES._replace(mm=mm)], POINTS, IRISES, None, settings=SCALE)
    unsure = Factor(2.0, 0.5, 6.0, "estimated by irises that are hardly seen")
    assert size_of([EYES._replace(mm=45.0)], POINTS, unsure, None, settings=SCALE).value == pytest.approx(0.5)


@pytest.mark.parametrize("mm", [0, -80, float("nan"), float("inf"), 0.5, 501])
def test_what_is_no_distance_is_refused(mm: float) -> None:
    with pytest.raises(InputError, match="two different points and 1 to 500 mm expected"):
        checked([EYES._replace(mm=mm)])
    with pytest.raises(InputError, match="two different points"):
        checked([EYES._replace(second=EYES.first)])


def test_a_point_that_there_is_not_is_named() -> None:
    with pytest.raises(InputError, match="from nose to menton: there is no point nose; the points are glabella"):
        checked([EYES, Known("nose", "menton", 40)])
    assert known_of("nasion menton 110.5") == Known("nasion", "menton", 110.5)


def test_lengths_between_points_that_people_place_tell_no_size() -> None:
    cheeks = Known("zygion_right", "zygion_left", 130)
    with pytest.raises(InputError, match="130 mm from zygion right .* placed by hand, after the scale"):
        check_any_found([cheeks, Known("menton", "gonion_left", 80)])
    check_any_found([cheeks, EYES])
    check_any_found([])
