"""What people do in the two systems before and while they are kept in step."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from hamgam.sandbox.crm import Crm
from hamgam.sandbox.crm_objects import Kind
from hamgam.sandbox.directory import PRODUCTS, Directory, Someone, quantity
from hamgam.sandbox.finance import Finance
from hamgam.sandbox.wire import Object


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody has just done, for a demo to tell."""

    what: str
    """A stable name such as `phone_changed`."""
    entity: str
    """`customer`, `invoice` or `quote`."""
    crm_id: str
    detail: str
    """One short Persian sentence."""


def seed_finance(finance: Finance, count: int, rng: Random) -> list[int]:
    """Fill in so many contacts and answer their codes.

    About one in a hundred is an administrator, three are inactive and one has no name, so that an import
    has something to skip; with five or more contacts there is at least one of each.
    """
    directory = Directory(rng)
    return [finance.add_contact(**_contact(directory.anyone(), place, count, rng)) for place in range(count)]


def _contact(someone: Someone, place: int, count: int, rng: Random) -> dict[str, Any]:
    row = _row(someone, rng)
    every = 100 if count >= 100 else max(count, 5)
    oddity = place % every
    if oddity == 0 and count >= 5:
        row |= {"IsAdminUser": True}
    elif oddity in (1, 40, 70):
        row |= {"IsActive": False} if count >= 5 else {}
    elif oddity == 2 and count >= 5:
        row |= {"Name": None, "MobileNo": None, "TelNo": None, "NationalCode": None}
    return row


def _row(someone: Someone, rng: Random) -> dict[str, Any]:
    """A contact as bookkeepers leave it: not everything is filled in."""

    def mostly(value: str, share: float) -> str | None:
        return value if rng.random() < share else None

    return {
        "Name": someone.name,
        "MobileNo": mostly(someone.mobile, 0.9),
        "TelNo": mostly(someone.phone, 0.5),
        "NationalCode": mostly(someone.national_code, 0.8),
        "Email": mostly(someone.email, 0.3),
        "Address": mostly(someone.address, 0.7),
        "PostalCode": mostly(someone.postal_code, 0.4),
        "CityCode": mostly(someone.city, 0.6),
        "TowardType": someone.is_organization,
        "Gender": None if someone.is_organization else int(someone.is_man),
    }


class People:
    """The staff who work in the CRM: one plausible action at a time. Nobody touches those in `spared`."""

    def __init__(self, crm: Crm, spared: Collection[str] = ()) -> None:
        self._crm = crm
        self._spared = spared
        self._actions: dict[str, Callable[[Random, Directory], Action]] = {
            "edit_customer": self._edit_customer,
            "add_customer": self._add_customer,
            "add_invoice": lambda rng, directory: self._add_document("invoice", rng, directory),
            "add_quote": lambda rng, directory: self._add_document("quote", rng, directory),
        }

    def act(self, rng: Random, action: str | None = None) -> Action:
        """Do this action, or any. Where there is no customer yet, one is added. Raises ValueError."""
        if action is not None and action not in self._actions:
            raise ValueError(f"nobody does {action}; known: {', '.join(self._actions)}")
        name = action or rng.choices(tuple(self._actions), weights=(6, 2, 1, 1))[0]
        if not self._crm.persons and not self._crm.organizations:
            name = "add_customer"
        return self._actions[name](rng, Directory(rng))

    def _add_customer(self, rng: Random, directory: Directory) -> Action:
        someone = directory.anyone()
        kind: Kind = "organization" if someone.is_organization else "person"
        number = self._free_number()
        crm_id = self._crm.add_customer(kind, customerNumber=number, **customer_fields(someone))
        return Action("customer_added", "customer", crm_id, f"مشتری تازه: {someone.name}")

    def _edit_customer(self, rng: Random, directory: Directory) -> Action:
        customer = self._anyone(rng)
        edit = rng.choice((self._edit_phone, self._edit_name, self._edit_address))
        return edit(customer, directory)

    def _edit_phone(self, customer: Object, directory: Directory) -> Action:
        mobile = directory.mobile()
        self._crm.set_phone(customer["crmId"], "Mobile", mobile)
        detail = f"موبایل {customer['nickName']} شد {mobile}"
        return Action("phone_changed", "customer", customer["crmId"], detail)

    def _edit_name(self, customer: Object, directory: Directory) -> Action:
        if customer["crmId"] in self._crm.organizations:
            changes: dict[str, Any] = {"nickName": directory.organization().name}
        else:
            someone = directory.person()
            changes = {
                "firstName": someone.first_name,
                "lastName": someone.last_name,
                "nickName": someone.name,
            }
        self._crm.edit(customer["crmId"], **changes)
        detail = f"نام {customer['nickName']} شد {changes['nickName']}"
        return Action("name_changed", "customer", customer["crmId"], detail)

    def _edit_address(self, customer: Object, directory: Directory) -> Action:
        someone = directory.person()
        self._crm.edit(customer["crmId"], addressContacts=[_address(someone)])
        detail = f"نشانی {customer['nickName']} شد {someone.address}"
        return Action("address_changed", "customer", customer["crmId"], detail)

    def _add_document(self, entity: Kind, rng: Random, directory: Directory) -> Action:
        customer = self._anyone(rng)
        lines = [document_line(rng) for _ in range(rng.randrange(1, 5))]
        title = "فاکتور" if entity == "invoice" else "پیش‌فاکتور"
        subject = f"{title} {customer['nickName']}"
        crm_id = self._crm.add_document(entity, customer["crmId"], lines, subject=subject)
        total = self._crm.get(crm_id)["finalValue"]
        detail = f"{subject}: {len(lines)} ردیف، {total:,f} ریال"
        return Action(f"{entity}_added", entity, crm_id, detail)

    def _free_number(self) -> str:
        number = 500_001 + len(self._crm.persons) + len(self._crm.organizations)
        while self._crm.numbered(str(number)):
            number += 1
        return str(number)

    def _anyone(self, rng: Random) -> Object:
        ids = [id for id in (*self._crm.persons, *self._crm.organizations) if id not in self._spared]
        return self._crm.get(rng.choice(ids))


def customer_fields(someone: Someone) -> dict[str, Any]:
    """A CRM customer as its own pages would save it."""
    fields: dict[str, Any] = {
        "nickName": someone.name,
        "nationalCode": someone.national_code,
        "email": someone.email,
        "phoneContacts": [
            {"default": True, "phoneType": "Mobile", "phoneNumber": someone.mobile},
            {"default": False, "phoneType": "Office", "phoneNumber": someone.phone},
        ],
        "addressContacts": [_address(someone)],
    }
    if not someone.is_organization:
        fields |= {"firstName": someone.first_name, "lastName": someone.last_name}
    return fields


def _address(someone: Someone) -> dict[str, Any]:
    return {
        "default": True,
        "country": "ایران",
        "state": someone.state,
        "city": someone.city,
        "address": someone.address,
        "zipCode": someone.postal_code,
    }


def document_line(rng: Random) -> dict[str, Any]:
    """A line of an invoice or quote; one in four has a discount."""
    product = rng.choice(PRODUCTS)
    count = quantity(product, rng)
    gross = count * product.price
    discount = (gross / 20).quantize(Decimal(1)) if rng.random() < 0.25 else Decimal(0)
    return {
        "productCode": product.code,
        "productName": product.name,
        "count": count,
        "baseUnitPrice": Decimal(product.price),
        "totalDiscount": discount,
        "productUnitTypeName": product.unit,
        "isService": product.unit == "ساعت",
    }
