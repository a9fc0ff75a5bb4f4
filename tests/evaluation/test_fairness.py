"""The chapter of fairness: what is planted is told, what is missing is named, and groups too small are left out."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasks.evaluation.fairness import chapter
from tasks.evaluation.fairness.compare import CONTROLS, PATIENTS, evaluate_fairness, headline, severity_of
from tasks.evaluation.fairness.read import Fairness, Small, traits_of
from tasks.evaluation.fairness.words import findings, left_out, missing, notices, tiles
from tasks.evaluation.metrics import finite
from tasks.evaluation.report import _body
from tasks.evaluation.study import COLUMNS, Study, make_study
from tasks.evaluation.system import Shown
from tasks.params.fairness import Fairness as Settings
from tasks.schemas.fairness import APPEARANCE
from tasks.schemas.ingest import GROUPS, REFUSALS
from tests.evaluation.showing import SETTINGS as REPORT
from tests.study import SETTINGS

NUMBERS = Settings(limit=0.1, bands=4, least_people=10)
NAMES = {"unfair": "Unfair U", "fair": "Fair F"}


def cohort(controls: int = 80, patients: int = 60) -> SimpleNamespace:
    """`unfair` rates lighter skin as worse, whatever the severity; `fair` follows severity alone."""
    rng = np.random.default_rng(1)
    rows: list[dict[str, Any]] = []
    groups: list[dict[str, Any]] = []
    scores: list[tuple[str, str, str, float]] = []
    known: list[tuple[str, str, float]] = []
    for number in range(controls + patients):
        repaired, image, person = number >= controls, f"i{number:03d}", f"p{number:03d}"
        skin, severity = float(rng.uniform(30, 85)), float(rng.uniform()) if repaired else 0.0
        rows.append(
            {"image_id": image, "subject_id": person, "population": "repaired" if repaired else "control"}
            | {"skin_lightness": skin, "light": float(rng.uniform(50, 75)), "uneven_light": float(rng.uniform(0, 9))}
            | {"hair_darkness": float(rng.uniform(20, 90)), "reason": None}
        )
        scores.append((image, person, "unfair", severity + skin / 55 + float(rng.normal(0, 0.2))))
        scores.append((image, person, "fair", severity + float(rng.normal(0, 0.2))))
        groups.append({"image_id": image, "grouping": "gender", "word": ("female", "male")[number % 2]})
        clinic = "tiny" if number < 3 else ("north", "south", "west")[number % 3]
        groups.append({"image_id": image, "grouping": "clinic", "word": clinic})
        groups.append({"image_id": image, "grouping": "skin_type", "number": 6 - (skin - 30) / 11})
        if repaired:
            known.append((image, "drawn_severity", severity))
    made = Fairness(
        APPEARANCE.table(rows).to_pandas(), GROUPS.table(groups).to_pandas(), REFUSALS.table([]).to_pandas(), None
    )
    return SimpleNamespace(made=made, scores=pd.DataFrame(scores, columns=COLUMNS), known=known)


def study_of(own: SimpleNamespace, *, known: bool = True, taught: frozenset[str] = frozenset()) -> Study:
    ratings = pd.DataFrame(columns=["image_id", "rater_id", "rater_role", "scale", "score"])
    references = pd.DataFrame(own.known if known else [], columns=["image_id", "measure", "value"])
    found = make_study(ratings, references, own.scores, frozenset(), SETTINGS, NAMES)
    return found._replace(taught_by={"fair": taught})


@pytest.fixture(scope="module")
def own() -> SimpleNamespace:
    return cohort()


@pytest.fixture(scope="module")
def record(own: SimpleNamespace) -> dict[str, Any]:
    found: dict[str, Any] = finite(evaluate_fairness(own.made, study_of(own), NUMBERS))
    return found


def test_what_is_planted_is_found_in_both_and_what_is_not_is_not(record: dict[str, Any]) -> None:
    skin = record["followed"]["skin_lightness"]
    for among in (CONTROLS, PATIENTS):
        assert skin["unfair"][among]["low"] > 0.4
        assert abs(skin["fair"][among]["value"]) < 0.3
    assert record["followed"]["skin_type"]["unfair"][CONTROLS]["value"] == pytest.approx(
        -skin["unfair"][CONTROLS]["value"]
    )
    assert skin["fair"][PATIENTS]["n_subjects"] == 60
    assert record["severity"] == "drawn severity"
    assert headline(record)["skin_controls"]["unfair"] == skin["unfair"][CONTROLS]


def test_it_is_said_in_words(record: dict[str, Any]) -> None:
    said = findings(record, NAMES)
    assert said[0].startswith("Of all methods Unfair U follows skin lightness most among unseen controls, by more than")
    assert "80 people" in said[0]
    assert re.match(
        r"Of \d+ correlations among unseen controls, \d+ are above the limit of 0.1, \d+ of them by", said[1]
    )
    told = next(
        line for line in notices(record, NAMES) if line.startswith("Unfair U: among unseen controls, rated as worse: ")
    )
    assert "lighter skin (" in told
    assert "less skin type (" in told
    assert [tile.people for tile in tiles(record, NAMES)] == [80, 60]
    assert missing(record) == []


def test_controls_that_taught_a_method_are_not_counted_for_it_alone(own: SimpleNamespace) -> None:
    taught = frozenset(f"i{number:03d}" for number in range(30))
    skin = evaluate_fairness(own.made, study_of(own, taught=taught), NUMBERS)["followed"]["skin_lightness"]
    assert skin["fair"][CONTROLS]["n_subjects"] == 50
    assert skin["unfair"][CONTROLS]["n_subjects"] == 80


def test_groups_become_traits_and_small_ones_are_named(own: SimpleNamespace) -> None:
    traits, small = traits_of(own.made, least=10)
    titles = [trait.title for trait in traits]
    assert "gender: female against male" in titles
    assert "clinic: north against the others" in titles
    assert not any("tiny" in title for title in titles)
    assert small == [Small("clinic", "tiny", 3)]
    assert left_out(small, ["groups.csv, line 4: x: no such person"], least=10) == [
        "Groups of fewer than 10 people are left out: clinic tiny (3).",
        "Refused of the table of groups: groups.csv, line 4: x: no such person.",
    ]


def test_without_severity_patients_are_not_asked_and_it_is_said_what_to_add(own: SimpleNamespace) -> None:
    study = study_of(own, known=False)
    assert severity_of(study)[0] is None
    record = evaluate_fairness(own.made, study, NUMBERS)
    assert missing(record) == [
        "Fairness at equal severity among patients after repair was not measured: no severity is known and nobody "
        "rated; add ratings (ratings.csv)."
    ]
    assert len(tiles(record, NAMES)) == 1


def test_without_photographs_or_scores_there_is_a_reason(own: SimpleNamespace) -> None:
    empty = own.made._replace(appearance=own.made.appearance.iloc[:0])
    assert "add photographs from the front" in evaluate_fairness(empty, study_of(own), NUMBERS)["reason"]
    nothing = SimpleNamespace(scores=own.scores.iloc[:0], known=own.known)
    assert "no method has scored" in evaluate_fairness(own.made, study_of(nothing), NUMBERS)["reason"]
    absent = own.made._replace(missing="nothing to compare: no photographs")
    assert chapter.compare(absent, study_of(own), Path("params.yaml")).record == {"reason": absent.missing}


def test_too_few_people_are_said_to_be_too_few() -> None:
    own = cohort(controls=5, patients=4)
    record = evaluate_fairness(own.made, study_of(own), NUMBERS)
    assert record["followed"]["skin_lightness"]["fair"][CONTROLS]["reason"] == "5 people, 10 needed"
    assert len(missing(record)) == 2
    assert [*findings(record, NAMES), *tiles(record, NAMES), *notices(record, NAMES)] == []


def test_the_section_has_table_figures_and_what_to_add(own: SimpleNamespace, record: dict[str, Any]) -> None:
    study = study_of(own)
    shown = Shown(study, own.scores, Path(), Path(), Path("params.yaml"), REPORT)
    found = chapter.show(own.made, record, shown)
    assert len(found.pictures["rho"]) == 6
    assert all(picture.png.startswith(b"\x89PNG") for picture in found.pictures["rho"])
    page = re.sub(r"\s+", " ", _body(found))
    assert page.count('<th scope="row">Unfair U</th>') == len(record["traits"])
    assert "groups.csv" in page
    assert "Groups of fewer than 10 people are left out: clinic tiny (3)." in page
    assert "(drawn severity)" in page


def test_nothing_that_people_wrote_is_taken_for_markup(own: SimpleNamespace) -> None:
    groups = own.made.groups.assign(word=own.made.groups["word"].str.replace("north", "<b>north"))
    made = own.made._replace(groups=groups)
    record = finite(evaluate_fairness(made, study_of(own), NUMBERS))
    shown = Shown(study_of(own), own.scores, Path(), Path(), Path("params.yaml"), REPORT)
    assert "<b>" not in _body(chapter.show(made, record, shown))
