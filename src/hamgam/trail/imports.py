"""The log rows and mappings of what the initial import does, written many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.rows import as_parameter, given_rows, insert_given
from hamgam.db.tables import entity_mapping, sync_log, written_by
from hamgam.errors import Reason
from hamgam.model import (
    CrmId,
    Direction,
    Entity,
    EntityType,
    Fields,
    FinanceContact,
    FinanceId,
    Kind,
    Operation,
    Status,
    System,
    TransactionId,
    Trigger,
)
from hamgam.trail import names
from hamgam.trail.log import OPEN

CONTACT = "contact"
"""What the log calls a contact of finance that it knows from there."""


class ImportRecordEnd(NamedTuple):
    """How one contact ended, as its log row says."""

    crm_id: CrmId | None
    operation: Operation
    status: Status
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportIntent:
    """A customer that is about to be created in the CRM."""

    finance_id: FinanceId
    kind: Kind
    number: str
    fields: Fields
    transaction_id: TransactionId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """How one finance contact ended in the import."""

    finance_id: FinanceId
    kind: Kind
    number: str = ""
    """That the customer has in the CRM."""
    fields: Fields
    status: Status
    operation: Operation = Operation.NONE
    reason: Reason | None = None
    message: str = ""
    crm_id: CrmId | None = None
    transaction_id: TransactionId
    started_at: datetime
    ended_at: datetime
    crm_checksum: str | None = None
    """None: the CRM's values were not compared yet, so the next change brings finance in step."""
    finance_checksum: str | None = None


async def ended_in(db: Database, run_id: UUID) -> dict[FinanceId, ImportRecordEnd]:
    """What an earlier part of a run has done with and need not look at again. Failures are tried again."""
    t = sync_log.c
    found = await db.execute(
        select(t.sourceEntityId, t.targetEntityId, t.operation, t.status, t.reason).where(
            t.triggerType == Trigger.IMPORT,
            written_by(run_id),
            t.status.in_((Status.SUCCESS, Status.SKIPPED)),
        )
    )
    return {
        FinanceId(row.sourceEntityId): ImportRecordEnd(
            CrmId(row.targetEntityId) if row.targetEntityId else None,
            Operation(row.operation),
            Status(row.status),
            Reason(row.reason) if row.reason else None,
        )
        for row in found
    }


async def try_failures_again(db: Database, run_id: UUID) -> None:
    """What an earlier part of a run has failed with does not count any more: it comes anew."""
    t = sync_log.c
    failed = t.status.in_((Status.FAILED, Status.CONFLICT))
    mine = sync_log.update().where(written_by(run_id), failed)
    await db.execute(mine.values(triggerPayload={"earlierIn": str(run_id)}))


async def unfinished(db: Database) -> dict[FinanceId, Fields]:
    """Contacts whose create was noted and never ended, because a run broke off, and what was sent of each."""
    found = await db.execute(
        select(sync_log.c.sourceEntityId, sync_log.c.intent).where(
            sync_log.c.direction == Direction.FINANCE_TO_CRM, sync_log.c.intent.is_not(None), OPEN
        )
    )
    return {FinanceId(row.sourceEntityId): row.intent.get("fields", {}) for row in found}


async def created(db: Database) -> set[FinanceId]:
    """Contacts for which the import has made a customer."""
    t = sync_log.c
    found = await db.execute(
        select(t.sourceEntityId).where(
            t.direction == Direction.FINANCE_TO_CRM,
            t.operation == Operation.CREATE,
            t.status == Status.SUCCESS,
        )
    )
    return {FinanceId(code) for code in found.scalars()}


async def being_created(db: Database, number: str) -> FinanceContact | None:
    """The contact that an import is creating in the CRM under this number, as it was read from finance.

    The CRM may tell of the new customer before the import has stored its mapping, or after the import died.
    """
    if not number:
        return None
    t = sync_log.c
    mine = (t.direction == Direction.FINANCE_TO_CRM) & (t.intent["number"].as_string() == number)
    found = await db.execute(select(t.sourceEntityId, t.kind, t.intent).where(mine, OPEN).limit(1))
    row = found.one_or_none()
    if row is None:
        return None
    return FinanceContact(
        code=FinanceId(row.sourceEntityId), kind=Kind(row.kind), number=None, fields=row.intent["fields"]
    )


async def note_intents(db: Database, intents: Sequence[ImportIntent]) -> None:
    """Make the creates that come next known, durably, in one statement."""
    if not intents:
        return
    rows = [_intent_row(intent) for intent in intents]
    statement = insert_given(sync_log, tuple(rows[0]))
    await db.execute(
        statement.on_conflict_do_update(
            index_elements=["direction", "entityType", "sourceEntityId"],
            index_where=OPEN,
            set_={name: statement.excluded[name] for name in ("transactionId", "status", "intent")},
        ),
        as_parameter(rows),
    )


async def store(db: Database, run_id: UUID, records: Sequence[ImportRecord]) -> list[ImportRecord]:
    """Store mappings and log rows of finished records in one transaction; answers what was stored.

    A record whose finance contact or CRM customer belongs to another mapping by now ends as a conflict.
    """
    if not records:
        return []
    async with db.transaction() as connection:
        owned = await _bind(connection, [r for r in records if r.crm_id is not None])
        final = [_checked(record, owned) for record in records]
        await _resolve_earlier(connection, final)
        await _log(connection, run_id, final, owned)
    return final


