"""How far an action on many rows is: it tells of the syncs that it led to, and not of the queue alone."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.db.tables import sync_log
from hamgam.jobs.acting import dismiss
from hamgam.model import CrmId, Status
from hamgam.trail import bulk, bulk_progress
from hamgam.trail.bulk_progress import Progress, Stage
from hamgam.trail.worklist import Together
from tests.bench import Bench, bench
from tests.jobs.test_bulk import NOW, add, began, crm_id, worked


async def refused(b: Bench, number: int) -> tuple[CrmId, int]:
    """A customer whose mobile number another contact has, and that contact."""
    mobile = f"0912000000{number}"
    other = b.box.finance.add_contact(Name=f"دیگری {number}", MobileNo=mobile)
    crm_id = b.person(customerNumber=str(9000 + number), mobile=mobile)
    await b.sync(crm_id)
    return crm_id, other


async def sync_all(b: Bench) -> None:
    """Each that is due, once."""
    for job in await b.rows("DELETE FROM procrastinate_jobs WHERE task_name = 'sync' RETURNING lock"):
        await b.sync(job.lock.partition(":")[2])


async def told(db: Database, action: UUID) -> Progress:
    await bulk_progress.note_ended(db)
    return (await bulk_progress.progress(db, [action]))[action]


async def ids_at(db: Database, action: UUID, stage: Stage) -> list[Any]:
    found = await bulk_progress.members(db, action, stage, after=None, limit=99)
    return [(row.crm_id, row.status) for row in found]


async def test_a_retry_counts_when_its_sync_has_ended_and_as_it_has_ended(db: Database) -> None:
    async with bench(db) as b:
        cured, other = await refused(b, 1)
        still, _ = await refused(b, 2)
        gone, _ = await refused(b, 3)
        action = await began(db)
        assert (await told(db, action)).counts == {Stage.ASKED: 3}
        await worked(db)
        queued = await told(db, action)
        assert (queued.counts, queued.ended, queued.under_way) == ({Stage.QUEUED: 3}, 0, 3)
        b.box.finance.edit_contact(other, MobileNo=None)
        b.box.crm.delete(gone)
        await sync_all(b)
        assert (await told(db, action)).under_way == 1  # what the CRM has not is looked at once more
        await b.rows("DELETE FROM procrastinate_jobs RETURNING 1")
        over = await told(db, action)
        assert over.counts == {Stage.SUCCESS: 1, Stage.SKIPPED: 1, Stage.FAILED: 1}
        assert (over.ended, over.under_way) == (3, 0)
        assert await ids_at(db, action, Stage.SUCCESS) == [(cured, "SUCCESS")]
        assert await ids_at(db, action, Stage.FAILED) == [(still, "FAILED")]


async def test_a_conflict_that_was_put_back_counts_by_the_next_sync_of_its_record(db: Database) -> None:
    async with bench(db) as b:
        codes = [b.box.finance.add_contact(Name=f"سارا {n}", NationalCode="0012345679") for n in (1, 2)]
        crm_id = b.person(nationalCode="0012345679")
        await b.sync(crm_id)
        action = await began(db)
        await worked(db)
        assert (await told(db, action)).counts == {Stage.QUEUED: 1}
        b.box.finance.edit_contact(codes[1], NationalCode=None)
        await sync_all(b)
        assert (await told(db, action)).counts == {Stage.SUCCESS: 1}
        [row] = await bulk_progress.members(db, action, Stage.SUCCESS, after=None, limit=9)
        assert row.sync_id != row.log_id
        assert (row.name, row.crm_id) == ("سارا محمدی", crm_id)


async def test_what_was_dismissed_left_alone_or_stopped_is_told_apart(db: Database) -> None:
    ids = [await add(db, number) for number in range(3)]
    action = await began(db, what=Together.DISMISS, note="x")
    await dismiss(db, ids[0], "", by="رضا", now=NOW)
    await worked(db)
    assert (await told(db, action)).counts == {Stage.DISMISSED: 2, Stage.LEFT_ALONE: 1}
    await add(db, 9)
    action = await began(db)
    async with db.transaction() as connection:
        await bulk.cancel(connection, action, "رضا", NOW)
    stopped = await told(db, action)
    assert (stopped.counts, stopped.under_way) == ({Stage.NOT_DONE: 1}, 0)


async def test_the_rows_of_a_stage_come_page_by_page(db: Database) -> None:
    for number in range(5):
        await add(db, number)
    action = await began(db)
    first = await bulk_progress.members(db, action, Stage.ASKED, after=None, limit=3)
    rest = await bulk_progress.members(db, action, Stage.ASKED, after=first[-1].log_id, limit=3)
    assert (len(first), len(rest)) == (3, 2)
    assert len({row.log_id for row in first + rest}) == 5


async def test_a_sync_that_runs_is_told_from_one_that_waits(db: Database) -> None:
    ids = [await add(db, number) for number in range(3)]
    action = await began(db)
    await worked(db)
    running = {"status": Status.IN_PROGRESS, "transactionId": uuid4()}
    await db.execute(sync_log.update().where(sync_log.c.id == ids[1]).values(running))
    assert (await told(db, action)).counts == {Stage.QUEUED: 2, Stage.RUNNING: 1}
    assert await ids_at(db, action, Stage.RUNNING) == [(crm_id(1), "IN_PROGRESS")]
    assert {status for _, status in await ids_at(db, action, Stage.QUEUED)} == {"PENDING"}


async def test_how_a_retry_has_ended_stays_what_a_later_attempt_finds(db: Database) -> None:
    """That is another retry, and counts where it was asked for."""
    log_id = await add(db, 1)
    first = await began(db)
    await worked(db)
    await ended(db, log_id, Status.FAILED)
    assert (await told(db, first)).counts == {Stage.FAILED: 1}
    second = await began(db)
    await worked(db)
    await ended(db, log_id, Status.SUCCESS)
    assert (await told(db, second)).counts == {Stage.SUCCESS: 1}
    assert (await told(db, first)).counts == {Stage.FAILED: 1}


async def test_nothing_is_noted_while_a_record_has_a_job(db: Database) -> None:
    log_id = await add(db, 1)
    assert not await bulk_progress.note_ended(db)
    action = await began(db)
    await worked(db)
    assert await bulk_progress.note_ended(db)
    await ended(db, log_id, Status.SUCCESS, drop_job=False)
    assert (await told(db, action)).counts == {Stage.QUEUED: 1}
    await ended(db, log_id, Status.SUCCESS)
    assert not await bulk_progress.note_ended(db)
    assert (await told(db, action)).counts == {Stage.SUCCESS: 1}


async def test_a_retry_that_no_sync_has_come_of_is_not_looked_for_for_ever(db: Database) -> None:
    await add(db, 1, status=Status.CONFLICT)
    action = await began(db)
    await worked(db)
    await db.execute(text("DELETE FROM procrastinate_jobs"))
    assert (await told(db, action)).counts == {Stage.LEFT_ALONE: 1}


async def test_rows_and_jobs_are_not_compared_each_with_each(db: Database) -> None:
    """Not even where the planner takes those under way for a few, and a loop for the best way."""
    many = 200
    for number in range(many):
        await add(db, number)
    await began(db)
    await worked(db)
    await db.execute(text("UPDATE procrastinate_jobs SET lock = 'x' || id, queueing_lock = 'x' || id"))
    async with db.locked("counted") as one:
        assert one is not None
        async with one.transaction():
            await one.execute(text("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"))
            assert not await bulk_progress.note_ended(one)
            assert (await one.execute(text(_READ))).scalar_one() < 50 * many


async def test_a_job_that_has_failed_is_to_come_until_it_is_put_back(db: Database) -> None:
    log_id = await add(db, 1)
    action = await began(db)
    await worked(db)
    await ended(db, log_id, Status.SUCCESS, drop_job=False)
    await db.execute(text("UPDATE procrastinate_jobs SET status = 'failed' WHERE task_name = 'sync'"))
    await db.execute(
        text("INSERT INTO procrastinate_jobs (task_name, queue_name, status) VALUES ('x', 'x', 'failed')")
    )
    assert await bulk_progress.note_ended(db)
    assert (await told(db, action)).counts == {Stage.QUEUED: 1}
    await ended(db, log_id, Status.SUCCESS)
    assert (await told(db, action)).counts == {Stage.SUCCESS: 1}


_READ = """
SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables
WHERE relname IN ('BulkItem', 'procrastinate_jobs')
"""


async def ended(db: Database, log_id: UUID, status: Status, *, drop_job: bool = True) -> None:
    values = {"status": status, "transactionId": uuid4(), "completedAt": NOW}
    await db.execute(sync_log.update().where(sync_log.c.id == log_id).values(values))
    if drop_job:
        await db.execute(text("DELETE FROM procrastinate_jobs WHERE task_name = 'sync'"))
