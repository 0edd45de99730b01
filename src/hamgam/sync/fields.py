"""The customer field mapping: which fields are kept in step, and what makes two values the same.

How each field is called in a remote system stands in that system's own `fields` module. A field's `compare`
is idempotent; the values themselves keep the CRM's spelling.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hamgam.model import Fields
from hamgam.persian import digits_key, email_key, phone_key, text_key, website_key


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    compare: Callable[[str], str]


CUSTOMER = (
    Field("name", text_key),
    Field("mobile", phone_key),
    Field("phone", phone_key),
    Field("email", email_key),
    Field("website", website_key),
    Field("address", text_key),
    Field("postal_code", digits_key),
    Field("national_id", digits_key),
    Field("description", text_key),
)


@dataclass(frozen=True, slots=True)
class FieldChange:
    field: str
    before: str | None
    """None: this side does not have the field, or was not read."""
    after: str | None


def normalised(fields: Fields) -> dict[str, str]:
    """The fields in their normal form; absent ones stay absent."""
    return {field.name: field.compare(fields[field.name]) for field in CUSTOMER if field.name in fields}


def differences(before: Fields, after: Fields) -> tuple[FieldChange, ...]:
    """What writing `after` would change, among the fields that both sides have, in their own spelling."""
    old, new = normalised(before), normalised(after)
    return tuple(
        FieldChange(name, before[name], after[name]) for name in new if name in old and old[name] != new[name]
    )


def restricted(fields: Fields, to: Fields) -> Fields:
    """Only the fields that `to` has as well, so that two sides are compared on what both know."""
    return {name: value for name, value in fields.items() if name in to}
