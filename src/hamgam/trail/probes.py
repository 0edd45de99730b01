"""What the last probe of the site found out, and whether one is under way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from hamgam.db.engine import Database
from hamgam.db.tables import site_probe

t = site_probe.c


@dataclass(frozen=True, slots=True)
class Probe:
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    trouble: str | None
    """Why there is no report."""
    report: Mapping[str, Any]


async def begin(db: Database, by: str, at: datetime) -> UUID:
    begun = await db.execute(site_probe.insert().values(startedAt=at, startedBy=by).returning(t.id))
    return UUID(str(begun.scalar_one()))


async def end(
    db: Database, probe_id: UUID, report: Mapping[str, Any] | None, trouble: str | None, at: datetime
) -> None:
    """End a probe; of those before nothing is kept."""
    async with db.transaction() as connection:
        ended = site_probe.update().where(t.id == probe_id)
        await connection.execute(ended.values(endedAt=at, report=report, trouble=trouble))
        await connection.execute(site_probe.delete().where(t.id != probe_id))


async def newest(db: Database, *, ended: bool) -> Probe | None:
    """The last one that ended, or the last of those that did not."""
    wanted = t.endedAt.is_not(None) if ended else t.endedAt.is_(None)
    found = await db.execute(select(site_probe).where(wanted).order_by(t.startedAt.desc()).limit(1))
    row = found.one_or_none()
    return _probe(row) if row else None


def _probe(row: Row[Any]) -> Probe:
    report = row.report if isinstance(row.report, dict) else {}
    return Probe(row.startedAt, row.startedBy, row.endedAt, row.trouble, report)
