"""Takes their locks from processes that have fallen silent while their connections live on.

A process that was stopped, or hangs, keeps its connections and with them every lock that it holds. To the
server it looks like one that thinks. But whoever holds a lock speaks every second (`presence`), on one
connection or another, so silence on all of them tells the two apart.
"""

from sqlalchemy import text

from hamgam.db.engine import APPLICATION, Database

SILENT_SECONDS = 30.0

_EVICT = text(
    "WITH mine AS (SELECT pid, application_name AS process, state_change FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = current_user"
    " AND starts_with(application_name, :ours)),"
    " silent AS (SELECT process FROM mine GROUP BY process"
    " HAVING max(state_change) < now() - make_interval(secs => :seconds))"
    " SELECT count(pg_terminate_backend(pid)) FROM mine WHERE process IN (SELECT process FROM silent)"
    " AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1)"
)


async def evict_silent(db: Database, seconds: float = SILENT_SECONDS) -> int:
    """End the sessions of silent processes that hold or await a lock of `Database.locked`.

    To such a process it is as if its connection had broken. Answers how many sessions were ended. What a
    process says it is there for (`presence`) is left: it would come back with more than its share.
    """
    evicted = await db.execute(_EVICT, {"ours": APPLICATION, "seconds": seconds})
    return int(evicted.scalar_one())
