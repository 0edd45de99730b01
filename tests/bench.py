"""The engine on a workbench: both sandbox systems, real connectors, a real database, a clock that is set."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from aiohttp.abc import AbstractResolver
from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.intake.poll import poll
from hamgam.jobs import queue
from hamgam.jobs.runner import run_notice
from hamgam.model import (
    ChangeNotice,
    CrmId,
    Entity,
    EntityKey,
    System,
    TransactionId,
    Trigger,
)
from hamgam.sandbox import (
    CRM_PASSWORD,
    CRM_USERNAME,
    FINANCE_PASSWORD_MD5,
    FINANCE_USERNAME,
    CrmMood,
    FinanceMood,
    Sandbox,
)
from hamgam.sync.import_lines import Line
from hamgam.sync.initial_import import ImportOptions, ImportResult, Watcher, initial_import
from hamgam.sync.site import Outcome, Rules, Site
from hamgam.systems.breaker import Breaker
from hamgam.systems.http import HttpClient
from hamgam.systems.limits import LocalLimiter
from hamgam.systems.payamgostar.client import PayamgostarConnector
from hamgam.systems.ports import CrmConnector, FinanceConnector, Limiter
from hamgam.systems.siagh.client import SiaghConnector
from hamgam.trail import mapping
from hamgam.trail.remote import CallTally, SharedSessions
from tests.trouble import Outages


class Clock:
    """Aware UTC; moves only when it is told to."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Bench:
    def __init__(self, box: Sandbox, site: Site, clock: Clock, tally: CallTally, outages: Outages) -> None:
        self.tally = tally
        self.outages = outages
        self.box = box
        self.site = site
        self.db = site.db
        self.clock = clock

    def person(self, **fields: Any) -> CrmId:
        """A customer in the CRM, with a mobile unless told otherwise."""
        given = {"nickName": "سارا محمدی", "customerNumber": "900"} | fields
        mobile = given.pop("mobile", "09121112233")
        phones = [{"default": True, "phoneType": "Mobile", "phoneNumber": mobile}] if mobile else []
        return CrmId(self.box.crm.add_customer("person", phoneContacts=phones, **given))

    def with_finance(self, finance: FinanceConnector) -> "Bench":
        """The same bench with another finance system in its place."""
        return Bench(self.box, replace(self.site, finance=finance), self.clock, self.tally, self.outages)

    def with_crm(self, crm: CrmConnector) -> "Bench":
        """The same bench with another CRM in its place."""
        return Bench(self.box, replace(self.site, crm=crm), self.clock, self.tally, self.outages)

    async def sync(
        self,
        crm_id: str,
        *,
        entity: Entity = Entity.CUSTOMER,
        trigger: Trigger = Trigger.WEBHOOK,
        later: bool = True,
        **more: Any,
    ) -> Outcome:
        """Look at one entity; `later` lets the time gate open first."""
        if later:
            self.clock.pass_seconds(60)
        notice = ChangeNotice(key=EntityKey(entity, CrmId(crm_id)), trigger=trigger, **more)
        return await run_notice(self.site, notice)

    async def sync_next(self) -> Outcome:
        """Run the one job that waits, at the time for which it is scheduled."""
        [job] = await self.jobs()
        self.clock.now = max(self.clock.now, job.scheduled_at or self.clock.now)
        await self.rows("DELETE FROM procrastinate_jobs WHERE id = :id RETURNING 1", id=job.id)
        return await run_notice(self.site, queue.notice_of(job.args))

    async def poll_and_sync(self, *, after_seconds: float = 300) -> list[Outcome]:
        """One poll, and every look that it asks for."""
        self.clock.pass_seconds(after_seconds)
        await poll(self.site, overlap_seconds=120, max_change_percent=100)
        found = await self.rows("DELETE FROM procrastinate_jobs WHERE task_name = 'sync' RETURNING args")
        return [await run_notice(self.site, queue.notice_of(job.args)) for job in found]

    async def run_import(self, **options: Any) -> tuple[ImportResult, list[Line]]:
        lines: list[Line] = []
        watcher = Watcher(planned=lambda total: None, ended=lines.append)
        return await initial_import(self.site, ImportOptions(**options), watcher), lines

    def contact(self, finance_id: str | None) -> dict[str, Any]:
        return self.box.finance.contacts[int(finance_id or 0)]

    def writes(self, system: str) -> list[str]:
        return [entry.operation for entry in self.box.journal.calls(system=system, effect="write")]

    def calls(self, system: str) -> list[str]:
        """The operations that were asked of a system, logins left out."""
        return [e.operation for e in self.box.journal.calls(system=system) if e.effect != "login"]

    async def rows(self, sql: str, **parameters: Any) -> list[Any]:
        return list(await self.db.execute(text(sql), parameters))

    async def log(self) -> list[Any]:
        return await self.rows('SELECT * FROM "SyncLog" ORDER BY "startedAt", id')

    async def jobs(self) -> list[Any]:
        return await self.rows("SELECT * FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")


@asynccontextmanager
async def bench(
    db: Database,
    *,
    crm_mood: CrmMood | None = None,
    finance_mood: FinanceMood | None = None,
    read_only: bool = False,
    timeout_seconds: float = 5,
    page_size: int = 100,
    finance_password: str = FINANCE_PASSWORD_MD5,
    limiters: Mapping[System, Limiter] | None = None,
    host: str = "127.0.0.1",
    resolver: AbstractResolver | None = None,
    pause: Callable[[float], Awaitable[object]] | None = None,
    **rules: Any,
) -> AsyncIterator[Bench]:
    """`pause` is how the circuit breakers sleep; without it there are none. `resolver` finds `host`."""
    clock, outages = Clock(), Outages()
    share = limiters or {system: LocalLimiter(8, 0) for system in System}

    async def sleep(seconds: float) -> None:
        clock.pass_seconds(seconds)
        await asyncio.sleep(0)

    tally = CallTally(db, clock)
    async with Sandbox(crm_mood=crm_mood, finance_mood=finance_mood) as box:
        clients = {
            system: HttpClient(
                address.replace("127.0.0.1", host),
                system,
                timeout_seconds=timeout_seconds,
                limiter=share[system],
                observer=tally,
                read_only=read_only,
                resolver=resolver,
            )
            for system, address in ((System.CRM, box.crm_url), (System.FINANCE, box.finance_url))
        }
        sessions = SharedSessions(db)
        site = Site(
            db=db,
            crm=PayamgostarConnector(
                clients[System.CRM], sessions, CRM_USERNAME, CRM_PASSWORD, clock, page_size
            ),
            finance=SiaghConnector(
                clients[System.FINANCE],
                sessions,
                FINANCE_USERNAME,
                finance_password,
                clock,
                mapped=partial(mapping.count_customers, db),
            ),
            rules=Rules(**rules),
            clock=clock,
            sleep=sleep,
            new_transaction=lambda: TransactionId(uuid4()),
            random=lambda: 0.5,
        )
        if pause is not None:
            alive = {System.CRM: site.crm.alive, System.FINANCE: site.finance.alive}
            site = replace(
                site,
                breakers={
                    system: Breaker(system, alive[system], observer=outages, random=site.random, sleep=pause)
                    for system in System
                },
            )
        try:
            yield Bench(box, site, clock, tally, outages)
        finally:
            for breaker in site.breakers.values():
                await breaker.aclose()
            for client in clients.values():
                await client.aclose()
