"""The sync log: one open row per entity, fenced attempts, and what is settled, retried and forgotten."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import (
    CrmId,
    Entity,
    EntityKey,
    EntityType,
    FinanceId,
    Operation,
    Status,
    TransactionId,
    Trigger,
)
from hamgam.trail import attention, log, mapping
from hamgam.trail.finishing import finish
from hamgam.trail.log import Attempt, Ending, Intent, TakenOver
from hamgam.trail.mapping import Binding

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
KEY = EntityKey(Entity.CUSTOMER, CrmId("c"))
SUCCESS = Ending(status=Status.SUCCESS, operation=Operation.CREATE)
FAILED = Ending(status=Status.FAILED, reason=Reason.BUSINESS_ERROR, message="نشد")
LOST = replace(FAILED, reason=Reason.ANSWER_LOST, keep_intent=True)
ENDED = [status for status in Status if status not in (Status.PENDING, Status.IN_PROGRESS)]


async def begin(db: Database, key: EntityKey = KEY, at: datetime = AT) -> Attempt:
    return await log.open_attempt(db, key, Trigger.WEBHOOK, {"n": 1}, TransactionId(uuid4()), at)


def intent(attempt: Attempt, operation: Operation = Operation.CREATE) -> Intent:
    return Intent(
        operation=operation, transaction_id=attempt.transaction_id, number="9", fields={"name": "سارا"}
    )


async def end(db: Database, attempt: Attempt, ending: Ending = SUCCESS, at: datetime = AT) -> None:
    async with db.transaction() as connection:
        await log.close(connection, attempt, ending, at)


async def sync(
    db: Database, ending: Ending, *, key: EntityKey = KEY, at: datetime = AT, sent: bool = False
) -> UUID:
    attempt = await begin(db, key, at)
    if sent:
        await log.note_intent(db, attempt, intent(attempt))
    await end(db, attempt, ending, at)
    return attempt.log_id


async def put_back(db: Database, log_id: UUID) -> EntityKey | None:
    async with db.transaction() as connection:
        return (await attention.put_back(connection, {log_id: None})).get(log_id)


async def row(db: Database, log_id: UUID) -> Any:
    return (await db.execute(text('SELECT * FROM "SyncLog" WHERE id = :id'), {"id": log_id})).one()


async def count(db: Database, where: str = "true") -> int:
    return int((await db.execute(text(f'SELECT count(*) FROM "SyncLog" WHERE {where}'))).scalar_one())


async def insert_open(db: Database, attempt: Attempt, status: str) -> None:
    await db.execute(
        text(
            'INSERT INTO "SyncLog" ("transactionId", "entityType", "sourceEntity", direction, operation,'
            ' status, "triggerType", "sourceEntityId", "startedAt") SELECT gen_random_uuid(), "entityType",'
            ' "sourceEntity", direction, operation, :status, "triggerType", "sourceEntityId", "startedAt"'
            ' FROM "SyncLog" WHERE id = :id'
        ),
        {"id": attempt.log_id, "status": status},
    )


# Fencing


async def test_a_later_attempt_takes_the_open_row_over(db: Database) -> None:
    first = await begin(db)
    await log.note_intent(db, first, intent(first))
    second = await begin(db, at=AT + timedelta(minutes=1))
    assert (second.log_id, second.retry_count) == (first.log_id, 1)
    assert (await row(db, first.log_id)).startedAt == AT
    assert second.intent == intent(first)
    assert await count(db) == 1


async def test_who_lost_the_row_can_do_nothing_to_it(db: Database) -> None:
    loser = await begin(db)
    winner = await begin(db)
    before = await row(db, winner.log_id)
    with pytest.raises(TakenOver):
        await log.note_intent(db, loser, intent(loser))
    with pytest.raises(TakenOver):
        await end(db, loser)
    with pytest.raises(TakenOver):
        await log.postpone(db, loser, FAILED, AT, counts=True)
    assert await row(db, winner.log_id) == before
    await log.note_intent(db, winner, intent(winner))
    await end(db, winner)


async def test_the_whole_transaction_of_the_loser_rolls_back(db: Database) -> None:
    loser = await begin(db)
    await begin(db)
    binding = Binding(
        entity=Entity.CUSTOMER,
        crm_id=KEY.crm_id,
        finance_id=FinanceId("7"),
        transaction_id=loser.transaction_id,
        at=AT,
        crm_checksum=None,
        finance_checksum=None,
        crm_updated_at=None,
    )
    with pytest.raises(TakenOver):
        await finish(db, loser, binding, SUCCESS, AT)
    assert await mapping.by_crm_id(db, EntityType.CUSTOMER, KEY.crm_id) is None


async def test_an_ended_row_is_nobodys(db: Database) -> None:
    attempt = await begin(db)
    await end(db, attempt)
    with pytest.raises(TakenOver):
        await end(db, attempt, FAILED)
    assert (await begin(db)).log_id != attempt.log_id


@pytest.mark.parametrize("status", [Status.PENDING, Status.IN_PROGRESS])
async def test_the_database_allows_one_open_row_of_an_entity(db: Database, status: Status) -> None:
    attempt = await begin(db)
    with pytest.raises(IntegrityError):
        await insert_open(db, attempt, status)
    for ended in ENDED:
        await insert_open(db, attempt, ended)
    await begin(db, EntityKey(Entity.CUSTOMER, CrmId("other")))
    await begin(db, EntityKey(Entity.INVOICE, KEY.crm_id))
    assert await count(db, "status = 'IN_PROGRESS'") == 3


# Attempts and retries


async def test_a_postponed_row_goes_on_and_counts_only_what_counts(db: Database) -> None:
    for counts, retries in ((True, 1), (False, 1), (True, 2)):
        attempt = await begin(db)
        await log.postpone(db, attempt, FAILED, AT, counts=counts)
        stored = await row(db, attempt.log_id)
        assert (stored.status, stored.reason, stored.retryCount) == ("PENDING", "BUSINESS_ERROR", retries)
    assert (await begin(db)).retry_count == 2
    assert await count(db) == 1


@pytest.mark.parametrize("keep", [True, False])
async def test_an_intent_stays_as_long_as_its_outcome_is_not_known(db: Database, keep: bool) -> None:
    attempt = await begin(db)
    await log.note_intent(db, attempt, intent(attempt))
    await log.postpone(db, attempt, replace(FAILED, keep_intent=keep), AT, counts=True)
    again = await begin(db)
    assert again.intent == (intent(attempt) if keep else None)
    await end(db, again, replace(FAILED, keep_intent=keep))
    assert await attention.lost_write(db, KEY) == (intent(attempt) if keep else None)


async def test_an_ended_row_says_everything(db: Database) -> None:
    attempt = await begin(db)
    ending = replace(
        SUCCESS, target_id="7", source={"number": "9"}, before={"name": "الف"}, after={"name": "ب"}
    )
    await end(db, attempt, ending, AT + timedelta(milliseconds=1500))
    stored = await row(db, attempt.log_id)
    assert (stored.status, stored.operation, stored.targetEntityId) == ("SUCCESS", "CREATE", "7")
    assert (stored.sourceData, stored.targetDataBefore) == ({"number": "9"}, {"name": "الف"})
    assert (stored.durationMs, stored.triggerPayload) == (1500, {"n": 1})
    assert stored.completedAt == AT + timedelta(milliseconds=1500)


async def test_a_clock_that_was_set_back_makes_no_negative_duration(db: Database) -> None:
    attempt = await begin(db)
    await end(db, attempt, SUCCESS, AT - timedelta(hours=1))
    assert (await row(db, attempt.log_id)).durationMs == 0


async def test_a_sync_that_is_retried_takes_as_long_as_the_attempt_that_ended_it(db: Database) -> None:
    await log.postpone(db, await begin(db), FAILED, AT + timedelta(seconds=30), counts=True)
    again = await begin(db, at=AT + timedelta(minutes=5))
    await end(db, again, SUCCESS, AT + timedelta(minutes=5, milliseconds=40))
    stored = await row(db, again.log_id)
    assert (stored.startedAt, stored.durationMs) == (AT, 40)


async def test_a_clock_that_was_set_forward_makes_no_duration_that_cannot_be_stored(db: Database) -> None:
    attempt = await begin(db)
    await end(db, attempt, SUCCESS, AT + timedelta(days=400))
    assert (await row(db, attempt.log_id)).durationMs == 2**31 - 1
    attempt = await begin(db)
    await log.fail_open(db, KEY, Trigger.POLL, Reason.INTERNAL, "ValueError", AT, AT + timedelta(days=400))
    assert (await row(db, attempt.log_id)).durationMs == 2**31 - 1


async def test_a_defect_takes_as_long_as_its_look(db: Database) -> None:
    attempt = await begin(db)
    begun = AT + timedelta(minutes=5)
    await log.fail_open(
        db, KEY, Trigger.POLL, Reason.INTERNAL, "ValueError", begun, begun + timedelta(milliseconds=40)
    )
    assert (await row(db, attempt.log_id)).durationMs == 40


async def test_nothing_in_a_data_column_is_null_and_not_json(db: Database) -> None:
    await sync(db, SUCCESS)
    columns = ("sourceData", "targetDataBefore", "targetDataAfter", "intent")
    assert await count(db, " AND ".join(f'"{column}" IS NULL' for column in columns)) == 1


# What a later outcome settles


@pytest.mark.parametrize(
    ("ending", "settles"),
    [
        (SUCCESS, True),
        (FAILED, True),
        (Ending(status=Status.CONFLICT, reason=Reason.AMBIGUOUS_MATCH), True),
        (Ending(status=Status.SKIPPED, reason=Reason.CHECKSUM_MATCH), True),
        (Ending(status=Status.SKIPPED, reason=Reason.DELETED_IN_CRM), True),
        (Ending(status=Status.SKIPPED, reason=Reason.NOT_IN_CRM), True),
        (Ending(status=Status.SKIPPED, reason=Reason.IN_DOUBT), False),
        (Ending(status=Status.IN_DOUBT, reason=Reason.ANSWER_LOST), False),
    ],
)
async def test_what_settles_earlier_failures(db: Database, ending: Ending, settles: bool) -> None:
    failed = await sync(db, FAILED)
    conflict = await sync(db, Ending(status=Status.CONFLICT))
    other = await sync(db, FAILED, key=EntityKey(Entity.CUSTOMER, CrmId("other")))
    doubt = await sync(db, Ending(status=Status.IN_DOUBT))
    newest = await sync(db, ending, at=AT + timedelta(hours=1))
    assert (await row(db, conflict)).resolvedAt == (AT + timedelta(hours=1) if settles else None)
    assert (await row(db, failed)).resolvedAt is not None
    for open_still in (other, doubt, newest):
        assert (await row(db, open_still)).resolvedAt is None


@pytest.mark.parametrize("ending", [FAILED, Ending(status=Status.CONFLICT)])
async def test_a_lost_write_is_remembered_until_a_sync_succeeds(db: Database, ending: Ending) -> None:
    """Another failure says nothing about what became of it; without it a second contact would be made."""
    await sync(db, LOST, sent=True)
    await sync(db, ending, at=AT + timedelta(hours=1))
    lost = await attention.lost_write(db, KEY)
    assert lost is not None and lost.fields == {"name": "سارا"}
    await sync(db, SUCCESS, at=AT + timedelta(hours=2))
    assert await attention.lost_write(db, KEY) is None


async def test_a_skip_without_a_row_of_its_own_is_logged(db: Database) -> None:
    open_one = await begin(db)
    await log.note_skip(db, KEY, Trigger.POLL, {}, TransactionId(uuid4()), Reason.TIME_GATE, AT)
    assert await count(db, "status = 'SKIPPED' AND reason = 'TIME_GATE'") == 1
    assert (await row(db, open_one.log_id)).status == "IN_PROGRESS"


# Putting back


@pytest.mark.parametrize("status", ENDED)
async def test_what_can_be_put_back(db: Database, status: Status) -> None:
    log_id = await sync(db, Ending(status=status))
    key = await put_back(db, log_id)
    stored = await row(db, log_id)
    if status is Status.FAILED:
        assert key == KEY
        assert (stored.status, stored.retryCount, stored.completedAt) == ("PENDING", 0, None)
        assert (await begin(db)).log_id == log_id
    elif status is Status.CONFLICT:
        assert key == KEY
        assert (stored.status, stored.resolvedAt is None) == ("CONFLICT", False)
        assert (await begin(db)).log_id != log_id
    else:
        assert key is None
        assert (stored.status, stored.resolvedAt) == (status, None)
    assert await put_back(db, log_id) is None


async def test_nobody_can_put_back_what_there_is_not(db: Database) -> None:
    assert await put_back(db, uuid4()) is None


async def test_what_is_settled_stays(db: Database) -> None:
    log_id = await sync(db, FAILED)
    await sync(db, SUCCESS)
    assert await put_back(db, log_id) is None
    assert await attention.retriable(db) == []


async def test_an_open_sync_serves_for_an_old_failure(db: Database) -> None:
    log_id = await sync(db, FAILED)
    newer = await begin(db)
    assert await put_back(db, log_id) == KEY
    stored = await row(db, log_id)
    assert (stored.status, stored.resolvedAt is None) == ("FAILED", False)
    await end(db, newer)


@pytest.mark.parametrize("status", [Status.FAILED, Status.CONFLICT])
@pytest.mark.parametrize("newer_is_open", [True, False])
async def test_putting_back_does_not_forget_a_lost_write(
    db: Database, status: Status, newer_is_open: bool
) -> None:
    log_id = await sync(db, replace(LOST, status=status), sent=True)
    if newer_is_open:
        await begin(db)
    assert await put_back(db, log_id) == KEY
    again = await begin(db)
    assert again.intent or await attention.lost_write(db, KEY)


async def test_retriable_are_unsettled_failures_the_oldest_first(db: Database) -> None:
    ids = []
    for hour in (3, 1, 2):
        key = EntityKey(Entity.CUSTOMER, CrmId(f"c{hour}"))
        ids.append(await sync(db, FAILED, key=key, at=AT + timedelta(hours=hour)))
    await sync(db, Ending(status=Status.CONFLICT), key=EntityKey(Entity.CUSTOMER, CrmId("conflict")))
    assert await attention.retriable(db) == [ids[1], ids[2], ids[0]]


async def test_reading_a_row_waits_for_nobody_who_changes_it(db: Database) -> None:
    log_id = await sync(db, FAILED)
    async with db.transaction() as connection, asyncio.timeout(10):
        assert await attention.find_in(connection, log_id) is not None
        assert await attention.find(db, log_id) is not None


# Forgetting


async def test_old_rows_lose_their_data_and_keep_their_outcome(db: Database) -> None:
    full = {"target_id": "7", "message": "نام", "source": {"a": 1}, "before": {"b": 1}, "after": {"c": 1}}
    others = [EntityKey(Entity.CUSTOMER, CrmId(f"c{number}")) for number in range(4)]
    old = await sync(db, replace(SUCCESS, **full))
    settled = await sync(db, replace(FAILED, **full), key=others[0])
    await sync(db, replace(SUCCESS, **full), key=others[0])
    unsettled = await sync(db, replace(LOST, **full), key=others[1], sent=True)
    pending = await begin(db, others[2])
    new = await sync(db, replace(SUCCESS, **full), key=others[3], at=AT + timedelta(days=2))
    assert await log.purge(db, AT + timedelta(days=1)) == 3
    for emptied in (old, settled):
        stored = await row(db, emptied)
        assert stored.sourceData is stored.targetDataBefore is stored.targetDataAfter is None
        assert stored.triggerPayload is stored.errorMessage is stored.intent is None
        assert (stored.targetEntityId, stored.startedAt) == ("7", AT)
    assert (await row(db, settled)).reason == "BUSINESS_ERROR"
    for kept in (unsettled, new):
        stored = await row(db, kept)
        assert (stored.sourceData, stored.targetDataAfter, stored.errorMessage) == ({"a": 1}, {"c": 1}, "نام")
    assert (await row(db, pending.log_id)).triggerPayload == {"n": 1}
    assert await attention.lost_write(db, others[1]) is not None
    assert await log.purge(db, AT + timedelta(days=1)) == 0
