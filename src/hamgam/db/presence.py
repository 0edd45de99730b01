"""How many processes of the installation use the remote systems now, so that they can divide the load.

Each holds a shared advisory lock on a connection of its own. The lock ends with the process, however that
dies, so nobody has to clean up and a share is never kept for the dead.
"""

from dataclasses import dataclass
from types import TracebackType

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import DATABASE_GONE, Database

_KEY = {"group": 7_340_912, "member": 1}
_JOIN = text("SELECT pg_advisory_lock_shared(:group, :member)")
_MEMBERS = text(
    "SELECT pid, pid = pg_backend_pid() AS me, extract(epoch FROM now())::bigint / 5 AS turn"
    " FROM pg_locks JOIN pg_database d ON d.oid = database"
    " WHERE d.datname = current_database() AND locktype = 'advisory' AND granted"
    " AND classid = :group AND objid = :member AND objsubid = 2 ORDER BY pid"
)


@dataclass(frozen=True, slots=True)
class Share:
    """This process is number `place` (from 0) of `members`."""

    place: int
    members: int
    turn: int = 0
    """Counts up every few seconds, the same for all members."""

    def of(self, whole: int) -> int:
        """This process's part of a number of things that cannot be divided; all parts add up to it.

        What is left over goes round, so that nobody waits for ever where there is less than one for each.
        """
        place = (self.place + self.turn) % self.members
        return whole // self.members + (1 if place < whole % self.members else 0)


class Presence:
    """Membership of this process; leaves when it is closed."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._connection: AsyncConnection | None = None

    async def __aenter__(self) -> "Presence":
        await self._join()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._forget()

    async def share(self) -> Share:
        """Who is here now. Joins again when the database has forgotten this process."""
        try:
            connection = self._connection or await self._join()
            members = (await connection.execute(_MEMBERS, _KEY)).all()
        except DATABASE_GONE:
            await self._forget()
            raise
        place = next((place for place, member in enumerate(members) if member.me), 0)
        return Share(place, len(members), members[place].turn)

    async def _join(self) -> AsyncConnection:
        self._connection = await self._db.lasting_connection()
        await self._connection.execute(_JOIN, _KEY)
        return self._connection

    async def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # The lock belongs to the session: a connection that went back to the pool would keep it.
            await connection.invalidate()
            await connection.close()
