"""What people and monitoring are told of a remote system that is slow or down, or that refuses the login."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from hamgam.app.metrics import Metrics
from hamgam.app.status import status
from hamgam.app.words import WORDS, Writer
from hamgam.db.engine import Database
from hamgam.errors import NeedsOperator, Reason
from hamgam.model import Entity, Status, System
from hamgam.sandbox import Fault, FaultKind
from hamgam.trail.remote import CallTally, SharedSessions
from tests.bench import Bench, bench
from tests.fakes import Clock
from tests.systems.rigs import crm_connector, finance_connector
from tests.web.conftest import Installation, asking, in_json

CANARY = "C4NARY0000000000000000000000000A"


@pytest.fixture
async def page(installation: Installation, db: Database) -> AsyncIterator[httpx2.AsyncClient]:
    await db.execute(text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
    async with asking(installation, db) as client:
        yield client


async def told(page: httpx2.AsyncClient, db: Database, clock: Any) -> dict[str, dict[str, Any]]:
    """The same everywhere: the page, the API and the command."""
    ready = await page.get("/ready")
    assert ready.status_code == 200, "an outage is nothing that a restart would mend"
    systems: dict[str, dict[str, Any]] = ready.json()["systems"]
    assert (await page.get("/api/v1/status")).json()["systems"] == systems
    assert (await status(db, clock)).model_dump(mode="json")["systems"] == systems
    return systems


async def up(db: Database, clock: Any) -> dict[str, bool]:
    lines = (await Metrics(db, clock).page()).decode().splitlines()
    mark = "hamgam_remote_up{system="
    samples = (line.removeprefix(mark).split("} ") for line in lines if line.startswith(mark))
    return {name.strip('"'): value == "1.0" for name, value in samples}


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_a_system_that_hangs_is_seen_before_its_calls_fail(
    page: httpx2.AsyncClient, installation: Installation, db: Database, lang: str
) -> None:
    words, tell = WORDS["fa" if lang == "fa" else "en"], Writer("fa" if lang == "fa" else "en")
    async with bench(db) as b:
        hangs = Fault(FaultKind.TIMEOUT, system="finance", times=None)
        b.box.faults.add(hangs)
        under_way = asyncio.create_task(b.sync(b.person()))
        while not hangs.hits:
            await asyncio.sleep(0.01)
        since = b.clock.now
        b.clock.pass_seconds(7)
        installation.clock.now = b.clock.now
        await b.tally.flush()
        seen = (await page.get("/api/v1/overview")).json()
        assert (seen["verdict"], seen["waiting"], seen["down"]) == ("waiting", ["finance"], [])
        systems = (await page.get("/api/v1/connections")).json()["systems"]
        assert {name: each["waitingSince"] for name, each in systems.items()} == {
            "crm": None,
            "finance": in_json(since),
        }
        shown = (await page.get(f"/live?lang={lang}")).text
        assert 'class="verdict waiting"' in shown
        assert words["verdict.waiting"] in shown
        assert tell.word("verdict.waiting.note", words["finance"], tell.clock(since)) in shown
        assert shown.count(tell.word("state.waiting", tell.seconds(7_000))) == 1
        assert 'class="panel side waiting"' in (await page.get("/connections/live")).text
        under_way.cancel()
        await asyncio.gather(under_way, return_exceptions=True)


async def test_an_outage_is_seen_with_its_reason_and_its_beginning(
    page: httpx2.AsyncClient, db: Database
) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        await b.sync(crm_id)
        await b.tally.flush()
        assert await up(db, b.clock) == {"crm": True, "finance": True}
        await b.box.take_down("finance")
        b.box.crm.edit(crm_id, nickName="تازه")
        began = await fail_and_tell(b, crm_id)
        later = await fail_and_tell(b, crm_id)
        assert later > began
        finance = (await told(page, db, b.clock))["finance"]
        assert (finance["state"], finance["since"]) == ("UNREACHABLE", began)
        assert finance["last_contact"] < began
        assert await up(db, b.clock) == {"crm": True, "finance": False}
        await b.box.bring_up("finance")
        await b.sync(crm_id)
        await b.tally.flush()
        finance = (await told(page, db, b.clock))["finance"]
        assert (finance["state"], finance["since"]) == ("ok", in_json(b.clock()))
        assert await up(db, b.clock) == {"crm": True, "finance": True}


async def fail_and_tell(b: Bench, crm_id: str) -> str:
    assert (await b.sync(crm_id)).status is Status.PENDING
    await b.tally.flush()
    return in_json(b.clock())


async def test_wrong_credentials_are_tried_three_times_in_ten_minutes_by_all_processes_together(
    page: httpx2.AsyncClient, db: Database
) -> None:
    clock = Clock()
    async with bench(db) as b:
        tallies = [CallTally(db, clock) for _ in range(3)]
        connectors = [
            make(b.box, clock, SharedSessions(db), password=CANARY, observer=tally)
            for tally in tallies
            for make in (crm_connector, finance_connector)
        ]
        with capture_logs() as logs:
            for _ in range(60):
                for connector in connectors:
                    with pytest.raises(NeedsOperator):
                        await connector.alive()
                clock.tick(10)
        for system in System:
            tries = b.box.journal.calls(system.value)
            assert {entry.effect for entry in tries} == {"login"}
            assert 1 < len(tries) <= 3
            assert [e["system"] for e in logs if e["event"] == "login.refused"].count(system) == len(tries)
        for tally in tallies:
            await tally.flush()
        systems = await told(page, db, clock)
        assert {system["state"] for system in systems.values()} == {"BAD_CREDENTIALS"}
        assert all(system["since"] for system in systems.values())
        assert await up(db, clock) == {"crm": False, "finance": False}
        assert CANARY not in f"{logs}{systems}{(await page.get('/metrics')).text}"
        for connector in connectors:
            await connector.aclose()


async def test_with_wrong_credentials_syncs_wait_and_the_log_says_for_what(db: Database) -> None:
    async with bench(db, finance_password=CANARY, retries_allowed=0) as b:
        crm_id = b.person()
        done = await b.sync(crm_id)
        [row] = await b.log()
        assert (row.status, row.reason, row.retryCount) == ("PENDING", "BAD_CREDENTIALS", 0)
        assert done.again_at == b.clock() + timedelta(seconds=300)
        invoice = b.box.crm.add_document("invoice", crm_id, [])
        waits = await b.sync(invoice, entity=Entity.INVOICE)
        assert (waits.status, waits.reason, waits.counts) == (Status.PENDING, Reason.CUSTOMER_FAILED, False)
        assert waits.again_at is not None
        assert waits.again_at - b.clock() >= timedelta(seconds=299)
        assert len(b.box.journal.calls("finance")) == 1


async def test_a_call_that_is_refused_for_what_was_sent_is_no_trouble_of_the_system(db: Database) -> None:
    clock = Clock()
    tally = CallTally(db, clock)
    tally.called(System.CRM, ok=False, reason="BAD_REQUEST", seconds=0.1)
    tally.called(System.FINANCE, ok=False, reason="SESSION_LOST", seconds=0.1)
    await tally.flush()
    assert await up(db, clock) == {"crm": True, "finance": False}