async def _bind(
    connection: AsyncConnection, linked: Sequence[ImportRecord]
) -> dict[CrmId, tuple[FinanceId, UUID]]:
    if not linked:
        return {}
    rows = [_mapping_row(record) for record in linked]
    statement = insert_given(entity_mapping, tuple(rows[0])).on_conflict_do_nothing()
    await connection.execute(statement, as_parameter(rows))
    t = entity_mapping.c
    found = await connection.execute(
        select(t.crmId, t.financeId, t.id).where(
            t.entityType == EntityType.CUSTOMER, t.crmId.in_([r.crm_id for r in linked])
        )
    )
    return {CrmId(row.crmId): (FinanceId(row.financeId), row.id) for row in found}


def _checked(record: ImportRecord, owned: dict[CrmId, tuple[FinanceId, UUID]]) -> ImportRecord:
    if record.crm_id is None:
        return record
    owner = owned.get(record.crm_id)
    if owner is not None and owner[0] == record.finance_id:
        return record
    return replace(record, status=Status.CONFLICT, reason=Reason.MATCH_TAKEN, message=str(record.crm_id))


async def _resolve_earlier(connection: AsyncConnection, records: Sequence[ImportRecord]) -> None:
    """What earlier runs said of these contacts is settled: the rows that come next say how they stand now."""
    t = sync_log.c
    await connection.execute(
        sync_log.update()
        .where(
            t.direction == Direction.FINANCE_TO_CRM,
            t.sourceEntityId.in_([record.finance_id for record in records]),
            t.status.in_((Status.FAILED, Status.CONFLICT)),
            t.resolvedAt.is_(None),
        )
        .values(resolvedAt=records[0].ended_at)
    )


async def _log(
    connection: AsyncConnection,
    run_id: UUID,
    records: Sequence[ImportRecord],
    owned: dict[CrmId, tuple[FinanceId, UUID]],
) -> None:
    """End the open rows of these contacts, write a row of its own for each that had none, and store names."""
    payload = {"triggerPayload": {"run": str(run_id)}}
    rows = [_log_row(record, owned) | payload for record in records]
    columns = tuple(rows[0])
    opened = insert_given(sync_log, columns, status=Status.IN_PROGRESS).on_conflict_do_nothing(
        index_elements=["direction", "entityType", "sourceEntityId"], index_where=OPEN
    )
    await connection.execute(opened, as_parameter(rows))
    given = given_rows(sync_log, columns)
    ended = sync_log.update().where(
        sync_log.c.direction == Direction.FINANCE_TO_CRM,
        sync_log.c.entityType == EntityType.CUSTOMER,
        sync_log.c.sourceEntityId == given.c.sourceEntityId,
        text("\"SyncLog\".status IN ('PENDING', 'IN_PROGRESS')"),
    )
    changed = {name: given.c[name] for name in columns if name not in _KEY}
    with_names = [row | _name_row(record) for row, record in zip(rows, records, strict=True)]
    both = ended.values(changed).add_cte(names.naming_all())
    await connection.execute(both, as_parameter(with_names))


_KEY = ("direction", "entityType", "sourceEntityId", "sourceEntity", "startedAt", "triggerType")


def _contact_row(finance_id: FinanceId, kind: Kind, at: datetime) -> dict[str, Any]:
    return {
        "entityType": EntityType.CUSTOMER,
        "sourceEntity": CONTACT,
        "sourceEntityId": finance_id,
        "kind": kind,
        "direction": Direction.FINANCE_TO_CRM,
        "triggerType": Trigger.IMPORT,
        "startedAt": at,
    }


def _intent_row(intent: ImportIntent) -> dict[str, Any]:
    return _contact_row(intent.finance_id, intent.kind, intent.at) | {
        "transactionId": intent.transaction_id,
        "operation": Operation.CREATE,
        "status": Status.IN_PROGRESS,
        "intent": {"operation": Operation.CREATE, "number": intent.number, "fields": dict(intent.fields)},
    }


def _log_row(record: ImportRecord, owned: dict[CrmId, tuple[FinanceId, UUID]]) -> dict[str, Any]:
    bound = record.crm_id is not None and record.status is Status.SUCCESS
    return _contact_row(record.finance_id, record.kind, record.started_at) | {
        "transactionId": record.transaction_id,
        "entityMappingId": owned[record.crm_id][1] if bound and record.crm_id else None,
        "operation": record.operation,
        "status": record.status,
        "reason": record.reason,
        "errorMessage": record.message or None,
        "targetEntityId": record.crm_id,
        "sourceData": {"fields": dict(record.fields)},
        "intent": None,
        "completedAt": record.ended_at,
        "durationMs": round((record.ended_at - record.started_at).total_seconds() * 1000),
    }


def _name_row(record: ImportRecord) -> dict[str, Any]:
    """A contact that is no customer of the CRM is found by its finance code."""
    linked = record.crm_id if record.status is Status.SUCCESS else None
    entity, known_as = (Entity.CUSTOMER, linked) if linked else (CONTACT, record.finance_id)
    name = record.fields.get("name", "")
    return names.row(entity, known_as, record.kind, name, record.number, record.fields, None)


def _mapping_row(record: ImportRecord) -> dict[str, Any]:
    return {
        "entityType": EntityType.CUSTOMER,
        "crmId": record.crm_id,
        "financeId": record.finance_id,
        "crmEntity": Entity.CUSTOMER,
        "kind": record.kind,
        "lastSyncTransactionId": record.transaction_id,
        "lastSyncAt": record.ended_at,
        "lastSyncSource": System.FINANCE.upper(),
        "crmChecksum": record.crm_checksum,
        "financeChecksum": record.finance_checksum,
        "financeUpdatedAt": record.ended_at,
    }
