"""Runs one notice, and sees to what follows from its outcome."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import DATABASE_GONE, Database
from hamgam.errors import Reason, where
from hamgam.jobs import queue
from hamgam.model import ChangeNotice, Entity, EntityKey, Status, Trigger
from hamgam.sync.customer import plan_customer, sync_customer
from hamgam.sync.decide import AFTER, look_again
from hamgam.sync.invoice import plan_document, sync_document
from hamgam.sync.site import Outcome, Site
from hamgam.trail import attention, log, mapping
from hamgam.trail.attention import RETRIED_BY, Asked

logger = structlog.get_logger()

SECOND_LOOK_SECONDS = 10
"""A notice may come some seconds before its change can be read."""
_PAUSE_SECONDS = 2
"""Between two looks at an entity that the time gate does not hold apart, because the first wrote nothing."""


async def run_notice(site: Site, notice: ChangeNotice, *, wait: bool = False) -> Outcome:
    """Look at one entity now, and schedule the next look where one is due.

    A defect of ours ends the sync as FAILED and is logged by its type; a database that has gone away is
    raised, because nothing can be stored then.
    """
    begun = site.clock()
    sync = sync_customer if notice.key.entity is Entity.CUSTOMER else sync_document
    try:
        outcome = await sync(site, notice, wait=wait)
    except DATABASE_GONE:
        raise
    except Exception as error:
        return await _defect(site, notice, error, begun)
    logger.info(
        "sync.done",
        entity=str(notice.key),
        trigger=notice.trigger,
        operation=outcome.operation,
        status=outcome.status,
        reason=outcome.reason,
    )
    await _follow_up(site, notice, outcome)
    return outcome


async def plan_notice(site: Site, notice: ChangeNotice) -> Outcome:
    """What looking at one entity would do now, without writing anywhere."""
    plan = plan_customer if notice.key.entity is Entity.CUSTOMER else plan_document
    return await plan(site, notice)


async def retry(
    db: Database,
    log_id: UUID,
    *,
    wait: bool = True,
    asked: Asked | None = None,
    seen: UUID | None = None,
) -> EntityKey | None:
    """Put a failed or conflicting sync back, with its job, in one commit. None: it cannot be retried.

    Under the entity's lock, because the end of a running sync of it touches the same rows. None, too, when
    another holds the lock and `wait` is off, and when the row was tried again since it was `seen`.
    """
    key = (await attention.retriable_keys(db, {log_id: None})).get(log_id)
    if key is None:
        return None
    async with db.locked(str(key), wait=wait) as held:
        if held is None:
            return None
        async with held.transaction() as connection:
            return (await put_back(connection, {log_id: seen}, asked)).get(log_id)


async def put_back(
    connection: AsyncConnection, seen: Mapping[UUID, UUID | None], asked: Asked | None
) -> Mapping[UUID, EntityKey]:
    """Put rows back whose entities' locks are held, each with its job; see `attention.put_back`."""
    keys = await attention.put_back(connection, seen, asked)
    await mapping.unblock(connection, keys.values())
    by = {RETRIED_BY: asked.by} if asked else {}
    notices = (
        ChangeNotice(key=key, trigger=Trigger.MANUAL, payload={"retry": str(log_id)} | by)
        for log_id, key in keys.items()
    )
    await queue.enqueue(connection, notices, now=True)
    return keys


async def resume_held_up(db: Database) -> None:
    """Put back the documents whose customer could not be written then and is in finance now.

    One that is being looked at is left for the next time.
    """
    for log_id in await attention.held_up(db):
        await retry(db, log_id, wait=False)


async def _follow_up(site: Site, notice: ChangeNotice, outcome: Outcome) -> None:
    """What came meanwhile waits for the same moment: it must not use up retries or fill the log."""
    at, now = outcome.again_at, site.clock()
    if at is None and look_again(notice, outcome.reason, site.rules.polls):
        at = now + timedelta(seconds=SECOND_LOOK_SECONDS)
    if at is None and outcome.status is Status.SUCCESS:
        return
    async with site.db.transaction() as connection:
        if at is not None:
            again = replace(notice, transaction_id=None, payload={AFTER: outcome.reason or "BUSY"})
            await queue.enqueue(connection, [again], at=at)
        if _may_be_a_quote(notice, outcome):
            quote = ChangeNotice(key=EntityKey(Entity.QUOTE, notice.key.crm_id), trigger=notice.trigger)
            await queue.enqueue(connection, [quote])
        await queue.put_off(connection, notice.key, at or now + timedelta(seconds=_PAUSE_SECONDS))


def _may_be_a_quote(notice: ChangeNotice, outcome: Outcome) -> bool:
    """A document by hand was taken for an invoice while the CRM could not be asked what it is."""
    postponed = notice.trigger is Trigger.MANUAL and AFTER in notice.payload
    return postponed and notice.key.entity is Entity.INVOICE and outcome.reason is Reason.NOT_IN_CRM


async def _defect(site: Site, notice: ChangeNotice, error: Exception, begun: datetime) -> Outcome:
    name = type(error).__name__
    logger.error("sync.defect", entity=str(notice.key), error=name, where=where(error))
    async with site.db.transaction() as connection:
        await mapping.forget_checksums(connection, notice.key)
    await log.fail_open(site.db, notice.key, notice.trigger, Reason.INTERNAL, name, begun, site.clock())
    return Outcome(key=notice.key, status=Status.FAILED, reason=Reason.INTERNAL, message=name)
