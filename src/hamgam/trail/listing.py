"""The sync log as a list: which rows are wanted, a page of them at a time, and how many there are.

What people filter by stands together in one column, `facet`, in front of the time in one index. Few facets
occur, some hundreds, and each has its stretch of that index: a page is merged from the first rows of the
stretches that are wanted. So a reason that occurred once, long ago, is found as fast as one that occurs all
the time, in every combination with the others, and one that never occurred at once.
"""

import base64
import binascii
import struct
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncResult

from hamgam.db.engine import Database
from hamgam.db.tables import ASKS
from hamgam.db.tables import sync_log as t
from hamgam.model import Direction
from hamgam.persian import to_latin_digits

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
    since: datetime | None = None
    until: datetime | None = None
    """The first moment that is too late."""
    entity: str | None = None
    """An id of either system."""

    @property
    def any_facet(self) -> bool:
        said = (self.operation, self.trigger, self.entity_type, self.reason)
        return not (self.statuses or self.attention or any(said))


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
    )


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two rows of the log, seen from the row that it names."""

    at: datetime
    id: UUID
    newer: bool = False
    """Whether the rows after this one are wanted, or those before it."""

    def __str__(self) -> str:
        """Opaque to who carries it; it fits into an address."""
        microseconds = (self.at - _EPOCH) // timedelta(microseconds=1)
        packed = _PACKED.pack(_VERSION + self.newer, microseconds, self.id.bytes)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PACKED = struct.Struct(">Bq16s")
_VERSION = 2  # and 3, which says "newer"
_WRITTEN_CHARACTERS = 34


def position_of(written: str) -> Position:
    """Raises `ValueError` for what no `Position` was written as."""
    if len(written) != _WRITTEN_CHARACTERS or not written.isascii():
        raise ValueError("no position in the list")
    try:
        packed = base64.b64decode(written + "==", altchars=b"-_", validate=True)
        version, microseconds, id_ = _PACKED.unpack(packed)
        position = Position(_EPOCH + timedelta(microseconds=microseconds), UUID(bytes=id_), version == 3)
    except (binascii.Error, struct.error, OverflowError):
        raise ValueError("no position in the list") from None
    if str(position) != written:
        raise ValueError("no position in the list")
    return position


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, newest first, and where those before and after them begin; None where there are none."""

    rows: list[Record]
    older: Position | None
    newer: Position | None


_FROM_CRM = t.c.direction == Direction.CRM_TO_FINANCE
BRIEF: tuple[ColumnElement[Any], ...] = (
    *(
        t.c[name]
        for name in (
            "id", "entityType", "sourceEntity", "kind", "operation", "status", "reason", "triggerType",
            "retryCount", "startedAt", "completedAt", "durationMs", "resolvedAt", "resolvedBy",
        )
    ),
    t.c.sourceData["fields"]["name"].astext.label("name"),
    t.c.sourceData["number"].astext.label("number"),
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
    position: Position | None = None,
    columns: Sequence[ColumnElement[Any]] = BRIEF,
) -> Page:
    """At most `limit` rows at a position; without one the newest."""
    newer = position is not None and position.newer
    found = await _rows(db, wanted, limit + 1, position, columns)
    rows, more = found[:limit], len(found) > limit
    if newer:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    older_too, newer_too = (True, more) if newer else (more, position is not None)
    return Page(
        rows,
        position_at(rows[-1]) if older_too else None,
        position_at(rows[0], newer=True) if newer_too else None,
    )


def position_at(row: Record, *, newer: bool = False) -> Position:
    return Position(row["startedAt"], row["id"], newer)


Order = Callable[[Any], tuple[ColumnElement[Any], ...]]


def _newest_first(columns: Any) -> tuple[ColumnElement[Any], ...]:
    return columns.startedAt.desc(), columns.id.desc()


def _oldest_first(columns: Any) -> tuple[ColumnElement[Any], ...]:
    return columns.startedAt, columns.id


def _as_they_come(_: Any) -> tuple[ColumnElement[Any], ...]:
    return ()


