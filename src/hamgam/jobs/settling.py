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
from hamgam.jobs.asking import BY
from hamgam.jobs.declining import (
    UNMATCHED,
    Declined,
    Why,
    created_unseen,
    declined,
    logged,
    named,
    nothing_to_settle,
    reviewed,
    unchanged,
)
from hamgam.model import (
    ChangeNotice,
    CrmId,
    Direction,
    Entity,
    EntityKey,
    EntityMapping,
    FinanceId,
    Kind,
    Status,
    Trigger,
)
from hamgam.persian import to_latin_digits
from hamgam.trail import attention, log, mapping
from hamgam.trail.log import Intent

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
    db: Database,
    log_id: UUID,
    finance_id: FinanceId | None,
    *,
    by: str,
    now: datetime,
    wait: bool = True,
    seen: UUID | None = None,
) -> Settled:
    """Settle a row: the record is `finance_id` in finance or, with None, it is not there.

    With `wait` it waits for a sync of the same entity that is running. `seen` is the attempt that the row
    told of when the person looked at it. Raises `Declined` where there is nothing to settle, or not in this
    way, and where another person was faster; then nothing has changed.
    """
    key = _key_of(_synchronised(await attention.find(db, log_id), log_id))
    async with db.locked(str(key), wait=wait) as held:
        if held is None:
            raise Declined(f"{log_id} is being synchronised now; try again in a moment", Why.BUSY)
        try:
            async with held.transaction() as connection:
                await _settle(held, connection, log_id, finance_id, by, now, seen)
        except IntegrityError:
            raise Declined(await _taken(held, key, finance_id), Why.TAKEN) from None
    return Settled(log_id=log_id, key=key, finance_id=finance_id, by=by, at=now)


async def _settle(
    db: Database,
    connection: AsyncConnection,
    log_id: UUID,
    finance_id: FinanceId | None,
    by: str,
    now: datetime,
    seen: UUID | None,
) -> None:
    row = _synchronised(await attention.find_in(connection, log_id), log_id)
    unchanged(row, seen)
    key = _key_of(row)
    known = await mapping.by_crm_id(db, key.entity.entity_type, key.crm_id)
    intent = _intent(row)
    if refused := _refusal(row, intent, known, finance_id):
        raise declined(row, refused)
    resolution: Mapping[str, Any]
    if finance_id is None:
        resolution = {"absent": named(row)}
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
    await attention.note_resolution(connection, [log_id], by, resolution, now)
    notice = ChangeNotice(key=key, trigger=Trigger.MANUAL, payload={"settled": str(log_id), BY: by})
    await queue.enqueue(connection, [notice], now=True)


def _synchronised(found: Row[Any] | None, log_id: UUID) -> Row[Any]:
    """A row of the way from the CRM. Raises `Declined` for what is none."""
    row = logged(found, log_id)
    if row.direction != Direction.CRM_TO_FINANCE:
        raise declined(row, nothing_to_settle(row))
    return row


def _key_of(row: Row[Any]) -> EntityKey:
    return EntityKey(Entity(row.sourceEntity), CrmId(row.sourceEntityId))


def _intent(row: Row[Any]) -> Intent | None:
    try:
        return log.intent_of(row.intent)
    except ValueError:
        raise declined(
            row, "has an intent that this version cannot read; docs/troubleshooting.md says what to do"
        ) from None


def _refusal(
    row: Row[Any], intent: Intent | None, known: EntityMapping | None, finance_id: FinanceId | None
) -> str:
    """Why the row cannot be settled like this; "" when it can."""
    doubt = row.status == Status.IN_DOUBT or created_unseen(row, intent)
    if row.status == Status.FAILED and not doubt:
        return _failed(row, intent)
    if finance_id is not None:
        return _unreviewed(row)
    if known is not None:
        return f"is about a record that is linked to {known.finance_id}; say with --exists which one it is"
    if not doubt and row.reason not in UNMATCHED:
        return f"has the reason {row.reason}, so it is there; say with --exists which one it is"
    return ""


def _failed(row: Row[Any], intent: Intent | None) -> str:
    if intent is not None:
        return f"is looked for in finance by itself: run hamgam retry {row.id}"
    return f"failed with {row.reason} and is not in doubt; correct that, then run hamgam retry {row.id}"


def _unreviewed(row: Row[Any]) -> str:
    if row.reason == Reason.REVIEW_REQUIRED and not reviewed(row):
        return (
            "does not say what was compared; run "
            f"hamgam sync invoice {row.sourceEntityId} and settle the row that it makes"
        )
    return ""


def _checksum(row: Row[Any], intent: Intent | None) -> str | None:
    """Of what finance holds by now, where that is known: what was sent, or what a person has compared."""
    if row.reason == Reason.REVIEW_REQUIRED:
        return reviewed(row)
    return intent.checksum if intent and created_unseen(row, intent) else None


async def _taken(db: Database, key: EntityKey, finance_id: FinanceId | None) -> str:
    assert finance_id is not None
    owner = await mapping.owner(db, key.entity.entity_type, finance_id)
    return f"{finance_id} is linked to another record of the CRM already: {owner}"
