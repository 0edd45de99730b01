"""The edge of the web service: who may look, what every answer carries, and what becomes of a defect."""

import base64
import binascii
import hmac
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hamgam.errors import where
from hamgam.people.roles import NOBODY_SIGNED_IN
from hamgam.settings import Settings

logger = structlog.get_logger()

_OPEN = ("/health", "/webhook/", "/static/")
"""Paths without the dashboard's password; everything else asks for it."""
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}


def problem(status: int, title: str, detail: str = "", **headers: str) -> Response:
    """An error as one JSON line: what it is, and what is wrong with the request."""
    body: dict[str, Any] = {"status": status, "title": title}
    if detail:
        body["detail"] = detail
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse(body, status, headers=named, media_type="application/problem+json")


class Guard:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        secret = settings.dashboard_password
        self._password = secret.get_secret_value() if secret else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, lasting=scope["path"].startswith("/static/"))
        if not self._may_look(scope):
            asks = problem(401, "The dashboard's password is needed", www_authenticate=_CHALLENGE)
            await asks(scope, receive, answer)
            return
        scope.setdefault("state", {})["person"] = NOBODY_SIGNED_IN
        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            logger.debug("web.client_left", method=scope["method"])
        except Exception as error:
            # The text of an exception may quote a customer's data.
            logger.error("web.defect", method=scope["method"], error=type(error).__name__, where=where(error))
            if not answer.started:
                await problem(500, "A defect of this program; its log says where")(scope, receive, answer)

    def _may_look(self, scope: Scope) -> bool:
        if not self._password or scope["path"].startswith(_OPEN):
            return True
        given = _basic_password(Headers(scope=scope).get("authorization", ""))
        return hmac.compare_digest(given, self._password.encode())


_CHALLENGE = 'Basic realm="hamgam", charset="UTF-8"'


class _Answer:
    """Sends what the application sends, with the headers that every answer carries."""

    def __init__(self, send: Send, *, lasting: bool) -> None:
        self._send = send
        self._lasting = lasting
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            headers["cache-control"] = "public, max-age=86400" if self._lasting else "no-store"
        await self._send(message)


def _basic_password(header: str) -> bytes:
    """The password of a Basic authorization, whatever the user name; b"" when there is none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return decoded.partition(b":")[2]
