"""The sync log: one row per sync, from the notice to the outcome, through all its attempts.

A row is open (PENDING, IN_PROGRESS) or ended. The database allows one open row per entity, and each attempt
puts a fresh transaction id on it: whoever lost the row to another attempt finds that out at the next step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Executable, and_, bindparam, case, func, not_, or_, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import sync_log as t
from hamgam.errors import Reason, SyncError
from hamgam.model import (
    Direction,
    EntityKey,
    Fields,
    FinanceId,
    Kind,
    Operation,
    Status,
    TransactionId,
    Trigger,
)
from hamgam.trail import names
from hamgam.trail.attempts import and_one_more

ATTENTION = (Status.FAILED, Status.CONFLICT, Status.IN_DOUBT)
MODIFIED_AT = "modifiedAt"
"""In the source data: the modification time of the version that was read, ISO 8601 in UTC."""
_MOST_MILLISECONDS = 2**31 - 1
OPEN = text("status IN ('PENDING', 'IN_PROGRESS')")


class TakenOver(SyncError):
    """Another attempt has taken this log row; this one must not write any more."""

    def __init__(self) -> None:
        super().__init__(Reason.TAKEN_OVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A write that was about to be sent: its answer may have been lost."""

    operation: Operation
    transaction_id: TransactionId
    number: str = ""
    fields: Fields
    finance_id: FinanceId | None = None
    """The contact that was about to be written; None for a create and for documents."""
    checksum: str | None = None
    """Of the document as it was sent; None for a customer."""
    document: Mapping[str, Any] | None = None
    """What was sent of a document, for who looks for it; None where an older version has not said."""
    noted_at: datetime | None = None
    """When it was about to be sent; None where an older version has not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at one sync; it owns the open log row until it ends or is taken over."""

    log_id: UUID
    transaction_id: TransactionId
    key: EntityKey
    begun_at: datetime
    """Its sync may have begun earlier, and have waited for it."""
    retry_count: int
    trigger: Trigger
    intent: Intent | None
    """Left by an earlier attempt whose answer was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ends, for the log row."""

    status: Status
    operation: Operation = Operation.NONE
    reason: Reason | None = None
    message: str = ""
    target_id: str | None = None
    mapping_id: UUID | None = None
    kind: Kind | None = None
    source: Mapping[str, Any] | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    keep_intent: bool = False


def _row_of(key: EntityKey) -> dict[str, Any]:
    return {
        "entityType": key.entity.entity_type,
        "sourceEntity": key.entity,
        "sourceEntityId": key.crm_id,
        "direction": Direction.CRM_TO_FINANCE,
    }


async def open_attempt(
    db: Database,
    key: EntityKey,
    trigger: Trigger,
    payload: Mapping[str, Any],
    transaction_id: TransactionId,
    now: datetime,
) -> Attempt:
    """Open a log row for this entity, or go on with the one that an earlier attempt left open."""
    values = _row_of(key) | {
        "transactionId": transaction_id,
        "operation": Operation.NONE,
        "status": Status.IN_PROGRESS,
        "triggerType": trigger,
        "triggerPayload": dict(payload),
        "startedAt": now,
    }
    row = (await db.execute(_opening(), values)).one()
    return Attempt(
        log_id=row.id,
        transaction_id=transaction_id,
        key=key,
        begun_at=now,
        retry_count=row.retryCount,
        trigger=Trigger(row.triggerType),
        intent=intent_of(row.intent),
    )


@cache
def _opening() -> Executable:
    """Built once: on this path the building of a statement costs more than its execution."""
    statement = insert(t)
    crashed = t.c.status == Status.IN_PROGRESS
    return statement.on_conflict_do_update(
        index_elements=["direction", "entityType", "sourceEntityId"],
        index_where=OPEN,
        set_={
            "transactionId": statement.excluded.transactionId,
            "status": Status.IN_PROGRESS,
            "retryCount": case((crashed, t.c.retryCount + 1), else_=t.c.retryCount),
            "attempts": case((crashed, and_one_more(statement.excluded.startedAt)), else_=t.c.attempts),
        },
    ).returning(t.c.id, t.c.retryCount, t.c.intent, t.c.triggerType)


async def note_intent(db: Database, attempt: Attempt, intent: Intent) -> None:
    """Make the write that comes next known, durably. Raises `TakenOver`."""
    values = {"operation": intent.operation, "intent": _intent_json(intent)}
    noted = await db.execute(_MINE, ours(attempt) | values)
    if noted.rowcount != 1:
        raise TakenOver


