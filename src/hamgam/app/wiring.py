"""Puts the parts together. The only module that knows which CRM and which finance system there are."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import structlog

from hamgam.app.background import background
from hamgam.app.signals import wait_out
from hamgam.db import schema
from hamgam.db.embedded import embedded_server
from hamgam.db.engine import DATABASE_GONE, Database
from hamgam.db.presence import Presence
from hamgam.intake.poll import poll
from hamgam.jobs.importing import ImportTerms
from hamgam.jobs.worker import Work
from hamgam.model import System, TransactionId
from hamgam.settings import Settings
from hamgam.sync.decide import DeletePolicy, InvoiceUpdatePolicy
from hamgam.sync.match import MatchKey
from hamgam.sync.numbers import NumberRule
from hamgam.sync.site import Rules, Site, SiteCodes
from hamgam.systems.breaker import Breaker, OutageObserver
from hamgam.systems.http import HttpClient
from hamgam.systems.limits import LocalLimiter
from hamgam.systems.payamgostar.client import PayamgostarConnector
from hamgam.systems.siagh.client import SiaghConnector
from hamgam.trail import mapping
from hamgam.trail.outages import OutageNotes
from hamgam.trail.remote import CallTally, SharedSessions

logger = structlog.get_logger()

_SHARE_SECONDS = 1.0


def utcnow() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database, running and with the schema that this program needs.

    Raises `Unavailable` when it cannot be reached, `UsageError` when it is newer than this program.
    """
    async with database_url(settings) as url:
        await asyncio.to_thread(schema.upgrade, url)
        db = Database(url, pool_size=2 * settings.sync_concurrency + 6)
        try:
            yield db
        finally:
            await db.aclose()


