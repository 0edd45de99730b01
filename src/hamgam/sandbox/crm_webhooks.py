"""Webhooks of the CRM: registration, and delivery in every shape that was seen in the field."""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
from yarl import URL

from hamgam.sandbox.crm_objects import Kind
from hamgam.sandbox.times import expiry_date
from hamgam.sandbox.wire import Answer, Object, Problem, convert, encode, json_answer

if TYPE_CHECKING:
    from hamgam.sandbox.crm import Crm

Action = Literal["created", "updated", "deleted"]

_ENTITY = {"person": "customer", "organization": "customer", "invoice": "invoice", "quote": "quote"}
_VERBS = {"created": ("Insert", "2"), "updated": ("Update", "1"), "deleted": ("Delete", "0")}
_SUBTYPES = {
    "person": "مشتری حقیقی",
    "organization": "مشتری حقوقی",
    "invoice": "فاکتور فروش",
    "quote": "پیش فاکتور فروش",
}


@dataclass(frozen=True, slots=True)
class Registration:
    id: str
    url: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to an object, perhaps by a write that named its transaction."""

    kind: Kind
    crm_id: str
    action: Action
    transaction_id: str | None = None

    @property
    def entity(self) -> str:
        return _ENTITY[self.kind]

    @property
    def name(self) -> str:
        return f"{self.entity}.{self.action}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery that was tried: the status of the answer, or why there was none."""

    url: str
    event: str
    crm_id: str
    status: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Registering:
    url: str
    events: list[str]


def notify(crm: "Crm", event: Event) -> None:
    """Send the event on its way to everybody who wants it; returns at once."""
    for url in _receivers(crm, event):
        for _ in range(crm.mood.webhook_copies):
            task = asyncio.get_running_loop().create_task(_deliver(crm, url, event))
            crm.deliveries.add(task)
            task.add_done_callback(crm.deliveries.discard)


def _receivers(crm: "Crm", event: Event) -> list[str]:
    """Registered addresses, then the ones that an administrator typed in."""
    urls = [entry.url for entry in crm.registrations.values() if event.name in entry.events]
    typed = ["identity" if event.entity == "customer" else event.entity]
    if not crm.mood.webhook_shape.startswith("query"):
        typed.append("json")
    return urls + [crm.webhook_targets[name] for name in typed if name in crm.webhook_targets]


async def _deliver(crm: "Crm", url: str, event: Event) -> None:
    if crm.mood.webhook_delay_seconds:
        await crm.sleep(crm.mood.webhook_delay_seconds)
    try:
        status = await _send(crm, url, event)
        crm.delivery_log.append(Delivery(url, event.name, event.crm_id, status))
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        crm.delivery_log.append(Delivery(url, event.name, event.crm_id, error=repr(error)))


async def _send(crm: "Crm", url: str, event: Event) -> int:
    if crm.http is None:
        raise OSError("the sandbox is not running")
    if crm.mood.webhook_shape.startswith("query"):
        target = URL(url).extend_query(_query(crm, event))
        async with crm.http.get(target, allow_redirects=False) as response:
            return response.status
    body = encode(_payload(crm, event))
    async with crm.http.post(url, data=body, headers=_headers(crm, body), allow_redirects=False) as response:
        return response.status


def _headers(crm: "Crm", body: bytes) -> dict[str, str]:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if crm.mood.webhook_signed:
        digest = hmac.new(crm.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
        headers["X-Webhook-Signature"] = f"sha256={digest}"
    return headers


def _query(crm: "Crm", event: Event) -> dict[str, str]:
    word, number = _VERBS[event.action]
    tells = crm.mood.subtype_names_kind or event.entity != "customer"
    return {
        "event": number if crm.mood.webhook_shape == "query_numeric" else word,
        "id": event.crm_id,
        "type": "Identity" if event.entity == "customer" else event.entity.capitalize(),
        "subtype": _SUBTYPES[event.kind] if tells else "مخاطبان",
    }


def _payload(crm: "Crm", event: Event) -> Object:
    payload: Object = {"eventId": crm.new_id()}
    kind = {"identityType": event.kind.capitalize()} if event.entity == "customer" else {}
    if crm.mood.webhook_shape == "nested":
        payload |= {"eventType": event.name, "timestamp": expiry_date(crm.clock())}
        payload["data"] = {"id": event.crm_id} | kind
    else:
        payload |= {"entityType": event.entity, "entityId": event.crm_id, "action": event.action} | kind
    if crm.mood.echo_transaction and event.transaction_id:
        payload["transactionId"] = event.transaction_id
    return payload


def register(crm: "Crm", body: Any) -> Answer:
    """POST /api/webhooks. The same address twice makes two registrations."""
    wanted = convert(body, _Registering)
    if URL(wanted.url).scheme not in ("http", "https") or not wanted.events:
        raise Problem(400, "نشانی یا رویداد معتبر نیست.")
    if not set(wanted.events) <= crm.mood.webhook_events:
        raise Problem(400, "رویداد ناشناخته است.")
    registration = Registration(crm.new_id(), wanted.url, tuple(wanted.events))
    crm.registrations[registration.id] = registration
    return json_answer(registration)


def registered(crm: "Crm") -> Answer:
    """GET /api/webhooks."""
    return json_answer(list(crm.registrations.values()))


def unregister(crm: "Crm", registration_id: str) -> Answer:
    """DELETE /api/webhooks/{id}."""
    if crm.registrations.pop(registration_id.lower(), None) is None:
        raise Problem(404, "یافت نشد.")
    return Answer(204)
