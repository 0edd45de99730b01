"""How often, how fast, and since when quiet: the figures over time of the overview."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Integer, Select, cast, func, select

from hamgam.db.engine import Database
from hamgam.db.tables import sync_log as t
from hamgam.db.tables import webhook_delivery
from hamgam.model import Direction, Status

_RECENT = 1000
"""So many syncs tell how long one takes and how long is usually none; more would only cost more."""

_FEW = 20
"""Fewer syncs than this do not tell what is usual."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Ended syncs in equal spans of time, oldest first; a span counts by when its syncs began.

    Each counts once, by its present status: the failure of an attempt is gone once a later one goes well.
    """

    begins: Sequence[datetime]
    counts: Mapping[Status, Sequence[int]]
    retried: int
    """Syncs of all these spans that needed more than one attempt."""

    def total(self, status: Status) -> int:
        return sum(self.counts[status])


@dataclass(frozen=True, slots=True)
class Durations:
    """Of the attempts that went well, of the latest syncs that have written, in milliseconds."""

    p50: float
    p95: float
    since: datetime
    """When the first of them began."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook of the CRM, and the record of which it told."""

    at: datetime
    entity: str
    crm_id: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """When something was last synchronised, and the longest time without in what came before."""

    since: datetime
    longest: timedelta


async def outcomes(db: Database, now: datetime, spans: int, span_seconds: int) -> Outcomes:
    """Of the last so many spans; the newest one is not over yet."""
    newest = int(now.timestamp()) // span_seconds
    first = newest - spans + 1
    span = cast(func.floor(func.extract("epoch", t.c.startedAt) / span_seconds), Integer)
    found = await db.execute(
        select(span.label("span"), t.c.status, func.count().label("number"))
        .where(t.c.startedAt >= datetime.fromtimestamp(first * span_seconds, UTC))
        .group_by(span, t.c.status)
    )
    counts = {status: [0] * spans for status in Status}
    for row in found:
        # A row of a newer program has a status of its own; one of a clock ahead of ours is in the future.
        if row.status in counts and row.span <= newest:
            counts[row.status][row.span - first] = row.number
    begins = [datetime.fromtimestamp(number * span_seconds, UTC) for number in range(first, newest + 1)]
    return Outcomes(begins, counts, await _retried(db, begins[0]))


async def _retried(db: Database, since: datetime) -> int:
    several = select(func.count()).where(t.c.attempts.is_not(None), t.c.startedAt >= since)
    return int((await db.execute(several)).scalar_one())


async def durations(db: Database) -> Durations | None:
    """None before the first sync has written."""
    recent = _recent_successes(t.c.durationMs, t.c.startedAt).subquery()
    duration = recent.c.durationMs
    p50, p95 = (func.percentile_cont(share).within_group(duration) for share in (0.5, 0.95))
    since = func.min(recent.c.startedAt).label("since")
    row = (await db.execute(select(p50.label("p50"), p95.label("p95"), since))).one()
    return None if row.p50 is None else Durations(float(row.p50), float(row.p95), row.since)


async def quiet(db: Database) -> Quiet | None:
    """None while there are too few syncs to tell what is usual."""
    recent = _recent_successes(t.c.startedAt).where(t.c.direction == Direction.CRM_TO_FINANCE).subquery()
    at = recent.c.startedAt
    gaps = select(at, (at - func.lag(at).over(order_by=at)).label("gap")).subquery()
    figures = (func.count().label("number"), func.max(gaps.c.startedAt).label("since"))
    row = (await db.execute(select(*figures, func.max(gaps.c.gap).label("longest")))).one()
    return Quiet(row.since, row.longest) if row.number >= _FEW else None


async def last_delivery(db: Database) -> Delivery | None:
    """The last webhook that the CRM has sent."""
    d = webhook_delivery.c
    newest = select(d.receivedAt, d.entity, d.crmId).order_by(d.receivedAt.desc()).limit(1)
    row = (await db.execute(newest)).one_or_none()
    return None if row is None else Delivery(row.receivedAt, row.entity, row.crmId)


def _recent_successes(*columns: Column[Any]) -> Select[Any]:
    return select(*columns).where(t.c.status == Status.SUCCESS).order_by(t.c.startedAt.desc()).limit(_RECENT)
