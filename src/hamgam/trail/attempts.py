"""The attempts at a sync that came before the latest one, of which the row itself says what came."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Text, cast, func, literal_column

from hamgam.db.tables import sync_log as t
from hamgam.trail.stored import moment_of, text_of

ENDED_AT, REASON, MESSAGE = "endedAt", "reason", "errorMessage"
_NONE_YET: ColumnElement[Any] = literal_column("'[]'::jsonb")


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that led to another one."""

    at: datetime
    reason: str | None
    """Why it did not succeed; None where its process ended without a word."""
    message: str
    """What a remote system said."""


def and_one_more(at: Any, reason: Any = None, message: Any = None) -> ColumnElement[Any]:
    """The column `attempts` of a row, with one more at its end; takes values and columns."""
    said = func.jsonb_build_object(
        ENDED_AT, cast(at, DateTime(timezone=True)), REASON, cast(reason, Text), MESSAGE, cast(message, Text)
    )
    more: ColumnElement[Any] = func.coalesce(t.c.attempts, _NONE_YET).op("||")(said)
    return more


def ended_attempts(stored: Any) -> list[Ended]:
    """What the column tells, the first of them first; what another version wrote is left out."""
    told = stored if isinstance(stored, list) else []
    return [ended for each in told if (ended := _ended(each)) is not None]


def _ended(said: Any) -> Ended | None:
    at = moment_of(said, ENDED_AT)
    return Ended(at, text_of(said, REASON), text_of(said, MESSAGE) or "") if at else None
