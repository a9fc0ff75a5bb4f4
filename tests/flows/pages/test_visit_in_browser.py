"""A visit in three dimensions on the review page: a point is placed, kept, undone, measured with, withdrawn."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from flows.pages.record import CORRECTIONS
from tasks.base import tables
from tasks.faces.placing import CorrectionsError, Said, now
from tasks.schemas.surface import SURFACE_FACES, SURFACE_HAND, SURFACE_MEASURES, SURFACES
from tasks.space.views import Point
from tasks.surface.measuring_faces import face_sets, measure_sets
from tasks.surface.pages.contents import Photographed
from tasks.surface.reconstructing import Face, columns_of, face_in
from tasks.surface.review_corrections import SHEET, counting, hand_rows, of_set, placed_in, with_hand
from tests.flows.pages import reviewed
from tests.flows.pages.conftest import BROWSER
from tests.flows.pages.opened import as_person, base, until
from tests.surface.drawn import NOSE, ellipsoid
from tests.surface.measured import MEASURING, POINTS
from tests.withdrawals import withdraw

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning"),  # DVC's own use of pygtrie
]
UNSEEN = "no model of landmarks has this point; place it by hand"


def surfaces(project: Path) -> pa.Table:
    """SURFACES of one visit: person s01's, of one photograph."""
    own = reviewed.image_id(project, 1)
    surface, _ = ellipsoid(across=41)
    points = {
        "subnasale": Point(np.array([0.0, -20.0, 95.0]), 1.0, 9, None),
        "menton": Point(None, None, 0, UNSEEN),
        "tragion_right": Point(None, None, 0, UNSEEN),
    }
    face = Face(surface, points, 0.0, [Photographed(own, 0.0, 0.0, 0.4, 100)], "by 92 mm", 0.01)
    who = {"image_id": own, "subject_id": "s01", "population": "repaired", "visit": "2026-01-05", "photographs": 1}
    return SURFACES.table([who | columns_of(face)])


@pytest.fixture
def visited(project: Path) -> Path:
    """The project with a visit that was reconstructed and measured."""
    found = surfaces(project)
    faces = face_sets(found, settings=MEASURING.model_copy(update={"picture": 64}))
    none = SURFACE_HAND.table([])
    measures = measure_sets(found, faces, none, settings=MEASURING, points=POINTS)
    folder, made = project / "data/surface", {"provenance": {"stage": "test"}}
    for name, table, schema in (
        ("surfaces", found, SURFACES),
        ("faces", faces, SURFACE_FACES),
        ("measures", measures, SURFACE_MEASURES),
    ):
        tables.write(table, folder / name / "00.parquet", schema, **made)
    return project


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if BROWSER is None:
        pytest.skip("no Chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        opened = p.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--enable-unsafe-swiftshader"])
        yield opened
        opened.close()


def told(page: Any, words: str) -> None:
    until(page, f"document.getElementById('told').textContent.startsWith({words!r})")


@pytest.mark.browser
def test_a_point_placed_on_a_face_is_kept_and_can_be_undone(browser: Any, visited: Path) -> None:
    set_id = reviewed.image_id(visited, 1)
    with reviewed.served(visited) as (address, _):
        with as_person(browser, address, "Anna", viewport={"width": 1280, "height": 1500}) as page:
            page.click("text=1 visit in three dimensions")
            page.click("text=s01, 2026-01-05")
            until(page, "document.querySelector('canvas')?.dataset.turn === '0'")
            page.click("text=Place a point by hand")
            assert page.input_value("#which") == "glabella"
            page.click("#place")
            page.focus("canvas")
            page.keyboard.press("Enter")  # the middle of the picture
            told(page, "glabella is placed and saved. Next: nasion.")
            assert page.locator("#placed li").inner_text().startswith("glabella: ")
            assert ", by Anna" in page.locator("#placed li").inner_text()
            page.click("#undo")
            told(page, "Saved.")
            until(page, "document.querySelectorAll('#placed li').length === 0")
            page.click("#redo")
            until(page, "document.querySelectorAll('#placed li').length === 1")
        with as_person(browser, address, "Ben", viewport={"width": 400, "height": 900}) as page:
            page.goto(f"{base(address)}/visit/{set_id}")
            until(page, "document.querySelectorAll('#placed li').length === 1")
            assert page.is_disabled("#undo")  # it is Anna's
            assert page.locator("#placed button").count() == 0
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    said = SHEET.said_in(visited / CORRECTIONS)
    assert [(one.who, one.point, one.action) for one in said] == [
        ("Anna", "glabella", "moved"),
        ("Anna", "glabella", "undone"),
        ("Anna", "glabella", "redone"),
    ]
    assert (visited / CORRECTIONS / SHEET.file).stat().st_mode & 0o777 == 0o600


