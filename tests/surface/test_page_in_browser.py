"""The page of a visit in a real browser: the face turns, is coloured, and takes points; nothing is asked of anybody."""

import csv
import io
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tasks.surface.pages.visit_page import render_surface_page
from tests.surface.drawn import EVIL, NOSE, shown

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SAID_BY_DRIVER = "GL Driver Message"  # of software's GL, about its own speed

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        opened = p.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--enable-unsafe-swiftshader"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("page") / "visit.html"
    path.write_text(render_surface_page(shown(), notices=["Drawn."], picture_px=60), encoding="utf-8")
    return path.as_uri()


@contextmanager
def opened(browser: Any, address: str, *, before: str = "", **context: Any) -> Iterator[Any]:
    """The page. At the end, nothing but itself was asked for, nothing was complained of, nothing is too wide."""
    room = browser.new_context(**({"viewport": {"width": 1280, "height": 1500}} | context))
    page = room.new_page()
    page.add_init_script(before)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    yield page
    scripted = context.get("java_script_enabled", True)
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]") if scripted else [0, 0]
    title = page.title()
    room.close()
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [address]
    assert [text for text in said if SAID_BY_DRIVER not in text] == []
    assert wide[0] <= wide[1]
    assert title.startswith("Vermilion: ")


def until(page: Any, holds: str) -> None:
    """Wait for an expression. The page's policy forbids `eval`, with which playwright waits by itself."""
    end = time.monotonic() + 20
    while not page.evaluate(holds):
        assert time.monotonic() < end, holds
        time.sleep(0.02)


def seen(page: Any) -> np.ndarray:  # (H, W, 3) uint8 RGB
    """The canvas as it is drawn now, with what lies on it: when it has come to rest."""
    before, shot = b"", b" "
    while shot != before:
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        before, shot = shot, page.locator(".stage canvas").screenshot()
    picture = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def columns(image: np.ndarray, channel: int) -> np.ndarray:
    """Columns with much of one colour (the left eye is blue, the right one green)."""
    others = np.delete(image.astype(int), channel, axis=2).max(axis=2)
    return np.flatnonzero((image[..., channel].astype(int) - others > 40).sum(axis=0) > 8)


def assert_whole(image: np.ndarray) -> None:
    """The face lies inside the picture and fills most of its height or width."""
    drawn = image[4:-4, 4:-4].min(axis=2) < 250
    assert not np.concatenate([drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1]]).any()
    assert max(np.ptp(np.flatnonzero(drawn.any(axis=own))) / drawn.shape[1 - own] for own in (0, 1)) > 0.8


def ready(page: Any) -> None:
    until(page, "document.querySelector('canvas').dataset.turn === '0'")


@pytest.mark.parametrize("width", [400, 1280])
def test_a_face_that_turns(browser: Any, address: str, width: int) -> None:
    with opened(browser, address, viewport={"width": width, "height": 900}) as page:
        ready(page)
        assert page.is_hidden("#flat")
        front = seen(page)
        middle = front.shape[1] / 2
        assert columns(front, 1).max() < middle < columns(front, 2).min()  # the patient's right is on the left
        assert 0.2 < (front.min(axis=2) < 250).mean() < 0.9
        page.click("text=left profile")
        until(page, "document.querySelector('canvas').dataset.turn === '90'")
        side = seen(page)
        assert_whole(front)
        assert_whole(side)
        assert len(columns(side, 1)) == 0 < len(columns(side, 2))
        assert page.get_attribute("#views [data-turn='90']", "aria-pressed") == "true"
        assert "90 degrees towards the patient’s left" in page.get_attribute("canvas", "aria-label")


def test_turned_by_keys_and_by_hand(browser: Any, address: str) -> None:
    with opened(browser, address) as page:
        ready(page)
        page.focus("canvas")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowDown")
        until(page, "['turn', 'height'].every(way => document.querySelector('canvas').dataset[way] === '10')")
        before = (seen(page).min(axis=2) < 250).mean()
        page.keyboard.press("+")
        assert (seen(page).min(axis=2) < 250).mean() > 1.2 * before
        page.keyboard.press("0")
        until(page, "document.querySelector('canvas').dataset.turn === '0'")
        box = page.locator("canvas").bounding_box()
        page.mouse.move(box["x"] + 200, box["y"] + 200)
        page.mouse.down()
        page.mouse.move(box["x"] + 300, box["y"] + 200, steps=4)
        page.mouse.up()
        until(page, "Number(document.querySelector('canvas').dataset.turn) < -10")


