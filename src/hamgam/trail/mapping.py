"""Entity mappings: the rows that link a CRM id and a finance id."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import entity_mapping as t
from hamgam.model import (
    Change,
    CrmId,
    Entity,
    EntityKey,
    EntityMapping,
    EntityType,
    FinanceId,
    Kind,
    System,
    TransactionId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a finished sync stores of both sides."""

    entity: Entity
    crm_id: CrmId
    finance_id: FinanceId
    kind: Kind | None = None
    transaction_id: TransactionId
    at: datetime
    source: System = System.CRM
    crm_checksum: str | None
    finance_checksum: str | None
    crm_updated_at: datetime | None


async def by_crm_id(db: Database, entity_type: EntityType, crm_id: CrmId) -> EntityMapping | None:
    found = await db.execute(_BY_CRM_ID, {"entity": entity_type, "crm_id": crm_id})
    row = found.one_or_none()
    return _mapping(row) if row else None


_BY_CRM_ID = select(t).where(t.c.entityType == bindparam("entity"), t.c.crmId == bindparam("crm_id"))


async def owners(db: Database, codes: Iterable[FinanceId]) -> dict[FinanceId, CrmId]:
    """Which CRM customers these finance contacts are mapped to; unmapped ones are left out."""
    wanted = list(codes)
    if not wanted:
        return {}
    found = await db.execute(
        select(t.c.financeId, t.c.crmId).where(
            t.c.entityType == EntityType.CUSTOMER, t.c.financeId.in_(wanted)
        )
    )
    return {FinanceId(row.financeId): CrmId(row.crmId) for row in found}


async def pairs(db: Database) -> AsyncIterator[tuple[FinanceId, CrmId]]:
    """Every customer mapping as (finance id, CRM id), streamed."""
    async with db.transaction() as connection:
        rows = await connection.stream(
            select(t.c.financeId, t.c.crmId).where(t.c.entityType == EntityType.CUSTOMER)
        )
        async for finance_id, crm_id in rows:
            yield FinanceId(finance_id), CrmId(crm_id)


async def count_customers(db: Database) -> int:
    counted = await db.execute(
        select(func.count()).select_from(t).where(t.c.entityType == EntityType.CUSTOMER)
    )
    return int(counted.scalar_one())


@dataclass(frozen=True, slots=True)
class Version:
    """What was last known of a mapped CRM entity."""

    mapping_id: UUID
    crm_updated_at: datetime | None
    checksum: str | None


async def versions(db: Database, changes: Sequence[Change]) -> dict[EntityKey, Version]:
    """What is known of the entities that these changes are about; unmapped ones are left out."""
    wanted = [c.key.crm_id for c in changes]
    if not wanted:
        return {}
    rows = await db.execute(
        select(t.c.id, t.c.crmEntity, t.c.crmId, t.c.crmUpdatedAt, t.c.crmChecksum).where(
            t.c.crmId.in_(wanted)
        )
    )
    return {
        EntityKey(Entity(row.crmEntity), CrmId(row.crmId)): Version(row.id, row.crmUpdatedAt, row.crmChecksum)
        for row in rows
    }


async def mark_seen(db: Database, seen: Sequence[tuple[UUID, datetime]]) -> None:
    """Remember the versions of CRM entities that were looked at and needed nothing."""
    if not seen:
        return
    async with db.transaction() as connection:
        await connection.execute(
            t.update().where(t.c.id == bindparam("mapping")).values(crmUpdatedAt=bindparam("version")),
            [{"mapping": mapping_id, "version": version} for mapping_id, version in seen],
        )


async def note_seen(connection: AsyncConnection, mapping_id: UUID, crm_updated_at: datetime | None) -> None:
    """Remember that this version of the CRM entity was looked at and needed nothing."""
    await connection.execute(t.update().where(t.c.id == mapping_id).values(crmUpdatedAt=crm_updated_at))


async def block(connection: AsyncConnection, mapping_id: UUID, why: str) -> None:
    """Stop all writes for this entity until a person has acted."""
    await connection.execute(t.update().where(t.c.id == mapping_id).values(blocked=why))


