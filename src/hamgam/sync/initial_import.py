"""The one-time import, finance to CRM: read both sides once, then create or link what is missing.

    finance -> spool -> plan each contact -> note the intents -> create in parallel -> store in groups

Every stage hands on to the next through a bounded queue, so memory does not grow with the number of contacts.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import IO

import msgspec
from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.errors import Reason, SyncError, UsageError
from hamgam.model import CrmId, Fields, FinanceContact, FinanceId, Operation, Status
from hamgam.persian import text_key
from hamgam.sync.beginning import remember_where_polling_starts
from hamgam.sync.fields import FieldChange
from hamgam.sync.import_pipeline import Pipeline
from hamgam.sync.import_plan import Known, Planned, plan
from hamgam.sync.site import Site
from hamgam.sync.suspicion import too_many
from hamgam.systems.lease import Lease, holding
from hamgam.trail import attention, imports, mapping
from hamgam.trail.imports import ImportRecord

_LOCK = "initial import"
_MOST_READS = 4


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
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    stopped_by: SyncError | None = None
    """Why the run broke off before its end; it goes on from there when it is started again."""

    def add(self, watcher: "Watcher", line: "Line") -> None:
        self.outcomes[line.outcome] += 1
        if line.reason is not None:
            self.reasons[line.reason] += 1
        watcher.ended(line)

    @property
    def complete(self) -> bool:
        """Every contact was looked at and none failed."""
        return self.stopped_by is None and self.outcomes.total() == self.total and not self.outcomes["failed"]


@dataclass(frozen=True, slots=True)
class Line:
    """One contact in the report of a run."""

    finance_id: FinanceId
    crm_id: CrmId | None
    outcome: str
    """created, linked, skipped or failed."""
    reason: Reason | None
    changes: tuple[FieldChange, ...] = ()
    """In a dry run: what would be written."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """Is told how a run goes on."""

    planned: Callable[[int], None]
    """How many contacts finance holds."""
    ended: Callable[[Line], None]
    waits: Callable[[Reason | None], None] = lambda reason: None
    """Why the run waits for the CRM to come back; None: it goes on."""
    began: Callable[[], object] = lambda: None
    """Nothing stands against the run, and it begins to read."""


async def initial_import(site: Site, options: ImportOptions, watcher: Watcher) -> ImportResult:
    """Run the import. Raises `UsageError` when one has finished or is running, or would create suspiciously
    many; `SyncError` when a side cannot be read. A run that broke off while writing says so in its result.
    """
    async with site.db.locked(_LOCK) as held:
        if not held:
            raise UsageError("initial-import: another import is running")
        finished = await imports.finished_at(site.db)
        if finished is not None and not (options.again or options.dry_run):
            raise UsageError(
                f"initial-import: an import has finished at {finished:%Y-%m-%d %H:%M} UTC; "
                "use --again to link and add what is new"
            )
        watcher.began()
        with holding(Lease(lambda: _still_ours(held), site.monotonic)):
            return await _import(site, options, watcher, repeated=finished is not None)


async def _still_ours(held: Database) -> None:
    """The lock is there as long as the connection is: one that broke does not come back."""
    await held.execute(text("SELECT 1"))


async def _import(site: Site, options: ImportOptions, watcher: Watcher, *, repeated: bool) -> ImportResult:
    if not options.dry_run:
        await remember_where_polling_starts(site)
    with tempfile.TemporaryFile() as spool:
        total = await _spool(site, spool)
        watcher.planned(total)
        known = await _known(site)
        if repeated and not (options.force or options.dry_run):
            await _stop_if_suspicious(
                site,
                options,
                _plans(_contacts(spool), replace(known, taken=set(known.taken)), site, options.limit),
            )
        result = ImportResult(dry_run=options.dry_run, total=total)
        plans = _plans(_contacts(spool), known, site, options.limit)
        if options.dry_run:
            _show(plans, result, watcher)
        else:
            await _write(site, options, plans, known.unfinished, result, watcher)
    return result


async def _stop_if_suspicious(site: Site, options: ImportOptions, plans: Iterator[Planned]) -> None:
    """A repeated import adds what is new. Much of it means that a list or a setting is not what it was.

    An import never writes to a customer that is mapped, so what counts is what it would create in the CRM.
    """
    creates = sum(planned.plan.operation is Operation.CREATE for planned in plans)
    if await too_many(site.db, creates, options.max_change_percent):
        raise UsageError(
            f"MAX_CHANGE_PERCENT: {creates} customers would be created in the CRM, more than "
            f"{options.max_change_percent} % of those that are mapped; look at --dry-run, then use --force"
        )


def _plans(
    contacts: Iterator[FinanceContact], known: Known, site: Site, limit: int | None
) -> Iterator[Planned]:
    """A plan for each contact, up to `limit` that need a write."""
    writes = 0
    for contact in contacts:
        planned = plan(contact, known, site.rules.numbers.crm_number)
        if planned.crm_id is not None and planned.operation is Operation.LINK:
            known.taken.add(planned.crm_id)
        writes += planned.operation is not Operation.NONE
        if limit is not None and writes > limit:
            return
        yield Planned(contact, planned)


def _show(plans: Iterator[Planned], result: ImportResult, watcher: Watcher) -> None:
    for planned in plans:
        result.add(watcher, _would_be(planned))


def _would_be(planned: Planned) -> Line:
    names = {Operation.CREATE: "created", Operation.LINK: "linked"}
    chosen = planned.plan
    outcome = names.get(chosen.operation, "skipped" if chosen.crm_id is None else "failed")
    return Line(planned.contact.code, chosen.crm_id, outcome, chosen.reason, _new_values(planned))


def _new_values(planned: Planned) -> tuple[FieldChange, ...]:
    if planned.plan.operation is not Operation.CREATE:
        return ()
    number = FieldChange("number", None, planned.plan.number)
    fields = planned.contact.fields.items()
    return (number, *(FieldChange(name, None, value) for name, value in fields if value))


def line(record: ImportRecord) -> Line:
    names = {Status.SKIPPED: "skipped", Status.FAILED: "failed", Status.CONFLICT: "failed"}
    written = "linked" if record.operation is Operation.LINK else "created"
    return Line(record.finance_id, record.crm_id, names.get(record.status, written), record.reason)


async def _write(
    site: Site,
    options: ImportOptions,
    plans: Iterator[Planned],
    unfinished: Mapping[FinanceId, Fields],
    result: ImportResult,
    watcher: Watcher,
) -> None:
    run_id = await imports.begin_run(site.db, site.clock())
    pipeline = Pipeline(
        site,
        options.concurrency,
        unfinished,
        stored=lambda record: result.add(watcher, line(record)),
        waits=watcher.waits,
    )
    try:
        await pipeline.run(plans)
    finally:
        result.stopped_by = pipeline.stopped_by
        complete = result.complete and options.limit is None
        counts = dict(result.outcomes) | {"total": result.total}
        await imports.end_run(site.db, run_id, counts, site.clock() if complete else None)


async def _known(site: Site) -> Known:
    """What is known after finance was read.

    Syncs that go on meanwhile are asked for before the mappings: whatever they have created until then is in
    one of the two.
    """
    creates = await attention.unfinished_creates(site.db)
    unfinished = await imports.unfinished(site.db)
    mapped = {finance_id: crm_id async for finance_id, crm_id in mapping.pairs(site.db)}
    known = Known(
        mapped=mapped,
        numbers={},
        taken=set(mapped.values()),
        unfinished=unfinished,
        creates=creates,
        made={
            text_key(site.rules.numbers.crm_number(code)): code
            for code in unfinished.keys() | await imports.created(site.db)
        },
    )
    await _read_numbers(site, known)
    return known


async def _read_numbers(site: Site, known: Known) -> None:
    """Read the CRM's light list until a whole reading brings nothing new: its pages are no snapshot."""
    for _ in range(_MOST_READS):
        before = len(known.numbers)
        async for row in site.crm.customer_numbers():
            number = text_key(row.number)
            if known.numbers.setdefault(number, row.id) != row.id:
                known.shared.add(number)
        if len(known.numbers) == before:
            break


async def _spool(site: Site, spool: IO[bytes]) -> int:
    """Put every contact of finance into a file of our own: read in one go, at no cost in memory."""
    encoder = msgspec.msgpack.Encoder()
    total = 0
    async for contact in site.finance.customers():
        body = encoder.encode(contact)
        spool.write(len(body).to_bytes(4, "big") + body)
        total += 1
    return total


def _contacts(spool: IO[bytes]) -> Iterator[FinanceContact]:
    decoder = msgspec.msgpack.Decoder(FinanceContact)
    spool.seek(0)
    while size := spool.read(4):
        yield decoder.decode(spool.read(int.from_bytes(size, "big")))
