"""Why a write that went well was made, as far as its row in the log lets one say. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hamgam.errors import Reason
from hamgam.model import Direction, EntityType, Operation, Status
from hamgam.persian import digits_key, to_latin_digits
from hamgam.trail.stored import object_of, text_of


@dataclass(frozen=True, slots=True)
class Ground:
    """Words, and the fields that they speak of."""

    word: str
    fields: tuple[str, ...] = ()


def grounds(row: Mapping[str, Any], changed: Sequence[str]) -> list[Ground]:
    """`changed` are the fields in which finance had another value; what a reason says already is left out."""
    if row["status"] != Status.SUCCESS or row["reason"] == Reason.DELETED_IN_CRM:
        return []
    different = [Ground("because.fields", tuple(changed))] if changed else []
    match row["direction"], row["operation"]:
        case Direction.FINANCE_TO_CRM, Operation.CREATE:
            return [Ground("because.not_in_crm")]
        case Direction.CRM_TO_FINANCE, Operation.CREATE:
            return [Ground(word) for word in _not_in_finance(row)]
        case Direction.CRM_TO_FINANCE, Operation.UPDATE:
            return different
        case Direction.CRM_TO_FINANCE, Operation.LINK:
            return [*(Ground(word) for word in _in_common(row)), *different]
    return []


def _not_in_finance(row: Mapping[str, Any]) -> Iterator[str]:
    """Of a customer that the log has lost it is not known by what it could have been found."""
    if row["entityType"] != EntityType.CUSTOMER:
        yield "because.no_document"
    elif _number(row) or _national_id(_read(row)):
        yield "because.nobody"
    elif _read(row):
        yield "because.no_key"


def _in_common(row: Mapping[str, Any]) -> Iterator[str]:
    """What customer and contact had in common before anything was written.

    After an earlier attempt that is not known: its lost create may have made the contact.
    """
    if row["attempts"]:
        return
    if _number(row) and _number(row) == row["targetEntityId"]:
        yield "because.same_number"
    theirs = _national_id(object_of(row["targetDataBefore"]))
    if theirs and theirs == _national_id(_read(row)):
        yield "because.same_national_id"


def _read(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return object_of(object_of(row["sourceData"]).get("fields"))


def _number(row: Mapping[str, Any]) -> str:
    return to_latin_digits(text_of(row["sourceData"], "number") or "").strip()


def _national_id(fields: Mapping[str, Any]) -> str:
    return digits_key(text_of(fields, "national_id") or "")
