"""Who may ask for a page: a browser of this machine that was given the token, and nobody else.

In: the app, a token. Out: the app, behind a door. The token stands in the address once; the browser keeps it as a
cookie that scripts cannot read and other sites cannot send. What is answered loads nothing from elsewhere and is kept
nowhere.
"""

import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.running.origins import is_own

COOKIE = "vermilion_review"
TOKEN = "token"
MOST_BYTES = 100_000
"""Of what a page sends: a note is shorter."""

PRIVATE = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
REFUSED = "only for pages and programs of this machine's own\n"
STRANGER = (
    "This page wants the address that `vermilion review` printed, with its token. If the server was started again,\n"
    "its address is another one: open that.\n"
)


class Guard:
    """The app, for requests under this machine's own name, from its own pages, with the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app, self.token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it here."""
        if scope["type"] != "http":  # a lifespan; there are no websockets
            await (self.app(scope, receive, send) if scope["type"] == "lifespan" else _close(send))
            return

        async def privately(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in PRIVATE.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._answer(scope) or self.app
        await answer(scope, receive, privately)

    def _answer(self, scope: Scope) -> Response | None:
        """What is answered without the app; None where it is asked."""
        headers = dict(scope["headers"])
        if not is_own(scope["headers"]):
            return PlainTextResponse(REFUSED, 403)
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        given = asked.pop(TOKEN, [""])[0]
        name = f"{COOKIE}_{scope['server'][1]}"  # ports share their cookies
        if given and self._fits(given):
            rest = urlencode(asked, doseq=True)
            entered = RedirectResponse(f"{scope['path']}{'?' if rest else ''}{rest}", 303)
            entered.set_cookie(name, self.token, httponly=True, samesite="strict")
            return entered
        if not self._fits(_cookie(headers.get(b"cookie", b""), name)):
            return PlainTextResponse(STRANGER, 403)
        if not headers.get(b"content-length", b"0").isdigit() or int(headers.get(b"content-length", b"0")) > MOST_BYTES:
            return PlainTextResponse("too long\n", 413)
        if b"transfer-encoding" in headers:
            return PlainTextResponse("its length must be told\n", 411)
        return None

    def _fits(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.token.encode())


def _cookie(header: bytes, name: str) -> str:
    try:
        found = SimpleCookie(header.decode("latin-1")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


async def _close(send: Send) -> None:
    await send({"type": "websocket.close", "code": 1008})
