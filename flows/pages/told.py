"""What a page says when it cannot be shown: what is wrong, in plain words, and which page leads on.

In: a request and an error. Out: to a page's script JSON, to a person a page with a link. Knows what the addresses of
pages hold, and no project.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from flows.pages import kit, who
from tasks.base.words import listed
from tasks.errors import InputError

RATE = ("/rate", "Rate photographs: begin here, or go on")
LOOK = ("/", "All photographs")
NOWHERE = {404: "Not Found", 405: "Method Not Allowed"}
"""What the server says by itself where no page is."""

WANTED = {
    "float_parsing": "a number",
    "float_type": "a number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "finite_number": "a number",
    "bool_parsing": "true or false",
    "string_type": "text",
}


def tell_errors(app: FastAPI) -> None:
    """Have the app say its errors so."""
    app.add_exception_handler(InputError, _bad_input)
    app.add_exception_handler(OSError, _no_room)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misspelt)


def _bad_input(asked: Request, error: Exception) -> Response:
    """What a person can put right is said in one line."""
    return _told(asked, str(error), 400)


def _no_room(asked: Request, error: Exception) -> Response:
    """A full disk, a folder that may not be read or written: nothing was saved, and the page says so."""
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return _told(asked, f"Nothing was saved: {why}." if asked.method == "POST" else f"{why}.", 507)


def _refused(asked: Request, error: Exception) -> Response:
    """An address that leads nowhere, a name that is missing."""
    assert isinstance(error, HTTPException)
    words = str(error.detail)
    if words == NOWHERE.get(error.status_code):
        words = f"There is no page at {asked.url.path}. The address is misspelt, or of an earlier version."
    return _told(asked, words, error.status_code)


def _misspelt(asked: Request, error: Exception) -> Response:
    """What was sent or asked for is not what there is."""
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    lacking = [str(one["loc"][-1]) for one in errors if one["type"] == "missing"]
    wrong = [_wrong(one) for one in errors if one["type"] != "missing"]
    what = "What the page sent" if asked.method == "POST" else "The address of this page"
    parts = [f"lacks {listed(lacking, 9)}"] * bool(lacking) + [f"has {one}" for one in wrong]
    return _told(asked, f"{what} is not right: it {'; it '.join(parts)}.", 422)


def _wrong(one: Mapping[str, Any]) -> str:
    """`role=king, where only medical or lay can stand`."""
    given, limits = one.get("input"), one.get("ctx") or {}
    if expected := limits.get("expected"):
        wanted = f"only {str(expected).replace(chr(39), '')}"
    elif one["type"] in WANTED:
        wanted = WANTED[one["type"]]
    elif ends := [
        f"{value} or {word}"
        for name, word in (("ge", "more"), ("le", "less"))
        if (value := limits.get(name)) is not None
    ]:
        wanted = f"a number, {ends[0]},"
    elif (most := limits.get("max_length")) is not None:
        return f"{one['loc'][-1]} with more than {most} letters"
    else:
        wanted = "something else"
    shown = given if isinstance(given, str | int | float) else "something"
    return f"{one['loc'][-1]}={shown}, where {wanted} can stand"


def _told(asked: Request, words: str, status: int) -> Response:
    """To a script as JSON, to a person as a page that leads on."""
    if asked.method == "POST":
        return JSONResponse({"detail": words}, status)
    to, label = RATE if asked.url.path.startswith("/rat") else LOOK
    told = kit.page("trouble.html.j2", who=who.named(asked.cookies.get(who.WHO, "")), words=words, to=to, label=label)
    told.status_code = status
    return told
