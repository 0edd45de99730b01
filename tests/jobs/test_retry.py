"""Putting a failed sync back, while another sync of the same entity runs."""

import asyncio
from typing import Any

from hamgam.db.engine import Database
from hamgam.jobs.runner import resume_held_up, retry
from hamgam.model import Entity
from tests.bench import Bench, bench

LINE: dict[str, Any] = {"productCode": "1", "count": 1, "baseUnitPrice": 10, "productUnitTypeName": "عدد"}


async def held_up(b: Bench) -> tuple[str, Any]:
    """An invoice that failed for want of its customer, who is in finance by now, and the row that says so."""
    other = b.box.finance.add_contact(Name="کسی دیگر", MobileNo="09121112233")
    customer = b.person()
    invoice = b.box.crm.add_document("invoice", customer, [LINE])
    await b.sync(invoice, entity=Entity.INVOICE)
    b.box.finance.edit_contact(other, MobileNo="09120000000")
    await b.sync(customer)
    [row] = await b.rows('SELECT id FROM "SyncLog" WHERE "sourceEntity" = \'invoice\'')
    return f"invoice:{invoice}", row.id


async def test_what_is_held_up_is_left_alone_while_a_sync_of_it_runs(db: Database) -> None:
    """Its end touches the same rows; what it leaves is looked at ten seconds later."""
    async with bench(db) as b:
        key, _ = await held_up(b)
        async with db.locked(key):
            await resume_held_up(db)
            assert await b.jobs() == []
        await resume_held_up(db)
        assert [job.queueing_lock for job in await b.jobs()] == [key]


async def test_a_person_who_retries_waits_for_the_sync_that_runs(db: Database) -> None:
    async with bench(db) as b:
        key, log_id = await held_up(b)
        async with db.locked(key):
            retrying = asyncio.create_task(retry(db, log_id))
            async with asyncio.timeout(30):
                while not await b.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                    await asyncio.sleep(0.01)
            assert await b.jobs() == []
        assert str(await retrying) == key
        assert [job.queueing_lock for job in await b.jobs()] == [key]
