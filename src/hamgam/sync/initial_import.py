"""The one-time import, finance to CRM: read both sides once, then create or link what is missing.

    finance -> spool -> plan each contact -> note the intents -> create in parallel -> store in groups

Every stage hands on to the next through a bounded queue, so memory does not grow with the number of contacts.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.errors import Reason, SyncError, UsageError
from hamgam.model import Fields, FinanceId, Operation
from hamgam.sync.beginning import remember_where_polling_starts
from hamgam.sync.import_known import known_now
from hamgam.sync.import_lines import Line, ended_before, kept_contact, line_of, would_be
from hamgam.sync.import_notes import Pace, noting
from hamgam.sync.import_pipeline import Pipeline
from hamgam.sync.import_plan import Known, Planned, plan
from hamgam.sync.import_retry import repeated
from hamgam.sync.site import Site
from hamgam.sync.spool import Spool
from hamgam.sync.suspicion import too_many
from hamgam.systems.lease import Lease, holding
from hamgam.trail import import_plans, import_runs, imports
from hamgam.trail.import_plans import PlannedContact
from hamgam.trail.import_runs import Progress, RunRequest, RunState

T = TypeVar("T")

LOCK = "initial import"
"""Whoever holds it is the one process that imports."""
_STEP = 100
_GROUP = 500
"""Contacts of a plan that are stored at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    dry_run: bool = False
    limit: int | None = None
    """How many contacts to create or link at most."""
    again: bool = False
    max_change_percent: int = 30
    force: bool = False
    """Go on although suspiciously many customers would be created."""
    concurrency: int = 8


@dataclass(slots=True, kw_only=True)
class ImportResult:
    dry_run: bool
    total: int = 0
    """Contacts in finance; 0 as well while they are not counted yet."""
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    stopped: bool = False
    """It was asked to stop."""
    stopped_by: SyncError | None = None
    """Why the run broke off before its end; it goes on from there when it is started again."""

    def add(self, watcher: "Watcher", line: Line) -> None:
        self.outcomes[line.outcome] += 1
        if line.reason is not None:
            self.reasons[line.reason] += 1
        watcher.ended(line)

    @property
    def complete(self) -> bool:
        """Every contact was looked at and none failed."""
        return not self.outcomes["failed"] and self.stopped_by is None and not self.stopped and self.all_seen

    @property
    def all_seen(self) -> bool:
        return self.outcomes.total() == self.total


@dataclass(frozen=True, slots=True)
class Watcher:
    """Is told how a run goes on, and tells it to stop."""

    planned: Callable[[int], None]
    """How many contacts finance holds."""
    ended: Callable[[Line], None]
    waits: Callable[[Reason | None], None] = lambda reason: None
    """Why the run waits for the CRM to come back; None: it goes on."""
    began: Callable[[], object] = lambda: None
    """Nothing stands against the run, and it begins to read."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Once it is set, the run ends after what is in flight."""
    tick: Callable[[], Awaitable[object]] | None = None
    """The time between two notes of the progress in the database; None: only the end is noted."""


async def every_second() -> None:
    """The `tick` of those who let people follow a run."""
    await asyncio.sleep(1)


