"""The sync log as a list: which rows are wanted, a page of them at a time, and how many there are.

What people filter by stands together in one column, `facet`, in front of the time in one index. Few facets
occur, some hundreds, and each has its stretch of that index: a page is merged from the first rows of the
stretches that are wanted. So a reason that occurred once, long ago, is found as fast as one that occurs all
the time, in every combination with the others, and one that never occurred at once.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    text,
    true,
    tuple_,
)

from hamgam.db.engine import Database
from hamgam.db.tables import ASKS, record_name, written_by
from hamgam.db.tables import sync_log as t
from hamgam.model import Direction, Entity, Trigger
from hamgam.persian import to_latin_digits
from hamgam.trail.attempts import ENDED
from hamgam.trail.place import Place

Record = Mapping[str, Any]
"""A row of the log by the names of its columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows of the sync log are wanted; what is not said does not matter."""

    statuses: frozenset[str] = frozenset()
    operation: str | None = None
    trigger: str | None = None
    entity_type: str | None = None
    reason: str | None = None
    attention: bool = False
    """Only what asks for a person and is not settled."""
    retried: bool = False
    """Only what needed more than one attempt; an import tries each contact once."""
    since: datetime | None = None
    until: datetime | None = None
    """The first moment that is too late."""
    entity: str | None = None
    """An id of either system."""
    run: UUID | None = None
    """What this import has written of each contact."""
    records: frozenset[tuple[str, str]] | None = None
    """The entities and ids of which one has to be the row's source."""

    @property
    def any_facet(self) -> bool:
        said = (self.operation, self.trigger, self.entity_type, self.reason, self.run)
        return not (self.statuses or self.attention or self.retried or any(said))


