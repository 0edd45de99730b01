"""The dashboard: server-rendered pages in Persian and English, a module for each."""

from fastapi import APIRouter, FastAPI

from hamgam.app.context import WebContext
from hamgam.app.pages.attention import attention_page
from hamgam.app.pages.bulk import bulk_pages
from hamgam.app.pages.connections import connection_pages
from hamgam.app.pages.importing import importing_routes
from hamgam.app.pages.operations import operations_routes
from hamgam.app.pages.overview import overview_routes
from hamgam.app.pages.people import people_page
from hamgam.app.pages.records import record_pages
from hamgam.app.pages.settling import settling_pages
from hamgam.app.pages.shell import files
from hamgam.app.pages.signing_in import sign_in_routes
from hamgam.app.pages.syncs import syncs_pages
from hamgam.people.registry import Registry


def page_routes(context: WebContext, app: FastAPI, registry: Registry) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    router.include_router(overview_routes(context))
    router.include_router(syncs_pages(context))
    router.include_router(connection_pages(context))
    router.include_router(importing_routes(context))
    router.include_router(bulk_pages(context))
    router.include_router(attention_page(context))
    router.include_router(settling_pages(context))
    router.include_router(record_pages(context))
    router.include_router(operations_routes(app))
    router.include_router(people_page(context, registry))
    router.include_router(sign_in_routes(registry))
    router.routes.append(files())
    return router
