"""Norms of controls, rules in a readable file, and findings that are no diagnoses."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.anthropometry.measuring import measure_photographs
from tasks.anthropometry.rules import read_rules
from tasks.findings.declared import DeclaredError
from tasks.findings.norms import norms, of_controls
from tasks.findings.rules import DEFAULT, findings, unasked
from tasks.pages.norms import norm_of
from tasks.schemas.anthropometry import ANTHROPOMETRY_MEASURES
from tests.anthropometry.template import SETTINGS, moved, table_of, template

PERSON = {"population": "repaired", "gender": None, "age_group": None}


def control(subject: str, value: float | None, photograph: int = 0, population: str = "control") -> dict[str, Any]:
    return {
        "image_id": f"{subject}-{photograph}",
        "subject_id": subject,
        "population": population,
        "measure": "nose_width",
        "region": "nose",
        "words": "nose width",
        "value": value,
        "unit": "interocular",
        "reason": None if value is not None else "not seen",
    }


def rows(face: Any, **columns: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = measure_photographs(table_of({"a": face}, **columns), settings=SETTINGS).to_pylist()
    return found


def rules_of(folder: Path, text: str) -> Path:
    path = folder / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def rule(more: str) -> str:
    return f"rules:\n  - measure: nose_width\n    finding: Wide\n    source: me\n{more}"


def test_norms_count_each_control_once_and_nobody_else() -> None:
    table = ANTHROPOMETRY_MEASURES.table(
        [control(f"s{number}", number / 10) for number in range(1, 22)]
        + [control("s1", 0.3, 1), control("s2", None, 1), control("patient", 9.0, population="repaired")]
    )
    people = {f"s{number}": ("female" if number % 2 else "male", None) for number in range(22)}
    found = norms(table, people=people, least=20).to_pylist()
    every = norm_of(found, "nose_width", None, None)
    assert every is not None
    values = np.array([0.2, *(np.arange(2, 22) / 10)])
    assert every["people"] == 21
    assert every["mean"] == pytest.approx(values.mean())
    assert every["sd"] == pytest.approx(values.std(ddof=1))
    assert every["p95"] == pytest.approx(np.percentile(values, 95))
    women = next(row for row in found if row["gender"] == "female" and row["age_group"] == "all")
    assert women["reason"] == "11 people; a norm needs 20"
    assert norm_of(found, "nose_width", "female", "adult") == every  # the nearest group that is large enough
    assert norm_of(found, "mouth_width", None, None) is None


def test_a_control_of_whom_nothing_was_measured_is_not_counted() -> None:
    """Such as one who has a clip alone, or whose photographs were refused."""
    table = ANTHROPOMETRY_MEASURES.table(
        [control(f"s{number}", number / 10) for number in range(10)]
        + [control("refused", None), control("patient", 9.0, population="repaired")]
    )
    people = [*(f"s{number}" for number in range(10)), "refused", "clip alone"]
    listed = [
        {"subject_id": own, "population": "control", "gender": None, "age_group": None, "notice": None}
        for own in people
    ]
    found = of_controls(table, listed, least=5)
    assert found.said == "1 measure with a norm, of 10 controls who could be measured"


def test_the_default_rules_can_be_read_and_find_nothing_in_an_even_face() -> None:
    rules = read_rules(DEFAULT)
    assert len(rules) >= 15
    assert findings(rows(template()), rules, norms=[], **PERSON) == []


def test_which_rules_lack_a_norm_is_said_of_those_alone_that_could_be_asked(tmp_path: Path) -> None:
    text = rule("    beyond_sd: 2\n") + "".join(
        f"  - measure: {measure}\n    finding: Some\n    source: me\n    beyond_sd: 2\n{more}"
        for measure, more in (("mouth_width", ""), ("lip_mismatch", "    population: control\n"))
    )
    rules, words = read_rules(rules_of(tmp_path, text)), {"nose_width": "nose width", "mouth_width": "mouth width"}
    norm = {"measure": "nose_width", "gender": "all", "age_group": "all", "people": 33, "reason": None}
    face = rows(template())
    said = unasked(face, rules, words, norms=[], **PERSON)
    assert said == "Not asked, for want of norms: the rules for nose width; mouth width."
    known = [norm | {"mean": 0.3, "sd": 0.02}]
    assert unasked(face, rules, words, norms=known, **PERSON).endswith("norms: the rule for mouth width.")
    face = [row for row in face if row["measure"] != "mouth_width"]
    assert unasked(face, rules, words, norms=known, **PERSON) == ""


def test_a_finding_names_measure_value_limit_and_reason_and_is_no_diagnosis() -> None:
    face = moved(template(0.1), cheilion_left=(0.0, -10.0))
    (found,) = findings(rows(face), read_rules(DEFAULT), norms=[], **PERSON)
    assert found.measure == "mouth_cant"
    assert found.certainty == "clear"
    said = found.sentence("mouth cant")
    assert said.startswith("Mouth is canted: mouth cant, left 5.2")
    assert "above 4" in said
    assert said.endswith("A finding, not a diagnosis.")


def test_a_finding_whose_interval_reaches_the_limit_is_borderline() -> None:
    face = moved(template(4.0), cheilion_left=(0.0, -10.0))
    assert [own.certainty for own in findings(rows(face), read_rules(DEFAULT), norms=[], **PERSON)] == ["borderline"]


def test_a_rule_in_millimetres_needs_a_scale(tmp_path: Path) -> None:
    rules = read_rules(rules_of(tmp_path, rule("    above: 5\n    unit: mm\n")))
    assert len(findings(rows(template()), rules, norms=[], **PERSON)) == 1
    without = measure_photographs(table_of({"a": template()}), settings=SETTINGS.model_copy(update={"scale": "none"}))
    assert findings(without.to_pylist(), rules, norms=[], **PERSON) == []


def test_a_rule_by_norms_needs_norms_and_says_how_many_people_they_are(tmp_path: Path) -> None:
    rules = read_rules(rules_of(tmp_path, rule("    beyond_sd: 2\n")))
    norm = {"measure": "nose_width", "gender": "all", "age_group": "all", "people": 33, "reason": None}
    wide = [norm | {"mean": 0.3, "sd": 0.02}]
    (found,) = findings(rows(template()), rules, norms=wide, **PERSON)
    assert found.way == "above"
    assert found.limit == pytest.approx(0.34)
    assert "33 people" in found.norm
    (found,) = findings(rows(template()), rules, norms=[norm | {"mean": 0.5, "sd": 0.02}], **PERSON)
    assert found.way == "below"
    assert findings(rows(template()), rules, norms=[norm | {"mean": 0.4, "sd": 0.02}], **PERSON) == []
    assert findings(rows(template()), rules, norms=[], **PERSON) == []


def test_a_rule_for_some_people_finds_nothing_in_others(tmp_path: Path) -> None:
    rules = read_rules(rules_of(tmp_path, rule("    above: 0.1\n    gender: female\n")))
    assert len(findings(rows(template()), rules, norms=[], **(PERSON | {"gender": "female"}))) == 1
    assert findings(rows(template()), rules, norms=[], **(PERSON | {"gender": "male"})) == []
    assert findings(rows(template()), rules, norms=[], **PERSON) == []


def test_what_was_not_measured_gives_no_finding(tmp_path: Path) -> None:
    rules = read_rules(rules_of(tmp_path, rule("    above: 0.1\n")))
    assert findings(rows(template(), smile=1.2), rules, norms=[], **PERSON) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (rule(""), "line 2: one limit expected, of: above, below, beyond_sd; this rule has none"),
        (rule("    above: 1\n    below: 2\n"), "this rule has above, below"),
        (rule("    above: high\n"), "line 5: a number expected, not 'high'"),
        (rule("    above: .nan\n"), "line 5: a number expected"),
        (rule("    above: true\n"), "line 5: a number expected"),
        (rule("    beyond_sd: 0\n"), "a number above 0 expected"),
        (rule("    above: 1\n    gender: femal\n"), "line 6: 'femal' is not known; did you mean female?"),
        (rule("    above: 1\n    unit: cm\n"), "line 6: 'cm' is not known"),
        (rule("    beyond_sd: 1\n    unit: mm\n"), "only limits of lengths"),
        (rule("    above: 1\n").replace("nose_width", "nose_widht"), "line 2: 'nose_widht' is not known; did you mean"),
        (rule("    above: 1\n").replace("source", "sauce"), "sauce: no such key; did you mean source?"),
    ],
)
def test_every_mistake_in_a_rule_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DeclaredError) as error:
        read_rules(rules_of(tmp_path, text))
    assert told in str(error.value)


def test_a_face_more_even_than_all_of_the_norms_is_no_finding() -> None:
    norm = {"measure": "peak_height_difference", "gender": "all", "age_group": "all", "people": 40, "reason": None}
    norm |= {"mean": 0.05, "sd": 0.001, "p05": 0.048, "p95": 0.052}
    rules = [rule for rule in read_rules(DEFAULT) if rule.measure == "peak_height_difference"]
    assert findings(rows(template()), rules, norms=[norm], **PERSON) == []
    uneven = moved(template(), crista_philtri_left=(0.0, -40.0))
    assert len(findings(rows(uneven), rules, norms=[norm], **PERSON)) == 1
