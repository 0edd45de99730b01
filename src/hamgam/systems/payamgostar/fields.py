"""The customer's fields in the CRM, one line a field.

A reader answers None where the site's object has no such key (the field is then unknown and never written),
and "" where it is there and empty.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from hamgam.model import Fields, Kind
from hamgam.systems.payamgostar.wire import AddressContact, CustomerObject, PhoneContact, text

Body = dict[str, Any]
Read = Callable[[CustomerObject], str | None]
Write = Callable[[Body, str], None]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    crm: str
    """Where it stands in the CRM's object, for people."""
    read: Read
    write: Write


def _plain(attribute: str) -> Read:
    def read(customer: CustomerObject) -> str | None:
        value = getattr(customer, attribute)
        return None if value is UNSET else text(value)

    return read


def _key(name: str) -> Write:
    def write(body: Body, value: str) -> None:
        body[name] = value

    return write


def _display_name(customer: CustomerObject) -> str | None:
    parts = (customer.nick_name, customer.first_name, customer.last_name)
    if all(part is UNSET for part in parts):
        return None
    return text(customer.nick_name) or " ".join(filter(None, map(text, parts[1:])))


def _phone(*types: str) -> Read:
    """The first number of the first type that has one; the default contact goes before the others."""

    def read(customer: CustomerObject) -> str | None:
        contacts = customer.phone_contacts
        if contacts is UNSET:
            return None
        numbers = (_number_of(contacts or [], kind) for kind in types)
        return next(filter(None, numbers), "")

    return read


def _number_of(contacts: list[PhoneContact], kind: str) -> str:
    ours = (c for c in contacts if text(c.phone_type).casefold() == kind.casefold())
    first = sorted(ours, key=lambda contact: not contact.default)
    return next((text(contact.phone_number) for contact in first if text(contact.phone_number)), "")


def _add_phone(kind: str) -> Write:
    def write(body: Body, value: str) -> None:
        contacts = body.setdefault("phoneContacts", [])
        contacts.append({"default": not contacts, "phoneType": kind, "phoneNumber": value})

    return write


def _address(attribute: str) -> Read:
    """A part of the default address, or of the first where none is the default."""

    def read(customer: CustomerObject) -> str | None:
        contacts = customer.address_contacts
        if contacts is UNSET:
            return None
        chosen = min(contacts or [AddressContact()], key=lambda contact: not contact.default)
        return text(getattr(chosen, attribute))

    return read


def _add_address(name: str) -> Write:
    def write(body: Body, value: str) -> None:
        contacts = body.setdefault("addressContacts", [{"default": True}])
        contacts[0][name] = value

    return write


CUSTOMER = (
    # ours          in the CRM                        read                       write
    Field("name", "nickName", _display_name, _key("nickName")),
    Field("mobile", "phoneContacts (Mobile)", _phone("Mobile"), _add_phone("Mobile")),
    Field("phone", "phoneContacts (Office, Home)", _phone("Office", "Home"), _add_phone("Office")),
    Field("email", "email", _plain("email"), _key("email")),
    Field("website", "website", _plain("website"), _key("website")),
    Field("address", "addressContacts.address", _address("address"), _add_address("address")),
    Field("postal_code", "addressContacts.zipCode", _address("zip_code"), _add_address("zipCode")),
    Field("national_id", "nationalCode", _plain("national_code"), _key("nationalCode")),
    Field("description", "description", _plain("description"), _key("description")),
)  # fmt: skip


def read_fields(customer: CustomerObject) -> Fields:
    values = ((field.name, field.read(customer)) for field in CUSTOMER)
    return {name: value for name, value in values if value is not None}


def new_customer(kind: Kind, number: str, fields: Fields) -> Body:
    """The object that creates a customer; empty fields are not sent."""
    body: Body = {"customerNumber": number} if number else {}
    for field in CUSTOMER:
        if value := fields.get(field.name):
            field.write(body, value)
    if kind is Kind.PERSON and "nickName" in body:
        # A CRM may rebuild a person's display name from these two, so they must give the same name.
        body |= {"firstName": "", "lastName": body["nickName"]}
    return body
