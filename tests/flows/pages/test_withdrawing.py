"""A person who withdraws is gone from what people corrected and rated, too; the others' lines stay."""

from pathlib import Path

import pytest

from flows.pages.blinded import ANSWERS
from flows.pages.record import CORRECTIONS
from flows.photographs.sheets import VOTES
from tasks.anthropometry.from_people import corrections, judgements
from tasks.anthropometry.from_people.corrections import Said, now
from tasks.anthropometry.from_people.judgements import Judgement
from tasks.ingest.ratings import answers
from tasks.ingest.ratings.answers import FIRST, Answer
from tasks.inpainting.judging import scores, scores_in_progress, votes_in_progress
from tests.flows.pages import reviewed
from tests.withdrawals import withdraw

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # DVC's own use of pygtrie


def test_a_withdrawal_takes_a_persons_lines_and_leaves_the_others(project: Path) -> None:
    mine, other = reviewed.image_id(project, 1), reviewed.image_id(project, 2)
    for number, image_id in enumerate((mine, other), 1):
        corrections.keep(project / CORRECTIONS, Said(now(), "anna", image_id, "menton", "moved", (1.0, 2.0)), None)
        judgements.keep(project / CORRECTIONS, Judgement(now(), "anna", image_id, "low peak", "accepted", ""))
        said = Answer(now(), "anna", "lay", "CARS", image_id, f"face_{number:02}.png", FIRST, 3)
        answers.keep(project / ANSWERS, said)
        answers.hand_in(project / ANSWERS, {(image_id, FIRST): said}, "batch", now())
        votes_in_progress.keep(
            project / ANSWERS, votes_in_progress.Word(now(), "anna", f"sheet-{'a' * 10}", number, image_id, "BA")
        )
        word = scores_in_progress.Word(now(), "anna", "lay", "realism", f"sheet-{'a' * 10}", number, image_id, "A1B2")
        scores_in_progress.keep(project / ANSWERS, word)
    (project / VOTES).mkdir(parents=True, exist_ok=True)
    row = {"rater_id": "anna", "rater_role": "lay", "scale": "realism", "method": "ns", "picture": "x", "score": 2.0}
    scores.keep(project / VOTES, f"sheet-{'a' * 10}", [row | {"image_id": one} for one in (mine, other)], replace=False)
    _, left = withdraw("s01", project)
    assert left == []
    assert corrections.kept(project / CORRECTIONS)["image_id"].to_pylist() == [other]
    assert [one.image_id for one in judgements.said_in(project / CORRECTIONS)] == [other]
    assert [image_id for image_id, _ in answers.given(project / ANSWERS, "anna", "CARS")] == [other]
    assert answers.handed(project / ANSWERS, "anna", "CARS") == {other}
    assert votes_in_progress.given(project / ANSWERS, "anna") == {f"sheet-{'a' * 10}": {2: "BA"}}
    assert scores_in_progress.given(project / ANSWERS, "anna", "realism") == {f"sheet-{'a' * 10}": {2: "A1B2"}}
    assert scores.kept(project / VOTES)["image_id"].to_pylist() == [other]
    for file in (project / "data").rglob("*.csv"):
        assert mine not in file.read_text()
        assert file.stat().st_mode & 0o077 == 0 or file.name == "images.csv"
