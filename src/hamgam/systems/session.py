"""One login for everybody: all tasks and processes of an installation share a remote session.

The finance system ends a session when the same user logs in again, so processes that logged in on their own
would throw each other out for ever.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from hamgam.errors import NeedsOperator, Reason, Refused, SyncError, TryLater
from hamgam.model import System
from hamgam.systems.ports import RemoteSession, SessionStore

REFUSAL_PAUSE = timedelta(seconds=200)
"""At most three tries in ten minutes with credentials that were refused: no account gets locked by us."""

_ABOUT_CREDENTIALS = {
    Reason.BAD_CREDENTIALS,
    Reason.LOCKED_OUT,
    Reason.NOT_LICENSED,
    Reason.BAD_REQUEST,
}

Login = Callable[[RemoteSession | None], Awaitable[RemoteSession]]
"""Logs in, given the session before (for its refresh token). Raises NeedsOperator when it is refused."""


class Answer(Protocol):
    @property
    def status(self) -> int: ...


A = TypeVar("A", bound=Answer)


_CREDENTIALS = "credentials"
"""The attribute of a stored session that says whose it is."""


def fingerprint(address: str, username: str, password: str) -> str:
    """Tells credentials apart, and where they are meant for, without being able to give them away."""
    text = "\0".join((address, username, password))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class SessionKeeper:
    """Holds the session of one system, and renews it once for all who need it.

    A stored session serves only those who would log in with the same `credentials` (a fingerprint): another
    user or another server would get what is not theirs. `usable` says whether a session is still worth trying
    (its token may name its end). `clock` answers aware UTC.
    """

    def __init__(
        self,
        system: System,
        store: SessionStore,
        login: Login,
        *,
        credentials: str,
        clock: Callable[[], datetime],
        usable: Callable[[RemoteSession], bool] = lambda session: True,
    ) -> None:
        self._system = system
        self._store = store
        self._login = login
        self._credentials = credentials
        self._clock = clock
        self._usable = usable
        self._session: RemoteSession | None = None
        self._renewing = asyncio.Lock()
        self._last_refusal: Reason = Reason.BAD_CREDENTIALS

    async def current(self) -> RemoteSession:
        """The shared session; logs in when there is none."""
        session = self._session or await self._store.load(self._system)
        if session is None or not self._serves(session):
            return await self.renew(session.token if session else None)
        self._session = session
        return session

    async def renew(self, stale_token: str | None) -> RemoteSession:
        """Another session than the one with `stale_token`: somebody else's newer one, or a new login."""
        async with self._renewing:
            if newer := self._newer(self._session, stale_token):
                return newer
            async with self._store.exclusive(self._system):
                stored = await self._store.load(self._system)
                session = self._newer(stored, stale_token)
                if session is None:
                    session = await self._sign_in(stored)
                    await self._store.save(self._system, session)
            self._session = session
            return session

    async def authorized(self, call: Callable[[RemoteSession], Awaitable[A]]) -> A:
        """Make a call, and once more with a new session when its own is refused.

        A 401 comes before the server does anything, so repeating is safe for a write too. A second 401 raises
        TryLater(SESSION_LOST).
        """
        session = await self.current()
        answer = await call(session)
        if answer.status != 401:
            return answer
        answer = await call(await self.renew(session.token))
        if answer.status == 401:
            raise TryLater(Reason.SESSION_LOST, system=self._system)
        return answer

    def _newer(self, session: RemoteSession | None, stale_token: str | None) -> RemoteSession | None:
        if session is None or session.token == stale_token or not self._serves(session):
            return None
        return session

    def _ours(self, session: RemoteSession | None) -> bool:
        return session is not None and session.attributes.get(_CREDENTIALS) == self._credentials

    def _serves(self, session: RemoteSession) -> bool:
        return self._ours(session) and self._usable(session)

    async def _sign_in(self, previous: RemoteSession | None) -> RemoteSession:
        await self._pause_after_refusal()
        known = previous if self._ours(previous) else None
        try:
            session = await self._login(known)
            return replace(session, attributes={**session.attributes, _CREDENTIALS: self._credentials})
        except (NeedsOperator, Refused) as error:
            if known and error.reason is Reason.WRONG_ADDRESS:
                # It was the right address before: something answers in the system's place for a while.
                raise TryLater(Reason.BROKEN_ANSWER, error.detail, system=self._system) from error
            await self._note(error)
            raise NeedsOperator(error.reason, error.detail, system=self._system) from error

    async def _pause_after_refusal(self) -> None:
        at = await self._store.refused_at(self._system, self._credentials)
        if at is not None and abs(self._clock() - at) <= REFUSAL_PAUSE:
            raise NeedsOperator(self._last_refusal, system=self._system)

    async def _note(self, error: SyncError) -> None:
        if error.reason in _ABOUT_CREDENTIALS:
            self._last_refusal = error.reason
            await self._store.note_refusal(self._system, self._credentials, self._clock())
