"""What a row of the sync log still asks for, and why a person's word on it cannot be taken."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from hamgam.errors import Reason, UsageError
from hamgam.model import Direction, EntityType, Operation, Status
from hamgam.persian import TEHRAN
from hamgam.trail import attention, log
from hamgam.trail.log import Intent

UNMATCHED = (Reason.AMBIGUOUS_MATCH, Reason.MATCH_TAKEN, Reason.KIND_MISMATCH)
"""Conflicts about who a new customer is in finance. Their message lists the contacts that it could be."""


class Why(StrEnum):
    """Why nothing was done, for whoever has to say it in another language."""

    UNKNOWN = "unknown"
    """There is no such row."""
    SETTLED = "settled"
    """A person or a later sync was faster."""
    GOES_ON = "goes on"
    """It is under way, perhaps because somebody has put it back."""
    CHANGED = "changed"
    """It was tried again since the person looked at it."""
    BUSY = "busy"
    """Its entity is being worked on in this moment."""
    TAKEN = "taken"
    """The finance record belongs to another record of the CRM."""
    NOT_THUS = "not thus"
    """It asks for something else."""


class Declined(UsageError):
    """Nothing has changed. `by` and `at` tell who was faster, and when, where that is known."""

    def __init__(self, text: str, why: Why, by: str | None = None, at: datetime | None = None) -> None:
        super().__init__(text)
        self.why = why
        self.by = by
        self.at = at


def logged(row: Row[Any] | None, log_id: UUID) -> Row[Any]:
    """What was found under this id. Raises `Declined` where nothing was."""
    if row is None:
        raise Declined(f"{log_id} is no row of the sync log; hamgam logs shows their ids", Why.UNKNOWN)
    return row


def unchanged(row: Row[Any], seen: UUID | None) -> None:
    """Raises `Declined` where somebody decides about what is not so any more."""
    if reason := asks_no_more(row):
        raise declined(row, reason)
    if seen not in (None, row.transactionId):
        by, at = put_back_by(row)
        raise Declined(f"{row.id} was tried again since you looked at it", Why.CHANGED, by, at)


def declined(row: Row[Any], text: str) -> Declined:
    said = f"{row.id} {text}"
    if row.resolvedAt is not None:
        return Declined(said, Why.SETTLED, row.resolvedBy, row.resolvedAt)
    if row.status in (Status.PENDING, Status.IN_PROGRESS):
        return Declined(said, Why.GOES_ON, *put_back_by(row))
    return Declined(said, Why.NOT_THUS)


def put_back_by(row: Row[Any]) -> tuple[str | None, datetime | None]:
    """The person who last put this row back, and when."""
    retries = attention.retries(row.triggerPayload)
    return (retries[-1].by, retries[-1].at) if retries else (None, None)


def why_not_retried(row: Row[Any]) -> str:
    """Why a row cannot be put back into the queue, and what can be done instead."""
    if reason := nothing_to_settle(row):
        return reason
    if row.status == Status.IN_DOUBT:
        return f"is in doubt; look in finance, then run hamgam settle {row.id} with --exists or --absent"
    return "was put back by somebody else"


def nothing_to_settle(row: Row[Any]) -> str:
    if row.direction != Direction.CRM_TO_FINANCE:
        return (
            f"is about finance contact {row.sourceEntityId}; correct it there or in the CRM, "
            "then run hamgam initial-import --again"
        )
    return asks_no_more(row)


def asks_no_more(row: Row[Any]) -> str:
    """Why nobody has to decide anything about this row; "" where somebody has."""
    if row.resolvedAt is not None:
        return f"was settled {_when(row.resolvedAt)} by {row.resolvedBy or 'a later sync or a retry'}"
    if row.status in (Status.PENDING, Status.IN_PROGRESS):
        return "has not ended yet; a running engine goes on with it"
    if row.reason == Reason.IN_DOUBT:
        return "was skipped because an earlier row is in doubt; hamgam logs --status IN_DOUBT shows it"
    if row.status not in log.ATTENTION:
        return f"ended with {row.status} and asks for nothing"
    return ""


def _when(moment: datetime) -> str:
    return f"on {moment.astimezone(TEHRAN):%Y-%m-%d at %H:%M:%S} in Tehran"


def created_unseen(row: Row[Any], intent: Intent | None) -> bool:
    """A customer is looked for by itself; a document cannot be."""
    document = row.entityType == EntityType.PREINVOICE
    return document and intent is not None and intent.operation is Operation.CREATE


def reviewed(row: Row[Any]) -> str | None:
    found = row.sourceData.get("checksum") if isinstance(row.sourceData, dict) else None
    return found if isinstance(found, str) else None


def named(row: Row[Any]) -> list[str]:
    """The contacts that a conflict names."""
    named = (row.errorMessage or "").split(", ") if row.reason in UNMATCHED else []
    return [code for code in named if code.isdecimal()]
