"""Records as people look for them: by name and number in any spelling, and by the ids of both systems."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from hamgam.db.engine import Database
from hamgam.db.tables import entity_mapping
from hamgam.model import CrmId, EntityType, FinanceId, Status
from hamgam.persian import search_key, search_words
from hamgam.trail.imports import CONTACT
from hamgam.trail.place import Place

MOST_WORDS = 10
"""Of a query; a person who types more than this means nothing that is there."""
MOST_FOUND = 1000
"""So many a search puts in the order of their last syncs; of more, those whose names were read last."""
_FIRST = Place(datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1), rank=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSync:
    id: UUID
    status: str
    operation: str
    reason: str | None
    at: datetime
    settled: bool

    @property
    def attention(self) -> bool:
        return self.status in (Status.FAILED, Status.CONFLICT, Status.IN_DOUBT) and not self.settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """The mapping of a record."""

    finance_id: FinanceId
    since: datetime
    last_sync_at: datetime | None
    blocked: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One record, as the lists show it. Names and numbers are "" where they are not known (any more)."""

    entity: str
    """customer, invoice or quote; or contact, which finance alone knows, by its code."""
    id: str
    kind: str | None
    name: str
    number: str
    customer_id: str | None
    customer_name: str
    """Of a document."""
    linked: Linked | None
    last: LastSync | None

    @property
    def called(self) -> str:
        """What a person knows it by; "" where that is not known."""
        return self.name or self.customer_name or self.number

    @property
    def finance_id(self) -> str | None:
        return self.id if self.entity == CONTACT else self.linked.finance_id if self.linked else None


@dataclass(frozen=True, slots=True)
class Sought:
    """What records are looked for by, beside the ids of both systems."""

    query: str
    fits: str
    """The condition on a name, in SQL."""
    given: Mapping[str, str | None]
    """Its parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """A page of what a search finds: those that it names whole first, then those synchronised last."""

    count: int = 0
    """Of all pages; `MOST_FOUND + 1` stands for more, which are on no page."""
    records: list[Found] = field(default_factory=list)
    older: Place | None = None
    """Where the next page begins."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Entity and id of each record that a search finds, and of its contact."""

    keys: frozenset[tuple[str, str]]
    more: bool
    """Whether it finds more than `MOST_FOUND`; these are then those that the query names whole, if any."""


def by_words(query: str) -> Sought:
    """Records in which every word of the query stands."""
    words = search_words(query)[:MOST_WORDS]
    fits = " AND ".join(f"search LIKE :word{i}" for i in range(len(words)))
    return Sought(query, fits or "false", {f"word{i}": f"%{word}%" for i, word in enumerate(words)})


def by_number(query: str, number: str | None) -> Sought:
    """Records that have exactly this number."""
    return Sought(query, "lower(number) = lower(:number)", {"number": number})


async def search(db: Database, sought: Sought, limit: int, before: Place | None = None) -> Hits:
    """The place of a record is its last sync, with rank 1 where the query names it whole."""
    here = before or _FIRST
    place = {"whole_here": here.rank > 0, "at_here": here.at, "mark_here": here.id, "limit": limit + 1}
    rows = list(await _among_hits(db, sought, _PAGE, place))
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    return Hits(
        count=rows[0].many if rows else 0,
        records=[_found(row) for row in shown],
        older=last and Place(last.at, last.mark, rank=int(last.whole)),
    )


async def keys(db: Database, sought: Sought) -> Keys:
    rows = list(await _among_hits(db, sought, _KEYS, {}))
    more = len(rows) > MOST_FOUND
    if more:
        rows = [row for row in rows if row.whole]
    if len(rows) > MOST_FOUND:
        rows = []
    contacts = {(CONTACT, row.financeId) for row in rows if row.financeId}
    return Keys(frozenset(contacts | {(row.entity, row.id) for row in rows}), more)


