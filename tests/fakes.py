"""The two remote systems in memory, for tests of what is above them.

They pass the very contract tests that the connectors pass.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hamgam.model import (
    Change,
    CrmCustomer,
    CrmId,
    CustomerProbe,
    Entity,
    EntityKey,
    Fields,
    FinanceContact,
    FinanceId,
    Kind,
    PreInvoice,
    ProbeReport,
    SalesDocument,
    SavedDocument,
    Stream,
    Subscription,
    System,
    TransactionId,
)
from hamgam.systems.ports import NumberedCustomer, RemoteSession
from hamgam.systems.siagh.fields import CONTACT
from hamgam.systems.siagh.forms import wire_text
from hamgam.systems.siagh.match import best_first

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
EMPTY: Fields = {field.name: "" for field in CONTACT}


class Clock:
    """A clock that stands still until it is told; `monotonic` and `sleep` go with it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return (self.now - START).total_seconds()

    def tick(self, seconds: float = 1) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.tick(seconds)
        await asyncio.sleep(0)


@dataclass
class InMemorySessions:
    """A `SessionStore` for one process. `entered` counts how often the exclusive lock was taken."""

    sessions: dict[System, RemoteSession | None] = field(default_factory=dict)
    refusals: dict[tuple[System, str], datetime] = field(default_factory=dict)
    entered: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def load(self, system: System) -> RemoteSession | None:
        return self.sessions.get(system)

    async def save(self, system: System, session: RemoteSession | None) -> None:
        self.sessions[system] = session

    @asynccontextmanager
    async def exclusive(self, system: System) -> AsyncIterator[None]:
        async with self.lock:
            self.entered += 1
            yield

    async def refused_at(self, system: System, credentials: str) -> datetime | None:
        return self.refusals.get((system, credentials))

    async def note_refusal(self, system: System, credentials: str, at: datetime) -> None:
        self.refusals[system, credentials] = at


class Unlimited:
    """A `Limiter` that never waits, and knows how many slots are taken."""

    taken = 0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


@dataclass
class Observed:
    """A `CallObserver` that remembers."""

    calls: list[tuple[System, bool, str]] = field(default_factory=list)
    waits: int = 0
    """How many calls wait for the other side."""

    @contextmanager
    def waiting(self, system: System) -> Iterator[None]:
        self.waits += 1
        try:
            yield
        finally:
            self.waits -= 1

    def called(self, system: System, *, ok: bool, reason: str, seconds: float) -> None:
        self.calls.append((system, ok, reason))


