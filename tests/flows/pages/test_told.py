"""A mistyped address: what is wrong in plain words, with a link to the page that leads on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flows.pages.app import make_app

BASE = "http://127.0.0.1:8000"
LAY = "scale=CARS&role=lay"
WRONG = "The address of this page is not right: it "


@pytest.fixture(scope="module")
def client(drawn_project: Path) -> Iterator[TestClient]:
    with TestClient(make_app(drawn_project, "t"), base_url=BASE) as client:
        client.get("/?token=t")
        client.post("/who", json={"name": "Anna"})
        yield client


@pytest.mark.parametrize(
    ("path", "status", "said", "leads"),
    [
        ("/photograph/x", 404, "There is no such photograph.", "/"),
        ("/nowhere", 404, "There is no page at /nowhere. The address is misspelt, or of an earlier version.", "/"),
        ("/rating", 404, "There is no page at /rating.", "/rate"),
        ("/rate/answer", 405, "There is no page at /rate/answer.", "/rate"),
        ("/rate/sitting?scale=x&role=lay", 404, "There is no scale x with keys for answers; there are: ", "/rate"),
        ("/rate/sitting", 422, f"{WRONG}lacks scale, role.", "/rate"),
        (
            "/rate/sitting?role=king",
            422,
            f"{WRONG}lacks scale; it has role=king, where only medical or lay can",
            "/rate",
        ),
        (f"/rate/sitting?{LAY}&repeats=nan", 422, f"{WRONG}has repeats=nan, where a number", "/rate"),
        (f"/rate/sitting?{LAY}&repeats=many", 422, f"{WRONG}has repeats=many, where a number can stand.", "/rate"),
        (f"/rate/sitting?{LAY}&controls=perhaps", 422, "controls=perhaps, where true or false can stand.", "/rate"),
        (f"/rate/picture?{LAY}&at=0&repeats=9", 422, "repeats=9, where a number, 0.5 or less, can stand.", "/rate"),
        (f"/rate/picture?{LAY}&at=-1", 422, "at=-1, where a number, 0 or more, can stand.", "/rate"),
        (f"/rate/picture?{LAY}&at=1.5", 422, "at=1.5, where a whole number can stand.", "/rate"),
        (f"/rate/picture?{LAY}&at=999", 404, "There is no such photograph", "/rate"),
        ("/rate/beside?population=cats", 422, "population=cats, where only unrepaired or repaired can stand.", "/rate"),
        ("/rate/beside/picture?at=0&letter=ABC", 422, "letter with more than 1 letters", "/rate"),
    ],
)
def test_an_address_that_leads_nowhere_says_so_and_leads_on(
    path: str, status: int, said: str, leads: str, client: TestClient
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert said in answer.text
    assert not re.search("Input should|Field required|unable to|valid", answer.text.partition("<main>")[2])
    (link,) = re.findall('href="([^"]*)"', answer.text.partition("<main>")[2].partition("</main>")[0])
    assert link == leads and client.get(link).status_code == 200


def test_what_was_mistyped_is_text_on_the_page(client: TestClient) -> None:
    answer = client.get("/rate/sitting?scale=CARS&role=<script>")
    assert "role=&lt;script&gt;" in answer.text