async def _among_hits(
    db: Database, sought: Sought, wanted: str, given: Mapping[str, Any]
) -> Iterable[Row[Any]]:
    whole = search_key(sought.query)
    if not whole:
        return []
    ids = {"whole": f"% {whole} %", "code": whole.lstrip("0"), "crm_id": crm_id(sought.query) or ""}
    query = text(_SEARCH.replace(":fits", sought.fits) + wanted)
    return await db.execute(query, {**sought.given, **ids, **given, "most": MOST_FOUND + 1})


async def linked(
    db: Database, entity_type: EntityType, limit: int, before: Place | None = None
) -> tuple[list[Found], Place | None]:
    """Records that have a counterpart in finance, linked last first, and where those before them begin.

    They are what `numbers.mapping_counts` counts.
    """
    m = entity_mapping.c
    query = select(m.id, m.createdAt).where(m.entityType == entity_type)
    if before is not None:
        query = query.where(before.beyond(m.createdAt, m.id))
    query = query.order_by(m.createdAt.desc(), m.id.desc()).limit(limit + 1)
    places = [Place(row.createdAt, row.id) for row in await db.execute(query)]
    shown = places[:limit]
    given = {"mappings": [place.id for place in shown], "limit": limit}
    found = await db.execute(text(_LINKED + _ROWS + _LINKED_LAST), given)
    return [_found(row) for row in found], shown[-1] if len(places) > limit else None


async def one(db: Database, entity: str, record: str) -> Found | None:
    """One record by its id; None where nothing is known of it."""
    row = (await db.execute(text(_ONE + _ROWS + _BEST), {"entity": entity, "id": record, "limit": 1})).one()
    known = row.named or row.financeId or row.log_id
    return _found(row) if known else None


async def documents(db: Database, customer_id: str, limit: int) -> list[Found]:
    """The invoices and quotes of a customer, newest first."""
    given = {"id": customer_id, "most": MOST_FOUND, "limit": limit}
    found = await db.execute(text(_DOCUMENTS + _ROWS + _BEST), given)
    return [_found(row) for row in found]


def crm_id(query: str) -> CrmId | None:
    """The CRM id that a query is, as it is stored, however its digits are parted."""
    whole = search_key(query)
    try:
        return CrmId(str(UUID(whole))) if len(whole) == 32 else None
    except ValueError:
        return None


# A contact that is mapped is found as its customer. Without a name a record is found by its ids alone.
# The names are read through once, for that is what a search costs; documents follow from the customers found.
_SEARCH = """
WITH fit AS (
  SELECT entity, id, search LIKE :whole AS whole, "updatedAt" AS at FROM "RecordName" r
  WHERE :fits AND NOT (entity = 'contact' AND EXISTS (
    SELECT 1 FROM "EntityMapping" WHERE "entityType" = 'CUSTOMER' AND "financeId" = r.id))
  ORDER BY whole DESC, at DESC LIMIT :most
), known AS (
  SELECT * FROM fit
  UNION ALL
  (SELECT d.entity, d.id, false, d."updatedAt" FROM fit
   JOIN "RecordName" d ON fit.entity = 'customer' AND d."customerId" = fit.id
   ORDER BY d."updatedAt" DESC LIMIT :most)
  UNION ALL
  SELECT "crmEntity", "crmId", true, "updatedAt" FROM "EntityMapping"
  WHERE "financeId" = :code AND "entityType" IN ('CUSTOMER', 'PREINVOICE')
  UNION ALL
  (SELECT "sourceEntity", "sourceEntityId", true, "startedAt" FROM "SyncLog"
   WHERE "sourceEntityId" IN (:code, :crm_id)
     AND ("sourceEntity" <> 'contact' OR NOT EXISTS (
       SELECT 1 FROM "EntityMapping" WHERE "entityType" = 'CUSTOMER' AND "financeId" = "sourceEntityId"))
   ORDER BY "startedAt" DESC LIMIT 1)
  UNION ALL
  SELECT "crmEntity", "crmId", true, "updatedAt" FROM "EntityMapping"
  WHERE "crmId" = :crm_id AND "entityType" IN ('CUSTOMER', 'PREINVOICE')
), hits AS (
  SELECT entity, id, bool_or(whole) AS whole,
         row_number() OVER (ORDER BY bool_or(whole) DESC, max(at) DESC, id) AS place
  FROM known GROUP BY entity, id ORDER BY place LIMIT :most
)
"""

