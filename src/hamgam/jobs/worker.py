"""The worker: Procrastinate's tasks, and the care for jobs that others left behind.

The job engine never retries here. A task catches every failure, settles it in the log and schedules the next
look itself, because a failed job could not go back to waiting while a follow-up for its entity waits.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from hamgam.db.engine import DATABASE_GONE, Database
from hamgam.db.eviction import evict_silent
from hamgam.errors import Reason, SyncError, where
from hamgam.jobs import importing, queue
from hamgam.jobs.bulk import step as bulk_step
from hamgam.jobs.importing import ImportTerms
from hamgam.jobs.runner import resume_held_up, run_notice
from hamgam.sync.site import Site
from hamgam.trail import cursor, deliveries, import_plans, log, names
from hamgam.trail.bulk import next_open
from hamgam.trail.bulk import purge as purge_bulk
from hamgam.trail.bulk_progress import note_ended

logger = structlog.get_logger()

_FETCH_SECONDS = 0.5
"""How soon a freed entity is noticed; new jobs are announced at once."""
_STALLED_SECONDS = 30
_FIRST = 30
"""The priority of the search for what others left: a full queue must not put it off."""
_GRACE_SECONDS = 20
_RESTART_SECONDS = 1
_NOTED_EVERY_SECONDS = 2
"""How late an action on many rows may tell of the syncs that it led to."""
_UP_TO_SETTINGS = (Reason.BAD_CREDENTIALS, Reason.WRONG_ADDRESS, Reason.LOCKED_OUT, Reason.NOT_LICENSED)
"""A worker that starts may have been given others: what waits for a person need not wait any longer."""
_CHORES_AT_ONCE = 2
_IMPORTS_AT_ONCE = 1
_AHEAD = 3
"""Syncs that are being fetched, prepared or stored while the others speak to the remote systems."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a worker does and how often."""

    site: Site
    poll: Callable[[], Awaitable[object]]
    poll_interval_seconds: int
    """0: never."""
    concurrency: int
    retention_days: int
    imports: ImportTerms = field(default_factory=ImportTerms)