async def take_back_intent(db: Database, attempt: Attempt) -> None:
    """The write was surely not sent: only what an earlier attempt left stays known."""
    left = _intent_json(attempt.intent) if attempt.intent else None
    await db.execute(_MINE.values(intent=left), ours(attempt))


async def close(connection: AsyncConnection, attempt: Attempt, ending: Ending, now: datetime) -> None:
    """End the attempt's row; a final outcome also settles what earlier rows of the entity asked for.

    Raises `TakenOver` when the row is no longer this attempt's, so that the transaction rolls back.
    """
    values = ended(attempt, ending, now)
    given = {f"log_{name}": value for name, value in values.items()}
    closing = _closing(tuple(values))
    closed = await connection.execute(closing, ours(attempt) | given | _name(attempt, ending))
    if closed.first() is None:
        raise TakenOver
    if _settles(ending):
        await _resolve_earlier(connection, attempt, ending, now)


@cache
def _closing(columns: tuple[str, ...]) -> Executable:
    return names.with_name(_MINE.values({name: bindparam(f"log_{name}") for name in columns}))


def _name(attempt: Attempt, ending: Ending) -> dict[str, Any]:
    return names.parameters(attempt.key, ending.kind, ending.source)


async def postpone(db: Database, attempt: Attempt, ending: Ending, now: datetime, *, counts: bool) -> None:
    """Leave the row open for a later attempt, with the reason of this one's failure."""
    reason, message = ending.reason, ending.message or None
    values: dict[str, Any] = {"status": Status.PENDING, "reason": reason, "errorMessage": message}
    if counts:
        one_more = and_one_more(now, attempt.begun_at, reason, message)
        values |= {"retryCount": t.c.retryCount + 1, "attempts": one_more}
    if not ending.keep_intent:
        values["intent"] = None
    postponed = _MINE.values(values)
    if (await db.execute(names.with_name(postponed), ours(attempt) | _name(attempt, ending))).first() is None:
        raise TakenOver


async def note_skip(
    db: Database,
    key: EntityKey,
    trigger: Trigger,
    payload: Mapping[str, Any],
    transaction_id: TransactionId,
    reason: Reason,
    now: datetime,
) -> None:
    """Log a notice that was skipped before anything was read."""
    await db.execute(
        t.insert().values(
            **_row_of(key),
            transactionId=transaction_id,
            operation=Operation.NONE,
            status=Status.SKIPPED,
            reason=reason,
            triggerType=trigger,
            triggerPayload=dict(payload),
            startedAt=now,
            completedAt=now,
            durationMs=0,
        )
    )


def of_entity(key: EntityKey) -> Any:
    return and_(
        t.c.sourceEntityId == key.crm_id,
        t.c.entityType == key.entity.entity_type,
        t.c.direction == Direction.CRM_TO_FINANCE,
    )


IS_MINE = and_(
    t.c.id == bindparam("log_row"),
    t.c.transactionId == bindparam("attempt"),
    t.c.status == Status.IN_PROGRESS,
)
_MINE = t.update().where(IS_MINE)


def ours(attempt: Attempt) -> dict[str, Any]:
    """The parameters of `IS_MINE`: the row while it still belongs to this attempt."""
    return {"log_row": attempt.log_id, "attempt": attempt.transaction_id}


def whose(key: EntityKey) -> dict[str, Any]:
    """The further parameters of `EARLIER_FAILURES`."""
    return {"crm_id": key.crm_id, "entity": key.entity.entity_type}


def _settles(ending: Ending) -> bool:
    in_step = ending.reason in (Reason.CHECKSUM_MATCH, Reason.DELETED_IN_CRM, Reason.NOT_IN_CRM)
    return ending.status in (Status.SUCCESS, Status.FAILED, Status.CONFLICT) or in_step


async def _resolve_earlier(
    connection: AsyncConnection, attempt: Attempt, ending: Ending, now: datetime
) -> None:
    """Settle the entity's earlier failures. One more failure does not say what became of a lost write."""
    failures = _EARLIER_BUT_LOST if ending.status in ATTENTION else EARLIER_FAILURES
    own = {"log_row": attempt.log_id} | whose(attempt.key)
    await connection.execute(failures, own | {"resolvedAt": now})


