"""`/api/v1/connections`, `/api/v1/webhooks` and `/api/v1/settings`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from hamgam.app import subscriptions
from hamgam.app.access import Admin, Viewer
from hamgam.app.answers import Answer
from hamgam.app.connections import (
    Connections,
    SettingShown,
    WebhookDoor,
    connections,
    revealed,
    settings_shown,
    webhook_door,
)
from hamgam.app.context import WebContext
from hamgam.app.probing import check_site
from hamgam.app.reaching import reached
from hamgam.app.remote import Connection
from hamgam.errors import UsageError
from hamgam.model import System
from hamgam.trail.probes import Probe

logger = structlog.get_logger()

_ID = Annotated[str, Path(pattern=r"^[^\x00-\x1f]{1,200}$")]


class Session(Answer):
    """The login that all processes share; never the login itself."""

    exists: bool
    since: datetime | None
    login_refused_at: datetime | None
    """When the credentials of then were refused last."""
    next_login_at: datetime | None
    """The earliest next try with credentials that were refused."""


class Breaker(Answer):
    """Open: some process holds its calls back, because the system is down."""

    open: bool
    since: datetime | None
    next_try: datetime | None


class RemoteSystem(Answer):
    state: str
    """`ok`, the reason code of the last failed call, or `unknown` before the first one."""
    since: datetime | None
    last_contact: datetime | None
    waiting_since: datetime | None
    """Since when a call of any process has been waiting for its answer; null for less than 5 seconds."""
    calls: int
    """Since the installation was set up, of all processes."""
    errors: dict[str, int]
    """Calls that failed, by reason code."""
    mean_ms: float | None
    session: Session
    breaker: Breaker


class ProbeFinding(Answer):
    code: str
    value: str
    meaning: str


class ProbedSystem(Answer):
    reachable: bool
    login: bool
    findings: list[ProbeFinding]
    ms: dict[str, float]
    """How long each reading took, in milliseconds."""


class SiteProbe(Answer):
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    trouble: str | None
    """Why there is no report: `TOOK_TOO_LONG`, or `CUT_OFF` with the process that asked."""
    report: dict[System, ProbedSystem] | None


class ConnectionsShown(Answer):
    systems: dict[System, RemoteSystem]
    last_delivery: datetime | None
    """When the CRM last called a webhook address."""
    probe: SiteProbe | None
    """The last one that has ended."""
    probing_since: datetime | None


class Subscription(Answer):
    id: str
    url: str
    events: list[str]


class Door(Answer):
    """Where the CRM is to deliver."""

    enabled: bool
    """Whether deliveries are accepted (`ENABLE_WEBHOOKS`)."""
    signed: bool
    address: str | None
    """The address that is registered; null without `WEBHOOK_BASE_URL`."""
    addresses_by_query: dict[str, str]
    """For a CRM without a webhook API, by what each is for."""
    secret: str | None
    """The key for signatures; hidden unless it was asked for."""


class Webhooks(Door):
    subscriptions: list[Subscription]
    """Those that the CRM knows, of whatever installation."""


_BUSY: dict[int | str, dict[str, Any]] = {
    409: {"description": "The site is being checked already"},
    503: {"description": "The database does not answer, or this process does not reach the systems"},
}
_CALLS_CRM: dict[int | str, dict[str, Any]] = {
    409: {
        "description": "The CRM has no webhook API or no such subscription, or a setting is missing",
    },
    502: {"description": "The CRM failed; `detail` begins with the reason code"},
    503: {
        "description": "The database does not answer, or this process does not reach the CRM",
    },
}


def connection_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["connections"])

    @router.get("/connections")
    async def get_connections(_: Viewer) -> ConnectionsShown:
        """Both remote systems: state, session, calls; and the last probe of the site."""
        return _connections(await connections(context))

    @router.post("/connections/probe", responses=_BUSY)
    async def probe_site(person: Admin) -> SiteProbe:
        """Log in to both systems, read, and say what each build supports. Takes up to a minute."""
        try:
            return _probe(await check_site(context, person.name))
        except UsageError as error:
            raise HTTPException(409, str(error)) from None

    @router.get("/settings")
    async def get_settings(_: Viewer) -> list[SettingShown]:
        """The settings of this process and where each comes from; secrets are hidden."""
        return settings_shown(context.settings)

    return router


def webhook_subscription_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["webhooks"])

    @router.get("/webhooks", responses=_CALLS_CRM)
    async def list_webhooks(_: Viewer) -> Webhooks:
        """Where the CRM is to deliver, secrets hidden, and the subscriptions that it knows. Asks the CRM."""
        async with reached(context.site) as site:
            found = await subscriptions.listed(site, context.settings)
        known = [Subscription(id=s.id, url=s.url, events=list(s.events)) for s in found]
        return Webhooks(**_door(webhook_door(context.settings)).model_dump(), subscriptions=known)

    @router.post("/webhooks", responses=_CALLS_CRM)
    async def register_webhook(person: Admin) -> Door:
        """Register this installation's address with the CRM, unless it is."""
        async with reached(context.site) as site:
            await subscriptions.register(site, context.settings)
        logger.info("webhooks.registered", by=person.name)
        return _door(webhook_door(context.settings))

    @router.post("/webhooks/reveal")
    async def reveal_webhook_secrets(person: Admin) -> Door:
        """The addresses with their token, and the key for signatures. The process log says who asked."""
        return _door(revealed(context.settings, person.name))

    @router.delete("/webhooks/{subscription_id}", status_code=204, responses=_CALLS_CRM)
    async def remove_webhook(person: Admin, subscription_id: _ID) -> None:
        """Remove a subscription from the CRM."""
        async with reached(context.site) as site:
            await subscriptions.remove(site, context.settings, [subscription_id])
        logger.info("webhooks.removed", by=person.name)

    return router


def _door(door: WebhookDoor) -> Door:
    return Door(
        enabled=door.enabled,
        signed=door.signed,
        address=door.registered or None,
        addresses_by_query=dict(door.typed),
        secret=door.secret or None,
    )


def _connections(found: Connections) -> ConnectionsShown:
    return ConnectionsShown(
        systems={system: _remote(each) for system, each in found.systems.items()},
        last_delivery=found.delivery.at if found.delivery else None,
        probe=_probe(found.probe) if found.probe else None,
        probing_since=found.probing.started_at if found.probing else None,
    )


def _remote(found: Connection) -> RemoteSystem:
    state, session, outage = found.state, found.session, found.outage
    return RemoteSystem(
        state=state.state,
        since=state.since,
        last_contact=state.last_contact,
        waiting_since=found.waiting_since,
        calls=state.calls,
        errors=dict(state.errors),
        mean_ms=None if found.mean_ms is None else round(found.mean_ms, 1),
        session=Session(
            exists=session.exists,
            since=session.since,
            login_refused_at=session.refused_at,
            next_login_at=found.tries_login_at,
        ),
        breaker=Breaker(
            open=outage is not None,
            since=outage.since if outage else None,
            next_try=outage.next_try if outage else None,
        ),
    )


def _probe(found: Probe) -> SiteProbe:
    return SiteProbe(
        started_at=found.started_at,
        started_by=found.started_by,
        ended_at=found.ended_at,
        trouble=found.trouble,
        report=_report(found.report),
    )


def _report(stored: Mapping[str, Any]) -> dict[System, ProbedSystem] | None:
    """What another version has stored otherwise is left out."""
    try:
        return {system: ProbedSystem.model_validate(stored[system]) for system in System}
    except (KeyError, ValidationError):
        return None
