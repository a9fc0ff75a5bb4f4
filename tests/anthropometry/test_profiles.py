"""Measures of profiles: against geometry that is known, and what changes nothing."""

from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest

from flows import PROJECT
from tasks import params
from tasks.anthropometry.profiles.measures import NOSE_HEIGHTS, PROFILE_BY_NAME, PROFILE_MEASURES, Side
from tasks.anthropometry.profiles.measuring import measure_profile, row_of
from tasks.anthropometry.scale import known
from tasks.ingest.faces import profile
from tasks.params.anthropometry import AnthropometryProfiles
from tests.ingest import sideways
from tests.ingest.drawn import SETTINGS

ERRORS = params.load(AnthropometryProfiles, "anthropometry_profiles", PROJECT / "params.yaml")
BY_FACE = [measure.name for measure in PROFILE_MEASURES if measure.name != "chin_to_glabella_vertical"]


def rows(image: np.ndarray, view: profile.View = "left", **given: Any) -> dict[str, dict[str, Any]]:
    """One photograph's measures by name."""
    seen = profile.find(image, view, settings=SETTINGS.profile)
    row = row_of(seen) | {"view": view, "reason": None}
    found = measure_profile(row, settings=ERRORS, known_scale=given.get("known_scale"))
    return {own["measure"]: own for own in found}


@cache
def drawn(turned: float = 0.0) -> dict[str, dict[str, Any]]:
    return rows(sideways.head(turned=turned))


def side(**points: tuple[float, float]) -> Side:
    """A profile with these points, x forwards and y upwards."""
    return Side({name: np.array(at, float) for name, at in points.items()}, np.zeros((0, 2)))


def value(name: str, profile_: Side) -> float:
    return float(PROFILE_BY_NAME[name].function(profile_))


def test_angles_and_lines_are_what_their_words_say() -> None:
    assert value("nasolabial_angle", side(subnasale=(0, 0), columella=(1, 0), labiale_superius=(0, -1))) == 90
    upright = {"glabella": (0, 1), "pogonion": (0, -1), "nasion": (0, 0.5), "pronasale": (0.5, 0)}
    assert value("nasofacial_angle", side(**upright)) == pytest.approx(45)
    assert value("cervicomental_angle", side(cervicale=(0, 0), menton=(1, 0), neck=(0, -1))) == pytest.approx(90)
    assert value("facial_convexity", side(glabella=(0, 1), subnasale=(1, 0), pogonion=(0, -1))) == pytest.approx(90)
    assert value("facial_convexity", side(glabella=(0, 1), subnasale=(-1, 0), pogonion=(0, -1))) == pytest.approx(-90)
    assert value("chin_to_glabella_vertical", side(glabella=(0, 1), pogonion=(-0.2, -1))) == pytest.approx(-0.2)
    line = {"pronasale": (1, 1), "pogonion": (1, -1)}
    assert value("upper_lip_to_e_line", side(labiale_superius=(0.9, 0), **line)) == pytest.approx(-0.1)
    assert value("lower_lip_to_e_line", side(labiale_inferius=(1.1, 0), **line)) == pytest.approx(0.1)


@pytest.mark.parametrize("height", [-0.1, 0.0, 0.1])
def test_a_hump_stands_out_and_a_saddle_lies_behind(height: float) -> None:
    along = np.linspace(0, 1, 33)
    bridge = np.column_stack([np.minimum(along, 1 - along) * 2 * height, -along])
    nose = Side({"nasion": np.array([0.0, 0.0]), "pronasale": np.array([0.0, -1.0])}, bridge)
    expected = height if height > 0 else height * 0.3  # of a saddle, its shallow end is nearest to the line
    assert value("dorsal_hump", nose) == pytest.approx(expected, abs=0.01)


def test_every_measure_has_words_unit_meaning_and_source() -> None:
    for measure in PROFILE_MEASURES:
        assert measure.words and measure.meaning and measure.source and measure.unit in ("degrees", NOSE_HEIGHTS)


