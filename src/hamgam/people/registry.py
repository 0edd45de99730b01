"""The people and their ways in, as commands, API and pages change them; the process log is told."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import structlog

from hamgam.db.engine import Database
from hamgam.people import tokens, users
from hamgam.people.house import House
from hamgam.people.names import checked_name
from hamgam.people.passwords import Passwords
from hamgam.people.roles import Role
from hamgam.people.signing_in import SigningIn
from hamgam.people.tokens import ApiToken
from hamgam.people.users import Removed, User

logger = structlog.get_logger()

Changed = TypeVar("Changed", User, ApiToken)


class Registry:
    """Its changes raise `NotAllowed`, and then nothing has changed. `by` is who wants them."""

    def __init__(
        self,
        db: Database,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        passwords: Passwords | None = None,
    ) -> None:
        self.db = db
        self.house = House(db, monotonic)
        self._clock = clock
        self._passwords = passwords or Passwords()
        self.signing_in = SigningIn(db, self._passwords, clock, monotonic)

    async def add(self, name: str, role: Role, password: str, *, by: str) -> User:
        checked_name(name)
        hashed = await self._passwords.hash(password)
        added = await users.add(self.db, name, role, hashed, self._clock())
        self.house.forget()
        return _told("added", added, by)

    async def set_role(self, user_id: UUID, role: Role, *, by: str) -> User:
        return _told("role", await users.set_role(self.db, user_id, role), by)

    async def set_password(self, user_id: UUID, password: str, *, by: str) -> User:
        hashed = await self._passwords.hash(password)
        return _told("password", await users.set_password(self.db, user_id, hashed), by)

    async def remove(self, user_id: UUID, *, by: str, last_too: bool = False) -> Removed:
        removed = await users.disable(self.db, user_id, self._clock(), last_too=last_too)
        self.house.forget()
        _told("removed", removed.user, by)
        for token in removed.tokens:
            _told("token revoked", token, by)
        return removed

    async def make_token(self, name: str, role: Role, *, by: str) -> tuple[ApiToken, str]:
        made, secret = await tokens.make(self.db, name, role, by=by, now=self._clock())
        return _told("token made", made, by), secret

    async def revoke_token(self, token_id: UUID, *, by: str) -> ApiToken:
        return _told("token revoked", await tokens.revoke(self.db, token_id, self._clock()), by)


def _told(what: str, changed: Changed, by: str) -> Changed:
    logger.info("people.changed", what=what, name=changed.name, role=changed.role, by=by)
    return changed
