"""A real worker on a real queue: notices become syncs, polls fire once, what the dead left is finished."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

from sqlalchemy import text
from structlog.testing import capture_logs

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.intake.poll import poll
from hamgam.jobs import queue
from hamgam.jobs.bulk import submit
from hamgam.jobs.worker import Work, Worker
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Trigger
from hamgam.sandbox import Fault, FaultKind
from hamgam.sync.decide import AFTER
from hamgam.trail import bulk
from hamgam.trail.worklist import Together, Wanted
from tests.bench import Bench, bench


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait for something that other tasks bring about."""
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def worker(b: Bench, *, interval: int = 0, count: int = 1) -> AsyncIterator[None]:
    site = replace(b.site, clock=lambda: datetime.now(UTC))

    async def poll_now() -> None:
        await poll(site, overlap_seconds=120, max_change_percent=30)

    work = Work(site=site, poll=poll_now, poll_interval_seconds=interval, concurrency=4, retention_days=365)
    tasks = [asyncio.create_task(Worker(b.db.url, work).run()) for _ in range(count)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def notify(b: Bench, crm_id: str, entity: Entity = Entity.CUSTOMER) -> None:
    notice = ChangeNotice(key=EntityKey(entity, CrmId(crm_id)), trigger=Trigger.WEBHOOK)
    async with b.db.transaction() as connection:
        await queue.enqueue(connection, [notice])


async def test_notices_become_syncs(db: Database) -> None:
    async with bench(db) as b, worker(b):
        ids = [b.person(customerNumber=str(900 + n), mobile=f"0912111{n:04}") for n in range(20)]
        for crm_id in ids:
            await notify(b, crm_id)

        async def all_there() -> bool:
            return len(b.box.finance.contacts) == 20 and await queue.depth(db) == 0

        await until(all_there)
        assert {row.status for row in await b.log()} == {"SUCCESS"}


async def test_the_second_edit_inside_the_gate_arrives(db: Database) -> None:
    async with bench(db, gate_seconds=1) as b, worker(b):
        crm_id = b.person()
        await notify(b, crm_id)
        await b.box.journal.wait_for(1, system="finance", effect="write")

        async def bound() -> bool:
            return bool(await b.rows('SELECT 1 FROM "EntityMapping"'))

        await until(bound)
        b.box.crm.edit(crm_id, nickName="ویرایش دوم")
        await notify(b, crm_id)

        async def arrived() -> bool:
            return any(c["Name"] == "ویرایش دوم" for c in b.box.finance.contacts.values())

        await until(arrived)
        reasons = [row.reason for row in await b.log()]
        assert "TIME_GATE" in reasons


async def test_the_poll_fires_once_however_many_workers_run(db: Database) -> None:
    async with bench(db) as b, worker(b, interval=60, count=3):
        crm_id = b.person()
        del crm_id

        async def polled() -> bool:
            return bool(await b.rows('SELECT 1 FROM "PollCursor" WHERE "polledAt" IS NOT NULL'))

        await until(polled)

        async def scheduled() -> bool:
            rows = await b.rows("SELECT status FROM procrastinate_jobs WHERE task_name = 'poll'")
            return [row.status for row in rows] == ["todo"]

        await until(scheduled)
        polls = b.box.journal.calls(system="crm", operation="person/find")
        # The first poll asks for the newest change and then for the changes since.
        assert len(polls) == 2


async def test_a_job_of_a_dead_worker_is_finished_by_another(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        await notify(b, crm_id)
        await b.db.execute(
            text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 minutes')")
        )
        await b.db.execute(
            text(
                "UPDATE procrastinate_jobs SET status = 'doing',"
                " worker_id = (SELECT max(id) FROM procrastinate_workers)"
            )
        )
        async with worker(b):
            await b.box.journal.wait_for(1, system="finance", effect="write")


async def test_the_search_for_stalled_jobs_goes_on_where_one_search_has_died(
    db: Database,
) -> None:
    async with bench(db) as b, worker(b):
        async with b.db.transaction() as connection:
            await connection.execute(
                text(
                    "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)"
                    " VALUES (now() - interval '5 minutes') RETURNING id),"
                    " alive AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id)"
                    " INSERT INTO procrastinate_jobs (queue_name, task_name, lock, status, worker_id)"
                    " SELECT 'hamgam', 'keep', 'keep', 'doing'::procrastinate_job_status, id FROM alive"
                    " UNION ALL SELECT 'hamgam', 'poll', 'left', 'doing', id FROM dead"
                )
            )

        async def released() -> bool:
            return not await b.rows("SELECT 1 FROM procrastinate_jobs WHERE lock = 'left'")

        await until(released)


async def test_what_waits_for_a_person_comes_when_a_worker_starts(db: Database) -> None:
    """Whoever corrects a password starts the program again."""
    async with bench(db) as b:
        b.box.faults.add(Fault(FaultKind.STATUS, system="finance", operation="login", status=402))
        asleep = "UPDATE procrastinate_jobs SET scheduled_at = now() + interval '5 minutes' RETURNING 1"
        outcome = await b.sync(b.person())
        assert (outcome.status, outcome.reason) == ("PENDING", "NOT_LICENSED")
        assert len(await b.rows(asleep)) == 1
        b.clock.pass_seconds(300)
        async with worker(b):

            async def there() -> bool:
                return len(b.box.finance.contacts) == 1

            await until(there)


async def test_what_waits_for_a_person_stays_where_a_worker_only_finds_the_database_again(
    db: Database,
) -> None:
    """Its settings are those that it had."""
    workers = "SELECT coalesce(max(id), 0) FROM procrastinate_workers"
    cut_off = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name NOT LIKE 'hamgam %'"
    )
    async with bench(db) as b, worker(b):
        await until(partial(b.rows, f"SELECT WHERE ({workers}) >= 3"))
        [(before,)] = await b.rows(workers)
        later = datetime.now(UTC) + timedelta(minutes=5)
        key = EntityKey(Entity.CUSTOMER, CrmId(b.person()))
        asleep = ChangeNotice(key=key, trigger=Trigger.POLL, payload={AFTER: Reason.NOT_LICENSED})
        async with db.transaction() as connection:
            await queue.enqueue(connection, [asleep], at=later)
        assert await b.rows(cut_off)
        await until(partial(b.rows, f"SELECT WHERE ({workers}) > {before}"))
        waiting = await b.rows("SELECT scheduled_at FROM procrastinate_jobs WHERE task_name = 'sync'")
        assert [row.scheduled_at for row in waiting] == [later]


async def test_a_sync_that_nobody_goes_on_with_is_taken_up(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        await b.db.execute(
            text(
                'INSERT INTO "SyncLog" ("transactionId", "entityType", "sourceEntity", direction, operation,'
                ' status, "triggerType", "sourceEntityId", "startedAt") VALUES (gen_random_uuid(),'
                " 'CUSTOMER', 'customer', 'CRM_TO_FINANCE', 'NONE', 'IN_PROGRESS', 'MANUAL', :id, now())"
            ),
            {"id": crm_id},
        )
        async with worker(b):
            await b.box.journal.wait_for(1, system="finance", effect="write")

            async def closed() -> bool:
                return [row.status for row in await b.log()] == ["SUCCESS"]

            await until(closed)


async def task_now(b: Bench, name: str) -> None:
    async with b.db.transaction() as connection:
        await queue.enqueue_task(connection, name, {"timestamp": 0}, None)


async def test_the_queue_depth_is_logged(db: Database) -> None:
    async with bench(db) as b:
        with capture_logs() as logs:
            async with worker(b):
                await task_now(b, "report")

                async def logged() -> bool:
                    return any(entry["event"] == "queue.depth" for entry in logs)

                await until(logged)
        # In the first minutes of an hour the report of the hour comes, too.
        told = [entry for entry in logs if entry["event"] == "queue.depth"]
        assert {(entry["depth"], entry["oldest_seconds"]) for entry in told} == {(0, 0)}


async def test_old_rows_lose_their_data_and_keep_their_outcome(db: Database) -> None:
    async with bench(db) as b:
        await b.sync(b.person())
        await b.rows("""UPDATE "SyncLog" SET "startedAt" = now() - interval '366 days' RETURNING 1""")
        async with worker(b):
            await task_now(b, "purge")

            async def purged() -> bool:
                [row] = await b.log()
                return row.sourceData is None

            await until(purged)
        [row] = await b.log()
        assert (row.status, row.operation, row.targetDataAfter) == ("SUCCESS", "CREATE", None)
        assert row.targetEntityId is not None


async def test_a_poll_that_fails_is_tried_again_at_the_next_turn(db: Database) -> None:
    async with bench(db) as b:
        b.box.faults.add(Fault(FaultKind.STATUS, system="crm", operation="*/find", status=500, times=1))
        async with worker(b, interval=1):

            async def polled() -> bool:
                return bool(await b.rows('SELECT 1 FROM "PollCursor" WHERE "polledAt" IS NOT NULL'))

            await until(polled)


async def test_many_rows_are_retried_by_a_worker_that_comes_later(db: Database) -> None:
    """The job of the action is lost, as it is when its worker dies between two steps."""
    async with bench(db) as b:
        others = [b.box.finance.add_contact(Name="x", MobileNo=f"0912111{n:04}") for n in range(6)]
        ids = [b.person(customerNumber=str(900 + n), mobile=f"0912111{n:04}") for n in range(6)]
        for crm_id in ids:
            await b.sync(crm_id)
        for other in others:
            b.box.finance.edit_contact(other, MobileNo=None)
        action, retry = uuid4(), Together.RETRY
        await submit(db, action, retry, Wanted(), expected=6, by="مریم", now=b.clock())
        await b.rows("DELETE FROM procrastinate_jobs WHERE task_name = 'bulk' RETURNING 1")
        async with worker(b, count=2):

            async def over() -> bool:
                done = await bulk.load(db, action)
                return bool(done and done.over) and await queue.depth(db) == 0

            await until(over)
        assert len(b.box.finance.contacts) == 12
        statuses = await b.rows("""SELECT status, count(*) FROM "SyncLog" GROUP BY status""")
        assert [tuple(row) for row in statuses] == [("SUCCESS", 6)]
