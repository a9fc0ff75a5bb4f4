"""Results side by side: blinded, kept at every answer, handed in as a filled form is; in a browser by keys alone."""

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from flows.pages.app import make_app
from flows.pages.blinded import ANSWERS
from flows.photographs.sheets import KEYS, SEED, SIDE, VOTES
from tasks.base import tables
from tasks.base.images import decode_png
from tasks.ingest.ratings.answers import AGAIN
from tasks.inpainting.judging import votes, votes_in_progress
from tasks.inpainting.judging.results_shown import digest_of, digests, patients_of
from tasks.inpainting.judging.sheet import write_sheet
from tasks.schemas.inpainting import FILLINGS
from tests.flows.pages import reviewed
from tests.flows.pages.filled import METHODS, PATIENTS, fill, filling
from tests.flows.pages.opened import as_person, base, saved, until


class Rater:
    """A person at the pages, without a browser. Place 0 is for practice; unless asked, nothing is shown twice."""

    def __init__(self, project: Path, name: str = "Anna", repeats: float = 0) -> None:
        self.asked = {"repeats": repeats}
        self.client = TestClient(make_app(project, "t"), base_url="http://127.0.0.1:8000")
        self.client.get("/?token=t")
        self.client.post("/who", json={"name": name})

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, params=self.asked | more)

    def picture(self, at: int, letter: str) -> bytes:
        found: bytes = self.get("/rate/beside/picture", at=at, letter=letter).content
        return found

    def post(self, path: str, **body: Any) -> Any:
        return self.client.post(f"/rate/beside/{path}", json=self.asked | body)

    def mark(self, at: int) -> str:
        return str(self.post(f"state/{at}").json()["mark"])

    def answer(self, at: int, ranked: str) -> dict[str, Any]:
        done = self.post("answer", mark=self.mark(at), ranked=ranked)
        assert done.status_code == 200, done.text
        return dict(done.json())


@pytest.fixture
def rows(project: Path) -> list[dict[str, Any]]:
    return fill(project)


def test_an_answer_to_pictures_that_changed_meanwhile_is_not_taken_for_another(
    project: Path, rows: list[dict[str, Any]]
) -> None:
    """Its place may be somebody else's by now."""
    anna = Rater(project)
    mark = anna.mark(1)
    path = project / "data/inpainting/fillings/00.parquet"
    path.unlink()
    tables.write(FILLINGS.table([*rows[1:], filling(9, "unrepaired")]), path, FILLINGS, provenance={})
    late = anna.post("answer", mark=mark, ranked="A")
    assert late.status_code == 409
    assert "load the page anew" in late.text
    assert anna.answer(1, "A")["done"] == 1


@pytest.mark.usefixtures("rows")
def test_nothing_on_the_page_tells_who_made_a_result(project: Path) -> None:
    anna = Rater(project)
    page = anna.get("/rate/beside").text
    state = anna.post("state/0").json()
    assert state["letters"] == ["A", "B", "C"] and state["given"] is None
    for word in ("telea", "navier", "opencv", "network draw", f"{0:064x}", "s0", "sheet-"):
        assert word not in page.lower() and word not in str(state).lower()
    assert "0 of 5" in anna.get("/rate").text
    shown = [anna.get("/rate/beside/picture", at=0, letter=letter) for letter in "ABC"]
    assert {one.headers["content-type"] for one in shown} == {"image/png"}
    assert len({decode_png(one.content).shape for one in shown}) == 1
    assert anna.get("/rate/beside/picture", at=0, letter="D").status_code == 404
    assert anna.get("/rate/beside/picture", at=9).status_code == 404


