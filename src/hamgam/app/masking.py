"""What a viewer sees instead of people's names, numbers and addresses.

Nothing is shown because it looks harmless: text, and what may be text, is masked unless its place and its
form say together that it is an id, an amount, a moment or a word of ours. The structure stays, so that a
viewer can follow what happened, and the same value gives the same mask.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from hamgam import details
from hamgam.errors import Reason
from hamgam.model import Direction, Entity, EntityType, Kind, Operation, Status, Trigger
from hamgam.people.roles import Person, Role
from hamgam.persian import to_latin_digits

HIDDEN = "•••"

_PLAIN_COLUMNS = frozenset(
    {
        "id", "transactionId", "entityMappingId", "entityType", "sourceEntity", "kind", "direction",
        "operation", "status", "reason", "triggerType", "retryCount", "startedAt", "completedAt",
        "durationMs", "resolvedAt", "resolvedBy",
    }
)  # fmt: skip
"""Of the sync log: filled by this program alone, or by who is signed in."""
_MESSAGE = "errorMessage"

_ID_KEYS = frozenset(
    {
        "id", "sourceEntityId", "targetEntityId", "crmId", "financeId", "entityId", "customerId",
        "transactionId", "customer", "product", "exists", "absent", "number", "type", "saleModel",
    }
)  # fmt: skip
_AMOUNT_KEYS = frozenset({"net", "price", "discount", "quantity", "finalValue", "vat", "toll"})

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_CODE = re.compile(r"(?=.*[0-9])(?!.*[0-9]{10})[0-9A-Za-z._/-]{1,40}", re.ASCII)
"""No run of digits as long as a national id or a telephone number: some sites number their customers so."""
_AMOUNT = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]{4,20}(?:Z|[+-][0-9:]{4,6})?)?", re.ASCII)
_KEY = re.compile(r"[A-Za-z][A-Za-z_ ]{0,39}", re.ASCII)
_MOBILE = re.compile(r"(?:\+98|0098|98|0)9[0-9]{2}(?=[0-9]{7})", re.ASCII)
_BETWEEN_DIGITS = re.compile(r"[\s()+.\-]+")
_SPACED_NUMBER = re.compile(r"\d(?:[\s()+.,/_-]*\d){6,}")
_TOKEN = re.compile(r"[^\s:,;()«»\"']+")
_LONG_DIGITS = 7
_SHOWN_WORDS = 2

_CODES = frozenset(
    str(word)
    for words in (Reason, Status, Operation, Trigger, Direction, EntityType, Entity, Kind)
    for word in words
)
_EVENT_WORDS = frozenset(
    ("created", "updated", "deleted", "create", "insert", "update", "delete", "identity", "contact", "by")
)
_OUR_WORDS = frozenset(word.lower() for word in _CODES) | _EVENT_WORDS


def as_seen_by(person: Person, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of the sync log, masked for a viewer."""
    return row if person.role.may(Role.OPERATOR) else masked_row(row)


def masked_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the sync log by the names of its columns."""
    return {name: _column(name, value) for name, value in row.items()}


def _column(name: str, value: Any) -> Any:
    if name in _PLAIN_COLUMNS:
        return value
    return masked_json(value, name)


def masked_json(value: Any, key: str = "") -> Any:
    """A value as JSON knows it; `key` is where it stands, and counts for the items of a list as well."""
    match value:
        case None | bool():
            return value
        case str():
            return _masked_string(value, key)
        case int() | float():
            return value if key in _AMOUNT_KEYS or _is_short(value) else masked_text(str(value))
        case Mapping():
            return _masked_object(value)
        case list() | tuple():
            return [masked_json(item, key) for item in value]
        case _:
            return HIDDEN


def _masked_string(text: str, key: str) -> str:
    if key == _MESSAGE:
        return masked_message(text)
    return text if _may_be_seen(text, key) else masked_text(text)


def _masked_object(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Names of fields stay; a name that may itself be somebody's becomes a number."""
    return {
        str(key) if _KEY.fullmatch(str(key)) else f"{HIDDEN}{number}": masked_json(item, str(key))
        for number, (key, item) in enumerate(value.items(), start=1)
    }


def _is_short(value: float) -> bool:
    return len(str(value)) < _LONG_DIGITS


def _may_be_seen(text: str, key: str) -> bool:
    return (
        _is_ours(text)
        or (key in _ID_KEYS and _CODE.fullmatch(text) is not None)
        or (key in _AMOUNT_KEYS and _AMOUNT.fullmatch(text) is not None)
        or (key.endswith(("At", "timestamp")) and _MOMENT.fullmatch(text) is not None)
    )


def _is_ours(text: str) -> bool:
    """A GUID, a word of the engine such as `customer.updated`, or both, as in `invoice:3f25…`."""
    return text in _CODES or all(
        _GUID.fullmatch(part) is not None or _all_ours(re.split(r"[._ ]", part)) for part in text.split(":")
    )


def _all_ours(words: Iterable[str]) -> bool:
    return all(word.lower() in _OUR_WORDS for word in words)


def masked_text(text: str) -> str:
    """`س••• م•••` for a name, `0912•••67` for a mobile, `•••67` for others, `a•••@•••` for an e-mail."""
    if not text:
        return text
    if "@" in text:
        return f"{_initial(text)}{HIDDEN}@{HIDDEN}"
    digits = to_latin_digits(_BETWEEN_DIGITS.sub("", text))
    if digits.isdigit():
        return _masked_number(text, digits)
    return " ".join(_initial(word) + HIDDEN for word in text.split()[:_SHOWN_WORDS]) or HIDDEN


def _masked_number(text: str, digits: str) -> str:
    """The operator's prefix of a mobile, and the last two digits of what is long enough to hide behind."""
    if len(digits) < _LONG_DIGITS:
        return HIDDEN
    mobile = _MOBILE.match(digits)
    international = "+" if text.lstrip().startswith("+") else ""
    shown = f"{international}{mobile.group()}" if mobile else ""
    return f"{shown}{HIDDEN}{digits[-2:]}"


def _initial(word: str) -> str:
    """The first letter; never a digit, and nothing that cannot be seen."""
    return next((sign for sign in word if sign.isalpha()), "")


def masked_message(text: str) -> str:
    """Codes, GUIDs, short numbers and the engine's own words stay: a remote system may quote anything."""
    if found := details.find(text):
        return details.BETWEEN.join(each.written(each.detail.en, _masked_value) for each in found)
    parts: list[str] = []
    for token in _TOKEN.findall(_without_long_numbers(text)):
        shown = token if _may_be_quoted(token) else HIDDEN
        if shown != HIDDEN or parts[-1:] != [HIDDEN]:
            parts.append(shown)
    return " ".join(parts)


def _masked_value(place: str, value: str) -> str:
    return value if place in ("reason", "fields") else masked_message(value)


def _without_long_numbers(text: str) -> str:
    """Also numbers that are written in groups, of which each would be short enough; a GUID is none."""
    pieces = re.split(f"({_GUID.pattern})", text, flags=_GUID.flags)
    return "".join(p if _GUID.fullmatch(p) else _SPACED_NUMBER.sub(HIDDEN, p) for p in pieces)


def _may_be_quoted(token: str) -> bool:
    if _GUID.fullmatch(token) or token in _CODES:
        return True
    return token.isascii() and token.isdigit() and len(token) < _LONG_DIGITS
