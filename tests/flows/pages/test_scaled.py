"""Results side by side on a scale: blinded, kept at every answer, checked as ratings are; in a browser by keys."""

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from flows.pages.app import make_app
from flows.pages.blinded import ANSWERS
from flows.photographs.sheets import KEYS, VOTES
from tasks.base import tables
from tasks.ingest.ratings.answers import AGAIN
from tasks.inpainting.judging import scores, scores_in_progress, votes
from tasks.schemas.ingest import RATINGS
from tasks.schemas.inpainting import FILLINGS
from tests.flows.pages import reviewed
from tests.flows.pages.filled import METHODS, PATIENTS, fill, filling
from tests.flows.pages.opened import as_person, base, saved, until

SCALE = {"population": "unrepaired", "scale": "realism", "role": "medical"}
LAST = 99


class Rater:
    """A person at the pages, without a browser. Place 0 is for practice; unless asked, nothing is shown twice."""

    def __init__(self, project: Path, name: str = "Anna", *, repeats: float = 0, **asked: str) -> None:
        self.asked = SCALE | asked | {"repeats": str(repeats)}
        self.client = TestClient(make_app(project, "t"), base_url="http://127.0.0.1:8000")
        self.client.get("/?token=t")
        self.client.post("/who", json={"name": name})

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, params=self.asked | more)

    def post(self, path: str, **body: Any) -> Any:
        return self.client.post(f"/rate/scaled/{path}", json=self.asked | body)

    def state(self, at: int = LAST) -> dict[str, Any]:
        return dict(self.post(f"state/{at}").json())

    def answer(self, at: int, given: str) -> dict[str, Any]:
        done = self.post("answer", mark=self.state(at)["mark"], scores=given)
        assert done.status_code == 200, done.text
        return dict(done.json())

    def all(self) -> dict[str, Any]:
        self.answer(0, "A1B1C1")
        for at in range(1, 1 + PATIENTS):
            state = self.answer(at, f"A{at}B5C{6 - at}")
        return state

    def methods(self, at: int) -> dict[bytes, str]:
        """By picture the letter at a place."""
        return {self.get("/rate/scaled/picture", at=at, letter=one).content: one for one in self.state(at)["letters"]}


@pytest.fixture
def rows(project: Path) -> list[dict[str, Any]]:
    return fill(project)


@pytest.mark.usefixtures("rows")
def test_nothing_on_the_page_tells_who_made_a_result_and_each_scale_has_its_own_order(project: Path) -> None:
    anna = Rater(project)
    page, state = anna.get("/rate/scaled").text, anna.state(0)
    assert state["letters"] == ["A", "B", "C"] and state["given"] is None
    assert [one["score"] for one in state["scores"]] == [1, 2, 3, 4, 5]
    assert "Does this look like a photograph?" in page
    for word in ("telea", "navier", "opencv", "network draw", f"{0:064x}", "s0", "sheet-"):
        assert word not in page.lower() and word not in str(state).lower()
    assert anna.get("/rate/scaled/picture", at=0, letter="D").status_code == 404
    assert anna.get("/rate/scaled", scale="none such").status_code == 404

    def seen(rater: Rater) -> list[bytes]:
        places = [(at, letter) for at in range(1, 1 + PATIENTS) for letter in "ABC"]
        return [rater.get("/rate/scaled/picture", at=at, letter=letter).content for at, letter in places]

    other, bela = Rater(project, scale="symmetry"), Rater(project, "Bela")
    pictures = [seen(one) for one in (anna, other, bela)]
    assert len({tuple(one) for one in pictures}) == 3
    assert len({frozenset(one) for one in pictures}) == 1


@pytest.mark.usefixtures("rows")
def test_an_answer_is_kept_gone_on_with_and_can_be_changed(project: Path) -> None:
    anna = Rater(project)
    assert anna.state()["practice"] and anna.answer(0, "A1B1C1")["done"] == 0
    assert anna.answer(1, "A1B2C3")["at"] == 2
    again = Rater(project, "anna")  # another browser, another spelling
    assert (again.state()["at"], again.state(1)["given"], again.state(0)["given"]) == (2, "A1B2C3", "A1B1C1")
    again.answer(1, "C5A1B2")
    assert again.state(1)["given"] == "A1B2C5"
    (said,) = scores_in_progress.given(project / ANSWERS, "ANNA", "realism").values()
    assert said == {1: "C5A1B2"}
    mark = anna.state(1)["mark"]
    for wrong in ("A1B2", "A1B2C6", "A1B2C0", "A1B2B3", "A1B2C3D4", "ABC", ""):
        assert anna.post("answer", mark=mark, scores=wrong).status_code == 422, wrong
    assert anna.post("answer", mark="another", scores="A1B2C3").status_code == 409
    assert anna.post("hand-in").status_code == 409 and not (project / VOTES / scores.FOLDER).exists()
    assert Rater(project, scale="symmetry").state()["done"] == 0
    assert re.search(r"patients before repair, on realism.*1 of 4", anna.get("/rate").text, re.DOTALL)
    fill(project, grey=30)  # the network learned anew: other pictures, so these words are not about them
    fresh = Rater(project).state()
    assert (fresh["done"], fresh["earlier"]) == (0, 1)


