"""No notice is lost on its way through the queue: not to an echo before it, not to a job that broke off."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.jobs import queue
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Status, TransactionId, Trigger
from hamgam.sandbox import Fault, FaultKind
from tests.bench import Bench, bench
from tests.jobs.test_worker import until, worker

OURS = TransactionId(uuid4())


def notice(crm_id: str = "a", trigger: Trigger = Trigger.WEBHOOK, **more: Any) -> ChangeNotice:
    return ChangeNotice(key=EntityKey(Entity.CUSTOMER, CrmId(crm_id)), trigger=trigger, **more)


async def put(db: Database, *notices: ChangeNotice, **options: Any) -> None:
    async with db.transaction() as connection:
        await queue.enqueue(connection, notices, **options)


async def waiting(db: Database) -> ChangeNotice:
    [job] = await db.execute(text("SELECT args FROM procrastinate_jobs WHERE status = 'todo'"))
    return queue.notice_of(job.args)


async def end_all(db: Database, status: str) -> None:
    await db.execute(text(f"UPDATE procrastinate_jobs SET status = '{status}'::procrastinate_job_status"))


# An echo does not stand for the edit that came after it


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("first", [OURS, TransactionId(uuid4()), None])
@pytest.mark.parametrize("second", [OURS, None])
async def test_a_waiting_notice_stands_for_all_that_came(
    db: Database, together: bool, first: TransactionId | None, second: TransactionId | None
) -> None:
    notices = [notice(transaction_id=first), notice(transaction_id=second)]
    if together:
        await put(db, *notices)
    else:
        for each in notices:
            await put(db, each)
    assert (await waiting(db)).transaction_id == (first if first == second else None)


async def test_an_edit_after_an_echo_arrives(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        await b.sync(crm_id)
        [mapping] = await b.rows('SELECT * FROM "EntityMapping"')
        b.box.crm.edit(crm_id, nickName="ویرایش", deliver=False)
        await put(db, notice(crm_id, transaction_id=TransactionId(mapping.lastSyncTransactionId)))
        await put(db, notice(crm_id))
        b.clock.pass_seconds(60)
        done = await b.sync(crm_id, transaction_id=(await waiting(db)).transaction_id)
        assert done.status is Status.SUCCESS


async def test_a_person_who_asks_passes_the_gate(db: Database) -> None:
    await put(db, notice(trigger=Trigger.POLL))
    await put(db, notice(trigger=Trigger.MANUAL, payload={"retry": "x"}), now=True)
    found = await waiting(db)
    assert (found.trigger, found.payload) == (Trigger.MANUAL, {"retry": "x"})


async def test_notices_that_come_meanwhile_use_up_no_retries(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        b.box.faults.add(Fault(FaultKind.RATE_LIMITED, system="crm", operation="person/get", retry_after=60))
        await put(db, notice(crm_id))
        outcome = await b.sync(crm_id)
        assert outcome.status is Status.PENDING
        [job] = await b.jobs()
        assert job.scheduled_at == outcome.again_at
        await put(db, notice(crm_id))
        assert [job.scheduled_at for job in await b.jobs()] == [outcome.again_at]


async def test_what_cannot_be_synced_is_not_tried_again_at_once(db: Database) -> None:
    async with bench(db) as b:
        b.box.finance.add_contact(Name="کسی", MobileNo="09121112233")
        crm_id = b.person(customerNumber="77")
        await put(db, notice(crm_id))
        assert (await b.sync(crm_id)).status is Status.FAILED
        [job] = await b.jobs()
        assert job.scheduled_at == b.clock() + timedelta(seconds=2)


# Jobs that ended without having looked


@pytest.mark.parametrize("status", ["failed", "aborted"])
async def test_a_job_that_broke_off_is_run_again(db: Database, status: str) -> None:
    """As a job does whose database went away before its log row was opened."""
    async with bench(db) as b:
        await put(db, notice(b.person()))
        await end_all(db, status)
        async with worker(b):
            await b.box.journal.wait_for(1, system="finance", effect="write")
            await until(lambda: _nothing_left(b))


async def _nothing_left(b: Bench) -> bool:
    jobs = await b.rows("SELECT 1 FROM procrastinate_jobs WHERE task_name = 'sync'")
    return not jobs


@pytest.mark.parametrize("status", ["failed", "aborted", "doing"])
async def test_a_follow_up_serves_for_a_job_that_broke_off(db: Database, status: str) -> None:
    await put(db, notice("a"), notice("b"))
    await end_all(db, status)
    await put(db, notice("a"))
    for job in await db.execute(text("SELECT id FROM procrastinate_jobs WHERE status <> 'todo'")):
        await queue.release(db, job.id)
    rows = await db.execute(text("SELECT queueing_lock, status FROM procrastinate_jobs ORDER BY 1"))
    assert [tuple(row) for row in rows] == [("customer:a", "todo"), ("customer:b", "todo")]


async def test_of_two_broken_jobs_of_one_entity_one_waits(db: Database) -> None:
    for _ in range(2):
        await put(db, notice())
        await end_all(db, "failed")
    broken = await queue.broken_off(db)
    assert len(broken) == 2
    await asyncio.gather(*(queue.release(db, job_id) for job_id in broken))
    rows = list(await db.execute(text("SELECT status FROM procrastinate_jobs")))
    assert [row.status for row in rows] == ["todo"]
    assert await queue.broken_off(db) == []


# A document by hand whose kind could not be asked


async def test_a_quote_that_was_taken_for_an_invoice_is_looked_at_as_a_quote(db: Database) -> None:
    async with bench(db) as b:
        line = {"productCode": "1", "count": 1, "baseUnitPrice": 1000, "productUnitTypeName": "عدد"}
        quote = b.box.crm.add_document("quote", b.person(), [line])
        await b.box.take_down("crm")
        away = await b.sync(quote, entity=Entity.INVOICE, trigger=Trigger.MANUAL)
        assert away.again_at is not None
        postponed = await waiting(db)
        await end_all(db, "succeeded")
        await b.box.bring_up("crm")
        looked = await b.sync(
            quote, entity=Entity.INVOICE, trigger=postponed.trigger, payload=postponed.payload
        )
        assert looked.status is Status.SKIPPED
        as_quote = await waiting(db)
        assert as_quote.key == EntityKey(Entity.QUOTE, CrmId(quote))
        await end_all(db, "succeeded")
        assert (await b.sync(quote, entity=Entity.QUOTE, trigger=Trigger.MANUAL)).status is Status.SUCCESS
        unknown = await b.sync(str(uuid4()), entity=Entity.INVOICE, trigger=Trigger.MANUAL)
        assert unknown.status is Status.SKIPPED
        assert await b.jobs() == []
