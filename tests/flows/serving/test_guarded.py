"""The project's Prefect server is its user's alone: not another account's, not a page's of another site."""

import base64
import json
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import prefect
import pytest

from flows.running import address
from flows.running.address import Served, admits, announce, record
from flows.running.origins import is_own
from flows.serving import browsing
from flows.serving.entering import page_for
from flows.serving.server import api_url, own_secret, own_server
from tests.server import free_port
from tests.strangers import as_stranger, needs_root, open_folder

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass(frozen=True)
class Guarded:
    """A running server and what it asks for."""

    port: int
    home: Path
    secret: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, secret: str | None = None, **headers: str) -> int:
        """The status of an answer. `headers`: `_` stands for `-`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if secret:
            given["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"
        body: dict[str, Any] = {"json": {}} if method == "POST" else {}
        with httpx.Client(base_url=self.url, headers=given, timeout=30) as client:
            return client.request(method, path, **body).status_code

    def token(self) -> dict[str, str]:
        """What a request that changes something carries."""
        with httpx.Client(base_url=self.url, auth=("vermilion", self.secret.partition(":")[2])) as client:
            made = client.get("/api/csrf-token", params={"client": "test"}).raise_for_status().json()
        return {"Prefect_Csrf_Token": made["token"], "Prefect_Csrf_Client": "test"}


@pytest.fixture(scope="module")
def server() -> Iterator[Guarded]:
    with open_folder() as folder, pytest.MonkeyPatch.context() as patch:
        old = os.umask(0o022)
        (folder / ".prefect").mkdir(mode=0o755)  # as it was made before there was a secret
        patch.setenv("PREFECT_HOME", str(folder / ".prefect"))
        patch.setattr(address, "SERVER_NAMED", None)
        port, secret = free_port(), own_secret()
        with own_server(port, secret) as alive:
            record().touch(mode=0o600)
            served = Served(pid=os.getpid(), api_url=api_url(port), auth=secret, own=True)
            record().write_text(served.model_dump_json())
            yield Guarded(port, folder / ".prefect", secret)
            assert alive()
        os.umask(old)


def test_nothing_is_read_or_written_without_the_secret(server: Guarded) -> None:
    for method, path in [("POST", "/api/flows/filter"), ("GET", "/api/admin/settings"), ("POST", "/api/deployments/")]:
        assert server.ask(method, path) == (403 if method == "POST" else 401)  # 403: no token against forged requests
        assert server.ask(method, path, **server.token()) == 401
        assert server.ask(method, path, "vermilion:guessed", **server.token()) == 401
    assert server.ask("POST", "/api/flows/filter", server.secret) == 403
    assert server.ask("POST", "/api/flows/filter", server.secret, **server.token()) == 200
    assert server.ask("GET", "/api/admin/version", server.secret) == 200


def test_the_secret_stays_and_is_its_owners(server: Guarded) -> None:
    assert own_secret() == server.secret
    assert stat.S_IMODE((server.home / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.home.stat().st_mode) == 0o700


@needs_root
def test_another_account_is_refused_everywhere(server: Guarded) -> None:
    asked = [("POST", "/api/flows/filter"), ("POST", "/api/work_pools/"), ("GET", "/api/csrf-token?client=x")]
    assert as_stranger(lambda: [server.ask(*one) for one in asked]) == [403, 403, 401]
    for file in ("secret", "serve.json", "prefect.db", "server.log"):
        assert (server.home / file).exists()
        assert isinstance(as_stranger((server.home / file).read_bytes), PermissionError)


def test_pages_of_other_sites_are_refused_even_with_the_secret(server: Guarded) -> None:
    for method, path in [("POST", "/api/flows/filter"), ("GET", "/api/health"), ("GET", "/"), ("GET", "/enter")]:
        assert server.ask(method, path, server.secret, Origin="https://stranger.example") == 403
        assert server.ask(method, path, server.secret, Origin="null") == 403
        assert server.ask(method, path, server.secret, Host=f"stranger.example:{server.port}") == 403
    assert server.ask("GET", "/api/health", Origin=server.url) == 200
    page = httpx.get(server.url, timeout=30)
    assert page.is_success
    assert page.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("host", "origin", "own"),
    [
        ("127.0.0.1:4200", None, True),
        ("localhost:4300", "http://localhost:4300", True),
        ("[::1]:4200", None, True),
        ("LOCALHOST", None, True),
        ("localhost:4200", "http://127.0.0.1:4200", False),
        ("localhost:4200", "http://localhost:80", False),
        ("localhost:4200", "https://localhost:4200", False),
        ("localhost.stranger.example", None, False),
        ("127.0.0.1.nip.io:4200", None, False),
        ("127.0.0.2:4200", None, False),
        ("", None, False),
        (None, None, False),
    ],
)
def test_whose_request_it_is(host: str | None, origin: str | None, own: bool) -> None:
    named = {b"host": host, b"origin": origin}
    assert is_own([(name, value.encode()) for name, value in named.items() if value is not None]) is own


def test_two_hosts_are_none() -> None:
    assert not is_own([(b"host", b"localhost"), (b"host", b"stranger.example")])


def test_events_are_not_told_to_a_stranger(server: Guarded) -> None:
    """By the socket that the UI listens on."""
    asking = f"GET /api/events/out HTTP/1.1\r\nHost: {{}}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{'{}'}"
    wanted = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    for host, more in [("stranger.example", ""), ("127.0.0.1", "Origin: https://stranger.example\r\n")]:
        with socket.create_connection(("127.0.0.1", server.port), 30) as sent:
            sent.sendall(f"{asking.format(host, wanted + more)}\r\n".encode())
            assert b"403" in sent.recv(100).splitlines()[0]


def test_the_projects_own_programs_are_admitted(server: Guarded) -> None:
    assert admits(api_url(server.port), server.secret)
    assert not admits(api_url(server.port), None)
    assert announce(server.home.parent, {"added": 1})


def test_what_was_killed_is_not_told_the_secret(server: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another account may listen in its place by now."""
    stale = Served(pid=2**22 + 1, api_url=api_url(server.port), auth=server.secret, own=True)
    kept = record().read_text()
    record().write_text(stale.model_dump_json())
    try:
        assert not announce(server.home.parent, {})
        with pytest.raises(Exception, match="nobody serves"):
            browsing.login(True)
    finally:
        record().write_text(kept)


