"""What follows a failed attempt: again later, failed for good, or a person's decision. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hamgam.errors import LONGEST_WISH_SECONDS, Conflict, InDoubt, NeedsOperator, SyncError, TryLater
from hamgam.model import Status, System

FIRST_DELAY_SECONDS = 2.0
LONGEST_DELAY_SECONDS = 300.0
LANDING_SECONDS = 15.0
"""How long a save whose answer was lost may still be under way; who looks earlier may miss it."""
OPERATOR_DELAY_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Verdict:
    status: Status
    again_at: datetime | None = None
    """Set when the log row stays open and another attempt is due."""
    counts: bool = False
    """Whether this failure uses up one of the retries."""


def verdict(
    error: SyncError,
    *,
    retries_used: int,
    retries_allowed: int,
    repeatable: bool,
    outage: bool,
    now: datetime,
    random: Callable[[], float],
) -> Verdict:
    """Choose from the branch of the error and the retries used so far.

    `repeatable` says whether the next attempt can find out what a lost write did (a customer can be looked
    up; a finance document cannot). In an `outage` of a remote system nothing counts. `random` is uniform in
    [0, 1).
    """
    if isinstance(error, NeedsOperator):
        return Verdict(Status.PENDING, now + timedelta(seconds=OPERATOR_DELAY_SECONDS))
    if isinstance(error, Conflict):
        return Verdict(Status.CONFLICT)
    if isinstance(error, InDoubt) and not repeatable:
        return Verdict(Status.IN_DOUBT)
    if isinstance(error, TryLater | InDoubt) and (outage or retries_used < retries_allowed):
        wait = _wait(error, retries_used, random)
        return Verdict(Status.PENDING, now + timedelta(seconds=wait), counts=not outage)
    return Verdict(Status.FAILED)


def unusable(error: SyncError) -> System | None:
    """The remote system that could not be reached or refused us as a whole, if that is what happened."""
    return error.system if isinstance(error, TryLater | NeedsOperator) else None


def _wait(error: SyncError, retries_used: int, random: Callable[[], float]) -> float:
    """The server's own wish counts when it is longer than ours, within reason."""
    wish = error.retry_after_seconds if isinstance(error, TryLater) else LANDING_SECONDS
    asked = min(wish or 0.0, LONGEST_WISH_SECONDS)
    return max(_delay(retries_used, random), asked)


def _delay(retries_used: int, random: Callable[[], float]) -> float:
    """Doubling, with jitter over its upper half so that many failures do not return at once."""
    full = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0**retries_used)
    return full * (0.5 + 0.5 * random())
