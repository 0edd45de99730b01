"""What asks for a person or for a second look: failures, conflicts, doubts, lost writes, and the way back."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Result, Row, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.rows import as_parameter, given_rows
from hamgam.db.tables import entity_mapping
from hamgam.db.tables import sync_log as t
from hamgam.errors import Reason
from hamgam.model import (
    CrmId,
    Direction,
    Entity,
    EntityKey,
    EntityType,
    Fields,
    FinanceId,
    Operation,
    Status,
)
from hamgam.trail.attempts import LATEST_BEGUN, and_one_more
from hamgam.trail.log import ATTENTION, MODIFIED_AT, OPEN, Intent, intent_of, of_entity
from hamgam.trail.stored import as_moment, moment_of, object_of, text_of

DISMISSED = "dismissed"
"""In a resolution: the note of a person who wants no more of this failure."""
RETRIED_BY, RETRIED_AT = "retriedBy", "retriedAt"
"""In the trigger's payload: the person who last put the row back, and when."""
RETRIED_BEFORE = "retriedBefore"
"""Those who had done so earlier, in the same words, the first of them first."""
_RETRIABLE = and_(
    t.c.status.in_((Status.FAILED, Status.CONFLICT)),
    t.c.resolvedAt.is_(None),
    t.c.direction == Direction.CRM_TO_FINANCE,
)


async def lost_write(db: Database, key: EntityKey) -> Intent | None:
    """The newest write of this entity whose answer was lost, from a sync that has ended."""
    found = await db.execute(
        select(t.c.intent)
        .where(of_entity(key), t.c.intent.is_not(None), t.c.status.in_(ATTENTION), t.c.resolvedAt.is_(None))
        .order_by(t.c.startedAt.desc())
        .limit(1)
    )
    return intent_of(found.scalar_one_or_none())


async def unfinished_creates(db: Database) -> list[Fields]:
    """The values of customers whose create was noted and is not bound: it may happen, or have happened."""
    unsettled = or_(OPEN, and_(t.c.status.in_(ATTENTION), t.c.resolvedAt.is_(None)))
    found = await db.execute(
        select(t.c.intent).where(
            t.c.direction == Direction.CRM_TO_FINANCE,
            t.c.entityType == EntityType.CUSTOMER,
            t.c.intent["operation"].as_string() == Operation.CREATE,
            unsettled,
        )
    )
    return [intent.fields for stored in found.scalars() if (intent := _readable(stored))]


async def in_doubt(db: Database, key: EntityKey) -> bool:
    """Whether a create of this entity may have happened unseen and no person has settled that yet.

    A create that ended in a defect of ours, or could not be bound, is as much in doubt as a lost answer; and
    so is a write that this version cannot read.
    """
    created = t.c.intent["operation"].as_string().is_distinct_from(Operation.UPDATE)
    sent = and_(t.c.status.in_(ATTENTION), t.c.intent.is_not(None), created)
    unsettled = and_(of_entity(key), t.c.resolvedAt.is_(None), or_(t.c.status == Status.IN_DOUBT, sent))
    found = await db.execute(select(t.c.id).where(unsettled).limit(1))
    return found.first() is not None


def _readable(stored: Any) -> Intent | None:
    try:
        return intent_of(stored)
    except ValueError:
        return None


