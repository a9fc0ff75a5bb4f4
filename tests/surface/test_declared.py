"""What a surgeon declares for three dimensions: in the file of two, in the same words, with every mistake told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.anthropometry.own import own_measures as flat_measures
from tasks.anthropometry.rules import read_rules as flat_rules
from tasks.findings.declared import DeclaredError
from tasks.findings.rules import DEFAULT, findings
from tasks.space.views import Point
from tasks.surface.finding_rules import read_rules
from tasks.surface.geometry.front_view import front_of
from tasks.surface.measures.catalogue import BY_NAME, MEASURES
from tasks.surface.measures.measure import Head
from tasks.surface.measures.measuring import measured
from tasks.surface.measures.surgeons_own import own_measures
from tasks.surface.measuring_faces import measure_row
from tests.surface.drawn import ellipsoid
from tests.surface.measured import MEASURES as SETTINGS

OWN = """
measures:
  - name: my_nose_width
    dimensions: 3
    words: my nose width
    unit: mm
    formula: { distance: [alare_right, alare_left] }
  - name: my_wing
    dimensions: 3
    words: wing to corner of the mouth, difference
    unit: mm
    formula: { difference: { distance: [alare, cheilion] } }
  - name: my_share
    dimensions: 3
    words: nose to eyes
    unit: ratio
    formula:
      ratio:
        - { distance: [alare_right, alare_left] }
        - { distance: [endocanthion_right, endocanthion_left] }
  - name: my_tip
    dimensions: 3
    words: tip off the middle
    unit: mm
    formula: { deviation: pronasale }
  - name: my_rise
    dimensions: 3
    words: tip above base
    unit: mm
    formula: { height: [subnasale, pronasale] }
  - name: my_angle
    dimensions: 3
    words: angle at the tip
    unit: degrees
    formula: { angle: [alare_right, pronasale, alare_left] }
  - name: my_nose_width
    words: the same of a photograph
    unit: interocular
    formula: { distance: [alare_right, alare_left] }
"""
PLACES: dict[str, tuple[float, float, float]] = {
    "pronasale": (3.0, 12, 20),
    "subnasale": (0.0, 0, 0),
    "alare_right": (-17.0, 5, 2),
    "alare_left": (17.0, 5, 2),
    "cheilion_right": (-25.0, -20, 0),
    "cheilion_left": (31.0, -20, 0),
    "endocanthion_right": (-16.0, 40, -5),
    "endocanthion_left": (16.0, 40, -5),
}
WHO: dict[str, Any] = {"population": None, "gender": None, "age_group": None}


def written(folder: Path, text: str) -> Path:
    path = folder / "given.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def taken(path: Path, places: dict[str, tuple[float, float, float]] | None = None) -> dict[str, dict[str, Any]]:
    """The file's measures of a head with these points."""
    points = {name: Point(np.array(place, float), 1.0, 3, None) for name, place in (places or PLACES).items()}
    surface, _ = ellipsoid(across=11)
    at = {name: point.position for name, point in points.items() if point.position is not None}
    head = Head(at, 0.0, surface, front_of(surface), np.zeros(len(surface.vertices)), 0.5)
    rows = [measure_row(one) for one in measured(head, points, settings=SETTINGS, measures=own_measures(path))]
    return {row["measure"]: row for row in rows}


def test_the_six_words_measure_in_space(tmp_path: Path) -> None:
    found = taken(written(tmp_path, OWN))
    assert found["my_nose_width"]["value"] == pytest.approx(34)
    assert found["my_nose_width"]["low"] < 34 < found["my_nose_width"]["high"]
    assert found["my_share"]["value"] == pytest.approx(34 / 32)
    assert found["my_share"]["unit"] == ""
    assert (found["my_tip"]["value"], found["my_tip"]["side"]) == (3.0, "left")
    assert found["my_rise"]["value"] == 12
    assert 80 < found["my_angle"]["value"] < 100
    assert found["my_wing"]["left"] == pytest.approx(np.hypot(14, np.hypot(25, 2)))
    assert found["my_wing"]["side"] == "left"
    assert {row["region"] for row in found.values()} == {"own"}


def test_one_file_serves_photographs_too(tmp_path: Path) -> None:
    path = written(tmp_path, OWN)
    assert [own.name for own in flat_measures(path)] == ["my_nose_width"]
    assert flat_measures(path)[0].unit == "interocular"
    assert len(own_measures(path)) == 6


