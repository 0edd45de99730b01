"""The webhook addresses: a request is checked, read, made durable and answered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import psycopg
import structlog
from fastapi import APIRouter
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hamgam.app.answers import Answer
from hamgam.app.context import WebContext
from hamgam.app.entrance import peer_of
from hamgam.app.problems import problem
from hamgam.intake import webhook
from hamgam.intake.group import GroupCommit
from hamgam.intake.pace import Pace
from hamgam.model import ChangeNotice, Entity
from hamgam.settings import Settings

logger = structlog.get_logger()

MAX_BODY_BYTES = 256 * 1024
_STORE_SECONDS = 5
NOT_STORED = (SQLAlchemyError, psycopg.Error, OSError, TimeoutError)
"""Whatever kept a delivery from becoming durable: the sender must know."""

_BY_QUERY = {"identity": Entity.CUSTOMER, "invoice": Entity.INVOICE, "quote": Entity.QUOTE}

REFUSED_PER_SECOND, REFUSED_BURST = 10, 50
"""Deliveries without the right signature or token that one source may send before it has to wait."""
ACCEPTED_PER_SECOND, ACCEPTED_BURST = 2_000, 20_000
"""Ten times what the engine is made for: a bulk edit in the CRM never comes near."""

Receive = Callable[[Request, bytes], Awaitable[Response]]


def webhook_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["webhooks"], responses=_ANSWERS)
    group, door = GroupCommit(context.db), _Door(context)
    for name, entity in _BY_QUERY.items():
        for method in ("GET", "POST"):
            _add(router, door, f"/webhook/crm/{name}", method, _from_crm(group, entity), _QUERY_SHAPE)
    _add(router, door, "/webhook/crm", "POST", _from_crm(group, None), _JSON_SHAPE)
    _add(router, door, "/webhook/finance", "POST", _from_finance(context), _FINANCE_SHAPE)
    return router


def _add(
    router: APIRouter,
    door: "_Door",
    path: str,
    method: str,
    receive: Receive,
    shape: dict[str, Any],
) -> None:
    async def endpoint(request: Request) -> Response:
        return await door.answer(request, request.query_params.get("token", ""), receive)

    async def endpoint_with_token(request: Request, token: str) -> Response:
        return await door.answer(request, token, receive)

    name = f"{path} {method}"
    about: dict[str, Any] = {"methods": [method], "status_code": 202, "response_class": JSONResponse}
    router.add_api_route(path, endpoint, name=name, openapi_extra=shape, **about)
    about |= {"name": f"{name} with token", "include_in_schema": False}
    router.add_api_route(f"{path}/{{token}}", endpoint_with_token, **about)


class _Door:
    """Who gets in, and how often one may knock.

    A source that has shown the secret gets all its chances back, so that a sender which also has an outdated
    subscription, or shares its address with a stranger, is not shut out for that.
    """

    def __init__(self, context: WebContext) -> None:
        self._settings = context.settings
        self._body_seconds = context.body_seconds
        self._refused = Pace(REFUSED_PER_SECOND, REFUSED_BURST, context.monotonic)
        self._accepted = Pace(ACCEPTED_PER_SECOND, ACCEPTED_BURST, context.monotonic)

    async def answer(self, request: Request, token: str, receive: Receive) -> Response:
        if not self._settings.enable_webhooks:
            return problem("webhooks-off", "ENABLE_WEBHOOKS is false")
        source = peer_of(request)
        if wait := self._refused.wait_seconds(source) or self._accepted.wait_seconds(source):
            return problem(429, "too many deliveries", retry_after=str(wait))
        body = await self._admitted(request, token)
        if isinstance(body, Response):
            self._refused.count(source)
            return body
        self._refused.forget(source)
        self._accepted.count(source)
        try:
            return await receive(request, body)
        except webhook.BadDelivery as error:
            return problem(400, f"the delivery names no entity: {error}")

    async def _admitted(self, request: Request, token: str) -> bytes | Response:
        """The body of an authentic delivery, or what is said to another."""
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await _body(request)
        except TimeoutError:
            return problem(408, connection="close")
        if body is None:
            return problem(413, f"a delivery has at most {MAX_BODY_BYTES} bytes")
        if not authentic(self._settings, body, request.headers.get("x-webhook-signature"), token):
            return problem("signature")
        return body


def authentic(settings: Settings, body: bytes, signature: str | None, token: str) -> bool:
    """Whether the sender has shown that it knows a secret. A wrong signature is not mended by a token."""
    secret, expected = _secret(settings.webhook_secret), _secret(settings.webhook_token)
    if secret and signature is not None:
        return webhook.verify_signature(secret, body, signature)
    return webhook.verify_token(expected, token)


def _from_crm(group: GroupCommit, entity: Entity | None) -> Receive:
    async def receive(request: Request, body: bytes) -> Response:
        return await _stored(group.accept(_notice(request, body, entity)))

    return receive


def _from_finance(context: WebContext) -> Receive:
    async def receive(_: Request, body: bytes) -> Response:
        return await _stored(webhook.skip_finance(context.db, webhook.finance_id(body)))

    return receive


def _notice(request: Request, body: bytes, entity: Entity | None) -> ChangeNotice:
    params = dict(request.query_params)
    if body.strip() and "id" not in params:
        return webhook.parse_json(body, entity)
    return webhook.parse_query(params, entity)


async def _stored(storing: Awaitable[None]) -> Response:
    try:
        async with asyncio.timeout(_STORE_SECONDS):
            await storing
    except NOT_STORED as error:
        logger.warning("webhook.not_stored", error=type(error).__name__)
        return problem("gone", "the delivery could not be stored; send it again", retry_after="5")
    return _ACCEPTED


async def _body(request: Request) -> bytes | None:
    """The whole body, or None as soon as it is too large, whatever its announced length."""
    announced = request.headers.get("content-length", "0")
    if announced.isascii() and announced.isdigit() and int(announced) > MAX_BODY_BYTES:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


def _secret(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


class Accepted(Answer):
    status: Literal["accepted"]


_ACCEPTED = JSONResponse({"status": "accepted"}, 202)

_ANSWERS: dict[int | str, dict[str, Any]] = {
    202: {"description": "The delivery is durable", "model": Accepted},
    400: {"description": "The delivery names no entity"},
    401: {"description": "The signature or the token is missing or wrong"},
    404: {"description": "Webhooks are off"},
    408: {"description": "The body did not arrive in time"},
    413: {"description": "The body is too large"},
    429: {"description": "Too many deliveries, or too many wrong ones, from this address"},
    503: {"description": "The delivery could not be stored"},
    "default": {"description": "Another status is no answer of ours"},
}


def _text(name: str, about: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string"}, "description": about}


_TOKEN = _text(
    "token", "WEBHOOK_TOKEN, for a delivery without a signature; also as the last part of the path"
)


def _json_body(**example: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


_JSON_SHAPE = {
    "summary": "A change in the CRM, as JSON",
    "parameters": [_TOKEN],
    **_json_body(eventType="customer.updated", data={"id": "441aecdc-97fc-4340-83d8-e4f97fee94c2"}),
}
_QUERY_SHAPE = {
    "summary": "A change in the CRM, by query parameters",
    "parameters": [
        _text("event", "Insert, Update or Delete, or 2, 1, 0"),
        _text("id", "the GUID of what changed"),
        _text("type", "Identity, Invoice or Quote"),
        _text("subtype", "the type's name; says whether it is a person or an organization"),
        _TOKEN,
    ],
}
_FINANCE_SHAPE = {
    "summary": "A change in finance: logged and not followed, because the CRM has priority",
    "parameters": [_TOKEN],
    **_json_body(code="234"),
}