class Worker:
    """Runs jobs until it is cancelled; survives a database that goes away and comes back."""

    def __init__(self, database_url: str, work: Work) -> None:
        self._work = work
        self._site = replace(work.site, places=asyncio.Semaphore(work.concurrency))
        self._db: Database = work.site.db
        self.running = False
        self._waiting: set[asyncio.Task[Any]] = set()
        self._stop_import = asyncio.Event()
        connector = PsycopgConnector(
            conninfo=database_url,
            min_size=1,
            max_size=work.concurrency + _AHEAD + _CHORES_AT_ONCE + _IMPORTS_AT_ONCE + 8,
            configure=_without_transactions,
            pool_factory=_unchecked,
        )
        self._app = App(connector=connector)
        self._app.task(name=queue.SYNC_TASK, queue=queue.SYNCS)(self._sync)
        self._app.task(name=queue.POLL_TASK, queue=queue.CHORES)(self._poll)
        self._app.task(name=queue.BULK_TASK, queue=queue.CHORES)(self._bulk)
        self._app.task(name=queue.IMPORT_TASK, queue=queue.IMPORTS)(self._import)
        # A lock would die with its holder only when somebody looks, and this is who looks.
        self._every("* * * * * */10", self._keep, lock=None, priority=_FIRST)
        self._every("0 * * * *", self._report, lock="report")
        self._every("17 3 * * *", self._purge, lock="purge")

    async def run(self) -> None:
        hurried = False
        while True:
            try:
                async with self._app.open_async():
                    await self._keep(0)
                    if not hurried:
                        await queue.hurry(self._db, _UP_TO_SETTINGS)
                        hurried = True
                    await self._serve()
            except (*DATABASE_GONE, ConnectorException) as error:
                logger.warning("worker.database_gone", error=type(error).__name__)
            except Exception as error:
                logger.error("worker.defect", error=type(error).__name__, where=where(error))
            if told_to_stop():
                return
            await asyncio.sleep(_RESTART_SECONDS)

    async def _serve(self) -> None:
        """Syncs and chores side by side: in an outage all places of the syncs are taken by those who wait."""
        serving = [
            asyncio.create_task(self._serve_queue(queue.SYNCS, self._work.concurrency + _AHEAD)),
            asyncio.create_task(self._serve_queue(queue.CHORES, _CHORES_AT_ONCE)),
            asyncio.create_task(self._serve_queue(queue.IMPORTS, _IMPORTS_AT_ONCE)),
        ]
        self.running = True
        try:
            await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.running = False
            self._stop_import.set()
            for task in (*self._waiting, *serving):
                task.cancel()  # who only waits has done nothing yet, and who starts next puts it back
            ended = await asyncio.gather(*serving, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    async def _serve_queue(self, name: str, concurrency: int) -> None:
        await self._app.run_worker_async(
            queues=[name],
            concurrency=concurrency,
            fetch_job_polling_interval=_FETCH_SECONDS,
            shutdown_graceful_timeout=_GRACE_SECONDS,
            stalled_worker_timeout=_STALLED_SECONDS,
            delete_jobs="successful",
            install_signal_handlers=False,
        )

    def _every(
        self, cron: str, task: Callable[[int], Awaitable[None]], *, lock: str | None, priority: int = 0
    ) -> None:
        name = task.__name__.strip("_")
        register = self._app.task(
            name=name, queue=queue.CHORES, queueing_lock=name, lock=lock, priority=priority
        )
        registered = register(_plain(task))
        self._app.periodic(cron=cron)(registered)

    async def _sync(self, **args: Any) -> None:
        notice = queue.notice_of(args)
        if notice is None:
            logger.error("job.unusable")
            return
        await self._systems_up()
        await run_notice(self._site, notice)

    async def _import(self) -> None:
        await self._systems_up()
        self._stop_import = asyncio.Event()  # of this one: a person may set it
        if not self.running:
            self._stop_import.set()
        await importing.carry_out(self._site, self._work.imports, self._stop_import)

    async def _systems_up(self) -> None:
        """Wait out an outage. The job stays `doing`: it is put back when this worker is gone."""
        task = asyncio.current_task()
        assert task is not None
        self._waiting.add(task)
        try:
            await self._site.systems_up()
        finally:
            self._waiting.discard(task)

    async def _poll(self) -> None:
        if not self._work.poll_interval_seconds:
            return
        try:
            await self._work.poll()
        except SyncError as error:
            logger.warning("poll.failed", reason=error.reason)
        finally:
            await self._schedule_poll(self._now() + self._interval())

    async def _bulk(self) -> None:
        again = await bulk_step(self._db, self._work.site.clock)
        if await note_ended(self._db) and again is None:
            again = self._now() + timedelta(seconds=_NOTED_EVERY_SECONDS)
        if again is not None:
            await self._schedule(queue.BULK_TASK, again)

    async def _keep(self, timestamp: int) -> None:
        """Put back what was left behind by the dead, by broken connections and for want of a customer."""
        for job_id in await queue.drop_unusable(self._db):
            logger.warning("job.dropped", job=job_id)
        if evicted := await evict_silent(self._db):
            logger.warning("process.evicted", sessions=evicted)
        stalled = await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_SECONDS)
        for job_id in [job.id for job in stalled if job.id] + await queue.broken_off(self._db):
            if await queue.release(self._db, job_id):
                logger.warning("job.released", job=job_id)
        await importing.look_after(self._db, self._now())
        await resume_held_up(self._db)
        orphans = await queue.without_job(self._db)
        if orphans:
            async with self._db.transaction() as connection:
                await queue.enqueue(connection, orphans)
        await note_ended(self._db)
        if await next_open(self._db) and not await queue.exists(self._db, queue.BULK_TASK):
            await self._schedule(queue.BULK_TASK, None)
        if self._work.poll_interval_seconds and not await queue.exists(self._db, queue.POLL_TASK):
            cursors = await cursor.load(self._db)
            last = max((c.polled_at for c in cursors.values() if c.polled_at), default=None)
            await self._schedule_poll(last + self._interval() if last else self._now())

    async def _report(self, timestamp: int) -> None:
        waited = await queue.oldest_waiting_seconds(self._db)
        logger.info("queue.depth", depth=await queue.depth(self._db), oldest_seconds=round(waited))

    async def _purge(self, timestamp: int) -> None:
        before = self._now() - timedelta(days=self._work.retention_days)
        purged = await log.purge(self._db, before)
        await deliveries.purge(self._db, before)
        await purge_bulk(self._db, before)
        await names.purge(self._db, before)
        await import_plans.purge(self._db, before)
        logger.info("log.purged", rows=purged, before=before.isoformat())

    async def _schedule_poll(self, at: datetime) -> None:
        await self._schedule(queue.POLL_TASK, at)

    async def _schedule(self, task: str, at: datetime | None) -> None:
        async with self._db.transaction() as connection:
            await queue.enqueue_task(connection, task, {}, at)

    def _interval(self) -> timedelta:
        return timedelta(seconds=self._work.poll_interval_seconds)

    def _now(self) -> datetime:
        return self._work.site.clock()


async def _without_transactions(connection: AsyncConnection) -> None:
    """Each step of the job engine is one statement; BEGIN and COMMIT around it would double its cost."""
    await connection.set_autocommit(True)


def _unchecked(*arguments: Any, **options: Any) -> AsyncConnectionPool:
    """A pool that does not ask each connection whether it lives: that is one round trip more for each step.

    One that has died ends the worker's run, which then starts again with new ones.
    """
    return AsyncConnectionPool(*arguments, **{**options, "check": None})


def told_to_stop() -> bool:
    """Whether this task was cancelled, although another error has taken the cancellation's place."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _plain(task: Callable[[int], Awaitable[None]]) -> Callable[[int], Awaitable[None]]:
    """A function of its own, since the job engine sets attributes on what it registers."""

    async def run(timestamp: int) -> None:
        await task(timestamp)

    return run
