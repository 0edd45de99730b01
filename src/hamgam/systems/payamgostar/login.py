"""Logging in to the CRM, and going on with a refresh token where that works."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hamgam.details import Detail
from hamgam.errors import NeedsOperator, Reason, SyncError
from hamgam.model import System
from hamgam.systems.http import HttpClient, Reply
from hamgam.systems.outcomes import Effect
from hamgam.systems.payamgostar import wire
from hamgam.systems.ports import RemoteSession

LOGIN = "/api/v2/auth/login"
REFRESH = "/api/v2/auth/token/refresh"

DEVICE_ID = "hamgam"
"""The same for all processes, so that the CRM sees one device and not a new one at every start."""

EXPIRY_MARGIN = timedelta(seconds=30)
"""A token this close to its end is renewed before it is used."""


class Payamgostar:
    """The login of one user. `clock` answers aware UTC."""

    def __init__(self, http: HttpClient, username: str, password: str, clock: Callable[[], datetime]) -> None:
        self._http = http
        self._username = username
        self._password = password
        self._clock = clock

    def usable(self, session: RemoteSession) -> bool:
        expires_at = session.attributes.get("expires_at")
        try:
            return not expires_at or datetime.fromisoformat(expires_at) - EXPIRY_MARGIN > self._clock()
        except (ValueError, TypeError, OverflowError):
            return False  # stored by another version

    async def sign_in(self, previous: RemoteSession | None) -> RemoteSession:
        refreshed = await self._refresh(previous) if previous else None
        return refreshed or await self._log_in()

    async def _log_in(self) -> RemoteSession:
        body = {
            "username": self._username,
            "password": self._password,
            "deviceId": DEVICE_ID,
            "platformType": 1,
        }
        reply = await self._post(LOGIN, body)
        if not reply.found:
            raise NeedsOperator(Reason.WRONG_ADDRESS, Detail.NO_LOGIN(), system=System.CRM)
        return self._session(reply)

    async def _refresh(self, previous: RemoteSession) -> RemoteSession | None:
        """A new session for the old one's refresh token; None where the CRM does not give one."""
        refresh_token = previous.attributes.get("refresh_token")
        if not refresh_token:
            return None
        try:
            body = {"accessToken": previous.token, "refreshToken": refresh_token}
            reply = await self._post(REFRESH, body)
            session = self._session(reply) if 200 <= reply.status < 300 else None
        except SyncError:
            return None  # the body of this call is a guess: whatever goes wrong, the login decides
        return session if session and session.token != previous.token and self.usable(session) else None

    async def _post(self, path: str, body: object) -> Reply:
        return await self._http.call("POST", path, body=body, headers={}, effect=Effect.LOGIN)

    def _session(self, reply: Reply) -> RemoteSession:
        answer = reply.decode(wire.login_answer)
        attributes = {"refresh_token": answer.refresh_token or ""}
        if answer.expires_at:
            attributes["expires_at"] = self._expiry(answer.expires_at, reply)
        return RemoteSession(answer.access_token, attributes)

    def _expiry(self, value: str, reply: Reply) -> str:
        try:
            expires_at = wire.moment(value)
        except ValueError:
            raise reply.broken(Detail.NO_EXPIRY()) from None
        # Clocks differ; a token that would be born expired would make us log in before every call.
        return expires_at.isoformat() if expires_at - EXPIRY_MARGIN > self._clock() else ""
