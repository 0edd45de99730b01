"""How many syncs speak to the remote systems at once, and that none waits for one that waits for it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hamgam.db.engine import Database
from hamgam.jobs.runner import run_notice
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Status, Trigger
from hamgam.sandbox import Fault, FaultKind
from hamgam.sync.site import Outcome, Place
from tests.bench import Bench, bench


async def together(b: Bench, places: int, *keys: EntityKey) -> list[Outcome]:
    """All at once, with so many places."""
    site = replace(b.site, places=asyncio.Semaphore(places))
    notices = [ChangeNotice(key=key, trigger=Trigger.WEBHOOK) for key in keys]
    async with asyncio.timeout(20):
        return list(await asyncio.gather(*(run_notice(site, notice) for notice in notices)))


def customers(b: Bench, count: int) -> list[EntityKey]:
    ids = [b.person(customerNumber=str(n), mobile=f"0912000000{n}") for n in range(count)]
    return [EntityKey(Entity.CUSTOMER, crm_id) for crm_id in ids]


@pytest.mark.parametrize("places", [1, 2, 5])
async def test_no_more_speak_at_once_than_there_are_places(db: Database, places: int) -> None:
    async with bench(db) as b:
        b.box.latency_seconds = 0.01
        done = await together(b, places, *customers(b, 5))
        assert {each.status for each in done} == {Status.SUCCESS}
        assert max(b.box.journal.max_parallel(system) for system in ("crm", "finance")) <= places
        assert b.box.journal.max_parallel("crm") == places


async def test_a_document_and_its_new_customer_do_not_wait_for_each_other(db: Database) -> None:
    async with bench(db) as b:
        b.box.latency_seconds = 0.01
        [customer] = customers(b, 1)
        line = {"productCode": "1001", "productName": "سیمان", "count": 1, "baseUnitPrice": 5}
        invoice = CrmId(b.box.crm.add_document("invoice", customer.crm_id, [line]))
        done = await together(b, 1, EntityKey(Entity.INVOICE, invoice), customer)
        assert done[0].status is Status.SUCCESS
        assert done[1].status in (Status.SUCCESS, Status.PENDING)
        assert len(b.box.finance.contacts) == len(b.box.finance.documents) == 1


async def test_a_sync_that_fails_gives_its_place_back(db: Database) -> None:
    async with bench(db) as b:
        b.box.faults.add(Fault(FaultKind.STATUS, operation="*/get", status=503, times=2))
        first, second, third = await together(b, 1, *customers(b, 3))
        assert [first.status, second.status, third.status].count(Status.PENDING) == 2
        assert [first.status, second.status, third.status].count(Status.SUCCESS) == 1


async def test_the_time_that_a_sync_waits_for_its_place_is_no_work_on_it(db: Database) -> None:
    async with bench(db) as b:
        places, [customer] = asyncio.Semaphore(0), customers(b, 1)
        notice = ChangeNotice(key=customer, trigger=Trigger.WEBHOOK)
        async with asyncio.timeout(20):
            running = asyncio.create_task(run_notice(replace(b.site, places=places), notice))
            while not await b.log():
                await asyncio.sleep(0.01)
            b.clock.pass_seconds(60)
            places.release()
            await running
        [row] = await b.log()
        assert row.completedAt - row.startedAt >= timedelta(seconds=60)
        assert row.durationMs < 60_000


async def test_a_place_is_given_back_once() -> None:
    places = asyncio.Semaphore(1)
    one, other = Place(places), Place(places)
    await one.take()
    await one.take()
    one.leave()
    one.leave()
    await other.take()
    assert places.locked()
