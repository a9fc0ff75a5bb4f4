"""Votes become valid probability and average ranking: the published tables to the last printed decimal."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasks.base.tables import TableError
from tasks.evaluation.inpainting.judgement import differences_said, judge
from tasks.evaluation.inpainting.votes import JUDGED, SURGEONS, Votes
from tasks.pages.environment import environment
from tasks.schemas.inpainting import INPAINTING_JUDGED, INPAINTING_VOTES
from tests.study import SETTINGS

NAMES = {"E": "EC", "L": "Lafin", "C": "CTSDG", "O": "ours"}
RATERS = ("surgeon_a", "surgeon_b", "surgeon_c")

TEN = {"": 13, "E": 1, "L": 1, "O": 2, "LO": 1, "CO": 1, "OL": 5, "CEO": 1, "OEC": 5}
TWENTY_FOUR = {"": 23, "E": 11, "O": 18, "EL": 1, "EC": 4, "CL": 8, "ECL": 1, "LOCE": 5, "OELC": 1}
"""How many times a surgeon ranked the valid results of a patient so, best first. The paper does not print this: it is
one way (of many) in which 3 surgeons can have voted, found from the counts."""

SAID = {"CleftLip10": TEN, "CleftLip24": TWENTY_FOUR}
PRINTED = {  # Tables I and II
    "CleftLip10": {"EC": "0.233 1.857", "Lafin": "0.233 1.714", "CTSDG": "0.233 2.429", "ours": "0.500 1.267"},
    "CleftLip24": {"EC": "0.319 1.696", "Lafin": "0.222 1.813", "CTSDG": "0.264 1.947", "ours": "0.333 1.208"},
}
THEIRS = {"EC": "EdgeConnect", "ours": "theirs"}


def orders(counts: Mapping[str, int]) -> list[str]:
    return [order for order, count in counts.items() for _ in range(count)]


def table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Checked as the stage's table is."""
    found: pd.DataFrame = INPAINTING_JUDGED.table(rows).to_pandas()
    return found


def votes_of(said: Sequence[str], methods: str = "ELCO") -> pd.DataFrame:
    """Three surgeons' votes, patient by patient: each word is the methods that one finds valid, the best first."""
    return table(
        {
            "image_id": f"p{number // len(RATERS):02d}",
            "subject_id": f"s{number // len(RATERS):02d}",
            "rater_id": RATERS[number % len(RATERS)],
            "method": NAMES[method],
            "picture": "",
            "valid": method in order,
            "rank": order.index(method) + 1 if method in order else None,
            "valid_again": None,
            "rank_again": None,
            "present": True,
        }
        for number, order in enumerate(said)
        for method in methods
    )


@pytest.mark.parametrize("data_set", SAID)
def test_the_published_tables_are_these_counts(data_set: str) -> None:
    found = judge(votes_of(orders(SAID[data_set])), SETTINGS)
    assert (found["n_patients"], found["n_raters"]) == (int(data_set[-2:]), SURGEONS)
    for method, printed in PRINTED[data_set].items():
        counts, own = JUDGED[data_set][THEIRS.get(method, method)], found["methods"][method]
        assert (own["n_votes"], own["n_valid"]) == (counts.votes, counts.valid)
        assert own["valid_probability"]["value"] == pytest.approx(counts.valid / counts.votes, abs=1e-12)
        assert own["average_ranking"]["value"] == pytest.approx(counts.ranks / counts.valid, abs=1e-12)
        assert f"{counts.probability} {counts.ranking}" == printed


@pytest.mark.parametrize("data_set", SAID)
def test_no_other_counts_give_the_published_decimals(data_set: str) -> None:
    total = SURGEONS * int(data_set[-2:])
    for method, printed in PRINTED[data_set].items():
        fits = [
            own
            for valid in range(1, total + 1)
            for ranks in range(valid, 4 * valid + 1)
            if f"{(own := Votes(total, valid, ranks)).probability} {own.ranking}" == printed
        ]
        assert fits == [JUDGED[data_set][THEIRS.get(method, method)]]


