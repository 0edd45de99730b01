"""Bulk actions whose worker dies at any moment: they go on, and no row is lost or done twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import sync_log
from hamgam.jobs.acting import put_back
from hamgam.jobs.bulk import COMMIT_ROWS, STEP_COMMITS, step
from hamgam.model import Status
from hamgam.trail.attention import Asked
from hamgam.trail.worklist import Together
from tests.jobs.test_bulk import NOW, add, began, crm_id, jobs, loaded, worked


async def test_dismissing_goes_on_after_a_death_at_any_moment(db: Database, database_url: str) -> None:
    at, alive = 1, False
    while not alive:
        await add(db, at)
        action = await began(db, what=Together.DISMISS, note="x")
        alive = not await died(database_url, at)
        await worked(db)
        done = await loaded(db, action)
        assert (at, done.done, done.failed, done.over) == (at, 1, 0, True)
        at += 1
    assert at > 8


class Killed(BaseException):
    pass


class Mortal(Database):
    """Dies before or after its nth effect on the database."""

    def __init__(self, url: str, dies_at: int) -> None:
        super().__init__(url, pool_size=2)
        self._left = [dies_at]

    def _moment(self) -> None:
        self._left[0] -= 1
        if self._left[0] == 0:
            raise Killed

    async def execute(self, statement: Any, parameters: Any = None) -> Any:
        self._moment()
        done = await super().execute(statement, parameters)
        self._moment()
        return done

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        async with super().transaction() as connection:
            yield connection
            self._moment()
        self._moment()


async def died(url: str, at: int) -> bool:
    mortal = Mortal(url, at)
    try:
        await worked(mortal)
    except Killed:
        return True
    finally:
        await mortal.aclose()
    return False


async def test_it_goes_on_after_a_death_at_any_moment(db: Database, database_url: str) -> None:
    """Three rows each time; the death comes one moment later until there is none."""
    at, alive = 1, False
    while not alive:
        for number in range(3):
            await add(db, 10 * at + number)
        action = await began(db)
        alive = not await died(database_url, at)
        await worked(db)
        done = await loaded(db, action)
        assert (at, done.done, done.failed, done.over) == (at, 3, 0, True)
        assert len(await jobs(db)) == 3 * at
        assert len(set(await jobs(db))) == 3 * at
        at += 1
    assert at > 15


async def test_it_goes_on_between_two_hundreds(db: Database, database_url: str) -> None:
    """More rows than fit in one commit; whenever the death comes, whole hundreds are done or none of one."""
    at, alive = 1, False
    while not alive:
        await db.execute(text('TRUNCATE "SyncLog", "BulkAction", procrastinate_jobs CASCADE'))
        await add_many(db, 2 * COMMIT_ROWS + 30)
        action = await began(db)
        alive = not await died(database_url, at)
        done = (await loaded(db, action)).done
        assert (at, done % COMMIT_ROWS in (0, 30), len(await jobs(db))) == (at, True, done)
        await worked(db)
        assert (await loaded(db, action)).done == len(set(await jobs(db))) == 2 * COMMIT_ROWS + 30
        at += 1
    assert at > 15


async def test_a_step_ends_after_some_commits(db: Database) -> None:
    """So a worker that has to stop does not wait for all of a large action."""
    await add_many(db, (STEP_COMMITS + 1) * COMMIT_ROWS)
    action = await began(db)
    assert await step(db, lambda: NOW) == NOW
    assert (await loaded(db, action)).left == COMMIT_ROWS
    assert await step(db, lambda: NOW) is None


async def add_many(db: Database, rows: int) -> None:
    log_id = await add(db, 0)
    names = [column.name for column in sync_log.c if column.name not in ("id", "facet", "sourceEntityId")]
    listed = ", ".join(f'"{name}"' for name in names)
    copied = f"""INSERT INTO "SyncLog" ("sourceEntityId", {listed}) SELECT n::text, {listed}
        FROM "SyncLog", generate_series(2, :rows) AS n WHERE id = :id"""
    await db.execute(text(copied), {"rows": rows, "id": log_id})


_SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


_ROWS = st.lists(
    st.sampled_from(["fails", "conflicts", "busy", "settled", "retried"]), min_size=1, max_size=7
)


@given(rows=_ROWS, deaths=st.lists(st.integers(1, 40), max_size=4), workers=st.integers(1, 2))
@settings(max_examples=25, deadline=None, suppress_health_check=_SLOW)
def test_no_row_is_lost_and_none_is_put_back_twice(
    database_url: str, rows: list[str], deaths: list[int], workers: int
) -> None:
    """What is not done by the action itself was done by somebody else, or asks for a person as before."""
    asyncio.run(_property(database_url, rows, deaths, workers))


async def _property(url: str, rows: list[str], deaths: list[int], workers: int) -> None:
    db = Database(url)
    try:
        await db.execute(text('TRUNCATE "SyncLog", "BulkAction", "BulkItem", procrastinate_jobs CASCADE'))
        await _play(db, url, rows, deaths, workers)
    finally:
        await db.aclose()


async def _play(db: Database, url: str, rows: list[str], deaths: list[int], workers: int) -> None:
    ids = [
        await add(db, n, status=Status.CONFLICT if kind == "conflicts" else Status.FAILED)
        for n, kind in enumerate(rows)
    ]
    action = await began(db)
    for kind, log_id in zip(rows, ids, strict=True):
        if kind == "settled":
            await db.execute(sync_log.update().where(sync_log.c.id == log_id).values(resolvedAt=NOW))
        if kind == "retried":
            await put_back(db, log_id, Asked("رضا", NOW))
    async with _all_locked(db, [n for n, kind in enumerate(rows) if kind == "busy"]):
        for at in deaths:
            await died(url, at)
        await asyncio.gather(*(worked(db) for _ in range(workers)))
    done, found = await loaded(db, action), await jobs(db)
    assert done.over
    assert done.done + done.failed == done.total == len(rows)
    assert sorted(found) == sorted(
        f"customer:{crm_id(n)}" for n, kind in enumerate(rows) if kind in ("fails", "conflicts", "retried")
    )
    assert done.done == sum(kind in ("fails", "conflicts") for kind in rows)
    still = (await db.execute(sync_log.select().where(sync_log.c.status == Status.FAILED))).all()
    assert {row.id for row in still if row.resolvedAt is None} == {
        log_id for log_id, kind in zip(ids, rows, strict=True) if kind == "busy"
    }


@asynccontextmanager
async def _all_locked(db: Database, numbers: list[int]) -> AsyncIterator[None]:
    if not numbers:
        yield
        return
    async with db.locked(f"customer:{crm_id(numbers[0])}"), _all_locked(db, numbers[1:]):
        yield
