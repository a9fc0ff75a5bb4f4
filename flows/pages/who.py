"""Who sits before the page: asked once, kept by the browser.

In: a request. Out: a name, tidied; '' where nobody has said it; and what must be known of it: whose it is taken for, or
whose it looks like. The name is no proof of anything: it says whose lines these are, among people who share a machine
or a tunnel to it.
"""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import APIRouter, Cookie, Depends, Header, HTTPException
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from tasks.base.words import counted, listed
from tasks.ingest.tables.spelling import Lookalikes, key, tidy

WHO = "vermilion_who"
LONGEST = 80
DAYS = 180
MOST = 3
"""Names that look like another, and are told."""
PAGE = "vermilion-page-of"
"""The header by which a page says whose it is: the browser's tabs share one cookie."""

router = APIRouter()


def _same(
    cookie: Annotated[str, Cookie(alias=WHO)] = "", page: Annotated[str, Header(alias=PAGE, max_length=900)] = ""
) -> str:
    """The cookie. 409: the page was made for somebody else, and what is done on it is theirs."""
    if page and key(unquote(page)) != key(named(cookie)):
        other = f"opened by {tidy(unquote(page))}, and another tab has called you {named(cookie) or 'nobody'}"
        raise HTTPException(409, f"This page was {other}. Nothing was saved. Load the page anew.")
    return cookie


Who = Annotated[str, Depends(_same)]


class Name(BaseModel):
    """What a person calls themself."""

    name: str = Field(max_length=LONGEST)


@router.post("/who")
def call(said: Name) -> Response:
    """Keep the name."""
    name = tidy(said.name)
    if not key(name):
        raise HTTPException(422, "Write your name, or the initials under which others know you.")
    if not key(name)[0].isalnum():
        raise HTTPException(422, "A name begins with a letter or a digit.")
    answer = JSONResponse({"who": name})
    answer.set_cookie(WHO, quote(name), max_age=DAYS * 86400, httponly=True, samesite="strict")
    return answer


def named(cookie: str) -> str:
    """The name in the cookie."""
    return tidy(unquote(cookie))[:LONGEST]


def required(cookie: str) -> str:
    """The same; refused where there is none."""
    name = named(cookie)
    if not key(name):
        raise HTTPException(409, "Nobody has said who you are. Write your name first.")
    return name


def remark(name: str, count: Mapping[str, int]) -> str | None:
    """Whose name this is taken for, or like whose it looks. `count`: how much each known rater has rated."""
    if not name or name in count:
        return None
    if own := next((other for other in count if key(other) == key(name)), None):
        much = counted(count[own], "rating")
        return f"{name} is taken for {own}, who has {much}. If you are somebody else, write another name above."
    near = [f"{other} has {counted(count[other], 'rating')}" for other in Lookalikes(count).of(name)]
    if not near:
        return None
    return (
        f"{name} is new here, and looks like another name: {listed(near, MOST)}. If that is you, write it above as it "
        "stands here. If you are somebody else, go on."
    )