def matches(wanted: Wanted, facet: str) -> bool:
    """Whether rows of this facet are wanted, time and entity aside."""
    status, operation, trigger, entity_type, *reason, asks = facet.split(" ")
    said = (
        (wanted.operation, operation),
        (wanted.trigger, trigger),
        (wanted.entity_type, entity_type),
        (wanted.reason, " ".join(reason)),
    )
    return (
        (not wanted.statuses or status in wanted.statuses)
        and all(wish is None or wish == is_ for wish, is_ in said)
        and (not wanted.attention or asks == ASKS)
        and (wanted.run is None or trigger == Trigger.IMPORT)
        and not (wanted.retried and trigger == Trigger.IMPORT)
    )


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, newest first, and where those before and after them begin; None where there are none."""

    rows: list[Record]
    older: Place | None
    newer: Place | None


def _known_as(name: Column[str], *, of: ColumnElement[bool], read: ColumnElement[Any]) -> ColumnElement[str]:
    """What was read, or what the record is known as, where it was not read."""
    mine = and_(record_name.c.entity == t.c.sourceEntity, record_name.c.id == t.c.sourceEntityId, of)
    known = select(name).where(mine).scalar_subquery()
    return func.coalesce(read.astext, known)


_OF_PEOPLE = record_name.c.entity.in_((Entity.CUSTOMER, "contact"))
"""A document has a subject there, and is known by its number."""
_NAME = _known_as(record_name.c.name, of=_OF_PEOPLE, read=t.c.sourceData["fields"]["name"]).label("name")
_NUMBER = _known_as(record_name.c.number, of=true(), read=t.c.sourceData["number"]).label("number")
_FROM_CRM = t.c.direction == Direction.CRM_TO_FINANCE
BRIEF: tuple[ColumnElement[Any], ...] = (
    *(
        t.c[name]
        for name in (
            "id", "entityType", "sourceEntity", "kind", "operation", "status", "reason", "triggerType",
            "retryCount", "startedAt", "completedAt", "durationMs", "resolvedAt", "resolvedBy",
        )
    ),
    _NAME,
    _NUMBER,
    ENDED.label("endedAttempts"),
    func.left(t.c.errorMessage, 1000).label("errorMessage"),
    case((_FROM_CRM, t.c.sourceEntityId), else_=t.c.targetEntityId).label("crmId"),
    case((_FROM_CRM, t.c.targetEntityId), else_=t.c.sourceEntityId).label("financeId"),
)  # fmt: skip
"""What a list shows of a row: no data of the two systems but what the record is called."""
WHOLE: tuple[ColumnElement[Any], ...] = tuple(column for column in t.c if column is not t.c.facet)


async def page(
    db: Database,
    wanted: Wanted,
    limit: int,
    place: Place | None = None,
    columns: Sequence[ColumnElement[Any]] = BRIEF,
) -> Page:
    """At most `limit` rows at a place; without one the newest."""
    newer = place is not None and place.newer
    found = await _rows(db, wanted, limit + 1, place, columns)
    rows, more = found[:limit], len(found) > limit
    if newer:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    older_too, newer_too = (True, more) if newer else (more, place is not None)
    return Page(
        rows,
        place_at(rows[-1]) if older_too else None,
        place_at(rows[0], newer=True) if newer_too else None,
    )


def place_at(row: Record, *, newer: bool = False) -> Place:
    return Place(row["startedAt"], row["id"], newer)


async def _rows(
    db: Database, wanted: Wanted, limit: int, place: Place | None, columns: Sequence[ColumnElement[Any]]
) -> list[Record]:
    found = await _found(db, wanted, place, limit)
    if found is None:
        return []
    first = found.subquery()
    ids = (
        select(first.c.id).order_by(*_in_order(place, first.c.startedAt, first.c.id)).limit(limit).subquery()
    )
    query = select(*columns).join(ids, t.c.id == ids.c.id).order_by(*_in_order(place, *_BY_TIME))
    return [_named(row) for row in (await db.execute(query)).mappings()]


def _named(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


_BY_TIME = (t.c.startedAt, t.c.id)


def _in_order(place: Place | None, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """From a place on; without one from the newest."""
    oldest_first = place is not None and place.newer
    return [column if oldest_first else column.desc() for column in columns]


async def _found(db: Database, wanted: Wanted, place: Place | None, limit: int) -> Select[Any] | None:
    """Ids and times of rows among which the first `limit` are that are wanted; None where no row can be.

    Always in the order of an index, also where nobody needs an order: the planner takes the rows that are
    wanted to lie evenly in the log, and reads it through where they happen to lie at its end.
    """
    ids = select(t.c.id, t.c.startedAt)
    if wanted.run is not None:
        ids = ids.where(written_by(wanted.run))
    if wanted.retried:
        ids = ids.where(t.c.attempts.is_not(None))
    if wanted.entity is not None:
        ids = ids.where(_of_entity(wanted.entity))
    if not wanted.any_facet:
        facets = await _facets(db, wanted)
        if not facets:
            return None
        if wanted.entity is None and wanted.records is None:
            return _stretches(ids, wanted, place, limit, facets)
        ids = ids.where(t.c.facet.in_(facets))
    ids = ids.where(*_between(wanted, place)).order_by(*_in_order(place, *_BY_TIME)).limit(limit)
    return ids if wanted.records is None else _of_each(ids, wanted.records)


def _stretches(
    ids: Select[Any], wanted: Wanted, place: Place | None, limit: int, facets: list[str]
) -> Select[Any]:
    """The first of each facet."""
    given = func.unnest(bindparam("facets", facets, ARRAY(Text))).table_valued("facet")
    given = given.render_derived("given")
    stretch = ids.where(*_between(wanted, place, given.c.facet))
    first = stretch.order_by(*_in_order(place, t.c.facet, *_BY_TIME)).limit(limit).lateral("first")
    return select(first.c.id, first.c.startedAt).select_from(given).join(first, true())


def _of_each(ids: Select[Any], records: frozenset[tuple[str, str]]) -> Select[Any]:
    """The first of each record."""
    columns = [bindparam(f"records_{n}", [record[n] for record in records], ARRAY(Text)) for n in range(2)]
    given = func.unnest(*columns).table_valued("entity", "id").render_derived("given")
    mine = and_(t.c.sourceEntity == given.c.entity, t.c.sourceEntityId == given.c.id)
    first = ids.where(mine).lateral("first")
    return select(first.c.id, first.c.startedAt).select_from(given).join(first, true())


_FIRST_ID, _LAST_ID = UUID(int=0), UUID(int=2**128 - 1)
_MOMENT = timedelta(microseconds=1)
_NEVER, _EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def _between(
    wanted: Wanted, place: Place | None, facet: ColumnElement[str] | None = None
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The two ends of the time that is wanted; with a facet, of its stretch of the index.

    Each end is one comparison of rows, the facet included: no other index has this order, so the planner
    cannot prefer the one by time, which would have to be read through for a facet that is rare.
    """
    after = (wanted.since - _MOMENT, _LAST_ID) if wanted.since else (_NEVER, _LAST_ID)
    before = (wanted.until or _EVER, _FIRST_ID)
    if place is not None and place.newer:
        after = max(after, (place.at, place.id))
    elif place is not None:
        before = min(before, (place.at, place.id))
    named, name = ((), ()) if facet is None else ((t.c.facet,), (facet,))
    row = tuple_(*named, *_BY_TIME)
    return row > tuple_(*name, *_typed(*after)), row < tuple_(*name, *_typed(*before))


