"""What waits for a worker, or is being looked at, as people see it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.jobs.queue import SYNC_TASK, notice_of
from hamgam.model import ChangeNotice


@dataclass(frozen=True, slots=True)
class Waiting:
    notice: ChangeNotice
    running: bool
    due: datetime | None
    """None: as soon as a worker is free."""


async def waiting(db: Database, limit: int) -> list[Waiting]:
    """The jobs that `queue.depth` counts, those under way first, then by when they are due."""
    rows = await db.execute(
        text(
            "SELECT args, status = 'doing' AS running, scheduled_at AS due FROM procrastinate_jobs"
            " WHERE task_name = :task AND status IN ('todo', 'doing')"
            " ORDER BY running DESC, due NULLS FIRST, priority DESC, id LIMIT :limit"
        ),
        {"task": SYNC_TASK, "limit": limit},
    )
    found = ((notice_of(row.args if isinstance(row.args, dict) else {}), row) for row in rows)
    return [Waiting(notice, row.running, row.due) for notice, row in found if notice is not None]
