"""What came of each attempt stays in the row, also when a later one goes well."""

from dataclasses import replace
from datetime import timedelta

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import Status
from hamgam.trail import attention, log
from hamgam.trail.attempts import Ended, Wait, begun_after, ended_attempts, waits

from .test_log import AT, FAILED, SUCCESS, begin, end, row

SAID = "finance says no"
LATER = AT + timedelta(seconds=9)
REFUSED = replace(FAILED, message=SAID)


async def told(db: Database, attempt: log.Attempt) -> list[Ended]:
    return ended_attempts((await row(db, attempt.log_id)).attempts)


async def test_a_sync_that_goes_well_at_once_had_no_attempts_before(db: Database) -> None:
    attempt = await begin(db)
    await end(db, attempt, SUCCESS)
    assert (await row(db, attempt.log_id)).attempts is None


async def test_an_attempt_that_is_tried_again_is_told_with_its_reason_and_its_time(db: Database) -> None:
    attempt = await begin(db)
    await log.postpone(db, attempt, REFUSED, LATER, counts=True)
    await end(db, await begin(db), SUCCESS)
    assert await told(db, attempt) == [Ended(LATER, "BUSINESS_ERROR", SAID, AT)]


async def test_a_wait_for_a_system_that_is_down_is_no_attempt(db: Database) -> None:
    attempt = await begin(db)
    await log.postpone(db, attempt, REFUSED, LATER, counts=False)
    assert await told(db, attempt) == []


async def test_an_attempt_whose_process_ended_is_told_without_a_reason(db: Database) -> None:
    attempt = await begin(db)
    await begin(db)
    assert await told(db, attempt) == [Ended(AT, None, "")]


async def test_a_failure_that_a_person_puts_back_stays_told_when_the_retry_goes_well(db: Database) -> None:
    attempt = await begin(db)
    await log.postpone(db, attempt, REFUSED, AT, counts=True)
    again = await begin(db, at=AT + timedelta(seconds=5))
    await end(db, again, REFUSED, LATER)
    async with db.transaction() as connection:
        assert await attention.put_back(connection, {attempt.log_id: None})
    await end(db, await begin(db), SUCCESS)
    stored = await row(db, attempt.log_id)
    assert (stored.status, stored.errorMessage) == (Status.SUCCESS, None)
    assert await told(db, attempt) == [
        Ended(AT, Reason.BUSINESS_ERROR, SAID, AT),
        Ended(LATER, Reason.BUSINESS_ERROR, SAID, AT + timedelta(seconds=5)),
    ]


async def test_what_was_said_goes_when_the_row_is_old(db: Database) -> None:
    attempt = await begin(db)
    await log.postpone(db, attempt, REFUSED, AT, counts=True)
    await end(db, await begin(db), SUCCESS)
    assert await log.purge(db, AT + timedelta(days=1)) == 1
    assert await told(db, attempt) == []


def test_what_another_version_stored_is_left_out() -> None:
    odd = [None, "x", {}, {"endedAt": "soon"}, {"endedAt": "2026-01-05T08:00:00"}, {"endedAt": str(AT)}]
    assert ended_attempts(odd) == [Ended(AT, None, "")]
    assert ended_attempts({"a": 1}) == []


def test_the_waits_between_attempts_are_told() -> None:
    first = Ended(LATER, "SERVER_ERROR", "", begun=AT)
    again = LATER + timedelta(seconds=10)
    second = Ended(again + timedelta(seconds=30), None, "", begun=again)
    latest = second.at + timedelta(minutes=2)
    assert waits(AT, [first, second], latest) == [Wait(LATER, again), Wait(second.at, latest)]
    assert [first.took, second.took] == [timedelta(seconds=9), timedelta(seconds=30)]


def test_what_is_no_wait_and_what_is_not_known_is_not_told() -> None:
    unknown = Ended(LATER, "SERVER_ERROR", "")
    assert waits(AT, [], AT + timedelta(milliseconds=999)) == []
    assert waits(AT, [unknown], None) == []
    assert unknown.took is None


def test_a_begin_of_which_an_older_version_counted_the_waits_is_not_believed() -> None:
    stored = {"endedAt": str(LATER), "begunAt": str(AT)}
    [first, second] = ended_attempts([stored, stored | {"endedAt": str(LATER + timedelta(hours=1))}])
    assert (first.begun, second.begun) == (AT, None)
    assert begun_after([first], AT) is None
    assert begun_after([first], LATER - timedelta(milliseconds=1)) is not None, "durations are rounded"
