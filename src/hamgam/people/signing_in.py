"""Sign-in by name and password: what a wrong one learns, and how often one may try."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from hamgam.db.engine import Database
from hamgam.intake.pace import Pace
from hamgam.people import sessions, users
from hamgam.people.names import name_key
from hamgam.people.passwords import Passwords, checked_password
from hamgam.people.refusals import NotAllowed, Refusal

logger = structlog.get_logger()

TRIES, TRIES_SECONDS = 5, 300
"""Wrong passwords at once, and in such a time in the long run, for each name and for each address."""


@dataclass(frozen=True, slots=True)
class TooOften:
    """Nothing was looked at."""

    wait_seconds: int


class SigningIn:
    """The tries are counted in memory, by each process for itself."""

    def __init__(
        self,
        db: Database,
        passwords: Passwords,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._db = db
        self._passwords = passwords
        self._clock = clock
        self._names = Pace(TRIES / TRIES_SECONDS, TRIES, monotonic)
        self._sources = Pace(TRIES / TRIES_SECONDS, TRIES, monotonic)

    async def sign_in(self, name: str, password: str, source: str) -> str | TooOften | None:
        """The token of a new session, or None: whether the name exists is not told, nor to be measured.

        A try is counted before the password is looked at, so that many at the same moment are many.
        """
        key = name_key(name)
        if wait := self._names.wait_seconds(key) or self._sources.wait_seconds(source):
            logger.warning("people.sign_in_held", source=source)
            return TooOften(wait)
        self._names.count(key)
        self._sources.count(source)
        known = await users.credentials(self._db, key) if key else None
        right = await self._passwords.matches(known[1] if known else None, password)
        if known is None or not right:
            # Without the name: people type a password there by mistake.
            logger.warning("people.sign_in_failed", source=source)
            return None
        self._names.forget(key)
        self._sources.give_back(source)
        token = await sessions.start(self._db, known[0].id, self._clock())
        logger.info("people.signed_in", name=known[0].name, source=source)
        return token

    async def change_password(self, name: str, present: str, new: str, session: str) -> UUID | TooOften:
        """A person's own. Other sessions of the person end. Raises `NotAllowed`."""
        checked_password(new)
        key = name_key(name)
        if wait := self._names.wait_seconds(key):
            return TooOften(wait)
        self._names.count(key)
        known = await users.credentials(self._db, key)
        if known is None or not await self._passwords.matches(known[1], present):
            raise NotAllowed(Refusal.WRONG_PRESENT)
        self._names.forget(key)
        hashed = await self._passwords.hash(new)
        return (await users.set_password(self._db, known[0].id, hashed, kept_session=session)).id
