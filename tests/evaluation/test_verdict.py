"""A photograph's result in one plain line."""

from typing import Any

import numpy as np
import pytest

from tasks.evaluation.anomaly.reading import AnomalyReading
from tasks.evaluation.photo_page import Photo
from tasks.evaluation.symmetry.reading import Distance, as_reading
from tasks.evaluation.verdict import Verdict, verdict
from tasks.pages.chapter import Reading, Said
from tasks.statistics.grading import GradeScale
from tests.evaluation.anomaly_study import HEADLINE


def said(name: str, stands_out: bool | None, **rest: Any) -> Said:
    return Said(name=name, value="1", place=f"place of {name}", stands_out=stands_out, **rest)


def of(*own: Said, reason: str | None = None, foreign: str | None = None) -> Verdict:
    readings = [Reading("toy", "Toy", {}, {}, said=own)] + (
        [Reading("other", "Other", {}, {}, reason=reason)] if reason else []
    )
    return verdict(Photo("a.jpg", "ab" * 32, readings=readings), foreign=foreign)


def test_a_refused_photograph_says_why() -> None:
    found = verdict(Photo("a.jpg", "", reason="no face was found"), foreign="drawn faces")
    assert found == Verdict("refused", "Not measured: no face was found.")


def test_networks_of_drawn_faces_say_nothing_of_a_photograph() -> None:
    found = of(said("one", True), foreign="the networks know drawn faces only")
    assert found == Verdict("not valid", "Measured, but not valid here: the networks know drawn faces only.")


@pytest.mark.parametrize(
    ("outs", "begins", "stands_out", "disagree"),
    [
        ((True, True), "Stands out: a (place of a), b (place of b).", True, False),
        ((False, False), "Nothing stands out: a (place of a), b (place of b).", False, False),
        ((True, False), "The measures disagree. Stands out: a (place of a). Does not: b (place of b).", True, True),
        ((True, None), "Stands out: a (place of a). Not to be told: b (place of b).", True, False),
        ((None, None), "Not to be told: a (place of a), b (place of b).", None, False),
    ],
)
def test_what_measures_say_together(
    outs: tuple[bool | None, ...], begins: str, stands_out: bool | None, disagree: bool
) -> None:
    found = of(*(said(name, out) for name, out in zip("ab", outs, strict=True)))
    assert found == Verdict("measured", begins, stands_out, disagree)


def test_a_contradiction_says_what_it_usually_means() -> None:
    alone = of(said("a", True, alone="Usually a smile."), said("b", False, quiet="Usually nothing."))
    assert alone.line.endswith("Does not: b (place of b). Usually a smile.")
    one_silent = of(said("a", True, alone="No."), said("b", True), said("c", False, quiet="Usually an expression."))
    assert one_silent.line.endswith("Does not: c (place of c). Usually an expression.")


def test_a_measure_that_says_nothing_does_not_count() -> None:
    found = of(said("a", True, doubt="the generator draws no face"), said("b", False), reason="the face is cut off")
    assert found.line == (
        "Nothing stands out: b (place of b). Not counted: a: the generator draws no face. "
        "Not counted: Other: the face is cut off."
    )
    assert (found.stands_out, found.disagree) == (False, False)
    alone = of(said("a", True, doubt="the generator draws no face"))
    assert alone == Verdict("not valid", "Measured, but not valid here: a: the generator draws no face.")


def distance(d: float, **changed: Any) -> Distance:
    given: dict[str, Any] = {
        "threshold": 0.5,
        "scale": GradeScale(low=0.2, high=1.0, grades=5),
        "positives": np.linspace(0.1, 0.6, 100),
        "negatives": np.linspace(0.4, 1.2, 100),
        "rated": np.linspace(0.0, 1.0, 11),
    }
    return Distance("clp", d, **(given | changed))


@pytest.mark.parametrize(
    ("d", "stands_out", "sure"),
    [
        (0.2, False, "clear"),
        (0.48, False, "close to the limit"),
        (0.5, False, "close to the limit"),
        (0.52, True, "close to the limit"),
        (0.9, True, "clear"),
    ],
)
def test_how_sure_a_distance_is(d: float, stands_out: bool, sure: str) -> None:
    (own,) = as_reading("symmetry", "Symmetry", "a paper", [distance(d)]).said
    assert (own.stands_out, own.sure) == (stands_out, sure)


def test_an_equal_value_is_not_lower() -> None:
    reading = as_reading("symmetry", "Symmetry", "a paper", [distance(0.5)])
    assert reading.record["clp"]["percentile_among"]["rated_photographs"] == pytest.approx(100 * 5 / 11, abs=0.1)
    assert reading.cells["above % of rated clp"] == pytest.approx(100 * 5 / 11, abs=0.1)
    assert "differ more than in 45 % of 11 rated photographs" in reading.said[0].place


def test_a_score_stands_out_beyond_nearly_all_unseen_controls() -> None:
    controls, patients = np.linspace(4, 8, 40), np.array([1.0, 2.0])

    def own(score: float, controls: np.ndarray = controls) -> AnomalyReading:
        return AnomalyReading(HEADLINE, controls, patients, clear=0.05, score=score)

    assert [own(score).stands_out() for score in (1.0, 4.1, 4.2, 6.0)] == [True, True, False, False]
    few = own(1.0, controls[:19])
    assert few.stands_out() is None
    assert "only 19 controls" in few.say().sure
    assert own(1.0).say().place == "further off than 100 % of 40 unseen controls"
