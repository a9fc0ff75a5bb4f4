"""Prefect's server for one user: whoever has not the project's secret is refused, and so are pages of other sites.

In: an open socket that listens on loopback, and the secret in PREFECT_SERVER_API_AUTH_STRING. Out: Prefect's API and
its UI, as `prefect server start` serves them. Prefect asks for the secret itself (basic authentication, CSRF tokens).
It does not ask under which name it was reached, nor which page asks: that is done here. Without the secret there are
Prefect's own static files, its check of health, and the page that lets a browser in (entering). Knows no project.
"""

import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import prefect
import uvicorn

from flows.running.origins import is_own
from flows.serving.entering import POLICY, page_for

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PRIVATE = [
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", POLICY),
]


def guard(app: App) -> App:
    """The app, for requests under this machine's own name and from its own pages alone."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
        elif not is_own(scope["headers"]):
            await _refuse(scope, send)
        elif scope["type"] == "http" and (own := page_for(scope["path"])):
            await _answer(send, 200, *own)
        else:
            await app(scope, receive, _unframed(send))

    return guarded


def _unframed(send: Send) -> Send:
    """No page of another site may show the UI in a frame."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), PRIVATE[0]]
        await send(message)

    return sending


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await _answer(send, 403, b"text/plain", b"only for pages and programs of this machine's own\n")


async def _answer(send: Send, status: int, kind: bytes, body: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *PRIVATE]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main(listening: int) -> None:
    """Serve on the socket with that number until told to stop."""
    prefect.__ui_v2_static_path__ = ""  # type: ignore[assignment]  # has every browser ask a host on the net
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings

    settings = get_current_settings().server
    if not settings.api.auth_string:
        sys.exit("no secret: PREFECT_SERVER_API_AUTH_STRING is not set")
    config = uvicorn.Config(
        guard(create_app(final=True)),
        timeout_keep_alive=settings.api.keepalive_timeout,
        ws_ping_interval=settings.api.websocket_ping_interval,
        ws_ping_timeout=settings.api.websocket_ping_timeout,
        log_level=settings.logging_level.lower(),
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listening)])


if __name__ == "__main__":
    main(int(sys.argv[1]))
