"""Finished ratings go through the checks of `vermilion ratings add`; what is refused stays with the rater."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flows.pages import who
from flows.pages.app import make_app
from flows.pages.blinded import ANSWERS
from flows.pages.handing import REPEATS, hand_in, ready, waiting
from flows.pages.record import Project
from flows.stewards.batches.additions import there_already
from tasks.base import tables
from tasks.errors import InputError
from tasks.ingest.ratings import answers
from tasks.ingest.ratings.answers import AGAIN, FIRST, PRACTICE, Answer
from tasks.ingest.ratings.repeats import Repeat, keep, read_repeats
from tasks.schemas.ingest import REPEATS as REPEATS_TABLE
from tests.flows.pages import reviewed
from tests.here import stage

BASE = "http://127.0.0.1:8000"
POST = {"Origin": BASE, "Content-Type": "application/json"}


def answered(project: Path, rater: str, photographs: int = 2, score: int = 3) -> None:
    for number in range(photographs):
        name = next((project / "data/raw/mine").glob(f"face_{number:02}.*")).name
        image_id = reviewed.image_id(project, number)
        for showing, own in ((PRACTICE, 5), (FIRST, score), (AGAIN, 4)):
            answers.keep(
                project / ANSWERS,
                Answer("2026-01-01T00:00:00.000Z", rater, "lay", "CARS", image_id, name, showing, own),
            )


def test_a_rater_whose_name_looks_like_anothers_is_asked_and_a_second_hand_in_brings_what_is_new(project: Path) -> None:
    there = Project(project).photographs().keys()
    answered(project, "surgeon_anna")
    assert hand_in(project, project / ANSWERS, "surgeon_anna", "CARS", there, new=False)["state"] == "added"
    assert {row["score"] for row in there_already(project)[1].to_pylist()} == {3}  # neither practice nor repeats
    assert ready(project / ANSWERS, "Surgeon_Anna ", "CARS", there) == {}
    answered(project, "surgeon anna")
    refused = hand_in(project, project / ANSWERS, "surgeon anna", "CARS", there, new=False)
    assert refused["state"] == "rejected"
    assert any("did you mean surgeon_anna?" in line for line in refused["said"])
    assert not any("/tmp" in line for line in refused["said"])
    assert len(ready(project / ANSWERS, "surgeon anna", "CARS", there)) == 2
    assert hand_in(project, project / ANSWERS, "surgeon anna", "CARS", there, new=True)["state"] == "added"
    answered(project, "surgeon anna", photographs=3)
    assert hand_in(project, project / ANSWERS, "surgeon anna", "CARS", there, new=True)["ready"] == 0
    assert there_already(project)[1].num_rows == 5


def test_whose_name_it_is_taken_for_and_whose_it_looks_like_is_told_at_the_beginning(project: Path) -> None:
    """Of those whom the last run knows, and of those who answered here."""
    known = {"Anna": 120, "surgeon": 1}
    assert who.remark("anna", known) == (
        "anna is taken for Anna, who has 120 ratings. If you are somebody else, write another name above."
    )
    told = who.remark("surgoen", known)
    assert told and told.startswith("surgoen is new here, and looks like another name: surgeon has 1 rating. If that ")
    assert [who.remark(name, known) for name in ("", "Anna", "Eva")] == [None, None, None]
    answered(project, "Anna Schmidt")
    with TestClient(make_app(project, "t" * 43), base_url=BASE) as client:
        client.get(f"/?token={'t' * 43}")
        for name, said in (
            ("anna schmidt", "anna schmidt is taken for Anna Schmidt"),
            ("Anna Schmitd", "Anna Schmidt has"),
        ):
            client.post("/who", json={"name": name}, headers=POST)
            assert said in client.get("/rate").text
        client.post("/who", json={"name": "Anna Schmidt"}, headers=POST)
        assert "Anna Schmidt</p>" not in client.get("/rate").text and "taken for" not in client.get("/rate").text


def test_what_was_said_of_a_photograph_that_is_gone_holds_nothing_up_and_counts_for_no_other(project: Path) -> None:
    answered(project, "anna")
    gone, kept = reviewed.image_id(project, 0), reviewed.image_id(project, 1)
    outcome = hand_in(project, project / ANSWERS, "anna", "CARS", {kept}, new=True)
    assert (outcome["state"], outcome["ready"]) == ("added", 0)
    assert there_already(project)[1]["image_id"].to_pylist() == [kept]
    assert answers.handed(project / ANSWERS, "anna", "CARS") == {kept}
    assert (gone, FIRST) in answers.given(project / ANSWERS, "anna", "CARS")


def test_after_practice_alone_nothing_is_said_to_be_handed_in(project: Path) -> None:
    there = Project(project).photographs().keys()
    one = Answer("2026-01-01T00:00:00.000Z", "Eva", "lay", "CARS", reviewed.image_id(project, 0), "a", PRACTICE, 5)
    answers.keep(project / ANSWERS, one)
    outcome = hand_in(project, project / ANSWERS, "Eva", "CARS", there, new=True)
    assert outcome["said"] == ["Nothing to hand in: practice does not count."]


def test_both_answers_are_kept_for_the_agreement_with_oneself_once(project: Path) -> None:
    there = Project(project).photographs().keys()
    answered(project, "Anna")
    image_id = reviewed.image_id(project, 2)
    first = Answer("2026-01-01T00:00:00.000Z", "Anna", "lay", "CARS", image_id, "face_02.png", FIRST, 1)
    answers.keep(project / ANSWERS, first)
    assert waiting(project, project / ANSWERS, "Anna", "CARS", there) == 5  # three ratings, two second answers
    assert hand_in(project, project / ANSWERS, "Anna", "CARS", there, new=True)["ready"] == 0
    assert {(row["first"], row["again"]) for row in read_repeats(project / REPEATS)} == {(3, 4)}
    answers.keep(project / ANSWERS, first._replace(showing=AGAIN, score=2))  # it comes again after the hand-in
    assert waiting(project, project / ANSWERS, "anna", "CARS", there) == 1
    outcome = hand_in(project, project / ANSWERS, "anna", "CARS", there, new=False)
    assert (outcome["said"], outcome["ready"]) == (["Second answers were kept."], 0)
    stage(
        project,
        "ingest_repeats",
        *("--repeats", "data/repeats", "--images", "data/ingest/images", "--out", "data/ingest/repeats.parquet"),
    )
    rows = tables.read(project / "data/ingest/repeats.parquet", REPEATS_TABLE).to_pylist()
    assert [(row["image_id"] == image_id, row["first"], row["again"]) for row in rows].count((True, 1, 2)) == 1
    assert len(rows) == 3


def test_a_damaged_line_of_second_answers_is_named(tmp_path: Path) -> None:
    keep(tmp_path, [Repeat("2026-01-01T00:00:00.000Z", "Anna", "lay", "CARS", "a" * 64, 1, 2)])
    file = tmp_path / "repeats.csv"
    file.write_text(file.read_text().replace(",1,2", ",1,two"))
    with pytest.raises(InputError, match=r"repeats.csv, line 2: not as the rating page wrote it"):
        read_repeats(tmp_path)
