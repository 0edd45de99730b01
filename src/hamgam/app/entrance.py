"""Who stands at the door, and whether they may come in.

While there are no users everybody is the admin "local", within the bounds that the address of the service and
DASHBOARD_PASSWORD draw. As soon as there is one, a session or a token is needed.
"""

import base64
import binascii
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from hamgam.app.context import WebContext
from hamgam.intake.pace import source_of
from hamgam.people import sessions, tokens
from hamgam.people.registry import Registry
from hamgam.people.roles import NOBODY_SIGNED_IN, Person, Role
from hamgam.people.shared_password import SharedPassword
from hamgam.people.signing_in import TooOften
from hamgam.settings import Settings

SESSION_COOKIE = "hamgam"
SIGN_IN = "/sign-in"
POLLING = "x-polling"
"""A header of what an open page asks by itself, again and again; `live.js` and `chart.js` send it."""
MONITORING = ("/metrics", "/ready")
"""What DASHBOARD_PASSWORD still opens where there are users."""


class Way(Enum):
    """How somebody came in."""

    SESSION = auto()
    TOKEN = auto()
    PASSWORD = auto()
    """DASHBOARD_PASSWORD"""
    OPEN = auto()
    """Nobody was asked for anything."""
    STRANGER = auto()
    """At the sign-in page, which is for everybody."""


class Barred(Enum):
    """Why somebody may not come in."""

    SIGN_IN = auto()
    PASSWORD = auto()
    TOKEN = auto()
    HOST = auto()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who came in. `session` is the token in the cookie, where there is one."""

    person: Person
    way: Way
    session: str = ""


_LOCAL = Visitor(NOBODY_SIGNED_IN, Way.OPEN)
_WITH_PASSWORD = Visitor(NOBODY_SIGNED_IN, Way.PASSWORD)
_MONITOR = Visitor(Person("monitoring", Role.VIEWER), Way.PASSWORD)
_STRANGER = Visitor(Person("", Role.VIEWER), Way.STRANGER)


class Entrance:
    """Looks at what a request brings along."""

    def __init__(self, context: WebContext, registry: Registry) -> None:
        self._db = context.db
        self._clock = context.clock
        self._house = registry.house
        secret = context.settings.dashboard_password
        self._password = SharedPassword(secret.get_secret_value() if secret else "", context.monotonic)
        self._hosts = _known_hosts(context.settings)

    async def visitor(self, request: Request) -> Visitor | Barred | TooOften:
        """Raises what a call raises when the database is gone: then nobody knows, and nobody comes in."""
        authorization = request.headers.get("authorization", "")
        if token := _credentials(authorization, "bearer"):
            person = await tokens.find(self._db, token, self._clock())
            return Visitor(person, Way.TOKEN) if person else Barred.TOKEN
        if cookie := request.cookies.get(SESSION_COOKIE, ""):
            used = POLLING not in request.headers
            signed_in = await sessions.find(self._db, cookie, self._clock(), used=used)
            if signed_in is not None:
                return Visitor(signed_in.person, Way.SESSION, cookie)
        return await self._without_a_name(request, _credentials(authorization, "basic"))

    async def _without_a_name(self, request: Request, basic: str) -> Visitor | Barred | TooOften:
        """The password is looked at only where it opens something: an old one repeated elsewhere is no guess.

        A monitor with the right one gets its answer without the database.
        """
        monitors = request.url.path in MONITORING
        if not monitors and not await self._house.is_open():
            return _STRANGER if request.url.path == SIGN_IN else Barred.SIGN_IN
        known = self._knows_password(request, basic)
        if isinstance(known, TooOften):
            return known
        if monitors and known:
            return _MONITOR
        if not await self._house.is_open():
            return Barred.SIGN_IN
        if self._password:
            return _WITH_PASSWORD if known else Barred.PASSWORD
        return _LOCAL if self._is_known(request.headers.get("host", "")) else Barred.HOST

    def _knows_password(self, request: Request, basic: str) -> bool | TooOften:
        if not basic or not self._password:
            return False
        return self._password.knows(peer_of(request), *_user_and_password(basic))

    def _is_known(self, host: str) -> bool:
        """A page of another site can give its name our address (DNS rebinding), but not our name."""
        name = host_name(host)
        return name in self._hosts or _is_loopback(name)


def peer_of(request: Request) -> str:
    """What is counted as one that tries."""
    return source_of(request.client.host if request.client else "")


def host_name(host: str) -> str:
    """Without the port, in lower case; "" for what is no host."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _known_hosts(settings: Settings) -> frozenset[str]:
    public = urlsplit(settings.webhook_base_url or "").hostname or ""
    return frozenset({"localhost", settings.host.lower(), public} - {""})


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _credentials(authorization: str, scheme: str) -> str:
    given, _, credentials = authorization.partition(" ")
    return credentials.strip() if given.lower() == scheme else ""


def _user_and_password(encoded: str) -> tuple[bytes, bytes]:
    """Of a Basic authorization; both empty where it is none."""
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b"", b""
    user, _, password = decoded.partition(b":")
    return user, password