async def _rows(
    db: Database,
    wanted: Wanted,
    limit: int,
    position: Position | None,
    columns: Sequence[ColumnElement[Any]],
) -> list[Record]:
    order = _oldest_first if position is not None and position.newer else _newest_first
    found = await _found(db, wanted, _beyond(position), order, limit)
    if found is None:
        return []
    ids = found.subquery()
    query = select(*columns).join(ids, t.c.id == ids.c.id).order_by(*order(t.c))
    return [_named(row) for row in (await db.execute(query)).mappings()]


def _named(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def _beyond(position: Position | None) -> ColumnElement[bool]:
    if position is None:
        return true()
    row, here = tuple_(t.c.startedAt, t.c.id), tuple_(position.at, position.id)
    return row > here if position.newer else row < here


async def _found(
    db: Database, wanted: Wanted, beyond: ColumnElement[bool], order: Order, limit: int
) -> Select[Any] | None:
    """The ids of the first rows that are wanted; None where no row can be."""
    rows = and_(beyond, *_in_time(wanted))
    if wanted.entity is not None:
        rows &= _of_entity(wanted.entity)
    if wanted.any_facet:
        return select(t.c.id).where(rows).order_by(*order(t.c)).limit(limit)
    facets = await _facets(db, wanted)
    if not facets:
        return None
    if wanted.entity is not None:
        return select(t.c.id).where(rows, t.c.facet.in_(facets)).order_by(*order(t.c)).limit(limit)
    return _merged(facets, rows, order, limit)


def _merged(facets: Sequence[str], rows: ColumnElement[bool], order: Order, limit: int) -> Select[Any]:
    """The first of each facet, in a stretch of the index, and of all these again the first."""
    given = func.unnest(bindparam("facets", facets, ARRAY(Text))).table_valued("facet")
    given = given.render_derived("given")
    stretch = select(t.c.id, t.c.startedAt).where(t.c.facet == given.c.facet, rows).order_by(*order(t.c))
    first = stretch.limit(limit).lateral("first")
    merged = select(first.c.id).select_from(given).join(first, true())
    return merged.order_by(*order(first.c)).limit(limit)


def _in_time(wanted: Wanted) -> list[ColumnElement[bool]]:
    since = [] if wanted.since is None else [t.c.startedAt >= wanted.since]
    return since if wanted.until is None else [*since, t.c.startedAt < wanted.until]


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


async def count(db: Database, wanted: Wanted, most: int, beyond: Position | None = None) -> int:
    """How many rows are wanted; `most + 1` stands for more than `most`."""
    limit = most + 1
    found = await _found(db, wanted, _beyond(beyond), _as_they_come, limit)
    if found is None:
        return 0
    counted = select(func.count()).select_from(found.subquery())
    return int((await db.execute(counted)).scalar_one())


_FETCHED_ROWS = 500


@asynccontextmanager
async def everything(db: Database, wanted: Wanted) -> AsyncIterator[AsyncIterator[list[Record]]]:
    """All rows that are wanted, newest first, some at a time, as they were at one moment.

    Whoever reads them too slowly loses them: an open transaction keeps the database from cleaning up.
    """
    facets = [] if wanted.any_facet else await _facets(db, wanted)
    rows = and_(true(), *_in_time(wanted))
    if wanted.entity is not None:
        rows &= _of_entity(wanted.entity)
    if not wanted.any_facet:
        rows &= t.c.facet == any_(bindparam("facets", facets, ARRAY(Text)))
    query = select(*BRIEF).where(rows).order_by(*_newest_first(t.c))
    async with db.transaction() as connection:
        await connection.execute(text("SET LOCAL cursor_tuple_fraction = 1"))
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '60s'"))
        found = await connection.stream(query, execution_options={"yield_per": _FETCHED_ROWS})
        try:
            yield _batches(found)
        finally:
            await found.close()


async def _batches(found: AsyncResult[Any]) -> AsyncIterator[list[Record]]:
    async for rows in found.mappings().partitions():
        yield [_named(row) for row in rows]


async def one(db: Database, log_id: UUID) -> Record | None:
    row = (await db.execute(select(*WHOLE).where(t.c.id == log_id))).mappings().one_or_none()
    return None if row is None else _named(row)
