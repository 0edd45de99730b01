"""The remote systems as the pages and the API tell of them: state, session, calls, webhooks, settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from hamgam.app.answers import Answer
from hamgam.app.context import WebContext
from hamgam.app.probing import under_way
from hamgam.app.remote import Connection, connections_of
from hamgam.app.subscriptions import address, typed_addresses, without_token
from hamgam.errors import UsageError
from hamgam.model import System
from hamgam.settings import Settings, describe
from hamgam.trail import probes, pulse
from hamgam.trail.probes import Probe
from hamgam.trail.pulse import Delivery

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    now: datetime
    systems: Mapping[System, Connection]
    delivery: Delivery | None
    probe: Probe | None
    probing: Probe | None


async def connections(context: WebContext) -> Connections:
    return Connections(
        now=context.clock(),
        systems=await connections_of(context.db),
        delivery=await pulse.last_delivery(context.db),
        probe=await probes.newest(context.db, ended=True),
        probing=await under_way(context),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDoor:
    """Where the CRM delivers: addresses with their token hidden, unless it was asked for."""

    enabled: bool
    signed: bool
    registered: str
    """The address that is registered; "" without a public address."""
    typed: Mapping[str, str]
    secret: str
    """"" where deliveries are not signed."""


def webhook_door(settings: Settings, *, shown: bool = False) -> WebhookDoor:
    try:
        registered, typed = address(settings), typed_addresses(settings)
    except UsageError:
        registered, typed = "", {}
    if not shown:
        registered = without_token(registered, settings)
        typed = {kind: without_token(url, settings) for kind, url in typed.items()}
    secret = settings.webhook_secret
    return WebhookDoor(
        enabled=settings.enable_webhooks,
        signed=secret is not None,
        registered=registered,
        typed=typed,
        secret=secret.get_secret_value() if secret and shown else settings.spelled("WEBHOOK_SECRET"),
    )


def revealed(settings: Settings, by: str) -> WebhookDoor:
    """With the secrets. The process log says who asked for them."""
    logger.warning("webhooks.secret_shown", by=by)
    return webhook_door(settings, shown=True)


class SettingShown(Answer):
    """One setting; a secret is never spelled out."""

    name: str
    value: str
    """As one would type it; "" for none."""
    default: str
    secret: bool
    source: str
    """`environment`, `.env` or `default`."""
    line: int | None
    """Of `.env`."""
    file_of: str | None
    """The setting that names the file in which the value is."""
    meaning: str


def settings_shown(settings: Settings) -> list[SettingShown]:
    rows = []
    for doc in describe():
        source = settings.source(doc.name)
        rows.append(
            SettingShown(
                name=doc.name,
                value=settings.spelled(doc.name),
                default=doc.default,
                secret=doc.secret,
                source=source.place,
                line=source.line,
                file_of=source.file_of or None,
                meaning=doc.meaning,
            )
        )
    return rows
