"""Retries of many rows: all of them, each once, whatever dies or comes between."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from hamgam.db.engine import Database
from hamgam.db.tables import entity_mapping, sync_log
from hamgam.errors import Reason
from hamgam.jobs import queue
from hamgam.jobs.acting import dismiss, put_back
from hamgam.jobs.bulk import BUSY_SECONDS, OtherNumber, step, submit
from hamgam.jobs.declining import Declined
from hamgam.jobs.settling import settle
from hamgam.model import Direction, EntityType, FinanceId, Operation, Status, Trigger
from hamgam.trail import attention, bulk
from hamgam.trail.attention import Asked
from hamgam.trail.bulk import Bulk, ItemOutcome
from hamgam.trail.worklist import Together, Wanted, count_fit

NOW = datetime(2026, 3, 20, 21, 0, tzinfo=UTC)
ALL = Wanted()


async def add(db: Database, number: int, **values: Any) -> UUID:
    """One row that failed, of a record of its own."""
    row = {
        "transactionId": uuid4(),
        "entityType": EntityType.CUSTOMER,
        "sourceEntity": "customer",
        "sourceEntityId": crm_id(number),
        "direction": Direction.CRM_TO_FINANCE,
        "operation": Operation.CREATE,
        "status": Status.FAILED,
        "reason": Reason.DUPLICATE_PHONE,
        "triggerType": Trigger.POLL,
        "startedAt": NOW + timedelta(seconds=number),
        "completedAt": NOW,
    }
    made = await db.execute(sync_log.insert().values(row | values).returning(sync_log.c.id))
    return UUID(str(made.scalar_one()))


def crm_id(number: int) -> str:
    return f"3f2504e0-4f89-11d3-9a0c-{number:012}"


async def jobs(db: Database) -> list[str]:
    found = await db.execute(
        text("SELECT lock FROM procrastinate_jobs WHERE task_name = 'sync' AND status = 'todo' ORDER BY id")
    )
    return [str(lock) for lock in found.scalars()]


async def began(
    db: Database,
    chosen: Any = ALL,
    *,
    what: Together = Together.RETRY,
    bulk_id: UUID | None = None,
    by: str = "مریم",
    note: str = "",
) -> UUID:
    action = bulk_id or uuid4()
    count = await count_fit(db, what, chosen)
    await submit(db, action, what, chosen, note=note, expected=count, by=by, now=NOW)
    return action


async def loaded(db: Database, action: UUID) -> Bulk:
    found = await bulk.load(db, action)
    assert found is not None
    return found


async def worked(db: Database) -> list[datetime]:
    """All steps, one after the other; the times at which they were wanted."""
    due = []
    while (again := await step(db, lambda: NOW)) is not None:
        due.append(again)
    return due


async def test_all_that_match_are_put_back_by_name(db: Database) -> None:
    for number in range(5):
        await add(db, number, status=Status.CONFLICT if number == 4 else Status.FAILED)
    other = await add(db, 9, reason=Reason.BAD_PRICE)
    action = await began(db, Wanted(reason="DUPLICATE_PHONE"))
    assert [task for task in await tasks(db) if task != "sync"] == ["bulk"]
    await worked(db)
    done = await loaded(db, action)
    assert (done.total, done.done, done.failed, done.by, done.over) == (5, 5, 0, "مریم", True)
    assert done.filter == {"reason": "DUPLICATE_PHONE"}
    assert sorted(await jobs(db)) == [f"customer:{crm_id(n)}" for n in range(5)]
    rows = (await db.execute(sync_log.select().where(sync_log.c.id != other))).all()
    assert {row.triggerPayload["retriedBy"] for row in rows} == {"مریم"}
    [left] = (await db.execute(sync_log.select().where(sync_log.c.id == other))).all()
    assert left.status == "FAILED"


async def tasks(db: Database) -> list[str]:
    return list((await db.execute(text("SELECT task_name FROM procrastinate_jobs ORDER BY id"))).scalars())


async def test_what_a_retry_does_not_help_is_not_swept_in(db: Database) -> None:
    intent = {"operation": "CREATE", "transactionId": str(uuid4()), "fields": {}}
    document = {"entityType": EntityType.PREINVOICE, "sourceEntity": "invoice"}
    await add(db, 1, status=Status.IN_DOUBT, **document, intent=intent)
    await add(db, 2, **document, intent=intent)
    await add(db, 3, status=Status.CONFLICT, reason=Reason.OTHER_CODE)
    await add(db, 4, direction=Direction.FINANCE_TO_CRM, sourceEntity="contact")
    await add(db, 5, resolvedAt=NOW)
    await add(db, 6, status=Status.SUCCESS)
    lost = await add(db, 7, intent=intent)
    await add(db, 8, **document, intent=intent | {"operation": "UPDATE"})
    action = await began(db)
    assert (await loaded(db, action)).total == 2
    await worked(db)
    assert sorted(await jobs(db)) == [f"customer:{crm_id(7)}", f"invoice:{crm_id(8)}"]
    [kept] = (await db.execute(sync_log.select().where(sync_log.c.id == lost))).all()
    assert kept.intent == intent


async def test_another_number_than_the_person_agreed_to_changes_nothing(db: Database) -> None:
    for number in range(3):
        await add(db, number)
    with pytest.raises(OtherNumber) as caught:
        await submit(db, uuid4(), Together.RETRY, ALL, expected=2, by="مریم", now=NOW)
    assert caught.value.actual == 3
    assert await bulk.latest(db, 5) == []
    assert await tasks(db) == []


async def test_a_double_click_is_one_action(db: Database) -> None:
    for number in range(3):
        await add(db, number)
    action = uuid4()
    await asyncio.gather(*(began(db, bulk_id=action) for _ in range(4)))
    assert [done.total for done in await bulk.latest(db, 5)] == [3]
    assert await tasks(db) == ["bulk"]


async def test_rows_that_fail_later_are_left_for_a_person(db: Database) -> None:
    log_id = await add(db, 1)
    action = await began(db)
    await add(db, 2)
    await put_back(db, log_id, Asked("رضا", NOW))
    await db.execute(text("DELETE FROM procrastinate_jobs WHERE task_name = 'sync'"))
    again = {"status": Status.FAILED, "transactionId": uuid4()}
    await db.execute(sync_log.update().where(sync_log.c.id == log_id).values(again))
    await worked(db)
    done = await loaded(db, action)
    assert (done.total, done.done, done.failed) == (1, 0, 1)
    assert (await bulk.outcomes(db, action))[ItemOutcome.GONE] == 1
    assert await jobs(db) == []


async def test_a_busy_record_is_tried_again_at_the_end_and_then_left_alone(db: Database) -> None:
    for number in range(3):
        await add(db, number)
    action = await began(db)
    async with db.locked(f"customer:{crm_id(1)}"):
        assert await step(db, lambda: NOW) == NOW + timedelta(seconds=BUSY_SECONDS)
        assert len(await jobs(db)) == 2
    await worked(db)
    assert len(await jobs(db)) == 3
    assert (await loaded(db, action)).done == 3

    await add(db, 7)
    action = await began(db)
    async with db.locked(f"customer:{crm_id(7)}"):
        await worked(db)
    done = await loaded(db, action)
    assert (done.done, done.failed, done.over) == (0, 1, True)
    assert (await bulk.outcomes(db, action))[ItemOutcome.BUSY] == 1


async def test_two_failures_of_one_record_are_one_sync(db: Database) -> None:
    """It has one open row at most; the other is settled by it, and both keep who asked."""
    ids = [await add(db, 1), await add(db, 1), await add(db, 2)]
    action = await began(db)
    await worked(db)
    assert (await loaded(db, action)).done == 3
    assert sorted(await jobs(db)) == [f"customer:{crm_id(1)}", f"customer:{crm_id(2)}"]
    rows = await of_rows(db)
    of_one = [(rows[log_id].status, rows[log_id].resolvedBy) for log_id in ids[:2]]
    assert sorted(of_one, key=str) == [("FAILED", "مریم"), ("PENDING", None)]
    assert {row.triggerPayload["retriedBy"] for row in rows.values()} == {"مریم"}


@pytest.mark.parametrize("what", list(Together))
async def test_what_was_tried_again_since_is_left_alone_among_others(db: Database, what: Together) -> None:
    ids = [await add(db, number) for number in range(4)]
    action = await began(db, what=what)
    another = {"transactionId": uuid4()}
    await db.execute(sync_log.update().where(sync_log.c.id == ids[2]).values(another))
    await worked(db)
    done, rows = await loaded(db, action), await of_rows(db)
    assert (done.done, done.failed) == (3, 1)
    left = rows[ids[2]]
    assert (left.status, left.triggerPayload, left.resolvedAt) == ("FAILED", None, None)


async def test_a_row_that_a_person_is_at_is_tried_again_at_the_end(db: Database) -> None:
    """The others do not wait for it, nor can the two wait for each other."""
    ids = [await add(db, number) for number in range(3)]
    action = await began(db, what=Together.DISMISS, note="x")
    async with db.transaction() as connection:
        await attention.find_in(connection, ids[1])
        async with asyncio.timeout(30):
            await step(db, lambda: NOW)
        assert (await loaded(db, action)).done == 2
    await worked(db)
    assert (await loaded(db, action)).done == 3


async def test_writing_is_allowed_again_for_all_that_are_put_back(db: Database) -> None:
    for number, kind in enumerate((EntityType.CUSTOMER, EntityType.PREINVOICE)):
        entity = "customer" if kind is EntityType.CUSTOMER else "invoice"
        await add(db, number, entityType=kind, sourceEntity=entity)
        mapped = {"entityType": kind, "crmId": crm_id(number), "financeId": "7", "crmEntity": entity}
        await db.execute(entity_mapping.insert().values(mapped | {"blocked": "OTHER_CODE"}))
    await began(db)
    await worked(db)
    assert list((await db.execute(select(entity_mapping.c.blocked))).scalars()) == [None, None]


async def test_a_cancelled_action_stops_before_the_next_rows(db: Database) -> None:
    for number in range(3):
        await add(db, number)
    action = await began(db)
    async with db.transaction() as connection:
        assert await bulk.cancel(connection, action, "رضا", NOW)
        assert not await bulk.cancel(connection, action, "مریم", NOW)
    await worked(db)
    done = await loaded(db, action)
    assert (done.done, done.left, done.cancelled_by, done.over) == (0, 3, "رضا", True)
    assert await jobs(db) == []


async def test_a_cancel_in_the_middle_takes_the_rows_of_that_moment_back(db: Database) -> None:
    await add(db, 1)
    action = await began(db)
    taken = await bulk.items_left(db, action, 10)
    async with db.transaction() as connection:
        await bulk.cancel(connection, action, "رضا", NOW)
    with pytest.raises(bulk.Cancelled):
        async with db.transaction() as connection:
            await bulk.note(connection, action, {taken[0].log_id: ItemOutcome.DONE})
    assert (await loaded(db, action)).done == 0


async def test_a_row_that_cannot_be_read_does_not_hold_up_the_others(db: Database) -> None:
    await add(db, 1, sourceEntity="warehouse")
    await add(db, 2)
    action = await began(db)
    await worked(db)
    assert (await bulk.outcomes(db, action))[ItemOutcome.DEFECT] == 1
    assert await jobs(db) == [f"customer:{crm_id(2)}"]


async def test_old_actions_are_purged_when_they_are_over(db: Database) -> None:
    await add(db, 1)
    action = await began(db)
    await bulk.purge(db, NOW + timedelta(days=1))
    assert await bulk.load(db, action) is not None
    await worked(db)
    await bulk.purge(db, NOW + timedelta(days=1))
    assert await bulk.load(db, action) is None


# Dismissing


async def of_rows(db: Database) -> dict[UUID, Any]:
    return {row.id: row for row in await db.execute(sync_log.select())}


async def test_all_that_match_are_dismissed_with_one_note(db: Database) -> None:
    ids = [
        await add(db, 1),
        await add(db, 2, status=Status.CONFLICT, reason=Reason.AMBIGUOUS_MATCH),
        await add(db, 3, direction=Direction.FINANCE_TO_CRM, sourceEntity="contact"),
    ]
    sent = {"operation": "CREATE", "transactionId": str(uuid4()), "fields": {}}
    kept = [
        await add(db, 4, status=Status.IN_DOUBT, intent=sent),
        await add(db, 5, intent=sent),
        await add(db, 6, status=Status.CONFLICT, reason=Reason.OTHER_CODE),
    ]
    action = await began(db, what=Together.DISMISS, note="تکراری بودند")
    assert (await loaded(db, action)).total == 3
    await worked(db)
    rows = await of_rows(db)
    for log_id in ids:
        row = rows[log_id]
        assert (row.resolvedBy, row.resolvedAt, row.resolution) == (
            "مریم",
            NOW,
            {"dismissed": "تکراری بودند"},
        )
    assert [rows[log_id].resolvedAt for log_id in kept] == [None] * 3
    assert await jobs(db) == []


async def test_a_row_that_somebody_settled_meanwhile_keeps_that_word(db: Database) -> None:
    first, second = await add(db, 1), await add(db, 2)
    action = await began(db, what=Together.DISMISS, note="همه")
    await dismiss(db, first, "خودم دیدم", by="رضا", now=NOW)
    await put_back(db, second, Asked("رضا", NOW))
    await worked(db)
    rows = await of_rows(db)
    assert (rows[first].resolvedBy, rows[first].resolution) == ("رضا", {"dismissed": "خودم دیدم"})
    assert (rows[second].status, rows[second].resolvedAt) == ("PENDING", None)
    assert (await bulk.outcomes(db, action))[ItemOutcome.GONE] == 2


# People at the same rows


async def test_a_bulk_and_a_person_at_one_row_do_it_once(db: Database) -> None:
    """The person says which contact it is while the action puts the row back: one of them is too late."""
    for number in range(12):
        log_id = await add(
            db, number, status=Status.CONFLICT, reason=Reason.AMBIGUOUS_MATCH, errorMessage="7, 8"
        )
        action = await began(db)
        settling = settle(db, log_id, FinanceId(str(100 + number)), by="رضا", now=NOW, wait=False)
        said, _ = await asyncio.gather(settling, worked(db), return_exceptions=True)
        await worked(db)
        [item] = [n for n in (await bulk.outcomes(db, action)).items() if n[1]]
        row = (await of_rows(db))[log_id]
        mapped = await db.execute(text('SELECT count(*) FROM "EntityMapping"'))
        if isinstance(said, Declined):
            assert (item[0], row.resolution, mapped.scalar_one()) == (ItemOutcome.DONE, {"retried": True}, 0)
        else:
            assert item[0] in (ItemOutcome.GONE, ItemOutcome.BUSY)  # at each of three tries in a row
            assert row.resolvedBy == "رضا"
            assert (row.resolution, mapped.scalar_one()) == ({"exists": str(100 + number)}, 1)
        assert len(await jobs(db)) == 1
        await db.execute(text('TRUNCATE procrastinate_jobs, "EntityMapping" CASCADE'))


async def test_the_queue_has_one_job_for_all_actions(db: Database) -> None:
    for number in range(2):
        await add(db, number)
    await began(db, by="مریم")
    await began(db, by="رضا")
    assert await queue.exists(db, queue.BULK_TASK)
    assert await tasks(db) == ["bulk"]
    await worked(db)
    # Both wanted both rows; the second finds nothing left to do.
    assert sorted((done.done, done.failed) for done in await bulk.latest(db, 5)) == [(0, 2), (2, 0)]
