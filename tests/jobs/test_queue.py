"""The queue: one waiting job per entity whatever comes, and the job engine's known edges."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.jobs import queue
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Kind, TransactionId, Trigger
from hamgam.sync.decide import AFTER

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def notice(crm_id: str = "a", trigger: Trigger = Trigger.WEBHOOK, **more: Any) -> ChangeNotice:
    return ChangeNotice(key=EntityKey(Entity.CUSTOMER, CrmId(crm_id)), trigger=trigger, **more)


async def put(db: Database, *notices: ChangeNotice, **options: Any) -> None:
    async with db.transaction() as connection:
        await queue.enqueue(connection, notices, **options)


async def jobs(db: Database) -> list[Any]:
    return list(await db.execute(text("SELECT * FROM procrastinate_jobs ORDER BY id")))


@pytest.fixture
async def engine(db: Database, database_url: str) -> AsyncIterator[App]:
    app = App(connector=PsycopgConnector(conninfo=database_url, min_size=1, max_size=2))
    async with app.open_async():
        yield app


async def fetch(db: Database, worker: int) -> Any:
    fetched = await db.execute(
        text("SELECT * FROM procrastinate_fetch_job_v2(NULL, :worker)"), {"worker": worker}
    )
    return fetched.one()


async def test_many_notices_of_one_entity_make_one_job(db: Database) -> None:
    await put(db, *[notice() for _ in range(5)], notice("b"))
    await put(db, notice(), notice("b"), notice("c"))
    assert [job.queueing_lock for job in await jobs(db)] == ["customer:a", "customer:b", "customer:c"]


async def test_a_notice_survives_the_way_through_the_queue(db: Database) -> None:
    given = notice(
        kind=Kind.ORGANIZATION, transaction_id=TransactionId(uuid4()), payload={"event": "به‌روز", "n": 1}
    )
    await put(db, given)
    [job] = await jobs(db)
    assert queue.notice_of(job.args) == given


async def test_a_scheduled_look_keeps_its_time_and_moves_only_forward(db: Database) -> None:
    later, earlier = NOW + timedelta(minutes=5), NOW + timedelta(minutes=1)
    await put(db, notice(), at=later)
    await put(db, notice())
    assert (await jobs(db))[0].scheduled_at == later
    await put(db, notice(), at=earlier)
    assert (await jobs(db))[0].scheduled_at == earlier
    await put(db, notice(), at=later)
    assert (await jobs(db))[0].scheduled_at == earlier


async def test_what_is_due_at_once_is_not_put_off(db: Database) -> None:
    await put(db, notice())
    await put(db, notice(), at=NOW + timedelta(minutes=5))
    assert (await jobs(db))[0].scheduled_at is None


async def test_a_person_runs_the_waiting_job_and_adds_none(db: Database) -> None:
    await put(db, notice(), at=NOW + timedelta(hours=1))
    await put(db, notice(trigger=Trigger.MANUAL), now=True)
    [job] = await jobs(db)
    assert job.scheduled_at is None


async def test_a_notice_and_its_job_are_one_commit(db: Database) -> None:
    with pytest.raises(RuntimeError):
        async with db.transaction() as connection:
            await queue.enqueue(connection, [notice()])
            raise RuntimeError
    assert await jobs(db) == []


async def test_one_runs_and_one_waits(db: Database, engine: App) -> None:
    worker = await engine.job_manager.register_worker()
    await put(db, notice())
    running = await fetch(db, worker)
    await put(db, notice(), notice())
    assert [job.status for job in await jobs(db)] == ["doing", "todo"]
    assert (await fetch(db, worker)).id is None
    await engine.job_manager.finish_job_by_id_async(running.id, _succeeded(), delete_job=True)
    assert (await fetch(db, worker)).id is not None


async def test_the_engines_own_way_back_is_closed_by_a_follow_up(db: Database, engine: App) -> None:
    """Why jobs are never retried by the engine: this is the edge that `release` is there for."""
    worker = await engine.job_manager.register_worker()
    await put(db, notice())
    stalled = await fetch(db, worker)
    await put(db, notice())
    with pytest.raises(ConnectorException):
        await engine.job_manager.retry_job_by_id_async(stalled.id, NOW)


async def test_a_stalled_job_goes_back_to_waiting(db: Database, engine: App) -> None:
    worker = await engine.job_manager.register_worker()
    await put(db, notice())
    stalled = await fetch(db, worker)
    assert await queue.release(db, stalled.id)
    again = await fetch(db, worker)
    assert again.id is not None
    assert again.args == stalled.args


async def test_who_was_held_up_cannot_end_the_job_that_another_has_taken_over(
    db: Database, engine: App
) -> None:
    worker = await engine.job_manager.register_worker()
    await put(db, notice())
    stalled = await fetch(db, worker)
    await queue.release(db, stalled.id)
    with pytest.raises(ConnectorException):
        await engine.job_manager.finish_job_by_id_async(stalled.id, _succeeded(), delete_job=True)
    assert (await fetch(db, worker)).id is not None


async def test_a_stalled_job_is_put_back_once(db: Database, engine: App) -> None:
    worker = await engine.job_manager.register_worker()
    await put(db, notice())
    stalled = await fetch(db, worker)
    released = await asyncio.gather(*(queue.release(db, stalled.id) for _ in range(5)))
    assert sorted(released) == [False] * 4 + [True]
    assert len(await jobs(db)) == 1


async def test_an_echo_that_waits_does_not_hide_the_change_that_is_put_back(
    db: Database, engine: App
) -> None:
    worker = await engine.job_manager.register_worker()
    await put(db, notice())
    stalled = await fetch(db, worker)
    await put(db, replace(notice(), transaction_id=TransactionId(uuid4())))
    await queue.release(db, stalled.id)
    [job] = await jobs(db)
    assert queue.notice_of(job.args).transaction_id is None


async def test_a_stalled_job_ends_where_a_follow_up_waits(db: Database, engine: App) -> None:
    worker = await engine.job_manager.register_worker()
    await put(db, notice())
    stalled = await fetch(db, worker)
    await put(db, notice())
    await queue.release(db, stalled.id)
    following = await fetch(db, worker)
    assert following.id not in (None, stalled.id)


async def test_a_job_that_has_ended_meanwhile_is_left_alone(db: Database, engine: App) -> None:
    worker = await engine.job_manager.register_worker()
    await put(db, notice())
    done = await fetch(db, worker)
    await engine.job_manager.finish_job_by_id_async(done.id, _succeeded(), delete_job=False)
    await queue.release(db, done.id)
    [job] = await jobs(db)
    assert job.status == "succeeded"


async def test_depth_and_age_count_what_is_due(db: Database) -> None:
    await put(db, notice("a"), notice("b"))
    await put(db, notice("c"), at=datetime.now(UTC) + timedelta(hours=1))
    await db.execute(text("UPDATE procrastinate_events SET at = now() - interval '90 seconds'"))
    assert await queue.depth(db) == 3
    assert 89 <= await queue.oldest_waiting_seconds(db) <= 95


async def test_what_is_hurried_is_due_from_now_on(db: Database) -> None:
    later = datetime.now(UTC) + timedelta(minutes=5)
    await put(db, *_after_a_bad_password("a"), notice("b", payload={AFTER: Reason.TIME_GATE}), at=later)
    await db.execute(text("UPDATE procrastinate_events SET at = now() - interval '90 seconds'"))
    await queue.hurry(db, [Reason.BAD_CREDENTIALS])
    hurried, other = await jobs(db)
    assert (hurried.scheduled_at < later, other.scheduled_at) == (True, later)
    assert 0 <= await queue.oldest_waiting_seconds(db) < 80


async def test_who_hurries_waits_for_nobody(db: Database) -> None:
    """Else two that lock the same jobs in different orders would wait for each other."""
    later = datetime.now(UTC) + timedelta(minutes=5)
    await put(db, *_after_a_bad_password("a", "b"), at=later)
    async with db.transaction() as connection:
        await connection.execute(text("SELECT FROM procrastinate_jobs WHERE lock = 'customer:a' FOR UPDATE"))
        async with asyncio.timeout(30):
            await queue.hurry(db, [Reason.BAD_CREDENTIALS])
    held, free = await jobs(db)
    assert (held.scheduled_at, free.scheduled_at < later) == (later, True)


def _after_a_bad_password(*ids: str) -> list[ChangeNotice]:
    return [notice(each, payload={AFTER: Reason.BAD_CREDENTIALS}) for each in ids]


async def test_an_open_sync_without_a_job_is_found(db: Database) -> None:
    for crm_id, status in (("lost", "IN_PROGRESS"), ("kept", "PENDING"), ("done", "SUCCESS")):
        await db.execute(
            text(
                'INSERT INTO "SyncLog" ("transactionId", "entityType", "sourceEntity", direction, operation,'
                ' status, "triggerType", "sourceEntityId", "startedAt") VALUES (gen_random_uuid(),'
                " 'CUSTOMER', 'customer', 'CRM_TO_FINANCE', 'NONE', :status, 'MANUAL', :id, now())"
            ),
            {"id": crm_id, "status": status},
        )
    await put(db, notice("kept"))
    assert [found.key.crm_id for found in await queue.without_job(db)] == ["lost"]


def _succeeded() -> Any:
    from procrastinate.jobs import Status

    return Status.SUCCEEDED


async def test_what_waits_is_put_off_but_not_for_a_person(db: Database) -> None:
    later, much_later = NOW + timedelta(seconds=2), NOW + timedelta(seconds=300)
    await put(db, notice("a"), notice("asked", Trigger.MANUAL), notice("other"))
    await put(db, notice("planned"), at=much_later)
    async with db.transaction() as connection:
        for each in ("a", "asked", "planned", "nobody"):
            await queue.put_off(connection, notice(each).key, later)
    assert {job.lock: job.scheduled_at for job in await jobs(db)} == {
        "customer:a": later,
        "customer:asked": None,
        "customer:other": None,
        "customer:planned": much_later,
    }
