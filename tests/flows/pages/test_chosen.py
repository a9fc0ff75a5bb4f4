"""Whoever goes on sees what they chose at the beginning: how many come twice, and whether controls do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from flows.pages import chosen
from flows.pages.app import make_app
from flows.pages.blinded import ANSWERS
from tests.flows.pages import reviewed
from tests.flows.pages.filled import PATIENTS, fill


def client_of(project: Path, name: str = "Anna") -> TestClient:
    client = TestClient(make_app(project, "t"), base_url="http://127.0.0.1:8000")
    client.get("/?token=t")
    client.post("/who", json={"name": name})
    return client


def gone_on(project: Path, page: str) -> Any:
    """The state behind the link `Go on` of the page of ratings, in another browser."""
    client = client_of(project, "anna")
    (link,) = (one for one in re.findall('<a href="([^"]*)">Go on', client.get("/rate").text) if one.startswith(page))
    shown = client.get(link.replace("&amp;", "&"))
    assert shown.status_code == 200, shown.text
    found = re.search('<script type="application/json" id="state">(.*?)</script>', shown.text, re.DOTALL)
    assert found
    return client.post(f"{page.partition('?')[0].removesuffix('/sitting')}/state/1", json=asked_in(found[1])).json()


def asked_in(text: str) -> Any:

    given = json.loads(text)
    return given.get("asked") or given["sitting"]


@pytest.mark.parametrize("page", ["/rate/beside", "/rate/scaled"])
def test_side_by_side_goes_on_with_the_share_that_was_chosen(page: str, project: Path) -> None:
    fill(project)
    client = client_of(project)
    asked = {"population": "unrepaired", "repeats": 0.5}
    said: dict[str, object] = {"ranked": "AB"}
    if page == "/rate/scaled":
        asked, said = asked | {"scale": "realism", "role": "medical"}, {"scores": "A1B2C3"}
    first = client.post(f"{page}/state/1", json=asked).json()
    assert first["total"] == PATIENTS + 2
    assert chosen.last(project / ANSWERS, "Anna", "side by side, unrepaired") is None  # looking keeps nothing
    assert client.post(f"{page}/answer", json=asked | said | {"mark": first["mark"]}).status_code == 200
    assert f"1 of {PATIENTS + 2}" in client.get("/rate").text
    assert gone_on(project, page)["total"] == PATIENTS + 2
    other = client_of(project, "Bela").post(f"{page}/state/1", json={**asked, "repeats": None}).json()
    assert other["total"] == PATIENTS + 1


def test_one_by_one_goes_on_with_the_share_and_the_controls_that_were_chosen(project: Path) -> None:
    client = client_of(project)
    asked = {"scale": "CARS", "role": "lay", "repeats": 0.3, "controls": True}
    first = client.post("/rate/state/1", json=asked).json()
    without = client.post("/rate/state/1", json={"scale": "CARS", "role": "lay"}).json()
    assert first["total"] > without["total"]
    answer = asked | {"at": 1, "mark": first["mark"], "score": 3}
    assert client.post("/rate/answer", json=answer).status_code == 200
    assert gone_on(project, "/rate/sitting")["total"] == first["total"]
    assert f"1 of {first['total']}" in client.get("/rate").text
    none = asked | {"at": 2, "score": 3, "repeats": 0, "controls": False}
    assert client.post("/rate/answer", json=none).status_code == 200
    assert chosen.last(project / ANSWERS, "ANNA", "CARS") == (0, False)
    assert len((project / ANSWERS / chosen.FILE).read_text().splitlines()) == 3
    assert gone_on(project, "/rate/sitting")["total"] <= reviewed.PHOTOGRAPHS


def test_a_damaged_choice_is_named(project: Path) -> None:
    chosen.keep(project / ANSWERS, "Anna", "CARS", chosen.Choice(0.3))
    file = project / ANSWERS / chosen.FILE
    file.write_text(file.read_text().replace("0.3", "many"))
    told = client_of(project).get("/rate/sitting?scale=CARS&role=lay")
    assert told.status_code == 400 and "choices.csv, line 2: not as the rating page wrote it" in told.text
