"""Webhook deliveries: raw requests become notices, are checked for who sent them, and are made durable.

Two shapes of delivery are seen in the field, JSON and query parameters. Both only say "look at this entity":
nothing else of a delivery is trusted or used, so what is odd about it goes into the log and harms nobody.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func

from hamgam.db.engine import Database
from hamgam.db.tables import sync_log
from hamgam.errors import Reason
from hamgam.jobs import queue
from hamgam.model import (
    ChangeNotice,
    CrmId,
    Direction,
    Entity,
    EntityKey,
    EntityType,
    FinanceId,
    Kind,
    Operation,
    Status,
    TransactionId,
    Trigger,
)
from hamgam.persian import text_key
from hamgam.trail import deliveries

_ENTITIES = {
    "customer": Entity.CUSTOMER,
    "identity": Entity.CUSTOMER,
    "person": Entity.CUSTOMER,
    "organization": Entity.CUSTOMER,
    "invoice": Entity.INVOICE,
    "quote": Entity.QUOTE,
}
_KINDS = {
    "person": Kind.PERSON,
    "1": Kind.PERSON,
    "حقیقی": Kind.PERSON,
    "organization": Kind.ORGANIZATION,
    "2": Kind.ORGANIZATION,
    "حقوقی": Kind.ORGANIZATION,
}
_GUID = re.compile(
    r"(?:urn:uuid:)?[{(]?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})[)}]?",
    re.IGNORECASE | re.ASCII,
)
_KEPT_BYTES = 8 * 1024
"""A longer body is not kept whole: it would be copied into the job and the log as well."""
_KEPT_DEPTH = 8
_KEPT_CHARACTERS = 500
# Numbers with a fraction stay text: they are only for the log, and a float would change them.
_JSON: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=str)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class BadDelivery(ValueError):
    """The request names no entity; its text is one line that names the field."""


def parse_json(body: bytes, default_entity: Entity | None = None) -> ChangeNotice:
    """Read a JSON delivery, nested (`eventType`, `data`) or flat (`entityType`, `entityId`).

    `default_entity` is what the address says, for bodies that do not. Raises `BadDelivery`.
    """
    arrived = _decoded(body)
    data = _object(arrived.get("data"))
    event = _word(arrived.get("eventType"))
    type_field = "entityType" if "entityType" in arrived else "eventType"
    type_word = _word(arrived.get("entityType")) or event.partition(".")[0]
    id_field, raw_id = ("data.id", data["id"]) if "id" in data else ("entityId", arrived.get("entityId"))
    return _notice(
        EntityKey(_entity(type_field, type_word, default_entity), _crm_id(id_field, raw_id)),
        (data.get("identityType"), arrived.get("identityType"), type_word),
        arrived.get("transactionId") or data.get("transactionId"),
        _kept(arrived, body),
    )


def parse_query(params: Mapping[str, str], default_entity: Entity | None = None) -> ChangeNotice:
    """Read a delivery by query parameters (`event`, `id`, `type`, `subtype`). Raises `BadDelivery`.

    Every event leads to a look, so its name is only kept. The token that such a call carries is not.
    """
    type_word = _word(params.get("type"))
    seen = {name: value for name, value in params.items() if name != "token"}
    return _notice(
        EntityKey(_entity("type", type_word, default_entity), _crm_id("id", params.get("id"))),
        (params.get("subtype"), type_word),
        params.get("transactionId"),
        _cleaned(seen),
    )


def finance_id(body: bytes) -> FinanceId:
    """The contact that a delivery of the finance system names. Raises `BadDelivery` when it names none."""
    arrived = _decoded(body)
    data = _object(arrived.get("data"))
    named = (data.get("id"), arrived.get("entityId"), arrived.get("id"), arrived.get("code"))
    word = next((_word(value) for value in named if _word(value)), "")
    if not word:
        raise BadDelivery("id: missing; it must be the code of the contact")
    return FinanceId(_text(word)[:64])


def verify_signature(secret: str, body: bytes, header: str) -> bool:
    """Whether the header `sha256=<hex>` is the HMAC-SHA256 of the raw body, in constant time."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.strip().lower().encode("utf-8", "replace"))


def verify_token(expected: str, given: str) -> bool:
    """Whether the token is the expected one, in constant time; an empty one is never right."""
    same = hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
    return same and bool(expected)