def _typed(at: datetime, id_: UUID) -> tuple[ColumnElement[Any], ...]:
    return literal(at, t.c.startedAt.type), literal(id_, t.c.id.type)


def _of_entity(entity: str) -> ColumnElement[bool]:
    """GUIDs are stored in lower case, whoever typed this."""
    typed = to_latin_digits(entity.strip())
    spelled = (typed, typed.lower())
    return or_(t.c.sourceEntityId.in_(spelled), t.c.targetEntityId.in_(spelled))


_FACETS = text(
    """WITH RECURSIVE known AS (
      (SELECT facet FROM "SyncLog" ORDER BY facet LIMIT 1)
      UNION ALL
      SELECT (SELECT facet FROM "SyncLog" WHERE facet > known.facet ORDER BY facet LIMIT 1)
      FROM known WHERE facet IS NOT NULL
    ) SELECT facet FROM known WHERE facet IS NOT NULL"""
)


async def _facets(db: Database, wanted: Wanted) -> list[str]:
    """The facets that occur and are wanted; the index is entered once for each that occurs."""
    return [facet for facet in (await db.execute(_FACETS)).scalars() if matches(wanted, facet)]


async def count(db: Database, wanted: Wanted, most: int, place: Place | None = None) -> int:
    """How many rows are wanted, from a place on; `most + 1` stands for more than `most`."""
    found = await _found(db, wanted, place, most + 1)
    if found is None:
        return 0
    counted = select(func.count()).select_from(found.limit(most + 1).subquery())
    return int((await db.execute(counted)).scalar_one())


async def everything(db: Database, wanted: Wanted, at_once: int) -> AsyncGenerator[list[Record]]:
    """All rows that are wanted, newest first, page by page; what comes meanwhile is not among them.

    No transaction stays open in between, however slowly they are taken: the database could not clean up.
    """
    place = None
    while True:
        found = await page(db, wanted, at_once, place)
        if found.rows:
            yield found.rows
        if found.older is None:
            return
        place = found.older


async def known_as(db: Database, log_id: UUID) -> Record:
    """The name and the number of the record of one row."""
    return _named((await db.execute(select(_NAME, _NUMBER).where(t.c.id == log_id))).mappings().one())


async def one(db: Database, log_id: UUID) -> Record | None:
    row = (await db.execute(select(*WHOLE).where(t.c.id == log_id))).mappings().one_or_none()
    return None if row is None else _named(row)