_ONE = """
WITH hits AS (SELECT CAST(:entity AS text) AS entity, CAST(:id AS text) AS id, true AS whole)
"""

_DOCUMENTS = """
WITH hits AS (
  SELECT entity, id, true AS whole FROM "RecordName" WHERE "customerId" = :id
  ORDER BY "updatedAt" DESC LIMIT :most
)
"""

_LINKED = """
WITH hits AS (
  SELECT "crmEntity" AS entity, "crmId" AS id, true AS whole FROM "EntityMapping" WHERE id = ANY(:mappings)
)
"""

_ROWS = """
SELECT hits.entity, hits.id, hits.whole, coalesce(r.kind, m.kind) AS kind, coalesce(r.name, '') AS name,
       coalesce(r.number, '') AS number, r.id IS NOT NULL AS named, r."customerId",
       coalesce(c.name, '') AS customer, m."financeId", m."createdAt", m."lastSyncAt", m.blocked, last.*
FROM hits
LEFT JOIN "RecordName" r ON r.entity = hits.entity AND r.id = hits.id
LEFT JOIN "RecordName" c ON c.entity = 'customer' AND c.id = r."customerId"
LEFT JOIN "EntityMapping" m ON m."crmId" = hits.id
  AND m."entityType" = CASE hits.entity WHEN 'customer' THEN 'CUSTOMER' ELSE 'PREINVOICE' END
LEFT JOIN LATERAL (
  SELECT s.id AS log_id, status, operation, reason, "startedAt", "resolvedAt" FROM "SyncLog" s
  WHERE (s."sourceEntity" = hits.entity AND s."sourceEntityId" = hits.id)
     OR (hits.entity = 'customer' AND s."sourceEntity" = 'contact' AND s."sourceEntityId" = m."financeId")
  ORDER BY "startedAt" DESC LIMIT 1
) last ON true
"""
_BEST = 'ORDER BY hits.whole DESC, last."startedAt" DESC NULLS LAST, hits.id LIMIT :limit'
_PLACED = """, placed AS (
  SELECT *, coalesce("startedAt", 'epoch') AS at, CAST(md5(entity || id) AS uuid) AS mark FROM rows
)
SELECT *, (SELECT count(*) FROM hits) AS many FROM placed
WHERE (whole, at, mark) < (:whole_here, :at_here, :mark_here)
ORDER BY whole DESC, at DESC, mark DESC LIMIT :limit
"""
_PAGE = f", rows AS ({_ROWS} WHERE hits.place < :most){_PLACED}"
_KEYS = """
SELECT hits.entity, hits.id, hits.whole, m."financeId" FROM hits
LEFT JOIN "EntityMapping" m
  ON hits.entity = 'customer' AND m."entityType" = 'CUSTOMER' AND m."crmId" = hits.id
"""
_LINKED_LAST = 'ORDER BY m."createdAt" DESC, m.id DESC LIMIT :limit'


def _found(row: Row[Any]) -> Found:
    return Found(
        entity=row.entity,
        id=row.id,
        kind=row.kind,
        name=row.name,
        number=row.number,
        customer_id=row.customerId,
        customer_name=row.customer,
        linked=_linked(row) if row.financeId else None,
        last=_last(row) if row.log_id else None,
    )


def _linked(row: Row[Any]) -> Linked:
    return Linked(
        finance_id=FinanceId(row.financeId),
        since=row.createdAt,
        last_sync_at=row.lastSyncAt,
        blocked=row.blocked,
    )


def _last(row: Row[Any]) -> LastSync:
    return LastSync(
        id=row.log_id,
        status=row.status,
        operation=row.operation,
        reason=row.reason,
        at=row.startedAt,
        settled=row.resolvedAt is not None,
    )
