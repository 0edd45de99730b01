"""Sign-in by name and password: what a wrong one learns, and how often one may try."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from hamgam.db.engine import Database
from hamgam.intake.pace import Pace
from hamgam.people import browsers, sessions, users
from hamgam.people.names import name_key
from hamgam.people.passwords import Passwords, checked_password
from hamgam.people.refusals import NotAllowed, Refusal
from hamgam.people.users import User

logger = structlog.get_logger()

TRIES, TRIES_SECONDS = 5, 300
"""Wrong passwords at once, and in such a time in the long run, for each name and for each address.

A browser in which this person has signed in before has tries of its own instead.
"""
_CROWDED_SECONDS = 2
"""Until fewer try, from however many addresses. For a browser that has been in before there is room."""


@dataclass(frozen=True, slots=True)
class TooOften:
    """Nothing was looked at."""

    wait_seconds: int


@dataclass(frozen=True, slots=True)
class Opened:
    """What the browser is given to keep."""

    session: str
    browser: str


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
        paces = (Pace(TRIES / TRIES_SECONDS, TRIES, monotonic) for _ in range(4))
        self._names, self._sources, self._browsers, self._changes = paces

    async def sign_in(
        self, name: str, password: str, source: str, browser: str = ""
    ) -> Opened | TooOften | None:
        """A new session, or None: whether the name exists is not told, nor to be measured.

        `browser` is the proof that this one has signed in before. A try is counted before the password is
        looked at, so that many at the same moment are many.
        """
        key = name_key(name)
        known = await users.credentials(self._db, key) if key else None
        counted = self._counted(key, source, browser, known)
        wait = max(pace.wait_seconds(who) for pace, who in counted)
        if self._passwords.crowded and counted[0][0] is not self._browsers:
            wait = max(wait, _CROWDED_SECONDS)
        if wait:
            logger.warning("people.sign_in_held", source=source)
            return TooOften(wait)
        for pace, who in counted:
            pace.count(who)
        right = await self._passwords.matches(known[1] if known else None, password)
        if known is None or not right:
            # Without the name: people type a password there by mistake.
            logger.warning("people.sign_in_failed", source=source)
            return None
        own, *others = counted
        own[0].forget(own[1])
        for pace, who in others:
            pace.give_back(who)
        return await self._opened(*known, password, source)

    def _counted(
        self, key: str, source: str, browser: str, known: tuple[User, str] | None
    ) -> list[tuple[Pace, str]]:
        if known and (named := browsers.named_in(browser, known[1])):
            return [(self._browsers, named)]
        return [(self._names, key), (self._sources, source)]

    async def _opened(self, user: User, stored: str, password: str, source: str) -> Opened:
        if renewed := await self._passwords.renewed(stored, password):
            await users.renew_hash(self._db, user.id, stored, renewed)
        token = await sessions.start(self._db, user.id, self._clock())
        logger.info("people.signed_in", name=user.name, source=source)
        return Opened(token, browsers.proof_for(renewed or stored))

    async def change_password(self, name: str, present: str, new: str, session: str) -> UUID | TooOften:
        """A person's own. Other sessions of the person end. Raises `NotAllowed`."""
        checked_password(new)
        key = name_key(name)
        if wait := self._changes.wait_seconds(key):
            return TooOften(wait)
        self._changes.count(key)
        known = await users.credentials(self._db, key)
        if known is None or not await self._passwords.matches(known[1], present):
            raise NotAllowed(Refusal.WRONG_PRESENT)
        self._changes.forget(key)
        hashed = await self._passwords.hash(new)
        return (await users.set_password(self._db, known[0].id, hashed, kept_session=session)).id