@asynccontextmanager
async def database_url(settings: Settings) -> AsyncIterator[str]:
    """The configured server, or the embedded one, which runs while somebody uses it."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    server = embedded_server(settings.data_dir)
    entering = asyncio.ensure_future(asyncio.to_thread(server.__enter__))
    try:
        await wait_out(entering)
        yield entering.result()
    finally:
        # Whoever is told to stop while the server starts has to stop it as well.
        if entering.exception() is None:
            await wait_out(asyncio.ensure_future(asyncio.to_thread(server.__exit__, None, None, None)))


@asynccontextmanager
async def open_site(settings: Settings, db: Database, *, read_only: bool = False) -> AsyncIterator[Site]:
    """Both systems, ready for the flows. With `read_only` no write leaves this process (dry run).

    Raises `UsageError` when the settings of a remote system are missing or wrong.
    """
    settings.require_remote()
    tally = CallTally(db, utcnow)
    limiters = {
        System.CRM: LocalLimiter(settings.crm_max_concurrency, settings.crm_rate_per_second),
        System.FINANCE: LocalLimiter(settings.finance_max_concurrency, settings.finance_rate_per_second),
    }
    clients = {
        system: _client(settings, system, limiters[system], tally, read_only=read_only) for system in System
    }
    site = _site(settings, db, clients)
    notes = OutageNotes(db, utcnow)
    site = replace(site, breakers=_breakers(site, notes))
    async with Presence(db) as presence:
        await _divide(settings, presence, limiters)
        house = partial(_keep_house, settings, presence, limiters, tally, notes)
        try:
            async with background("housekeeping", house):
                yield site
        finally:
            await asyncio.gather(*(breaker.aclose() for breaker in site.breakers.values()))
            await asyncio.gather(*(client.aclose() for client in clients.values()))
            await _flush(tally)


def work(settings: Settings, site: Site) -> Work:
    """What a worker of this installation does."""

    async def poll_now() -> int:
        return await poll(
            site,
            overlap_seconds=settings.poll_overlap_seconds,
            max_change_percent=settings.max_change_percent,
        )

    return Work(
        site=site,
        poll=poll_now,
        poll_interval_seconds=settings.poll_interval_seconds,
        concurrency=settings.sync_concurrency,
        retention_days=settings.log_retention_days,
        imports=ImportTerms(
            max_change_percent=settings.max_change_percent, concurrency=settings.crm_max_concurrency
        ),
    )


def _client(
    settings: Settings, system: System, limiter: LocalLimiter, tally: CallTally, *, read_only: bool
) -> HttpClient:
    address = settings.crm_api_base_url if system is System.CRM else settings.finance_api_base_url
    at_once = settings.crm_max_concurrency if system is System.CRM else settings.finance_max_concurrency
    return HttpClient(
        str(address),
        system,
        timeout_seconds=settings.http_timeout_seconds,
        limiter=limiter,
        observer=tally,
        read_only=read_only,
        max_connections=at_once,
    )


def _site(settings: Settings, db: Database, clients: dict[System, HttpClient]) -> Site:
    sessions = SharedSessions(db)
    crm_password, finance_password = settings.crm_password, settings.finance_password
    assert crm_password and finance_password and settings.crm_username and settings.finance_username
    return Site(
        db=db,
        crm=PayamgostarConnector(
            clients[System.CRM], sessions, settings.crm_username, crm_password.get_secret_value(), utcnow
        ),
        finance=SiaghConnector(
            clients[System.FINANCE],
            sessions,
            settings.finance_username,
            finance_password.get_secret_value(),
            utcnow,
            mapped=partial(mapping.count_customers, db),
        ),
        rules=rules(settings),
        clock=utcnow,
        sleep=asyncio.sleep,
        new_transaction=lambda: TransactionId(uuid4()),
        random=random.random,
    )


def _breakers(site: Site, observer: OutageObserver) -> dict[System, Breaker]:
    alive = {System.CRM: site.crm.alive, System.FINANCE: site.finance.alive}
    return {
        system: Breaker(system, alive[system], observer=observer, random=site.random, sleep=site.sleep)
        for system in System
    }


def rules(settings: Settings) -> Rules:
    return Rules(
        gate_seconds=settings.sync_gate_seconds,
        retries_allowed=settings.max_retry_attempts,
        numbers=NumberRule(settings.customer_number_prefix, settings.customer_number_offset),
        match_keys=tuple(MatchKey(key) for key in settings.match_keys),
        on_delete=DeletePolicy(settings.delete_policy),
        on_invoice_update=InvoiceUpdatePolicy(settings.invoice_update_policy),
        write_back_reference=settings.write_back == "ref_id",
        polls=settings.poll_interval_seconds > 0,
        codes=SiteCodes(
            sale_model=settings.preinvoice_sale_model,
            payment_kind=settings.preinvoice_payment_kind,
            sales_center=settings.preinvoice_sales_center,
            sale_kind=settings.preinvoice_sale_kind,
            intermediary=settings.preinvoice_intermediary,
            contact=settings.preinvoice_contact,
        ),
    )


async def _keep_house(
    settings: Settings,
    presence: Presence,
    limiters: dict[System, LocalLimiter],
    tally: CallTally,
    notes: OutageNotes,
) -> None:
    while True:
        await asyncio.sleep(_SHARE_SECONDS)
        try:
            await _divide(settings, presence, limiters)
            await tally.flush()
            await notes.flush()
        except DATABASE_GONE as error:
            logger.debug("housekeeping.database_gone", error=type(error).__name__)


async def _divide(settings: Settings, presence: Presence, limiters: dict[System, LocalLimiter]) -> None:
    """Take this process's part of the load that each system may see from the whole installation."""
    share = await presence.share()
    limiters[System.CRM].set_share(
        share.of(settings.crm_max_concurrency), settings.crm_rate_per_second / share.members
    )
    limiters[System.FINANCE].set_share(
        share.of(settings.finance_max_concurrency), settings.finance_rate_per_second / share.members
    )


async def _flush(tally: CallTally) -> None:
    try:
        await tally.flush()
    except DATABASE_GONE as error:
        logger.debug("tally.lost", error=type(error).__name__)
