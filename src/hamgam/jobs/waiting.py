"""What waits for a worker, or is being looked at, as people see it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Row, text

from hamgam.db.engine import Database
from hamgam.jobs.queue import SYNC_TASK, notice_of
from hamgam.model import ChangeNotice
from hamgam.trail.place import Place

_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands in a place for what is not due at a certain time."""
_RUNNING = 4
"""In the rank of a place; what is added to it is how urgent the job is, up to 3."""


@dataclass(frozen=True, slots=True)
class Waiting:
    notice: ChangeNotice
    running: bool
    due: datetime | None
    """None: as soon as a worker is free."""


async def waiting(db: Database, limit: int, after: Place | None = None) -> tuple[list[Waiting], Place | None]:
    """The jobs that `queue.depth` counts, those under way first, then by when they are due; a page of them.

    Also where the next page begins; None where there is none.
    """
    begins = after or Place(_AT_ONCE, UUID(int=0), rank=_RUNNING + 3)
    given = {
        "task": SYNC_TASK,
        "idle": begins.rank < _RUNNING,
        "due": begins.at,
        "urgency": begins.rank % _RUNNING,
        "id": begins.id.int % 2**63,
        "limit": limit + 1,
    }
    rows = (await db.execute(text(_PAGE), given)).all()
    found = ((notice_of(row.args if isinstance(row.args, dict) else {}), row) for row in rows[:limit])
    shown = [Waiting(notice, not row.idle, row.due) for notice, row in found if notice is not None]
    return shown, _place(rows[limit - 1]) if len(rows) > limit else None


def _place(row: Row[tuple[object, ...]]) -> Place:
    rank = row.urgency + (0 if row.idle else _RUNNING)
    return Place(row.due or _AT_ONCE, UUID(int=row.id), rank=rank)


_PAGE = """
SELECT id, args, idle, due, urgency FROM (
  SELECT id, args, status = 'todo' AS idle, scheduled_at AS due,
         coalesce(scheduled_at, CAST('epoch' AS timestamptz)) AS at,
         least(greatest(priority, 0) / 5, 3) AS urgency
  FROM procrastinate_jobs WHERE task_name = :task AND status IN ('todo', 'doing')
) jobs
WHERE (idle, at, -urgency, id) > (:idle, :due, -(:urgency), :id)
ORDER BY idle, at, -urgency, id LIMIT :limit
"""
