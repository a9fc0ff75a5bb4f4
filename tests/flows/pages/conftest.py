"""The project that pages are shown of, made once, and a browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.pages import reviewed

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def drawn_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reviewed.make(tmp_path_factory.mktemp("pages") / "project")


@pytest.fixture
def project(drawn_project: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(drawn_project, tmp_path / "project", symlinks=True))


@pytest.fixture(scope="module")  # playwright runs once at a time, and other tests open it, too
def browser() -> Iterator[Any]:
    if BROWSER is None:
        pytest.skip("no Chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        opened = p.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()