def pair(found: Mapping[str, Any], one: str, other: str) -> dict[str, Any]:
    rows = zip(found["differences"], differences_said(found, {}), strict=True)
    return next(row | {"sentence": said} for row, said in rows if {row["one"], row["other"]} == {one, other})


def test_24_of_72_against_23_of_72_is_no_difference() -> None:
    found = judge(votes_of(orders(TWENTY_FOUR)), SETTINGS)
    row = pair(found, "ours", "EC")
    assert sorted(row["n_valid"]) == [23, 24]
    assert not row["distinct"]
    assert row["difference"]["low"] < 0 < row["difference"]["high"]
    assert row["sentence"].startswith("EC against ours: 23 of 72 against 24 of 72 is no difference")
    assert "holds 0" in row["sentence"]


def test_a_difference_that_every_patient_shows_is_told() -> None:
    found = judge(votes_of(["O", "O", "OE"] * 12), SETTINGS)
    row = pair(found, "ours", "EC")
    assert not row["distinct"]  # the same in every patient: no resample differs, so there is no interval
    assert "36 of 36" in row["sentence"]
    assert "the same in every resample" in row["sentence"]
    mixed = pair(judge(votes_of(["O", "O", "OE", "O", "EO", "O", "OE", "", "O"] * 6), SETTINGS), "ours", "EC")
    assert mixed["distinct"]
    assert "ours is called valid more often" in mixed["sentence"]


def test_two_methods_that_are_always_called_alike_do_not_differ() -> None:
    row = pair(judge(votes_of(["OE", "EO", "EO"] * 5), SETTINGS), "ours", "EC")
    assert (row["difference"]["value"], row["distinct"]) == (0, False)
    assert row["sentence"] == "EC against ours: 15 of 15 against 15 of 15 is no difference."


def width(found: Mapping[str, Any]) -> float:
    own = found["methods"]["ours"]["valid_probability"]
    return float(own["high"] - own["low"])


def test_intervals_are_by_patient_and_not_by_vote() -> None:
    """Where surgeons agree on every patient, three votes say no more than one, and the interval knows it."""
    agreeing = [word for number in range(96) for word in ["O" if number % 2 else ""] * 3]
    independent = [word for number in range(288) for word in ["O" if number % 2 else ""]]
    alone = votes_of(independent, "O")
    alone = alone.assign(image_id=[f"q{number}" for number in range(len(alone))], subject_id=None)
    together, apart = judge(votes_of(agreeing, "O"), SETTINGS), judge(alone, SETTINGS)
    assert together["methods"]["ours"]["valid_probability"]["value"] == 0.5
    assert width(together) == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 96), rel=0.15)
    assert width(apart) == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 288), rel=0.15)


def test_two_photographs_of_one_person_are_one_patient() -> None:
    votes = votes_of(["O", "", "O"] * 12, "O")
    found = judge(votes.assign(subject_id=[f"s{place // 6}" for place in range(len(votes))]), SETTINGS)
    assert found["n_patients"] == 6
    assert found["methods"]["ours"]["valid_probability"]["n_subjects"] == 6
    assert found["methods"]["ours"]["valid_probability"]["n_images"] == 12


def test_a_method_that_nobody_calls_valid_has_no_ranking_and_an_interval_that_is_not_nought() -> None:
    own = judge(votes_of(["O", "O", ""] * 8), SETTINGS)["methods"]["EC"]
    assert own["average_ranking"]["value"] is None
    assert "no result was called valid" in own["average_ranking"]["reason"]
    assert own["valid_probability"]["value"] == 0
    assert own["valid_probability"]["high"] == pytest.approx(1 - 0.025 ** (1 / 8))  # none of 8 patients


def test_of_two_patients_there_is_no_interval() -> None:
    found = judge(votes_of(["O", "OE", "", "E", "O", "O"]), SETTINGS)
    assert "3 needed" in found["methods"]["ours"]["valid_probability"]["reason"]
    assert "3 needed" in pair(found, "ours", "EC")["sentence"]


def test_no_votes_are_no_methods_and_a_reason() -> None:
    found = judge(table([]), SETTINGS)
    assert (found["n_votes"], found["methods"], found["differences"]) == (0, {}, [])
    assert "vermilion inpainting sheet" in found["reason"]


