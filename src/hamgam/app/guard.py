"""The edge of the web service: who may look, what every answer carries, and what becomes of a defect."""

import asyncio

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hamgam.app.entrance import Entrance, Visitor
from hamgam.app.refusing import no_database, refusal
from hamgam.app.turning_away import turned_away
from hamgam.db.engine import DATABASE_GONE
from hamgam.errors import where
from hamgam.people.roles import Person, Role

logger = structlog.get_logger()

_OPEN = ("/health", "/webhook/", "/static/")
"""Paths for everybody; who asks is not looked up there, which takes no time either."""
_ANYBODY = Person("", Role.VIEWER)
_ASKED_SECONDS = {"/ready": 1.5}
_PATIENCE_SECONDS = 5.0
"""How long the database may take to say who asks; a monitor gets its answer within two seconds."""
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_MOST_BYTES = 1024 * 1024
"""Of a form or a document that somebody sends; webhooks have a tighter bound of their own."""
_HTTPS_ONLY = "max-age=31536000"


class Guard:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self._app = app
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        try:
            admitted = await self._admitted(scope)
            await admitted(scope, _bounded(receive), answer)
        except ClientDisconnect:
            logger.debug("web.client_left", method=scope["method"])
        except Exception as error:
            # The text of an exception may quote a customer's data.
            logger.error("web.defect", method=scope["method"], error=type(error).__name__, where=where(error))
            if not answer.started:
                defect = refusal(Request(scope), 500)
                await defect(scope, receive, answer)

    async def _admitted(self, scope: Scope) -> ASGIApp:
        """The application, or what is answered in its place."""
        state, path = scope.setdefault("state", {}), scope["path"]
        state |= {"visitor": None, "person": _ANYBODY}
        request = Request(scope)
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > _MOST_BYTES:
            return refusal(request, 413)
        if path.startswith(_OPEN):
            return self._app
        try:
            async with asyncio.timeout(_ASKED_SECONDS.get(path, _PATIENCE_SECONDS)):
                found = await self._entrance.visitor(request)
        except (*DATABASE_GONE, TimeoutError):
            return no_database(request)
        if not isinstance(found, Visitor):
            return turned_away(request, found)
        state |= {"visitor": found, "person": found.person}
        return self._app


def _bounded(receive: Receive) -> Receive:
    """Gives up reading a body that grows too large, whatever its header says."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > _MOST_BYTES:
            raise HTTPException(413)
        return message

    return bounded


class _Answer:
    """Sends what the application sends, with the headers that every answer carries."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._lasting = scope["path"].startswith("/static/")
        self._headers = dict(_HEADERS)
        if scope.get("scheme") == "https":
            self._headers["strict-transport-security"] = _HTTPS_ONLY
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers.update(self._headers)
            headers["cache-control"] = "public, max-age=86400" if self._lasting else "no-store"
        await self._send(message)