def test_colours_switch_and_say_what_they_mean(browser: Any, address: str) -> None:
    with opened(browser, address) as page:
        ready(page)
        plain = seen(page)
        page.check("input[value='1']")
        assert "fuller on the patient’s left" in page.inner_text("#key")
        mapped = seen(page)
        purple = (mapped[..., 2].astype(int) - mapped[..., 1] > 25) & (mapped[..., 0] < 200)
        assert purple.sum() > 2000
        assert (
            abs(purple.sum(axis=0)[: purple.shape[1] // 2].sum() / purple.sum() - 0.5) < 0.05
        )  # the same on both sides
        page.select_option("#limit", "16.0")
        assert seen(page)[purple].mean() > mapped[purple].mean() + 20  # a wider scale is paler
        assert page.inner_text("#key .low") == "−16 mm"
        cheek = page.locator(".marks button").nth(2).bounding_box()
        page.uncheck("#dots")
        until(page, "[...document.querySelectorAll('.marks button')].every(one => one.hidden)")
        page.mouse.move(cheek["x"] + 11, cheek["y"] + 11)
        until(
            page, "/^[23]\\.\\d mm fuller on the patient’s left$/.test(document.querySelector('.reading').textContent)"
        )
        page.check("input[value='2']")
        grey = seen(page)[plain.min(axis=2) < 240]
        assert np.median(np.ptp(grey.astype(int), axis=1)) == 0


def test_names_of_points(browser: Any, address: str) -> None:
    with opened(browser, address) as page:
        ready(page)
        assert page.locator(".marks button").count() == 3
        nose = page.locator(".marks button").first
        assert nose.get_attribute("aria-label") == "pronasale, ± 0.6 mm"
        assert not nose.locator("span").is_visible()
        nose.focus()
        assert nose.locator("span").is_visible()
        page.check("#names")
        assert page.get_by_text("tragion left", exact=True).first.is_visible()
        page.click("text=right profile")
        until(page, "document.querySelector('canvas').dataset.turn === '-90'")
        seen(page)
        hidden = page.evaluate("[...document.querySelectorAll('.marks button')].map(one => one.hidden)")
        assert hidden == [False, True, True]  # those on the left lie behind
        page.uncheck("#dots")
        seen(page)
        assert page.locator(".marks button:visible").count() == 0


def test_after_a_place_the_next_missing_name_is_chosen(browser: Any, tmp_path: Path) -> None:
    given = shown()
    more = {"gonion_left": "the jaw's angle", "gonion_right": "the jaw's angle"}
    html = render_surface_page(replace(given, definitions={**given.definitions, **more}), notices=[], picture_px=60)
    (tmp_path / "visit.html").write_text(html, encoding="utf-8")
    with opened(browser, (tmp_path / "visit.html").as_uri()) as page:
        ready(page)
        page.click("text=Place a point by hand")
        page.click("#place")
        for name, after in (("tragion_right", "gonion_left"), ("gonion_left", "gonion_right")):
            assert page.input_value("#which") == name
            page.focus("canvas")
            page.keyboard.press("Enter")
            until(page, f"document.querySelector('#which').value === '{after}'")
            assert page.inner_text("#told").endswith(f"is placed. Next: {after.replace('_', ' ')}.")
        assert page.inner_text("#meaning") == "the jaw's angle"
        page.select_option("#which", "gonion_left")  # again: it stays chosen
        page.evaluate(  # both before the next picture is drawn
            "for (const key of ['ArrowLeft', 'Enter'])"
            " document.querySelector('canvas').dispatchEvent(new KeyboardEvent('keydown', { key }));"
        )
        assert page.inner_text("#told") == "gonion left is placed."
        assert page.input_value("#which") == "gonion_left"
        assert page.locator("#placed li").count() == 2


def test_a_point_placed_by_hand_is_saved(browser: Any, address: str) -> None:
    with opened(browser, address, accept_downloads=True) as page:
        ready(page)
        page.click("text=Place a point by hand")
        assert page.input_value("#which") == "tragion_right"  # the first that is missing
        assert page.inner_text("#meaning") == "the notch above the right tragus"
        page.click("#place")
        mark = page.locator(".marks button").first.bounding_box()
        page.mouse.click(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
        until(page, "document.querySelectorAll('#placed li').length === 1")
        page.select_option("#which", "tragion_left")
        box = page.locator("canvas").bounding_box()
        page.mouse.click(box["x"] + 5, box["y"] + 5)
        assert page.inner_text("#told") == "That is not on the face."
        chin = np.flatnonzero((seen(page).min(axis=2) < 250).any(axis=1)).max()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + float(chin) - 5)
        assert "No photograph saw this" in page.inner_text("#told")
        page.focus("canvas")
        page.keyboard.press("Enter")  # the middle of the picture
        until(page, "document.querySelectorAll('#placed li').length === 2")
        with page.expect_download() as download:
            page.click("#save")
        rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
        assert download.value.suggested_filename == "points.csv"
        assert [row["name"] for row in rows] == ["tragion_right", "tragion_left"]
        place = np.array([float(rows[0][axis]) for axis in "xyz"])
        assert np.abs(place - NOSE).max() < 1.0
        page.click("text=remove >> nth=0")
        assert page.locator("#placed li").count() == 1
        page.click("text=remove")
        assert page.is_disabled("#save")


def test_without_scripts_pictures_remain(browser: Any, address: str) -> None:
    with opened(browser, address, java_script_enabled=False) as page:
        assert page.is_visible("#flat")
        assert page.is_hidden("#turnable")
        assert page.locator("#pictures img").count() == 5
        assert EVIL.partition(",")[0] in page.inner_text("h1")


def test_without_webgl_pictures_remain(browser: Any, address: str) -> None:
    with opened(browser, address, before="HTMLCanvasElement.prototype.getContext = () => null") as page:
        assert page.is_visible("#flat")
        assert page.is_hidden("#turnable")


def test_on_paper_there_are_pictures(browser: Any, address: str) -> None:
    with opened(browser, address) as page:
        ready(page)
        page.emulate_media(media="print")
        assert page.is_hidden("#turnable")
        assert page.is_hidden("#flat")
        assert page.is_visible("#pictures img >> nth=4")
