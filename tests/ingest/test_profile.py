"""The points of a profile: against drawn heads whose points are known, and why a photograph has none."""

from functools import cache

import cv2
import numpy as np
import pytest

from tasks.errors import InputError
from tasks.ingest.faces import profile
from tasks.ingest.faces.detection import NO_FACE
from tasks.ingest.faces.landmarks import measure_face
from tasks.ingest.faces.silhouette import NoSilhouette
from tasks.ingest.faces.views import seen_in_profile, unfit_profile, without_face
from tests.ingest import sideways
from tests.ingest.drawn import SETTINGS, face

NEAR = dict.fromkeys(sideways.KNOWN, 0.05) | {"glabella": 0.13, "nasion": 0.07, "cervicale": 0.08}
"""Nose heights; where the outline is flat or bends slowly, a point slides along it."""


@cache
def head(turned: float = 0.0) -> np.ndarray:
    return sideways.head(turned=turned)


@cache
def found(turned: float = 0.0) -> profile.Seen:
    return profile.find(head(turned), "left", settings=SETTINGS.profile)


@pytest.mark.parametrize("turned", [0, 8, -10])
def test_every_point_lies_where_it_was_drawn_whichever_way_the_head_is_tilted(turned: float) -> None:
    there = sideways.places(turned=turned)
    apart = {name: np.hypot(*(found(turned).points[name] - there[name])) / sideways.UNIT for name in sideways.KNOWN}
    assert {name: own for name, own in apart.items() if own > NEAR[name]} == {}


def test_the_mirrored_photograph_of_the_other_view_has_exactly_the_mirrored_points() -> None:
    other = profile.find(np.ascontiguousarray(head()[:, ::-1]), "right", settings=SETTINGS.profile)
    for name, own in found().points.items():
        assert other.points[name] == pytest.approx(own * [-1, 1] + [head().shape[1] - 1, 0], abs=0)


def test_a_smaller_and_shifted_photograph_has_the_same_points() -> None:
    small = cv2.resize(head(), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    shifted = cv2.copyMakeBorder(small, 12, 0, 30, 0, cv2.BORDER_REPLICATE)
    seen = profile.find(shifted, "left", settings=SETTINGS.profile)
    for name, own in found().points.items():
        there = (own + 0.5) * 0.6 - 0.5 + [30, 12]
        assert np.hypot(*(seen.points[name] - there)) / seen.unit < 0.1, name


@pytest.mark.parametrize("times", [2, 4])
def test_a_larger_photograph_has_the_same_points(times: int) -> None:
    large = cv2.resize(head(), None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    seen = profile.find(large, "left", settings=SETTINGS.profile)
    assert seen.points.keys() == found().points.keys()
    assert seen.unit == pytest.approx(found().unit * times, rel=0.02)
    for name, own in found().points.items():
        there = (own + 0.5) * times - 0.5
        assert np.hypot(*(seen.points[name] - there)) / seen.unit < 0.06, name


def test_two_people_are_refused() -> None:
    with pytest.raises(NoSilhouette, match="two figures"):
        profile.find(np.concatenate([head(), head()], axis=1), "left", settings=SETTINGS.profile)


def test_the_same_profile_that_looks_the_other_way_is_refused_with_the_view_that_it_is() -> None:
    with pytest.raises(InputError, match="the nose points to the picture's left.*write left"):
        profile.find(head(), "right", settings=SETTINGS.profile)


def test_an_uneven_background_is_refused_as_that() -> None:
    squares = np.kron(np.indices((25, 25)).sum(axis=0) % 2, np.ones((40, 36)))[..., None]
    wall = np.abs(head().astype(int) - np.array(sideways.WALL)).sum(axis=2, keepdims=True) < 60
    picture = np.where(wall, 60 + 150 * squares, head()).astype(np.uint8)
    with pytest.raises(NoSilhouette, match="the background is not even"):
        profile.find(picture, "left", settings=SETTINGS.profile)


def test_a_wall_alone_and_a_picture_of_one_colour_are_refused() -> None:
    for picture in (np.full((300, 300, 3), 90, np.uint8), head()[:, :60]):
        with pytest.raises(NoSilhouette, match="stands out|fills"):
            profile.find(np.ascontiguousarray(picture), "left", settings=SETTINGS.profile)


def test_a_ball_is_no_profile() -> None:
    ball = head().copy()
    ball[:] = sideways.WALL
    cv2.circle(ball, (450, 500), 300, sideways.SKIN, -1, cv2.LINE_AA)
    with pytest.raises(profile.NoProfile, match="not that of a face in profile"):
        profile.find(ball, "left", settings=SETTINGS.profile)


def test_a_collar_up_to_the_chin_hides_the_neck_alone() -> None:
    hidden = head().copy()
    menton = sideways.places()["menton"]
    hidden[round(menton[1]) + 4 :, round(menton[0]) :] = sideways.SKIN
    seen = profile.find(hidden, "left", settings=SETTINGS.profile)
    assert {"cervicale", "neck"}.isdisjoint(seen.points)
    assert {"pogonion", "menton", "pronasale"} <= set(seen.points)


def test_a_photograph_from_the_front_that_is_called_a_profile_is_refused_as_that() -> None:
    assert unfit_profile(face().image, "left", SETTINGS) == (
        "the face is seen from the front, but its view is called left"
    )


def test_a_profile_that_is_not_called_one_is_told_its_view() -> None:
    assert measure_face(head(), SETTINGS)["reason"] == NO_FACE
    assert without_face(head(), SETTINGS) == "the face is in profile, not from the front: its view is left"
    assert without_face(np.full((200, 200, 3), 90, np.uint8), SETTINGS) == NO_FACE
    assert seen_in_profile(head(), "left", SETTINGS).unit == pytest.approx(sideways.UNIT, rel=0.1)
