"""A remote system goes away under a full queue: nobody pays with a retry, and all arrive when it is back."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from hamgam.db.engine import Database
from hamgam.jobs import queue
from hamgam.model import CrmId, Entity, System
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from hamgam.systems.limits import LocalLimiter
from tests.bench import Bench, bench
from tests.jobs.test_worker import notify, until, worker
from tests.trouble import NoSuchHost

LINE = {"productCode": "1", "count": 1, "baseUnitPrice": 10, "productUnitTypeName": "عدد"}
AT_ONCE = 4 + 3
"""Syncs that a worker of `tests.jobs.test_worker` takes at the same time."""


class Outage:
    """Time as the circuit breakers see it: pauses pass at once, and after `seconds` of them it is over."""

    def __init__(self, seconds: float = 60) -> None:
        self.left = seconds
        self.pauses: list[float] = []
        self.end: Callable[[], Awaitable[object]]

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(0.02)
        self.pauses.append(seconds)
        self.left -= seconds
        if self.left <= 0:
            await self.end()


class Witness:
    """Ends an outage, and remembers what it looked like at its end."""

    def __init__(self, b: Bench, system: str) -> None:
        self.b = b
        self.system = system
        self.calls = 0
        self.begun: Counter[str] = Counter()
        self.rows = 0

    async def __call__(self) -> None:
        self.calls = len(self.b.box.journal.calls(self.system))
        jobs = await self.b.rows("SELECT status::text FROM procrastinate_jobs WHERE task_name = 'sync'")
        self.begun = Counter(job.status for job in jobs)
        self.rows = len(await self.b.log())
        self.b.box.faults.clear()
        await self.b.box.bring_up(self.system)


def people(b: Bench, count: int) -> list[CrmId]:
    return [b.person(customerNumber=str(900 + n), mobile=f"0912111{n:04}") for n in range(count)]


async def all_arrive(b: Bench, count: int) -> None:
    async def arrived() -> bool:
        return len(b.box.finance.contacts) >= count and await queue.depth(b.db) == 0

    await until(arrived)


async def assert_nobody_paid(b: Bench, count: int) -> None:
    rows = await b.log()
    assert Counter(row.status for row in rows) == Counter(SUCCESS=count)
    assert [row.attempts for row in rows if row.attempts or row.retryCount] == []
    assert len(b.box.finance.contacts) == count


async def go_away(b: Bench, system: str, kind: FaultKind | None) -> None:
    if kind is None:
        await b.box.take_down(system)
    else:
        b.box.faults.add(Fault(kind, system=system, times=None, retry_after=0))


@pytest.mark.parametrize("system", ["crm", "finance"])
@pytest.mark.parametrize(
    "kind",
    [
        None,
        FaultKind.RESET_BEFORE,
        FaultKind.STATUS,
        FaultKind.MAINTENANCE,
        FaultKind.RATE_LIMITED,
        FaultKind.HTML_BODY,
        FaultKind.BROKEN_BODY,
    ],
)
async def test_a_minute_without_a_system_burns_no_attempt(
    db: Database, system: str, kind: FaultKind | None
) -> None:
    outage = Outage(60)
    async with bench(db, pause=outage.pause) as b:
        await b.site.crm.alive()
        await b.site.finance.alive()
        for crm_id in people(b, 20):
            await notify(b, crm_id)
        outage.end = seen = Witness(b, system)
        await go_away(b, system, kind)
        async with worker(b):
            await all_arrive(b, 20)
        await assert_nobody_paid(b, 20)
        assert len(b.outages.seen) == 2, "it went down once and came back once"
        assert sum(outage.pauses) >= 60
        # Those that had begun met the outage; the others waited without being begun.
        assert seen.rows <= AT_ONCE
        assert seen.begun["todo"] >= 20 - 2 * AT_ONCE
        assert seen.calls <= 2 * (AT_ONCE + 1 + len(outage.pauses))


async def test_a_server_that_hangs_burns_no_attempt(db: Database) -> None:
    outage = Outage(2)
    async with bench(db, pause=outage.pause, timeout_seconds=2) as b:
        await b.site.finance.alive()
        for crm_id in people(b, 20):
            await notify(b, crm_id)
        outage.end = Witness(b, "finance")
        await go_away(b, "finance", FaultKind.TIMEOUT)
        async with worker(b):
            await all_arrive(b, 20)
        await assert_nobody_paid(b, 20)


async def test_a_name_that_cannot_be_looked_up_burns_no_attempt(db: Database) -> None:
    outage, names = Outage(60), NoSuchHost()
    async with bench(db, pause=outage.pause, host="systems.invalid", resolver=names) as b:
        for crm_id in people(b, 20):
            await notify(b, crm_id)

        async def known_again() -> None:
            names.knows = True

        outage.end = known_again
        async with worker(b):
            await all_arrive(b, 20)
        await assert_nobody_paid(b, 20)
        assert len(b.outages.seen) == 2


async def test_the_queue_drains_within_the_limits(db: Database) -> None:
    outage = Outage(60)
    limiters = {system: LocalLimiter(2, 20) for system in System}
    async with bench(db, pause=outage.pause, limiters=limiters) as b:
        # The burst of the limiter, and what a busy machine may hold up on the way, come on top of the rate.
        b.box.limits = {system.value: (2, 20 + 2 + 4) for system in System}
        for crm_id in people(b, 30):
            await notify(b, crm_id)
        outage.end = Witness(b, "finance")
        await go_away(b, "finance", None)
        async with worker(b):
            await all_arrive(b, 30)
        await assert_nobody_paid(b, 30)
        assert b.box.violations == []
        assert len(b.calls("finance")) > 2 * (20 + 2 + 4), "enough calls to break the limit"


async def test_two_workers_and_both_systems_away(db: Database) -> None:
    outage = Outage(60)
    async with bench(db, pause=outage.pause) as b:
        for crm_id in people(b, 30):
            await notify(b, crm_id)

        async def end() -> None:
            await b.box.bring_up("crm")
            await b.box.bring_up("finance")

        outage.end = end
        await go_away(b, "crm", None)
        await go_away(b, "finance", None)
        async with worker(b, count=2):
            await all_arrive(b, 30)
        await assert_nobody_paid(b, 30)


@pytest.mark.parametrize("returns_number", [True, False])
async def test_an_answer_that_was_lost_when_the_system_went_down_is_looked_for(
    db: Database, returns_number: bool
) -> None:
    outage = Outage(60)
    mood = FinanceMood(returns_tmpid=returns_number)
    async with bench(db, pause=outage.pause, finance_mood=mood) as b:
        [crm_id] = people(b, 1)
        outage.end = Witness(b, "finance")
        b.box.faults.add(Fault(FaultKind.TIMEOUT, system="finance", effect="write", after=True))
        await notify(b, crm_id)
        async with worker(b):
            await b.box.journal.wait_for(1, system="finance", effect="write")
            await b.box.take_down("finance")
            await all_arrive(b, 1)
        [row] = await b.log()
        assert (row.status, row.operation, row.retryCount) == ("SUCCESS", "LINK", 0)
        assert len(b.box.finance.contacts) == 1


async def test_a_document_whose_answer_was_lost_in_an_outage_is_in_doubt(db: Database) -> None:
    outage = Outage(60)
    async with bench(db, pause=outage.pause) as b:
        [customer] = people(b, 1)
        await b.sync(customer)
        b.box.journal.clear()
        outage.end = Witness(b, "finance")
        b.box.faults.add(Fault(FaultKind.TIMEOUT, system="finance", effect="write", after=True))
        invoice = b.box.crm.add_document("invoice", customer, [LINE])
        await notify(b, CrmId(invoice), Entity.INVOICE)
        async with worker(b):
            await b.box.journal.wait_for(1, system="finance", effect="write")
            await b.box.take_down("finance")

            async def ended() -> bool:
                return len(b.outages.seen) == 2 and await queue.depth(db) == 0

            await until(ended)
        assert [row.status for row in await b.log() if row.entityType == "PREINVOICE"] == ["IN_DOUBT"]
        assert b.writes("finance") == ["SaveFormData:43D81"]


async def test_an_invoice_and_its_customer_wait_together(db: Database) -> None:
    outage = Outage(60)
    async with bench(db, pause=outage.pause, retries_allowed=1) as b:
        [customer] = people(b, 1)
        invoice = CrmId(b.box.crm.add_document("invoice", customer, [LINE]))
        outage.end = Witness(b, "finance")
        await go_away(b, "finance", None)
        await notify(b, invoice, Entity.INVOICE)
        async with worker(b):

            async def written() -> bool:
                return len(b.box.finance.documents) == 1 and await queue.depth(db) == 0

            await until(written)
        assert {(row.status, row.retryCount) for row in await b.log()} <= {("SUCCESS", 0), ("SKIPPED", 0)}
        assert len(b.box.finance.contacts) == 1


async def test_sessions_that_end_in_mid_run_cost_one_login_each(db: Database) -> None:
    async with bench(db, pause=Outage().pause) as b:
        for crm_id in people(b, 30):
            await notify(b, crm_id)
        async with worker(b):
            await b.box.journal.wait_for(10, system="finance", effect="write")
            b.box.finance.expire_sessions()
            b.box.crm.expire_sessions(refresh_tokens=True)
            await all_arrive(b, 30)
        await assert_nobody_paid(b, 30)
        assert (b.box.finance.logins, b.box.crm.logins) == (2, 2)
        assert b.outages.seen == []


async def test_a_record_that_the_system_cannot_digest_does_not_stop_the_others(db: Database) -> None:
    """It answers 502 for one customer and is alive for all others."""
    outage = Outage(60)
    async with bench(db, pause=outage.pause, retries_allowed=0) as b:
        bad, *others = people(b, 10)
        b.box.faults.add(Fault(FaultKind.STATUS, system="crm", operation="person/get", status=502))
        await notify(b, bad)
        async with worker(b):

            async def failed() -> bool:
                return [row.status for row in await b.log()] == ["FAILED"]

            await until(failed)
            for crm_id in others:
                await notify(b, crm_id)
            await all_arrive(b, 9)
        assert b.outages.seen == []


async def test_a_worker_that_is_told_to_stop_in_an_outage_does_not_wait_for_its_end(db: Database) -> None:
    for_ever = asyncio.Event()

    async def pause(seconds: float) -> None:
        await for_ever.wait()

    async with bench(db, pause=pause) as b:
        for crm_id in people(b, 20):
            await notify(b, crm_id)
        await go_away(b, "finance", None)

        async def waiting() -> bool:
            jobs = await b.rows("SELECT 1 FROM procrastinate_jobs WHERE status = 'doing'")
            return bool(b.outages.seen) and len(jobs) == AT_ONCE

        async with worker(b):
            await until(waiting)
            told_at = time.monotonic()
        assert time.monotonic() - told_at < 10, "half of what a sync may take to end"
        await b.box.bring_up("finance")
        for_ever.set()
        async with worker(b):
            await all_arrive(b, 20)
        await assert_nobody_paid(b, 20)