def test_votes_on_earlier_pictures_are_counted_and_do_not_count() -> None:
    votes = votes_of(["OE", "E", "O"] * 4)
    found = judge(votes.assign(present=votes["image_id"] != "p00"), SETTINGS)
    assert (found["n_patients"], found["n_votes"], found["n_earlier"]) == (3, 36, 12)
    assert judge(votes.assign(present=False), SETTINGS)["reason"]


def test_methods_that_no_rater_saw_together_are_not_compared() -> None:
    one, other = votes_of(["O"] * 9, "O"), votes_of(["E"] * 9, "E")
    both = pd.concat([one, other.assign(rater_id="d " + other["rater_id"])])
    assert pair(judge(both, SETTINGS), "ours", "EC")["sentence"] == "EC against ours: no rater saw both of one patient."


@pytest.mark.parametrize(("valid", "rank"), [(True, None), (False, 1)])
def test_a_rank_belongs_to_valid_results_alone(valid: bool, rank: int | None) -> None:
    row = {"image_id": "p", "rater_id": "r", "method": "ours", "picture": "", "valid": valid, "rank": rank}
    with pytest.raises(TableError, match="1 rows have a rank without being valid"):
        INPAINTING_VOTES.table([row])


def page(judged: Mapping[str, Any]) -> str:
    names = {"ours": "the network"}
    template = environment().get_template("evaluation/inpainting/judgement.html.j2")
    said = differences_said(judged, names)
    return " ".join(template.render(judged=judged, differences=said, published_votes=JUDGED, methods=names).split())


def test_the_section_says_that_one_vote_is_no_difference_beside_the_published_numbers() -> None:
    votes = votes_of(orders(TWENTY_FOUR))
    text = page(judge(pd.concat([votes, votes.head(4).assign(image_id="old", present=False)]), SETTINGS))
    assert "EC against the network: 23 of 72 against 24 of 72 is no difference that these votes show" in text
    assert '<th scope="row">The network</th><td class="number">24 of 72</td>' in text
    assert "4 votes on earlier fillings are not counted" in text
    for number in ("2.429", "1.813", "0.264", "24 of 72 against 23 of 72 is no difference: it is one vote"):
        assert number in text


def test_the_record_can_be_written_and_names_no_rater_and_no_photograph() -> None:
    text = json.dumps(judge(votes_of(["O", "OE", ""] * 4), SETTINGS), allow_nan=False)
    assert not [name for name in ("surgeon", "p00", "s00") if name in text]


def test_without_votes_the_section_says_how_to_get_them() -> None:
    text = page(judge(table([]), SETTINGS))
    assert "Nobody has judged the present fillings; make a sheet for each surgeon" in text
    assert "1.267" in text


def test_second_answers_say_how_far_surgeons_agree_with_themselves() -> None:
    """Validity as it is, ranks where both times valid; what came once does not count."""
    votes = votes_of(["EO", "O", "OE", "", "LO", "E"])
    assert judge(votes, SETTINGS)["with_themselves"] == {} and "a second time" not in page(judge(votes, SETTINGS))
    again = votes.assign(valid_again=votes["valid"], rank_again=votes["rank"])
    own = judge(again, SETTINGS)["with_themselves"]
    assert [row["same"] for row in own.values()] == [1, 1] and own["valid or not"]["kappa"]["value"] == 1
    assert own["valid or not"]["n"] == 24 and own["rank, of results valid both times"]["n"] == 8
    assert (own["valid or not"]["n_raters"], own["valid or not"]["n_photographs"]) == (3, 2)
    first = again["image_id"] == "p00"
    turned = again.assign(
        valid_again=again["valid"].where(~first, ~again["valid"]).where(first), rank_again=again["rank"].where(~first)
    )
    own = judge(turned.astype({"valid_again": object}), SETTINGS)["with_themselves"]
    assert list(own) == ["valid or not"]
    assert (own["valid or not"]["same"], own["valid or not"]["n"], own["valid or not"]["distance"]) == (0, 12, 1)
    text = page(judge(again, SETTINGS))
    assert "Some photographs came a second time" in text and "rank, of results valid both times" in text
