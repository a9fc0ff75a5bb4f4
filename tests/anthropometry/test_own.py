"""A surgeon's own measures: read with every mistake told by line, taken like the built-in ones, nothing executed."""

from pathlib import Path
from typing import Any

import pytest

from tasks.anthropometry.measures.catalogue import BY_NAME
from tasks.anthropometry.measuring import measure_photographs
from tasks.anthropometry.names import INDEX
from tasks.anthropometry.own import own_measures
from tasks.findings.declared import DeclaredError
from tests.anthropometry.template import SETTINGS, mirrored, moved, table_of, template, uneven

GOOD = """
measures:
  - name: my_lip_height
    words: lip height, difference
    unit: interocular
    formula:
      difference: { distance: [alar_base, crista_philtri] }
    suffers: [smile]
  - name: my_nose_width
    words: my nose width
    unit: interocular
    formula: { distance: [alare_right, alare_left] }
  - name: my_nose_to_eyes
    words: nose to eyes
    unit: ratio
    formula:
      ratio:
        - { distance: [alare_right, alare_left] }
        - { distance: [endocanthion_right, endocanthion_left] }
  - name: my_rise
    words: tip above base
    unit: interocular
    formula: { height: [subnasale, pronasale] }
  - name: my_tip
    words: tip
    unit: interocular
    formula: { deviation: pronasale }
  - name: my_angle
    words: angle at the tip
    unit: degrees
    formula: { angle: [alare_right, pronasale, alare_left] }
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def one(formula: str, unit: str = "interocular", name: str = "mine") -> str:
    return f"measures:\n  - name: {name}\n    words: mine\n    unit: {unit}\n    formula: {formula}\n"


def values(path: Path, face: Any) -> dict[str, dict[str, Any]]:
    table = measure_photographs(table_of({"a": face}), settings=SETTINGS, measures=own_measures(path))
    return {row["measure"]: row for row in table.to_pylist()}


def test_own_measures_are_taken_like_the_built_in_ones(tmp_path: Path) -> None:
    path, face = written(tmp_path, GOOD), uneven(2)
    found = values(path, face)
    every = {row["measure"]: row for row in measure_photographs(table_of({"a": face}), settings=SETTINGS).to_pylist()}
    for own, same in {
        "my_nose_width": "nose_width",
        "my_nose_to_eyes": "nose_width_to_intercanthal",
        "my_tip": "nose_tip_deviation",
    }.items():
        named = ("measure", "words", "region")
        assert {k: v for k, v in found[own].items() if k not in named} == {
            k: v for k, v in every[same].items() if k not in named
        }
    assert found["my_lip_height"]["high"] > found["my_lip_height"]["value"] > 0
    assert values(path, template())["my_lip_height"]["value"] == 0
    assert values(path, template())["my_angle"]["value"] > 90


def test_a_mirrored_photograph_swaps_the_side_of_an_own_measure(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    here, there = values(path, uneven(2)), values(path, mirrored(uneven(2)))
    assert {name: row["value"] for name, row in here.items()} == {name: row["value"] for name, row in there.items()}
    assert here["my_lip_height"]["side"] != there["my_lip_height"]["side"]


def test_what_a_photograph_does_not_show_or_divides_by_zero_is_null_with_a_reason(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    blind = moved(template(), alare_left=(float("nan"), 0.0))
    assert values(path, blind)["my_nose_width"]["reason"] == "not seen: alare left"
    flat = written(
        tmp_path,
        one("{ ratio: [{ distance: [menton, nasion] }, { distance: [pronasale, subnasale] }] }", unit="ratio"),
    )
    face = template()
    points = face.points.copy()
    points[INDEX["pronasale"]] = points[INDEX["subnasale"]]
    assert values(flat, face._replace(points=points))["mine"]["reason"] == "what it is divided by is 0"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (one("{ distance: [mentum, nasion] }"), "line 5: 'mentum' is not known; did you mean menton?"),
        (one("{ distance: [alare, nasion] }"), "line 5: alare: of which side? alare_right or alare_left"),
        (one("{ difference: { distance: [alare_left, nasion] } }"), "line 5: alare_left: in a difference of sides"),
        (one("{ distance: [menton] }"), "line 5: distance: 2 points expected, not 1"),
        (one("{ distance: menton }"), "line 5: a list expected, not 'menton'"),
        (one("{ distanse: [menton, nasion] }"), "line 5: distanse: no such key; did you mean distance?"),
        (one("{ distance: [menton, nasion], height: [menton, nasion] }"), "line 5: one formula expected"),
        (
            one("{ ratio: [{ distance: [menton, nasion] }, { distance: [menton, menton] }] }", "ratio"),
            "divides by zero",
        ),
        (one("{ ratio: [{ distance: [menton, nasion] }] }", "ratio"), "ratio: 2 formulas expected, not 1"),
        (
            one("{ ratio: [{ angle: [menton, nasion, glabella] }, { distance: [menton, nasion] }] }", "ratio"),
            "a ratio of degrees and interocular; both must be of one unit",
        ),
        (one("{ ratio: [{ deviation: menton }, { distance: [menton, nasion] }] }", "ratio"), "cannot stand within"),
        (one("{ difference: { deviation: menton } }"), "cannot stand within"),
        (one("{ distance: [menton, nasion] }", "mm"), "line 4: 'mm' is not known; there are: interocular"),
        (one("{ distance: [menton, nasion] }", "degrees"), "line 4: this formula gives interocular"),
        (one("{ distance: [menton, nasion] }", name="nose_width"), "there is a measure of this name"),
        (one("{ distance: [menton, nasion] }", name="My Measure"), "a name has lower-case letters"),
        (one("!!python/object/apply:os.system [ls]"), "line 5"),
        ("measures:\n  - &a { name: x }\n  - *a\n", "line 3: *a repeats what stands elsewhere"),
        ("measure: []\n", "line 1: measure: no such key; did you mean measures?"),
        ("measures:\n  - name: x\n    words: y\n", "line 2: unit is missing"),
        ("measures: [\n", "not YAML"),
        ("", "empty; a list under `measures:` is expected"),
        ("measures:\n  - name: x\n    name: y\n", "line 3: name stands twice"),
    ],
)
def test_every_mistake_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DeclaredError) as error:
        own_measures(written(tmp_path, text))
    assert told in str(error.value)
    assert "own.yaml" in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeclaredError, match=r"none\.yaml: No such file"):
        own_measures(tmp_path / "none.yaml")


def test_two_measures_of_one_name_are_told(tmp_path: Path) -> None:
    twice = one("{ deviation: menton }") + one("{ deviation: nasion }").removeprefix("measures:\n")
    with pytest.raises(DeclaredError, match="mine: there is a measure of this name"):
        own_measures(written(tmp_path, twice))
    assert "mine" not in BY_NAME
