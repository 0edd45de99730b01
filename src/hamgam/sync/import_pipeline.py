"""Carries out the plans of an import: intents are noted in groups, creates run in parallel, ends are stored.

A contact that is stored is finished; whatever else is under way when the process dies is found again by its
customer number.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import islice
from uuid import UUID

from hamgam.errors import InDoubt, NeedsOperator, Reason, SyncError
from hamgam.model import CrmId, Fields, FinanceId, Operation, Status
from hamgam.sync.checksum import contact_checksum, customer_checksum
from hamgam.sync.import_notes import unless
from hamgam.sync.import_plan import Planned
from hamgam.sync.import_retry import what_next
from hamgam.sync.site import Site
from hamgam.trail import imports
from hamgam.trail.imports import ImportIntent, ImportRecord

_GROUP = 100


class Pipeline:
    """One run. `stopped_by` says why it ended early; what was written by then is stored.

    Once `stop` is set it ends what is in flight and begins nothing more.
    """

    def __init__(
        self,
        site: Site,
        concurrency: int,
        unfinished: Mapping[FinanceId, Fields],
        *,
        run_id: UUID,
        stop: asyncio.Event,
        stored: Callable[[ImportRecord], None],
        waits: Callable[[Reason | None], None],
    ) -> None:
        self.stopped_by: SyncError | None = None
        self._site = site
        self._run_id = run_id
        self._stop = stop
        self._concurrency = concurrency
        self._unfinished = unfinished
        self._stored = stored
        self._waits = waits
        self._outages: list[Reason] = []
        """Why creates wait for the CRM, each its own reason; the others must not end that notice."""
        self._todo: asyncio.Queue[tuple[Planned, ImportIntent] | None] = asyncio.Queue(2 * _GROUP)
        self._ended: asyncio.Queue[ImportRecord | None] = asyncio.Queue(2 * _GROUP)

    @property
    def _goes_on(self) -> bool:
        return self.stopped_by is None and not self._stop.is_set()

    async def run(self, plans: Iterator[Planned]) -> None:
        async with asyncio.TaskGroup() as tasks:
            storing = tasks.create_task(self._store())
            async with asyncio.TaskGroup() as writers:
                writers.create_task(self._prepare(plans))
                for _ in range(self._concurrency):
                    writers.create_task(self._create_all())
            await self._ended.put(None)
            await storing

    async def _prepare(self, plans: Iterator[Planned]) -> None:
        while self._goes_on and (group := list(islice(plans, _GROUP))):
            creates = [planned for planned in group if planned.plan.operation is Operation.CREATE]
            intents = [self._intent(planned) for planned in creates]
            await imports.note_intents(self._site.db, intents)
            for planned in group:
                if planned.plan.operation is not Operation.CREATE:
                    await self._ended.put(self._without_create(planned))
            for pair in zip(creates, intents, strict=True):
                await self._todo.put(pair)
        for _ in range(self._concurrency):
            await self._todo.put(None)

    async def _create_all(self) -> None:
        while (item := await self._todo.get()) is not None:
            if not self._goes_on:
                continue
            try:
                record = await self._create(*item)
            except NeedsOperator as error:
                self.stopped_by = error
            else:
                if record is not None:
                    await self._ended.put(record)

    async def _create(self, planned: Planned, intent: ImportIntent) -> ImportRecord | None:
        """Create one customer, again after a passing failure; after a lost answer it is looked for first.

        While the CRM is down it waits for as long as that lasts. None: it was stopped in such a wait;
        whoever goes on finds the intent.
        """
        retries, look = 0, planned.contact.code in self._unfinished
        while True:
            before = self._site.outages_over()
            try:
                return self._created(planned, intent, await self._once(intent, look))
            except NeedsOperator:
                raise
            except SyncError as error:
                chosen = await what_next(self._site, error, retries, before)
                if chosen.again_at is None:
                    return self._failed(planned, intent, error)
                look = look or isinstance(error, InDoubt)
                waits = None if chosen.counts else error.reason
            retries += chosen.counts
            if not await self._pause(chosen.again_at - self._site.clock(), waits):
                return None

    async def _pause(self, pause: timedelta, outage: Reason | None) -> bool:
        """Wait until the next try. False: the run was stopped."""
        if outage is None:
            return await unless(self._stop, self._rest(pause))
        self._outages.append(outage)
        self._waits(outage)
        goes_on = await unless(self._stop, self._rest(pause))
        self._outages.remove(outage)
        self._waits(self._outages[-1] if self._outages else None)
        return goes_on

    async def _rest(self, pause: timedelta) -> None:
        await self._site.sleep(pause.total_seconds())
        await self._site.systems_up()

    async def _once(self, intent: ImportIntent, look: bool) -> CrmId:
        found = await self._site.crm.customer_by_number(intent.number) if look else None
        return found or await self._site.crm.create_customer(
            intent.kind, intent.number, intent.fields, transaction_id=intent.transaction_id
        )

    async def _store(self) -> None:
        """Store what has ended, as much at once as there is."""
        last = False
        while not last:
            group: list[ImportRecord] = []
            item = await self._ended.get()
            while item is not None:
                group.append(item)
                if len(group) == _GROUP or self._ended.empty():
                    break
                item = self._ended.get_nowait()
            last = item is None
            for record in await imports.store(self._site.db, self._run_id, group):
                self._stored(record)

    def _intent(self, planned: Planned) -> ImportIntent:
        return ImportIntent(
            finance_id=planned.contact.code,
            kind=planned.contact.kind,
            number=planned.plan.number,
            fields=planned.contact.fields,
            transaction_id=self._site.new_transaction(),
            at=self._site.clock(),
        )

    def _without_create(self, planned: Planned) -> ImportRecord:
        """A skipped contact, or one that is in the CRM already.

        The CRM's values are known only where an earlier run of ours has written them.
        """
        contact, chosen = planned.contact, planned.plan
        now = self._site.clock()
        links = chosen.operation is Operation.LINK
        written = self._unfinished.get(contact.code) if links else None
        skipped = Status.SKIPPED if chosen.crm_id is None else Status.CONFLICT
        return ImportRecord(
            finance_id=contact.code,
            kind=contact.kind,
            number=chosen.number,
            fields=contact.fields,
            status=Status.SUCCESS if links else skipped,
            operation=chosen.operation,
            reason=chosen.reason,
            message="" if links or chosen.crm_id is None else chosen.crm_id,
            crm_id=chosen.crm_id if links else None,
            transaction_id=self._site.new_transaction(),
            started_at=now,
            ended_at=now,
            crm_checksum=None if written is None else customer_checksum(chosen.number, written),
            finance_checksum=contact_checksum(contact.fields if written is None else written)
            if links
            else None,
        )

    def _created(self, planned: Planned, intent: ImportIntent, crm_id: CrmId) -> ImportRecord:
        return ImportRecord(
            finance_id=intent.finance_id,
            kind=intent.kind,
            number=intent.number,
            fields=intent.fields,
            status=Status.SUCCESS,
            operation=Operation.CREATE,
            crm_id=crm_id,
            transaction_id=intent.transaction_id,
            started_at=intent.at,
            ended_at=self._site.clock(),
            crm_checksum=customer_checksum(intent.number, intent.fields),
            finance_checksum=contact_checksum(planned.contact.fields),
        )

    def _failed(self, planned: Planned, intent: ImportIntent, error: SyncError) -> ImportRecord:
        return ImportRecord(
            finance_id=intent.finance_id,
            kind=intent.kind,
            number=intent.number,
            fields=planned.contact.fields,
            status=Status.FAILED,
            operation=Operation.CREATE,
            reason=error.reason,
            message=error.detail,
            transaction_id=intent.transaction_id,
            started_at=intent.at,
            ended_at=self._site.clock(),
        )
