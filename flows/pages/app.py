"""The local pages as one app: look, review, rate, and the pictures that they show.

In: the project's folder, a token. Out: an app for uvicorn, behind the guard. Which page does what stands in look,
review and rate.
"""

from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from flows.pages import kit, look, rate, review, who
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
    app.add_exception_handler(InputError, _bad_input)
    app.add_exception_handler(OSError, _no_room)

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
    return JSONResponse({"detail": str(error)}, 400) if asked.method == "POST" else PlainTextResponse(f"{error}\n", 400)


def _no_room(_: Request, error: Exception) -> Response:
    """A full disk, a folder that may not be written: nothing was saved, and the page says so."""
    why = error.strerror if isinstance(error, OSError) else None
    return JSONResponse({"detail": f"Nothing was saved: {why or error}."}, 507)
