"""What asks for a person, as a list to work through: filtered, counted by reason, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, not_, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import ASKS_FOR_PERSON, entity_mapping, poll_cursor, record_name
from hamgam.db.tables import sync_log as t
from hamgam.errors import Reason
from hamgam.model import Direction, Entity, EntityType, Operation, Status, Stream
from hamgam.trail.imports import CONTACT
from hamgam.trail.place import Place

_MAYBE_SENT = and_(
    t.c.entityType == EntityType.PREINVOICE,
    t.c.intent.is_not(None),
    t.c.intent["operation"].as_string().is_distinct_from(Operation.UPDATE),
)
RETRIABLE_TOGETHER = and_(
    ASKS_FOR_PERSON,
    t.c.direction == Direction.CRM_TO_FINANCE,
    t.c.status != Status.IN_DOUBT,
    t.c.reason.is_distinct_from(Reason.OTHER_CODE),
    not_(func.coalesce(_MAYBE_SENT, False)),
)
"""Rows for which a retry is enough, and harmless without a look at each."""
DISMISSIBLE = and_(
    ASKS_FOR_PERSON,
    t.c.status != Status.IN_DOUBT,
    t.c.intent.is_(None),
    t.c.reason.is_distinct_from(Reason.OTHER_CODE),
)
"""Rows of which no write may have happened unseen, and that do not hold back further writes themselves."""


class Together(StrEnum):
    """What a person can do with many rows at once."""

    RETRY = "retry"
    DISMISS = "dismiss"

    @property
    def fits(self) -> ColumnElement[bool]:
        """The rows that it is for."""
        return DISMISSIBLE if self is Together.DISMISS else RETRIABLE_TOGETHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of the rows that ask for a person; None means all."""

    reason: str | None = None
    status: Status | None = None
    entity_type: EntityType | None = None

    def as_json(self) -> dict[str, str]:
        named = {"reason": self.reason, "status": self.status, "type": self.entity_type}
        return {name: str(value) for name, value in named.items() if value is not None}


Chosen = Wanted | Sequence[tuple[UUID, UUID]]
"""Rows by a filter, or one by one, each with the attempt that it told of when it was chosen."""


@dataclass(frozen=True, slots=True)
class Group:
    """How many rows ask for the same reason."""

    reason: str | None
    status: str
    count: int


@dataclass(frozen=True, slots=True)
class Held:
    """A stream whose poll holds suspiciously many changes back."""

    stream: Stream
    changes: int
    released_by: str | None
    """Who has let them through; the next poll does it."""


async def groups(db: Database) -> list[Group]:
    """All that asks for a person, by reason; most first."""
    counted = func.count().label("rows")
    query = (
        select(t.c.reason, t.c.status, counted)
        .where(ASKS_FOR_PERSON)
        .group_by(t.c.reason, t.c.status)
        .order_by(counted.desc(), t.c.reason, t.c.status)
    )
    return [Group(row.reason, row.status, row.rows) for row in await db.execute(query)]


async def rows(
    db: Database, wanted: Wanted, *, oldest_first: bool, after: Place | None, limit: int
) -> Sequence[Row[Any]]:
    """One page: the columns of the log, with `linked`, the finance id that the record is mapped to.

    `knownName` and `number` are what people know it by; a document has `customerId` and `customerName`.
    """
    query = _with_names().where(ASKS_FOR_PERSON, *_matching(wanted)).limit(limit)
    if after is not None:
        query = query.where(after.beyond(t.c.startedAt, t.c.id))
    order = (t.c.startedAt, t.c.id) if oldest_first else (t.c.startedAt.desc(), t.c.id.desc())
    return (await db.execute(query.order_by(*order))).all()


async def row(db: Database, log_id: UUID) -> Row[Any] | None:
    """One row, whether it still asks or not, with the columns of `rows`."""
    return (await db.execute(_with_names().where(t.c.id == log_id))).one_or_none()


async def later(db: Database, row: Row[Any]) -> Row[Any] | None:
    """The newest sync of the same record that began after this one."""
    same = (t.c.sourceEntityId, t.c.entityType, t.c.direction)
    newer = and_(*(column == getattr(row, column.name) for column in same), t.c.startedAt > row.startedAt)
    query = select(t).where(newer, t.c.id != row.id).order_by(t.c.startedAt.desc(), t.c.id).limit(1)
    return (await db.execute(query)).one_or_none()