class NotNow(UsageError):
    """The run may not begin, or not go on. `code` is stable."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


RUNS_ALREADY, FINISHED_BEFORE, TOO_MANY_NEW = "RUNS_ALREADY", "FINISHED_BEFORE", "TOO_MANY_NEW"


class _Stopped(Exception):
    """The run was told to stop before it began to write."""


async def initial_import(
    site: Site, options: ImportOptions, watcher: Watcher, *, run_id: UUID | None = None
) -> ImportResult:
    """Run the import, or go on with the run `run_id`, which came out of the queue.

    Raises `NotNow` when one has finished or is running, or would create suspiciously many; `SyncError` when a
    side cannot be read. A run that broke off while writing says so in its result.
    """
    async with site.db.locked(LOCK) as held:
        if not held:
            raise NotNow(RUNS_ALREADY, "initial-import: another import is running")
        finished = await import_runs.finished_at(site.db)
        if finished is not None and not (options.again or options.dry_run):
            raise NotNow(FINISHED_BEFORE, finished_before(finished))
        run = _Run(site, options, watcher, run_id, repeated=finished is not None)
        await run.begin()
        watcher.began()
        with holding(Lease(lambda: _still_ours(held), site.monotonic)):
            return await run.carried_out()


def finished_before(at: datetime) -> str:
    return (
        f"initial-import: an import has finished at {at:%Y-%m-%d %H:%M} UTC; "
        "use --again to link and add what is new"
    )


async def _still_ours(held: Database) -> None:
    """The lock is there as long as the connection is: one that broke does not come back."""
    await held.execute(text("SELECT 1"))


class _Run:
    """One run, from the row that tells of it to its result."""

    def __init__(
        self, site: Site, options: ImportOptions, watcher: Watcher, run_id: UUID | None, *, repeated: bool
    ) -> None:
        self._site = site
        self._options = options
        self._watcher = watcher
        self._id: UUID = run_id or site.new_transaction()
        self._queued = run_id is not None
        self._repeated = repeated
        self._result = ImportResult(dry_run=options.dry_run)
        self._waits_for: Reason | None = None
        self._pace = Pace(site.monotonic)

    async def begin(self) -> None:
        options = self._options
        request = RunRequest(
            id=self._id,
            dry_run=options.dry_run,
            limit=options.limit,
            again=options.again,
            force=options.force,
        )
        if not await import_runs.begin(self._site.db, request, self._site.clock()):
            raise NotNow(RUNS_ALREADY, "initial-import: another import waits for a worker; see /import")
        await imports.try_failures_again(self._site.db, self._id)

    async def carried_out(self) -> ImportResult:
        try:
            async with self._noting():
                await self._import()
        except _Stopped:
            pass
        except SyncError as error:
            await self._end(RunState.FAILED, trouble=error.reason, detail=error.detail)
            raise
        except NotNow as error:
            await self._end(RunState.FAILED, trouble=error.code)
            raise
        except asyncio.CancelledError:
            if not self._queued:  # with the others any worker goes on
                await self._end(RunState.STOPPED, trouble=import_runs.DIED)
            raise
        result = self._result
        result.stopped = self._watcher.stop.is_set() and not (result.total and result.all_seen)
        await self._ended()
        return self._result

    async def _ended(self) -> None:
        """Note how it ended. A run that stops and was not asked to by a person goes on elsewhere."""
        result, trouble = self._result, self._result.stopped_by
        if trouble is not None:
            await self._end(RunState.FAILED, trouble=trouble.reason, detail=trouble.detail)
        elif not result.stopped:
            await self._end(RunState.DONE)
        elif not await import_runs.put_back(self._site.db, self._id, self._progress()):
            await self._end(RunState.STOPPED)

    async def _end(self, state: RunState, *, trouble: str | None = None, detail: str = "") -> None:
        writes = not self._options.dry_run and self._options.limit is None
        await import_runs.end(
            self._site.db,
            self._id,
            state,
            self._progress(),
            self._site.clock(),
            finished=state is RunState.DONE and writes and self._result.complete,
            trouble=trouble,
            detail=detail,
        )

    @asynccontextmanager
    async def _noting(self) -> AsyncIterator[None]:
        if self._watcher.tick is None:
            yield
            return
        site, watcher = self._site, self._watcher
        async with noting(site.db, self._id, self._progress, watcher.stop, site.clock, self._watcher.tick):
            yield

    def _progress(self) -> Progress:
        result = self._result
        counts = dict(result.outcomes) | ({"total": result.total} if result.total else {})
        return Progress(
            counts=counts,
            reasons=dict(result.reasons),
            per_second=self._pace.per_second(result.outcomes.total()),
            waits_for=self._waits_for,
        )

    async def _import(self) -> None:
        site, options = self._site, self._options
        if not options.dry_run:
            await self._patiently(lambda: remember_where_polling_starts(site))
        with tempfile.TemporaryFile() as file:
            spool = Spool(file)
            self._result.total = await self._read(spool)
            self._watcher.planned(self._result.total)
            known = await self._patiently(lambda: known_now(site))
            if self._repeated and not (options.force or options.dry_run):
                await self._stop_if_suspicious(self._plans(spool, replace(known, taken=set(known.taken))))
            plans = self._plans(spool, known)
            if options.dry_run:
                await self._show(plans)
            else:
                await self._write(plans, known.unfinished)

    async def _patiently(self, read: Callable[[], Awaitable[T]]) -> T:
        async def unless_stopped() -> T:
            self._go_on()
            return await read()

        return await repeated(self._site, self._watcher.stop, unless_stopped)

    async def _read(self, spool: Spool) -> int:
        """Read finance's contacts; answers how many. What an earlier part of this run has ended, counts."""
        done = {} if self._options.dry_run else await imports.ended_in(self._site.db, self._id)
        seen = await self._patiently(lambda: self._spooled(spool, done))
        for code in done.keys() & seen:
            self._result.add(self._watcher, ended_before(code, done[code]))
        return len(seen)

    async def _spooled(self, spool: Spool, done: Container[FinanceId]) -> set[FinanceId]:
        """Whom finance's list names; those who are not done with are in the spool.

        A list that is read while people work may name a contact twice.
        """
        spool.clear()
        seen: set[FinanceId] = set()
        async for contact in self._site.finance.customers():
            self._go_on()
            if contact.code not in seen and contact.code not in done:
                spool.add(contact)
            seen.add(contact.code)
        return seen

    def _plans(self, spool: Spool, known: Known) -> Iterator[Planned]:
        """A plan for each contact, up to the limit of those that need a write."""
        limit, writes = (
            self._options.limit,
            self._result.outcomes["created"] + self._result.outcomes["linked"],
        )
        for contact in spool:
            planned = plan(contact, known, self._site.rules.numbers.crm_number)
            if planned.crm_id is not None and planned.operation is Operation.LINK:
                known.taken.add(planned.crm_id)
            writes += planned.operation is not Operation.NONE
            if limit is not None and writes > limit:
                return
            yield Planned(contact, planned)

    async def _stop_if_suspicious(self, plans: Iterator[Planned]) -> None:
        """A repeated import adds what is new. Much of it means that a list or a setting is not what it was.

        An import never writes to a customer that is mapped, so what counts is what it would create.
        """
        creates, percent = 0, self._options.max_change_percent
        async for planned in self._in_steps(plans):
            creates += planned.plan.operation is Operation.CREATE
        if await too_many(self._site.db, creates, percent):
            raise NotNow(
                TOO_MANY_NEW,
                f"MAX_CHANGE_PERCENT: {creates} customers would be created in the CRM, more than "
                f"{percent} % of those that are mapped; look at --dry-run, then use --force",
            )

    async def _show(self, plans: Iterator[Planned]) -> None:
        """Tell of each contact, and keep it for those who look at the plan later."""
        db, kept, position = self._site.db, list[PlannedContact](), 0
        await import_plans.begin(db)
        async for planned in self._in_steps(plans):
            line, position = would_be(planned), position + 1
            self._result.add(self._watcher, line)
            kept.append(kept_contact(position, planned.contact, line))
            if len(kept) == _GROUP:
                await import_plans.add(db, self._id, kept)
                kept.clear()
        await import_plans.add(db, self._id, kept)

    async def _in_steps(self, plans: Iterator[Planned]) -> AsyncIterator[Planned]:
        """Plans without a pause would hold up all else that this process does."""
        for number, planned in enumerate(plans):
            if number % _STEP == 0:
                await asyncio.sleep(0)
                self._go_on()
            yield planned

    def _go_on(self) -> None:
        if self._watcher.stop.is_set():
            raise _Stopped

    async def _write(self, plans: Iterator[Planned], unfinished: Mapping[FinanceId, Fields]) -> None:
        pipeline = Pipeline(
            self._site,
            self._options.concurrency,
            unfinished,
            run_id=self._id,
            stop=self._watcher.stop,
            stored=lambda record: self._result.add(self._watcher, line_of(record)),
            waits=self._wait,
        )
        try:
            await pipeline.run(plans)
        finally:
            self._result.stopped_by = pipeline.stopped_by

    def _wait(self, reason: Reason | None) -> None:
        self._waits_for = reason
        self._watcher.waits(reason)
