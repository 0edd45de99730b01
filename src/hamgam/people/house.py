"""Whether there is anybody who could sign in. While there is not, the web service asks for nobody's name."""

from collections.abc import Callable

from sqlalchemy import exists, select

from hamgam.db.engine import Database
from hamgam.db.tables import user

_REMEMBERED_SECONDS = 1.0


class House:
    """Asks the database, and remembers the answer for a second."""

    def __init__(self, db: Database, monotonic: Callable[[], float]) -> None:
        self._db = db
        self._monotonic = monotonic
        self._answer: tuple[float, bool] | None = None

    async def is_open(self) -> bool:
        """Raises what a call raises when the database is gone: nobody knows then."""
        now = self._monotonic()
        if self._answer is None or now - self._answer[0] >= _REMEMBERED_SECONDS:
            anybody = select(exists().where(user.c.disabledAt.is_(None)))
            self._answer = now, not (await self._db.execute(anybody)).scalar_one()
        return self._answer[1]

    def forget(self) -> None:
        """Somebody was added or removed in this process."""
        self._answer = None
