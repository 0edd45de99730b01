"""Several people, or a person and a sync, decide at the same moment: one of them does."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

from hamgam.db.engine import Database
from hamgam.errors import UsageError
from hamgam.jobs.runner import retry
from hamgam.jobs.settling import Settled, settle
from hamgam.model import FinanceId
from tests.bench import bench
from tests.jobs.settling import (
    ambiguous,
    asking,
    lost_invoice,
    only_mapping,
    settled,
)


async def at_once(db: Database, what: list[Callable[[Database], Awaitable[object]]]) -> list[object]:
    """All of it over connections of its own, begun together; a refusal is an answer too."""
    start = asyncio.Event()

    async def one(own: Database, call: Callable[[Database], Awaitable[object]]) -> object:
        await own.check()
        await start.wait()
        try:
            return await call(own)
        except UsageError as error:
            return error

    async with AsyncExitStack() as stack:
        tasks = []
        for call in what:
            own = Database(db.url, pool_size=2)
            stack.push_async_callback(own.aclose)
            tasks.append(asyncio.create_task(one(own, call)))
        await asyncio.sleep(0)
        start.set()
        return list(await asyncio.gather(*tasks))


async def test_of_people_who_settle_one_row_exactly_one_wins(db: Database) -> None:
    async with bench(db) as b:
        await lost_invoice(b)
        row = await asking(b)
        [key] = b.box.finance.documents
        now = b.clock() + timedelta(seconds=1)

        def person(number: int) -> Callable[[Database], Awaitable[object]]:
            choice = FinanceId(key) if number % 2 else None
            return lambda own: settle(own, row.id, choice, by=f"person {number}", now=now)

        answers = await at_once(db, [person(number) for number in range(8)])
        [winner] = [answer for answer in answers if isinstance(answer, Settled)]
        told = [str(answer) for answer in answers if isinstance(answer, UsageError)]
        assert len(told) == 7 and all(f"by {winner.by}" in each for each in told)
        [stored] = await b.rows('SELECT * FROM "SyncLog" WHERE id = :id', id=row.id)
        assert stored.resolvedBy == winner.by
        mapped = await b.rows("""SELECT 1 FROM "EntityMapping" WHERE "entityType" = 'PREINVOICE'""")
        assert len(mapped) == (1 if winner.finance_id else 0)
        assert len(await b.jobs()) == 1


async def test_of_two_records_that_get_one_code_at_once_one_is_told(db: Database) -> None:
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="کسی")
        rows = []
        for number in ("1", "2"):
            national_id = f"000000000{number}"
            for _ in range(2):
                b.box.finance.add_contact(Name="سارا", NationalCode=national_id)
            crm_id = b.person(nationalCode=national_id, customerNumber=f"90{number}", mobile="")
            await b.sync(crm_id)
            rows += await b.rows('SELECT id FROM "SyncLog" WHERE "sourceEntityId" = :id', id=crm_id)

        def chosen(log_id: UUID) -> Callable[[Database], Awaitable[object]]:
            return lambda own: settle(own, log_id, FinanceId(str(code)), by="مریم", now=b.clock())

        answers = await at_once(db, [chosen(row.id) for row in rows])
        assert sorted(type(answer).__name__ for answer in answers) == ["Declined", "Settled"]
        assert (await only_mapping(b, "CUSTOMER")).financeId == str(code)
        assert len(await b.jobs()) == 1


async def test_a_retry_beside_a_decision_does_nothing_twice(db: Database) -> None:
    async with bench(db) as b:
        _, (first, _) = await ambiguous(b)
        row = await asking(b)
        await at_once(
            db,
            [
                lambda own: settle(own, row.id, FinanceId(str(first)), by="مریم", now=b.clock()),
                lambda own: retry(own, row.id),
            ],
        )
        [stored] = await b.rows('SELECT * FROM "SyncLog" WHERE id = :id', id=row.id)
        assert stored.resolvedAt is not None
        assert len(await b.jobs()) == 1
        mapped = await b.rows('SELECT 1 FROM "EntityMapping"')
        assert len(mapped) == (1 if stored.resolvedBy else 0)


async def test_a_decision_waits_for_the_sync_that_is_running(db: Database) -> None:
    async with bench(db) as b:
        crm_id, (first, _) = await ambiguous(b)
        row = await asking(b)
        async with db.locked(f"customer:{crm_id}"):
            waits = asyncio.create_task(settled(b, row.id, first))
            async with asyncio.timeout(30):
                while not await b.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                    await asyncio.sleep(0.01)
            assert await b.rows('SELECT 1 FROM "EntityMapping"') == []
        await waits
        assert (await only_mapping(b, "CUSTOMER")).financeId == str(first)
