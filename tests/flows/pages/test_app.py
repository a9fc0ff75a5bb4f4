"""Who is refused: without the token, under another name, from another site's page. What is sent along with a page."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from flows.cli.review import review
from flows.pages.app import make_app
from flows.pages.blinded import ANSWERS
from flows.pages.lost import corrected
from flows.running.ports import listening
from tasks.anthropometry.from_people import corrections
from tasks.anthropometry.from_people.corrections import Said
from tasks.errors import InputError
from tasks.ingest.ratings import answers
from tasks.surface.review_corrections import SHEET
from tests.flows.pages import reviewed

TOKEN = "t" * 43
BASE = "http://127.0.0.1:8000"
POST = {"Origin": BASE, "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def stranger(drawn_project: Path) -> Iterator[TestClient]:
    with TestClient(make_app(drawn_project, TOKEN), base_url=BASE, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def client(drawn_project: Path) -> Iterator[TestClient]:
    with TestClient(make_app(drawn_project, TOKEN), base_url=BASE) as client:
        assert client.get(f"/?token={TOKEN}").status_code == 200
        client.post("/who", json={"name": " Anna\u200b "}, headers=POST)
        yield client


ADDRESSES = ("/", "/rate", "/files/review.js", "/picture/{0}", "/picture/{0}?small=1", "/photograph/{0}")


@pytest.mark.parametrize("path", ADDRESSES)
def test_without_the_token_nothing_is_shown(path: str, stranger: TestClient, drawn_project: Path) -> None:
    path = path.format(reviewed.image_id(drawn_project, 1))
    mark = "&" if "?" in path else "?"
    for address in (path, f"{path}{mark}token=", f"{path}{mark}token={'u' * 43}", f"{path}{mark}token=\u00e9"):
        answer = stranger.get(address)
        assert answer.status_code == 403
        assert "vermilion review" in answer.text
    for cookie in ("vermilion_review_8000=no", f"vermilion_review_8001={TOKEN}", "vermilion_review_8000", ";;=\x01"):
        assert stranger.get(path, headers={"Cookie": cookie}).status_code == 403


def test_the_token_becomes_a_cookie_that_no_script_reads_and_leaves_the_address(stranger: TestClient) -> None:
    answer = stranger.get(f"/rate?token={TOKEN}&x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/rate?x=1")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    stranger.cookies.clear()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "stranger.example:8000"},
        {"Host": "127.0.0.1.stranger.example"},
        {"Origin": "https://stranger.example"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "null"},
    ],
)
def test_other_names_and_other_sites_pages_are_refused_even_with_the_token(
    headers: dict[str, str], client: TestClient, drawn_project: Path
) -> None:
    move = {"point": "pronasale", "x": 1, "y": 1}
    place = f"/photograph/{reviewed.image_id(drawn_project, 1)}/points"
    assert client.post(place, json=move, headers=headers).status_code == 403
    assert client.get("/", headers=headers).status_code == 403
    assert client.get(f"/?token={TOKEN}", headers=headers).status_code == 403
    assert not (drawn_project / "data/corrections/points.csv").exists()


def test_every_answer_is_kept_nowhere_and_loads_nothing_from_elsewhere(client: TestClient, drawn_project: Path) -> None:
    for path in ADDRESSES:
        answer = client.get(path.format(reviewed.image_id(drawn_project, 1)))
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert "https://" not in answer.text.replace("http://www.w3.org", "")


def test_a_picture_is_upright_and_has_no_metadata(client: TestClient, drawn_project: Path, tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(client.get(f"/picture/{reviewed.image_id(drawn_project, 0)}").content)
    with Image.open(path) as shown, Image.open(drawn_project / "data/raw/mine/face_01.png") as like:
        assert dict(shown.getexif()) == {}
        assert shown.size == like.size
        far = np.abs(np.asarray(shown.resize((8, 8)), float) - np.asarray(like.resize((8, 8)), float))
        assert far.max() < 12
    assert b"taken at home" not in path.read_bytes()


@pytest.mark.parametrize(
    ("move", "said"),
    [
        ({"point": "no_such", "x": 1, "y": 1}, "There is no point"),
        ({"point": "glabella", "x": 1, "y": 1}, "There is no point"),
        ({"point": "pronasale", "x": 1, "y": 4000}, "360 by 360"),
        ({"point": "pronasale", "x": "one", "y": 1}, "x=one, where a number can stand"),
        ({"point": "pronasale", "x": True, "y": 1}, "x=True, where a number can stand"),
    ],
)
def test_what_is_no_correction_is_refused(
    move: dict[str, object], said: str, client: TestClient, drawn_project: Path
) -> None:
    answer = client.post(f"/photograph/{reviewed.image_id(drawn_project, 1)}/points", json=move, headers=POST)
    assert answer.status_code == 422
    assert said in answer.text
    assert not (drawn_project / "data/corrections/points.csv").exists()


def test_a_refused_photograph_is_shown_with_its_reason(client: TestClient, drawn_project: Path) -> None:
    page = client.get(f"/photograph/{reviewed.image_id(drawn_project, reviewed.REFUSED)}").text
    assert "Refused: two faces" in page
    assert "two faces" in client.get("/").text
    assert client.get(f"/photograph/{'0' * 64}").status_code == 404
    assert client.get("/picture/..%2Fparams.yaml").status_code == 404
    assert client.get("/files/..%2Fguard.py").status_code == 404


def test_without_a_picture_the_page_says_so_and_asks_no_script_for_it(project: Path) -> None:
    gone, refused = (reviewed.image_id(project, number) for number in (1, reviewed.REFUSED))
    (project / "data/raw/mine/face_01.png").unlink()
    (project / f"data/raw/mine/face_{reviewed.REFUSED}.png").write_bytes(b"")
    with TestClient(make_app(project, TOKEN), base_url=BASE) as own:
        own.get(f"/?token={TOKEN}")
        page, other = (own.get(f"/photograph/{image_id}").text for image_id in (gone, refused))
    assert "can no longer be read" in page and "review.js" not in page
    assert other.partition("application/json")[0].count("two faces") == 1
    assert "There is no picture to show" in other and "Run <code>" not in other and "review.js" not in other


def test_nobody_rates_a_photograph_that_cannot_be_shown(project: Path) -> None:
    asked = {"scale": "CARS", "role": "lay", "repeats": 0.0, "controls": True}
    totals = []
    for content in (None, b""):
        if content is not None:  # what was refused now is an empty file
            (project / f"data/raw/mine/face_{reviewed.REFUSED}.png").write_bytes(content)
        with TestClient(make_app(project, TOKEN), base_url=BASE) as own:
            own.get(f"/?token={TOKEN}")
            own.post("/who", json={"name": "Anna"}, headers=POST)
            totals.append(own.post("/rate/state/0", json=asked, headers=POST).json()["total"])
    assert totals == [reviewed.PHOTOGRAPHS, reviewed.PHOTOGRAPHS - 1]


def test_an_answer_is_of_the_photograph_that_was_shown_though_its_place_moved(project: Path) -> None:
    asked = {"scale": "CARS", "role": "lay", "repeats": 0.0, "controls": True}
    with TestClient(make_app(project, TOKEN), base_url=BASE) as own:
        own.get(f"/?token={TOKEN}")
        own.post("/who", json={"name": "Anna"}, headers=POST)
        states = [own.post(f"/rate/state/{at}", json=asked, headers=POST).json() for at in (1, 2)]
        said = asked | {"at": 1, "mark": states[1]["mark"], "score": 3}  # what stands at 2 stood at 1 when it was shown
        assert own.post("/rate/answer", json=said, headers=POST).status_code == 200
        given = [own.post(f"/rate/state/{at}", json=asked, headers=POST).json()["given"] for at in (1, 2)]
        assert given == [None, 3]
        gone = own.post("/rate/answer", json=said | {"mark": "0" * 16}, headers=POST)
        assert (gone.status_code, "load the page anew" in gone.text) == (409, True)


def test_a_damaged_line_is_named_on_the_page(project: Path) -> None:
    (project / "data/corrections/points.csv").write_text("who,what\n")
    with TestClient(make_app(project, TOKEN), base_url=BASE) as opened:
        answer = opened.get(f"/?token={TOKEN}")
    assert answer.status_code == 400
    assert "points.csv, line 1: not as the review page wrote it" in answer.text


def test_nobody_corrects_without_a_name(drawn_project: Path) -> None:
    with TestClient(make_app(drawn_project, TOKEN), base_url=BASE) as nameless:
        nameless.get(f"/?token={TOKEN}")
        place = f"/photograph/{reviewed.image_id(drawn_project, 1)}"
        answer = nameless.post(f"{place}/points", json={"point": "pronasale", "x": 1, "y": 1}, headers=POST)
        assert answer.status_code == 409
        for name in (" \u200b", "<b>Carl</b>", "=1+1"):  # the last two no sheet takes
            assert nameless.post("/who", json={"name": name}, headers=POST).status_code == 422


def test_a_page_that_was_opened_by_another_person_saves_nothing_under_the_new_name(project: Path) -> None:
    """Tabs of a browser share the name: what stands on the earlier page is not the new person's."""
    with TestClient(make_app(project, TOKEN), base_url=BASE) as own:
        own.get(f"/?token={TOKEN}")
        own.post("/who", json={"name": "Jürgen"}, headers=POST)
        sitting = {"scale": "CARS", "role": "lay", "repeats": 0}
        page = POST | {"Vermilion-Page-Of": quote("Jürgen")}
        assert own.post("/rate/state/0", json=sitting, headers=page).status_code == 200
        own.post("/who", json={"name": "Béla"}, headers=POST)
        late = own.post("/rate/answer", json=sitting | {"at": 0, "score": 3}, headers=page)
        assert late.status_code == 409
        assert "opened by Jürgen, and another tab has called you Béla" in late.json()["detail"]
        assert own.post("/rate/state/0", json=sitting, headers=page).status_code == 409
        assert answers.given(project / ANSWERS, "Béla", "CARS") == {}


