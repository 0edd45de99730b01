"""The contact's fields in finance, one line a field, and a contact read from a row of the list.

A row is what the JSON says, as a mapping: builds differ in the keys that they return, and "no such key" (not
known) differs from null (empty).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hamgam.model import Fields, FinanceContact, FinanceId, Kind
from hamgam.persian import digits_key, email_key, phone_key, text_key, website_key

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    column: str
    """The form's column that is written."""
    key: str
    """The row's key that is read."""
    compare_as: Callable[[str], str]


CONTACT = (
    #     ours           written as        read as           compare as
    Field("name",        "fullname",       "Name",           text_key),
    Field("mobile",      "mobileno",       "MobileNo",       phone_key),
    Field("phone",       "telno",          "TelNo",          phone_key),
    Field("email",       "email",          "Email",          email_key),
    Field("website",     "websiteaddress", "WebSiteAddress", website_key),
    Field("address",     "address",        "Address",        text_key),
    Field("postal_code", "pocode",         "PostalCode",     digits_key),
    Field("national_id", "passno",         "NationalCode",   digits_key),
    Field("description", "tozihat",        "Description",    text_key),
)  # fmt: skip

BY_NAME = {field.name: field for field in CONTACT}

NUMBER_COLUMN = NUMBER_KEY = "tmpid"


def contact(row: Row) -> FinanceContact | None:
    """A contact, or None for a row without a code, which nothing could ever point to.

    Builds differ in how they write keys, too: `tmpid` is `TmpId` elsewhere.
    """
    row = {key.casefold(): value for key, value in row.items()}
    code = text(row.get("code")).strip()
    if not code:
        return None
    return FinanceContact(
        code=FinanceId(code),
        kind=Kind.ORGANIZATION if _truth(row.get("towardtype")) else Kind.PERSON,
        number=text(row[NUMBER_KEY]).strip() if NUMBER_KEY in row else None,
        fields=_fields(row),
        active=row.get("isactive") is None or _truth(row["isactive"]),
        administrator=_truth(row.get("isadminuser")),
    )


def _fields(row: Row) -> Fields:
    keys = ((field.name, field.key.casefold()) for field in CONTACT)
    return {name: text(row[key]) for name, key in keys if key in row}


def text(value: Any) -> str:
    return "" if value is None else str(value)


def _truth(value: Any) -> bool:
    """Booleans come as such, as 0 and 1, or as text."""
    return text(value).strip().casefold() in {"true", "1"}