async def name_then(db: Database, customer: str, contact: str, at: datetime) -> str | None:
    """What a customer was called in finance at a moment: what was last written there or read from there."""
    name = t.c.sourceData["fields"]["name"].as_string()
    theirs = or_(
        and_(t.c.sourceEntity == Entity.CUSTOMER, t.c.sourceEntityId == customer),
        and_(t.c.sourceEntity == CONTACT, t.c.sourceEntityId == contact),
    )
    in_step = and_(t.c.status == Status.SUCCESS, t.c.startedAt <= at, name.is_not(None))
    query = select(name).where(theirs, in_step).order_by(t.c.startedAt.desc()).limit(1)
    return (await db.execute(query)).scalar_one_or_none()


async def count(db: Database, wanted: Wanted) -> int:
    query = select(func.count()).select_from(t).where(ASKS_FOR_PERSON, *_matching(wanted))
    return int((await db.execute(query)).scalar_one())


async def count_fit(db: Database, what: Together, chosen: Chosen) -> int:
    """Of those, the ones that this can be done with."""
    query = select(func.count()).select_from(t).where(what.fits, which(chosen))
    return int((await db.execute(query)).scalar_one())


async def still_fit(connection: AsyncConnection, what: Together, seen: Mapping[UUID, UUID]) -> set[UUID]:
    """Of these rows, each with the attempt that it told of, the ones that this can be done with as before."""
    return await _as_seen(connection, select(t.c.id, t.c.transactionId).where(what.fits), seen)


async def lock_still_fit(connection: AsyncConnection, what: Together, seen: Mapping[UUID, UUID]) -> set[UUID]:
    """Likewise, and nobody changes them until the transaction ends. What another changes is left out."""
    query = select(t.c.id, t.c.transactionId).where(what.fits).with_for_update(skip_locked=True)
    return await _as_seen(connection, query, seen)


async def _as_seen(
    connection: AsyncConnection, query: Select[tuple[UUID, UUID]], seen: Mapping[UUID, UUID]
) -> set[UUID]:
    found = await connection.execute(query.where(t.c.id.in_(list(seen))))
    return {row.id for row in found if row.transactionId == seen[row.id]}


def which(chosen: Chosen) -> Any:
    if isinstance(chosen, Wanted):
        return and_(text("true"), *_matching(chosen))
    return tuple_(t.c.id, t.c.transactionId).in_(chosen)


async def held(db: Database) -> list[Held]:
    c = poll_cursor.c
    query = select(c.stream, c.held, c.releasedBy).where(c.held.is_not(None), c.stream.in_(list(Stream)))
    return [Held(Stream(row.stream), row.held, row.releasedBy) for row in await db.execute(query)]


def _matching(wanted: Wanted) -> list[Any]:
    given = ((t.c.reason, wanted.reason), (t.c.status, wanted.status), (t.c.entityType, wanted.entity_type))
    return [column == value for column, value in given if value is not None]


def _with_names() -> Select[Any]:
    own, whose = record_name.alias(), record_name.alias()
    customer_id = func.coalesce(own.c.customerId, t.c.sourceData["customerId"].as_string(), _customer_sent())
    return (
        select(
            t,
            _linked().label("linked"),
            own.c.name.label("knownName"),
            own.c.number,
            customer_id.label("customerId"),
            whose.c.name.label("customerName"),
        )
        .outerjoin(own, and_(own.c.entity == t.c.sourceEntity, own.c.id == t.c.sourceEntityId))
        .outerjoin(whose, and_(whose.c.entity == Entity.CUSTOMER, whose.c.id == customer_id))
    )


def _linked() -> Any:
    m = entity_mapping.c
    mine = and_(m.entityType == t.c.entityType, m.crmId == t.c.sourceEntityId)
    return select(m.financeId).where(mine).scalar_subquery()


def _customer_sent() -> Any:
    """The CRM's id of the customer to whose code a document was sent."""
    m = entity_mapping.c
    code = t.c.intent["document"]["customer"].as_string()
    theirs = and_(m.entityType == EntityType.CUSTOMER, m.financeId == code)
    return select(m.crmId).where(theirs).scalar_subquery()