def test_findings_and_notes_are_kept_by_person(project: Path) -> None:
    with TestClient(make_app(project, TOKEN), base_url=BASE) as client:
        client.get(f"/?token={TOKEN}")
        place = f"/photograph/{reviewed.image_id(project, 1)}/opinion"
        for name, judgement in (("Anna", "added"), ("Béla", "rejected")):
            client.post("/who", json={"name": name}, headers=POST)
            said = {"finding": "Low </script> peak", "judgement": judgement}
            state = client.post(place, json=said, headers=POST).json()
        (finding,) = state["findings"]
        assert [(one["who"], one["judgement"]) for one in finding["said"]] == [("Anna", "added"), ("Béla", "rejected")]
        assert "Low \\u003c/script>" in client.get(place.removesuffix("/opinion")).text
        assert client.post(place, json={"judgement": "accepted"}, headers=POST).status_code == 422


def test_a_role_is_asked_only_until_it_is_known(project: Path) -> None:
    with TestClient(make_app(project, TOKEN), base_url=BASE) as client:
        client.get(f"/?token={TOKEN}")
        client.post("/who", json={"name": "Anna"}, headers=POST)
        assert "You rate as</legend>" in client.get("/rate").text
        assert "You rate as a lay person." not in client.get("/rate").text
        said = {"scale": "CARS", "role": "lay", "at": 0, "score": 3}
        assert client.post("/rate/answer", json=said, headers=POST).status_code == 200
        assert "You rate as a lay person." in client.get("/rate").text
        for score in (True, "3", 2.5, None, 99):
            assert client.post("/rate/answer", json=said | {"score": score}, headers=POST).status_code == 422
        state = client.post("/rate/state/999", json={"scale": "CARS", "role": "lay"}, headers=POST).json()
        assert (state["at"], state["practice"]) == (1, False)  # no such place: the first that lacks an answer
        for scale in ("nasal_form", "nasal_deviation", "nasal_profile", "vermilion_border", "symmetry", "appearance"):
            assert f'value="{scale}"' in client.get("/rate").text


