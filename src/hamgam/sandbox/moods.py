"""How the simulated systems behave where the contracts leave room, and the credentials they know.

The default of every switch is the most standard variant. A mood may be exchanged while the sandbox runs
(`box.crm.mood = replace(box.crm.mood, moving_pages=True)`).
"""

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

CRM_USERNAME = "hamgam"
CRM_PASSWORD = "crm-demo-password"  # noqa: S105 - public, of a simulation
FINANCE_USERNAME = "مدیر سیستم"
FINANCE_PASSWORD = "finance-demo-password"  # noqa: S105 - public, of a simulation
FINANCE_PASSWORD_MD5 = hashlib.md5(FINANCE_PASSWORD.encode(), usedforsecurity=False).hexdigest().upper()

EVENTS = frozenset(
    f"{entity}.{action}"
    for entity in ("customer", "invoice", "quote")
    for action in ("created", "updated", "deleted")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmMood:
    """The variants of the CRM."""

    id_key: Literal["crmId", "id"] = "crmId"
    """The key under which create and update answer the id."""
    unknown_id: Literal["404", "null"] = "404"
    """What `get` answers for an id that it does not know."""
    webhook_api: bool = True
    webhook_refusal: Literal[404, 405] = 404
    """The status of /api/webhooks where there is no such API."""
    webhook_events: frozenset[str] = EVENTS
    """The events that a registration may name; another one is a bad request."""
    webhook_shape: Literal["nested", "flat", "query", "query_numeric"] = "nested"
    webhook_signed: bool = True
    webhook_copies: int = 1
    """How often each delivery is made: 0 loses it, 2 doubles it."""
    webhook_delay_seconds: float = 0.0
    subtype_names_kind: bool = True
    """Whether `subtype` of the query shapes tells a person from an organization."""
    echo_transaction: bool = False
    """Whether a delivery carries the X-Transaction-Id of the write that caused it."""
    moving_pages: bool = False
    """Whether rows move between the pages of one reader. Each object moves at most once."""
    page_size_limit: int | None = None
    """Larger pages are cut to this size without a word."""
    light_list: Literal["from_zero", "from_one", "one_is_zero", "ignores_page"] = "from_zero"
    """Where the light list begins: page 0 may be empty, or page 1 the same one, or the number be ignored."""
    light_list_kinds: bool = True
    """Whether the light list honours `identityType`; without it, it answers both kinds."""
    find_filters: bool = True
    """Whether `find` honours its conditions; without it, it answers everything."""
    fraction_digits: Literal[0, 3, 7] = 3
    """Precision of object dates. With 3 trailing zeros are left out, as .NET does."""
    refresh_works: bool = True
    extra_fields: bool = False
    """Whether objects carry fields that the contract does not know, nested ones too."""
    number_unique: bool = False
    update_replaces: bool = False
    """Whether an update clears every field that it does not list."""
    lock_after: int | None = 5
    """Failed logins in a row after which the account is locked out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinanceMood:
    """The variants of the finance system."""

    returns_tmpid: bool = True
    leaves_out_nulls: bool = False
    """Whether rows come without the keys whose value is null."""
    filters: Literal["all", "tel_only", "none"] = "all"
    """Which columns a POST to GetAll filters by."""
    unknown_filter: Literal["ignored", "finds_nothing"] = "ignored"
    """What a condition on another column does."""
    duplicate_phone_refused: bool = True
    update_makes_new: bool = False
    name_required: bool = True
    reports_total: bool = True
    adds_vat_percent: Decimal = Decimal(0)
    persian_digits: bool = False
    """Whether numbers in messages for people are written with Persian digits and separators."""
    warns: bool = False
    """Whether a successful save carries an ErrWarning."""
    error_style: Literal["both", "errors_only", "value_only"] = "both"
    """Whether a refused save shows in ReturnValue, in Errors, or in both."""