def test_a_point_by_hand_is_measured_with_and_a_withdrawal_takes_it(visited: Path) -> None:
    own, other = reviewed.image_id(visited, 1), reviewed.image_id(visited, 2)
    SHEET.keep(visited / CORRECTIONS, Said(now(), "anna", own, "menton", "moved", NOSE), None)
    SHEET.keep(visited / CORRECTIONS, Said(now(), "anna", other, "menton", "moved", (1.0, 2.0, 3.0)), None)
    found = surfaces(visited)
    hand = hand_rows(found.to_pylist(), SHEET.said_in(visited / CORRECTIONS))
    assert placed_in(hand) == {own: {"menton": NOSE}}
    faces = face_sets(found, settings=MEASURING.model_copy(update={"picture": 64}))
    rows = measure_sets(found, faces, hand, settings=MEASURING, points=POINTS).to_pylist()
    height = next(row for row in rows if row["measure"] == "lower_face_height")
    assert height["value"] == pytest.approx(np.hypot(20, 22), abs=0.5)
    _, left = withdraw("s01", visited)
    assert not [line for line in left if "space.csv" in str(line)]
    assert [one.image_id for one in SHEET.said_in(visited / CORRECTIONS)] == [other]


def test_the_latest_line_counts_and_a_visit_with_one_more_photograph_keeps_it() -> None:
    lines = [
        Said("2026-01-01", "anna", "b", "menton", "moved", (1.0, 2.0, 3.0)),
        Said("2026-01-02", "ben", "b", "menton", "moved", (4.0, 5.0, 6.0)),
        Said("2026-01-03", "anna", "b", "gonion_left", "moved", (7.0, 8.0, 9.0)),
        Said("2026-01-04", "anna", "b", "gonion_left", "undone", None),
        Said("2026-01-05", "anna", "z", "menton", "moved", (0.0, 0.0, 0.0)),
    ]
    found = counting(of_set(lines, "a", {"a", "b"}))
    assert {name: one.place for name, one in found.items()} == {"menton": (4.0, 5.0, 6.0)}
    assert {one.image_id for one in found.values()} == {"a"}


def test_a_place_far_from_the_surface_is_null_with_a_reason(project: Path) -> None:
    face = face_in(surfaces(project).to_pylist()[0])
    found = with_hand(face, {"menton": (0.0, 0.0, 150.0), "pronasale": NOSE}, settings=POINTS).points
    assert found["menton"].position is None
    assert "mm from the surface, which was made anew since; place it again" in str(found["menton"].reason)
    assert found["pronasale"].position == pytest.approx(np.array(NOSE), abs=0.5)
    assert found["pronasale"].interval == POINTS.hand


def test_a_damaged_line_is_told(tmp_path: Path) -> None:
    SHEET.keep(tmp_path, Said(now(), "anna", "a", "menton", "moved", (1.0, 2.0, 3.0)), None)
    file = tmp_path / SHEET.file
    file.write_text(file.read_text().replace("menton", "mentum"))
    with pytest.raises(CorrectionsError, match="line 2"):
        SHEET.said_in(tmp_path)


def test_what_is_no_point_and_no_place_is_refused(visited: Path) -> None:
    from starlette.testclient import TestClient

    from flows.pages.app import make_app

    set_id = reviewed.image_id(visited, 1)
    client = TestClient(make_app(visited, "token"), base_url="http://127.0.0.1:8000")
    client.get("/?token=token")
    path = f"/visit/{set_id}/points"
    assert client.post(path, json={"point": "menton", "x": 1, "y": 2, "z": 3}).status_code == 409  # nobody said who
    client.post("/who", json={"name": "Anna"})
    assert client.post(path, json={"point": "mentum", "x": 1.0, "y": 2.0, "z": 3.0}).status_code == 422
    assert client.post(path, json={"point": "menton", "x": 1.0, "y": 2.0}).status_code == 422
    assert client.post(path, json={"point": "menton", "x": 1e9, "y": 2.0, "z": 3.0}).status_code == 422
    assert client.get("/visit/none").status_code == 404
    shown = client.get(f"/visit/{set_id}")
    assert shown.status_code == 200
    assert "script-src 'sha256-" in shown.headers["content-security-policy"]
    assert not (visited / CORRECTIONS / SHEET.file).exists()
