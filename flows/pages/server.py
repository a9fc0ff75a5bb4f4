"""The server of the local pages: on loopback, with a token that is made anew at every start.

In: the project's folder, a port (0: any that is free). Out: the pages, until Ctrl-C. What a page said was saved is on
the disk by then, so the server may be killed at any moment.
"""

import secrets
from collections.abc import Callable
from pathlib import Path

import uvicorn

from flows.pages.app import make_app
from flows.pages.guard import TOKEN
from flows.running.browser import send_on
from flows.running.ports import HOST, listening


def serve(root: Path, port: int, *, browser: bool, tell: Callable[[str], None]) -> None:
    """Serve until told to stop; `tell` takes the address. InputError: the port is taken."""
    token = secrets.token_urlsafe(32)
    with listening(port) as opened:
        address = f"http://{HOST}:{opened.getsockname()[1]}/?{TOKEN}={token}"
        (root / ".prefect").mkdir(mode=0o700, exist_ok=True)
        send_on(root / ".prefect/review.html", address, browser=browser)
        tell(address)
        tell("Whoever has this address can see and correct the photographs. Ctrl-C ends it; what was saved stays.")
        config = uvicorn.Config(
            make_app(root, token), log_level="warning", access_log=False, server_header=False, proxy_headers=False
        )
        uvicorn.Server(config).run(sockets=[opened])
