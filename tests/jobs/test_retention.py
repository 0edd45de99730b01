"""After `LOG_RETENTION_DAYS` every outcome is left, and of customers the names of those who are mapped."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.intake.webhook import accept
from hamgam.jobs import queue
from hamgam.jobs.worker import Work, Worker
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Status, Trigger
from hamgam.sandbox import Fault, FaultKind
from tests.bench import Bench, bench
from tests.jobs.test_worker import until, worker

NAME, MOBILE = "قناری‌نام", "09351234567"


async def tables_with(b: Bench, value: str) -> set[str]:
    """Every table of the database that holds this text anywhere."""
    names = await b.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {
        name
        for (name,) in names
        if await b.rows(f'SELECT 1 FROM "{name}" row WHERE row::text LIKE :value LIMIT 1', value=f"%{value}%")
    }


async def purge_as_of(b: Bench, days: float) -> None:
    """The daily purge, so many days from now."""
    later = b.clock() + timedelta(days=days)

    async def never() -> None:
        raise AssertionError

    site = replace(b.site, clock=lambda: later)
    work = Work(site=site, poll=never, poll_interval_seconds=0, concurrency=1, retention_days=365)
    await Worker(b.db.url, work)._purge(0)


@pytest.mark.parametrize("lost", [False, True])
async def test_nothing_but_the_name_of_who_is_mapped_stays_longer_than_allowed(
    db: Database, lost: bool
) -> None:
    async with bench(db, gate_seconds=0) as b:
        crm_id = b.person(nickName=NAME, mobile=MOBILE)
        if lost:
            b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", effect="write"))
        notice = ChangeNotice(
            key=EntityKey(Entity.CUSTOMER, CrmId(crm_id)), trigger=Trigger.WEBHOOK, payload={"name": NAME}
        )
        await accept(db, notice)
        async with worker(b):

            async def synced() -> bool:
                done = await b.rows("""SELECT 1 FROM "SyncLog" WHERE status = 'SUCCESS'""")
                return bool(done) and await queue.depth(db) == 0

            await until(synced)
        outcomes = [(row.status, row.operation, row.targetEntityId) for row in await b.log()]
        assert await tables_with(b, NAME) == {"RecordName", "SyncLog", "WebhookDelivery"}
        await purge_as_of(b, 364)
        assert await tables_with(b, NAME) == {"RecordName", "SyncLog", "WebhookDelivery"}
        await purge_as_of(b, 366)
        assert await tables_with(b, NAME) == await tables_with(b, MOBILE) == {"RecordName"}
        await db.execute(text('DELETE FROM "EntityMapping"'))
        await purge_as_of(b, 366)
        assert await tables_with(b, NAME) == await tables_with(b, MOBILE) == set()
        assert [(row.status, row.operation, row.targetEntityId) for row in await b.log()] == outcomes


async def test_what_still_asks_for_a_person_keeps_its_data_until_it_is_settled(db: Database) -> None:
    async with bench(db) as b:
        b.box.finance.add_contact(Name="کسی", MobileNo=MOBILE)
        crm_id = b.person(nickName=NAME, mobile=MOBILE, customerNumber="77")
        assert (await b.sync(crm_id)).status is Status.FAILED
        await purge_as_of(b, 366)
        assert await tables_with(b, NAME) == {"RecordName", "SyncLog"}
        await db.execute(text('UPDATE "SyncLog" SET "resolvedAt" = now()'))
        await purge_as_of(b, 366)
        assert await tables_with(b, NAME) == set()
