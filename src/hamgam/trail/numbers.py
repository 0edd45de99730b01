"""Numbers and lists for people and monitoring, read from the trail. Nothing here writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, bindparam, case, func, literal, select, text
from sqlalchemy.types import ARRAY, Integer

from hamgam.db.engine import Database
from hamgam.db.tables import ASKS_FOR_PERSON, entity_mapping, poll_cursor, remote_system
from hamgam.db.tables import sync_log as t
from hamgam.errors import Reason
from hamgam.model import EntityType, Status, Stream, System
from hamgam.trail import cursor


@dataclass(frozen=True, slots=True)
class RemoteState:
    state: str
    """`ok`, the reason code of the last failed call, or `unknown` before the first one."""
    since: datetime | None
    last_contact: datetime | None
    calls: int
    errors: Mapping[str, int]
    seconds: float

    @property
    def up(self) -> bool:
        """Whether it answers and lets us in. A call that it refuses for what was sent is an answer."""
        return self.state in ("ok", "unknown", Reason.BAD_REQUEST, Reason.UNUSABLE_RECORD)


@dataclass(frozen=True, slots=True)
class PollState:
    at: datetime | None
    cursor: datetime
    held: int | None
    """Changes that were found and not queued because they are suspiciously many."""


@dataclass(frozen=True, slots=True)
class SyncGroup:
    """Ended syncs that share an outcome and a class of duration."""

    status: str
    operation: str
    trigger: str
    bucket: int
    """How many of the given bounds the duration is above."""
    count: int
    milliseconds: int


async def sync_counts(db: Database, *since: datetime) -> list[dict[Status, int]]:
    """Syncs by status: of all time first, then since each of the given moments."""
    columns = [func.count(case((t.c.startedAt >= moment, 1))) for moment in since]
    counting = select(t.c.status, func.count(), *columns).group_by(t.c.status)
    counted = {status: counts for status, *counts in await _tuples(db, counting)}
    none = [0] * (len(since) + 1)
    return [{status: counted.get(status, none)[i] for status in Status} for i in range(len(since) + 1)]


async def sync_counts_since(db: Database, since: datetime) -> dict[Status, int]:
    """Syncs by status since a moment; costs what happened since."""
    counting = select(t.c.status, func.count()).where(t.c.startedAt >= since).group_by(t.c.status)
    counted = dict(await _tuples(db, counting))
    return {status: counted.get(status, 0) for status in Status}


async def mapping_counts(db: Database) -> dict[EntityType, int]:
    kind = entity_mapping.c.entityType
    counted = dict(await _tuples(db, select(kind, func.count()).group_by(kind)))
    return {entity_type: counted.get(entity_type, 0) for entity_type in EntityType}


async def attention_count(db: Database) -> int:
    """Syncs that ask for a person, and streams whose poll holds suspiciously many changes back."""
    syncs = select(func.count()).select_from(t).where(ASKS_FOR_PERSON).scalar_subquery()
    held = select(func.count()).select_from(poll_cursor).where(poll_cursor.c.held.is_not(None))
    return int((await db.execute(select(syncs + held.scalar_subquery()))).scalar_one())


async def remote_states(db: Database) -> dict[System, RemoteState]:
    c = remote_system.c
    rows = await db.execute(
        select(c.system, c.state, c.stateAt, c.lastContactAt, c.calls, c.errors, c.milliseconds)
    )
    known = {
        row.system: RemoteState(
            row.state or "unknown",
            row.stateAt,
            row.lastContactAt,
            row.calls,
            _counts(row.errors),
            row.milliseconds / 1000,
        )
        for row in rows
    }
    return {system: known.get(system, RemoteState("unknown", None, None, 0, {}, 0)) for system in System}


def _counts(stored: object) -> Mapping[str, int]:
    """Counts by reason as they were stored; what is none is left out."""
    items = stored.items() if isinstance(stored, dict) else ()
    return {reason: count for reason, count in items if type(count) is int}


async def poll_states(db: Database) -> dict[Stream, PollState]:
    cursors = await cursor.load(db)
    return {stream: PollState(c.polled_at, c.position, c.held) for stream, c in cursors.items()}


async def worker_count(db: Database, within_seconds: float) -> int:
    """Workers, of all processes, that gave a sign of life within this time.

    The job engine counts each of them three times, since it serves three queues.
    """
    counted = await db.execute(
        text(
            "SELECT (count(*) + 2) / 3 FROM procrastinate_workers"
            " WHERE last_heartbeat > now() - make_interval(secs => :seconds)"
        ),
        {"seconds": within_seconds},
    )
    return int(counted.scalar_one())


async def newest_success(db: Database) -> datetime | None:
    """When the most recently started successful sync ended."""
    newest = select(t.c.completedAt).where(t.c.status == Status.SUCCESS).order_by(t.c.startedAt.desc())
    return (await db.execute(newest.limit(1))).scalar_one_or_none()


async def sync_groups(db: Database, bounds_ms: Sequence[int]) -> list[SyncGroup]:
    """Ended syncs by outcome and by duration; `bounds_ms` are upper bounds, ascending, each inclusive."""
    # width_bucket counts the bounds that are reached, so a bound itself belongs below with one added to it.
    above = [bound + 1 for bound in bounds_ms]
    bucket = func.width_bucket(t.c.durationMs, bindparam("above", above, type_=ARRAY(Integer)))
    group = (t.c.status, t.c.operation, t.c.triggerType, bucket.label("bucket"))
    total = func.coalesce(func.sum(t.c.durationMs), literal(0))
    ended = t.c.status.not_in((Status.PENDING, Status.IN_PROGRESS))
    counted = select(*group, func.count(), total).where(ended).group_by(*group)
    return [
        SyncGroup(status, operation, trigger, bucket or 0, count, int(milliseconds))
        for status, operation, trigger, bucket, count, milliseconds in await _tuples(db, counted)
    ]


async def _tuples(db: Database, query: Executable) -> list[Any]:
    return [tuple(row) for row in await db.execute(query)]