async def asks_for_person(db: Database, key: EntityKey, reason: Reason) -> str | None:
    """The message of an unsettled row of this entity with this reason; None when there is none."""
    found = await db.execute(
        select(t.c.errorMessage)
        .where(of_entity(key), t.c.status.in_(ATTENTION), t.c.reason == reason, t.c.resolvedAt.is_(None))
        .order_by(t.c.startedAt.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return None if row is None else row.errorMessage or ""


async def ruled_out(db: Database, key: EntityKey) -> set[FinanceId]:
    """The finance contacts of which a person has said that none is this customer."""
    absent = t.c.resolution["absent"]
    found = await db.execute(select(absent).where(of_entity(key), absent.is_not(None)))
    return {FinanceId(code) for codes in found.scalars() for code in codes}


async def find(db: Database, log_id: UUID) -> Row[Any] | None:
    """One row of the log, whatever it is about."""
    return (await db.execute(_row(log_id))).one_or_none()


async def find_in(connection: AsyncConnection, log_id: UUID) -> Row[Any] | None:
    """Like `find`, for who changes it: nobody else does until the transaction of this connection ends."""
    row: Row[Any] | None = (await connection.execute(_row(log_id).with_for_update())).one_or_none()
    return row


def _row(log_id: UUID) -> Select[*tuple[Any, ...]]:
    return select(t).where(t.c.id == log_id)


async def note_resolution(
    connection: AsyncConnection, ids: Iterable[UUID], by: str, resolution: Mapping[str, Any], now: datetime
) -> None:
    """Settle rows because a person says so. What they say themselves stays."""
    said = {"resolvedAt": now, "resolvedBy": by, "resolution": resolution}
    await connection.execute(t.update().where(t.c.id.in_(list(ids))).values(said))


@dataclass(frozen=True, slots=True)
class Asking:
    """What one row says that is not settled, or was dismissed, and of what.

    `version` is the CRM's modification time of what was read, None where it was not read or no time came;
    `looked_at` is when the look began, by our clock.
    """

    version: datetime | None
    looked_at: datetime
    in_doubt: bool
    dismissed: bool = False
    """A person wants no more of this version; a later one is looked at."""


async def asking(db: Database, crm_ids: Sequence[CrmId]) -> dict[EntityKey, list[Asking]]:
    """What is not settled of these CRM entities, or was dismissed."""
    dismissed = t.c.resolution[DISMISSED].is_not(None)
    read = t.c.sourceData[MODIFIED_AT].as_string().label("version")
    found = await db.execute(
        select(
            t.c.sourceEntity,
            t.c.sourceEntityId,
            t.c.status,
            t.c.startedAt,
            read,
            func.coalesce(dismissed, False).label("dismissed"),
        ).where(
            t.c.direction == Direction.CRM_TO_FINANCE,
            t.c.sourceEntityId.in_(crm_ids),
            t.c.status.in_(ATTENTION),
            or_(t.c.resolvedAt.is_(None), dismissed),
        )
    )
    rows: dict[EntityKey, list[Asking]] = {}
    for row in found:
        asks = Asking(as_moment(row.version), row.startedAt, row.status == Status.IN_DOUBT, row.dismissed)
        rows.setdefault(_key_of(row), []).append(asks)
    return rows


async def held_up(db: Database) -> list[UUID]:
    """Failed documents that could not be written for want of a customer who is in finance by now."""
    m = entity_mapping.c
    customer = t.c.sourceData["customerId"].as_string()
    found = await db.execute(
        select(t.c.id)
        .join(entity_mapping, (m.entityType == EntityType.CUSTOMER) & (m.crmId == customer))
        .where(t.c.status == Status.FAILED, t.c.resolvedAt.is_(None), t.c.reason == Reason.CUSTOMER_FAILED)
    )
    return list(found.scalars())


async def retriable(db: Database) -> list[UUID]:
    """The failed syncs that are not settled yet, oldest first."""
    found = await db.execute(
        select(t.c.id).where(t.c.status == Status.FAILED, _RETRIABLE).order_by(t.c.startedAt)
    )
    return list(found.scalars())


async def retriable_keys(
    connection: Database | AsyncConnection, seen: Mapping[UUID, UUID | None]
) -> dict[UUID, EntityKey]:
    """The entities of those rows that can be put back, and tell of the attempt that was seen."""
    query = select(t.c.id, t.c.transactionId, t.c.sourceEntity, t.c.sourceEntityId).where(_of_these(seen))
    found: Result[Any] = await connection.execute(query)
    return {row.id: _key_of(row) for row in found if _is_as(seen, row)}


def _of_these(ids: Iterable[UUID]) -> ColumnElement[bool]:
    return and_(t.c.id.in_(list(ids)), _RETRIABLE)


def _is_as(seen: Mapping[UUID, UUID | None], row: Row[Any]) -> bool:
    return seen[row.id] in (None, row.transactionId)


@dataclass(frozen=True, slots=True)
class Asked:
    """The person who wants a row put back, and when that was said."""

    by: str
    at: datetime


async def put_back(
    connection: AsyncConnection, seen: Mapping[UUID, UUID | None], asked: Asked | None = None
) -> dict[UUID, EntityKey]:
    """Make failed and conflicting syncs pending again; answers which, and of what.

    Where a newer sync of the entity is open already, that one serves and the old row is only settled; but a
    row that tells of a lost write stays what it is until a sync has succeeded. `seen` is for each the attempt
    that it told of when somebody looked at it; one that was tried again since is left alone.
    """
    query = select(t).where(_of_these(seen)).order_by(t.c.id).with_for_update()
    rows = [row for row in await connection.execute(query) if _is_as(seen, row)]
    keys = {row.id: _key_of(row) for row in rows}
    again = _reopened(rows, keys, await _with_open_sync(connection, keys.values()))
    left = [row for row in rows if row.id not in again]
    opened = {
        "status": Status.PENDING,
        "retryCount": 0,
        "completedAt": None,
        "durationMs": None,
        "attempts": and_one_more(t.c.completedAt, LATEST_BEGUN, t.c.reason, t.c.errorMessage),
    }
    said = {"resolvedBy": asked.by, "resolution": {"retried": True}} if asked else {}
    settled = {"resolvedAt": asked.at if asked else func.now()} | said
    await _note(connection, [row for row in rows if row.id in again], asked, **opened)
    await _note(connection, [row for row in left if not row.intent], asked, **settled)
    await _note(connection, [row for row in left if row.intent], asked)
    return keys


def _reopened(
    rows: Iterable[Row[Any]], keys: Mapping[UUID, EntityKey], served: Container[tuple[EntityType, CrmId]]
) -> set[UUID]:
    """The rows that become the open sync of their record, which has one at most."""
    first: dict[tuple[EntityType, CrmId], UUID] = {}
    for row in rows:
        of = _identity(keys[row.id])
        if of not in served and (row.status == Status.FAILED or row.intent):
            first.setdefault(of, row.id)
    return set(first.values())


async def _with_open_sync(
    connection: AsyncConnection, keys: Iterable[EntityKey]
) -> set[tuple[EntityType, CrmId]]:
    query = select(t.c.entityType, t.c.sourceEntityId).where(
        t.c.direction == Direction.CRM_TO_FINANCE,
        t.c.sourceEntityId.in_([key.crm_id for key in keys]),
        OPEN,
    )
    found = await connection.execute(query)
    return {(EntityType(row.entityType), CrmId(row.sourceEntityId)) for row in found}


def _identity(key: EntityKey) -> tuple[EntityType, CrmId]:
    return key.entity.entity_type, key.crm_id


async def _note(
    connection: AsyncConnection, rows: Sequence[Row[Any]], asked: Asked | None, **values: Any
) -> None:
    """Store these values in the rows, and in each who asked for it."""
    if not rows:
        return
    given = given_rows(t, ("id", "triggerPayload"))
    statement = t.update().where(t.c.id == given.c.id).values(triggerPayload=given.c.triggerPayload, **values)
    told = [{"id": row.id, "triggerPayload": _payload(row, asked)} for row in rows]
    await connection.execute(statement, as_parameter(told))


def _payload(row: Row[Any], asked: Asked | None) -> Any:
    if asked is None:
        return row.triggerPayload
    before = dict(object_of(row.triggerPayload))
    said = {RETRIED_BY: asked.by, RETRIED_AT: asked.at.isoformat()}
    earlier = [{RETRIED_BY: each.by, RETRIED_AT: each.at.isoformat()} for each in retries(before)]
    return before | said | ({RETRIED_BEFORE: earlier} if earlier else {})


def retries(payload: Any) -> list[Asked]:
    """Who has put a row back, and when, the first of them first; what another version wrote is left out."""
    earlier = object_of(payload).get(RETRIED_BEFORE)
    said = [*(earlier if isinstance(earlier, list) else []), payload]
    return [asked for each in said if (asked := _asked(each)) is not None]


def _asked(said: Any) -> Asked | None:
    by, at = text_of(said, RETRIED_BY), moment_of(said, RETRIED_AT)
    return Asked(by, at) if by and at else None


def _key_of(row: Row[Any]) -> EntityKey:
    return EntityKey(Entity(row.sourceEntity), CrmId(row.sourceEntityId))