def test_answers_stay_when_people_come_or_go(project: Path, rows: list[dict[str, Any]]) -> None:
    anna = Rater(project)
    shown = {}
    for at in (1, 2, 3):
        anna.answer(at, "A1B2C3")
        shown[at] = {
            anna.get("/rate/scaled/picture", at=at, letter=one).content: score for score, one in enumerate("ABC", 1)
        }
    path = project / "data/inpainting/fillings/00.parquet"
    path.unlink()
    tables.write(FILLINGS.table([*rows[1:], filling(9, "unrepaired")]), path, FILLINGS, provenance={})
    found = []
    for at in range(1, 1 + PATIENTS):
        if (word := anna.state(at)["given"]) is not None:
            given = scores_in_progress.scores_in(word)
            found.append({anna.get("/rate/scaled/picture", at=at, letter=one).content: given[one] for one in given})
    assert len(found) >= 2 and all(one in shown.values() for one in found)


@pytest.mark.usefixtures("rows")
def test_what_is_handed_in_are_the_scores_of_each_method(project: Path) -> None:
    anna = Rater(project)
    state = anna.all()
    assert (state["at"], state["handed"], state["changed"]) == (None, False, True)
    told = anna.post("hand-in").json()
    assert told["state"] == "added", told
    kept = scores.kept(project / VOTES).to_pylist()
    assert len(kept) == PATIENTS * len(METHODS) and {row["method"] for row in kept} == METHODS
    assert {(row["rater_id"], row["rater_role"], row["scale"]) for row in kept} == {("Anna", "medical", "realism")}
    (handed,) = (project / VOTES / scores.FOLDER).glob("sheet-*.csv")
    key = project / KEYS / handed.name
    for (patient, letter), line in votes.read_key(key, key.stem, project / KEYS).items():
        (row,) = (row for row in kept if (row["image_id"], row["method"]) == (line.image_id, line.method))
        assert row["score"] == {"A": patient, "B": 5, "C": 6 - patient}[letter] and row["picture"] == line.picture
    assert votes.kept(project / VOTES).num_rows == 0
    state = anna.state()
    assert (state["handed"], state["changed"]) == (True, False)
    anna.answer(3, "A1B1C1")
    assert anna.post("hand-in").json()["state"] == "there"
    assert len(scores.kept(project / VOTES)) == 12
    assert anna.post("hand-in", replace=True).json()["state"] == "added"
    assert (
        sum(row["score"] == 1 for row in scores.kept(project / VOTES).to_pylist()) == 4
    )  # one of patient 1, three of patient 3
    assert all(file.stat().st_mode & 0o077 == 0 for file in (project / VOTES / scores.FOLDER).glob("*.csv"))


@pytest.mark.usefixtures("rows")
def test_practice_does_not_count_and_a_photograph_that_comes_twice_has_other_letters(project: Path) -> None:
    """What came again is not told, and both answers are kept, by method."""
    anna = Rater(project, repeats=0.25)
    assert anna.state()["total"] == PATIENTS + 1
    shown = [anna.methods(at) for at in range(PATIENTS + 2)]
    assert set(shown[0]) == set(shown[-1]) or set(shown[0]) == set(shown[-2])  # the last one is for practice
    first, again = next(
        (a, b) for a in range(1, len(shown)) for b in range(a + 1, len(shown)) if shown[a].keys() == shown[b].keys()
    )
    assert again - first >= PATIENTS // 2 and shown[first] != shown[again]
    assert len({str(sorted(anna.state(at))) for at in range(1, len(shown))}) == 1
    for at, known in enumerate(shown):
        words = dict.fromkeys(known.values(), 1 + at % 5)
        if at in (first, again):  # the result that is first by its pixels got 2, then 4; the others 3
            words = dict.fromkeys(words, 3) | {known[min(known)]: 2 if at == first else 4}
        state = anna.answer(at, "".join(f"{one}{score}" for one, score in words.items()))
    assert (state["at"], state["done"], state["changed"]) == (None, PATIENTS + 1, True)
    assert state["themself"].startswith("1 photograph came twice: 2 of 3 second answers are the same")
    assert "differ by 0.67" in state["themself"]
    assert anna.post("hand-in").json()["state"] == "added" and not anna.state()["changed"]
    assert len(scores.kept(project / VOTES)) == 12
    second = {
        (row["image_id"], row["method"]): row["score"] for row in scores.kept(project / VOTES / AGAIN).to_pylist()
    }
    before = {(row["image_id"], row["method"]): row["score"] for row in scores.kept(project / VOTES).to_pylist()}
    assert sorted((before[about], score) for about, score in second.items()) == [(2, 4), (3, 3), (3, 3)]
    late = anna.post("answer", mark=anna.state(again)["mark"], scores=anna.state(again)["given"].replace("4", "2"))
    assert late.status_code == 409 and "second answers stay as they are" in late.json()["detail"]
    anna.answer(first, anna.state(first)["given"].replace("2", "3"))
    assert anna.state()["changed"]