def test_before_the_first_run_the_command_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="data/ingest/images: not there yet; run `dvc repro` first"):
        review(port=0, open_=False)


def test_dlibs_points_are_shown_to_look_at_where_there_are_no_others(project: Path) -> None:
    shutil.rmtree(project / "data/anthropometry")
    with TestClient(make_app(project, TOKEN), base_url=BASE) as client:
        client.get(f"/?token={TOKEN}")
        client.post("/who", json={"name": "Anna"}, headers=POST)
        place = f"/photograph/{reviewed.image_id(project, 1)}"
        state = client.get(f"{place}/state").json()
        assert (len(state["points"]), state["editable"]) == (68, False)
        assert "the 68 points of `ingest_landmarks`, to look at" in state["said"]
        move = {"point": "48", "x": 1, "y": 1}
        assert client.post(f"{place}/points", json=move, headers=POST).status_code == 422


def test_a_port_that_is_taken_is_told() -> None:
    with listening(0) as taken, pytest.raises(InputError, match="choose another with --port"):
        listening(taken.getsockname()[1])


def test_a_correction_makes_a_finding_that_a_surgeon_judges(project: Path) -> None:
    with TestClient(make_app(project, TOKEN), base_url=BASE) as client:
        client.get(f"/?token={TOKEN}")
        client.post("/who", json={"name": "Anna"}, headers=POST)
        place = f"/photograph/{reviewed.image_id(project, 1)}"
        before = client.get(f"{place}/state").json()
        mouth = next(one for one in before["points"] if one["name"] == "cheilion_left")
        assert before["findings"] == []
        assert before["unasked"].startswith("Not asked, for want of norms: the rule")
        move = {"point": "cheilion_left", "x": mouth["x"], "y": mouth["y"] + 25}
        after = client.post(f"{place}/points", json=move, headers=POST).json()
        (finding, *_) = [one for one in after["findings"] if "commissure" in one["name"] or "mouth" in one["name"]]
        assert "A finding, not a diagnosis." in finding["words"]
        said = {"finding": finding["name"], "judgement": "rejected"}
        judged = client.post(f"{place}/opinion", json=said, headers=POST).json()
        assert next(one for one in judged["findings"] if one["name"] == finding["name"])["said"][0]["who"] == "Anna"
        changed = [one["name"] for one in after["measures"] if one["before"] is not None]
        assert "mouth_width" in changed
        assert all(one["low"] <= one["value"] <= one["high"] for one in after["measures"] if one["low"] is not None)


def test_corrections_of_photographs_that_are_gone_or_refused_are_told_by_the_check(project: Path) -> None:
    folder = project / "data/corrections"
    assert corrected(project) == []
    for image_id in ("0" * 64, reviewed.image_id(project, reviewed.REFUSED), reviewed.image_id(project, 1)):
        corrections.keep(folder, Said(corrections.now(), "Anna", image_id, "pronasale", "moved", (3.0, 4.0)), None)
    told = [finding.said for finding in corrected(project)]
    assert [line.partition(";")[0] for line in told] == [
        "points were corrected in 1 photograph now gone",
        "points were corrected in 1 photograph now refused, so the corrections have no effect",
    ]
    for image_id in ("1" * 64, reviewed.image_id(project, 1)):
        SHEET.keep(folder, Said(corrections.now(), "Anna", image_id, "gonion_left", "moved", (3.0, 4.0, 5.0)), None)
    *_, told_last = (finding.said for finding in corrected(project))
    assert told_last.startswith("points in three dimensions hang on 1 photograph now gone")
    (folder / corrections.FILE).write_bytes(b"")
    (finding,) = corrected(project)
    assert finding.level == "error"
    assert "points.csv: empty" in finding.said