def test_the_pictures_are_the_sheets_and_raters_see_them_in_other_orders(
    project: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    patients = patients_of(rows, populations=("unrepaired",))
    key = write_sheet(tmp_path / "out", tmp_path / "keys", patients, rater="Anna", seed=SEED, side=SIDE)
    known = votes.read_key(key, key.stem, tmp_path / "keys")
    anna, bela = Rater(project), Rater(project, "Bela")
    orders = []
    for rater in (anna, bela):
        orders.append([rater.picture(at, "A") for at in range(1, 1 + PATIENTS)])
    assert orders[0] != orders[1]
    for (patient, letter), line in known.items():
        picture = decode_png(anna.picture(patient, letter))
        assert digest_of(picture) == line.picture == digests(patients)[line.image_id, line.method]


def test_an_answer_is_kept_gone_on_with_and_can_be_changed(project: Path, rows: list[dict[str, Any]]) -> None:
    anna = Rater(project)
    assert anna.post("state/0").json()["practice"] and anna.answer(0, "B")["done"] == 0
    assert anna.answer(1, "CA")["at"] == 2
    assert anna.answer(2, "")["done"] == 2
    again = Rater(project, "anna")  # another browser, another spelling
    assert again.post("state/99").json()["at"] == 3
    assert [again.post(f"state/{at}").json()["given"] for at in (0, 1, 2)] == ["B", "CA", ""]
    again.answer(1, "B")
    (said,) = votes_in_progress.given(project / ANSWERS, "ANNA").values()
    assert said == {1: "B", 2: ""}
    for wrong in ("AA", "D", "a"):
        assert anna.post("answer", mark=anna.mark(1), ranked=wrong).status_code == 422
    assert anna.post("hand-in").status_code == 409 and not list((project / VOTES).glob("*.csv"))
    fill(project, grey=30)  # the network learned anew: other pictures, so these words are not about them
    fresh = Rater(project).post("state/99").json()
    assert (fresh["done"], fresh["earlier"]) == (0, 2)


def test_answers_stay_when_people_come_or_go(project: Path, rows: list[dict[str, Any]]) -> None:
    """The sheet is another one then, with other letters; what was said of pictures that are the same still counts."""
    anna = Rater(project)
    before = {}
    for at, ranked in enumerate(("AC", "B", ""), 1):
        anna.answer(at, ranked)
        before[at] = [anna.picture(at, letter) for letter in ranked]
    path = project / "data/inpainting/fillings/00.parquet"
    path.unlink()
    tables.write(FILLINGS.table([*rows[1:], filling(9, "unrepaired")]), path, FILLINGS, provenance={})
    again = Rater(project)
    assert again.post("state/99").json()["total"] == PATIENTS
    found = []
    for at in range(1, 1 + PATIENTS):
        ranked = again.post(f"state/{at}").json()["given"]
        if ranked is not None:
            found.append([again.picture(at, letter) for letter in ranked])
    assert len(found) >= 2 and all(pictures in before.values() for pictures in found)
    at = again.post("state/99").json()["at"]
    while at is not None:
        at = again.answer(at, "A")["at"]
    assert again.post("hand-in").json()["state"] == "added"
    assert len(votes.kept(project / VOTES)) == PATIENTS * len(METHODS)


def test_what_is_handed_in_is_what_a_filled_form_would_be(project: Path, rows: list[dict[str, Any]]) -> None:
    anna = Rater(project)
    words = ("ABC", "B", "", "CA")
    anna.answer(0, "A")
    for at, ranked in enumerate(words, 1):
        state = anna.answer(at, ranked)
    assert (state["at"], state["handed"], state["changed"]) == (None, False, True)
    assert anna.post("hand-in").json()["state"] == "added"
    kept = votes.kept(project / VOTES).to_pylist()
    assert len(kept) == PATIENTS * len(METHODS) and {row["method"] for row in kept} == METHODS
    (handed,) = (project / VOTES).glob("sheet-*.csv")
    key = project / KEYS / handed.name
    lines = votes.read_key(key, key.stem, project / KEYS)
    for (patient, letter), line in lines.items():
        (row,) = (row for row in kept if (row["image_id"], row["method"]) == (line.image_id, line.method))
        ranked = words[patient - 1]
        assert row["valid"] == (letter in ranked)
        assert row["rank"] == (ranked.index(letter) + 1 if letter in ranked else None)
        assert row["picture"] == line.picture and row["rater_id"] == "Anna"
    state = anna.post("state/99").json()
    assert (state["handed"], state["changed"]) == (True, False)
    assert anna.answer(3, "A")["changed"]
    told = anna.post("hand-in").json()
    assert told["state"] == "rejected" and "has judged photographs" in told["said"][0]
    assert anna.post("hand-in", replace=True).json()["state"] == "added"
    assert sum(row["valid"] for row in votes.kept(project / VOTES).to_pylist()) == 7


def test_practice_does_not_count_and_second_answers_are_kept_beside_the_first(
    project: Path, rows: list[dict[str, Any]]
) -> None:
    anna = Rater(project, "Bela", repeats=0.25)
    seen = [{anna.picture(at, one): one for one in "ABC"} for at in range(PATIENTS + 2)]
    first, again = next(
        (a, b) for a in range(1, len(seen)) for b in range(a + 1, len(seen)) if seen[a].keys() == seen[b].keys()
    )
    assert again - first >= PATIENTS // 2 and seen[first] != seen[again]
    for at, known in enumerate(seen):
        one, other, _ = sorted(known)  # by pixels: the same results both times
        state = anna.answer(at, known[one] + (known[other] if at == first else ""))
    assert state["at"] is None and state["done"] == state["total"] == PATIENTS + 1
    assert state["themself"] == (
        "1 photograph came twice: 2 of 3 results are valid or not valid as before, and the best is the same in 1 of 1."
    )
    assert anna.post("hand-in").json()["state"] == "added" and not anna.post("state/99").json()["changed"]
    assert len(votes.kept(project / VOTES)) == PATIENTS * len(METHODS)
    second = {(row["image_id"], row["method"]): row for row in votes.kept(project / VOTES / AGAIN).to_pylist()}
    before = {(row["image_id"], row["method"]): row for row in votes.kept(project / VOTES).to_pylist()}
    assert sorted((str(before[own]["rank"]), str(row["rank"])) for own, row in second.items()) == [
        ("1", "1"),
        ("2", "None"),
        ("None", "None"),
    ]


def test_a_project_without_fillings_says_so(project: Path) -> None:
    anna = Rater(project)
    assert "side by side" not in anna.get("/rate").text
    told = anna.get("/rate/beside")
    assert told.status_code == 400 and "run `dvc repro` first" in told.text
    fill(project)
    assert "side by side" in anna.get("/rate").text  # without a new start
    assert "no photograph of repaired was filled" in anna.get("/rate/beside", population="repaired").text


def test_a_damaged_line_is_named(project: Path, rows: list[dict[str, Any]]) -> None:
    anna = Rater(project)
    anna.answer(1, "A")
    file = project / ANSWERS / votes_in_progress.FILE
    file.write_text(file.read_text().replace(",A\n", ",AA\n"))
    assert re.search(r"side_by_side\.csv, line 2: not as the page .* wrote it", anna.get("/rate/beside").text)


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.usefixtures("rows")
def test_patients_are_judged_by_keys_stopped_and_handed_in(browser: Any, project: Path) -> None:
    with reviewed.served(project) as (address, _), as_person(browser, address, "Anna") as page:
        page.goto(f"{base(address)}/rate")
        link = page.get_by_role("link", name="Begin")
        link.focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        until(page, "[...document.images].every(one => one.complete && one.naturalWidth === 64)")
        assert page.locator(".beside img").count() == 4
        assert "for practice and does not count" in page.locator(".practice").inner_text()
        saved(page, "a")
        assert page.locator(".practice").count() == 0
        saved(page, "b", "a")
        page.keyboard.press("c")
        page.keyboard.press("c")  # taken out again
        page.keyboard.press("a")
        assert page.locator("#done").inner_text() == "Save: A"
        saved(page, "c")
        with page.expect_navigation():
            page.reload()  # stopped, and gone on
        assert page.locator("#told").inner_text() == "2 of 5 judged"
        page.keyboard.press("Backspace")
        until(page, "now.at === 2")
        assert page.locator("#done").inner_text() == "Save: A, then C"
        saved(page, "b")
        page.keyboard.press("Enter")  # nothing is named: it asks once more
        assert page.locator("#done").inner_text() == "Save: none of them is valid"
        saved(page)
        saved(page, "c", "b", "a")
        saved(page, "a")
        assert page.locator("#themself").inner_text().startswith("1 photograph came twice: ")
        page.locator("#hand").focus()
        page.keyboard.press("Enter")
        page.locator("#outcome").get_by_text("Handed in.").wait_for()
    (said,) = votes_in_progress.given(project / ANSWERS, "Anna").values()
    assert said == {1: "BA", 2: "ACB", 3: "", 4: "CBA"}
    kept = votes.kept(project / VOTES).to_pylist()
    assert len(kept) == 12 and sum(row["valid"] for row in kept) == 8


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.usefixtures("rows")
def test_keys_that_are_fast_or_held_down_are_neither_lost_nor_taken_twice(browser: Any, project: Path) -> None:
    with reviewed.served(project) as (address, _), as_person(browser, address, "Bela") as page:
        page.goto(f"{base(address)}/rate/beside?population=unrepaired&repeats=0")
        saved(page, "a")
        page.evaluate(
            "for (const key of ['b', 'a', 'Enter', 'c', 'b', 'Enter']) "
            "document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))"
        )
        until(page, "now.at === 3 && !busy")
        for repeat in ("false", "true", "true"):
            page.evaluate(
                "document.body.dispatchEvent(new KeyboardEvent('keydown', "
                f"{{ key: 'Enter', bubbles: true, repeat: {repeat} }}))"
            )
        assert page.locator("#done").inner_text() == "Save: none of them is valid"
        page.locator("#done").dblclick()
        until(page, "now.at === 4 && !busy")
        page.locator("#done").dblclick()
        assert page.locator("#done").inner_text() == "Save: none of them is valid"
    (said,) = votes_in_progress.given(project / ANSWERS, "Bela").values()
    assert said == {1: "BA", 2: "CB", 3: ""}
