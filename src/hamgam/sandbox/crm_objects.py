"""The objects of the CRM as they travel: their fields, a new one, and what follows from its lines."""

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Literal

from hamgam.sandbox.wire import Object, Problem, words

Kind = Literal["person", "organization", "invoice", "quote"]

IDENTITY_TYPES: Mapping[str, int] = {"person": 1, "organization": 2}

_CUSTOMER = words(
    "crmId identityId crmObjectTypeCode nickName customerNumber customerDate refId email alternativeEmail "
    "website nationalCode economicCode description subject creatDate modifyDate"
)
_DOCUMENT = words(
    "crmId crmObjectTypeCode number subject description identityId expireDate totalValue discount vat toll "
    "additionalCosts finalValue discountPercent vatPercent tollPercent priceListName billableObjectState "
    "creatDate modifyDate refId"
)
LISTS = ("categories", "phoneContacts", "addressContacts", "tags", "extendedProperties")
_OWN: Mapping[Kind, tuple[str, ...]] = {
    "person": ("firstName", "lastName", "birthDate", "gender", "personPrefix"),
    "organization": ("registerNumber", "registerDate", "businessType", "managerId"),
    "invoice": ("invoiceDate", "relatedQuoteId"),
    "quote": ("quoteDate",),
}

FIELDS: Mapping[Kind, frozenset[str]] = {
    kind: frozenset((_CUSTOMER if kind in IDENTITY_TYPES else _DOCUMENT) + own) for kind, own in _OWN.items()
}
"""The simple fields of each kind: what `find` can ask for."""

_EMPTY: Mapping[Kind, Object] = {kind: dict.fromkeys(sorted(names)) for kind, names in FIELDS.items()}

DATES = frozenset(
    words("customerDate creatDate modifyDate birthDate registerDate invoiceDate quoteDate expireDate")
)
AMOUNTS = frozenset(
    words("totalValue discount vat toll additionalCosts finalValue discountPercent vatPercent tollPercent")
)
READ_ONLY = frozenset(("crmId", "id", "identityType", "creatDate", "modifyDate"))
"""What a writer may send along and the server ignores."""

TYPE_CODES: Mapping[Kind, str] = {"person": "P_1", "organization": "O_1", "invoice": "PI_5", "quote": "PQ_5"}

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def guid(value: Any) -> str:
    """A GUID in canonical lower case. Raises Problem (400) for anything else."""
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise Problem(400, "شناسه معتبر نیست.")
    return value.lower()


def blank(kind: Kind) -> Object:
    """An object of this kind with every field that the contract knows, empty."""
    if kind in IDENTITY_TYPES:
        return _EMPTY[kind] | {name: [] for name in LISTS}
    return _EMPTY[kind] | {"details": []}


def with_contact_ids(items: Any, new_id: Callable[[], str]) -> Any:
    """Phone and address contacts; each that has no id gets one, as the server gives them."""
    if not isinstance(items, list):
        return items
    return [{"id": new_id()} | item if isinstance(item, dict) else item for item in items]


def display_name(customer: Object) -> str:
    return " ".join(part for part in (customer.get("firstName"), customer.get("lastName")) if part)


def amount(value: Any) -> Decimal:
    """A money amount or quantity. Raises Problem (400) unless it is a finite number."""
    try:
        number = Decimal(str(value)) if value is not None else Decimal(0)
    except InvalidOperation:
        raise Problem(400, "مبلغ معتبر نیست.") from None
    if isinstance(value, bool) or not number.is_finite():
        raise Problem(400, "مبلغ معتبر نیست.")
    return number


def four_places(value: Decimal) -> Decimal:
    """Amounts have at most four decimals; whole ones are written without any."""
    rounded = value.quantize(Decimal("0.0001"), ROUND_HALF_UP).normalize()
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded


def priced_line(line: Mapping[str, Any]) -> Object:
    """The line with the totals that its writer left out."""
    count, price = amount(line.get("count")), amount(line.get("baseUnitPrice"))
    discount, vat, toll = (amount(line.get(name)) for name in ("totalDiscount", "totalVat", "totalToll"))
    gross = count * price
    computed = {
        "isService": False,
        "finalUnitPrice": four_places((gross - discount + vat + toll) / count) if count else Decimal(0),
        "totalUnitPrice": four_places(gross),
        "totalDiscount": discount,
        "totalVat": vat,
        "totalToll": toll,
        "discountPercent": four_places(discount * 100 / gross) if gross else Decimal(0),
        "returnedCount": 0,
        "serial": None,
    }
    return computed | dict(line)


def document_totals(document: Object) -> Object:
    """What the header says of its lines. VAT and toll come from the lines, else from the header's percent."""
    lines = document["details"]

    def total(name: str) -> Decimal:
        return sum((amount(line.get(name)) for line in lines), Decimal(0))

    value, discount = total("totalUnitPrice"), total("totalDiscount")
    net = value - discount
    vat = total("totalVat") or four_places(net * amount(document.get("vatPercent")) / 100)
    toll = total("totalToll") or four_places(net * amount(document.get("tollPercent")) / 100)
    return {
        "totalValue": four_places(value),
        "discount": four_places(discount),
        "vat": vat,
        "toll": toll,
        "finalValue": four_places(net + vat + toll + amount(document.get("additionalCosts"))),
    }
