"""`/api/v1/connections`, `/api/v1/webhooks` and `/api/v1/settings`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException

from hamgam.app import subscriptions
from hamgam.app.access import Admin, Viewer
from hamgam.app.connections import (
    WebhookDoor,
    connections,
    connections_document,
    probe_report,
    revealed,
    settings_document,
    webhook_door,
)
from hamgam.app.context import WebContext
from hamgam.app.probing import check_site
from hamgam.errors import SyncError, UsageError
from hamgam.reasons import SENTENCES
from hamgam.sync.site import Site

logger = structlog.get_logger()

_ID = Annotated[str, Path(pattern=r"^[^\x00-\x1f]{1,200}$")]


def connection_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["connections"])

    @router.get("/connections")
    async def get_connections(_: Viewer) -> dict[str, Any]:
        """Both remote systems: state, session, calls; and the last probe of the site."""
        return connections_document(await connections(context))

    @router.post("/connections/probe")
    async def probe_site(person: Admin) -> dict[str, Any]:
        """Log in to both systems, read, and say what each build supports. Takes up to a minute."""
        try:
            return probe_report(await check_site(context, person.name)) or {}
        except UsageError as error:
            raise HTTPException(409, str(error)) from None

    @router.get("/settings")
    async def get_settings(_: Viewer) -> list[dict[str, Any]]:
        """The settings of this process and where each comes from; secrets are hidden."""
        return settings_document(context.settings)

    return router


def webhook_subscription_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["webhooks"])

    @router.get("/webhooks")
    async def list_webhooks(_: Viewer) -> dict[str, Any]:
        """Where the CRM is to deliver, secrets hidden, and the subscriptions that it knows. Asks the CRM."""
        async with reached(context) as site:
            found = await subscriptions.listed(site, context.settings)
        known = [{"id": s.id, "url": s.url, "events": s.events} for s in found]
        return {**_door(webhook_door(context.settings)), "subscriptions": known}

    @router.post("/webhooks")
    async def register_webhook(person: Admin) -> dict[str, Any]:
        """Register this installation's address with the CRM, unless it is."""
        async with reached(context) as site:
            await subscriptions.register(site, context.settings)
        logger.info("webhooks.registered", by=person.name)
        return _door(webhook_door(context.settings))

    @router.post("/webhooks/reveal")
    async def reveal_webhook_secrets(person: Admin) -> dict[str, Any]:
        """The addresses with their token, and the key for signatures. The process log says who asked."""
        return _door(revealed(context.settings, person.name))

    @router.delete("/webhooks/{subscription_id}", status_code=204)
    async def remove_webhook(person: Admin, subscription_id: _ID) -> None:
        """Remove a subscription from the CRM."""
        async with reached(context) as site:
            await subscriptions.remove(site, context.settings, [subscription_id])
        logger.info("webhooks.removed", by=person.name)

    return router


@asynccontextmanager
async def reached(context: WebContext) -> AsyncIterator[Site]:
    """The remote systems; what fails there becomes an answer that says so, without their own words."""
    try:
        async with context.site() as site:
            yield site
    except UsageError as error:
        raise HTTPException(409, str(error)) from None
    except SyncError as error:
        sentence = SENTENCES[error.reason]
        raise HTTPException(502, f"{error.reason}: {sentence.en} {sentence.next_step_en}") from None


def _door(door: WebhookDoor) -> dict[str, Any]:
    return {
        "enabled": door.enabled,
        "signed": door.signed,
        "address": door.registered or None,
        "addresses_by_query": dict(door.typed),
        "secret": door.secret or None,
    }
