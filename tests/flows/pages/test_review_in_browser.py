"""Correcting points in a real browser: dragged, by keys, by touch; killed in between; two people at once."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tasks.anthropometry.from_people.corrections import COLUMNS, FILE, kept, said_in
from tests.flows.pages import reviewed
from tests.flows.pages.opened import as_person, base, until

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

POINT = "crista_philtri_right"
SAVED = "document.getElementById('saved').textContent.startsWith('Saved at')"


def centre(page: Any, point: str) -> tuple[float, float]:
    box = page.locator(f"[data-point={point}] circle").first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Any, point: str, by: tuple[float, float]) -> None:
    x, y = centre(page, point)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0], y + by[1], steps=4)
    assert page.locator("#lens").is_visible()
    page.mouse.up()
    until(page, SAVED)


def shown(page: Any, point: str) -> tuple[float, float]:
    circle = page.locator(f"[data-point={point}] circle").first
    return float(circle.get_attribute("cx")), float(circle.get_attribute("cy"))


def lines(project: Path) -> list[str]:
    return (project / "data/corrections" / FILE).read_text().splitlines()


def test_a_dragged_point_is_there_after_the_server_was_killed(browser: Any, project: Path) -> None:
    image_id = reviewed.image_id(project, 0)
    with reviewed.served(project) as (address, server):
        with as_person(browser, address, "Anna") as page:
            page.goto(f"{base(address)}/photograph/{image_id}")
            before = shown(page, POINT)
            drag(page, POINT, (0.0, -24.0))
            after = shown(page, POINT)
            assert after[1] < before[1] - 3
            peak = page.locator("tr.changed", has_text="cupid's bow peak height, difference").inner_text()
            assert "was 0" in peak
            assert "right" in peak
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
    with reviewed.served(project) as (address, _), as_person(browser, address, "Anna") as page:
        page.goto(f"{base(address)}/photograph/{image_id}")
        assert shown(page, POINT) == pytest.approx(after, abs=0.01)
        assert "Placed by you" in page.locator("#point").inner_text() or page.locator(f"[data-point={POINT}].moved")
        page.click("#undo")  # what was undone after a kill is undone, too
        until(page, SAVED)
        assert shown(page, POINT) == pytest.approx(before, abs=0.01)
        page.click("#redo")
        until(page, "document.getElementById('redo').disabled")
        assert shown(page, POINT) == pytest.approx(after, abs=0.01)
    (row,) = kept(project / "data/corrections").to_pylist()
    assert (row["image_id"], row["point"], row["corrector_id"]) == (image_id, POINT, "Anna")
    assert [one.action for one in said_in(project / "data/corrections")] == ["moved", "undone", "redone"]
    assert lines(project)[0].split(",") == list(COLUMNS)
    first = lines(project)[1].split(",")
    assert (float(first[7]), float(first[8])) == pytest.approx(before, abs=0.01)
    assert (project / "data/corrections" / FILE).stat().st_mode & 0o777 == 0o600


def test_points_are_corrected_without_a_mouse(browser: Any, project: Path) -> None:
    with reviewed.served(project) as (address, _), as_person(browser, address, "Anna") as page:
        page.goto(f"{base(address)}/photograph/{reviewed.image_id(project, 1)}")
        page.locator("#farther").focus()
        while not page.evaluate("document.activeElement.dataset.point"):
            page.keyboard.press("Tab")
        first = page.evaluate("document.activeElement.dataset.point")
        page.keyboard.press("Tab")
        second = page.evaluate("document.activeElement.dataset.point")
        assert second not in (None, first)
        x, y = shown(page, second)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Shift+ArrowUp")
        until(page, SAVED)
        assert shown(page, second) == pytest.approx((x + 2, y - 0.1), abs=0.01)
        assert len(lines(project)) == 2  # one line for the three keys
        page.keyboard.press("Control+z")
        until(page, "document.getElementById('undo').disabled")
        assert shown(page, second) == pytest.approx((x, y), abs=0.01)
        page.keyboard.press("Control+y")
        until(page, "!document.getElementById('undo').disabled")
        page.keyboard.press("Delete")
        until(page, f"!document.querySelector('[data-point={second}].moved')")
        assert kept(project / "data/corrections").num_rows == 0
        page.fill("#note textarea", "=scar, seen from the left")
        page.press("#note textarea", "Tab")
        page.keyboard.press("Enter")
        page.locator("#notes").get_by_text("=scar, seen from the left").wait_for()


def test_a_finger_drags_a_point_on_a_tablet(browser: Any, project: Path) -> None:
    tablet = {"viewport": {"width": 800, "height": 1100}, "has_touch": True}
    with reviewed.served(project) as (address, _), as_person(browser, address, "Anna", **tablet) as page:
        page.goto(f"{base(address)}/photograph/{reviewed.image_id(project, 2)}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 800
        page.tap("[data-view=lips]")
        x, y = centre(page, POINT)
        before = shown(page, POINT)
        touch = page.context.new_cdp_session(page)
        for kind, where in (("Start", [(x + 9, y + 9)]), ("Move", [(x + 40, y + 9)]), ("End", [])):
            points = [{"x": own[0], "y": own[1]} for own in where]
            touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
        until(page, SAVED)
        after = shown(page, POINT)
        assert after[0] > before[0] + 1
        assert after[1] == pytest.approx(before[1], abs=0.5)  # the point keeps its distance from the finger


def test_two_people_at_once_are_both_kept_and_the_later_is_shown(browser: Any, project: Path) -> None:
    image_id = reviewed.image_id(project, 3)
    with reviewed.served(project) as (address, _):
        place = f"{base(address)}/photograph/{image_id}"
        with as_person(browser, address, "Anna") as anna, as_person(browser, address, "Béla") as bela:
            anna.goto(place)
            bela.goto(place)
            drag(anna, POINT, (0.0, -24.0))
            time.sleep(0.01)
            drag(bela, POINT, (0.0, 24.0))
            said = bela.locator("#point").inner_text()
            assert "Also corrected by Anna" in said
            assert "the later one is shown" in said
            anna.reload()
            assert shown(anna, POINT) == pytest.approx(shown(bela, POINT), abs=0.01)
            bela.click("#undo")
            until(bela, "document.getElementById('undo').disabled")
            assert kept(project / "data/corrections")["corrector_id"].to_pylist() == ["Anna"]


def test_a_note_is_kept_though_nobody_pressed_the_button(browser: Any, project: Path) -> None:
    place = f"/photograph/{reviewed.image_id(project, 4)}"
    with reviewed.served(project) as (address, _), as_person(browser, address, "Anna") as page:
        page.goto(f"{base(address)}{place}")
        page.locator("#note textarea").fill("scar on the left")
        with page.expect_navigation():
            page.get_by_role("link", name="Photographs").click()
        until(page, "document.readyState === 'complete'")
        page.goto(f"{base(address)}{place}")
        assert page.locator("#note textarea").input_value() == "scar on the left"
        assert page.locator("#notes").inner_text().count("scar on the left") == 1


def test_what_is_not_saved_is_said_and_kept_on_the_page(browser: Any, project: Path) -> None:
    with reviewed.served(project) as (address, server), as_person(browser, address, "Anna") as page:
        page.goto(f"{base(address)}/photograph/{reviewed.image_id(project, 4)}")
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        page.locator(f"[data-point={POINT}]").focus()
        page.keyboard.press("ArrowUp")
        until(page, "document.getElementById('saved').textContent.startsWith('NOT saved')")
        assert "does not answer" in page.locator("#trouble").inner_text()
        page.evaluate("failed.length = 0")  # or the browser asks whether to leave the page
