"""A browser's page on which a person has said who they are."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

DRIVER = "GL Driver Message"  # of software's GL, about its own speed


@contextmanager
def as_person(browser: Any, address: str, name: str, **context: Any) -> Iterator[Any]:
    """A page of a browser of its own, at the first page. At the end nothing but the server was asked for anything."""
    opened = browser.new_context(**context)
    page = opened.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    page.fill("#name", name)
    with page.expect_navigation():
        page.press("#name", "Enter")
    yield page
    base = address.partition("?")[0]
    strangers = [url for url in asked if not url.startswith((base, "data:"))]
    opened.close()
    assert strangers == []
    assert [text for text in said if "Failed to load resource" not in text and DRIVER not in text] == []


def base(address: str) -> str:
    """The address without the token."""
    return address.partition("/?")[0]


def until(page: Any, holds: str) -> None:
    """Wait for an expression. The pages' policy forbids `eval`, with which playwright waits by itself."""
    end = time.monotonic() + 20
    while not page.evaluate(holds):
        assert time.monotonic() < end, (holds, page.locator("#trouble").inner_text())
        time.sleep(0.02)


def saved(page: Any, *keys: str) -> None:
    """Press keys, and Enter; wait until the photograph after this one is shown."""
    before = page.evaluate("now.at")
    for one in (*keys, "Enter"):
        page.keyboard.press(one)
    until(page, f"now.at !== {before} && !busy")