async def link(
    connection: AsyncConnection,
    key: EntityKey,
    finance_id: FinanceId,
    *,
    kind: Kind | None,
    transaction_id: TransactionId | None,
    crm_checksum: str | None,
) -> None:
    """Make or move the mapping of an entity because a person says so, and lift its block.

    Raises `IntegrityError` where the finance id is mapped to another entity.
    """
    said = dict.fromkeys(_WRITTEN_AGAIN) | {
        "financeId": finance_id,
        "kind": kind,
        "lastSyncTransactionId": transaction_id,
        "crmChecksum": crm_checksum,
        "blocked": None,
    }
    made = insert(t).values(entityType=key.entity.entity_type, crmId=key.crm_id, crmEntity=key.entity, **said)
    known_kind = {"kind": func.coalesce(made.excluded.kind, t.c.kind), "updatedAt": func.now()}
    await connection.execute(
        made.on_conflict_do_update(index_elements=["entityType", "crmId"], set_=said | known_kind)
    )


async def owner(db: Database, entity_type: EntityType, finance_id: FinanceId) -> CrmId | None:
    """The CRM entity that this finance id is mapped to."""
    found = await db.execute(
        select(t.c.crmId).where(t.c.entityType == entity_type, t.c.financeId == finance_id)
    )
    return found.scalar_one_or_none()


async def unblock(connection: AsyncConnection, keys: Collection[EntityKey]) -> None:
    """A person has acted on these entities, so they may be written again."""
    for entity_type in {key.entity.entity_type for key in keys}:
        ids = [key.crm_id for key in keys if key.entity.entity_type is entity_type]
        theirs = and_(t.c.entityType == entity_type, t.c.crmId.in_(ids), t.c.blocked.is_not(None))
        await connection.execute(t.update().where(theirs).values(blocked=None))


async def forget_checksums(connection: AsyncConnection, key: EntityKey) -> None:
    """Nobody knows what finance holds of this entity, so the next look writes, whatever the CRM says then."""
    await connection.execute(t.update().where(_of(key)).values(crmChecksum=None, financeChecksum=None))


def _of(key: EntityKey) -> Any:
    return (t.c.entityType == key.entity.entity_type) & (t.c.crmId == key.crm_id)


_IDENTITY = ("entityType", "crmId", "financeId", "crmEntity")
_WRITTEN_AGAIN = (
    "kind",
    "lastSyncTransactionId",
    "lastSyncAt",
    "lastSyncSource",
    "crmChecksum",
    "financeChecksum",
    "crmUpdatedAt",
    "financeUpdatedAt",
)
COLUMNS = _IDENTITY + _WRITTEN_AGAIN
"""What a finished sync writes of a mapping."""


def or_again(statement: Insert) -> Insert:
    """Where the CRM entity is mapped already, to the same finance id, write that mapping again."""
    return statement.on_conflict_do_update(
        index_elements=["entityType", "crmId"],
        set_={name: statement.excluded[name] for name in _WRITTEN_AGAIN} | {"updatedAt": func.now()},
        where=t.c.financeId == statement.excluded.financeId,
    )


def values(b: Binding) -> Mapping[str, Any]:
    return {
        "entityType": b.entity.entity_type,
        "crmId": b.crm_id,
        "financeId": b.finance_id,
        "crmEntity": b.entity,
        "kind": b.kind,
        "lastSyncTransactionId": b.transaction_id,
        "lastSyncAt": b.at,
        "lastSyncSource": b.source.upper(),
        "crmChecksum": b.crm_checksum,
        "financeChecksum": b.finance_checksum,
        "crmUpdatedAt": b.crm_updated_at,
        "financeUpdatedAt": b.at,
    }


def _mapping(row: Row[Any]) -> EntityMapping:
    return EntityMapping(
        id=row.id,
        entity=Entity(row.crmEntity),
        crm_id=CrmId(row.crmId),
        finance_id=FinanceId(row.financeId),
        kind=Kind(row.kind) if row.kind else None,
        transaction_id=TransactionId(row.lastSyncTransactionId) if row.lastSyncTransactionId else None,
        last_sync_at=row.lastSyncAt,
        crm_checksum=row.crmChecksum,
        finance_checksum=row.financeChecksum,
        crm_updated_at=row.crmUpdatedAt,
        blocked=row.blocked,
    )
