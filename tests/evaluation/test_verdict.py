"""A photograph's result in one plain line."""

from typing import Any

import numpy as np
import pytest

from tasks.evaluation.anomaly.reading import AnomalyReading
from tasks.evaluation.anomaly.words import trial_said
from tasks.evaluation.photo_page import Photo, render_photo_page
from tasks.evaluation.symmetry.reading import Distance, as_reading
from tasks.evaluation.symmetry.trial import Trial
from tasks.evaluation.verdict import Verdict, verdict
from tasks.pages.chapter import Reading, Said
from tasks.statistics.grading import GradeScale
from tests.evaluation.anomaly_study import HEADLINE
from tests.evaluation.trials import trial


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


@pytest.mark.parametrize(
    ("outs", "head"),
    [
        ((True, True), "Stands out, by all 2 measures that count."),
        ((True,), "Stands out, by the only measure that counts."),
        ((False, False), "Nothing stands out, by any of 2 measures that count."),
        ((True, False, False), "The measures disagree: 1 stands out, 2 do not."),
        ((True, True, False, None), "The measures disagree: 2 stand out, 1 does not."),
        ((None, None), "Whether it stands out cannot be told."),
    ],
)
def test_the_verdict_comes_first_and_then_one_line_for_every_measure(outs: tuple[bool | None, ...], head: str) -> None:
    names = "abcd"[: len(outs)]
    own = [said(name, out, sure="clear", trust=f"Trust of {name}.") for name, out in zip(names, outs, strict=True)]
    found = of(*own, reason="the face is cut off")
    assert found.points[0] == head
    told = {True: "stands out", False: "does not stand out", None: "not to be told"}
    lines = [f"{n.upper()}: {told[out]} (place of {n}, clear)." for n, out in zip(names, outs, strict=True)]
    assert list(found.points[1:]) == [*lines, "Not counted: Other: the face is cut off."]
    assert list(found.trust) == [f"Trust of {name}." for name in names]
    assert all(trust in found.line for trust in found.trust)  # in one cell it is all there


def test_what_is_not_valid_says_each_reason_in_a_line_of_its_own() -> None:
    assert of(said("a", True, doubt="it guesses"), foreign="the networks know drawn faces only").points == [
        "Measured, but not valid here.",
        "The networks know drawn faces only.",
        "A: it guesses.",
    ]
    refused = verdict(Photo("a.jpg", "", reason="no face was found"), foreign=None)
    assert refused.points == [refused.line]


def test_a_contradiction_says_what_it_usually_means() -> None:
    alone = of(said("a", True, alone="Usually a smile."), said("b", False, quiet="Usually nothing."))
    assert alone.line.endswith("Does not: b (place of b). Usually a smile.")
    assert alone.points[1] == "Usually a smile."
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
        "trial": trial(),
    }
    return Distance("clp", d, **(given | changed))


@pytest.mark.parametrize(
    ("d", "stands_out", "sure"),
    [
        (0.2, False, "clear"),
        (0.48, False, "close to the limit"),
        (0.5, False, "close to the limit"),
        (0.52, None, "close to the limit"),  # above the threshold, as are many controls
        (0.9, True, "clear"),
    ],
)
def test_how_sure_a_distance_is(d: float, stands_out: bool | None, sure: str) -> None:
    (own,) = as_reading("symmetry", "Symmetry", "a paper", [distance(d)]).said
    assert (own.stands_out, own.sure) == (stands_out, sure)


def test_an_equal_value_is_not_lower() -> None:
    reading = as_reading("symmetry", "Symmetry", "a paper", [distance(0.5)])
    assert reading.record["clp"]["percentile_among"]["rated_photographs"] == pytest.approx(100 * 5 / 11, abs=0.1)
    assert reading.cells["lip outline above % of rated"] == pytest.approx(100 * 5 / 11, abs=0.1)
    assert reading.cells["lip outline above % of controls"] == pytest.approx(80, abs=0.1)
    assert reading.said[0].place == "left and right differ more than in 80 % of 100 pictures of unseen controls"


@pytest.mark.parametrize("d", np.linspace(0.0, 1.3, 27))
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.9])
def test_the_verdict_never_contradicts_the_controls_on_its_page(d: float, threshold: float) -> None:
    given = distance(float(d), threshold=threshold)
    reading = as_reading("symmetry", "Symmetry", "a paper", [given])
    (shown,) = reading.context["readings"]
    above = next(row["below"] for row in shown["rows"] if row["key"] == "symmetric_pairs")
    found = verdict(Photo("a.jpg", "ab" * 32, readings=[reading]), foreign=None)
    if found.line.startswith("Nothing stands out"):
        assert above <= 95
        assert not shown["flagged"]
    elif found.line.startswith("Stands out"):
        assert above >= 95
        assert shown["flagged"]
    else:
        assert found.line.startswith("Not to be told: lip outline (left and right differ more than in")
        assert (found.stands_out, reading.record["clp"]["stands_out"]) == (None, None)


