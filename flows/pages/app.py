"""The local pages as one app: look, review, rate, and the pictures that they show.

In: the project's folder, a token. Out: an app for uvicorn, behind the guard. Which page does what stands in look,
review, rate, beside and scaled.
"""

from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from flows.pages import beside, kit, look, rate, review, scaled, visits, who
from flows.pages.guard import Guard
from flows.pages.record import Project
from tasks.errors import InputError


def make_app(root: Path, token: str) -> Guard:
    """The pages of the project at `root`."""
    app = FastAPI(title="Vermilion", docs_url=None, redoc_url=None, openapi_url=None)
    project = Project(root)
    app.include_router(who.router)
    app.include_router(look.router(project))
    app.include_router(review.router(project))
    app.include_router(rate.router(project))
    app.include_router(beside.router(project))
    app.include_router(scaled.router(project))
    app.include_router(visits.router(project))
    app.add_exception_handler(InputError, _bad_input)
    app.add_exception_handler(OSError, _no_room)
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misspelt)

    @app.get("/files/{name}")
    def own_file(name: str) -> Response:
        return kit.file(name) or PlainTextResponse("no such file\n", 404)

    @app.get("/picture/{image_id}")
    def picture(image_id: str, small: bool = False) -> Response:
        try:
            content = project.thumbnail(image_id) if small else project.picture(image_id)[0]
        except KeyError:
            raise HTTPException(404, "There is no such photograph, or it can no longer be read.") from None
        return Response(content, media_type="image/jpeg")

    return Guard(app, token)


def _bad_input(asked: Request, error: Exception) -> Response:
    """What a person can put right is said in one line."""
    return _told(asked, str(error), 400)


def _no_room(asked: Request, error: Exception) -> Response:
    """A full disk, a folder that may not be read or written: nothing was saved, and the page says so."""
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return _told(asked, f"Nothing was saved: {why}." if asked.method == "POST" else f"{why}.", 507)


def _refused(asked: Request, error: Exception) -> Response:
    """An address that leads nowhere, a name that is missing."""
    assert isinstance(error, StarletteHTTPException)
    return _told(asked, str(error.detail), error.status_code)


def _misspelt(asked: Request, error: Exception) -> Response:
    """What was sent or asked for is not what there is."""
    assert isinstance(error, RequestValidationError)
    return _told(asked, "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors()), 422)


def _told(asked: Request, words: str, status: int) -> Response:
    """To a script as JSON, to a person as a page that leads back."""
    if asked.method == "POST":
        return JSONResponse({"detail": words}, status)
    told = kit.page("trouble.html.j2", who=who.named(asked.cookies.get(who.WHO, "")), words=words)
    told.status_code = status
    return told
