"""The web service: health, metrics, webhooks, the API, and the dashboard."""

import asyncio
from http import HTTPStatus
from typing import Any, Literal

from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hamgam import __version__
from hamgam.app.access import Viewer
from hamgam.app.addresses import form_addresses
from hamgam.app.answers import Answer
from hamgam.app.api import api_routes
from hamgam.app.api.document import ABOUT, complete
from hamgam.app.context import WebContext
from hamgam.app.csrf import proven
from hamgam.app.entrance import Entrance
from hamgam.app.guard import Guard
from hamgam.app.metrics import Metrics
from hamgam.app.pages import page_routes
from hamgam.app.problems import RequestRefused, named, problem
from hamgam.app.receiving import webhook_routes
from hamgam.app.refusing import no_database, refusal
from hamgam.app.status import SystemStatus, remote_systems, workers
from hamgam.db.engine import DATABASE_GONE
from hamgam.errors import Unavailable
from hamgam.people.refusals import NotAllowed
from hamgam.people.registry import Registry

_ANSWER_SECONDS = 1.5
"""A monitor that asks about health gets an answer within two seconds, whatever the database does."""
_NO_DATABASE = (*DATABASE_GONE, Unavailable)


class _Service(FastAPI):
    """Its OpenAPI document also says who may do what."""

    def openapi(self) -> dict[str, Any]:
        is_new = self.openapi_schema is None
        document = super().openapi()
        if is_new:
            complete(document, self.routes)
        return document


def create_app(context: WebContext) -> FastAPI:
    """The ASGI application. It owns nothing: the database is opened and closed by its caller."""
    app = _Service(
        title="Hamgam",
        version=__version__,
        summary="Keeps a finance system in step with a CRM.",
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        dependencies=[Depends(proven)],
    )
    registry = Registry(context.db, context.clock, context.monotonic)
    app.include_router(_monitoring(context))
    app.include_router(api_routes(context, registry))
    app.include_router(webhook_routes(context))
    app.include_router(page_routes(context, app, registry))
    app.state.forms = form_addresses(app.routes)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(NotAllowed, _not_allowed)
    for gone in _NO_DATABASE:
        app.add_exception_handler(gone, _database_gone)
    app.add_middleware(Guard, entrance=Entrance(context, registry))
    return app


class Health(Answer):
    status: Literal["ok", "unavailable"]
    version: str
    worker: bool | None = None
    """Whether this process runs jobs itself."""
    reason: str | None = None
    """Why it cannot serve."""


class Readiness(Answer):
    status: Literal["ready", "no worker", "unavailable"]
    database: Literal["ok", "unavailable"]
    workers: int | None = None
    """Of all processes, alive within the last 30 seconds."""
    systems: dict[str, SystemStatus] | None = None
    """`crm` and `finance`; one that is down does not change the status."""


def _monitoring(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["monitoring"])
    metrics = Metrics(context.db, context.clock)

    @router.api_route("/health", methods=["HEAD"], include_in_schema=False)
    @router.get(
        "/health", responses=_or_503("The database does not answer", Health), response_model_exclude_none=True
    )
    async def health(response: Response) -> Health:
        """Whether this process can serve."""
        if reason := await _database_trouble(context):
            response.status_code = 503
            return Health(status="unavailable", version=__version__, reason=reason)
        return Health(status="ok", version=__version__, worker=context.workers_running())

    @router.get("/ready", responses=_or_503("No database, or nobody runs jobs", Readiness))
    async def ready(_: Viewer, response: Response) -> Readiness:
        """The database, the workers of all processes, and the last contact with each remote system."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                running = await workers(context.db, here=context.workers_running())
                systems = await remote_systems(context.db)
        except (*_NO_DATABASE, TimeoutError):
            response.status_code = 503
            return Readiness(status="unavailable", database="unavailable")
        response.status_code = 200 if running else 503
        state: Literal["ready", "no worker"] = "ready" if running else "no worker"
        return Readiness(status=state, database="ok", workers=running, systems=systems)

    @router.get("/metrics", response_class=_Prometheus)
    async def prometheus(_: Viewer) -> Response:
        """Prometheus text."""
        return _Prometheus(await metrics.page())

    return router


class _Prometheus(Response):
    media_type = CONTENT_TYPE_LATEST


def _or_503(description: str, model: type[Answer]) -> dict[int | str, dict[str, Any]]:
    return {503: {"description": description, "model": model}}


async def _database_trouble(context: WebContext) -> str:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await context.db.check()
    except TimeoutError:
        return f"the database has not answered within {_ANSWER_SECONDS} seconds"
    except _NO_DATABASE:
        return "the database cannot be reached"
    return ""


async def _bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = "; ".join(
        f"{item['loc'][min(1, len(item['loc']) - 1)]}: {item['msg']}" for item in error.errors()
    )
    return refusal(request, 400, wrong)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    why = error.why if isinstance(error, RequestRefused) else error.status_code
    detail = "" if error.detail == HTTPStatus(error.status_code).phrase else str(error.detail)
    return refusal(request, why, detail, **dict(error.headers or {}))


async def _not_allowed(_: Request, error: Exception) -> Response:
    assert isinstance(error, NotAllowed)
    return problem(named(error.refusal), str(error))


async def _database_gone(request: Request, _: Exception) -> Response:
    return no_database(request)


__all__ = ["WebContext", "create_app"]