class Scripted:
    """What both fakes have: a list of calls, and failures on request.

    `fail_next["create_customer"] = error` raises instead of the next such call, `lose_answer[...]` after it
    was done.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.fail_next: dict[str, Exception] = {}
        self.lose_answer: dict[str, Exception] = {}

    def called(self, name: str) -> int:
        return sum(1 for each, _ in self.calls if each == name)

    async def _begin(self, name: str, *arguments: Any) -> None:
        await asyncio.sleep(0)  # a real call lets others run here
        self.calls.append((name, arguments))
        if name in self.fail_next:
            raise self.fail_next.pop(name)

    async def _end(self, name: str) -> None:
        await asyncio.sleep(0)
        if name in self.lose_answer:
            raise self.lose_answer.pop(name)

    async def aclose(self) -> None:
        return None

    async def alive(self) -> None:
        await self._begin("alive")

    async def probe(self) -> ProbeReport:
        await self._begin("probe")
        return ProbeReport(reachable=True, login=True, findings=(), milliseconds={})


class FakeCrm(Scripted):
    """A `CrmConnector`. Change `records` and `papers` through `put`, `edit` and `put_document`."""

    def __init__(self, clock: Callable[[], datetime] | None = None, page_size: int = 100) -> None:
        super().__init__()
        self._clock = clock or (lambda: START)
        self._page_size = page_size
        self._last: datetime | None = None
        self.records: dict[CrmId, CrmCustomer] = {}
        self.papers: dict[CrmId, SalesDocument] = {}
        self.hooks: dict[str, Subscription] | None = {}
        self.transactions: dict[CrmId, TransactionId] = {}

    # People working in the CRM

    def put(self, kind: Kind = Kind.PERSON, number: str = "", **fields: str) -> CrmId:
        crm_id = self._new_id()
        self.records[crm_id] = CrmCustomer(
            id=crm_id,
            kind=kind,
            number=number,
            fields={**EMPTY, **fields},
            modified_at=self._stamp(),
            reference="",
        )
        return crm_id

    def edit(self, crm_id: CrmId, **fields: str) -> None:
        old = self.records[crm_id]
        self.records[crm_id] = replace(old, fields={**old.fields, **fields}, modified_at=self._stamp())

    def remove(self, crm_id: CrmId) -> None:
        del self.records[crm_id]

    def put_document(self, document: SalesDocument) -> CrmId:
        self.papers[document.id] = replace(document, modified_at=self._stamp())
        return document.id

    # CrmConnector

    async def customer(self, crm_id: CrmId, kind: Kind | None) -> CrmCustomer | None:
        await self._begin("customer", crm_id, kind)
        found = self.records.get(crm_id)
        return found if found and kind in (None, found.kind) else None

    async def customer_numbers(self) -> AsyncIterator[NumberedCustomer]:
        await self._begin("customer_numbers")
        for each in tuple(self.records.values()):
            if each.number:
                yield NumberedCustomer(each.id, each.number, each.kind)

    async def customer_by_number(self, number: str) -> CrmId | None:
        await self._begin("customer_by_number", number)
        return next((each.id for each in self.records.values() if each.number == number), None)

    async def changes(self, stream: Stream, since: datetime) -> AsyncIterator[Sequence[Change]]:
        await self._begin("changes", stream, since)
        found = sorted(
            (each for each in self._stream(stream) if each.modified_at >= since),
            key=lambda change: change.modified_at,
        )
        for start in range(0, len(found), self._page_size):
            yield found[start : start + self._page_size]

    async def newest_change(self, stream: Stream) -> datetime | None:
        await self._begin("newest_change", stream)
        return max((each.modified_at for each in self._stream(stream)), default=None)

    async def create_customer(
        self, kind: Kind, number: str, fields: Fields, *, transaction_id: TransactionId
    ) -> CrmId:
        await self._begin("create_customer", kind, number, fields)
        crm_id = self.put(kind, number, **fields)
        self.transactions[crm_id] = transaction_id
        await self._end("create_customer")
        return crm_id

    async def set_reference(self, crm_id: CrmId, kind: Kind, reference: FinanceId) -> None:
        await self._begin("set_reference", crm_id, kind, reference)
        old = self.records[crm_id]
        self.records[crm_id] = replace(old, reference=reference, modified_at=self._stamp())
        await self._end("set_reference")

    async def document(self, crm_id: CrmId, entity: Entity) -> SalesDocument | None:
        await self._begin("document", crm_id, entity)
        found = self.papers.get(crm_id)
        return found if found and found.entity is entity else None

    async def subscriptions(self) -> list[Subscription] | None:
        await self._begin("subscriptions")
        return None if self.hooks is None else list(self.hooks.values())

    async def subscribe(self, url: str, events: Sequence[str]) -> Subscription | None:
        await self._begin("subscribe", url, events)
        if self.hooks is None:
            return None
        hook = Subscription(id=str(len(self.hooks) + 1), url=url, events=tuple(events))
        self.hooks[hook.id] = hook
        return hook

    async def unsubscribe(self, subscription_id: str) -> None:
        await self._begin("unsubscribe", subscription_id)
        if self.hooks is not None:
            self.hooks.pop(subscription_id, None)

    def _stream(self, stream: Stream) -> list[Change]:
        things: list[CrmCustomer] | list[SalesDocument]
        if stream.entity is Entity.CUSTOMER:
            things = [each for each in self.records.values() if each.kind is stream.kind]
        else:
            things = [each for each in self.papers.values() if each.entity is stream.entity]
        return [
            Change(
                key=EntityKey(stream.entity, each.id),
                kind=stream.kind,
                modified_at=each.modified_at or START,
                customer=each if isinstance(each, CrmCustomer) else None,
            )
            for each in things
        ]

    def _new_id(self) -> CrmId:
        return CrmId(f"00000000-0000-4000-8000-{len(self.records) + 1:012x}")

    def _stamp(self) -> datetime:
        now = self._clock()
        if self._last is not None and now <= self._last:
            now = self._last + timedelta(milliseconds=1)
        self._last = now
        return now


class FakeFinance(Scripted):
    """A `FinanceConnector`. The three switches are the builds that differ."""

    def __init__(
        self, *, returns_number: bool = True, reads_one: bool = True, update_makes_new: bool = False
    ) -> None:
        super().__init__()
        self.returns_number = returns_number
        self._reads_one = reads_one
        self.update_makes_new = update_makes_new
        self.records: dict[FinanceId, FinanceContact] = {}
        self.numbers: dict[FinanceId, str] = {}
        self.papers: dict[FinanceId, PreInvoice] = {}

    def put(self, kind: Kind = Kind.PERSON, number: str = "", **fields: str) -> FinanceId:
        code = FinanceId(str(len(self.records) + 1))
        self.numbers[code] = number
        self.records[code] = FinanceContact(
            code=code,
            kind=kind,
            number=number if self.returns_number else None,
            fields={**EMPTY, **fields},
        )
        return code

    def edit(self, code: FinanceId, **fields: str) -> None:
        old = self.records[code]
        self.records[code] = replace(old, fields={**old.fields, **fields})

    def leave_out(self, code: FinanceId, *names: str) -> None:
        """Answer this row without some keys, as builds do that leave out what is null."""
        old = self.records[code]
        kept = {name: value for name, value in old.fields.items() if name not in names}
        self.records[code] = replace(old, fields=kept)

    # FinanceConnector

    async def customers(self) -> AsyncIterator[FinanceContact]:
        await self._begin("customers")
        for each in tuple(self.records.values()):
            yield each

    async def customer(self, code: FinanceId) -> FinanceContact | None:
        await self._begin("customer", code)
        return self.records.get(code) if self._reads_one else None

    async def reads_one(self) -> bool:
        await self._begin("reads_one")
        return self._reads_one

    async def candidates(self, probe: CustomerProbe) -> list[FinanceContact]:
        await self._begin("candidates", probe)
        return best_first(self.records.values(), probe)

    def storable(self, fields: Fields) -> Fields:
        return {name: wire_text(value) for name, value in fields.items()}

    async def create_customer(
        self, kind: Kind, number: str, fields: Fields, *, transaction_id: TransactionId
    ) -> FinanceId:
        await self._begin("create_customer", kind, number, fields)
        code = self.put(kind, number, **self.storable(fields))
        await self._end("create_customer")
        return code

    async def update_customer(self, code: FinanceId, number: str, fields: Fields) -> FinanceId:
        await self._begin("update_customer", code, number, fields)
        if self.update_makes_new:
            old = self.records[code]
            code = self.put(old.kind, self.numbers[code], **old.fields)
        self.edit(code, **self.storable(fields))
        if number:
            self.numbers[code] = number
            self.records[code] = replace(self.records[code], number=number if self.returns_number else None)
        await self._end("update_customer")
        return code

    async def deactivate_customer(self, code: FinanceId) -> FinanceId:
        await self._begin("deactivate_customer", code)
        self.records[code] = replace(self.records[code], active=False)
        await self._end("deactivate_customer")
        return code

    async def create_document(self, document: PreInvoice, *, transaction_id: TransactionId) -> SavedDocument:
        await self._begin("create_document", document)
        key = FinanceId(str(15459 + len(self.papers)))
        saved = self._saved(key, document)
        await self._end("create_document")
        return saved

    async def update_document(
        self, key: FinanceId, document: PreInvoice, *, transaction_id: TransactionId
    ) -> SavedDocument:
        await self._begin("update_document", key, document)
        saved = self._saved(key, document)
        await self._end("update_document")
        return saved

    def _saved(self, key: FinanceId, document: PreInvoice) -> SavedDocument:
        self.papers[key] = document
        return SavedDocument(key=key, number=str(int(key) - 14458), net=document.net)
