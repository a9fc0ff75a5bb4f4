"""The order of a rating: a rater's own, stable, with repeats far behind; scales that keys can answer."""

from pathlib import Path

import pytest

from flows.pages.scales import askable
from flows.pages.sequence import sequence
from tasks.ingest.ratings.answers import AGAIN, FIRST, PRACTICE, Answer, given, keep, with_themself
from tasks.params.ingest import Scale

IDS = [f"{number:064x}" for number in range(40)]


def order(ids: list[str], rater: str = "anna", repeats: float = 0.2) -> list[tuple[str, str]]:
    return [(one.image_id, one.time) for one in sequence(ids, rater=rater, scale="CARS", repeats=repeats)]


def test_every_photograph_comes_once_and_the_share_twice() -> None:
    shown = order(IDS)
    assert shown[0][1] == PRACTICE
    firsts = [image for image, time in shown if time == FIRST]
    again = [image for image, time in shown if time == AGAIN]
    assert sorted(firsts) == IDS
    assert len(again) == len(set(again)) == 8
    for image in again:
        assert shown.index((image, AGAIN)) - shown.index((image, FIRST)) >= len(IDS) // 2
    assert shown[0][0] not in firsts[: len(IDS) // 2]


def test_the_order_is_the_raters_own_and_the_same_tomorrow() -> None:
    assert order(IDS) == order(IDS[::-1]) == order(IDS, "Anna ")
    assert order(IDS) != order(IDS, "béla")
    firsts = [image for image, time in order(IDS) if time == FIRST]
    more = [image for image, time in order([*IDS, "f" * 64]) if time == FIRST]
    assert [image for image in more if image in IDS] == firsts


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_few_photographs_are_shown_once(number: int) -> None:
    times = [time for _, time in order(IDS[:number], repeats=0.5)]
    assert times == ([PRACTICE, *[FIRST] * number] if number else [])


def test_scales_of_whole_numbers_that_keys_can_give_are_asked() -> None:
    scales = {"CARS": (1, 5), "nasal_form": (1, 5), "mine": (0, 9), "mm": (0, 100), "half": (0.5, 3)}
    found = askable({name: Scale(low=low, high=high) for name, (low, high) in scales.items()})
    assert {name: one.scores[-1] for name, one in found.items()} == {"CARS": 5, "nasal_form": 5, "mine": 9}
    assert found["CARS"].said(5) == "strongly asymmetric"
    assert found["mine"].said(9) == ""


def test_a_raters_agreement_with_themself(tmp_path: Path) -> None:
    for image, showing, score in (("a", FIRST, 2), ("a", AGAIN, 4), ("b", FIRST, 3), ("b", AGAIN, 3), ("a", FIRST, 3)):
        keep(tmp_path, Answer("2026-01-01T00:00:00.000Z", "anna", "lay", "CARS", image, "a.png", showing, score))
    found = given(tmp_path, "Anna", "CARS")
    assert with_themself(found) == {"number": 2, "same": 0.5, "distance": 0.5}
    assert with_themself({})["number"] == 0
