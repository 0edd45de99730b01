"""The connections: both systems, the site probe, webhook subscriptions, and the settings."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hamgam.app import subscriptions
from hamgam.app.access import Admin, Viewer
from hamgam.app.connections import connections, revealed, settings_shown, webhook_door
from hamgam.app.context import WebContext
from hamgam.app.forms import form_of
from hamgam.app.pages.shell import page
from hamgam.app.probing import check_site
from hamgam.app.reaching import opened
from hamgam.errors import SyncError, UsageError
from hamgam.sync.site import Site
from hamgam.trail import pulse

logger = structlog.get_logger()

_SEE_OTHER = 303
_LIST = "/connections/subscriptions"


def connection_pages(context: WebContext) -> APIRouter:
    router = APIRouter()
    router.include_router(_looking(context))
    router.include_router(_subscriptions(context))

    @router.post("/connections/probe")
    async def probe(request: Request, person: Admin) -> Response:
        try:
            await check_site(context, person.name)
        except UsageError:
            return await _shown(context, request, "connections.html", busy=True)
        return RedirectResponse("/connections#probe", _SEE_OTHER)

    @router.post("/connections/reveal")
    async def reveal(request: Request, person: Admin) -> HTMLResponse:
        """Not a redirect: an address that shows secrets could be opened again by anybody who finds it."""
        return page(
            request, "connections_secrets.html", door=revealed(context.settings, person.name), revealed=True
        )

    return router


def _looking(context: WebContext) -> APIRouter:
    router = APIRouter(prefix="/connections")

    @router.get("")
    async def overview(request: Request, _: Viewer) -> HTMLResponse:
        return await _shown(context, request, "connections.html")

    @router.get("/live")
    async def live_part(request: Request, _: Viewer) -> HTMLResponse:
        return await _shown(context, request, "connections_live.html")

    @router.get("/light")
    async def light(request: Request, _: Viewer) -> HTMLResponse:
        """Whether the CRM calls, beside the address that it has to call."""
        delivery = await pulse.last_delivery(context.db)
        return page(request, "webhook_light.html", delivery=delivery, now=context.clock())

    @router.get("/settings")
    async def settings(request: Request, _: Viewer) -> HTMLResponse:
        rows = settings_shown(context.settings)
        given = [row for row in rows if row.source != "default"]
        rest = [row for row in rows if row.source == "default"]
        return page(request, "settings.html", groups=(("settings.given", given), ("settings.defaults", rest)))

    return router


async def _shown(context: WebContext, request: Request, template: str, *, busy: bool = False) -> HTMLResponse:
    door, view = webhook_door(context.settings), await connections(context)
    return page(request, template, 409 if busy else 200, view=view, door=door, busy=busy, revealed=False)


def _subscriptions(context: WebContext) -> APIRouter:
    router = APIRouter(prefix=_LIST)

    @router.get("")
    async def listed(request: Request, _: Viewer) -> HTMLResponse:
        return await _listed(context, request)

    @router.post("/register")
    async def register(request: Request, person: Admin) -> Response:
        async def act(site: Site) -> None:
            await subscriptions.register(site, context.settings)
            logger.info("webhooks.registered", by=person.name)

        return await _acted(context, request, act)

    @router.post("/remove")
    async def remove(request: Request, person: Admin) -> Response:
        chosen = (await form_of(request)).get("id", "")

        async def act(site: Site) -> None:
            with suppress(subscriptions.Unknown):  # then it is gone, as was asked
                await subscriptions.remove(site, context.settings, [chosen])
                logger.info("webhooks.removed", by=person.name)

        return await _acted(context, request, act)

    return router


async def _acted(context: WebContext, request: Request, act: Callable[[Site], Awaitable[None]]) -> Response:
    try:
        async with opened(context.site) as site:
            await act(site)
    except (SyncError, UsageError) as error:
        return _trouble(context, request, error)
    return RedirectResponse(_LIST, _SEE_OTHER)


async def _listed(context: WebContext, request: Request) -> HTMLResponse:
    try:
        async with opened(context.site) as site:
            found = await subscriptions.listed(site, context.settings)
    except (SyncError, UsageError) as error:
        return _trouble(context, request, error)
    return _subscription_page(context, request, 200, found=found)


def _trouble(context: WebContext, request: Request, error: SyncError | UsageError) -> HTMLResponse:
    if isinstance(error, SyncError):
        return _subscription_page(context, request, 502, reason=error.reason)
    return _subscription_page(context, request, 409, no_api=str(error) == subscriptions.NO_API)


def _subscription_page(context: WebContext, request: Request, status: int, **values: Any) -> HTMLResponse:
    shown: dict[str, Any] = {"found": None, "reason": "", "no_api": False} | values
    return page(request, "subscriptions.html", status, door=webhook_door(context.settings), **shown)
