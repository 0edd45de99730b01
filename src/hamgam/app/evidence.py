"""What there is to go by when a person settles a row: what was sent, and what finance holds now."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from hamgam.app.context import WebContext
from hamgam.app.masking import masked_json
from hamgam.errors import Reason, UsageError
from hamgam.model import CrmId, EntityType, FinanceId, Operation, Status
from hamgam.people.roles import Person, Role
from hamgam.persian import text_key
from hamgam.remote_errors import explain
from hamgam.sync.checksum import plain
from hamgam.sync.contacts import Contacts, beside
from hamgam.sync.fields import CUSTOMER
from hamgam.sync.pairs import KIND, NUMBER, Pair
from hamgam.trail.stored import object_of, text_of

_REFUSED = (Reason.DUPLICATE_PHONE, Reason.BAD_PRICE, Reason.BUSINESS_ERROR, Reason.BAD_REQUEST)
"""What the other side says of a write that has reached it."""
_LINE = re.compile(r"ردیف ([0-9]{1,4})\b", re.ASCII)
_QUOTED_FROM = 4
"""Characters of a value that is long enough to be recognised in somebody's text."""
_VALUES = (NUMBER, *(field.name for field in CUSTOMER))


@dataclass(frozen=True, slots=True)
class SentLine:
    """One line of a document; "" for what is not known."""

    product: str
    unit: str
    quantity: str
    price: str
    discount: str
    net: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDocument:
    """A pre-invoice as it left, so that it can be looked for in finance by each of these."""

    number: str
    """Of the CRM's document."""
    title: str
    customer_code: str
    lines: tuple[SentLine, ...]
    net: str
    at: datetime | None
    transaction_id: UUID | None
    finance_key: str | None
    """The transaction id as finance was given it, `_In_Suid`."""


def was_sent(row: Mapping[str, Any]) -> bool:
    """Whether what the log holds has left us; else it is what would have been sent."""
    refused = row["reason"] in _REFUSED and row["operation"] in (Operation.CREATE, Operation.UPDATE)
    return refused or row["intent"] is not None or row["reason"] == Reason.OTHER_CODE


def sent_customer(row: Mapping[str, Any]) -> dict[str, Any]:
    """From what the log holds, masked or not; of a refused write, what it was made of."""
    if row["entityType"] != EntityType.CUSTOMER:
        return {}
    noted = object_of(object_of(row["intent"]).get("fields")) or object_of(row["targetDataAfter"])
    values = noted if noted or row["status"] != Status.FAILED else _read(row)
    return {name: values[name] for name in _VALUES if name in values}


def _read(row: Mapping[str, Any]) -> dict[str, Any]:
    """The customer as it was read; an import notes the number that it gives beside the log."""
    source = object_of(row.get("sourceData"))
    fields = dict(object_of(source.get("fields")))
    known = {NUMBER: row.get("number") if fields else None, **source}
    return {name: known[name] for name in (KIND, NUMBER) if known.get(name)} | fields


def concerned(row: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a failure is about, as they may be seen: its text names their field, or quotes them."""
    if row["status"] != Status.FAILED:
        return {}
    if row["entityType"] == EntityType.PREINVOICE:
        return _concerned_in_document(row, seen)
    shown = sent_customer(seen)
    return {name: shown[name] for name in _fields_named(row) if name in shown}


def _concerned_in_document(row: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, Any]:
    message, sent = row["errorMessage"] or "", object_of(seen["targetDataAfter"])
    known, place = explain(message), _LINE.search(text_key(message))
    if known is None:
        return {}
    if place is None:
        return _texts(sent, known.about)
    lines, number = sent.get("lines"), int(place[1])
    line = lines[number - 1] if isinstance(lines, list) and 0 < number <= len(lines) else None
    about = _texts(line, ("product", *known.about))
    return {"line": str(number)} | about if about else {}


def _texts(stored: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: text for name in names if (text := text_of(stored, name)) is not None}


def _fields_named(row: Mapping[str, Any]) -> Sequence[str]:
    message = row["errorMessage"] or ""
    if known := explain(message):
        return known.about
    if row["reason"] == Reason.DUPLICATE_PHONE:
        return "mobile", "phone"
    values = {name: text_key(str(value)) for name, value in sent_customer(row).items()}
    said = text_key(message)
    return [name for name, value in values.items() if len(value) >= _QUOTED_FROM and value in said]


def sent_document(
    document: Mapping[str, Any], *, number: str, at: datetime | None, transaction_id: UUID | None
) -> SentDocument | None:
    """From what the log holds of it, masked or not. None: the log holds nothing of it any more."""
    if not document and transaction_id is None:
        return None
    stored = document.get("lines")
    lines = stored if isinstance(stored, list) else []
    return SentDocument(
        number=number,
        title=text_of(document, "title") or "",
        customer_code=text_of(document, "customer") or "",
        lines=tuple(_line(line) for line in lines if isinstance(line, Mapping)),
        net=_net("1", text_of(document, "net") or "", "0"),
        at=at,
        transaction_id=transaction_id,
        finance_key=transaction_id.hex.upper() if transaction_id else None,
    )


def _line(line: Mapping[str, Any]) -> SentLine:
    said = {name: text_of(line, name) or "" for name in ("product", "unit", "quantity", "price", "discount")}
    return SentLine(**said, net=_net(said["quantity"], said["price"], said["discount"]))


def _net(quantity: str, price: str, discount: str) -> str:
    try:
        return plain(Decimal(quantity) * Decimal(price) - Decimal(discount or 0))
    except InvalidOperation:
        return ""


@dataclass(frozen=True, slots=True)
class Line:
    """One field of a customer, beside the same of each contact that it could be."""

    name: str
    crm: str | None
    contacts: tuple[Pair | None, ...]
    """None: of this contact it is not known."""


def side_by_side(seen: Mapping[str, Any], codes: Sequence[str], found: Contacts | None) -> list[Line]:
    """`seen` is a row of the log: what it read of the customer stands where the CRM was not read since."""
    ours = _read(seen) if found is None or found.crm_trouble else found.customer or {}
    contacts = found.contacts if found else ()
    pairs = {(str(contact.code), pair.name): pair for contact in contacts for pair in contact.pairs}
    lines = []
    for name in (KIND, *_VALUES):
        lines.append(Line(name, ours.get(name), tuple(pairs.get((code, name)) for code in codes)))
    return [line for line in lines if line.crm or any(line.contacts)]


async def ask_finance(
    context: WebContext, person: Person, customer_id: str | None, codes: list[str]
) -> Contacts | None:
    """These contacts as finance holds them now; None where this process does not reach the remote systems."""
    try:
        async with context.site() as site:
            found = await beside(
                site, CrmId(customer_id) if customer_id else None, [FinanceId(code) for code in codes]
            )
    except UsageError:
        return None
    return found if person.role.may(Role.OPERATOR) else _masked(found)


def _masked(found: Contacts) -> Contacts:
    contacts = (
        replace(contact, pairs=tuple(_masked_pair(pair) for pair in contact.pairs))
        for contact in found.contacts
    )
    return replace(found, customer=masked_json(found.customer), contacts=tuple(contacts))


def _masked_pair(pair: Pair) -> Pair:
    """Whether both sides are the same stays to be seen."""
    return replace(pair, crm=masked_json(pair.crm, pair.name), finance=masked_json(pair.finance, pair.name))
