"""The API below `/api/v1`: what the pages show and do, for programs; a module for each subject."""

from typing import Any

from fastapi import APIRouter

from hamgam.app.api.attention import attention_routes
from hamgam.app.api.bulk import bulk_routes
from hamgam.app.api.charts import chart_routes
from hamgam.app.api.connections import connection_routes, webhook_subscription_routes
from hamgam.app.api.imports import import_routes
from hamgam.app.api.people import people_routes
from hamgam.app.api.records import record_routes
from hamgam.app.api.status import status_routes
from hamgam.app.api.syncs import syncs_routes
from hamgam.app.context import WebContext
from hamgam.people.registry import Registry

_REFUSED: dict[int | str, dict[str, Any]] = {"default": {"description": "Said by `document.complete`"}}
"""In place of the 422 of FastAPI, which is a 400 here."""


def api_routes(context: WebContext, registry: Registry) -> APIRouter:
    router = APIRouter(prefix="/api/v1", responses=_REFUSED)
    router.include_router(status_routes(context))
    router.include_router(syncs_routes(context))
    router.include_router(chart_routes(context))
    router.include_router(import_routes(context))
    router.include_router(connection_routes(context))
    router.include_router(webhook_subscription_routes(context))
    router.include_router(attention_routes(context))
    router.include_router(bulk_routes(context))
    router.include_router(people_routes(registry))
    router.include_router(record_routes(context))
    return router