async def accept(db: Database, *notices: ChangeNotice) -> None:
    """Make deliveries durable: their records and their jobs are one commit."""
    async with db.transaction() as connection:
        await deliveries.record(connection, notices)
        await queue.enqueue(connection, notices)


async def skip_finance(db: Database, code: FinanceId) -> None:
    """Log that a change in finance was heard of and not followed: the CRM has priority."""
    await db.execute(
        sync_log.insert().values(
            transactionId=func.gen_random_uuid(),
            entityType=EntityType.CUSTOMER,
            sourceEntity="contact",
            sourceEntityId=code,
            direction=Direction.FINANCE_TO_CRM,
            operation=Operation.NONE,
            status=Status.SKIPPED,
            reason=Reason.CRM_PRIORITY,
            triggerType=Trigger.WEBHOOK,
            startedAt=func.now(),
            completedAt=func.now(),
            durationMs=0,
        )
    )


def _notice(
    key: EntityKey, kind_words: tuple[object, ...], transaction_id: object, payload: Mapping[str, Any]
) -> ChangeNotice:
    kinds = (_kind(_word(word)) for word in kind_words)
    return ChangeNotice(
        key=key,
        trigger=Trigger.WEBHOOK,
        kind=next(filter(None, kinds), None) if key.entity is Entity.CUSTOMER else None,
        transaction_id=_transaction_id(transaction_id),
        payload=payload,
    )


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        arrived = _JSON.decode(body.removeprefix(_BYTE_ORDER_MARK))
    except RecursionError:
        raise BadDelivery("body: the JSON is nested too deeply") from None
    except (msgspec.DecodeError, ValueError):
        raise BadDelivery("body: not JSON in UTF-8") from None
    if not isinstance(arrived, dict):
        raise BadDelivery("body: not a JSON object")
    return arrived


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str:
    """Text in its normal form, lower case; "" for what is neither text nor a whole number."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    return text_key(value[:_KEPT_CHARACTERS]).lower() if isinstance(value, str) else ""


def _entity(field: str, word: str, default: Entity | None) -> Entity:
    if not word and default is not None:
        return default
    if not word:
        raise BadDelivery(f"{field}: missing; it must name a customer, an invoice or a quote")
    if word not in _ENTITIES:
        raise BadDelivery(f"{field}: not a customer, an invoice or a quote")
    return _ENTITIES[word]


def _kind(word: str) -> Kind | None:
    """The kind that a word is or contains; types have free names in Persian."""
    kinds = {kind for name, kind in _KINDS.items() if word == name or (not name.isascii() and name in word)}
    return kinds.pop() if len(kinds) == 1 else None


def _crm_id(field: str, value: object) -> CrmId:
    if value is None or value == "":
        raise BadDelivery(f"{field}: missing; it must be the GUID of the entity")
    guid = _guid(value)
    if guid is None or guid.int == 0:
        raise BadDelivery(f"{field}: not the GUID of an entity")
    return CrmId(str(guid))


def _transaction_id(value: object) -> TransactionId | None:
    """One that cannot be read is none of ours."""
    guid = _guid(value)
    return TransactionId(guid) if guid else None


def _guid(value: object) -> UUID | None:
    found = _GUID.fullmatch(value.strip()) if isinstance(value, str) else None
    return UUID("".join(found.groups())) if found else None


def _kept(arrived: dict[str, Any], body: bytes) -> dict[str, Any]:
    if len(body) <= _KEPT_BYTES:
        return _cleaned(arrived)
    known = ("eventId", "eventType", "entityType", "action")
    return _cleaned({name: _word(arrived[name]) for name in known if name in arrived}) | {"bytes": len(body)}


def _cleaned(arrived: Mapping[str, Any]) -> dict[str, Any]:
    """What PostgreSQL can store and a page can show: no NUL, no endless depth or length."""
    return {_text(name): _clean(value, 1) for name, value in arrived.items()}


def _clean(value: Any, depth: int) -> Any:
    if depth > _KEPT_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {_text(name): _clean(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner, depth + 1) for inner in value]
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> str:
    cut = value[:_KEPT_CHARACTERS].replace("\x00", "\ufffd")
    return cut.encode("utf-8", "replace").decode()
