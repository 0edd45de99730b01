"""A person's word on a sync that Hamgam cannot or may not decide: a row in doubt, or a row in conflict.

It is one commit under the entity's lock: the mapping, the log, and the job that brings finance up to date.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.errors import Reason, UsageError
from hamgam.jobs import queue
from hamgam.model import (
    ChangeNotice,
    CrmId,
    Direction,
    Entity,
    EntityKey,
    EntityMapping,
    EntityType,
    FinanceId,
    Kind,
    Operation,
    Status,
    Trigger,
)
from hamgam.persian import TEHRAN, to_latin_digits
from hamgam.trail import attention, log, mapping
from hamgam.trail.log import Intent

_UNMATCHED = (Reason.AMBIGUOUS_MATCH, Reason.MATCH_TAKEN, Reason.KIND_MISMATCH)
"""Conflicts about who a new customer is in finance. Their message lists the contacts that it could be."""
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What was decided. `finance_id` is None where the record is absent in finance."""

    log_id: UUID
    key: EntityKey
    finance_id: FinanceId | None
    by: str
    at: datetime


def finance_id_of(text: str) -> FinanceId:
    """A code or key as a person types it. Raises `UsageError`."""
    given = to_latin_digits(text).strip().lstrip("0")
    if not (given.isascii() and given.isdecimal() and len(given) <= _MOST_DIGITS):
        raise UsageError(f"{text[:40]!r} is no finance code; codes and keys are numbers such as 15462")
    return FinanceId(given)


async def settle(
    db: Database, log_id: UUID, finance_id: FinanceId | None, *, by: str, now: datetime
) -> Settled:
    """Settle a row: the record is `finance_id` in finance or, with None, it is not there.

    Waits for a sync of the same entity that is running. Raises `UsageError` where there is nothing to settle,
    or not in this way, and where another person was faster; then nothing has changed.
    """
    key = _key_of(await _found(db, log_id))
    async with db.locked(str(key), wait=True) as held:
        assert held is not None
        try:
            async with held.transaction() as connection:
                await _settle(held, connection, log_id, finance_id, by, now)
        except IntegrityError:
            raise UsageError(await _taken(held, key, finance_id)) from None
    return Settled(log_id=log_id, key=key, finance_id=finance_id, by=by, at=now)


def why_not_retried(row: Row[Any]) -> str:
    """Why a row cannot be put back into the queue, and what can be done instead."""
    if reason := _nothing_to_settle(row):
        return reason
    if row.status == Status.IN_DOUBT:
        return f"is in doubt; look in finance, then run hamgam settle {row.id} with --exists or --absent"
    return "was put back by somebody else"


async def _settle(
    db: Database,
    connection: AsyncConnection,
    log_id: UUID,
    finance_id: FinanceId | None,
    by: str,
    now: datetime,
) -> None:
    row = await _found(db, log_id)
    key = _key_of(row)
    known = await mapping.by_crm_id(db, key.entity.entity_type, key.crm_id)
    intent = _intent(row)
    if refused := _refusal(row, intent, known, finance_id):
        raise UsageError(f"{log_id} {refused}")
    resolution: Mapping[str, Any]
    if finance_id is None:
        resolution = {"absent": _named(row)}
    else:
        resolution = {"exists": finance_id}
        await mapping.link(
            connection,
            key,
            finance_id,
            kind=Kind(row.kind) if row.kind else None,
            transaction_id=intent.transaction_id if intent else None,
            crm_checksum=_checksum(row, intent),
        )
    await attention.note_resolution(connection, log_id, by, resolution, now)
    notice = ChangeNotice(key=key, trigger=Trigger.MANUAL, payload={"settled": str(log_id), "by": by})
    await queue.enqueue(connection, [notice], now=True)


async def _found(db: Database, log_id: UUID) -> Row[Any]:
    row = await attention.find(db, log_id)
    if row is None:
        raise UsageError(f"{log_id} is no row of the sync log; hamgam logs shows their ids")
    if row.direction != Direction.CRM_TO_FINANCE:
        raise UsageError(f"{log_id} {_nothing_to_settle(row)}")
    return row


def _key_of(row: Row[Any]) -> EntityKey:
    return EntityKey(Entity(row.sourceEntity), CrmId(row.sourceEntityId))


def _intent(row: Row[Any]) -> Intent | None:
    try:
        return log.intent_of(row.intent)
    except ValueError:
        raise UsageError(
            f"{row.id} has an intent that this version cannot read; docs/troubleshooting.md says what to do"
        ) from None


def _refusal(
    row: Row[Any], intent: Intent | None, known: EntityMapping | None, finance_id: FinanceId | None
) -> str:
    """Why the row cannot be settled like this; "" when it can."""
    doubt = row.status == Status.IN_DOUBT or _created_unseen(row, intent)
    if reason := _nothing_to_settle(row):
        return reason
    if row.status == Status.FAILED and not doubt:
        return _failed(row, intent)
    if finance_id is not None:
        return _not_reviewed(row)
    if known is not None:
        return f"is about a record that is linked to {known.finance_id}; say with --exists which one it is"
    if not doubt and row.reason not in _UNMATCHED:
        return f"has the reason {row.reason}, so it is there; say with --exists which one it is"
    return ""


def _created_unseen(row: Row[Any], intent: Intent | None) -> bool:
    """A customer is looked for by itself; a document cannot be."""
    document = row.entityType == EntityType.PREINVOICE
    return document and intent is not None and intent.operation is Operation.CREATE


def _nothing_to_settle(row: Row[Any]) -> str:
    if row.direction != Direction.CRM_TO_FINANCE:
        return (
            f"is about finance contact {row.sourceEntityId}; correct it there or in the CRM, "
            "then run hamgam initial-import --again"
        )
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


def _failed(row: Row[Any], intent: Intent | None) -> str:
    if intent is not None:
        return f"is looked for in finance by itself: run hamgam retry {row.id}"
    return f"failed with {row.reason} and is not in doubt; correct that, then run hamgam retry {row.id}"


def _not_reviewed(row: Row[Any]) -> str:
    if row.reason == Reason.REVIEW_REQUIRED and not _reviewed(row):
        return (
            "does not say what was compared; run "
            f"hamgam sync invoice {row.sourceEntityId} and settle the row that it makes"
        )
    return ""


def _checksum(row: Row[Any], intent: Intent | None) -> str | None:
    """Of what finance holds by now, where that is known: what was sent, or what a person has compared."""
    if row.reason == Reason.REVIEW_REQUIRED:
        return _reviewed(row)
    return intent.checksum if intent and _created_unseen(row, intent) else None


def _reviewed(row: Row[Any]) -> str | None:
    found = row.sourceData.get("checksum") if isinstance(row.sourceData, dict) else None
    return found if isinstance(found, str) else None


def _named(row: Row[Any]) -> list[str]:
    """The contacts that a conflict names."""
    named = (row.errorMessage or "").split(", ") if row.reason in _UNMATCHED else []
    return [code for code in named if code.isdecimal()]


async def _taken(db: Database, key: EntityKey, finance_id: FinanceId | None) -> str:
    assert finance_id is not None
    owner = await mapping.owner(db, key.entity.entity_type, finance_id)
    return f"{finance_id} is linked to another record of the CRM already: {owner}"
