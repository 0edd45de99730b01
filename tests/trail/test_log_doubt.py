"""What the log says of doubt, of documents that wait for their customer, and of defects."""

from dataclasses import replace

from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import CrmId, Entity, EntityKey, Operation, Status, Trigger
from hamgam.trail import attention, log
from hamgam.trail.log import Ending
from tests.trail.test_log import AT, KEY, LOST, SUCCESS, begin, end, intent, row, sync


async def test_doubt_lasts_until_a_person_settles_it(db: Database) -> None:
    assert not await attention.in_doubt(db, KEY)
    log_id = await sync(db, Ending(status=Status.IN_DOUBT, keep_intent=True), sent=True)
    await sync(db, SUCCESS)
    assert await attention.in_doubt(db, KEY)
    await db.execute(text('UPDATE "SyncLog" SET "resolvedAt" = now() WHERE id = :id'), {"id": log_id})
    assert not await attention.in_doubt(db, KEY)


async def test_a_create_that_ended_in_a_defect_is_in_doubt_too(db: Database) -> None:
    attempt = await begin(db)
    await log.note_intent(db, attempt, intent(attempt))
    await log.fail_open(db, KEY, Trigger.POLL, Reason.INTERNAL, "ValueError", AT, AT)
    assert (await row(db, attempt.log_id)).status == "FAILED"
    assert await attention.in_doubt(db, KEY)


async def test_a_lost_update_is_no_doubt(db: Database) -> None:
    attempt = await begin(db)
    await log.note_intent(db, attempt, intent(attempt, Operation.UPDATE))
    await end(db, attempt, LOST)
    assert not await attention.in_doubt(db, KEY)


async def test_documents_that_are_held_up_until_their_customer_is_mapped(db: Database) -> None:
    waits = Ending(status=Status.FAILED, reason=Reason.CUSTOMER_FAILED, source={"customerId": "c"})
    waiting = await sync(db, waits, key=EntityKey(Entity.INVOICE, CrmId("i")))
    await sync(db, replace(waits, reason=Reason.BAD_PRICE), key=EntityKey(Entity.INVOICE, CrmId("j")))
    await sync(db, replace(waits, source={"customerId": "d"}), key=EntityKey(Entity.QUOTE, CrmId("k")))
    assert await attention.held_up(db) == []
    await db.execute(
        text(
            'INSERT INTO "EntityMapping" ("entityType", "crmId", "financeId", "crmEntity")'
            " VALUES ('CUSTOMER', 'c', '7', 'customer'), ('PREINVOICE', 'd', '8', 'invoice')"
        )
    )
    assert await attention.held_up(db) == [waiting]
    await sync(db, SUCCESS, key=EntityKey(Entity.INVOICE, CrmId("i")))
    assert await attention.held_up(db) == []


async def test_a_defect_before_the_row_was_opened_leaves_a_row(db: Database) -> None:
    await log.fail_open(db, KEY, Trigger.POLL, Reason.INTERNAL, "ValueError", AT, AT)
    [found] = (await db.execute(text('SELECT * FROM "SyncLog"'))).all()
    assert (found.status, found.reason, found.errorMessage) == ("FAILED", "INTERNAL", "ValueError")
    assert (found.sourceEntity, found.sourceEntityId, found.triggerType) == ("customer", "c", "POLL")
    assert (found.startedAt, found.completedAt, found.durationMs) == (AT, AT, 0)
    assert await attention.retriable(db) == [found.id]
