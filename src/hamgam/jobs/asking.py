"""A person asks for a look at one record now, and sees when it comes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.jobs import queue
from hamgam.model import ChangeNotice, EntityKey, Kind, Trigger

ASKED = "asked"
"""In the payload: which page a person asked on, so that its second click asks for nothing more."""
BY = "by"
"""In the payload of a look by hand: the person. A delivery of the CRM may hold anything of that name."""


@dataclass(frozen=True, slots=True)
class Look:
    """A look that waits, or that is under way."""

    running: bool
    due: datetime | None
    """None: as soon as a worker is free."""
    by: str | None
    """The person who asked for it."""


async def looks(db: Database, key: EntityKey) -> list[Look]:
    """The looks at a record that are to come, the one that runs first: there is at most one of each."""
    rows = await db.execute(text(_LOOKS), {"key": str(key)})
    return [Look(row.running, row.due, row.by) for row in rows]


async def ask(db: Database, key: EntityKey, kind: Kind | None, *, by: str, page: str) -> bool:
    """Have a record looked at as soon as possible; False where this page has asked for it already."""
    async with db.locked(f"ask {key}", wait=True) as held:
        assert held is not None
        asked = await held.execute(text(_HAS_ASKED), {"key": str(key), "id": key.crm_id, "page": page})
        if asked.scalar_one():
            return False
        notice = ChangeNotice(key=key, trigger=Trigger.MANUAL, kind=kind, payload={BY: by, ASKED: page})
        async with held.transaction() as connection:
            await queue.enqueue(connection, [notice], now=True)
        return True


_JOBS = """SELECT * FROM procrastinate_jobs WHERE task_name = 'sync'
  AND ((status = 'todo' AND queueing_lock = :key) OR (status = 'doing' AND lock = :key))"""

_LOOKS = f"""
SELECT status = 'doing' AS running, scheduled_at AS due,
       CASE args ->> 'trigger' WHEN 'MANUAL' THEN args #>> '{{payload,{BY}}}' END AS by
FROM ({_JOBS}) jobs ORDER BY running DESC
"""  # noqa: S608 - it is put together of constants

_HAS_ASKED = f"""
SELECT EXISTS (SELECT 1 FROM ({_JOBS}) jobs WHERE args #>> '{{payload,{ASKED}}}' = :page)
    OR EXISTS (SELECT 1 FROM "SyncLog"
               WHERE "sourceEntityId" = :id AND "triggerPayload" ->> '{ASKED}' = :page)
"""  # noqa: S608
