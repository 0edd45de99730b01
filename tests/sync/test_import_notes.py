"""How fast an import goes, and how its progress gets into the database."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from hamgam.db.engine import Database
from hamgam.sync.import_notes import Pace, noting, unless
from hamgam.trail import import_runs
from hamgam.trail.import_runs import Progress, RunRequest

NOW = datetime(2026, 3, 20, 21, 0, tzinfo=UTC)


def test_the_pace_is_that_of_the_last_half_minute() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    assert pace.per_second(0) is None
    seen = []
    for second in range(1, 61):
        now = float(second)
        seen.append(pace.per_second(10 * second if second <= 30 else 300))
    assert seen[:30] == [10.0] * 30
    assert seen[44] == 5.0
    assert seen[-1] == 0.0


async def test_progress_is_noted_at_each_tick_and_a_stop_is_heard(db: Database) -> None:
    run, stop, ticks = uuid4(), asyncio.Event(), asyncio.Queue[None]()
    assert await import_runs.begin(db, RunRequest(id=run), NOW)
    counts = {"total": 9, "created": 1}

    def progress() -> Progress:
        return Progress(counts=dict(counts), reasons={}, per_second=2.0)

    async def noted(created: int) -> None:
        async with asyncio.timeout(20):
            while (found := await import_runs.find(db, run)) is None or found.written != created:
                await asyncio.sleep(0.01)

    async with noting(db, run, progress, stop, lambda: NOW, ticks.get):
        await noted(1)
        counts["created"] = 5
        ticks.put_nowait(None)
        await noted(5)
        found = await import_runs.find(db, run)
        assert found is not None
        assert found.seconds_left == 2.0
        assert not stop.is_set()
        async with db.transaction() as connection:
            assert await import_runs.stop(connection, run, "رضا", NOW)
        ticks.put_nowait(None)
        async with asyncio.timeout(20):
            await stop.wait()


async def test_a_wait_ends_with_what_it_waits_for_or_with_the_stop() -> None:
    stop = asyncio.Event()
    assert await unless(stop, asyncio.sleep(0))
    stop.set()
    assert not await unless(stop, asyncio.Event().wait())