EARLIER_FAILURES = t.update().where(
    t.c.sourceEntityId == bindparam("crm_id"),
    t.c.entityType == bindparam("entity"),
    t.c.direction == Direction.CRM_TO_FINANCE,
    t.c.status.in_((Status.FAILED, Status.CONFLICT)),
    t.c.resolvedAt.is_(None),
    t.c.id != bindparam("log_row"),
)
_EARLIER_BUT_LOST = EARLIER_FAILURES.where(t.c.intent.is_(None))


def ended(attempt: Attempt, ending: Ending, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {
        "status": ending.status,
        "operation": ending.operation,
        "reason": ending.reason,
        "errorMessage": ending.message or None,
        "targetEntityId": ending.target_id,
        "entityMappingId": ending.mapping_id,
        "kind": ending.kind,
        "sourceData": ending.source,
        "targetDataBefore": ending.before,
        "targetDataAfter": ending.after,
        "completedAt": now,
        "durationMs": _milliseconds(now - attempt.begun_at),
    }
    return values if ending.keep_intent else values | {"intent": None}


def _milliseconds(duration: timedelta) -> int:
    """Within what the column holds, whatever the clock says."""
    return min(max(0, round(duration.total_seconds() * 1000)), _MOST_MILLISECONDS)


def _intent_json(intent: Intent) -> dict[str, Any]:
    return {
        "operation": intent.operation,
        "transactionId": str(intent.transaction_id),
        "number": intent.number,
        "fields": dict(intent.fields),
        "financeId": intent.finance_id,
        "checksum": intent.checksum,
        "document": intent.document,
        "notedAt": intent.noted_at.isoformat() if intent.noted_at else None,
    }


class _Stored(msgspec.Struct, rename="camel"):
    """An intent as any version has stored it; what an older one did not know has a default."""

    operation: Operation
    transaction_id: UUID
    number: str = ""
    fields: dict[str, str] = {}
    finance_id: str | None = None
    checksum: str | None = None
    document: dict[str, Any] | None = None
    noted_at: datetime | None = None


def intent_of(stored: Any) -> Intent | None:
    """Raises `ValueError` for what no version has stored."""
    if stored is None:
        return None
    try:
        known = msgspec.convert(stored, _Stored)
    except msgspec.ValidationError:
        raise ValueError("the intent cannot be read") from None
    return Intent(
        operation=known.operation,
        transaction_id=TransactionId(known.transaction_id),
        number=known.number,
        fields=known.fields,
        finance_id=FinanceId(known.finance_id) if known.finance_id else None,
        checksum=known.checksum,
        document=known.document,
        noted_at=known.noted_at,
    )


async def remark(db: Database, log_id: UUID, reason: Reason, message: str) -> None:
    """Add a remark to a sync that has succeeded."""
    await db.execute(t.update().where(t.c.id == log_id).values(reason=reason, errorMessage=message))


async def fail_open(
    db: Database,
    key: EntityKey,
    trigger: Trigger,
    reason: Reason,
    message: str,
    begun: datetime,
    now: datetime,
) -> None:
    """End the open row of an entity as failed, or write one where the failure came before it was opened.

    Its intent stays, so that the next attempt looks first.
    """
    failed = {
        "status": Status.FAILED,
        "reason": reason,
        "errorMessage": message,
        "completedAt": now,
        "durationMs": _milliseconds(now - begun),
    }
    ended = await db.execute(t.update().where(of_entity(key), OPEN).values(**failed))
    if ended.rowcount == 0:
        await db.execute(
            t.insert().values(
                **_row_of(key),
                **failed,
                transactionId=func.gen_random_uuid(),
                operation=Operation.NONE,
                triggerType=trigger,
                startedAt=begun,
            )
        )


async def purge(db: Database, before: datetime) -> int:
    """Empty the data columns of older rows that ended; outcomes, and imports, stay. Answers how many rows."""
    data = ("sourceData", "targetDataBefore", "targetDataAfter", "intent", "errorMessage", "attempts")
    run = case((t.c.triggerType == Trigger.IMPORT, t.c.triggerPayload))
    held = or_(t.c.triggerPayload.is_distinct_from(run), *(t.c[name].is_not(None) for name in data))
    old = and_(t.c.startedAt < before, t.c.status.not_in((Status.PENDING, Status.IN_PROGRESS)))
    unsettled = and_(t.c.status.in_(ATTENTION), t.c.resolvedAt.is_(None))
    emptied = t.update().where(old, held, not_(unsettled))
    return (await db.execute(emptied.values(dict.fromkeys(data) | {"triggerPayload": run}))).rowcount
