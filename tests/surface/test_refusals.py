"""Sets of which no head can be made are refused with the true reason; single photographs are named and left out."""

import itertools
from collections.abc import Mapping

import cv2
import numpy as np
import pytest

from tasks.surface.cameras import refusals
from tasks.surface.cameras.features import Features, features_of
from tasks.surface.cameras.refusals import RefusedSet, apart, parted
from tasks.surface.cameras.solution import Solved
from tasks.surface.cameras.solving import solved_of
from tasks.surface.cameras.structure_from_motion import Doubt
from tests.surface.balls import FOCAL, RING, SETTINGS, camera, face, picture

FEW = SETTINGS.model_copy(update={"widest_gap": 90.0, "least_views": 3, "least_share": 0.3})


def features(
    places: list[tuple[float, float]], odd: Mapping[int, dict[str, float]], *, blur: float = 0
) -> dict[str, Features]:
    """Of photographs from these places; `odd`: what is another in some, by number. Those are blurred where asked."""
    seen = {}
    for number, place in enumerate(places):
        there = camera(*place)
        image = picture(there, **odd.get(number, {}))  # type: ignore[arg-type]
        if blur and number in odd:
            image = cv2.GaussianBlur(image, (0, 0), blur)
        seen[f"{number:02d}"] = features_of(image, face(there), settings=SETTINGS)
    return seen


def solved(seen: dict[str, Features]) -> Solved:
    return solved_of(seen, dict.fromkeys(seen, FOCAL), settings=SETTINGS)


def test_six_photographs_thirty_degrees_apart() -> None:
    with pytest.raises(RefusedSet, match=r"neighbours are 3\d degrees apart|of 6 photographs fit together"):
        solved(features([(float(yaw), 0.0) for yaw in range(-75, 76, 30)], {}))


def test_neighbours_too_far_apart_because_others_are_blurred_are_told_so() -> None:
    placed = {str(number): camera(30 * number - 90, 0) for number in range(7)}
    names = list(placed)
    joined = {(one, other): 100 for place, one in enumerate(names) for other in names[:place]}
    with pytest.raises(RefusedSet, match="30 degrees apart, at most 27 will do; 2 of 9 photographs are blurred; "):
        apart(names, joined, placed, np.zeros(3), {"a": "blurred: 0.1", "b": "blurred: 0.1"}, [], settings=SETTINGS)


def test_one_photograph() -> None:
    with pytest.raises(RefusedSet, match="one photograph: a head needs at least 8"):
        solved(features([(0.0, 0.0)], {}))


@pytest.mark.parametrize("others", [pytest.param(range(1, 11, 2), marks=pytest.mark.long), range(5, 11)])
def test_two_people(others: range) -> None:
    with pytest.raises(RefusedSet, match="two people") as told:
        solved(features(RING, {number: {"person": 2} for number in others}))
    assert "groups of 6 and 5" in str(told.value)


def test_people_who_are_alike_fall_into_two_models_of_cameras() -> None:
    """Some matches join them, so they are no groups that share nothing; gaps between the placed are not the reason."""
    names = [f"{number:02d}" for number in range(len(RING))]
    first, second = names[::2], names[1::2]
    placed = {name: camera(*place) for name, place in zip(names, RING, strict=True) if name in first}
    joined = dict.fromkeys(itertools.combinations(names, 2), 200)
    with pytest.raises(RefusedSet, match="two people, two visits, or a head that moved: 6 .*, and 5 others") as told:
        apart(names, joined, placed, np.zeros(3), {}, [second], settings=SETTINGS)
    assert sorted(told.value.reasons) == second
    apart(names, joined, placed, np.zeros(3), {}, [second[:2]], settings=FEW)


def test_a_face_that_moved_in_half_of_the_photographs() -> None:
    with pytest.raises(RefusedSet, match="the face moved between the photographs"):
        solved(features(RING, {number: {"chin": 8.0} for number in range(1, 11, 2)}))


@pytest.mark.long
def test_one_photograph_with_another_expression_is_named_and_left_out() -> None:
    found = solved(features(RING, {4: {"chin": 8.0}}))
    assert list(found.refused) == ["04"]
    assert "another expression" in found.refused["04"]
    assert [row.name for row in found.table if row.reason] == ["04"]
    assert len(found.names) == 10


def test_blurred_photographs_are_named_and_the_set_goes_on() -> None:
    found = solved(features(RING, {2: {}, 9: {}}, blur=2))
    assert list(found.refused) == ["02", "09"]
    assert all(reason.startswith("blurred") for reason in found.refused.values())
    with pytest.raises(RefusedSet, match="11 of 11 photographs are blurred") as told:
        solved(features(RING, {number: {} for number in range(11)}, blur=4))
    assert len(told.value.reasons) == 11


def test_what_disagrees_is_parted() -> None:
    odd = np.array([True, False, False, True, False, False, False])
    near = np.full((7, 7), 100.0) - 100 * np.eye(7)
    off = np.where(odd[:, None] != odd[None], 12.0, 1.0) * (near > 0)
    assert (parted(near, off) == odd).all()


def test_a_calibrated_lens_that_is_grossly_anothers_refuses_the_set() -> None:
    with pytest.raises(RefusedSet, match=r"length of 3000 px, the photographs have some 2501 px \(1 of them\)"):
        refusals.calibrated({"a": Doubt(3000, 2501, 2.3), "b": Doubt(2600, 2501, 2.3)}, {})
    refusals.calibrated({"a": Doubt(3000, 2501, 1.8), "b": Doubt(2600, 2501, 2.3)}, {})
