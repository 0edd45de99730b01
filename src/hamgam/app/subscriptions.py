"""Webhook subscriptions in the CRM: where it is to deliver, and the list that it keeps."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import structlog

from hamgam.db.engine import DATABASE_GONE
from hamgam.errors import SyncError, UsageError
from hamgam.model import Subscription
from hamgam.settings import HIDDEN, Settings
from hamgam.sync.site import Site

logger = structlog.get_logger()

EVENTS = ("customer.created", "customer.updated", "invoice.created", "invoice.updated")
BY_QUERY = ("identity", "invoice", "quote")
"""The addresses for a CRM that has no webhook API, below `/webhook/crm/`."""
NO_API = "webhooks: this CRM has no webhook API; type the address into the CRM's settings"
_AGAIN_SECONDS = 60
_LOCK = "webhook registration"


class Unknown(UsageError):
    """A subscription that the CRM has not, or not any more."""


def address(settings: Settings) -> str:
    """Where the CRM is to deliver. A token travels in the address only when deliveries are not signed."""
    if settings.webhook_secret is None and settings.webhook_token is not None:
        return f"{_base(settings)}/{settings.webhook_token.get_secret_value()}"
    return _base(settings)


def typed_addresses(settings: Settings) -> dict[str, str]:
    """What a person types into a CRM without an API, by what it is for; nothing without a token."""
    if settings.webhook_token is None:
        return {}
    token = settings.webhook_token.get_secret_value()
    return {kind: f"{_base(settings)}/{kind}/{token}" for kind in BY_QUERY}


def _base(settings: Settings) -> str:
    if not settings.webhook_base_url:
        raise UsageError("WEBHOOK_BASE_URL: the public address of this service is needed to register it")
    return f"{str(settings.webhook_base_url).rstrip('/')}/webhook/crm"


def without_token(url: str, settings: Settings, hidden: str = HIDDEN) -> str:
    token = settings.webhook_token
    return url.replace(token.get_secret_value(), hidden) if token else url


async def listed(site: Site, settings: Settings, hidden: str = HIDDEN) -> list[Subscription]:
    """What the CRM knows, without our token. Raises `UsageError` when it has no webhook API."""
    found = await _known(site)
    return [replace(known, url=without_token(known.url, settings, hidden)) for known in found]


async def _known(site: Site) -> list[Subscription]:
    found = await site.crm.subscriptions()
    if found is None:
        raise UsageError(NO_API)
    return found


async def register(site: Site, settings: Settings) -> None:
    """Register this installation's address unless it is. Raises `UsageError` when that cannot be."""
    if not await ensure_registered(site, address(settings)):
        raise UsageError(NO_API)


async def remove(site: Site, settings: Settings, ids: Collection[str]) -> int:
    """Remove these, or without ids those of our own address; answers how many.

    Raises `UsageError`: of what the CRM has not, `Unknown`.
    """
    own = address(settings) if not ids else None
    found = await _known(site)
    chosen = [s.id for s in found if s.id in ids or s.url == own]
    if unknown := set(ids) - {s.id for s in found}:
        raise Unknown(f"webhooks: there is no subscription {', '.join(sorted(unknown))}")
    for subscription_id in chosen:
        await site.crm.unsubscribe(subscription_id)
    return len(chosen)


async def ensure_registered(site: Site, where: str, events: Sequence[str] = EVENTS) -> bool:
    """Register this address unless it is. False: the CRM has no webhook API.

    One at a time in the installation, so that two who ask at once do not register it twice.
    """
    async with site.db.locked(_LOCK, wait=True):
        found = await site.crm.subscriptions()
        if found is None:
            return False
        if any(subscription.url == where for subscription in found):
            return True
        return await site.crm.subscribe(where, events) is not None


async def keep_registering(site: Site, where: str) -> None:
    """Register at the start of the service, trying again while the CRM or the database cannot be reached."""
    while True:
        try:
            done = await ensure_registered(site, where)
            logger.info("webhooks.registered" if done else "webhooks.no_api")
            return
        except SyncError as error:
            logger.warning("webhooks.registration_failed", reason=error.reason)
        except DATABASE_GONE as error:
            logger.warning("webhooks.registration_failed", error=type(error).__name__)
        await site.sleep(_AGAIN_SECONDS)
