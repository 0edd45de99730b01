"""Actions on many rows at once: which rows, who wants what, and how far it is. Each row counts once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, literal, null, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import bulk_action as t
from hamgam.db.tables import bulk_item as item
from hamgam.db.tables import sync_log
from hamgam.trail import worklist
from hamgam.trail.worklist import Chosen, Together, Wanted

TRIES = 3
"""How often a row is tried whose entity is being worked on."""
_LEFT = text("(outcome IS NULL OR outcome = 'BUSY')")


class ItemOutcome(StrEnum):
    DONE = "DONE"
    BUSY = "BUSY"
    """Its entity was being worked on."""
    GONE = "GONE"
    """It had been settled, put back or tried again by somebody else."""
    DEFECT = "DEFECT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """One action and its progress."""

    id: UUID
    what: str
    """One of `Together`, or what a newer version knows."""
    note: str | None
    filter: dict[str, str] | None
    by: str
    started_at: datetime
    total: int
    done: int
    failed: int
    finished_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: str | None

    @property
    def left(self) -> int:
        return self.total - self.done - self.failed

    @property
    def over(self) -> bool:
        return self.finished_at is not None


@dataclass(frozen=True, slots=True)
class Item:
    log_id: UUID
    seen: UUID
    tries: int


async def begin(
    connection: AsyncConnection,
    bulk_id: UUID,
    what: Together,
    chosen: Chosen,
    *,
    note: str = "",
    by: str,
    now: datetime,
) -> int | None:
    """Note the action and its rows as they are in this moment; answers how many.

    None where this very action is there already. Rows that fail later are not swept in, and one that is tried
    again meanwhile is another failure, which nobody has looked at.
    """
    wanted = chosen.as_json() if isinstance(chosen, Wanted) else None
    values = {"id": bulk_id, "what": what, "filter": wanted, "by": by, "startedAt": now, "total": 0}
    if what is Together.DISMISS:
        values["note"] = note
    made = await connection.execute(insert(t).values(values).on_conflict_do_nothing().returning(t.c.id))
    if made.first() is None:
        return None
    s, names = sync_log.c, ["bulkId", "logId", "seen", "record"]
    record = s.sourceEntity + ":" + s.sourceEntityId if what is Together.RETRY else null()
    rows = select(literal(bulk_id, item.c.bulkId.type), s.id, s.transactionId, record).where(
        what.fits, worklist.which(chosen)
    )
    await connection.execute(insert(item).from_select(names, rows, include_defaults=False))
    taken = select(func.count()).select_from(item).where(item.c.bulkId == bulk_id).scalar_subquery()
    counted = await connection.execute(
        t.update().where(t.c.id == bulk_id).values(total=taken).returning(t.c.total)
    )
    return int(counted.scalar_one())


async def load(db: Database, bulk_id: UUID) -> Bulk | None:
    found = (await db.execute(select(t).where(t.c.id == bulk_id))).one_or_none()
    return _bulk(found) if found else None


async def latest(db: Database, limit: int) -> list[Bulk]:
    """The newest actions first."""
    return [_bulk(row) for row in await db.execute(select(t).order_by(t.c.startedAt.desc()).limit(limit))]


async def next_open(db: Database) -> Bulk | None:
    """The oldest action that is not over."""
    query = select(t).where(text('"finishedAt" IS NULL')).order_by(t.c.startedAt, t.c.id).limit(1)
    found = (await db.execute(query)).one_or_none()
    return _bulk(found) if found else None


async def items_left(db: Database, bulk_id: UUID, limit: int) -> list[Item]:
    """The rows that come next: those that were not tried yet, then the ones that were busy."""
    query = (
        select(item.c.logId, item.c.seen, item.c.tries)
        .where(item.c.bulkId == bulk_id, _LEFT, item.c.tries < TRIES)
        .order_by(item.c.tries, item.c.logId)
        .limit(limit)
    )
    return [Item(row.logId, row.seen, row.tries) for row in await db.execute(query)]


class Cancelled(Exception):
    """The action was cancelled, or another worker has done rows of it."""


async def note(connection: AsyncConnection, bulk_id: UUID, outcomes: Mapping[UUID, ItemOutcome]) -> None:
    """Count rows, each once. Raises `Cancelled`, so that what was done to them is taken back."""
    noted = 0
    for outcome in set(outcomes.values()):
        ids = [log_id for log_id, each in outcomes.items() if each is outcome]
        mine = and_(item.c.bulkId == bulk_id, item.c.logId.in_(ids), _LEFT)
        values = {"outcome": outcome, "tries": item.c.tries + 1}
        noted += (await connection.execute(item.update().where(mine).values(values))).rowcount
    counted = Counter(outcomes.values())
    counts = {
        "done": t.c.done + counted[ItemOutcome.DONE],
        "failed": t.c.failed + counted[ItemOutcome.GONE] + counted[ItemOutcome.DEFECT],
    }
    running = and_(t.c.id == bulk_id, t.c.cancelledAt.is_(None), t.c.finishedAt.is_(None))
    still = await connection.execute(t.update().where(running).values(counts))
    if noted != len(outcomes) or still.rowcount != 1:
        raise Cancelled


async def finish(db: Database, bulk_id: UUID, now: datetime) -> None:
    """End the action. Rows that are busy to the last count as left alone."""
    busy = (
        select(func.count())
        .select_from(item)
        .where(item.c.bulkId == bulk_id, item.c.outcome == ItemOutcome.BUSY)
        .scalar_subquery()
    )
    running = and_(t.c.id == bulk_id, t.c.finishedAt.is_(None))
    await db.execute(t.update().where(running).values(finishedAt=now, failed=t.c.failed + busy))


async def cancel(connection: AsyncConnection, bulk_id: UUID, by: str, now: datetime) -> bool:
    """Stop after the rows that are done by now; answers whether there was something to stop."""
    running = and_(t.c.id == bulk_id, t.c.finishedAt.is_(None))
    stopped = await connection.execute(
        t.update().where(running).values(cancelledAt=now, cancelledBy=by, finishedAt=now)
    )
    return stopped.rowcount == 1


async def outcomes(db: Database, bulk_id: UUID) -> dict[ItemOutcome, int]:
    """The rows by their outcome; what was not tried is left out."""
    query = (
        select(item.c.outcome, func.count().label("rows"))
        .where(item.c.bulkId == bulk_id, item.c.outcome.is_not(None))
        .group_by(item.c.outcome)
    )
    counted = {ItemOutcome(row.outcome): row.rows for row in await db.execute(query)}
    return {outcome: counted.get(outcome, 0) for outcome in ItemOutcome}


async def purge(db: Database, before: datetime) -> None:
    """Delete actions that were over before; the rows of the log keep who did what to them."""
    await db.execute(t.delete().where(t.c.finishedAt < before))


def _bulk(row: Row[Any]) -> Bulk:
    return Bulk(
        id=row.id,
        what=row.what,
        note=row.note,
        filter=row.filter,
        by=row.by,
        started_at=row.startedAt,
        total=row.total,
        done=row.done,
        failed=row.failed,
        finished_at=row.finishedAt,
        cancelled_at=row.cancelledAt,
        cancelled_by=row.cancelledBy,
    )