def test_above_nearly_all_controls_and_below_the_threshold_is_not_to_be_told() -> None:
    (own,) = as_reading("symmetry", "Symmetry", "a paper", [distance(0.7, threshold=0.9)]).said
    assert (own.stands_out, own.sure) == (None, "close to the limit")
    assert "more than in 100 % of 100 pictures of unseen controls" in own.place


def line_of(d: float, tried: Trial) -> Verdict:
    reading = as_reading("symmetry", "Symmetry", "a paper", [distance(d, trial=tried)])
    return verdict(Photo("a.jpg", "ab" * 32, readings=[reading]), foreign=None)


def test_the_verdict_says_how_well_the_network_tells_unseen_people() -> None:
    assert line_of(0.2, trial()).line == (
        "Nothing stands out: lip outline (left and right differ more than in 20 % of 100 pictures of unseen controls; "
        "clear). Lip outline told 90.0 % of symmetric and asymmetric pairs of 40 unseen people rightly "
        "(interval 80.0 to 95.0)."
    )


@pytest.mark.parametrize("d", [0.1, 0.9])
@pytest.mark.parametrize(
    "weak",
    [
        trial(accuracy=(0.6875, 0.5, 0.875), auc=(0.73, 0.59, 0.91), people=4),
        trial(auc=(0.73, 0.48, 0.91)),
        trial(accuracy=(0.8, None, None), auc=(0.8, None, None), people=2),
    ],
)
def test_a_network_that_may_be_guessing_tells_nothing(d: float, weak: Trial) -> None:
    found = line_of(d, weak)
    assert found.line.startswith("Not to be told: lip outline (it told ")
    assert "which may be guessing" in found.line
    assert (found.state, found.stands_out) == ("measured", None)


def test_nothing_is_clear_by_a_network_tried_on_few_people() -> None:
    found = line_of(0.9, trial(people=4))
    assert found.line.startswith("Stands out: lip outline (left")
    assert "clear" not in found.line
    assert "pairs of only 4 unseen people rightly" in found.line


def test_a_network_that_guesses_or_was_not_tried_does_not_count() -> None:
    guessing = line_of(0.9, trial(auc=(0.55, 0.4, 0.7)))
    assert guessing.state == "not valid"
    assert "hardly better than guessing (AUC 0.55)" in guessing.line
    untried = line_of(0.9, trial(binary={}))
    assert "could not be tested on unseen people (no test pairs)" in untried.line


def test_the_trial_is_in_json_and_on_the_page() -> None:
    tried = trial(people=4)
    reading = as_reading("symmetry", "Symmetry", "a paper", [distance(0.9, trial=tried)])
    told = reading.record["clp"]["tested"]
    assert (told["unseen_people"], told["accuracy_interval"]) == (4, [0.8, 0.95])
    photo = Photo("a.jpg", "ab" * 32, readings=[reading])
    page = render_photo_page(photo, notices=[])
    assert tried.said in page


def test_a_score_stands_out_beyond_nearly_all_unseen_controls() -> None:
    controls, patients = np.linspace(4, 8, 40), np.array([1.0, 2.0])

    def own(score: float, controls: np.ndarray = controls) -> AnomalyReading:
        return AnomalyReading(HEADLINE, controls, patients, clear=0.05, score=score)

    assert [own(score).stands_out() for score in (1.0, 4.1, 4.2, 6.0)] == [True, True, False, False]
    few = own(1.0, controls[:19])
    assert few.stands_out() is None
    assert "only 19 controls" in few.say().sure
    assert own(1.0).say().place == (
        "further from the nearest face that the generator draws than 100 % of 40 unseen controls"
    )


def auc(value: float | None, low: float | None, people: int = 40) -> dict[str, Any]:
    return {"value": value, "low": low, "high": 0.99, "n_subjects": people, "reason": "no patient was scored"}


def test_a_score_says_how_well_it_tells_patients() -> None:
    guess, trust = trial_said(auc(0.9, 0.8), few_people=20)
    assert guess is None
    assert trust == (
        "S of a patient lay further off than S of an unseen control in 90.0 % of pairs of 40 people "
        "(interval 80.0 to 99.0)."
    )
    assert "of only 4 people" in trial_said(auc(0.9, 0.8, 4), few_people=20)[1]
    assert "not known (no patient was scored)" in trial_said(auc(None, None), few_people=20)[1]


def test_a_score_that_may_tell_patients_by_chance_tells_nothing() -> None:
    guess, trust = trial_said(auc(0.6, 0.45), few_people=20)
    weak = AnomalyReading(HEADLINE, np.linspace(4, 8, 40), np.array([1.0]), score=1.0, guess=guess, trust=trust)
    assert weak.stands_out() is None
    assert weak.say().place.endswith("which may be chance")
