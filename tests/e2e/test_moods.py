"""Deliveries as CRMs are seen to make them: with our own id, twice, never, and late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from hamgam.sandbox import Sandbox
from tests.e2e.conftest import Program, until
from tests.e2e.test_engine import SECRET, names, rows, webhooks

DELIVERED = """SELECT status, reason, operation FROM "SyncLog" WHERE "triggerType" = 'WEBHOOK'"""
WRITES = """SELECT "triggerType", operation FROM "SyncLog" WHERE status = 'SUCCESS'"""


@asynccontextmanager
async def engine(box: Sandbox, program: Program, *, poll: int = 0, **mood: Any) -> AsyncIterator[None]:
    """The engine, registered with a CRM in this mood."""
    box.crm.webhook_secret = SECRET
    box.crm.mood = replace(box.crm.mood, **mood)
    async with program.running("start", **webhooks(program, POLL_INTERVAL_SECONDS=str(poll))):

        async def ready() -> bool:
            polled = not poll or rows(program, 'SELECT 1 FROM "PollCursor" WHERE "polledAt" IS NOT NULL')
            return bool(box.crm.registrations and polled)

        await until(ready)
        yield


def held_back(box: Sandbox) -> asyncio.Event:
    """Late deliveries wait for this, instead of for a time that a slow machine may need itself."""
    late = asyncio.Event()

    async def wait(_: float) -> None:
        await late.wait()

    box.crm.sleep = wait
    return late


async def test_our_own_write_comes_back_with_our_id_and_is_not_even_read(
    box: Sandbox, program: Program
) -> None:
    late = held_back(box)
    for number in range(3):
        box.finance.add_contact(Name=f"مشتری {number}")
    async with engine(box, program, echo_transaction=True, webhook_delay_seconds=1):
        imported = await program.run("initial-import", "--json")
        assert (imported.status, imported.json["created"]) == (0, 3)
        box.journal.clear()
        late.set()

        async def all_told() -> bool:
            return len(rows(program, DELIVERED)) == 3

        await until(all_told)
    assert rows(program, DELIVERED) == [("SKIPPED", "OWN_TRANSACTION", "NONE")] * 3
    assert [call for call in box.journal.calls() if call.effect != "login"] == []


async def test_a_delivery_that_comes_three_times_makes_one_contact(box: Sandbox, program: Program) -> None:
    async with engine(box, program, webhook_copies=3):
        box.crm.add_customer("person", nickName="سارا", customerNumber="1")
        await box.crm.deliveries_settled()
        assert [entry.status for entry in box.crm.delivery_log] == [202] * 3

        async def done() -> bool:
            waiting = rows(program, "SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
            return names(box) == ["سارا"] and not waiting

        await until(done)
    assert rows(program, 'SELECT count(*) FROM "WebhookDelivery"') == [(3,)]
    assert rows(program, WRITES) == [("WEBHOOK", "CREATE")]
    assert len(box.journal.calls(system="finance", effect="write")) == 1


async def test_what_no_delivery_told_is_found_by_polling(box: Sandbox, program: Program) -> None:
    async with engine(box, program, poll=1, webhook_copies=0):
        box.crm.add_customer("person", nickName="سارا", customerNumber="1")

        async def arrived() -> bool:
            return names(box) == ["سارا"]

        await until(arrived)
    assert rows(program, WRITES) == [("POLL", "CREATE")]
    assert box.crm.delivery_log == []


async def test_a_delivery_that_comes_after_the_poll_writes_nothing(box: Sandbox, program: Program) -> None:
    late = held_back(box)
    async with engine(box, program, poll=1, webhook_delay_seconds=1):
        box.crm.add_customer("person", nickName="سارا", customerNumber="1")

        async def polled() -> bool:
            return rows(program, WRITES) == [("POLL", "CREATE")]

        await until(polled)
        late.set()

        async def in_step() -> bool:
            return ("SKIPPED", "CHECKSUM_MATCH", "NONE") in rows(program, DELIVERED)

        await until(in_step)
    assert rows(program, WRITES) == [("POLL", "CREATE")]
    assert len(box.journal.calls(system="finance", effect="write")) == 1
