"""Rating in a real browser: twenty photographs by keys alone, stopped in between, handed in, found as ratings."""

from pathlib import Path
from typing import Any

import pytest

from flows.stewards.batches.additions import there_already
from tasks.ingest.ratings import answers
from tests.flows.pages import reviewed
from tests.flows.pages.opened import as_person, base, until

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def sit(page: Any, address: str) -> None:
    """To the first photograph, by keys."""
    page.goto(f"{base(address)}/rate")
    page.locator("select[name=scale]").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # medical
    for _ in range(3):
        page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")


def told(page: Any) -> str:
    return str(page.locator("#told").inner_text())


def press(page: Any, score: int) -> None:
    before = page.evaluate("now.at")
    page.keyboard.press(str(score))
    until(page, f"now.at !== {before} && !busy")


def test_twenty_photographs_are_rated_by_keys_and_handed_in(browser: Any, project: Path) -> None:
    with reviewed.served(project) as (address, _), as_person(browser, address, "Anna") as page:
        sit(page, address)
        assert told(page) == "0 of 22 answered"  # twenty, and two of them twice
        assert "for practice" in page.locator("#sitting").inner_text()
        for word in ("face_", "s00", "repaired"):
            assert word not in page.content()
        for score in (1, 2, 3, 4):
            press(page, score)
        assert told(page) == "3 of 22 answered"
        page.keyboard.press("9")  # no answer of this scale
        page.keyboard.press("Backspace")
        until(page, "now.given === 4")
        press(page, 5)
        with page.expect_navigation():
            page.reload()  # stopped, and gone on
        assert told(page) == "3 of 22 answered"
        for number in range(19):
            press(page, 1 + number % 5)
        assert told(page) == "22 of 22 answered"
        assert "2 were shown twice" in page.locator("#sitting").inner_text()
        assert "22 answers are not handed in yet" in page.locator("#waiting").inner_text()
        page.locator("#hand").focus()
        page.keyboard.press("Enter")
        page.locator("#outcome").get_by_text("Handed in.").wait_for(timeout=60_000)
        assert not page.locator("#waiting").is_visible()
    ratings = there_already(project)[1].to_pylist()
    assert len(ratings) == 20
    assert {(row["rater_id"], row["rater_role"], row["scale"]) for row in ratings} == {("Anna", "medical", "CARS")}
    patients = {reviewed.image_id(project, number) for number in range(20)}
    assert {row["image_id"] for row in ratings} == patients
    said = answers.given(project / "data/ratings_in_progress", "anna", "CARS")
    assert {row["image_id"]: row["score"] for row in ratings} == {
        image_id: float(one.score) for (image_id, showing), one in said.items() if showing == answers.FIRST
    }
    assert answers.with_themself(said)["number"] == 2