def test_a_point_that_is_not_there_and_a_division_by_zero_have_a_reason(tmp_path: Path) -> None:
    path = written(tmp_path, OWN)
    without = {name: place for name, place in PLACES.items() if name != "alare_left"}
    assert taken(path, without)["my_nose_width"]["reason"] == "no alare left: place it by hand"
    flat = PLACES | {"endocanthion_left": PLACES["endocanthion_right"]}
    assert taken(path, flat)["my_share"]["reason"] == "what it is divided by is 0"


def own(formula: str, unit: str = "mm", name: str = "mine", more: str = "") -> str:
    start = f"measures:\n  - name: {name}\n    words: mine\n    dimensions: 3\n    unit: {unit}\n"
    return f"{start}    formula: {formula}\n{more}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (own("{ distance: [tragion, nasion] }"), "line 6: tragion: of which side? tragion_right or tragion_left"),
        (own("{ distance: [tragus_left, nasion] }"), "'tragus_left' is not known; did you mean tragion_left?"),
        (own("{ distance: [menton, nasion] }", "interocular"), "line 5: 'interocular' is not known; there are: mm"),
        (own("{ distance: [menton, nasion] }", name="nose_width"), "there is a measure of this name"),
        (own("{ distance: [menton, nasion] }", more="    suffers: [smile]\n"), "leave it out"),
        (own("{ distance: [menton, nasion] }").replace("dimensions: 3", "dimensions: 4"), "line 4: dimensions: 2"),
        (own("{ distance: [iris_left, nasion] }"), "line 6: 'iris_left' is not known"),
    ],
)
def test_every_mistake_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DeclaredError) as error:
        own_measures(written(tmp_path, text))
    assert told in str(error.value)


def rule(more: str, measure: str = "tip_deviation") -> str:
    return f"rules:\n  - measure: {measure}\n    finding: Aside\n    source: me\n    dimensions: 3\n{more}"


def test_a_rule_holds_for_a_measure_in_space_and_for_an_own_one(tmp_path: Path) -> None:
    rows = list(taken(written(tmp_path, OWN)).values())
    own_ones = own_measures(tmp_path / "given.yaml")
    (tmp_path / "rules.yaml").write_text(rule("    above: 2\n    unit: mm\n", "my_tip"), encoding="utf-8")
    (found,) = findings(rows, read_rules(tmp_path / "rules.yaml", own_ones), norms=[], **WHO)
    said = found.sentence("tip off the middle")
    assert said.startswith("Aside: tip off the middle, left 3 (")
    assert said.endswith(" mm, above 2. A finding, not a diagnosis.")
    assert flat_rules(tmp_path / "rules.yaml") == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (rule("    above: 1\n", "tip_deviatoin"), "line 2: 'tip_deviatoin' is not known; did you mean tip_deviation?"),
        (rule("    above: 1\n    unit: mm\n", "nasofrontal_angle"), "only limits of lengths"),
        (rule("    above: 1\n    unit: interocular\n"), "'interocular' is not known"),
        (rule("    above: 1\n").replace("3", "true"), "line 5: dimensions: 2"),
    ],
)
def test_every_mistake_in_a_rule_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DeclaredError) as error:
        read_rules(written(tmp_path, text))
    assert told in str(error.value)


def test_a_measure_of_space_without_its_dimensions_is_told_how_to_write_it(tmp_path: Path) -> None:
    path = written(tmp_path, rule("    above: 1\n", "nose_fullness").replace("    dimensions: 3\n", ""))
    with pytest.raises(DeclaredError, match=r"nose_fullness' is not known.*`dimensions: 3`"):
        flat_rules(path)


def test_the_default_rules_name_measures_of_both_kinds() -> None:
    space = read_rules(DEFAULT)
    assert {"nasolabial_asymmetry", "tip_deviation"} <= {own.measure for own in space} <= set(BY_NAME)
    assert len(flat_rules(DEFAULT)) >= 15


def test_a_face_more_even_than_the_norms_is_no_finding(tmp_path: Path) -> None:
    (measure,) = [own for own in MEASURES if own.name == "nasolabial_asymmetry"]
    plain = dict.fromkeys(("low", "high", "left", "right", "side", "reason"))
    norm = {"measure": measure.name, "gender": "all", "age_group": "all", "people": 40, "reason": None}
    norm |= {"mean": 0.5, "sd": 0.05, "p05": 0.4, "p95": 0.6}

    def found(value: float) -> list[str]:
        row = measure_row(_measured(measure, value)) | plain
        return [one.finding for one in findings([row], read_rules(DEFAULT), norms=[norm], **WHO)]

    assert found(0.1) == []
    assert found(1.4) == ["Nose and upper lip are uneven in space"]


def _measured(measure: Any, value: float) -> Any:
    from tasks.surface.measures.measuring import Measured

    return replace(Measured(measure, None, None, None, None, None, None, None), value=value)
