"""The local pages as one app: look, review, rate, and the pictures that they show.

In: the project's folder, a token. Out: an app for uvicorn, behind the guard. Which page does what stands in look,
review, rate, beside and scaled; what is said in place of a page, in told.
"""

from pathlib import Path

from fastapi import FastAPI, HTTPException
from starlette.responses import PlainTextResponse, Response

from flows.pages import beside, kit, look, rate, review, scaled, visits, who
from flows.pages.guard import Guard
from flows.pages.record import Project
from flows.pages.told import tell_errors


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
    tell_errors(app)

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
