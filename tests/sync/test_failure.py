"""What follows a failure: a table of every branch, and what holds for every delay."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamgam.errors import (
    LONGEST_WISH_SECONDS,
    Conflict,
    InDoubt,
    NeedsOperator,
    Reason,
    Refused,
    SyncError,
    TryLater,
)
from hamgam.model import Status
from hamgam.sync.failure import (
    FIRST_DELAY_SECONDS,
    LONGEST_DELAY_SECONDS,
    OPERATOR_DELAY_SECONDS,
    Verdict,
    verdict,
)
from hamgam.trail.log import TakenOver

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)

LATER = TryLater(Reason.TIMEOUT)
REFUSED = Refused(Reason.BUSINESS_ERROR)
CONFLICT = Conflict(Reason.AMBIGUOUS_MATCH)
DOUBT = InDoubt(Reason.ANSWER_LOST)
OPERATOR = NeedsOperator(Reason.BAD_CREDENTIALS)
ERRORS = (LATER, REFUSED, CONFLICT, DOUBT, OPERATOR, TakenOver())

errors = st.sampled_from(ERRORS)
wishes = st.none() | st.floats(min_value=-10, max_value=1e9)
chances = st.floats(min_value=0, max_value=1, exclude_max=True)
retries = st.integers(min_value=0, max_value=100)


def judge(
    error: SyncError,
    *,
    used: int = 0,
    allowed: int = 3,
    repeatable: bool = True,
    outage: bool = False,
    chance: float = 0.0,
) -> Verdict:
    return verdict(
        error,
        retries_used=used,
        retries_allowed=allowed,
        repeatable=repeatable,
        outage=outage,
        now=NOW,
        random=lambda: chance,
    )


def seconds(outcome: Verdict) -> float:
    assert outcome.again_at is not None
    return (outcome.again_at - NOW).total_seconds()


@pytest.mark.parametrize(
    ("error", "used", "repeatable", "status"),
    [
        (LATER, 0, True, Status.PENDING),
        (LATER, 2, True, Status.PENDING),
        (LATER, 3, True, Status.FAILED),
        (LATER, 0, False, Status.PENDING),
        (LATER, 3, False, Status.FAILED),
        (DOUBT, 0, True, Status.PENDING),
        (DOUBT, 3, True, Status.FAILED),
        (DOUBT, 0, False, Status.IN_DOUBT),
        (DOUBT, 3, False, Status.IN_DOUBT),
        (REFUSED, 0, True, Status.FAILED),
        (REFUSED, 0, False, Status.FAILED),
        (CONFLICT, 0, True, Status.CONFLICT),
        (CONFLICT, 3, False, Status.CONFLICT),
        (OPERATOR, 0, True, Status.PENDING),
        (OPERATOR, 99, False, Status.PENDING),
    ],
)
def test_each_branch(error: SyncError, used: int, repeatable: bool, status: Status) -> None:
    assert judge(error, used=used, repeatable=repeatable).status is status


@given(errors, st.integers(0, 9), st.integers(0, 9), st.booleans(), chances)
def test_what_waits_has_a_time_and_what_has_ended_has_none(
    error: SyncError, used: int, allowed: int, repeatable: bool, chance: float
) -> None:
    outcome = judge(error, used=used, allowed=allowed, repeatable=repeatable, chance=chance)
    assert (outcome.status is Status.PENDING) == (outcome.again_at is not None)
    if outcome.again_at is None:
        assert not outcome.counts
    else:
        assert seconds(outcome) >= FIRST_DELAY_SECONDS / 2


@given(st.sampled_from([LATER, DOUBT]), st.integers(0, 9), st.integers(0, 9))
def test_a_failure_that_may_pass_ends_after_its_retries(error: SyncError, used: int, allowed: int) -> None:
    outcome = judge(error, used=used, allowed=allowed)
    assert outcome.counts is (used < allowed)
    assert (outcome.status is Status.FAILED) == (used >= allowed)


@given(st.sampled_from([LATER, DOUBT]), retries, retries, chances)
def test_an_outage_uses_up_no_retry_however_long_it_lasts(
    error: SyncError, used: int, allowed: int, chance: float
) -> None:
    outcome = judge(error, used=used, allowed=allowed, outage=True, chance=chance)
    assert (outcome.status, outcome.counts) == (Status.PENDING, False)
    assert seconds(outcome) <= LONGEST_DELAY_SECONDS


@given(st.sampled_from([REFUSED, CONFLICT, OPERATOR]), retries)
def test_an_outage_changes_nothing_for_what_is_not_its_doing(error: SyncError, used: int) -> None:
    assert judge(error, used=used, outage=True) == judge(error, used=used)


def test_a_document_whose_answer_was_lost_in_an_outage_is_in_doubt_all_the_same() -> None:
    assert judge(DOUBT, repeatable=False, outage=True) == Verdict(Status.IN_DOUBT)


@given(retries, retries, st.booleans())
def test_waiting_for_an_operator_uses_up_no_retry(used: int, allowed: int, repeatable: bool) -> None:
    outcome = judge(OPERATOR, used=used, allowed=allowed, repeatable=repeatable)
    assert outcome == Verdict(Status.PENDING, NOW + timedelta(seconds=OPERATOR_DELAY_SECONDS))
    assert not outcome.counts


@given(retries, chances)
def test_a_delay_doubles_up_to_the_longest_with_jitter_in_its_upper_half(used: int, chance: float) -> None:
    full = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** min(used, 20))
    waited = seconds(judge(LATER, used=used, allowed=used + 1, chance=chance))
    assert full / 2 - 0.001 <= waited <= full + 0.001


@given(retries, chances, wishes)
def test_the_wish_of_the_server_is_honoured_within_reason(
    used: int, chance: float, wish: float | None
) -> None:
    ours = seconds(judge(LATER, used=used, allowed=used + 1, chance=chance))
    error = TryLater(Reason.RATE_LIMITED, retry_after_seconds=wish)
    waited = seconds(judge(error, used=used, allowed=used + 1, chance=chance))
    assert waited >= ours
    assert waited <= max(ours, LONGEST_WISH_SECONDS) + 0.001
    if wish is not None and ours <= wish <= LONGEST_WISH_SECONDS:
        assert waited == pytest.approx(wish, abs=0.001)


def test_many_failures_do_not_return_at_once() -> None:
    assert len({seconds(judge(LATER, chance=n / 100)) for n in range(100)}) == 100