def test_a_drawn_heads_measures_are_those_of_its_points() -> None:
    there = sideways.places()
    unit = np.hypot(*(there["subnasale"] - there["nasion"]))
    true = side(**{name: tuple(at * [-1, -1] / unit) for name, at in there.items()})
    close: dict[str, float] = {
        "nasofacial_angle": 4,
        "cervicomental_angle": 5,
        "facial_convexity": 4,
        "nasofrontal_angle": 8,
    }
    close |= dict.fromkeys(("chin_to_glabella_vertical", "upper_lip_to_e_line", "lower_lip_to_e_line"), 0.03)
    for name, most in close.items():
        assert drawn()[name]["value"] == pytest.approx(value(name, true), abs=most), name
        assert drawn()[name]["low"] < value(name, true) < drawn()[name]["high"], name


def test_a_mirrored_photograph_of_the_other_view_has_exactly_the_same_measures() -> None:
    other = rows(np.ascontiguousarray(sideways.head()[:, ::-1]), "right")
    for name, own in drawn().items():
        assert other[name]["value"] == pytest.approx(own["value"], rel=1e-3, abs=1e-3), (
            name
        )  # points are kept to 1e-4 px


@pytest.mark.parametrize("turned", [6, -6])
def test_a_tilted_head_has_the_same_measures_but_for_the_photographs_upright(turned: float) -> None:
    for name in BY_FACE:
        own, other = drawn()[name], drawn(turned)[name]
        assert other["value"] == pytest.approx(own["value"], abs=own["high"] - own["value"]), name
    moved = drawn(turned)["chin_to_glabella_vertical"]["value"] - drawn()["chin_to_glabella_vertical"]["value"]
    assert np.sign(moved) == -np.sign(turned) or abs(moved) > 0.1


def test_a_smaller_photograph_has_the_same_measures() -> None:
    small = rows(cv2.resize(sideways.head(), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA))
    for name, own in drawn().items():
        assert small[name]["value"] == pytest.approx(own["value"], abs=own["high"] - own["value"]), name


def test_a_receding_chin_a_longer_nose_and_a_hump_show_in_their_measures_alone() -> None:
    chin = rows(sideways.head(sideways.moved(pogonion=(0.2, 0), menton=(0.2, 0), sublabiale=(0.1, 0))))
    assert chin["chin_to_glabella_vertical"]["value"] < drawn()["chin_to_glabella_vertical"]["value"] - 0.15
    assert chin["facial_convexity"]["value"] > drawn()["facial_convexity"]["value"] + 5
    assert chin["nasofrontal_angle"]["value"] == pytest.approx(drawn()["nasofrontal_angle"]["value"], abs=3)
    hump = rows(sideways.head(sideways.moved(rhinion=(-0.12, 0))))
    assert hump["dorsal_hump"]["value"] > drawn()["dorsal_hump"]["value"] + 0.07
    assert hump["facial_convexity"]["value"] == pytest.approx(drawn()["facial_convexity"]["value"], abs=3)


def test_millimetres_stand_beside_lengths_where_a_scale_is_given() -> None:
    scaled = rows(sideways.head(), known_scale=known(0.4))
    lip, angle = scaled["upper_lip_to_e_line"], scaled["nasofacial_angle"]
    assert lip["mm"] == pytest.approx(lip["value"] * sideways.UNIT * 0.4, rel=0.1)
    assert lip["mm_low"] < lip["mm"] < lip["mm_high"]
    assert angle["mm"] is None


def test_what_a_collar_hides_is_null_with_its_reason_and_a_refused_photograph_has_its_own() -> None:
    hidden = sideways.head().copy()
    menton = sideways.places()["menton"]
    hidden[round(menton[1]) + 4 :, round(menton[0]) :] = sideways.SKIN
    row = rows(hidden)["cervicomental_angle"]
    assert (row["value"], row["reason"]) == (None, "not seen: cervicale, neck")
    refused = measure_profile({"reason": "no profile"}, settings=ERRORS, known_scale=None)
    assert {own["reason"] for own in refused} == {"no profile"}
    assert len(refused) == len(PROFILE_MEASURES)
