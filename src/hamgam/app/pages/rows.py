"""A sync in one row, as the overview and the list show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hamgam.app.masking import as_seen_by
from hamgam.app.telling import entity_of, record_address
from hamgam.people.roles import Person
from hamgam.trail.log import ATTENTION

_NEW_FOR = timedelta(seconds=6)
_ERROR_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    id: str
    at: datetime
    new: bool
    name: str
    """What a person knows the record by: a customer's name, or a document's number."""
    entity: str
    kind: str | None
    operation: str
    status: str
    reason: str | None
    error: str
    attention: bool
    trigger: str
    crm_id: str | None
    finance_id: str | None
    record: str
    """The address of our page about it, empty where there is none."""


def row_of(brief: Mapping[str, Any], person: Person, now: datetime) -> Row:
    """What the trail's listing tells of a sync, for who may see it so."""
    row = as_seen_by(person, brief)
    attention = row["status"] in ATTENTION and row["resolvedAt"] is None
    return Row(
        id=str(row["id"]),
        at=row["startedAt"],
        new=now - (row["completedAt"] or row["startedAt"]) < _NEW_FOR,
        name=row["name"] or row["number"] or "",
        entity=entity_of(row, row["crmId"]),
        kind=row["kind"],
        operation=row["operation"],
        status=row["status"],
        reason=row["reason"],
        error=(row["errorMessage"] or "")[:_ERROR_CHARACTERS] if attention else "",
        attention=attention,
        trigger=row["triggerType"],
        crm_id=row["crmId"],
        finance_id=row["financeId"],
        record=record_address(row, row["crmId"]),
    )
