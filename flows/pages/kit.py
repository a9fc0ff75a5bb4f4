"""How the pages are made: the report's kit, with the templates and files of this room.

In: a template's name and values. Out: a page. Nothing is loaded from elsewhere; what stands in a file is text.
"""

import json
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from tasks import pages
from tasks.pages.environment import environment

HERE = Path(__file__).parent / "templates"
SCRIPTS = (
    "common.js",
    "look.js",
    "review.js",
    "start.js",
    "rate.js",
    "blinded.js",
    "beside.js",
    "scaled.js",
    "page.js",
)
FILES = {"review.css": "text/css"} | dict.fromkeys(SCRIPTS, "text/javascript")
"""What pages may ask for besides pictures."""


def page(template: str, **values: Any) -> Response:
    """The template filled in."""
    kit = environment()
    assert kit.loader
    kit.loader = ChoiceLoader([FileSystemLoader(HERE), kit.loader])
    kit.globals["json"] = as_json
    return HTMLResponse(kit.get_template(template).render(**values))


def as_json(value: Any) -> Markup:
    """The value for a `<script type="application/json">`: nothing in it ends the element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704 (no tag can begin in it)


def file(name: str) -> Response | None:
    """A script or style sheet of ours."""
    if name not in FILES:
        return None
    folder = Path(pages.__file__).parent if name == "page.js" else HERE
    return Response((folder / name).read_bytes(), media_type=f"{FILES[name]}; charset=utf-8")
