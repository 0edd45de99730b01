"""The list of the API's operations, for integrators."""

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hamgam.app.access import Viewer
from hamgam.app.pages.shell import page


def operations_routes(app: FastAPI) -> APIRouter:
    router = APIRouter()

    @router.get("/api/docs")
    async def operations(request: Request, _: Viewer) -> HTMLResponse:
        return page(request, "docs.html", document=app.openapi())

    return router
