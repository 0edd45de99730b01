"""Which remote system is down: every process notes what its breakers see, so that any page can tell.

A note is a heartbeat. It is written again every second while the outage lasts and counts for a few seconds,
so nobody has to take back the note of a process that died.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.dialects.postgresql import insert

from hamgam.db.engine import Database
from hamgam.db.tables import remote_system as t
from hamgam.errors import Reason
from hamgam.model import System

logger = structlog.get_logger()

_COUNTS_FOR = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Outage:
    """Some process holds its calls back."""

    since: datetime
    next_try: datetime


class OutageNotes:
    """What the breakers of this process say: to the process log once, to the database at every `flush`."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock
        self._outages: dict[System, Outage] = {}

    def went_down(self, system: System, reason: Reason) -> None:
        logger.warning("system.down", system=system, reason=reason)
        now = self._clock()
        self._outages[system] = Outage(now, now)

    def asks_again(self, system: System, *, in_seconds: float) -> None:
        at = self._clock() + timedelta(seconds=in_seconds)
        self._outages[system] = replace(self._outages[system], next_try=at)

    def came_back(self, system: System, *, after_seconds: float) -> None:
        logger.info("system.back", system=system, after_seconds=round(after_seconds))
        del self._outages[system]

    async def flush(self) -> None:
        for system, outage in list(self._outages.items()):
            noted = {"downSince": outage.since, "nextTryAt": outage.next_try, "downNotedAt": func.now()}
            statement = insert(t).values(system=system, **noted)
            await self._db.execute(statement.on_conflict_do_update(index_elements=["system"], set_=noted))


async def outages(db: Database) -> dict[System, Outage]:
    """Of all processes; where several hold back, the one that noted it last speaks for them."""
    fresh: ColumnElement[Any] = t.c.downNotedAt > func.now() - _COUNTS_FOR
    rows = await db.execute(
        select(t.c.system, t.c.downSince, t.c.nextTryAt).where(and_(fresh, t.c.system.in_(list(System))))
    )
    return {System(row.system): Outage(row.downSince, row.nextTryAt) for row in rows}
