"""Group commit: deliveries that arrive while another is being stored share the next commit."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from hamgam.db.engine import DATABASE_GONE, Database
from hamgam.intake.webhook import accept
from hamgam.model import ChangeNotice

_MOST = 200
_STORE_SECONDS = 5

_Waiting = tuple[ChangeNotice, asyncio.Future[None]]


class GroupCommit:
    """Makes deliveries durable for one event loop. One that comes alone is stored at once."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: list[_Waiting] = []
        self._storing: asyncio.Task[None] | None = None

    async def accept(self, notice: ChangeNotice) -> None:
        """Returns once the delivery is durable. Raises what the database raises, or TimeoutError."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((notice, done))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store_all())
        await done

    async def _store_all(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            await self._store(group)

    async def _store(self, group: Sequence[_Waiting]) -> None:
        try:
            async with asyncio.timeout(_STORE_SECONDS):
                await accept(self._db, *(notice for notice, _ in group))
        except Exception as error:
            if len(group) > 1 and isinstance(error, DBAPIError) and not isinstance(error, DATABASE_GONE):
                # One of them may be what the database refuses; the others must not suffer for it.
                for one in group:
                    await self._store([one])
            else:
                _tell(group, error)
        else:
            _tell(group, None)


def _tell(group: Sequence[_Waiting], error: Exception | None) -> None:
    """The sender of a delivery may have gone meanwhile; then nobody waits for it."""
    for _, done in group:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