@pytest.mark.usefixtures("rows")
def test_a_rater_goes_through_the_checks_of_ratings(project: Path) -> None:
    row = {"image_id": "0" * 64, "rater_id": "surgeon_01", "rater_role": "lay", "scale": "realism", "score": 3.0}
    tables.write(RATINGS.table([row]), project / "data/ingest/ratings.parquet", RATINGS, provenance={})
    same = Rater(project, "Surgeon_01")
    same.all()
    told = same.post("hand-in").json()
    assert told["state"] == "rejected" and "a rater has one role" in told["said"][0]
    like = Rater(project, "surgeon_1")
    like.all()
    told = like.post("hand-in").json()
    assert told["state"] == "rejected" and "did you mean surgeon_01?" in told["said"][0]
    assert like.post("hand-in", new=True).json()["state"] == "added"


@pytest.mark.usefixtures("rows")
def test_a_damaged_line_is_named(project: Path) -> None:
    anna = Rater(project)
    anna.answer(1, "A1B2C3")
    file = project / ANSWERS / scores_in_progress.FILE
    file.write_text(file.read_text().replace("A1B2C3", "A1BC3"))
    assert re.search(r"side_by_side_scales\.csv, line 2: not as the page .* wrote it", anna.get("/rate/scaled").text)


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.usefixtures("rows")
def test_results_are_rated_by_keys_stopped_and_handed_in(browser: Any, project: Path) -> None:
    with reviewed.served(project) as (address, _), as_person(browser, address, "Anna") as page:
        page.goto(f"{base(address)}/rate")
        page.locator("#scaled select[name=scale]").select_option("realism")
        page.locator("#scaled input[value=medical]").check()
        page.locator("#scaled select[name=repeats]").select_option("0")
        with page.expect_navigation():
            page.get_by_role("button", name="Begin side by side").press("Enter")
        until(page, "[...document.images].every(one => one.complete && one.naturalWidth === 64)")
        assert page.locator(".beside img").count() == 4
        assert "for practice and does not count" in page.locator(".practice").inner_text()
        saved(page, "1", "1", "1")
        assert page.locator(".practice").count() == 0
        page.keyboard.press("7")  # no answer of this scale
        assert page.locator("#done").inner_text() == "Result A lacks an answer"
        saved(page, "1", "2", "3")
        page.keyboard.press("c")
        page.keyboard.press("5")
        page.keyboard.press("4")
        page.keyboard.press("Backspace")  # taken back
        assert page.locator("#done").inner_text() == "Result A lacks an answer"
        page.keyboard.press("Enter")  # does not save: one lacks
        saved(page, "2", "3")
        with page.expect_navigation():
            page.reload()  # stopped, and gone on
        assert page.locator("#told").inner_text() == "2 of 4 rated"
        page.get_by_role("button", name="Back to the one before").click()
        until(page, "now.at === 2")
        assert page.locator("#done").inner_text() == "Save: A 2, B 3, C 5"
        saved(page)
        saved(page, "5", "5", "5")
        saved(page, "4", "3", "2")
        page.locator("#hand").focus()
        page.keyboard.press("Enter")
        page.locator("#outcome").get_by_text("Handed in.").wait_for()
    (said,) = scores_in_progress.given(project / ANSWERS, "Anna", "realism").values()
    assert said == {1: "A1B2C3", 2: "A2B3C5", 3: "A5B5C5", 4: "A4B3C2"}
    kept = scores.kept(project / VOTES).to_pylist()
    assert len(kept) == 12 and sum(row["score"] for row in kept) == 40
