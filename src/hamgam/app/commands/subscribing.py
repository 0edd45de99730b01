"""`hamgam webhooks`, and the registration when the engine starts."""

import asyncio
from collections.abc import Sequence

import structlog

from hamgam.app.commands.output import console, print_json, table
from hamgam.app.wiring import open_database, open_site
from hamgam.errors import SyncError, UsageError
from hamgam.settings import Settings
from hamgam.sync.site import Site

logger = structlog.get_logger()

EVENTS = ("customer.created", "customer.updated", "invoice.created", "invoice.updated")
_NO_API = "this CRM has no webhook API; type the address into the CRM's settings"
_AGAIN_SECONDS = 60


def address(settings: Settings) -> str:
    """Where the CRM is to deliver. A token travels in the address only when deliveries are not signed."""
    if not settings.webhook_base_url:
        raise UsageError("WEBHOOK_BASE_URL: the public address of this service is needed to register it")
    url = f"{str(settings.webhook_base_url).rstrip('/')}/webhook/crm"
    if settings.webhook_secret is None and settings.webhook_token is not None:
        return f"{url}/{settings.webhook_token.get_secret_value()}"
    return url


async def show(settings: Settings, *, as_json: bool) -> int:
    async with open_database(settings) as db, open_site(settings, db, read_only=True) as site:
        found = await site.crm.subscriptions()
    if found is None:
        raise UsageError(f"webhooks: {_NO_API}")
    urls = [_without_token(s.url, settings) for s in found]
    if as_json:
        print_json([{"id": s.id, "url": url, "events": s.events} for s, url in zip(found, urls, strict=True)])
    else:
        rows = ((s.id, url, ", ".join(s.events)) for s, url in zip(found, urls, strict=True))
        console().print(table(("id", "url", "events"), rows))
    return 0


def _without_token(url: str, settings: Settings) -> str:
    token = settings.webhook_token
    return url.replace(token.get_secret_value(), "***") if token else url


async def register(settings: Settings) -> int:
    where = address(settings)
    async with open_database(settings) as db, open_site(settings, db) as site:
        if not await ensure_registered(site, where):
            raise UsageError(f"webhooks: {_NO_API}")
    console().print("registered")
    return 0


async def remove(settings: Settings, ids: Sequence[str]) -> int:
    own = address(settings) if not ids else None
    async with open_database(settings) as db, open_site(settings, db) as site:
        found = await site.crm.subscriptions()
        if found is None:
            raise UsageError(f"webhooks: {_NO_API}")
        chosen = [s.id for s in found if s.id in ids or s.url == own]
        unknown = set(ids) - {s.id for s in found}
        if unknown:
            raise UsageError(f"webhooks: there is no subscription {', '.join(sorted(unknown))}")
        for subscription_id in chosen:
            await site.crm.unsubscribe(subscription_id)
    console().print(f"removed {len(chosen)}")
    return 0


async def ensure_registered(site: Site, where: str) -> bool:
    """Register this address unless it is. False: the CRM has no webhook API."""
    found = await site.crm.subscriptions()
    if found is None:
        return False
    if any(subscription.url == where for subscription in found):
        return True
    return await site.crm.subscribe(where, EVENTS) is not None


async def keep_registering(site: Site, where: str) -> None:
    """Register at the start of the service, trying again while the CRM cannot be reached."""
    while True:
        try:
            done = await ensure_registered(site, where)
            logger.info("webhooks.registered" if done else "webhooks.no_api")
            return
        except SyncError as error:
            logger.warning("webhooks.registration_failed", reason=error.reason)
        await asyncio.sleep(_AGAIN_SECONDS)
