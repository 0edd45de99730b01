"""What a person can do with a row that asks for one, and the doing of it: put it back, or dismiss it.

`settling` has the third: to say what is in finance. All of them happen once, or say who was faster.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.jobs import queue
from hamgam.jobs.declining import (
    UNMATCHED,
    Declined,
    Why,
    asks_no_more,
    created_unseen,
    declined,
    logged,
    nothing_to_settle,
    reviewed,
    unchanged,
)
from hamgam.jobs.runner import retry
from hamgam.model import Direction, Status, Stream
from hamgam.trail import attention, cursor, log
from hamgam.trail.attention import DISMISSED, Asked


class Act(StrEnum):
    RETRY = "retry"
    EXISTS = "exists"
    """Say which finance record it is."""
    ABSENT = "absent"
    """Say that it is not in finance, so that it is sent."""
    DISMISS = "dismiss"
    """Ask no more for this failure; a later change is looked at as ever."""


def possible(row: Row[Any], *, linked: bool) -> frozenset[Act]:
    """What a person can do with this row; `linked`: its CRM record has a mapping."""
    if asks_no_more(row):
        return frozenset()
    dismissible = {Act.DISMISS} if may_be_dismissed(row) else set()
    if row.direction != Direction.CRM_TO_FINANCE:
        return frozenset(dismissible)
    return frozenset(_answers(row, linked=linked) | dismissible)


def _answers(row: Row[Any], *, linked: bool) -> set[Act]:
    try:
        doubt = row.status == Status.IN_DOUBT or created_unseen(row, log.intent_of(row.intent))
    except ValueError:
        return set()  # what was sent is not known to this version
    absent = set() if linked else {Act.ABSENT}
    if doubt:
        return {Act.EXISTS} | absent
    if row.status == Status.FAILED:
        return {Act.RETRY}
    if row.reason == Reason.OTHER_CODE:
        return {Act.EXISTS}  # to write once more may make one more contact
    if row.reason in UNMATCHED:
        return {Act.RETRY, Act.EXISTS} | absent
    compared = row.reason == Reason.REVIEW_REQUIRED and reviewed(row) is not None
    return {Act.RETRY, Act.EXISTS} if compared else {Act.RETRY}


def may_be_dismissed(row: Row[Any]) -> bool:
    """Not while a write may have happened unseen, and not where the row itself holds back further writes."""
    return (
        row.status in (Status.FAILED, Status.CONFLICT)
        and row.intent is None
        and row.reason != Reason.OTHER_CODE
    )


async def put_back(db: Database, log_id: UUID, asked: Asked, seen: UUID | None = None) -> None:
    """Queue one row again for a person. Raises `Declined`; then nothing has changed."""
    row = logged(await attention.find(db, log_id), log_id)
    unchanged(row, seen)
    if Act.RETRY not in possible(row, linked=False):
        raise declined(
            row, nothing_to_settle(row) or f"asks for more than a retry; run hamgam settle {row.id}"
        )
    # Where nobody has seen the row, it is the one that was just read that is put back, and no later failure.
    if await retry(db, log_id, wait=False, asked=asked, seen=seen or row.transactionId) is None:
        unchanged(logged(await attention.find(db, log_id), log_id), row.transactionId)
        raise Declined(f"{log_id} is being synchronised now; try again in a moment", Why.BUSY)


async def dismiss(
    db: Database,
    log_id: UUID,
    note: str,
    *,
    by: str,
    now: datetime,
    seen: UUID | None = None,
) -> None:
    """Settle a failure or a conflict without a sync. Raises `Declined`; then nothing has changed.

    The version of the record that failed is not polled again; a later one, a webhook, or a person brings a
    new look.
    """
    async with db.transaction() as connection:
        row = logged(await attention.find_in(connection, log_id), log_id)
        unchanged(row, seen)
        if not may_be_dismissed(row):
            raise declined(row, "tells of a write that may have happened, so it cannot be dismissed")
        await attention.note_resolution(connection, [log_id], by, {DISMISSED: note}, now)


async def release(db: Database, stream: Stream, held: int, *, by: str, now: datetime) -> bool:
    """Let the changes through that a poll holds back, at once; answers whether they are still so many.

    Should the poll find more than these, it holds them back again.
    """
    async with db.transaction() as connection:
        done = await cursor.release(connection, stream, held, by, now)
        if done:
            await queue.enqueue_task(connection, queue.POLL_TASK, {}, now)
    return done
