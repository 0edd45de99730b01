"""Retries and dismissals of many rows, as a job: a hundred in one commit, and so on.

What was done to rows and that it was done are one commit. So a crash, a second worker or a double click
neither leaves a row out nor does it twice.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import DATABASE_GONE, Database, lock_free
from hamgam.errors import UsageError, where
from hamgam.jobs import queue
from hamgam.jobs.runner import put_back
from hamgam.trail import attention, bulk, worklist
from hamgam.trail.attention import DISMISSED, Asked
from hamgam.trail.bulk import Bulk, Cancelled, Item, ItemOutcome
from hamgam.trail.worklist import Chosen, Together

logger = structlog.get_logger()

COMMIT_ROWS = 100
STEP_COMMITS = 20
"""Then the job ends, so that a worker can stop within some seconds; its next begins about a second later."""
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
    """Go on with the oldest action that is not over; answers when to go on again, None: nothing is left.

    One worker at a time: a second would find rows busy that only the first is working on.
    """
    pause: float | None = BUSY_SECONDS
    async with db.locked("bulk") as held:
        if held is not None:
            for _ in range(STEP_COMMITS):
                pause = await _some(held, clock)
                if pause is None or pause:
                    break
    return None if pause is None else clock() + timedelta(seconds=pause)


async def _some(db: Database, clock: Callable[[], datetime]) -> float | None:
    """Do some rows in one commit; answers after how many seconds the next are due, None: there are none."""
    action = await bulk.next_open(db)
    if action is None:
        return None
    left = await bulk.items_left(db, action.id, COMMIT_ROWS)
    if not left:
        await bulk.finish(db, action.id, clock())
        logger.info("bulk.done", bulk=str(action.id), total=action.total)
        return 0
    try:
        await _deal_with(db, action, left, clock())
    except Cancelled:
        logger.info("bulk.stopped", bulk=str(action.id))
    return BUSY_SECONDS if all(each.tries for each in left) else 0


async def _deal_with(db: Database, action: Bulk, items: Sequence[Item], now: datetime) -> None:
    """These rows in one commit; where that meets a defect, each alone, so that only its cause is left out."""
    doing = _dismiss if action.what == Together.DISMISS else _retry
    try:
        async with db.transaction() as connection:
            await bulk.note(connection, action.id, await doing(connection, action, items, now))
    except (*DATABASE_GONE, Cancelled):
        raise
    except Exception as error:
        if len(items) > 1:
            for each in items:
                await _deal_with(db, action, [each], now)
            return
        logger.error("bulk.defect", error=type(error).__name__, where=where(error))
        async with db.transaction() as connection:
            await bulk.note(connection, action.id, {items[0].log_id: ItemOutcome.DEFECT})


async def _retry(
    connection: AsyncConnection, action: Bulk, items: Sequence[Item], now: datetime
) -> Mapping[UUID, ItemOutcome]:
    """Under the locks of the entities, because the end of a running sync touches the same rows."""
    seen = {each.log_id: each.seen for each in items}
    keys = await attention.retriable_keys(connection, seen)
    free = await lock_free(connection, map(str, keys.values()))
    mine = {log_id: seen[log_id] for log_id, key in keys.items() if str(key) in free}
    done = await put_back(connection, mine, Asked(action.by, now))
    return _outcomes(seen, done=done, busy=keys.keys() - mine.keys())


async def _dismiss(
    connection: AsyncConnection, action: Bulk, items: Sequence[Item], now: datetime
) -> Mapping[UUID, ItemOutcome]:
    seen = {each.log_id: each.seen for each in items}
    fit = await worklist.still_fit(connection, Together.DISMISS, seen)
    mine = await worklist.lock_still_fit(connection, Together.DISMISS, seen)
    await attention.note_resolution(connection, mine, action.by, {DISMISSED: action.note or ""}, now)
    return _outcomes(seen, done=mine, busy=fit - mine)


def _outcomes(
    ids: Iterable[UUID], *, done: Container[UUID], busy: Container[UUID]
) -> Mapping[UUID, ItemOutcome]:
    """Of the rows that are neither somebody else has left nothing to do."""

    def outcome(log_id: UUID) -> ItemOutcome:
        if log_id in done:
            return ItemOutcome.DONE
        return ItemOutcome.BUSY if log_id in busy else ItemOutcome.GONE

    return {log_id: outcome(log_id) for log_id in ids}