def test_the_address_for_a_browser_lies_in_a_file_of_its_owner(
    server: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("webbrowser.open", opened.append)
    told = browsing.login(True)
    assert told == f"{server.url}/enter#{server.secret}"
    page = server.home / "runs.html"
    assert opened == [page.as_uri()]  # the secret is on no command line
    assert json.dumps(told) in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600


def test_the_page_before_the_runs_tells_no_secret_and_loads_nothing(server: Guarded) -> None:
    for path in ("/enter", "/login", "/login?redirect=/dashboard"):
        page = httpx.get(server.url + path, timeout=30)
        assert page.is_success and "vermilion runs" in page.text
        assert server.secret.partition(":")[2] not in page.text and "://" not in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert (page.headers["x-frame-options"], page.headers["cache-control"]) == ("DENY", "no-store")


def test_prefects_login_page_is_where_the_guard_takes_it_to_be() -> None:
    """Another version of Prefect may name it otherwise; then its own page would be shown again."""
    (module,) = (Path(prefect.__ui_static_path__) / "assets").glob("Unauthenticated-*.js")
    assert page_for(f"/assets/{module.name}") is not None
    assert "export{" in module.read_text() and "as default}" in module.read_text()
    assert page_for("/") is page_for("/api/flows/filter") is page_for("/assets/index.js") is None


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="no Chromium")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_browser_is_let_in_by_the_address_and_by_nothing_else(server: Guarded) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    told = browsing.login(False)
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_context().new_page()
        page.goto(server.url)  # Prefect finds no secret, and would ask for a password
        page.get_by_text("This browser is not let in yet").wait_for(timeout=60_000)
        assert page.get_by_text("Login").count() == page.locator("input").count() == 0
        page.goto(f"{server.url}/enter#vermilion:guessed")  # the same page: nothing is loaded anew
        page.get_by_text("not that of the project").wait_for(timeout=60_000)
        assert "#" not in page.url
        assert page.evaluate("localStorage.getItem('prefect-password')") is None
        page.goto(told)
        page.get_by_text("Dashboard").first.wait_for(timeout=60_000)
        page.evaluate("localStorage.setItem('prefect-password', btoa('vermilion:of yesterday'))")
        page.goto(server.url)
        page.get_by_text("This browser is not let in yet").wait_for(timeout=60_000)
        page = browser.new_context().new_page()
        page.goto((server.home / "runs.html").as_uri())
        page.get_by_text("Dashboard").first.wait_for(timeout=60_000)
        assert "#" not in page.url
        assert "/login" not in page.url
        browser.close()
