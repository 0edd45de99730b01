"""The CRM's JSON, read tolerantly: unknown fields are ignored, absent differs from null, numbers are exact.

Sites customise their objects, so nothing here insists on more than it needs.
"""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from msgspec import UNSET, UnsetType

from hamgam.model import CrmId
from hamgam.persian import TEHRAN

Text = str | int | None
"""A text field. Some sites send numbers such as a customer number unquoted."""

MaybeText = str | int | UnsetType | None


class Wire(msgspec.Struct, rename="camel", kw_only=True):
    """camelCase names, everything optional unless a record is useless without it."""


class LoginAnswer(Wire):
    access_token: str
    refresh_token: str | None = None
    expires_at: str | None = None


class LightRow(Wire):
    identity_id: str | None = None
    customer_no: Text = None


class Saved(Wire):
    """The answer to a create or an update; the id comes under either name."""

    crm_id: str | None = None
    id: str | None = None


class Hit(Wire):
    """What polling needs of an object that `find` returns."""

    crm_id: str
    modify_date: str


class Page(Wire):
    data: list[Hit] | None = None
    total: int | None = None


class PhoneContact(Wire):
    phone_type: Text = None
    phone_number: Text = None
    default: bool | None = None


class AddressContact(Wire):
    address: Text = None
    zip_code: Text = None
    default: bool | None = None


class CustomerObject(Wire):
    """A person or an organization."""

    crm_id: str
    identity_type: Text = None
    nick_name: MaybeText = UNSET
    first_name: MaybeText = UNSET
    last_name: MaybeText = UNSET
    customer_number: Text = None
    ref_id: MaybeText = UNSET
    email: MaybeText = UNSET
    website: MaybeText = UNSET
    national_code: MaybeText = UNSET
    description: MaybeText = UNSET
    phone_contacts: list[PhoneContact] | UnsetType | None = UNSET
    address_contacts: list[AddressContact] | UnsetType | None = UNSET
    modify_date: str | None = None


class CustomerPage(Wire):
    """What `find` returns of persons and organizations: whole objects."""

    data: list[CustomerObject] | None = None
    total: int | None = None


class LineObject(Wire):
    product_code: Text = None
    product_name: Text = None
    product_unit_type_name: Text = None
    count: Decimal | None = None
    base_unit_price: Decimal | None = None
    total_discount: Decimal | None = None


class DocumentObject(Wire):
    """A sales invoice or quote."""

    crm_id: str
    crm_object_type_code: Text = None
    number: Text = None
    subject: Text = None
    description: Text = None
    identity_id: str | None = None
    details: list[LineObject] | None = None
    vat: Decimal | None = None
    toll: Decimal | None = None
    final_value: Decimal | None = None
    modify_date: str | None = None


class Hook(Wire):
    id: Text = None
    url: str | None = None
    events: list[str] | None = None


class HookPage(Wire):
    data: list[Hook]


login_answer = msgspec.json.Decoder(LoginAnswer)
light_rows = msgspec.json.Decoder(list[LightRow])
saved = msgspec.json.Decoder(Saved)
page = msgspec.json.Decoder(Page)
customer_page = msgspec.json.Decoder(CustomerPage)
customer = msgspec.json.Decoder(CustomerObject | None)
document = msgspec.json.Decoder(DocumentObject | None)
hook = msgspec.json.Decoder(Hook)
hooks = msgspec.json.Decoder(list[Hook] | HookPage)


def text(value: MaybeText) -> str:
    """Null and absent become "", a number its digits."""
    return "" if value is None or isinstance(value, UnsetType) else str(value)


def crm_id(value: str) -> CrmId:
    return CrmId(value.strip().lower())


def moment(value: str) -> datetime:
    """An aware UTC time from the CRM's spelling of a date.

    Dates of objects carry no offset and are Tehran's time; logins carry one. Fractions have any number of
    digits (microseconds are kept). Raises ValueError for anything else.
    """
    parsed = datetime.fromisoformat(value.strip())
    try:
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=TEHRAN)).astimezone(UTC)
    except OverflowError as error:  # year 1, the "no date" of .NET
        raise ValueError("a date that is none") from error


def maybe_moment(value: str | None) -> datetime | None:
    """As `moment`, but None for what is missing or no date."""
    try:
        return moment(value) if value else None
    except ValueError:
        return None


def spelled(at: datetime) -> str:
    """A date as the CRM compares it: Tehran's time without offset, cut to milliseconds."""
    return at.astimezone(TEHRAN).replace(tzinfo=None).isoformat(timespec="milliseconds")
