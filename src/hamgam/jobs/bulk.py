"""Retries and dismissals of many rows, as a job: in small steps, each row in a commit of its own.

What was done to a row and that it was done are one commit. So a crash, a second worker or a double click
neither leaves a row out nor does it twice.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import DATABASE_GONE, Database
from hamgam.errors import UsageError, where
from hamgam.jobs import queue
from hamgam.jobs.acting import dismiss
from hamgam.jobs.declining import Declined, asks_no_more
from hamgam.jobs.runner import Noting, retry
from hamgam.trail import bulk, worklist
from hamgam.trail.attention import Asked
from hamgam.trail.bulk import Bulk, Cancelled, Item, ItemOutcome
from hamgam.trail.worklist import Chosen, Together

logger = structlog.get_logger()

STEP = 100
BUSY_SECONDS = 5
"""Between two tries of a row whose entity is being worked on."""


class OtherNumber(UsageError):
    """The number that the person agreed to is not the number any more."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"there are {actual} of them now, not {expected}")
        self.actual = actual


async def submit(
    db: Database,
    bulk_id: UUID,
    what: Together,
    chosen: Chosen,
    *,
    note: str = "",
    expected: int,
    by: str,
    now: datetime,
) -> None:
    """Begin to do this with these rows, in one commit with its job. The same id again is the same action.

    Raises `OtherNumber` when there are not as many as the person has agreed to; then nothing has changed.
    """
    async with db.transaction() as connection:
        total = await bulk.begin(connection, bulk_id, what, chosen, note=note, by=by, now=now)
        if total is None:
            return
        if total != expected or total == 0:
            raise OtherNumber(expected, total)
        await queue.enqueue_task(connection, queue.BULK_TASK, {}, None)


async def step(db: Database, clock: Callable[[], datetime]) -> datetime | None:
    """Do some rows of the oldest action that is not over; answers when to go on, None: nothing is left.

    One worker at a time: a second would find rows busy that only the first is working on.
    """
    async with db.locked("bulk") as held:
        if held is None:
            return clock() + timedelta(seconds=BUSY_SECONDS)
        return await _step(held, clock)


async def _step(db: Database, clock: Callable[[], datetime]) -> datetime | None:
    action = await bulk.next_open(db)
    if action is None:
        return None
    left = await bulk.items_left(db, action.id, STEP)
    if not left:
        await bulk.finish(db, action.id, clock())
        logger.info("bulk.done", bulk=str(action.id), total=action.total)
        return clock()
    try:
        for each in left:
            await _do(db, action, each, clock())
    except Cancelled:
        logger.info("bulk.stopped", bulk=str(action.id))
    return clock() + timedelta(seconds=BUSY_SECONDS if all(each.tries for each in left) else 0)


async def _do(db: Database, action: Bulk, each: Item, now: datetime) -> None:
    noted = False

    async def noting(connection: AsyncConnection, done: bool) -> None:
        nonlocal noted
        await bulk.note(connection, action.id, each.log_id, ItemOutcome.DONE if done else ItemOutcome.GONE)
        noted = True

    try:
        if action.what == Together.DISMISS:
            await _dismiss(db, action, each, now, noting)
        else:
            asked = Asked(action.by, now)
            await retry(db, each.log_id, wait=False, asked=asked, seen=each.seen, noting=noting)
        outcome = ItemOutcome.DONE if noted else await _why_not(db, each)
    except (*DATABASE_GONE, Cancelled):
        raise
    except Exception as error:
        logger.error("bulk.defect", error=type(error).__name__, where=where(error))
        outcome, noted = ItemOutcome.DEFECT, False
    if not noted:
        async with db.transaction() as connection:
            await bulk.note(connection, action.id, each.log_id, outcome)


async def _dismiss(db: Database, action: Bulk, each: Item, now: datetime, noting: Noting) -> None:
    note = action.note or ""
    with suppress(Declined):  # somebody was faster; `_why_not` says so
        await dismiss(db, each.log_id, note, by=action.by, now=now, seen=each.seen, noting=noting)


async def _why_not(db: Database, each: Item) -> ItemOutcome:
    """What to note of a row that nothing was done to, because nobody may or because its entity is busy."""
    row = await worklist.row(db, each.log_id)
    asks_still = row is not None and row.transactionId == each.seen and not asks_no_more(row)
    return ItemOutcome.BUSY if asks_still else ItemOutcome.GONE
