"""Syncs over time, how long one takes, and how long none is usual."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import insert

from hamgam.db.engine import Database
from hamgam.db.tables import sync_log
from hamgam.model import Status
from hamgam.trail import pulse

NOW = datetime(2026, 3, 20, 21, 0, 30, tzinfo=UTC)


async def add(db: Database, ago: timedelta, status: str = "SUCCESS", ms: int = 100, **values: Any) -> None:
    row = {
        "transactionId": uuid4(),
        "entityType": "CUSTOMER",
        "sourceEntity": "customer",
        "direction": "CRM_TO_FINANCE",
        "operation": "UPDATE",
        "status": status,
        "triggerType": "WEBHOOK",
        "sourceEntityId": str(uuid4()),
        "startedAt": NOW - ago,
        "durationMs": ms,
    }
    await db.execute(insert(sync_log).values(row | values))


async def test_each_sync_is_counted_in_the_span_in_which_it_began(db: Database) -> None:
    for seconds in (0, 30, 31, 90, 151, 3600):
        await add(db, timedelta(seconds=seconds))
    await add(db, timedelta(seconds=40), "FAILED")
    await add(db, timedelta(seconds=-45))
    await add(db, timedelta(seconds=1), "OF_A_NEWER_PROGRAM")
    found = await pulse.outcomes(db, NOW, spans=3, span_seconds=60)
    assert [f"{begin:%H:%M:%S}" for begin in found.begins] == ["20:58:00", "20:59:00", "21:00:00"]
    assert found.counts[Status.SUCCESS] == [0, 2, 2]
    assert found.counts[Status.FAILED] == [0, 1, 0]
    assert (found.total(Status.SUCCESS), found.total(Status.CONFLICT)) == (4, 0)


async def test_what_needed_more_than_one_attempt_is_counted_beside_how_it_stands_now(db: Database) -> None:
    tried = [{"endedAt": NOW.isoformat(), "reason": "SERVER_ERROR"}]
    await add(db, timedelta(seconds=31), attempts=tried)
    await add(db, timedelta(seconds=31), "PENDING", attempts=tried)
    await add(db, timedelta(seconds=31))
    await add(db, timedelta(hours=1), attempts=tried)
    found = await pulse.outcomes(db, NOW, spans=3, span_seconds=60)
    assert (found.total(Status.SUCCESS), found.total(Status.FAILED), found.retried) == (2, 0, 2)


async def test_the_time_of_a_sync_is_that_of_the_latest_ones(db: Database) -> None:
    assert await pulse.durations(db) is None
    for number in range(1, 101):
        await add(db, timedelta(minutes=number), ms=number * 10)
    await add(db, timedelta(0), "SKIPPED", ms=1)
    found = await pulse.durations(db)
    assert found is not None
    assert (round(found.p50), round(found.p95)) == (505, 950)


async def test_the_longest_quiet_is_between_changes_of_the_crm(db: Database) -> None:
    for number in range(20):
        await add(db, timedelta(hours=2 + number + (9 if number > 10 else 0)))
    assert await pulse.quiet(db) == pulse.Quiet(NOW - timedelta(hours=2), timedelta(hours=10))
    await add(db, timedelta(0), direction="FINANCE_TO_CRM")
    await add(db, timedelta(0), "SKIPPED")
    assert await pulse.quiet(db) == pulse.Quiet(NOW - timedelta(hours=2), timedelta(hours=10))


async def test_a_few_syncs_do_not_tell_what_is_usual(db: Database) -> None:
    for number in range(19):
        await add(db, timedelta(hours=number))
    assert await pulse.quiet(db) is None
