"""The story of one record: notices, syncs, and what people said, in the order of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Row, Select, and_, or_, select

from hamgam.db.engine import Database
from hamgam.db.tables import sync_log as t
from hamgam.db.tables import webhook_delivery
from hamgam.model import EntityKey, Status
from hamgam.trail import log
from hamgam.trail.imports import CONTACT
from hamgam.trail.place import Place


class What(IntEnum):
    """What happened; of one moment, in this order."""

    NOTICE = 0
    SYNC = 1
    WORD = 2
    """A person has settled a sync."""


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    what: What
    row: Row[Any]
    """Of the webhook deliveries for a notice, else of the sync log."""

    @property
    def place(self) -> Place:
        return Place(self.at, self.row.id, rank=self.what)


async def timeline(
    db: Database, entity: str, record: str, finance_id: str | None, *, before: Place | None, limit: int
) -> list[Event]:
    """Events of one record, newest first, from before a place; `finance_id` is the customer's contact."""
    notices = and_(webhook_delivery.c.entity == entity, webhook_delivery.c.crmId == record)
    syncs = and_(t.c.sourceEntity == entity, t.c.sourceEntityId == record)
    if finance_id is not None:
        syncs = or_(syncs, and_(t.c.sourceEntity == CONTACT, t.c.sourceEntityId == finance_id))
    parts = [
        (What.NOTICE, select(webhook_delivery).where(notices), webhook_delivery.c.receivedAt),
        (What.SYNC, select(t).where(syncs), t.c.startedAt),
        (What.WORD, select(t).where(syncs, t.c.resolvedBy.is_not(None)), t.c.resolvedAt),
    ]
    events: list[Event] = []
    for what, query, at in parts:
        events += await _part(db, what, query, at, before, limit)
    return sorted(events, key=lambda event: (event.at, event.what, event.row.id), reverse=True)[:limit]


async def last_written(db: Database, key: EntityKey) -> tuple[Mapping[str, Any] | None, datetime | None]:
    """What Hamgam wrote last of a record and when, while the log still has it."""
    newest = (
        select(t.c.targetDataAfter, t.c.completedAt)
        .where(log.of_entity(key), t.c.status == Status.SUCCESS, t.c.targetDataAfter.is_not(None))
        .order_by(t.c.startedAt.desc())
        .limit(1)
    )
    row = (await db.execute(newest)).one_or_none()
    if row is None or not isinstance(row.targetDataAfter, dict):
        return None, None
    return row.targetDataAfter, row.completedAt


async def _part(
    db: Database,
    what: What,
    query: Select[Any],
    at: Column[datetime],
    before: Place | None,
    limit: int,
) -> Sequence[Event]:
    event = at.table.c.id
    if before is not None:
        query = query.where(_comes_before(what, at, event, before))
    rows = await db.execute(query.order_by(at.desc(), event.desc()).limit(limit))
    return [Event(row._mapping[at.name], what, row) for row in rows]


def _comes_before(
    what: What, at: Column[datetime], event: Column[UUID], before: Place
) -> ColumnElement[bool]:
    if what == before.rank:
        return before.beyond(at, event)
    return at <= before.at if what < before.rank else at < before.at
