"""The values of one record on both sides, side by side, and which of them are the same. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any

from hamgam.model import CrmCustomer, DocumentLine, Fields, FinanceContact, SalesDocument
from hamgam.persian import text_key
from hamgam.sync.checksum import plain
from hamgam.sync.fields import CUSTOMER

KIND, NUMBER = "kind", "number"
LINE = ("product", "unit", "quantity", "price", "discount")
AMOUNTS = ("net", "quantity", "price", "discount")
"""Names of the values that are numbers to count with."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One value on both sides. None: that side does not tell."""

    name: str
    crm: str | None
    finance: str | None
    equal: bool | None


@dataclass(frozen=True, slots=True)
class LinePair:
    """One line of a document; a side without it has no values."""

    crm: Mapping[str, str]
    finance: Mapping[str, str]
    differs: frozenset[str]
    """Names of the values that are not the same."""


def customer_pairs(
    customer: CrmCustomer | None, storable: Fields, contact: FinanceContact | None, theirs: Fields
) -> tuple[Pair, ...]:
    """`storable` are the CRM's values as finance can hold them, `theirs` those that finance holds."""
    ours = customer.fields if customer else {}
    number = contact.number if contact else None
    pairs = [_pair(NUMBER, customer.number if customer else None, number, text_key)]
    for field in CUSTOMER:
        sent, held = storable.get(field.name), theirs.get(field.name)
        equal = None if sent is None or held is None else field.compare(sent) == field.compare(held)
        pairs.append(Pair(field.name, ours.get(field.name), held, equal))
    return tuple(pair for pair in pairs if pair.crm or pair.finance)


def contact_pairs(
    customer: CrmCustomer | None, storable: Fields, contact: FinanceContact
) -> tuple[Pair, ...]:
    """A contact that this customer could be."""
    kind = _pair(KIND, customer.kind if customer else None, contact.kind, str)
    return (kind, *customer_pairs(customer, storable, contact, contact.fields))


def _pair(name: str, crm: str | None, finance: str | None, key: Callable[[str], str]) -> Pair:
    equal = None if crm is None or finance is None else key(crm) == key(finance)
    return Pair(name, crm, finance, equal)


def document_pairs(
    document: SalesDocument | None, customer: str | None, written: Mapping[str, Any] | None
) -> tuple[Pair, ...]:
    """The head of a document; `customer` is the finance code of whom it is for."""
    net = sum((line.net for line in document.lines), Decimal(0)) if document else None
    written_net = _text(written, "net")
    pairs = (
        _pair("customer", customer, _text(written, "customer"), text_key),
        _pair("title", document.subject if document else None, _text(written, "title"), text_key),
        _pair("net", None if net is None else plain(net), written_net and _amount(written_net), _amount),
    )
    return tuple(pair for pair in pairs if pair.crm or pair.finance)


def line_pairs(lines: tuple[DocumentLine, ...], written: Mapping[str, Any] | None) -> tuple[LinePair, ...]:
    """Line by line, in their order. A document that was never written has nothing to be compared with."""
    stored = written.get("lines") if written else None
    theirs = [line for line in stored if isinstance(line, dict)] if isinstance(stored, list) else []
    return tuple(
        _line_pair(_line(ours) if ours else {}, _stored_line(their or {}), compared=bool(theirs))
        for ours, their in zip_longest(lines, theirs)
    )


def _line_pair(ours: Mapping[str, str], theirs: Mapping[str, str], *, compared: bool) -> LinePair:
    differs = {name for name in LINE if _key(name)(ours.get(name, "")) != _key(name)(theirs.get(name, ""))}
    return LinePair(ours, theirs, frozenset(differs if compared else ()))


def _line(line: DocumentLine) -> dict[str, str]:
    amounts = (line.quantity, line.unit_price, line.discount)
    return dict(zip(LINE, (line.product_code, line.unit, *map(plain, amounts)), strict=True))


def _stored_line(line: Mapping[str, Any]) -> dict[str, str]:
    said = {name: text for name in LINE if (text := _text(line, name)) is not None}
    return {name: _amount(text) if name in AMOUNTS else text for name, text in said.items()}


def _key(name: str) -> Callable[[str], str]:
    return _amount if name in AMOUNTS else text_key


def _amount(text: str) -> str:
    """One text for one number, so that 2 and 2.00 are the same; what is no number stays."""
    try:
        return plain(Decimal(text))
    except InvalidOperation:
        return text


def _text(stored: Mapping[str, Any] | None, name: str) -> str | None:
    value = stored.get(name) if stored else None
    return value if isinstance(value, str) else None
