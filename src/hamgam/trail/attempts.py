"""The attempts at a sync that came before the latest one, of which the row itself says what came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Text, case, cast, func, literal_column

from hamgam.db.tables import sync_log as t
from hamgam.trail.stored import moment_of, text_of

ENDED_AT, BEGUN_AT, REASON, MESSAGE = "endedAt", "begunAt", "reason", "errorMessage"
LATEST_BEGUN: ColumnElement[Any] = t.c.completedAt - t.c.durationMs * literal_column("interval '1 ms'")
"""When the attempt began that ended the row."""
ENDED: ColumnElement[int] = case(
    (func.jsonb_typeof(t.c.attempts) == "array", func.jsonb_array_length(t.c.attempts)), else_=0
)
"""How many attempts came before the latest."""
_NONE_YET: ColumnElement[Any] = literal_column("'[]'::jsonb")
_MOMENT = timedelta(seconds=1)
"""Less than this is no wait."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that led to another one."""

    at: datetime
    reason: str | None
    """Why it did not succeed; None where its process ended without a word."""
    message: str
    """What a remote system said."""
    begun: datetime | None = None
    """None where its process ended without a word, or an older version has not noted it."""

    @property
    def took(self) -> timedelta | None:
        return max(self.at - self.begun, timedelta(0)) if self.begun else None


@dataclass(frozen=True, slots=True)
class Wait:
    """A time in which nobody worked on the sync."""

    since: datetime
    until: datetime

    @property
    def lasted(self) -> timedelta:
        return self.until - self.since


def and_one_more(at: Any, begun: Any = None, reason: Any = None, message: Any = None) -> ColumnElement[Any]:
    """The column `attempts` of a row, with one more at its end; takes values and columns."""
    said = func.jsonb_build_object(
        ENDED_AT, cast(at, DateTime(timezone=True)), BEGUN_AT, cast(begun, DateTime(timezone=True)),
        REASON, cast(reason, Text), MESSAGE, cast(message, Text),
    )  # fmt: skip
    more: ColumnElement[Any] = func.coalesce(t.c.attempts, _NONE_YET).op("||")(said)
    return more


def tried(retry_count: int, ended: int) -> int:
    """How many attempts there were in all, `ended` of them stored before the latest.

    A person who puts a row back begins its `retryCount` anew; older versions have stored no attempts.
    """
    return max(retry_count, ended) + 1


def ended_attempts(stored: Any) -> list[Ended]:
    """What the column tells, the first of them first; what another version wrote is left out."""
    told: list[Ended] = []
    for each in stored if isinstance(stored, list) else []:
        at, begun = moment_of(each, ENDED_AT), moment_of(each, BEGUN_AT)
        if at is not None:
            begun = begun_after(told, begun)
            told.append(Ended(at, text_of(each, REASON), text_of(each, MESSAGE) or "", begun))
    return told


def begun_after(before: Sequence[Ended], begun: datetime | None) -> datetime | None:
    """When the attempt after these began; None for the begin of all, from which older versions counted."""
    return begun if begun and all(each.at - begun < _MOMENT for each in before) else None


def waits(started: datetime, ended: Sequence[Ended], begun: datetime | None) -> list[Wait]:
    """The times between the attempts, where they are known; the latest attempt `begun` then."""
    begins = [*(each.begun for each in ended), begun]
    since = [started, *(each.at for each in ended)]
    known = [Wait(a, b) for a, b in zip(since, begins, strict=True) if b is not None]
    return [wait for wait in known if wait.lasted >= _MOMENT]
