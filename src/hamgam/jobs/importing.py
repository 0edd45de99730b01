"""Imports that a person asks for: a worker carries them out, another goes on when it dies.

There is one job for whatever run is open, so it carries no run: the row says which one that is.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import IntegrityError

from hamgam.db.engine import DATABASE_GONE, Database
from hamgam.errors import Reason, SyncError, where
from hamgam.jobs import queue
from hamgam.sync.initial_import import (
    FINISHED_BEFORE,
    LOCK,
    RUNS_ALREADY,
    ImportOptions,
    NotNow,
    Watcher,
    every_second,
    finished_before,
    initial_import,
)
from hamgam.sync.site import Site
from hamgam.trail import import_runs
from hamgam.trail.import_runs import Run, RunRequest, RunState

logger = structlog.get_logger()

UNKNOWN, NOT_OPEN, NOT_AT_REST = "UNKNOWN", "NOT_OPEN", "NOT_AT_REST"
_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportTerms:
    """What the installation's settings say about imports."""

    max_change_percent: int = 30
    concurrency: int = 8


async def start(db: Database, request: RunRequest, now: datetime) -> Run:
    """Ask for a run. Raises `NotNow` when another is open, or one has finished and this is not `again`.

    To ask for the same run twice is to ask once.
    """
    finished = await import_runs.finished_at(db)
    if finished is not None and not (request.again or request.dry_run):
        raise NotNow(FINISHED_BEFORE, finished_before(finished))
    await look_after(db, now)
    async with db.transaction() as connection:
        if await import_runs.ask(connection, request, now):
            await queue.enqueue_task(connection, queue.IMPORT_TASK, {}, None)
            logger.info("import.asked", run=str(request.id), by=request.started_by)
    run = await import_runs.find(db, request.id)
    if run is None:
        raise NotNow(RUNS_ALREADY, "an import is running or waits for a worker")
    return run


async def stop(db: Database, run_id: UUID, by: str, now: datetime) -> Run:
    """Ask a run to stop. To ask twice is to ask once. Raises `NotNow` when it is not open.

    One whose process has died has stopped with that.
    """
    async with db.transaction() as connection:
        if await import_runs.stop(connection, run_id, by, now):
            logger.info("import.stop_asked", run=str(run_id), by=by)
    await look_after(db, now)
    run = await _found(db, run_id)
    if not run.is_open and run.stopped_by is None:
        raise NotNow(NOT_OPEN, "this import has ended")
    return run


async def resume(db: Database, run_id: UUID, by: str, now: datetime) -> Run:
    """Let a run that was stopped or could not go on wait for a worker again. Raises `NotNow`."""
    await look_after(db, now)
    try:
        async with db.transaction() as connection:
            going = await import_runs.resume(connection, run_id, by)
            if going:
                await queue.enqueue_task(connection, queue.IMPORT_TASK, {}, None)
                logger.info("import.resumed", run=str(run_id), by=by)
    except IntegrityError:
        raise NotNow(RUNS_ALREADY, "an import is running or waits for a worker") from None
    run = await _found(db, run_id)
    if not run.is_open:
        raise NotNow(NOT_AT_REST, "only an import that was stopped or broke off can go on")
    return run


async def _found(db: Database, run_id: UUID) -> Run:
    run = await import_runs.find(db, run_id)
    if run is None:
        raise NotNow(UNKNOWN, "there is no such import")
    return run


async def look_after(db: Database, now: datetime) -> None:
    """See to the open run: its job may have been lost, or it was a command's and its process has died."""
    run = await import_runs.open_run(db)
    if run is None:
        return
    if run.queued:
        if not await queue.exists(db, queue.IMPORT_TASK):
            await _enqueue(db)
        return
    async with db.locked(LOCK) as held:
        if held is not None:
            async with held.transaction() as connection:
                await import_runs.close_dead(connection, now)


async def _enqueue(db: Database) -> None:
    async with db.transaction() as connection:
        await queue.enqueue_task(connection, queue.IMPORT_TASK, {}, None)


async def carry_out(site: Site, terms: ImportTerms, stop: asyncio.Event) -> None:
    """Carry out the run that waits or was left behind. Once `stop` is set, another worker goes on with it."""
    while (run := await import_runs.open_run(site.db)) and run.queued and not stop.is_set():
        if await _attempt(site, run, terms, stop):
            break
        await site.sleep(_AGAIN_SECONDS)
    if stop.is_set() and (run := await import_runs.open_run(site.db)) and run.queued:
        await _enqueue(site.db)


async def _attempt(site: Site, run: Run, terms: ImportTerms, stop: asyncio.Event) -> bool:
    """False: somebody else holds the import; the one before may still be dying."""
    options = ImportOptions(
        dry_run=run.request.dry_run,
        limit=run.request.limit,
        again=run.request.again,
        force=run.request.force,
        max_change_percent=terms.max_change_percent,
        concurrency=terms.concurrency,
    )
    watcher = Watcher(planned=_unheard, ended=_unheard, stop=stop, tick=every_second)
    try:
        result = await initial_import(site, options, watcher, run_id=run.id)
    except NotNow as error:
        if error.code == RUNS_ALREADY:
            return False
        await import_runs.end(site.db, run.id, RunState.FAILED, None, site.clock(), trouble=error.code)
    except SyncError as error:
        logger.warning("import.failed", run=str(run.id), reason=error.reason)
    except Exception as error:
        if _database_gone(error):
            raise
        await _defect(site, run, error)
    else:
        logger.info("import.ended", run=str(run.id), stopped=result.stopped, **result.outcomes)
    return True


def _unheard(_: object) -> None:
    """What is worth telling is noted in the database."""


def _database_gone(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(DATABASE_GONE) is not None
    return isinstance(error, DATABASE_GONE)


async def _defect(site: Site, run: Run, error: Exception) -> None:
    inner = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
    logger.error("import.defect", run=str(run.id), error=type(inner).__name__, where=where(inner))
    await import_runs.end(
        site.db,
        run.id,
        RunState.FAILED,
        None,
        site.clock(),
        trouble=Reason.INTERNAL,
        detail=type(inner).__name__,
    )
